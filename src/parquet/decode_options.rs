use std::ops::Range;
use std::sync::Arc;

use arrow_array::RecordBatch;

use crate::spec::Positions;

/// How a file is read.
#[derive(Clone, Debug)]
pub struct DecodeOptions {
    /// Rows in a batch at most.
    pub batch_size: usize,
    /// Rows in all at most, after the filter.
    pub limit: Option<u64>,
    /// Rows of the file that were deleted: they are left out.
    pub deleted: Arc<Positions>,
    /// About how many bytes are asked for at once at most. Row groups that take more are read in parts, if the file has a
    /// page index.
    pub part_bytes: u64,
    /// Columns that the filter does not look at are decoded only of rows that pass it, if they take so many bytes of the
    /// file or more.
    pub late_bytes: u64,
    /// Whether rows may come in another order than they are in the file.
    pub any_order: bool,
}

impl Default for DecodeOptions {
    fn default() -> Self {
        let (part_bytes, late_bytes) = (64 << 20, 64 << 10);
        Self { batch_size: 8192, limit: None, deleted: Arc::default(), part_bytes, late_bytes, any_order: false }
    }
}

/// What a [`FileDecoder`](crate::parquet::FileDecoder) says.
#[derive(Debug)]
pub enum Step {
    /// Fetch exactly these ranges of the file and [`push`](crate::parquet::FileDecoder::push) them. Fetching them together in fewer
    /// requests is fine, as long as each is pushed by itself.
    Needs(Vec<Range<u64>>),
    /// Rows, at least one.
    Batch(RecordBatch),
    /// There are no more rows.
    Done,
}

/// What a [`FileDecoder`](crate::parquet::FileDecoder) had to look at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DecodeReport {
    /// Row groups in the file.
    pub row_groups: u64,
    /// Row groups skipped by their statistics or Bloom filters, or because all of their rows are deleted.
    pub row_groups_skipped: u64,
    /// Those of them that were skipped by their Bloom filters.
    pub row_groups_skipped_by_bloom_filter: u64,
    /// Rows skipped by the page index, in the row groups that were not skipped.
    pub rows_skipped_by_pages: u64,
    /// Rows decoded.
    pub rows_decoded: u64,
    /// Rows handed out.
    pub rows: u64,
}
