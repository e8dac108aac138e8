use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch};
use arrow_buffer::{ArrowNativeType, BooleanBuffer, NullBuffer};
use arrow_data::ArrayData;
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
    // Few loops for many types: what is narrow is widened, and what sorts as its bytes is compared as bytes.
    let passed = match primitive {
        PrimitiveType::Boolean => {
            let values: Vec<i64> = array.as_boolean().values().iter().map(i64::from).collect();
            compare(&values, test, whole)
        }
        PrimitiveType::Int | PrimitiveType::Date => {
            let data = array.to_data();
            let values: Vec<i64> = natives::<i32>(&data).iter().map(|value| i64::from(*value)).collect();
            compare(&values, test, whole)
        }
        PrimitiveType::Long
        | PrimitiveType::Time
        | PrimitiveType::Timestamp
        | PrimitiveType::Timestamptz
        | PrimitiveType::TimestampNs
        | PrimitiveType::TimestamptzNs => compare(natives::<i64>(&array.to_data()), test, whole),
        PrimitiveType::Float => {
            let data = array.to_data();
            let values: Vec<f64> = natives::<f32>(&data).iter().map(|value| f64::from(*value)).collect();
            floats(&values, test)
        }
        PrimitiveType::Double => floats(natives::<f64>(&array.to_data()), test),
        PrimitiveType::Decimal { .. } => compare(natives::<i128>(&array.to_data()), test, wide),
        PrimitiveType::Uuid => {
            let bytes = array.as_fixed_size_binary();
            let uuid = |row| u128::from_be_bytes(bytes.value(row).try_into().unwrap_or_default());
            let values: Vec<i128> = (0..bytes.len()).map(|row| ordered(uuid(row))).collect();
            compare(&values, test, wide)
        }
        PrimitiveType::String => {
            let strings = array.as_string::<i32>();
            let values: Vec<&[u8]> = (0..strings.len()).map(|row| strings.value(row).as_bytes()).collect();
            match test {
                Test::StartsWith(prefix) => Some(each(&values, |value| value.starts_with(prefix.as_bytes()))),
                Test::NotStartsWith(prefix) => Some(each(&values, |value| !value.starts_with(prefix.as_bytes()))),
                _ => compare(&values, test, bytes_of),
            }
        }
        PrimitiveType::Binary => {
            let bytes = array.as_binary::<i32>();
            let values: Vec<&[u8]> = (0..bytes.len()).map(|row| bytes.value(row)).collect();
            compare(&values, test, bytes_of)
        }
        PrimitiveType::Fixed(_) => {
            let bytes = array.as_fixed_size_binary();
            let values: Vec<&[u8]> = (0..bytes.len()).map(|row| bytes.value(row)).collect();
            compare(&values, test, bytes_of)
        }
    };
    passed.ok_or_else(wrong)
}

/// The slots of an array of a primitive type, which was compared with the column's.
fn natives<T: ArrowNativeType>(data: &ArrayData) -> &[T] {
    data.buffer::<T>(0).get(..data.len()).unwrap_or_default()
}

/// Numbers in the order of UUIDs, which is that of their bytes.
fn ordered(uuid: u128) -> i128 {
    (uuid ^ (1 << 127)).cast_signed()
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Boolean(value) => Some((*value).into()),
        Value::Int(value) | Value::Date(value) => Some((*value).into()),
        Value::Long(value)
        | Value::Time(value)
        | Value::Timestamp(value)
        | Value::Timestamptz(value)
        | Value::TimestampNs(value)
        | Value::TimestamptzNs(value) => Some(*value),
        _ => None,
    }
}

fn wide(value: &Value) -> Option<i128> {
    match value {
        Value::Decimal { unscaled, .. } => Some(*unscaled),
        Value::Uuid(value) => Some(ordered(*value)),
        _ => None,
    }
}

fn bytes_of(value: &Value) -> Option<&[u8]> {
    match value {
        Value::String(text) => Some(text.as_bytes()),
        Value::Binary(bytes) | Value::Fixed(bytes) => Some(bytes),
        _ => None,
    }
}

fn floats(values: &[f64], test: &Test) -> Option<BooleanBuffer> {
    match test {
        Test::IsNan => Some(each(values, |value| value.is_nan())),
        Test::NotNan => Some(each(values, |value| !value.is_nan())),
        _ => compare(values, test, |value| match value {
            Value::Float(value) => Some((*value).into()),
            Value::Double(value) => Some(*value),
            _ => None,
        }),
    }
}

/// Comparisons as IEEE 754 has them: every one with a NaN is false but `!=`. `None` for a test that is no comparison, or
/// with a literal of another type.
fn compare<'t, V: PartialOrd + Copy>(
    values: &[V],
    test: &'t Test,
    literal: impl Fn(&'t Value) -> Option<V>,
) -> Option<BooleanBuffer> {
    Some(match test {
        Test::Compare(op, value) => {
            let literal = literal(value)?;
            match op {
                CompareOp::Eq => each(values, |value| value == literal),
                CompareOp::Ne => !&each(values, |value| value == literal),
                CompareOp::Lt => each(values, |value| value < literal),
                CompareOp::Le => each(values, |value| value <= literal),
                CompareOp::Gt => each(values, |value| value > literal),
                CompareOp::Ge => each(values, |value| value >= literal),
            }
        }
        Test::In(literals) | Test::NotIn(literals) => {
            let set = literals.iter().map(literal).collect::<Option<Vec<V>>>()?;
            let among = each(values, |value| match set.len() {
                0..=8 => set.contains(&value),
                _ => set.get(set.partition_point(|other| *other < value)) == Some(&value),
            });
            if matches!(test, Test::In(_)) { among } else { !&among }
        }
        _ => return None,
    })
}

fn each<V: Copy>(values: &[V], pass: impl Fn(V) -> bool) -> BooleanBuffer {
    let mut values = values.iter();
    BooleanBuffer::collect_bool(values.len(), |_| values.next().is_some_and(|value| pass(*value)))
}
