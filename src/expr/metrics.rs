use std::cmp::Ordering;

use crate::expr::{BoundPredicate, CompareOp, Test};
use crate::spec::metadata_columns::is_metadata_column;
use crate::spec::next_string;
use crate::spec::{Metrics, Schema, Value};

/// What is known of a group of rows (a file, a row group, a page) without reading them. `None` is unknown; numbers are
/// by field id.
pub trait ColumnStats {
    /// Rows in the group.
    fn record_count(&self) -> Option<u64>;
    /// Values of the column with nulls and NaNs.
    fn value_count(&self, id: i32) -> Option<u64>;
    /// Nulls.
    fn null_count(&self, id: i32) -> Option<u64>;
    /// NaNs.
    fn nan_count(&self, id: i32) -> Option<u64>;
    /// A value that none but null and NaN is less than.
    fn lower(&self, id: i32) -> Option<Value>;
    /// A value that none but null and NaN is greater than.
    fn upper(&self, id: i32) -> Option<Value>;
}

/// The metrics of a data file, with the schema that tells the types of their bounds now.
#[derive(Clone, Copy, Debug)]
pub struct FileStats<'a> {
    metrics: &'a Metrics,
    schema: &'a Schema,
}

impl<'a> FileStats<'a> {
    /// Of a file whose columns have the ids and types of this schema (the one that predicates are bound to).
    pub fn new(metrics: &'a Metrics, schema: &'a Schema) -> Self {
        Self { metrics, schema }
    }

    /// Bounds that cannot be read, or are NaN, which older writers left there, say nothing.
    fn bound(&self, id: i32, bytes: Option<&Vec<u8>>) -> Option<Value> {
        let primitive = self.schema.field_by_id(id)?.field_type.as_primitive()?;
        Value::from_bytes(primitive, bytes?).ok().filter(|value| !value.is_nan())
    }
}

impl ColumnStats for FileStats<'_> {
    fn record_count(&self) -> Option<u64> {
        Some(self.metrics.record_count)
    }

    fn value_count(&self, id: i32) -> Option<u64> {
        self.metrics.value_counts.get(&id).copied()
    }

    fn null_count(&self, id: i32) -> Option<u64> {
        self.metrics.null_value_counts.get(&id).copied()
    }

    fn nan_count(&self, id: i32) -> Option<u64> {
        self.metrics.nan_value_counts.get(&id).copied()
    }

    fn lower(&self, id: i32) -> Option<Value> {
        self.bound(id, self.metrics.lower_bounds.get(&id))
    }

    fn upper(&self, id: i32) -> Option<Value> {
        self.bound(id, self.metrics.upper_bounds.get(&id))
    }
}

/// Whether a row of the group may satisfy the predicate. False only if certainly none does.
pub fn might_match(predicate: &BoundPredicate, stats: &dyn ColumnStats) -> bool {
    if stats.record_count() == Some(0) {
        return false;
    }
    match predicate {
        BoundPredicate::AlwaysTrue => true,
        BoundPredicate::AlwaysFalse => false,
        BoundPredicate::And(parts) => parts.iter().all(|part| might_match(part, stats)),
        BoundPredicate::Or(parts) => parts.iter().any(|part| might_match(part, stats)),
        BoundPredicate::Column(column, _) if is_metadata_column(column.id) => true,
        BoundPredicate::Column(column, test) => might_pass(test, &Known::new(stats, column.id)),
    }
}

/// Whether every row of the group satisfies the predicate. True only if certainly all do.
pub fn must_match(predicate: &BoundPredicate, stats: &dyn ColumnStats) -> bool {
    if stats.record_count() == Some(0) {
        return true;
    }
    match predicate {
        BoundPredicate::AlwaysTrue => true,
        BoundPredicate::AlwaysFalse => false,
        BoundPredicate::And(parts) => parts.iter().all(|part| must_match(part, stats)),
        BoundPredicate::Or(parts) => parts.iter().any(|part| must_match(part, stats)),
        BoundPredicate::Column(column, _) if is_metadata_column(column.id) => false,
        BoundPredicate::Column(column, test) => must_pass(test, &Known::new(stats, column.id)),
    }
}

/// One column's statistics, put as the questions that tests ask.
struct Known<'a> {
    stats: &'a dyn ColumnStats,
    id: i32,
}

impl<'a> Known<'a> {
    fn new(stats: &'a dyn ColumnStats, id: i32) -> Self {
        Self { stats, id }
    }

    /// Columns outside of lists and maps have one value a row.
    fn values(&self) -> Option<u64> {
        self.stats.value_count(self.id).or_else(|| self.stats.record_count())
    }

    fn nulls(&self) -> Option<u64> {
        self.stats.null_count(self.id)
    }

    fn all_null(&self) -> bool {
        matches!((self.values(), self.nulls()), (Some(values), Some(nulls)) if nulls >= values)
    }

    fn no_null(&self) -> bool {
        self.nulls() == Some(0)
    }

