//! Reading what snapshots refer to.

mod data_file;
mod deletes;
mod deletion_vector;
mod files;
mod manifests;
mod report;
mod rows;
mod task;

pub(crate) use data_file::{DataFileRows, Reading};
pub(crate) use deletes::{EqualityDeletes, PositionDeletes, Source};
pub(crate) use files::Files;
pub(crate) use manifests::{Cost, Manifests};
pub(crate) use report::ReadReport;
pub(crate) use rows::check_format;
pub(crate) use task::Equality;
pub use task::ScanTask;
