//! Reading what snapshots refer to.

mod budget;
mod data_file;
mod decoder;
mod deletes;
mod deletion_vector;
mod files;
mod kept;
mod manifests;
mod report;
mod rows;
mod task;
#[cfg(test)]
mod tests;

pub(crate) use budget::Budget;
pub(crate) use data_file::{DataFileRows, Reading};
pub(crate) use deletes::{EqualityDeletes, Keys, Listed, PositionDeletes, Source};
pub(crate) use deletion_vector::MAGIC as DELETION_VECTOR;
#[cfg(any(test, fuzzing))]
pub(crate) use deletion_vector::decode as decode_deletion_vector;
pub(crate) use files::Files;
pub(crate) use manifests::{Cost, Manifests};
pub(crate) use report::ReadReport;
pub(crate) use rows::{check_format, footer_of};
pub use task::ScanTask;
pub(crate) use task::{Change, ChangeKind, Equality};
