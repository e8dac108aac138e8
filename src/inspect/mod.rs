//! What a table is made of, as record batches: Iceberg's metadata tables.

mod batches;
mod cell;
mod files;
mod history;
mod human;
mod inspector;
mod manifests;
mod metadata_log;
mod partition;
mod partitions;
mod readable;
mod refs;
mod snapshots;
#[cfg(test)]
mod tests;

pub use batches::FileBatches;
#[cfg(target_family = "wasm")]
pub(crate) use human::text as value_text;
pub use inspector::Inspect;
