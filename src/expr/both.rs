use crate::expr::ColumnStats;
use crate::expr::partition_stats::greater;
use crate::spec::Value;

/// The statistics of the same rows from two sources, of which each knows what the other may not.
pub struct Both<'a>(pub &'a dyn ColumnStats, pub &'a dyn ColumnStats);

impl ColumnStats for Both<'_> {
    fn record_count(&self) -> Option<u64> {
        self.0.record_count().or_else(|| self.1.record_count())
    }

    fn value_count(&self, id: i32) -> Option<u64> {
        self.0.value_count(id).max(self.1.value_count(id))
    }

    fn null_count(&self, id: i32) -> Option<u64> {
        self.0.null_count(id).or_else(|| self.1.null_count(id))
    }

    fn nan_count(&self, id: i32) -> Option<u64> {
        self.0.nan_count(id).or_else(|| self.1.nan_count(id))
    }

    fn lower(&self, id: i32) -> Option<Value> {
        match (self.0.lower(id), self.1.lower(id)) {
            (Some(a), Some(b)) => Some(if greater(&b, &a) { b } else { a }),
            (a, b) => a.or(b),
        }
    }

    fn upper(&self, id: i32) -> Option<Value> {
        match (self.0.upper(id), self.1.upper(id)) {
            (Some(a), Some(b)) => Some(if greater(&a, &b) { b } else { a }),
            (a, b) => a.or(b),
        }
    }

    fn lacks(&self, id: i32, value: &Value) -> bool {
        self.0.lacks(id, value) || self.1.lacks(id, value)
    }
}
