use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Map;

use crate::error::{Error, Result};
use crate::runtime::Timestamp;
use crate::spec::properties::{COMMIT_ID, PARENT_COMMIT_ID, PREVIOUS_VERSIONS_MAX};
use crate::spec::{
    MAIN, ManifestSource, MetadataLogEntry, PartitionSpec, RefKind, Schema, Snapshot, SnapshotLogEntry, SnapshotRef,
    SortOrder, TableMetadata,
};

/// How many earlier metadata files the log names by default, as in Iceberg's own implementation.
const PREVIOUS_VERSIONS_DEFAULT: usize = 100;

/// What a new table is.
pub(crate) struct NewTable {
    /// 2 or 3.
    pub(crate) format_version: i32,
    pub(crate) table_uuid: String,
    pub(crate) location: String,
    pub(crate) schema: Schema,
    pub(crate) partition_spec: PartitionSpec,
    pub(crate) sort_order: SortOrder,
    pub(crate) properties: BTreeMap<String, String>,
}

impl TableMetadata {
    /// The first version of a new table. What its columns need of the format is for the caller to see
    /// ([`Schema::checked`]).
    pub(crate) fn create(new: NewTable, now: Timestamp) -> Self {
        let NewTable { format_version, table_uuid, location, schema, partition_spec, sort_order, properties } = new;
        let partition_ids = partition_spec.fields.iter().map(|field| field.field_id);
        let mut sort_orders = vec![Arc::new(SortOrder::unsorted())];
        let default_sort_order_id = sort_order.order_id;
        if default_sort_order_id != 0 {
            sort_orders.push(Arc::new(sort_order));
        }
        Self {
            format_version,
            table_uuid,
            location,
            last_sequence_number: 0,
            last_updated: now,
            last_column_id: schema.highest_field_id(),
            current_schema_id: schema.schema_id(),
            schemas: vec![Arc::new(schema)],
            last_partition_id: partition_ids.max().unwrap_or(999),
            default_spec_id: partition_spec.spec_id,
            partition_specs: vec![Arc::new(partition_spec)],
            sort_orders,
            default_sort_order_id,
            properties,
            current_snapshot_id: None,
            snapshots: Vec::new(),
            snapshot_log: Vec::new(),
            metadata_log: Vec::new(),
            refs: BTreeMap::new(),
            next_row_id: (format_version >= 3).then_some(0),
            extra: Map::new(),
        }
    }

    /// Makes the format's version a later one: 2 or 3. Files stay as they are; rows that are there have no ids (v3) until
    /// they are written again.
    ///
    /// Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput) on an earlier version and one that is not known, and with
    /// [`Unsupported`](crate::ErrorKind::Unsupported) for a table of version 1 that lacks what later ones need.
    pub(crate) fn upgrade(&mut self, to: i32) -> Result<()> {
        let from = self.format_version;
        if to < from || !(1..=3).contains(&to) {
            let what = if to < from { "versions never fall" } else { "versions 1 to 3 are known" };
            return Err(Error::invalid_input(format!("format version {to} cannot follow on {from}: {what}")));
        }
        if from < 2 && to >= 2 {
            if self.table_uuid.is_empty() {
                return Err(Error::unsupported("the table has no UUID, which format version 2 needs"));
            }
            let inline = |snapshot: &&Arc<Snapshot>| matches!(snapshot.manifests, ManifestSource::Inline(_));
            if let Some(snapshot) = self.snapshots.iter().find(inline) {
                let id = snapshot.snapshot_id;
                return Err(Error::unsupported(format!(
                    "snapshot {id} has no manifest list, which format version 2 needs"
                )));
            }
        }
        if from < 3 && to >= 3 {
            self.next_row_id = Some(0);
        }
        self.format_version = to;
        Ok(())
    }

    /// The successor of this version before any change: its file is logged, and its time is not earlier.
    pub(crate) fn successor(&self, metadata_file: String, now: Timestamp) -> Result<Self> {
        let mut next = self.clone();
        next.metadata_log.push(MetadataLogEntry { timestamp: self.last_updated, metadata_file });
        let keep = self.number(PREVIOUS_VERSIONS_MAX, PREVIOUS_VERSIONS_DEFAULT)?.max(1);
        let surplus = next.metadata_log.len().saturating_sub(keep);
        next.metadata_log.drain(..surplus);
        next.last_updated = self.next_timestamp(now);
        match self.property(COMMIT_ID) {
            Some(id) => next.properties.insert(PARENT_COMMIT_ID.into(), id.to_owned()),
            None => next.properties.remove(PARENT_COMMIT_ID),
        };
        Ok(next)
    }

    /// Now, or as much later as it takes for time not to go backwards along the table's history.
    pub(crate) fn next_timestamp(&self, now: Timestamp) -> Timestamp {
        let logged = self.snapshot_log.iter().map(|entry| entry.timestamp).max().unwrap_or_default();
        let snapshots = self.snapshots.iter().map(|snapshot| snapshot.timestamp).max().unwrap_or_default();
        now.max(Timestamp::from_millis(self.last_updated.max(logged).max(snapshots).as_millis().saturating_add(1)))
    }

    /// Adds a new snapshot, which becomes the newest of a branch.
    pub(crate) fn add_snapshot(&mut self, snapshot: Snapshot, branch: &str) -> Result<()> {
        if self.snapshot(snapshot.snapshot_id).is_some() {
            return Err(Error::conflict(format!("the snapshot id {} is taken", snapshot.snapshot_id)));
        }
        let id = snapshot.snapshot_id;
        if let (Some(first), Some(added)) = (snapshot.first_row_id, snapshot.added_rows) {
            self.next_row_id = Some(first.saturating_add(added));
        }
        self.last_sequence_number = self.last_sequence_number.max(snapshot.sequence_number);
        self.snapshots.push(Arc::new(snapshot));
        self.move_branch(branch, id);
        Ok(())
    }

    /// Makes a snapshot that is there the newest of a branch. Where that is `main`, it becomes the current one, which is logged.
    pub(crate) fn move_branch(&mut self, branch: &str, snapshot_id: i64) {
        if branch == MAIN && self.current_snapshot_id != Some(snapshot_id) {
            self.snapshot_log.push(SnapshotLogEntry { timestamp: self.last_updated, snapshot_id });
            self.current_snapshot_id = Some(snapshot_id);
        }
        match self.refs.get_mut(branch) {
            Some(target) => target.snapshot_id = snapshot_id,
            None => {
                self.refs.insert(branch.to_owned(), SnapshotRef::new(RefKind::Branch, snapshot_id));
            }
        }
    }

    /// Leaves in the log of what was the current snapshot, beside what the version before has, the last alone: what was
    /// passed through on the way to a version never was the table's.
    pub(crate) fn log_last(&mut self, before: &Self) {
        let logged = before.snapshot_log.len();
        let last = self.snapshot_log.split_off(logged.min(self.snapshot_log.len())).pop();
        self.snapshot_log.extend(last.filter(|_| self.current_snapshot_id != before.current_snapshot_id));
    }
}
