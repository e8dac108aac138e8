use arrow_array::RecordBatch;

use crate::error::Result;
use crate::inspect::cell::{Cell, batch};
use crate::spec::{ManifestSource, NestedField, PrimitiveType, Schema, TableMetadata, Type};

/// The snapshots that can still be read, in the order of the metadata.
pub(super) fn snapshots(metadata: &TableMetadata) -> Result<RecordBatch> {
    let schema = Schema::new([
        NestedField::required("committed_at", PrimitiveType::Timestamptz),
        NestedField::required("snapshot_id", PrimitiveType::Long),
        NestedField::optional("parent_id", PrimitiveType::Long),
        NestedField::optional("operation", PrimitiveType::String),
        NestedField::optional("manifest_list", PrimitiveType::String),
        NestedField::optional("summary", Type::map(PrimitiveType::String, PrimitiveType::String)),
    ])?;
    let rows = metadata.snapshots.iter().map(|snapshot| {
        let list = match &snapshot.manifests {
            ManifestSource::List(uri) => Some(uri.as_str()),
            ManifestSource::Inline(_) => None,
        };
        let summary = snapshot.summary.properties.iter();
        Cell::Struct(vec![
            snapshot.timestamp.into(),
            snapshot.snapshot_id.into(),
            snapshot.parent_snapshot_id.into(),
            snapshot.summary.operation.name().into(),
            list.into(),
            Cell::map(summary.map(|(name, value)| (name.as_str().into(), value.as_str().into()))),
        ])
    });
    batch(&schema, rows.collect())
}
