use std::collections::BTreeMap;

use crate::spec::Value;

/// What a manifest says about one data or delete file (spec: Manifests, `data_file`).
#[derive(Clone, Debug, PartialEq)]
pub struct DataFile {
    /// What the rows of the file are.
    pub content: DataContent,
    /// The full URI.
    pub file_path: String,
    /// The format's name in upper case: `PARQUET`, `AVRO`, `ORC`, `PUFFIN`.
    pub file_format: String,
    /// The partition values in the order of the manifest's partition spec; `None` is null.
    pub partition: Vec<Option<Value>>,
    /// The size in bytes.
    pub file_size_in_bytes: u64,
    /// Counts and bounds.
    pub metrics: Metrics,
    /// Field ids that an equality delete file compares.
    pub equality_ids: Vec<i32>,
    /// The sort order that the rows follow.
    pub sort_order_id: Option<i32>,
    /// The row id of the first row (v3).
    pub first_row_id: Option<i64>,
    /// The one data file that a delete file is about.
    pub referenced_data_file: Option<String>,
    /// Where a deletion vector begins in its Puffin file (v3).
    pub content_offset: Option<i64>,
    /// How long a deletion vector is (v3).
    pub content_size_in_bytes: Option<i64>,
    /// Present on an encrypted file.
    pub key_metadata: Option<Vec<u8>>,
}

/// What the rows of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataContent {
    /// Rows of the table.
    Data,
    /// Positions of deleted rows, or a deletion vector.
    PositionDeletes,
    /// Values whose rows are deleted.
    EqualityDeletes,
}

/// Counts and bounds of a data file, by field id (spec: Manifests, `data_file` 103 to 138).
///
/// Every map may lack a column: what is missing is unknown. Bounds are in the spec's binary single-value form
/// ([`Value::from_bytes`]); lower bounds may be smaller, upper bounds larger than the values in the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics {
    /// Rows in the file.
    pub record_count: u64,
    /// Bytes that the column takes in the file.
    pub column_sizes: BTreeMap<i32, u64>,
    /// Values including null and NaN.
    pub value_counts: BTreeMap<i32, u64>,
    /// Null values.
    pub null_value_counts: BTreeMap<i32, u64>,
    /// NaN values.
    pub nan_value_counts: BTreeMap<i32, u64>,
    /// No value but null and NaN is smaller.
    pub lower_bounds: BTreeMap<i32, Vec<u8>>,
    /// No value but null and NaN is larger.
    pub upper_bounds: BTreeMap<i32, Vec<u8>>,
    /// Where the row groups begin.
    pub split_offsets: Vec<i64>,
}
