use std::collections::{BTreeMap, BTreeSet};

use crate::spec::{DataContent, DataFile, Value, ordered};

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
    /// Deletion vectors among the delete files, of which no total is kept.
    pub(crate) vectors: u64,
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
            vectors: 0,
        })
    }

    /// The summary of a snapshot that adds and removes files, each with the id of its partition spec, in a table of these totals.
    pub(crate) fn of<'a>(
        operation: Operation,
        added: impl Iterator<Item = (i32, &'a DataFile)>,
        removed: impl Iterator<Item = (i32, &'a DataFile)>,
        before: Totals,
    ) -> Self {
        let mut partitions = BTreeSet::new();
        let mut sum = |files: &mut dyn Iterator<Item = (i32, &'a DataFile)>| {
            let mut totals = Totals::default();
            for (spec_id, file) in files {
                totals.add(file);
                let values = file.partition.iter().map(|value| value.as_ref().map(Value::to_bytes));
                partitions.insert((spec_id, values.collect::<Vec<_>>()));
            }
            totals
        };
        let (mut added, mut removed) = (added, removed);
        let (added, removed) = (sum(&mut added), sum(&mut removed));
        let total = |of: fn(&Totals) -> u64| of(&before).saturating_add(of(&added)).saturating_sub(of(&removed));
        let always = [
            ("changed-partition-count", partitions.len() as u64),
            (RECORDS, total(|totals| totals.records)),
            (FILES_SIZE, total(|totals| totals.files_size)),
            (DATA_FILES, total(|totals| totals.data_files)),
            (DELETE_FILES, total(|totals| totals.delete_files)),
            (POSITION_DELETES, total(|totals| totals.position_deletes)),
            (EQUALITY_DELETES, total(|totals| totals.equality_deletes)),
        ];
        let where_some = [
            ("added-data-files", added.data_files),
            ("added-records", added.records),
            ("added-files-size", added.files_size),
            ("added-delete-files", added.delete_files),
            ("added-dvs", added.vectors),
            ("added-position-deletes", added.position_deletes),
            ("added-equality-deletes", added.equality_deletes),
            ("deleted-data-files", removed.data_files),
            ("deleted-records", removed.records),
            ("removed-files-size", removed.files_size),
            ("removed-delete-files", removed.delete_files),
            ("removed-dvs", removed.vectors),
            ("removed-position-deletes", removed.position_deletes),
            ("removed-equality-deletes", removed.equality_deletes),
        ];
        let is_append = operation == Operation::Append;
        let shown = where_some.into_iter().enumerate().filter(|(at, (_, count))| *count > 0 || is_append && *at < 3);
        let counts = always.into_iter().chain(shown.map(|(_, shown)| shown));
        let properties = ordered(counts.map(|(name, count)| (name.to_owned(), count.to_string())));
        Self { operation, properties }
    }
}

impl Totals {
    /// By the names that summaries have for them.
    pub(crate) fn named(&self) -> [(&'static str, u64); 6] {
        [
            (RECORDS, self.records),
            (FILES_SIZE, self.files_size),
            (DATA_FILES, self.data_files),
            (DELETE_FILES, self.delete_files),
            (POSITION_DELETES, self.position_deletes),
            (EQUALITY_DELETES, self.equality_deletes),
        ]
    }

    /// Counts files that were counted.
    pub(crate) fn add_all(&mut self, other: &Self) {
        self.records = self.records.saturating_add(other.records);
        self.files_size = self.files_size.saturating_add(other.files_size);
        self.data_files = self.data_files.saturating_add(other.data_files);
        self.delete_files = self.delete_files.saturating_add(other.delete_files);
        self.position_deletes = self.position_deletes.saturating_add(other.position_deletes);
        self.equality_deletes = self.equality_deletes.saturating_add(other.equality_deletes);
    }

    /// Counts a file.
    pub(crate) fn add(&mut self, file: &DataFile) {
        let rows = file.metrics.record_count;
        // Of several deletion vectors in one file each has its own share.
        let size = file.content_size_in_bytes.and_then(|size| u64::try_from(size).ok());
        self.files_size = self.files_size.saturating_add(size.unwrap_or(file.file_size_in_bytes));
        let (files, of) = match file.content {
            DataContent::Data => (&mut self.data_files, &mut self.records),
            DataContent::PositionDeletes => (&mut self.delete_files, &mut self.position_deletes),
            DataContent::EqualityDeletes => (&mut self.delete_files, &mut self.equality_deletes),
        };
        self.vectors += u64::from(file.content_offset.is_some());
        *files += 1;
        *of = of.saturating_add(rows);
    }
}
