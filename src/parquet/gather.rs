use std::ops::Range;
use std::sync::Arc;

use arrow_array::{AnyDictionaryArray, Array, ArrayRef, RecordBatch, RecordBatchOptions, make_array};
use arrow_data::transform::MutableArrayData;

use crate::error::{Error, Result};

/// Rows of an array, by runs of them, in any order and as often as they are named. One loop for all types, and small for it.
///
/// Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput) if there are more than one array can hold, or some are not there.
pub(crate) fn gather(array: &ArrayRef, runs: &[Range<usize>]) -> Result<ArrayRef> {
    let runs: Vec<_> = runs.iter().map(|run| (0, run.clone())).collect();
    gather_among(std::slice::from_ref(array), &runs)
}

/// Rows of several arrays of one type, by their places among them and runs of them, in any order.
///
/// Fails as [`gather`] does.
pub(crate) fn gather_among(arrays: &[ArrayRef], runs: &[(usize, Range<usize>)]) -> Result<ArrayRef> {
    let is_there = |(at, run): &(usize, Range<usize>)| {
        run.start <= run.end && arrays.get(*at).is_some_and(|array| run.end <= array.len())
    };
    if arrays.is_empty() || !runs.iter().all(is_there) {
        return Err(Error::invalid_input("rows are named that are not there"));
    }
    let data: Vec<_> = arrays.iter().map(Array::to_data).collect();
    let rows = runs.iter().map(|(_, run)| run.len()).sum();
    let mut gathered = MutableArrayData::new(data.iter().collect(), false, rows);
    let too_many = |error| Error::invalid_input("the values are too many for one batch").caused_by(error);
    runs.iter().try_for_each(|(at, run)| gathered.try_extend(*at, run.start, run.end)).map_err(too_many)?;
    Ok(make_array(gathered.freeze()))
}

/// A dictionary's values, row by row.
pub(crate) fn unpack(dictionary: &dyn AnyDictionaryArray) -> Result<ArrayRef> {
    let data = dictionary.values().to_data();
    let mut unpacked = MutableArrayData::new(vec![&data], true, dictionary.len());
    let too_many = |error| Error::invalid_input("the values are too many for one batch").caused_by(error);
    // Of none there are no keys.
    let keys = if data.is_empty() { Vec::new() } else { dictionary.normalized_keys() };
    if keys.is_empty() {
        unpacked.try_extend_nulls(dictionary.len()).map_err(too_many)?;
    }
    for (row, key) in keys.into_iter().enumerate() {
        if dictionary.keys().is_null(row) {
            unpacked.try_extend_nulls(1).map_err(too_many)?;
        } else {
            unpacked.try_extend(0, key, key + 1).map_err(too_many)?;
        }
    }
    Ok(make_array(unpacked.freeze()))
}

/// The rows of all columns, by runs of them.
pub(crate) fn gather_rows(batch: &RecordBatch, runs: &[Range<usize>]) -> Result<RecordBatch> {
    let columns = batch.columns().iter().map(|column| gather(column, runs)).collect::<Result<_>>()?;
    let rows = runs.iter().map(ExactSizeIterator::len).sum();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let gathered = RecordBatch::try_new_with_options(Arc::clone(batch.schema_ref()), columns, &options);
    gathered.map_err(|error| Error::invalid_input("the rows cannot be divided").caused_by(error))
}
