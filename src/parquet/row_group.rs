use arrow_array::ArrayRef;
use arrow_schema::Schema;
use parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::errors::Result;
use parquet::file::writer::SerializedFileWriter;

use crate::parquet::options::EncodeOptions;
use crate::parquet::pieces::Pieces;

/// Rows handed on at once, so that a row group's size is looked at often enough however large the caller's batches are.
const SLICE_ROWS: usize = 32_768;
/// Rows of a new row group that are handed on before it is known how large rows are.
const FIRST_ROWS: usize = 1_024;

/// The row group that is being built: its columns, encoded so far, in memory.
///
/// Made of the Parquet crate's column writers: its `ArrowWriter` brings along content-defined chunking, which is not used
/// here and whose tables are 16 KB of every wasm module.
pub(super) struct RowGroup {
    columns: Vec<ArrowColumnWriter>,
    rows: usize,
}

impl RowGroup {
    pub(super) fn new(columns: &ArrowRowGroupWriterFactory, position: usize) -> Result<Self> {
        Ok(Self { columns: columns.create_column_writers(position)?, rows: 0 })
    }

    /// How many more rows to give it before looking again. None: it is full.
    pub(super) fn room(&self, options: &EncodeOptions) -> usize {
        let rows = options.row_group_rows.saturating_sub(self.rows).min(SLICE_ROWS);
        let size = self.encoded_bytes();
        if self.rows == 0 {
            rows.min(FIRST_ROWS)
        } else if size >= options.row_group_bytes {
            0
        } else {
            let row = size / self.rows;
            rows.min((options.row_group_bytes - size).checked_div(row).unwrap_or(rows))
        }
    }

    /// Encodes rows, whose columns are those of the file's schema.
    pub(super) fn write(&mut self, schema: &Schema, arrays: &[ArrayRef], rows: usize) -> Result<()> {
        let mut leaves = Vec::with_capacity(self.columns.len());
        for (field, array) in schema.fields().iter().zip(arrays) {
            leaves.extend(compute_leaves(field, array)?);
        }
        for (column, leaf) in self.columns.iter_mut().zip(leaves) {
            column.write(&leaf)?;
        }
        self.rows += rows;
        Ok(())
    }

    /// Bytes of memory held.
    pub(super) fn memory_bytes(&self) -> usize {
        self.columns.iter().map(ArrowColumnWriter::memory_size).sum()
    }

    /// An estimate of its bytes in the file.
    pub(super) fn encoded_bytes(&self) -> usize {
        self.columns.iter().map(ArrowColumnWriter::get_estimated_total_bytes).sum()
    }

    /// Ends the row group and puts it into the file.
    pub(super) fn finish(self, file: &mut SerializedFileWriter<Pieces>) -> Result<()> {
        let mut group = file.next_row_group()?;
        for column in self.columns {
            column.close()?.append_to_row_group(&mut group)?;
        }
        group.close().map(drop)
    }
}
