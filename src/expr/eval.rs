use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, BooleanArray, RecordBatch};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use arrow_schema::{DataType, Field, Fields};
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;

use crate::error::{Error, Result};
use crate::expr::{BoundColumn, BoundPredicate, CompareOp, Test};
use crate::spec::{PrimitiveType, Value};

/// Which rows of a batch satisfy the predicate: true or false for each, never null.
///
/// Columns are found by the field ids in the batch's schema ([`to_arrow`](crate::spec::to_arrow) puts them there). Fails with
/// [`InvalidInput`](crate::ErrorKind::InvalidInput) when one is missing or of another type.
pub fn evaluate(predicate: &BoundPredicate, batch: &RecordBatch) -> Result<BooleanArray> {
    rows(predicate, batch).map(|buffer| BooleanArray::new(buffer, None))
}

fn rows(predicate: &BoundPredicate, batch: &RecordBatch) -> Result<BooleanBuffer> {
    match predicate {
        BoundPredicate::AlwaysTrue => Ok(BooleanBuffer::new_set(batch.num_rows())),
        BoundPredicate::AlwaysFalse => Ok(BooleanBuffer::new_unset(batch.num_rows())),
        BoundPredicate::And(parts) => {
            let mut all = BooleanBuffer::new_set(batch.num_rows());
            for part in parts {
                all = &all & &rows(part, batch)?;
                if all.count_set_bits() == 0 {
                    break;
                }
            }
            Ok(all)
        }
        BoundPredicate::Or(parts) => {
            let mut any = BooleanBuffer::new_unset(batch.num_rows());
            for part in parts {
                any = &any | &rows(part, batch)?;
            }
            Ok(any)
        }
        BoundPredicate::Column(column, test) => {
            let missing = || Error::invalid_input(format!("the batch has no column `{}`", column.name));
            let found = find(batch.schema_ref().fields(), batch.columns(), column.id, None);
            let (array, nulls) = found.ok_or_else(missing)?;
            let passed = passing(column, test, &array, nulls.as_ref())?;
            Ok(match (test, nulls) {
                (Test::IsNull, _) | (_, None) => passed,
                (_, Some(nulls)) => &passed & nulls.inner(),
            })
        }
    }
}

fn has_id(field: &Field, id: i32) -> bool {
    field.metadata().get(PARQUET_FIELD_ID_META_KEY).and_then(|text| text.parse().ok()) == Some(id)
}

/// The column of that id, at any depth of structs, with the nulls of what it is inside of made its own.
fn find(
    fields: &Fields,
    columns: &[ArrayRef],
    id: i32,
    outer: Option<&NullBuffer>,
) -> Option<(ArrayRef, Option<NullBuffer>)> {
    for (field, column) in fields.iter().zip(columns) {
        if has_id(field, id) {
            return Some((column.clone(), NullBuffer::union(column.logical_nulls().as_ref(), outer)));
        }
        if let (DataType::Struct(inner), Some(structure)) = (field.data_type(), column.as_struct_opt()) {
            let nulls = NullBuffer::union(structure.nulls(), outer);
            if let Some(found) = find(inner, structure.columns(), id, nulls.as_ref()) {
                return Some(found);
            }
        }
    }
    None
}

