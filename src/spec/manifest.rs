use std::sync::Arc;

use crate::spec::{DataContent, DataFile, PartitionSpec, Schema};

/// One entry of a manifest list: a manifest and what is known of its files (spec: Manifest Lists, `manifest_file`).
#[derive(Clone, Debug, PartialEq)]
pub struct ManifestFile {
    /// The URI of the manifest.
    pub manifest_path: String,
    /// Its size in bytes.
    pub manifest_length: u64,
    /// The partition spec of its files.
    pub partition_spec_id: i32,
    /// Whether it lists data or delete files.
    pub content: ManifestContent,
    /// When it was added; entries without one of their own inherit it. 0 in v1.
    pub sequence_number: i64,
    /// The least sequence number of its live files.
    pub min_sequence_number: i64,
    /// The snapshot that added it; entries without one inherit it.
    pub added_snapshot_id: i64,
    /// Files with status added; `None` if not said (v1).
    pub added_files_count: Option<u32>,
    /// Files with status existing; `None` if not said (v1).
    pub existing_files_count: Option<u32>,
    /// Files with status deleted; `None` if not said (v1).
    pub deleted_files_count: Option<u32>,
    /// Rows of the added files.
    pub added_rows_count: Option<u64>,
    /// Rows of the existing files.
    pub existing_rows_count: Option<u64>,
    /// Rows of the deleted files.
    pub deleted_rows_count: Option<u64>,
    /// One summary a field of the partition spec; `None` if not said.
    pub partitions: Option<Vec<FieldSummary>>,
    /// Present on an encrypted manifest.
    pub key_metadata: Option<Vec<u8>>,
    /// The first row id of the manifest's files (v3).
    pub first_row_id: Option<i64>,
}

/// Whether a manifest lists data or delete files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManifestContent {
    /// Data files.
    Data,
    /// Delete files.
    Deletes,
}

/// The values of one partition field in a manifest (spec: `field_summary`). Bounds are in binary single-value form.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldSummary {
    /// Whether a file has null there.
    pub contains_null: bool,
    /// Whether a file has NaN there, if said.
    pub contains_nan: Option<bool>,
    /// The least value.
    pub lower_bound: Option<Vec<u8>>,
    /// The greatest value.
    pub upper_bound: Option<Vec<u8>>,
}

/// A manifest: files of one partition spec (spec: Manifests).
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// The table's schema when it was written.
    pub schema: Arc<Schema>,
    /// The partition spec of its files.
    pub partition_spec: Arc<PartitionSpec>,
    /// Whether it lists data or delete files.
    pub content: ManifestContent,
    /// The files.
    pub entries: Vec<ManifestEntry>,
}

/// A file in a manifest (spec: `manifest_entry`). What is `None` is inherited from the manifest list.
#[derive(Clone, Debug, PartialEq)]
pub struct ManifestEntry {
    /// Whether the file was added, carried over or removed.
    pub status: EntryStatus,
    /// The snapshot that added or removed it.
    pub snapshot_id: Option<i64>,
    /// The sequence number of its rows.
    pub sequence_number: Option<i64>,
    /// The sequence number of the file.
    pub file_sequence_number: Option<i64>,
    /// The file.
    pub data_file: DataFile,
}

/// What a manifest did with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryStatus {
    /// Carried over from an earlier manifest.
    Existing,
    /// Added by the manifest's snapshot.
    Added,
    /// Removed by the manifest's snapshot: no longer part of the table.
    Deleted,
}

impl ManifestFile {
    /// What a manifest list would say of a manifest that is in none (v1): all of it is in the manifest itself.
    pub(crate) fn of(manifest: &Manifest, manifest_path: &str, manifest_length: u64) -> Self {
        let count = |status: EntryStatus| {
            let entries = || manifest.entries.iter().filter(|entry| entry.status == status);
            let rows = entries().map(|entry| entry.data_file.metrics.record_count);
            (u32::try_from(entries().count()).ok(), Some(rows.fold(0, u64::saturating_add)))
        };
        let (added_files_count, added_rows_count) = count(EntryStatus::Added);
        let (existing_files_count, existing_rows_count) = count(EntryStatus::Existing);
        let (deleted_files_count, deleted_rows_count) = count(EntryStatus::Deleted);
        let snapshots = || manifest.entries.iter().filter_map(|entry| Some((entry.status, entry.snapshot_id?)));
        // What was carried over has the snapshots that it came with.
        let added_by = snapshots().find(|(status, _)| *status != EntryStatus::Existing).or_else(|| snapshots().next());
        Self {
            manifest_path: manifest_path.to_owned(),
            manifest_length,
            partition_spec_id: manifest.partition_spec.spec_id,
            content: manifest.content,
            sequence_number: 0,
            min_sequence_number: 0,
            added_snapshot_id: added_by.map_or(0, |(_, id)| id),
            added_files_count,
            existing_files_count,
            deleted_files_count,
            added_rows_count,
            existing_rows_count,
            deleted_rows_count,
            partitions: None,
            key_metadata: None,
            first_row_id: None,
        }
    }

    /// Whether it may list files that are part of the table.
    pub fn has_live_files(&self) -> bool {
        self.added_files_count != Some(0) || self.existing_files_count != Some(0)
    }
}

impl Manifest {
    /// Takes what entries leave out from the manifest's place in the list (spec: Sequence Number Inheritance, First Row ID
    /// Inheritance).
    pub(crate) fn inherit(&mut self, from: &ManifestFile) {
        let mut next_row_id = from.first_row_id;
        for entry in &mut self.entries {
            entry.inherit(from);
            let file = &mut entry.data_file;
            if file.content != DataContent::Data || entry.status == EntryStatus::Deleted {
                continue;
            }
            match next_row_id {
                // What the list does not say, the manifest cannot: its rows had no ids then.
                None => file.first_row_id = None,
                Some(next) if file.first_row_id.is_none() => {
                    file.first_row_id = Some(next);
                    next_row_id = i64::try_from(file.metrics.record_count).ok().and_then(|rows| next.checked_add(rows));
                }
                Some(_) => {}
            }
        }
    }
}

impl ManifestEntry {
    /// An entry for a file that a snapshot adds: its snapshot id and sequence numbers are inherited.
    pub fn added(data_file: DataFile) -> Self {
        Self {
            status: EntryStatus::Added,
            snapshot_id: None,
            sequence_number: None,
            file_sequence_number: None,
            data_file,
        }
    }

    /// Takes what the entry leaves out from its manifest's place in the list (spec: Sequence Number Inheritance).
    fn inherit(&mut self, from: &ManifestFile) {
        self.snapshot_id.get_or_insert(from.added_snapshot_id);
        if self.status == EntryStatus::Added || from.sequence_number == 0 {
            self.sequence_number.get_or_insert(from.sequence_number);
            self.file_sequence_number.get_or_insert(from.sequence_number);
        }
    }
}
