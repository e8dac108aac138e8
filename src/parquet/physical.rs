use parquet::basic::{LogicalType, TimeUnit};
use parquet::file::statistics::Statistics;
use parquet::schema::types::ColumnDescriptor;

use crate::spec::{PrimitiveType, Value};

/// A value as Parquet stores it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Physical<'a> {
    Boolean(bool),
    Int32(i32),
    Int64(i64),
    Float(f32),
    Double(f64),
    Bytes(&'a [u8]),
}

impl Physical<'_> {
    /// The value of a file's column, for a table's column of this type now (the file may be older than a promotion).
    /// `None` where the file's type does not fit or the value says nothing: NaN, broken text.
    pub(crate) fn value(self, primitive: PrimitiveType, column: &ColumnDescriptor) -> Option<Value> {
        let logical = column.logical_type_ref();
        let timestamp = |utc: bool| matches!(logical, Some(LogicalType::Timestamp(t)) if t.is_adjusted_to_u_t_c == utc);
        let unit = match logical {
            Some(LogicalType::Timestamp(t)) => Some(t.unit),
            Some(LogicalType::Time(t)) => Some(t.unit),
            _ => None,
        };
        let value = match (primitive, self) {
            (PrimitiveType::Boolean, Self::Boolean(value)) => Value::Boolean(value),
            (PrimitiveType::Int, Self::Int32(value)) if signed(logical) => Value::Int(value),
            (PrimitiveType::Long, Self::Int32(value)) if signed(logical) => Value::Long(value.into()),
            (PrimitiveType::Long, Self::Int64(value)) if signed(logical) => Value::Long(value),
            (PrimitiveType::Float, Self::Float(value)) => Value::Float(value),
            (PrimitiveType::Double, Self::Float(value)) => Value::Double(value.into()),
            (PrimitiveType::Double, Self::Double(value)) => Value::Double(value),
            (PrimitiveType::Decimal { scale, .. }, physical) => {
                let Some(LogicalType::Decimal(decimal)) = logical else { return None };
                if decimal.scale != i32::from(scale) {
                    return None;
                }
                let unscaled = match physical {
                    Self::Int32(value) => value.into(),
                    Self::Int64(value) => value.into(),
                    Self::Bytes(bytes) => crate::spec::from_big_endian(bytes)?,
                    _ => return None,
                };
                Value::Decimal { unscaled, scale }
            }
            (PrimitiveType::Date, Self::Int32(value)) => Value::Date(value),
            (PrimitiveType::Time, Self::Int64(value)) if unit == Some(TimeUnit::MICROS) => Value::Time(value),
            (PrimitiveType::Timestamp, Self::Int64(value)) if timestamp(false) && unit == Some(TimeUnit::MICROS) => {
                Value::Timestamp(value)
            }
            (PrimitiveType::Timestamptz, Self::Int64(value)) if timestamp(true) && unit == Some(TimeUnit::MICROS) => {
                Value::Timestamptz(value)
            }
            (PrimitiveType::TimestampNs, Self::Int64(value)) if timestamp(false) && unit == Some(TimeUnit::NANOS) => {
                Value::TimestampNs(value)
            }
            (PrimitiveType::TimestamptzNs, Self::Int64(value)) if timestamp(true) && unit == Some(TimeUnit::NANOS) => {
                Value::TimestamptzNs(value)
            }
            (PrimitiveType::String, Self::Bytes(bytes)) => Value::String(std::str::from_utf8(bytes).ok()?.to_owned()),
            (PrimitiveType::Uuid, Self::Bytes(bytes)) => Value::Uuid(u128::from_be_bytes(bytes.try_into().ok()?)),
            (PrimitiveType::Fixed(_), Self::Bytes(bytes)) => Value::Fixed(bytes.to_vec()),
            (PrimitiveType::Binary, Self::Bytes(bytes)) => Value::Binary(bytes.to_vec()),
            _ => return None,
        };
        (!value.is_nan()).then_some(value)
    }
}

fn signed(logical: Option<&LogicalType>) -> bool {
    match logical {
        None => true,
        Some(LogicalType::Integer(integer)) => integer.is_signed,
        Some(_) => false,
    }
}

/// The smallest and largest value of a column chunk, as stored. Statistics of the deprecated kind say nothing about
/// bytes: their order was never agreed upon.
pub(crate) fn bounds(statistics: &Statistics) -> (Option<Physical<'_>>, Option<Physical<'_>>) {
    macro_rules! both {
        ($typed:expr, $make:expr) => {
            ($typed.min_opt().map($make), $typed.max_opt().map($make))
        };
    }
    match statistics {
        Statistics::Boolean(typed) => both!(typed, |value| Physical::Boolean(*value)),
        Statistics::Int32(typed) => both!(typed, |value| Physical::Int32(*value)),
        Statistics::Int64(typed) => both!(typed, |value| Physical::Int64(*value)),
        Statistics::Float(typed) => both!(typed, |value| Physical::Float(*value)),
        Statistics::Double(typed) => both!(typed, |value| Physical::Double(*value)),
        Statistics::ByteArray(typed) if !statistics.is_min_max_deprecated() => {
            (typed.min_bytes_opt().map(Physical::Bytes), typed.max_bytes_opt().map(Physical::Bytes))
        }
        Statistics::FixedLenByteArray(typed) if !statistics.is_min_max_deprecated() => {
            (typed.min_bytes_opt().map(Physical::Bytes), typed.max_bytes_opt().map(Physical::Bytes))
        }
        _ => (None, None),
    }
}
