use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, json};

use crate::error::{Error, Result};
use crate::runtime::Timestamp;
use crate::spec::properties::{COMMIT_ID, PARENT_COMMIT_ID, PREVIOUS_VERSIONS_MAX};
use crate::spec::{
    MAIN, MetadataLogEntry, PartitionSpec, Schema, Snapshot, SnapshotLogEntry, SnapshotRef, TableMetadata,
};

/// How many earlier metadata files the log names by default, as in Iceberg's own implementation.
const PREVIOUS_VERSIONS_DEFAULT: usize = 100;

impl TableMetadata {
    /// The first version of a new table of format version 2.
    pub(crate) fn create(
        table_uuid: String,
        location: String,
        schema: Schema,
        properties: BTreeMap<String, String>,
        now: Timestamp,
    ) -> Self {
        Self {
            format_version: 2,
            table_uuid,
            location,
            last_sequence_number: 0,
            last_updated: now,
            last_column_id: schema.highest_field_id(),
            current_schema_id: schema.schema_id(),
            schemas: vec![Arc::new(schema)],
            partition_specs: vec![Arc::new(PartitionSpec::unpartitioned())],
            default_spec_id: 0,
            last_partition_id: 999,
            sort_orders: vec![json!({"order-id": 0, "fields": []})],
            default_sort_order_id: 0,
            properties,
            current_snapshot_id: None,
            snapshots: Vec::new(),
            snapshot_log: Vec::new(),
            metadata_log: Vec::new(),
            refs: BTreeMap::new(),
            next_row_id: None,
            extra: Map::new(),
        }
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

    /// Makes a new snapshot the current one.
    pub(crate) fn add_snapshot(&mut self, snapshot: Snapshot) -> Result<()> {
        if self.snapshot(snapshot.snapshot_id).is_some() {
            return Err(Error::conflict(format!("the snapshot id {} is taken", snapshot.snapshot_id)));
        }
        let id = snapshot.snapshot_id;
        self.last_sequence_number = self.last_sequence_number.max(snapshot.sequence_number);
        self.snapshot_log.push(SnapshotLogEntry { timestamp: snapshot.timestamp, snapshot_id: id });
        self.snapshots.push(Arc::new(snapshot));
        self.current_snapshot_id = Some(id);
        match self.refs.get_mut(MAIN) {
            Some(main) => main.snapshot_id = id,
            None => {
                self.refs.insert(MAIN.to_owned(), SnapshotRef::branch(id));
            }
        }
        Ok(())
    }
}
