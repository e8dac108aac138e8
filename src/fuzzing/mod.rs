//! The door of the fuzzers, which the replay of their inputs goes through as well: one function for each parser of
//! strangers' bytes. Each asserts that the parser ends without a panic, holds no more memory than a small multiple of what it was
//! given, and that what it accepted is sound. In no build but those for tests and fuzzing.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are assertions"
)]

mod allocations;
mod avro;
mod deletes;
mod parquet;
#[cfg(test)]
mod seeds;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod variant;
mod wire;

pub use avro::{avro_container, avro_rows, manifest, manifest_list};
pub use deletes::deletion_vector;
pub use parquet::parquet;
#[cfg(test)]
pub(crate) use parquet::schema;
pub use table::table_metadata;
pub use text::{name_mapping, predicate};
pub use variant::variant;
pub use wire::{arrow_ipc, s3_xml};
