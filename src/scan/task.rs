use std::sync::Arc;

use crate::spec::{DataFile, PartitionSpec};

/// One data file to read.
#[derive(Clone, Debug)]
pub struct ScanTask {
    /// The file.
    pub data_file: DataFile,
    /// The sequence number of its rows.
    pub sequence_number: i64,
    /// The spec of its partition values.
    pub partition_spec: Arc<PartitionSpec>,
}
