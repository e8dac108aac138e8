use arrow_array::RecordBatch;

use crate::error::Result;
use crate::inspect::cell::{Cell, batch};
use crate::runtime::Timestamp;
use crate::spec::{NestedField, PrimitiveType, Schema, TableMetadata};

/// The metadata files that are known, the oldest first and the one that is read last.
pub(super) fn metadata_log(metadata: &TableMetadata, current: Option<String>) -> Result<RecordBatch> {
    let schema = Schema::new([
        NestedField::required("timestamp", PrimitiveType::Timestamptz),
        NestedField::optional("file", PrimitiveType::String),
        NestedField::optional("latest_snapshot_id", PrimitiveType::Long),
        NestedField::optional("latest_schema_id", PrimitiveType::Int),
        NestedField::optional("latest_sequence_number", PrimitiveType::Long),
    ])?;
    let row = |timestamp: Timestamp, file: Option<&str>| {
        let entry = metadata.snapshot_log.iter().rev().find(|entry| entry.timestamp <= timestamp);
        let latest = entry.and_then(|entry| metadata.snapshot(entry.snapshot_id));
        Cell::Struct(vec![
            timestamp.into(),
            file.into(),
            entry.map(|entry| entry.snapshot_id).into(),
            latest.and_then(|latest| latest.schema_id).into(),
            latest.map(|latest| latest.sequence_number).into(),
        ])
    };
    let earlier = metadata.metadata_log.iter().map(|entry| row(entry.timestamp, Some(&entry.metadata_file)));
    let rows = earlier.chain([row(metadata.last_updated, current.as_deref())]);
    batch(&schema, rows.collect())
}
