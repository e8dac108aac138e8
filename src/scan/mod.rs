//! Reading rows: planning which files can hold them, and reading those as a stream of record batches.

mod builder;
mod plan;
mod report;
mod stream;
mod task;
#[cfg(test)]
mod tests;

pub(crate) use builder::Source;
pub use builder::{Filter, ScanBuilder};
pub use plan::ScanPlan;
pub use report::ScanReport;
pub use stream::ScanStream;
pub use task::ScanTask;
