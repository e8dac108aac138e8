//! Changes to a table, and committing them.

mod add_files;
#[cfg(test)]
mod add_files_tests;
mod append;
mod change;
#[cfg(test)]
mod change_tests;
mod committer;
mod draft;
#[cfg(test)]
mod evolution_tests;
#[cfg(test)]
mod fault_tests;
mod group;
mod idempotency;
#[cfg(test)]
mod idempotency_tests;
mod isolation;
mod keyed;
#[cfg(test)]
mod keyed_tests;
#[cfg(test)]
mod lineage_tests;
mod manifest;
mod merge;
#[cfg(test)]
mod merge_tests;
mod metadata_change;
mod overwrite_partitions;
#[cfg(test)]
mod overwrite_partitions_tests;
#[cfg(test)]
mod partition_tests;
mod receipt;
mod refs;
#[cfg(test)]
mod refs_tests;
mod remove;
mod resolve;
mod row_ids;
#[cfg(test)]
mod schema_model_tests;
mod steps;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod version_3_tests;
#[cfg(test)]
mod version_3_types_tests;
mod victims;
mod work;

pub(crate) use append::{SMALL, prepare_beyond};
pub(crate) use change::{Change, Rows, evolving, prepare_changes};
pub(crate) use committer::Committer;
pub(crate) use idempotency::IdempotencyKey;
pub(crate) use isolation::Guard;
pub use isolation::Isolation;
pub(crate) use merge::{Clauses, Matched};
pub(crate) use metadata_change::MetadataChange;
pub use receipt::{CommitReceipt, Resolution, TransactionReceipt};
pub(crate) use resolve::resolve;
pub(crate) use work::{Payload, Work};
