//! Manifests and manifest lists from and to Avro (spec: Appendix A), on the apache-avro crate, and the rows of Avro data
//! files as Arrow batches. Fields are resolved by their field id, never by position; bytes are untrusted.

mod block;
mod column;
mod container;
mod describe;
mod manifest;
mod manifest_list;
mod manifest_schema;
mod measure;
mod record;
mod rows;
#[cfg(test)]
mod rows_tests;
mod shape;
#[cfg(test)]
mod tests;

#[cfg(any(test, fuzzing))]
pub(crate) use container::read as read_container;
pub(crate) use describe::describe;
pub(crate) use manifest::{decode_manifest, encode_manifest};
pub(crate) use manifest_list::{decode_manifest_list, encode_manifest_list};
pub(crate) use rows::{AvroRows, AvroStep};
#[cfg(test)]
pub(crate) use rows_tests::seeds as avro_seeds;
