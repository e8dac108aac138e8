use std::ops::Range;

use arrow_array::RecordBatch;
use bytes::Bytes;

use crate::error::{Error, Result};
use crate::parquet::{DecodeOptions, FIRST_READ, FileDecoder, FooterDecoder, FooterStep, Projection, Step};
use crate::spec::Schema;

/// The rows of a Parquet file that is not of the table, as batches for an append:
/// `table.append(parquet_to_batches(&*table.schema()?, bytes)?)`.
///
/// Columns are those of the table by their names, whatever field ids the file says. Nothing about the bytes is trusted.
///
/// Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput) on columns that the table does not have, and with
/// [`InvalidData`](crate::ErrorKind::InvalidData) if the file is malformed, or a column's type is not one that becomes the
/// table's without a change of any value.
pub fn parquet_to_batches(schema: &Schema, file: Bytes) -> Result<Vec<RecordBatch>> {
    let mut footer = FooterDecoder::new(file.len() as u64, FIRST_READ)?;
    let metadata = loop {
        match footer.step()? {
            FooterStep::Done(metadata) => break metadata.named_as(schema)?,
            FooterStep::Needs(ranges) => {
                let bytes = slices(&file, &ranges)?;
                footer.push(ranges, bytes)?;
            }
        }
    };
    let columns: Vec<String> = metadata.arrow_schema().fields().iter().map(|field| field.name().clone()).collect();
    let projection = Projection::of(schema, columns)?;
    let mut rows = FileDecoder::new(metadata, &projection, None, DecodeOptions::default())?;
    let mut batches = Vec::new();
    loop {
        match rows.step()? {
            Step::Done => return Ok(batches),
            Step::Batch(batch) => batches.push(batch),
            Step::Needs(ranges) => {
                let bytes = slices(&file, &ranges)?;
                rows.push(ranges, bytes)?;
            }
        }
    }
}

fn slices(file: &Bytes, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
    let slice = |range: &Range<u64>| {
        let (from, to) = (usize::try_from(range.start).ok()?, usize::try_from(range.end).ok()?);
        (from <= to && to <= file.len()).then(|| file.slice(from..to))
    };
    let outside = || Error::invalid_data("the Parquet file is malformed: something lies outside of it");
    ranges.iter().map(|range| slice(range).ok_or_else(outside)).collect()
}
