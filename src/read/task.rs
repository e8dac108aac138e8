use std::sync::Arc;

use crate::read::deletes::{EqualityDeletes, PositionDeletes};
use crate::spec::{DataFile, PartitionSpec};

/// One data file to read, without the rows that were deleted.
#[derive(Clone, Debug)]
pub struct ScanTask {
    /// The file.
    pub data_file: DataFile,
    /// The sequence number of its rows.
    pub sequence_number: i64,
    /// The spec of its partition values.
    pub partition_spec: Arc<PartitionSpec>,
    pub(crate) positions: Vec<Arc<PositionDeletes>>,
    pub(crate) equality: Vec<Equality>,
}

/// The equality deletes that apply to a file.
#[derive(Clone, Debug)]
pub(crate) struct Equality {
    pub(crate) deletes: Arc<EqualityDeletes>,
    /// Which of their files.
    pub(crate) files: Vec<usize>,
}

impl ScanTask {
    /// How many of the file's rows are left, where metadata tells.
    pub(crate) fn exact_rows(&self) -> Option<u64> {
        let mut rows = self.data_file.metrics.record_count;
        for deletes in &self.positions {
            rows = rows.checked_sub(deletes.exact_count(&self.data_file.file_path)?)?;
        }
        self.equality.is_empty().then_some(rows)
    }

    /// Paths of the delete files whose rows may be deleted in this file.
    pub fn delete_files(&self) -> impl Iterator<Item = &str> {
        let positions = self.positions.iter().map(|deletes| deletes.path.as_str());
        let equality = self.equality.iter().flat_map(|equality| equality.deletes.paths(&equality.files));
        positions.chain(equality)
    }
}
