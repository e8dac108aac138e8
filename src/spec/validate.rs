//! What must hold of a table's metadata, and of the step from one version to the next. Checked on every load and on
//! every commit, in production: a table that breaks these is unreadable somewhere.

use std::collections::BTreeSet;

use crate::error::{Error, Result};
use crate::spec::{MAIN, TableMetadata, ordered};

/// Invariants of one version.
pub(crate) fn metadata(metadata: &TableMetadata) -> Result<()> {
    let wrong = |message: String| Err(Error::invalid_data(message));
    metadata.current_schema().map_err(|error| error.context("field `current-schema-id`"))?;
    metadata.partition_spec(metadata.default_spec_id).map_err(|error| error.context("field `default-spec-id`"))?;
    let sort_order = i64::from(metadata.default_sort_order_id);
    let has_order = |order: &serde_json::Value| order.get("order-id").and_then(|id| id.as_i64()) == Some(sort_order);
    if !metadata.sort_orders.iter().any(has_order) {
        return wrong(format!("field `default-sort-order-id`: there is no sort order with the id {sort_order}"));
    }
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
    let kept = |what: &str, holds: bool| {
        let message = || Error::invalid_data(format!("the new version of the table would break an invariant: {what}"));
        if holds { Ok(()) } else { Err(message()) }
    };
    kept("table-uuid stays", base.table_uuid == next.table_uuid)?;
    kept("location stays", base.location == next.location)?;
    kept("format-version does not fall", next.format_version >= base.format_version)?;
    kept("last-sequence-number does not fall", next.last_sequence_number >= base.last_sequence_number)?;
    kept("last-column-id does not fall", next.last_column_id >= base.last_column_id)?;
    kept("last-partition-id does not fall", next.last_partition_id >= base.last_partition_id)?;
    kept("last-updated-ms does not fall", next.last_updated >= base.last_updated)?;
    kept("next-row-id does not fall", next.next_row_id >= base.next_row_id)?;
    let before: BTreeSet<i64> = ordered(base.snapshots.iter().map(|snapshot| snapshot.snapshot_id));
    for snapshot in next.snapshots.iter().filter(|snapshot| !before.contains(&snapshot.snapshot_id)) {
        kept("a new snapshot's sequence number is new", snapshot.sequence_number > base.last_sequence_number)?;
        if let Some(parent) = snapshot.parent_snapshot_id {
            let time = next.snapshot(parent).map(|parent| parent.timestamp);
            kept("a new snapshot's parent is there", time.is_some())?;
            kept("time does not go backwards along a history", time.is_some_and(|time| snapshot.timestamp > time))?;
        }
    }
    let logged = |metadata: &TableMetadata| metadata.snapshot_log.last().map(|entry| entry.timestamp);
    kept("the snapshot log does not go backwards", logged(next) >= logged(base))
}
