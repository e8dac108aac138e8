use std::collections::BTreeSet;

use arrow_array::RecordBatch;

use crate::error::Result;
use crate::inspect::cell::{Cell, batch};
use crate::spec::{NestedField, PrimitiveType, Schema, TableMetadata, ordered};

/// Which snapshot became the current one when.
pub(super) fn history(metadata: &TableMetadata) -> Result<RecordBatch> {
    let schema = Schema::new([
        NestedField::required("made_current_at", PrimitiveType::Timestamptz),
        NestedField::required("snapshot_id", PrimitiveType::Long),
        NestedField::optional("parent_id", PrimitiveType::Long),
        NestedField::required("is_current_ancestor", PrimitiveType::Boolean),
    ])?;
    let current = metadata.ancestors(metadata.current_snapshot_id);
    let ancestors: BTreeSet<i64> = ordered(current.map(|snapshot| snapshot.snapshot_id));
    let rows = metadata.snapshot_log.iter().map(|entry| {
        let parent = metadata.snapshot(entry.snapshot_id).and_then(|snapshot| snapshot.parent_snapshot_id);
        Cell::Struct(vec![
            entry.timestamp.into(),
            entry.snapshot_id.into(),
            parent.into(),
            ancestors.contains(&entry.snapshot_id).into(),
        ])
    });
    batch(&schema, rows.collect())
}
