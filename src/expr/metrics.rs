use std::cmp::Ordering;

use crate::expr::{BoundPredicate, CompareOp, Test};
use crate::spec::metadata_columns::is_metadata_column;
use crate::spec::next_string;
use crate::spec::{Metrics, Schema, Value};

/// What is known of a group of rows (a file, a row group, a page) without reading them. `None` is unknown; numbers are
/// by field id. By default nothing is known.
pub trait ColumnStats {
    /// Rows in the group.
    fn record_count(&self) -> Option<u64> {
        None
    }
    /// Values of the column with nulls and NaNs.
    fn value_count(&self, _id: i32) -> Option<u64> {
        None
    }
    /// Nulls.
    fn null_count(&self, _id: i32) -> Option<u64> {
        None
    }
    /// NaNs.
    fn nan_count(&self, _id: i32) -> Option<u64> {
        None
    }
    /// A value that none but null and NaN is less than.
    fn lower(&self, _id: i32) -> Option<Value> {
        None
    }
    /// A value that none but null and NaN is greater than.
    fn upper(&self, _id: i32) -> Option<Value> {
        None
    }
    /// Whether certainly no row has this value, known by other means than counts and bounds.
    fn lacks(&self, _id: i32, _value: &Value) -> bool {
        false
    }
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
    fn bounds(&self, id: i32) -> (Option<Value>, Option<Value>) {
        let primitive = self.schema.field_by_id(id).and_then(|field| field.field_type.as_primitive());
        let bound =
            |bytes: Option<&Vec<u8>>| Value::from_bytes(primitive?, bytes?).ok().filter(|value| !value.is_nan());
        consistent(bound(self.metrics.lower_bounds.get(&id)), bound(self.metrics.upper_bounds.get(&id)))
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
        self.bounds(id).0
    }

    fn upper(&self, id: i32) -> Option<Value> {
        self.bounds(id).1
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
    lower: Option<Value>,
    upper: Option<Value>,
}

impl<'a> Known<'a> {
    fn new(stats: &'a dyn ColumnStats, id: i32) -> Self {
        let (lower, upper) = consistent(stats.lower(id), stats.upper(id));
        Self { stats, id, lower, upper }
    }

    /// Columns outside of lists and maps have one value a row. Where a writer counted fewer, it did not count.
    fn values(&self) -> Option<u64> {
        self.stats.value_count(self.id).max(self.stats.record_count())
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
        let float = |value: &Option<Value>| matches!(value, None | Some(Value::Float(_) | Value::Double(_)));
        self.stats.nan_count(self.id) == Some(0) || !float(&self.lower) || !float(&self.upper)
    }

    /// Whether a row may have this value.
    fn might_be(&self, value: &Value) -> bool {
        !above(&self.lower, value) && !below(&self.upper, value) && !self.stats.lacks(self.id, value)
    }

    /// Whether every value that can be compared is this one.
    fn only(&self, value: &Value) -> bool {
        at_least(&self.lower, value) && at_most(&self.upper, value)
    }

    /// Whether no value that can be compared is this one.
    fn outside(&self, value: &Value) -> bool {
        above(&self.lower, value) || below(&self.upper, value)
    }
}

/// Bounds that contradict each other say nothing. UUIDs are bounded in the order of signed numbers by some writers: that
/// order agrees with ours unless it takes the bounds for contradictory, which a single one cannot show.
pub(crate) fn consistent(lower: Option<Value>, upper: Option<Value>) -> (Option<Value>, Option<Value>) {
    match (&lower, &upper) {
        (Some(a), Some(b)) if a.compare(b).is_none_or(|order| order == Ordering::Greater) => (None, None),
        (None, Some(Value::Uuid(_))) | (Some(Value::Uuid(_)), None) => (None, None),
        _ => (lower, upper),
    }
}

fn below(a: &Option<Value>, b: &Value) -> bool {
    a.as_ref().is_some_and(|a| a.compare(b) == Some(Ordering::Less))
}

fn above(a: &Option<Value>, b: &Value) -> bool {
    a.as_ref().is_some_and(|a| a.compare(b) == Some(Ordering::Greater))
}

fn at_most(a: &Option<Value>, b: &Value) -> bool {
    a.as_ref().is_some_and(|a| matches!(a.compare(b), Some(Ordering::Less | Ordering::Equal)))
}

fn at_least(a: &Option<Value>, b: &Value) -> bool {
    a.as_ref().is_some_and(|a| matches!(a.compare(b), Some(Ordering::Greater | Ordering::Equal)))
}

fn might_pass(test: &Test, known: &Known<'_>) -> bool {
    match test {
        Test::Never => false,
        Test::IsNull => !known.no_null(),
        Test::NotNull => !known.all_null(),
        Test::IsNan => known.stats.nan_count(known.id) != Some(0) && !known.all_null(),
        Test::NotNan => !known.all_null_or_nan(),
        // NaN is not equal to any value.
        Test::Compare(CompareOp::Ne, value) => !(known.all_null() || known.only(value) && known.no_nan()),
        Test::NotIn(values) => !(known.all_null() || known.no_nan() && values.iter().any(|value| known.only(value))),
        _ if known.all_null_or_nan() => false,
        Test::Compare(CompareOp::Eq, value) => known.might_be(value),
        Test::Compare(CompareOp::Lt, value) => !at_least(&known.lower, value),
        Test::Compare(CompareOp::Le, value) => !above(&known.lower, value),
        Test::Compare(CompareOp::Gt, value) => !at_most(&known.upper, value),
        Test::Compare(CompareOp::Ge, value) => !below(&known.upper, value),
        Test::In(values) => values.iter().any(|value| known.might_be(value)),
        Test::StartsWith(prefix) => !none_starts_with(known, prefix),
        Test::NotStartsWith(prefix) => !all_start_with(known, prefix),
    }
}

/// Both bounds begin so, and then all that lies between them does.
fn all_start_with(known: &Known<'_>, prefix: &str) -> bool {
    let begins = |value: &Option<Value>| matches!(value, Some(Value::String(text)) if text.starts_with(prefix));
    begins(&known.lower) && begins(&known.upper)
}

fn none_starts_with(known: &Known<'_>, prefix: &str) -> bool {
    let first = Value::String(prefix.to_owned());
    let past = next_string(prefix).map(Value::String);
    below(&known.upper, &first) || past.is_some_and(|past| at_least(&known.lower, &past))
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
        Test::Compare(CompareOp::Ne, value) => known.outside(value),
        Test::NotIn(values) => values.iter().all(|value| known.outside(value)),
        Test::NotStartsWith(prefix) => none_starts_with(known, prefix),
        _ if !known.no_nan() => false,
        Test::NotNan => true,
        Test::Compare(CompareOp::Eq, value) => known.only(value),
        Test::Compare(CompareOp::Lt, value) => below(&known.upper, value),
        Test::Compare(CompareOp::Le, value) => at_most(&known.upper, value),
        Test::Compare(CompareOp::Gt, value) => above(&known.lower, value),
        Test::Compare(CompareOp::Ge, value) => at_least(&known.lower, value),
        Test::In(values) => values.iter().any(|value| known.only(value)),
        Test::StartsWith(prefix) => all_start_with(known, prefix),
    }
}