/// The test on every slot. What is said of null slots is put right by the caller.
fn passing(column: &BoundColumn, test: &Test, array: &ArrayRef, nulls: Option<&NullBuffer>) -> Result<BooleanBuffer> {
    let wrong = || {
        let wanted = column.primitive.map_or("a single value".to_owned(), |primitive| primitive.to_string());
        Error::invalid_input(format!("column `{}` is Arrow's {}, not {wanted}", column.name, array.data_type()))
    };
    match test {
        Test::IsNull => {
            return Ok(match nulls {
                Some(nulls) => !nulls.inner(),
                None => BooleanBuffer::new_unset(array.len()),
            });
        }
        Test::NotNull => return Ok(BooleanBuffer::new_set(array.len())),
        Test::Never => return Ok(BooleanBuffer::new_unset(array.len())),
        _ => {}
    }
    let primitive = column.primitive.ok_or_else(wrong)?;
    if &crate::spec::primitive_to_arrow(primitive)? != array.data_type() {
        return Err(wrong());
    }
    macro_rules! native {
        ($arrow:ident, $variant:ident) => {
            natives::<$arrow>(array, test, |value| match value {
                Value::$variant(value) => Some(*value),
                _ => None,
            })
        };
    }
    let passed = match primitive {
        PrimitiveType::Int => native!(Int32Type, Int),
        PrimitiveType::Long => native!(Int64Type, Long),
        PrimitiveType::Float => match test {
            Test::IsNan => Some(each(array.as_primitive::<Float32Type>().values().iter(), |value| value.is_nan())),
            Test::NotNan => Some(each(array.as_primitive::<Float32Type>().values().iter(), |value| !value.is_nan())),
            _ => native!(Float32Type, Float),
        },
        PrimitiveType::Double => match test {
            Test::IsNan => Some(each(array.as_primitive::<Float64Type>().values().iter(), |value| value.is_nan())),
            Test::NotNan => Some(each(array.as_primitive::<Float64Type>().values().iter(), |value| !value.is_nan())),
            _ => native!(Float64Type, Double),
        },
        PrimitiveType::Decimal { .. } => natives::<Decimal128Type>(array, test, |value| match value {
            Value::Decimal { unscaled, .. } => Some(*unscaled),
            _ => None,
        }),
        PrimitiveType::Date => native!(Date32Type, Date),
        PrimitiveType::Time => native!(Time64MicrosecondType, Time),
        PrimitiveType::Timestamp => native!(TimestampMicrosecondType, Timestamp),
        PrimitiveType::Timestamptz => native!(TimestampMicrosecondType, Timestamptz),
        PrimitiveType::TimestampNs => native!(TimestampNanosecondType, TimestampNs),
        PrimitiveType::TimestamptzNs => native!(TimestampNanosecondType, TimestamptzNs),
        PrimitiveType::Boolean => {
            let values = array.as_boolean().values().iter();
            compare(values, test, |value| if let Value::Boolean(value) = value { Some(*value) } else { None })
        }
        PrimitiveType::String => {
            let strings = array.as_string::<i32>();
            let values = (0..strings.len()).map(|row| strings.value(row));
            match test {
                Test::StartsWith(prefix) => Some(each(values, |value| value.starts_with(prefix.as_str()))),
                Test::NotStartsWith(prefix) => Some(each(values, |value| !value.starts_with(prefix.as_str()))),
                _ => compare(
                    values,
                    test,
                    |value| if let Value::String(value) = value { Some(value.as_str()) } else { None },
                ),
            }
        }
        PrimitiveType::Binary => {
            let bytes = array.as_binary::<i32>();
            compare((0..bytes.len()).map(|row| bytes.value(row)), test, bytes_of)
        }
        PrimitiveType::Fixed(_) => {
            let bytes = array.as_fixed_size_binary();
            compare((0..bytes.len()).map(|row| bytes.value(row)), test, bytes_of)
        }
        PrimitiveType::Uuid => {
            let bytes = array.as_fixed_size_binary();
            let uuid = |row| u128::from_be_bytes(bytes.value(row).try_into().unwrap_or_default());
            compare(
                (0..bytes.len()).map(uuid),
                test,
                |value| if let Value::Uuid(value) = value { Some(*value) } else { None },
            )
        }
    };
    passed.ok_or_else(wrong)
}

fn bytes_of(value: &Value) -> Option<&[u8]> {
    match value {
        Value::Binary(bytes) | Value::Fixed(bytes) => Some(bytes),
        _ => None,
    }
}

fn natives<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    test: &Test,
    literal: impl Fn(&Value) -> Option<T::Native>,
) -> Option<BooleanBuffer>
where
    T::Native: PartialOrd,
{
    compare(array.as_primitive::<T>().values().iter().copied(), test, literal)
}

/// Comparisons as IEEE 754 has them: every one with a NaN is false but `!=`. `None` for a test that is no comparison, or
/// with a literal of another type.
fn compare<'t, V: PartialOrd + Copy>(
    values: impl ExactSizeIterator<Item = V>,
    test: &'t Test,
    literal: impl Fn(&'t Value) -> Option<V>,
) -> Option<BooleanBuffer> {
    let among = |values: &'t [Value]| values.iter().map(&literal).collect::<Option<Vec<V>>>();
    let contains = |set: &[V], value: &V| match set.len() {
        0..=8 => set.contains(value),
        _ => {
            let position = set.partition_point(|other| other < value);
            set.get(position) == Some(value)
        }
    };
    Some(match test {
        Test::Compare(op, value) => {
            let literal = literal(value)?;
            match op {
                CompareOp::Eq => each(values, |value| value == literal),
                CompareOp::Ne => each(values, |value| value != literal),
                CompareOp::Lt => each(values, |value| value < literal),
                CompareOp::Le => each(values, |value| value <= literal),
                CompareOp::Gt => each(values, |value| value > literal),
                CompareOp::Ge => each(values, |value| value >= literal),
            }
        }
        Test::In(literals) => {
            let set = among(literals)?;
            each(values, |value| contains(&set, &value))
        }
        Test::NotIn(literals) => {
            let set = among(literals)?;
            each(values, |value| !contains(&set, &value))
        }
        _ => return None,
    })
}

fn each<V>(mut values: impl ExactSizeIterator<Item = V>, pass: impl Fn(V) -> bool) -> BooleanBuffer {
    BooleanBuffer::collect_bool(values.len(), |_| values.next().is_some_and(&pass))
}
