//! Manifests and manifest lists from and to Avro (spec: Appendix A), on the apache-avro crate. Fields are resolved by
//! their field id, never by position; bytes are untrusted.

mod block;
mod container;
mod manifest;
mod manifest_list;
mod manifest_schema;
mod measure;
mod record;
#[cfg(test)]
mod tests;

#[cfg(any(test, fuzzing))]
pub(crate) use container::read as read_container;
pub(crate) use manifest::{decode_manifest, encode_manifest};
pub(crate) use manifest_list::{decode_manifest_list, encode_manifest_list};
