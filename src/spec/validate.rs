//! What must hold of a table's metadata, and of the step from one version to the next. Checked on every load and on
//! every commit, in production: a table that breaks these is unreadable somewhere.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::spec::{MAIN, PartitionField, PartitionSpec, Schema, SortOrder, TableMetadata, Transform, Type, ordered};

/// Invariants of one version.
pub(crate) fn metadata(metadata: &TableMetadata) -> Result<()> {
    let wrong = |message: String| Err(Error::invalid_data(message));
    metadata.current_schema().map_err(|error| error.context("field `current-schema-id`"))?;
    metadata.partition_spec(metadata.default_spec_id).map_err(|error| error.context("field `default-spec-id`"))?;
    metadata.sort_order().map_err(|error| error.context("field `default-sort-order-id`"))?;
    if let Some(id) = metadata.current_snapshot_id {
        if metadata.snapshot(id).is_none() {
            return wrong(format!("field `current-snapshot-id`: there is no snapshot with the id {id}"));
        }
        if metadata.refs.get(MAIN).is_some_and(|main| main.snapshot_id != id) {
            return wrong(format!("field `refs.main` is not the current snapshot {id}"));
        }
    } else if metadata.refs.contains_key(MAIN) {
        return wrong("field `refs.main` is there without `current-snapshot-id`".into());
    }
    let mut ids = BTreeSet::new();
    for snapshot in &metadata.snapshots {
        if !ids.insert(snapshot.snapshot_id) {
            return wrong(format!("two snapshots have the id {}", snapshot.snapshot_id));
        }
        if snapshot.sequence_number > metadata.last_sequence_number {
            return wrong(format!(
                "snapshot {} has the sequence number {}, beyond `last-sequence-number`",
                snapshot.snapshot_id, snapshot.sequence_number
            ));
        }
    }
    for (name, target) in &metadata.refs {
        if !ids.contains(&target.snapshot_id) {
            return wrong(format!("field `refs.{name}`: there is no snapshot with the id {}", target.snapshot_id));
        }
    }
    if metadata.location.is_empty() {
        return wrong("field `location` is empty".into());
    }
    Ok(())
}

/// Invariants of the step from a version to its successor.
pub(crate) fn step(base: &TableMetadata, next: &TableMetadata) -> Result<()> {
    metadata(next)?;
    kept("table-uuid stays", base.table_uuid == next.table_uuid)?;
    kept("location stays", base.location == next.location)?;
    kept("format-version does not fall", next.format_version >= base.format_version)?;
    kept("last-sequence-number does not fall", next.last_sequence_number >= base.last_sequence_number)?;
    kept("last-column-id does not fall", next.last_column_id >= base.last_column_id)?;
    kept("last-partition-id does not fall", next.last_partition_id >= base.last_partition_id)?;
    kept("last-updated-ms does not fall", next.last_updated >= base.last_updated)?;
    kept("next-row-id does not fall", next.next_row_id >= base.next_row_id)?;
    kept("next-row-id is there in version 3", next.format_version < 3 || next.next_row_id.is_some())?;
    columns(base, next)?;
    partitions(base, next)?;
    for order in &next.sort_orders {
        let same = |other: &&Arc<SortOrder>| other.order_id == order.order_id;
        kept("ids of sort orders are unique", next.sort_orders.iter().filter(same).count() == 1)?;
        kept("sort orders stay", base.sort_orders.iter().find(same).is_none_or(|old| old == order))?;
    }
    let before: BTreeSet<i64> = ordered(base.snapshots.iter().map(|snapshot| snapshot.snapshot_id));
    for snapshot in next.snapshots.iter().filter(|snapshot| !before.contains(&snapshot.snapshot_id)) {
        kept("a new snapshot's sequence number is new", snapshot.sequence_number > base.last_sequence_number)?;
        let row_ids = snapshot.first_row_id.zip(snapshot.added_rows);
        kept("a new snapshot of version 3 has row ids", base.format_version < 3 || row_ids.is_some())?;
        let is_new = |(first, added): (i64, i64)| {
            let end = first.checked_add(added.max(0));
            Some(first) >= base.next_row_id && end.is_some() && end <= next.next_row_id
        };
        kept("row ids are not used again", row_ids.is_none_or(is_new))?;
        if let Some(parent) = snapshot.parent_snapshot_id {
            let time = next.snapshot(parent).map(|parent| parent.timestamp);
            kept("a new snapshot's parent is there", time.is_some())?;
            kept("time does not go backwards along a history", time.is_some_and(|time| snapshot.timestamp > time))?;
        }
    }
    let logged = |metadata: &TableMetadata| metadata.snapshot_log.last().map(|entry| entry.timestamp);
    kept("the snapshot log does not go backwards", logged(next) >= logged(base))?;
    let is_same = next.current_snapshot_id == base.current_snapshot_id;
    let last = next.snapshot_log.last().map(|entry| entry.snapshot_id);
    kept("what becomes the current snapshot is logged", is_same || last == next.current_snapshot_id)
}

