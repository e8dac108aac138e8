use std::collections::BTreeMap;

use crate::spec::{DataFile, ordered};

/// What a snapshot did, and counts of it (spec: Snapshots, summary).
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The kind of change.
    pub operation: Operation,
    /// Everything else, as text: `added-records`, `total-records`, ...
    pub properties: BTreeMap<String, String>,
}

/// The kind of a snapshot's change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Only data files were added.
    Append,
    /// Files were rewritten; the rows are the same.
    Replace,
    /// Files were added and removed.
    Overwrite,
    /// Rows were only removed.
    Delete,
    /// Not said, or a word of a later version.
    Unknown,
}

impl Operation {
    pub(crate) fn from_name(name: &str) -> Self {
        match name {
            "append" => Self::Append,
            "replace" => Self::Replace,
            "overwrite" => Self::Overwrite,
            "delete" => Self::Delete,
            _ => Self::Unknown,
        }
    }

    /// The spec's word; `None` if unknown.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Append => Some("append"),
            Self::Replace => Some("replace"),
            Self::Overwrite => Some("overwrite"),
            Self::Delete => Some("delete"),
            Self::Unknown => None,
        }
    }
}

/// The totals that every snapshot of ours carries: some readers refuse to go on after one that lacks them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// `total-records`
    pub records: u64,
    /// `total-files-size`, bytes
    pub files_size: u64,
    /// `total-data-files`
    pub data_files: u64,
    /// `total-delete-files`
    pub delete_files: u64,
    /// `total-position-deletes`
    pub position_deletes: u64,
    /// `total-equality-deletes`
    pub equality_deletes: u64,
}

const RECORDS: &str = "total-records";
const FILES_SIZE: &str = "total-files-size";
const DATA_FILES: &str = "total-data-files";
const DELETE_FILES: &str = "total-delete-files";
const POSITION_DELETES: &str = "total-position-deletes";
const EQUALITY_DELETES: &str = "total-equality-deletes";

impl Summary {
    /// A count by its name; `None` if it is missing or no number.
    pub fn count(&self, name: &str) -> Option<u64> {
        self.properties.get(name)?.parse().ok()
    }

    /// The totals, if all of them are there.
    pub fn totals(&self) -> Option<Totals> {
        Some(Totals {
            records: self.count(RECORDS)?,
            files_size: self.count(FILES_SIZE)?,
            data_files: self.count(DATA_FILES)?,
            delete_files: self.count(DELETE_FILES)?,
            position_deletes: self.count(POSITION_DELETES)?,
            equality_deletes: self.count(EQUALITY_DELETES)?,
        })
    }

    /// The summary of an append of `files` to a table of these totals.
    pub(crate) fn append<'a>(files: impl Iterator<Item = &'a DataFile>, before: Totals) -> Self {
        let (mut count, mut records, mut size) = (0_u64, 0_u64, 0_u64);
        for file in files {
            count += 1;
            records = records.saturating_add(file.metrics.record_count);
            size = size.saturating_add(file.file_size_in_bytes);
        }
        let counts = [
            ("added-data-files", count),
            ("added-records", records),
            ("added-files-size", size),
            ("changed-partition-count", u64::from(count > 0)),
            (RECORDS, before.records.saturating_add(records)),
            (FILES_SIZE, before.files_size.saturating_add(size)),
            (DATA_FILES, before.data_files.saturating_add(count)),
            (DELETE_FILES, before.delete_files),
            (POSITION_DELETES, before.position_deletes),
            (EQUALITY_DELETES, before.equality_deletes),
        ];
        let properties = ordered(counts.into_iter().map(|(name, count)| (name.to_owned(), count.to_string())));
        Self { operation: Operation::Append, properties }
    }
}
