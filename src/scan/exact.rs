//! What metadata alone tells of a scan's rows.

use crate::error::Result;
use crate::expr::{ColumnStats, FileStats, must_match};
use crate::scan::{ScanPlan, ScanTask};
use crate::spec::{PrimitiveType, Value};

/// The least and the greatest value of a column, nulls aside.
#[derive(Clone, Debug, PartialEq)]
pub struct Bounds {
    /// The least value; `None` if there is none but null.
    pub min: Option<Value>,
    /// The greatest value; `None` if there is none but null.
    pub max: Option<Value>,
}

impl ScanPlan {
    /// How many rows the scan has, if metadata tells exactly: it does not for files with position or equality deletes, for
    /// files of which the filter may select a part, and with a limit.
    pub fn exact_count(&self) -> Option<u64> {
        if self.scan.limit.is_some() {
            return None;
        }
        self.tasks.iter().map(|task| self.exact_rows(task)).sum()
    }

    /// The bounds of a column over the scan's rows, if metadata tells exactly: it does not where rows were deleted or the
    /// filter may select a part of a file, for text and bytes (their bounds may be cut), for floating point with NaN, and
    /// where a file lacks bounds.
    ///
    /// Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput) for a column that is not there.
    pub fn exact_bounds(&self, column: &str) -> Result<Option<Bounds>> {
        let schema = &self.scan.schema;
        let field = schema.column(column)?;
        let cut = match field.field_type.as_primitive() {
            Some(PrimitiveType::String | PrimitiveType::Binary | PrimitiveType::Fixed(_) | PrimitiveType::Uuid)
            | None => true,
            Some(_) => false,
        };
        if cut || self.scan.limit.is_some() {
            return Ok(None);
        }
        let mut bounds = Bounds { min: None, max: None };
        for task in &self.tasks {
            let stats = FileStats::new(&task.data_file.metrics, schema);
            if self.exact_rows(task) != Some(task.data_file.metrics.record_count) {
                return Ok(None);
            }
            if task.data_file.metrics.record_count == 0 {
                continue;
            }
            let (values, nulls) = (stats.value_count(field.id), stats.null_count(field.id));
            if nulls.is_some() && nulls == values {
                continue;
            }
            let (Some(lower), Some(upper)) = (stats.lower(field.id), stats.upper(field.id)) else { return Ok(None) };
            if matches!(lower, Value::Float(_) | Value::Double(_)) && stats.nan_count(field.id) != Some(0) {
                return Ok(None);
            }
            let is = |order, value: &Value, than: &Option<Value>| {
                than.as_ref().is_none_or(|than| value.compare(than) == Some(order))
            };
            if is(std::cmp::Ordering::Less, &lower, &bounds.min) {
                bounds.min = Some(lower);
            }
            if is(std::cmp::Ordering::Greater, &upper, &bounds.max) {
                bounds.max = Some(upper);
            }
        }
        Ok(Some(bounds))
    }

    /// Whether metadata tells that all rows of a file satisfy the filter.
    pub(crate) fn is_covered(&self, task: &ScanTask) -> bool {
        let stats = FileStats::new(&task.data_file.metrics, &self.scan.schema);
        let filter = self.scan.filter.as_ref().filter(|_| !task.all_match);
        filter.is_none_or(|filter| must_match(filter, &stats))
    }

    /// How many rows of a file are selected, if metadata tells.
    pub(super) fn exact_rows(&self, task: &ScanTask) -> Option<u64> {
        let rows = task.exact_rows()?;
        self.is_covered(task).then_some(rows)
    }
}
