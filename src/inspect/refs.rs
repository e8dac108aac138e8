use arrow_array::RecordBatch;

use crate::error::Result;
use crate::inspect::cell::{Cell, batch};
use crate::spec::{NestedField, PrimitiveType, RefKind, Schema, TableMetadata};

/// Branches and tags, by name.
pub(super) fn refs(metadata: &TableMetadata) -> Result<RecordBatch> {
    let schema = Schema::new([
        NestedField::required("name", PrimitiveType::String),
        NestedField::required("type", PrimitiveType::String),
        NestedField::required("snapshot_id", PrimitiveType::Long),
        NestedField::optional("max_reference_age_in_ms", PrimitiveType::Long),
        NestedField::optional("min_snapshots_to_keep", PrimitiveType::Int),
        NestedField::optional("max_snapshot_age_in_ms", PrimitiveType::Long),
    ])?;
    let rows = metadata.refs.iter().map(|(name, target)| {
        let kind = match target.kind {
            RefKind::Branch => "BRANCH",
            RefKind::Tag => "TAG",
        };
        Cell::Struct(vec![
            name.as_str().into(),
            kind.into(),
            target.snapshot_id.into(),
            target.max_ref_age_ms.into(),
            target.min_snapshots_to_keep.into(),
            target.max_snapshot_age_ms.into(),
        ])
    });
    batch(&schema, rows.collect())
}