fn kept(what: &str, holds: bool) -> Result<()> {
    let message = || Error::invalid_data(format!("the new version of the table would break an invariant: {what}"));
    if holds { Ok(()) } else { Err(message()) }
}

/// A field's id means the same field for ever: files know columns by nothing else.
fn columns(base: &TableMetadata, next: &TableMetadata) -> Result<()> {
    let current = base.current_schema()?;
    for schema in &next.schemas {
        if let Ok(old) = base.schema(schema.schema_id()) {
            kept("schemas stay", old == schema)?;
            continue;
        }
        let same = |other: &&Arc<Schema>| other.schema_id() == schema.schema_id();
        kept("ids of schemas are unique", next.schemas.iter().filter(same).count() == 1)?;
        kept("last-column-id is that of the last column", schema.highest_field_id() <= next.last_column_id)?;
        for (_, field) in schema.walk() {
            match current.field_by_id(field.id) {
                Some(old) => kept("a column's type only widens", widens(&old.field_type, &field.field_type))?,
                None => kept("ids of columns are not used again", field.id > base.last_column_id)?,
            }
        }
    }
    Ok(())
}

fn widens(from: &Type, to: &Type) -> bool {
    let same = match from {
        Type::Primitive(_) => from == to,
        _ => std::mem::discriminant(from) == std::mem::discriminant(to),
    };
    same || from.may_become(to, 3)
}

/// So does a partition field's, but for those that are void.
fn partitions(base: &TableMetadata, next: &TableMetadata) -> Result<()> {
    let default = base.partition_spec(base.default_spec_id)?;
    for spec in &next.partition_specs {
        if let Ok(old) = base.partition_spec(spec.spec_id) {
            kept("partition specs stay", old == spec)?;
            continue;
        }
        let same = |other: &&Arc<PartitionSpec>| other.spec_id == spec.spec_id;
        kept("ids of partition specs are unique", next.partition_specs.iter().filter(same).count() == 1)?;
        for (at, field) in spec.fields.iter().enumerate() {
            let mut before = spec.fields.iter().take(at);
            let unique = before.all(|other| other.field_id != field.field_id && other.name != field.name);
            kept("ids and names of partition fields are unique", unique)?;
            kept("last-partition-id is that of the last field", field.field_id <= next.last_partition_id)?;
            // The newest first: version 1 was less strict.
            let older = base.partition_specs.iter().rev().flat_map(|spec| &spec.fields);
            let mut older = default.fields.iter().chain(older).filter(|old| old.field_id == field.field_id);
            let void = |field: &PartitionField| field.transform == Transform::Void;
            let means = |old: &PartitionField| {
                old.source_id == field.source_id && (old.transform == field.transform || void(old) || void(field))
            };
            kept("a partition field's id means the same", older.next().is_none_or(means))?;
        }
    }
    Ok(())
}
