//! Reading rows: planning which files can hold them, and reading those as a stream of record batches.

mod builder;
mod delete_bounds;
mod delete_index;
#[cfg(test)]
mod delete_tests;
mod exact;
mod export;
#[cfg(test)]
pub(crate) mod fakes;
mod in_order;
mod incremental;
mod plan;
mod planner;
mod prune;
mod report;
mod spread;
mod stream;
pub(crate) mod tail;
#[cfg(test)]
mod tests;

pub use crate::read::ScanTask;
pub(crate) use builder::Source;
pub use builder::{Filter, ScanBuilder};
pub use exact::Bounds;
pub use plan::{PartitionPlan, ScanPlan};
pub(crate) use planner::{CONCURRENCY, ManifestRead, read};
pub use report::ScanReport;
pub use stream::ScanStream;
