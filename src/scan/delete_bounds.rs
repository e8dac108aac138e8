//! Which delete files can be left alone, told from bounds and counts in the manifests.

use std::cmp::Ordering;

use crate::expr::{ColumnStats, FileStats};
use crate::spec::metadata_columns::DELETE_FILE_PATH;
use crate::spec::{DataFile, Schema, Value};

/// Whether a position delete file may have positions of a data file.
pub(super) fn may_delete_positions(delete: &DataFile, path: &str) -> bool {
    if let Some(only) = &delete.referenced_data_file {
        return only == path;
    }
    let lower = delete.metrics.lower_bounds.get(&DELETE_FILE_PATH);
    let upper = delete.metrics.upper_bounds.get(&DELETE_FILE_PATH);
    lower.is_none_or(|lower| lower.as_slice() <= path.as_bytes())
        && upper.is_none_or(|upper| upper.as_slice() >= path.as_bytes())
}

/// Whether an equality delete file may have the values of a row of a data file.
pub(super) fn may_delete_values(delete: &DataFile, data: &DataFile, ids: &[i32], schema: &Schema) -> bool {
    let delete = FileStats::new(&delete.metrics, schema);
    let data = FileStats::new(&data.metrics, schema);
    ids.iter().all(|id| may_share(&delete, &data, *id))
}

/// Whether two files may have a value of a column in common, where null is a value like others.
fn may_share(a: &FileStats<'_>, b: &FileStats<'_>, id: i32) -> bool {
    let nulls = |stats: &FileStats<'_>| stats.null_count(id);
    if nulls(a) != Some(0) && nulls(b) != Some(0) {
        return true;
    }
    let only_nulls = |stats: &FileStats<'_>| matches!((stats.null_count(id), stats.value_count(id)), (Some(nulls), Some(values)) if nulls >= values && values > 0);
    if only_nulls(a) || only_nulls(b) {
        return false;
    }
    // Bounds say nothing of NaN.
    let no_nans = |stats: &FileStats<'_>| match stats.lower(id) {
        Some(Value::Float(_) | Value::Double(_)) => stats.nan_count(id) == Some(0),
        _ => true,
    };
    if !no_nans(a) && !no_nans(b) {
        return true;
    }
    let below = |upper: Option<Value>, lower: Option<Value>| match (upper, lower) {
        (Some(upper), Some(lower)) => upper.compare(&lower) == Some(Ordering::Less),
        _ => false,
    };
    !below(a.upper(id), b.lower(id)) && !below(b.upper(id), a.lower(id))
}
