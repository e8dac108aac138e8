use std::sync::Arc;

use crate::read::deletes::{EqualityDeletes, Listed, PositionDeletes};
use crate::spec::{DataFile, PartitionSpec};

/// One data file to read, without the rows that were deleted.
#[derive(Clone, Debug)]
pub struct ScanTask {
    /// The file.
    pub data_file: DataFile,
    /// The sequence number of its rows.
    pub sequence_number: i64,
    /// The URI of the manifest that lists it.
    pub(crate) manifest: Arc<str>,
    /// The spec of its partition values.
    pub partition_spec: Arc<PartitionSpec>,
    /// Whether its partition shows that all of its rows satisfy the filter.
    pub(crate) all_match: bool,
    pub(crate) deletes: Deletes,
    /// Which rows are wanted where not all that are left are, and what became of them.
    pub(crate) change: Option<Change>,
}

/// What deletes rows of a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deletes {
    pub(crate) positions: Vec<Arc<PositionDeletes>>,
    pub(crate) equality: Vec<Equality>,
}

/// What a snapshot did with rows.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) kind: ChangeKind,
    /// The place of the snapshot among those that are looked at, from 0.
    pub(crate) ordinal: i32,
    pub(crate) snapshot_id: i64,
}

#[derive(Clone, Debug)]
pub(crate) enum ChangeKind {
    /// The file's rows were added.
    Insert,
    /// The file's rows were removed.
    Delete,
    /// Those of the file's rows were removed that these delete.
    DeleteBy(Deletes),
}

/// The equality deletes that apply to a file.
#[derive(Clone, Debug)]
pub(crate) struct Equality {
    pub(crate) deletes: Arc<EqualityDeletes>,
    /// Which of their files.
    pub(crate) files: Vec<usize>,
}

impl ScanTask {
    pub(crate) fn new(data_file: DataFile, sequence_number: i64, partition_spec: Arc<PartitionSpec>) -> Self {
        let manifest = Arc::default();
        Self {
            data_file,
            sequence_number,
            manifest,
            partition_spec,
            all_match: false,
            deletes: Deletes::default(),
            change: None,
        }
    }

    /// How many of the file's rows are left, where metadata tells.
    pub(crate) fn exact_rows(&self) -> Option<u64> {
        if self.removed_by().is_some() {
            return None;
        }
        let mut rows = self.data_file.metrics.record_count;
        for deletes in &self.deletes.positions {
            rows = rows.checked_sub(deletes.exact_count(&self.data_file.file_path)?)?;
        }
        self.deletes.equality.is_empty().then_some(rows)
    }

    /// Whether it is the same file with the same rows left, of the same lineage: deletes come, ids where there were none, and
    /// another number where the commit that adds the file is tried again.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let (file, of) = (&self.data_file, &other.data_file);
        file.file_path == of.file_path
            && (file.first_row_id, self.sequence_number) == (of.first_row_id, other.sequence_number)
            && self.deletes.same(&other.deletes, &file.file_path)
    }

    /// What deletes the rows that are wanted, if those are.
    pub(crate) fn removed_by(&self) -> Option<&Deletes> {
        match &self.change.as_ref()?.kind {
            ChangeKind::DeleteBy(deletes) => Some(deletes),
            ChangeKind::Insert | ChangeKind::Delete => None,
        }
    }

    /// Paths of the delete files whose rows may be deleted in this file.
    pub fn delete_files(&self) -> impl Iterator<Item = &str> {
        self.deletes.paths()
    }
}

impl Deletes {
    fn paths(&self) -> impl Iterator<Item = &str> {
        let positions = self.positions.iter().map(|deletes| deletes.path.as_str());
        let equality = self.equality.iter().flat_map(|equality| equality.deletes.paths(&equality.files));
        positions.chain(equality)
    }

    /// Whether they are the same files and vectors, for this data file.
    pub(crate) fn same(&self, other: &Self, data_file: &str) -> bool {
        let vectors = |deletes: &Self| {
            deletes.positions.iter().map(|positions| positions.vector_of(data_file)).collect::<Vec<_>>()
        };
        self.paths().eq(other.paths()) && vectors(self) == vectors(other)
    }

    /// The delete files and vectors that are of this data file and no other.
    pub(crate) fn alone_of(&self, data_file: &str) -> impl Iterator<Item = &Listed> {
        self.positions.iter().filter_map(move |deletes| deletes.alone_of(data_file))
    }

    /// The fields that equality deletes compare.
    pub(crate) fn compared(&self) -> impl Iterator<Item = i32> {
        self.equality.iter().flat_map(|equality| equality.deletes.ids.iter().copied())
    }
}
