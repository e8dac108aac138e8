//! What a table is made of, as record batches: Iceberg's metadata tables.

mod batches;
mod cell;
mod files;
mod history;
mod inspector;
mod manifests;
mod metadata_log;
mod partitions;
mod raw;
mod readable;
mod refs;
mod snapshots;
#[cfg(test)]
mod tests;
mod verify;

pub use batches::FileBatches;
pub use inspector::Inspect;
pub use verify::{Checked, Depth};
