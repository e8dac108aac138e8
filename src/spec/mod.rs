//! Iceberg's types and their JSON, by the spec's own nouns. Pure: no I/O, no clock.

mod data_file;
pub(crate) mod json;
mod schema;
#[cfg(test)]
mod tests;
mod types;
mod value;

pub use data_file::{DataContent, DataFile, Metrics};
pub use schema::Schema;
pub use types::{ListType, MapType, NestedField, PrimitiveType, StructType, Type};
pub use value::Value;