    /// Nothing that can be compared.
    fn all_null_or_nan(&self) -> bool {
        let nans = self.stats.nan_count(self.id);
        match (self.values(), self.nulls(), nans) {
            (Some(values), Some(nulls), Some(nans)) => nulls.saturating_add(nans) >= values,
            _ => self.all_null(),
        }
    }

    /// Certainly no NaN: there are none, or the type has none.
    fn no_nan(&self) -> bool {
        let float = |value: Option<Value>| matches!(value, None | Some(Value::Float(_) | Value::Double(_)));
        self.stats.nan_count(self.id) == Some(0) || !float(self.lower()) || !float(self.upper())
    }

    fn lower(&self) -> Option<Value> {
        self.stats.lower(self.id)
    }

    fn upper(&self) -> Option<Value> {
        self.stats.upper(self.id)
    }
}

fn below(a: Option<Value>, b: &Value) -> bool {
    a.is_some_and(|a| a.compare(b) == Some(Ordering::Less))
}

fn above(a: Option<Value>, b: &Value) -> bool {
    a.is_some_and(|a| a.compare(b) == Some(Ordering::Greater))
}

fn at_most(a: Option<Value>, b: &Value) -> bool {
    a.is_some_and(|a| matches!(a.compare(b), Some(Ordering::Less | Ordering::Equal)))
}

fn at_least(a: Option<Value>, b: &Value) -> bool {
    a.is_some_and(|a| matches!(a.compare(b), Some(Ordering::Greater | Ordering::Equal)))
}

fn might_pass(test: &Test, known: &Known<'_>) -> bool {
    match test {
        Test::Never => false,
        Test::IsNull => !known.no_null(),
        Test::NotNull => !known.all_null(),
        Test::IsNan => known.stats.nan_count(known.id) != Some(0) && !known.all_null(),
        Test::NotNan => !known.all_null_or_nan(),
        Test::Compare(CompareOp::Ne, value) => {
            let same = at_most(known.upper(), value) && at_least(known.lower(), value) && known.no_nan();
            !known.all_null() && !same
        }
        // NaN is not among any values.
        Test::NotIn(_) => !known.all_null(),
        _ if known.all_null_or_nan() => false,
        Test::Compare(CompareOp::Eq, value) => !above(known.lower(), value) && !below(known.upper(), value),
        Test::Compare(CompareOp::Lt, value) => !at_least(known.lower(), value),
        Test::Compare(CompareOp::Le, value) => !above(known.lower(), value),
        Test::Compare(CompareOp::Gt, value) => !at_most(known.upper(), value),
        Test::Compare(CompareOp::Ge, value) => !below(known.upper(), value),
        Test::In(values) => {
            let (lower, upper) = (known.lower(), known.upper());
            values.iter().any(|value| !above(lower.clone(), value) && !below(upper.clone(), value))
        }
        Test::StartsWith(prefix) => {
            let first = Value::String(prefix.clone());
            let past = next_string(prefix).map(Value::String);
            !below(known.upper(), &first) && past.is_none_or(|past| !at_least(known.lower(), &past))
        }
        Test::NotStartsWith(prefix) => !all_start_with(known, prefix),
    }
}

/// Both bounds begin so, and then all that lies between them does.
fn all_start_with(known: &Known<'_>, prefix: &str) -> bool {
    let begins = |value: Option<Value>| matches!(value, Some(Value::String(text)) if text.starts_with(prefix));
    begins(known.lower()) && begins(known.upper())
}

fn must_pass(test: &Test, known: &Known<'_>) -> bool {
    match test {
        Test::Never => false,
        Test::IsNull => known.all_null(),
        _ if !known.no_null() => false,
        Test::NotNull => true,
        Test::IsNan => {
            matches!((known.values(), known.stats.nan_count(known.id)), (Some(values), Some(nans)) if nans >= values)
        }
        Test::Compare(CompareOp::Ne, value) => above(known.lower(), value) || below(known.upper(), value),
        Test::NotIn(values) => {
            let (lower, upper) = (known.lower(), known.upper());
            values.iter().all(|value| above(lower.clone(), value) || below(upper.clone(), value))
        }
        Test::NotStartsWith(prefix) => {
            let first = Value::String(prefix.clone());
            let past = next_string(prefix).map(Value::String);
            below(known.upper(), &first) || past.is_some_and(|past| at_least(known.lower(), &past))
        }
        _ if !known.no_nan() => false,
        Test::NotNan => true,
        Test::Compare(CompareOp::Eq, value) => at_least(known.lower(), value) && at_most(known.upper(), value),
        Test::Compare(CompareOp::Lt, value) => below(known.upper(), value),
        Test::Compare(CompareOp::Le, value) => at_most(known.upper(), value),
        Test::Compare(CompareOp::Gt, value) => above(known.lower(), value),
        Test::Compare(CompareOp::Ge, value) => at_least(known.lower(), value),
        Test::In(values) => values.iter().any(|value| at_least(known.lower(), value) && at_most(known.upper(), value)),
        Test::StartsWith(prefix) => all_start_with(known, prefix),
    }
}
