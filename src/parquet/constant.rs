use std::sync::Arc;

use arrow_array::*;
use arrow_schema::{DataType, Field};

use crate::error::{Error, Result};
use crate::spec::primitive_to_arrow;
use crate::spec::{PrimitiveType, Value};

/// A column of one value in every row.
pub(crate) fn constant_array(primitive: PrimitiveType, value: &Value, rows: usize) -> Result<ArrayRef> {
    let wrong = || Error::invalid_data(format!("{value:?} is no value of type {primitive}"));
    let array: ArrayRef = match (primitive, value) {
        (PrimitiveType::Boolean, Value::Boolean(value)) => Arc::new(BooleanArray::from(vec![*value; rows])),
        (PrimitiveType::Int, Value::Int(value)) => Arc::new(Int32Array::from_value(*value, rows)),
        (PrimitiveType::Long, Value::Long(value)) => Arc::new(Int64Array::from_value(*value, rows)),
        (PrimitiveType::Long, Value::Int(value)) => Arc::new(Int64Array::from_value((*value).into(), rows)),
        (PrimitiveType::Float, Value::Float(value)) => Arc::new(Float32Array::from_value(*value, rows)),
        (PrimitiveType::Double, Value::Double(value)) => Arc::new(Float64Array::from_value(*value, rows)),
        (PrimitiveType::Double, Value::Float(value)) => Arc::new(Float64Array::from_value((*value).into(), rows)),
        (PrimitiveType::Decimal { scale, .. }, Value::Decimal { unscaled, scale: of }) if scale == *of => {
            let DataType::Decimal128(precision, scale) = primitive_to_arrow(primitive)? else { return Err(wrong()) };
            let array = Decimal128Array::from_value(*unscaled, rows).with_precision_and_scale(precision, scale);
            Arc::new(array.map_err(|_| wrong())?)
        }
        (PrimitiveType::Date, Value::Date(value)) => Arc::new(Date32Array::from_value(*value, rows)),
        (PrimitiveType::Time, Value::Time(value)) => Arc::new(Time64MicrosecondArray::from_value(*value, rows)),
        (PrimitiveType::Timestamp, Value::Timestamp(value)) => {
            Arc::new(TimestampMicrosecondArray::from_value(*value, rows))
        }
        (PrimitiveType::Timestamptz, Value::Timestamptz(value)) => {
            Arc::new(TimestampMicrosecondArray::from_value(*value, rows).with_timezone("UTC"))
        }
        (PrimitiveType::TimestampNs, Value::TimestampNs(value)) => {
            Arc::new(TimestampNanosecondArray::from_value(*value, rows))
        }
        (PrimitiveType::TimestamptzNs, Value::TimestamptzNs(value)) => {
            Arc::new(TimestampNanosecondArray::from_value(*value, rows).with_timezone("UTC"))
        }
        (PrimitiveType::String, Value::String(value)) => {
            Arc::new(StringArray::from_iter_values(std::iter::repeat_n(value, rows)))
        }
        (PrimitiveType::Binary, Value::Binary(value)) => {
            Arc::new(BinaryArray::from_iter_values(std::iter::repeat_n(value, rows)))
        }
        (PrimitiveType::Uuid, Value::Uuid(value)) => fixed(&value.to_be_bytes(), rows).ok_or_else(wrong)?,
        (PrimitiveType::Fixed(length), Value::Fixed(value)) if u32::try_from(value.len()) == Ok(length) => {
            fixed(value, rows).ok_or_else(wrong)?
        }
        _ => return Err(wrong()),
    };
    Ok(array)
}

fn fixed(value: &[u8], rows: usize) -> Option<ArrayRef> {
    let width = i32::try_from(value.len()).ok()?;
    Some(Arc::new(FixedSizeBinaryArray::try_new(width, value.repeat(rows).into(), None).ok()?))
}

/// A column of nulls.
pub(crate) fn null_column(field: &Field, rows: usize) -> ArrayRef {
    new_null_array(field.data_type(), rows)
}
