//! Iceberg's types and their JSON, by the spec's own nouns. Pure: no I/O, no clock.

mod arrow_schema;
mod bounds;
mod data_file;
mod default_value;
pub(crate) mod json;
mod manifest;
mod metadata;
mod metadata_builder;
pub(crate) mod metadata_columns;
mod metadata_json;
mod murmur3;
mod name_mapping;
mod number;
mod ordered;
mod partition;
mod partition_value;
mod positions;
pub(crate) mod properties;
mod refs;
mod schema;
mod snapshot;
mod summary;
#[cfg(test)]
mod tests;
pub(crate) mod time_text;
mod transform;
mod types;
mod uuid_text;
pub(crate) mod validate;
mod value;
mod variant;
#[cfg(test)]
mod variant_tests;

pub use arrow_schema::to_arrow;
pub(crate) use arrow_schema::{field_to_arrow, primitive_to_arrow};
pub(crate) use bounds::{next_bytes, next_string};
pub use data_file::{DataContent, DataFile, Metrics};
pub(crate) use default_value::{default_value, hexadecimal};
pub use manifest::{EntryStatus, FieldSummary, Manifest, ManifestContent, ManifestEntry, ManifestFile};
pub use metadata::{MetadataLogEntry, SnapshotLogEntry, TableMetadata};
pub(crate) use name_mapping::{NameMapping, has_ids, no_field_ids};
pub(crate) use number::{Place, parse_decimal};
pub(crate) use ordered::{ordered, try_ordered};
pub use partition::{PartitionField, PartitionSpec};
pub(crate) use partition_value::promoted;
pub use positions::Positions;
pub use refs::{MAIN, RefKind, SnapshotRef};
pub use schema::Schema;
pub use snapshot::{ManifestSource, Snapshot};
pub use summary::{Operation, Summary, Totals};
pub use transform::Transform;
pub use types::{ListType, MapType, NestedField, PrimitiveType, StructType, Type};
pub(crate) use uuid_text::{format_uuid, parse_uuid};
pub use value::Value;
pub(crate) use value::from_big_endian;
pub use variant::variant_to_json;
