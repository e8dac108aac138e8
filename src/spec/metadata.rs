use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::error::{Error, Result};
use crate::runtime::Timestamp;
use crate::spec::{MAIN, PartitionSpec, Schema, Snapshot, SnapshotRef, SortOrder};

/// Everything a table is, but its rows (spec: Table Metadata).
#[derive(Clone, Debug, PartialEq)]
pub struct TableMetadata {
    /// The version of the format: 1, 2 or 3.
    pub format_version: i32,
    /// The table's identity.
    pub table_uuid: String,
    /// The URI below which the table's files are, without a trailing slash.
    pub location: String,
    /// The highest sequence number assigned.
    pub last_sequence_number: i64,
    /// When the metadata was made.
    pub last_updated: Timestamp,
    /// The highest column id ever assigned.
    pub last_column_id: i32,
    /// All schemas that snapshots or files may refer to.
    pub schemas: Vec<Arc<Schema>>,
    /// Which of the schemas is current.
    pub current_schema_id: i32,
    /// All partition specs that files may refer to.
    pub partition_specs: Vec<Arc<PartitionSpec>>,
    /// Which of the specs writers use.
    pub default_spec_id: i32,
    /// The highest partition field id ever assigned.
    pub last_partition_id: i32,
    /// All sort orders that files may refer to.
    pub sort_orders: Vec<Arc<SortOrder>>,
    /// Which of the sort orders writers use; 0 is unsorted.
    pub default_sort_order_id: i32,
    /// Settings.
    pub properties: BTreeMap<String, String>,
    /// The snapshot that readers see by default.
    pub current_snapshot_id: Option<i64>,
    /// The snapshots that are still readable.
    pub snapshots: Vec<Arc<Snapshot>>,
    /// When which snapshot became current, oldest first.
    pub snapshot_log: Vec<SnapshotLogEntry>,
    /// Earlier metadata files, oldest first.
    pub metadata_log: Vec<MetadataLogEntry>,
    /// Named snapshots; `main` is the current one.
    pub refs: BTreeMap<String, SnapshotRef>,
    /// The next row id to assign (v3).
    pub next_row_id: Option<i64>,
    /// Fields that this version does not know, written back unchanged.
    pub(crate) extra: Map<String, Json>,
}

/// When a snapshot became the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotLogEntry {
    /// When.
    pub timestamp: Timestamp,
    /// Which.
    pub snapshot_id: i64,
}

/// An earlier metadata file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetadataLogEntry {
    /// Its `last-updated-ms`.
    pub timestamp: Timestamp,
    /// Its URI.
    pub metadata_file: String,
}

impl TableMetadata {
    /// The current schema.
    pub fn current_schema(&self) -> Result<&Arc<Schema>> {
        self.schema(self.current_schema_id)
    }

    /// A schema by its id.
    pub fn schema(&self, id: i32) -> Result<&Arc<Schema>> {
        let found = self.schemas.iter().find(|schema| schema.schema_id() == id);
        found.ok_or_else(|| Error::invalid_data(format!("there is no schema with the id {id}")))
    }

    /// The schema that a snapshot's rows are read with: the table's when it was made.
    pub fn schema_of(&self, snapshot: &Snapshot) -> Result<&Arc<Schema>> {
        snapshot.schema_id.map_or_else(|| self.current_schema(), |id| self.schema(id))
    }

    /// A partition spec by its id.
    pub fn partition_spec(&self, id: i32) -> Result<&Arc<PartitionSpec>> {
        let found = self.partition_specs.iter().find(|spec| spec.spec_id == id);
        found.ok_or_else(|| Error::invalid_data(format!("there is no partition spec with the id {id}")))
    }

    /// A snapshot by its id, if it has not expired.
    pub fn snapshot(&self, id: i64) -> Option<&Arc<Snapshot>> {
        self.snapshots.iter().find(|snapshot| snapshot.snapshot_id == id)
    }

    /// The current snapshot; `None` for a table that was never written to.
    pub fn current_snapshot(&self) -> Option<&Arc<Snapshot>> {
        self.snapshot(self.current_snapshot_id?)
    }

    /// The snapshot that was current at a time: the last entry of the history that is not later.
    pub fn snapshot_as_of(&self, time: Timestamp) -> Option<&Arc<Snapshot>> {
        let entry = self.snapshot_log.iter().rev().find(|entry| entry.timestamp <= time)?;
        self.snapshot(entry.snapshot_id)
    }

    /// The snapshot that a branch or tag names.
    pub fn snapshot_of_ref(&self, name: &str) -> Option<&Arc<Snapshot>> {
        match self.refs.get(name) {
            Some(found) => self.snapshot(found.snapshot_id),
            None if name == MAIN => self.current_snapshot(),
            None => None,
        }
    }

    /// A property's value.
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(String::as_str)
    }
}
