use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions, make_array};
use arrow_data::transform::MutableArrayData;

use crate::error::{Error, Result};

/// Rows of an array, by runs of them, in any order and as often as they are named. One loop for all types, and small for it.
///
/// Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput) if there are more than one array can hold.
pub(crate) fn gather(array: &ArrayRef, runs: &[Range<usize>]) -> Result<ArrayRef> {
    let data = array.to_data();
    let rows = runs.iter().map(ExactSizeIterator::len).sum();
    let mut gathered = MutableArrayData::new(vec![&data], false, rows);
    let too_many = |error| Error::invalid_input("the values are too many for one batch").caused_by(error);
    runs.iter().try_for_each(|run| gathered.try_extend(0, run.start, run.end)).map_err(too_many)?;
    Ok(make_array(gathered.freeze()))
}

/// The same of all columns.
pub(crate) fn gather_rows(batch: &RecordBatch, runs: &[Range<usize>]) -> Result<RecordBatch> {
    let columns = batch.columns().iter().map(|column| gather(column, runs)).collect::<Result<_>>()?;
    let rows = runs.iter().map(ExactSizeIterator::len).sum();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let gathered = RecordBatch::try_new_with_options(Arc::clone(batch.schema_ref()), columns, &options);
    gathered.map_err(|error| Error::invalid_input("the rows cannot be divided").caused_by(error))
}
