use crate::expr::ColumnStats;
use crate::expr::metrics::consistent;
use crate::spec::{FieldSummary, PartitionField, PartitionSpec, PrimitiveType, Schema, Transform, Value, promoted};

const INT_MIN: i64 = i32::MIN as i64;

/// What partition values tell of the columns that they were made from: of the rows of one file by its partition, of those
/// of a manifest's files by its summaries.
///
/// So filters are not projected onto partitions, but partitions back onto columns, which is decided like any other
/// statistics: a day bounds the timestamps in it, a truncated text those that begin so. Only hashes bound nothing; they
/// tell which values are lacking. Columns are found by id, whatever has become of their names and types.
#[derive(Debug)]
pub struct PartitionStats<'a> {
    parts: Vec<Part<'a>>,
    rows: Option<u64>,
}

/// What one partition field tells of its column.
#[derive(Debug)]
struct Part<'a> {
    source: i32,
    transform: &'a Transform,
    /// Whether all values are null, or none; `None` if some may be.
    null: Option<bool>,
    nan: Option<bool>,
    /// Bounds of the partition values.
    own: (Option<Value>, Option<Value>),
    /// Bounds of the column's values.
    column: (Option<Value>, Option<Value>),
}

impl<'a> PartitionStats<'a> {
    /// Of a file with this partition, of so many rows. The schema is the one that predicates are bound to.
    pub fn of_file(spec: &'a PartitionSpec, partition: &[Option<Value>], schema: &Schema, rows: u64) -> Self {
        let parts = spec.fields.iter().zip(partition).filter_map(|(field, value)| {
            let primitive = source(field, schema)?;
            let nan = value.as_ref().is_some_and(Value::is_nan);
            Some(Part::new(field, primitive, Some(value.is_none()), Some(nan), (value.clone(), value.clone())))
        });
        Self { parts: parts.collect(), rows: Some(rows) }
    }

    /// Of the files of a manifest, by the summaries in the manifest list. Summaries that do not fit the spec say nothing.
    pub fn of_manifest(spec: &'a PartitionSpec, summaries: &[FieldSummary], schema: &Schema) -> Self {
        let fitting = if summaries.len() == spec.fields.len() { summaries } else { &[] };
        let parts = spec.fields.iter().zip(fitting).filter_map(|(field, summary)| {
            let primitive = source(field, schema)?;
            let result = field.transform.result_type(primitive)?;
            let bound = |bytes: &Option<Vec<u8>>| {
                Value::from_bytes(result, bytes.as_ref()?).ok().filter(|value| !value.is_nan())
            };
            // What is not bounded may have been left out.
            let null = if summary.contains_null { None } else { Some(false) };
            let nan = if summary.contains_nan == Some(false) { Some(false) } else { None };
            Some(Part::new(field, primitive, null, nan, (bound(&summary.lower_bound), bound(&summary.upper_bound))))
        });
        Self { parts: parts.collect(), rows: None }
    }

    fn of(&self, id: i32) -> impl Iterator<Item = &Part<'a>> {
        self.parts.iter().filter(move |part| part.source == id)
    }

    /// All rows, or none.
    fn count(&self, all: Option<bool>) -> Option<u64> {
        if all? { self.rows } else { Some(0) }
    }
}

/// The type that a field's column has now, if its values tell anything of it.
fn source(field: &PartitionField, schema: &Schema) -> Option<PrimitiveType> {
    match field.transform {
        Transform::Void | Transform::Unknown(_) => None,
        _ => schema.field_by_id(field.source_id)?.field_type.as_primitive(),
    }
}

impl<'a> Part<'a> {
    fn new(
        field: &'a PartitionField,
        primitive: PrimitiveType,
        null: Option<bool>,
        nan: Option<bool>,
        own: (Option<Value>, Option<Value>),
    ) -> Self {
        let transform = &field.transform;
        let own = consistent(own.0, own.1);
        let column = transform.behind(own.0.as_ref(), own.1.as_ref(), primitive);
        let result = transform.result_type(primitive);
        let promoted = |value: Option<Value>| promoted(&value?, result?);
        Self { source: field.source_id, transform, null, nan, own: (promoted(own.0), promoted(own.1)), column }
    }

    fn lacks(&self, value: &Value) -> bool {
        // Bounds do for all others.
        if !matches!(self.transform, Transform::Bucket(_) | Transform::Truncate(_)) {
            return false;
        }
        let Some(made) = self.transform.apply(value) else { return false };
        // It may have wrapped around when the column was an int.
        if matches!((value, &made), (Value::Long(value), Value::Long(made)) if *value >= INT_MIN && *made < INT_MIN) {
            return false;
        }
        let order = |bound: &Option<Value>| made.compare(bound.as_ref()?);
        order(&self.own.0).is_some_and(|order| order.is_lt()) || order(&self.own.1).is_some_and(|order| order.is_gt())
    }
}

impl ColumnStats for PartitionStats<'_> {
    fn record_count(&self) -> Option<u64> {
        self.rows
    }

    fn value_count(&self, _id: i32) -> Option<u64> {
        self.rows
    }

    fn null_count(&self, id: i32) -> Option<u64> {
        self.of(id).find_map(|part| self.count(part.null))
    }

    fn nan_count(&self, id: i32) -> Option<u64> {
        // Other transforms than identity are not for types that have NaN.
        self.of(id).filter(|part| *part.transform == Transform::Identity).find_map(|part| self.count(part.nan))
    }

    fn lower(&self, id: i32) -> Option<Value> {
        self.of(id).filter_map(|part| part.column.0.clone()).reduce(|a, b| if greater(&b, &a) { b } else { a })
    }

    fn upper(&self, id: i32) -> Option<Value> {
        self.of(id).filter_map(|part| part.column.1.clone()).reduce(|a, b| if greater(&a, &b) { b } else { a })
    }

    fn lacks(&self, id: i32, value: &Value) -> bool {
        self.of(id).any(|part| part.lacks(value))
    }
}

pub(super) fn greater(a: &Value, b: &Value) -> bool {
    a.compare(b).is_some_and(|order| order.is_gt())
}
