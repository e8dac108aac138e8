use crate::spec::{PrimitiveType, Transform, Type, Value};

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

impl Type {
    /// Whether a column of this type may become one of the other while its files stay as they are (spec: Schema
    /// Evolution).
    pub(crate) fn may_become(&self, to: &Self, format_version: i32) -> bool {
        use PrimitiveType::{Date, Decimal, Double, Float, Int, Long, Timestamp, TimestampNs};
        match (self, to) {
            (Self::Unknown, _) => format_version >= 3 && *to != Self::Unknown,
            (Self::Primitive(from), Self::Primitive(to)) => match (from, to) {
                (Int, Long) | (Float, Double) => true,
                (Decimal { precision, scale }, Decimal { precision: wider, scale: same }) => {
                    wider > precision && scale == same
                }
                (Date, Timestamp | TimestampNs) => format_version >= 3,
                _ => false,
            },
            _ => false,
        }
    }

    /// The first version of the format that has this type itself, whatever is inside.
    pub(crate) fn format_version(&self) -> i32 {
        match self {
            Self::Variant
            | Self::Unknown
            | Self::Primitive(PrimitiveType::TimestampNs | PrimitiveType::TimestamptzNs) => 3,
            _ => 1,
        }
    }
}

impl Transform {
    /// Whether partition values of a column of this type stay what they are, whichever promotion the column makes.
    pub(super) fn outlasts_promotion(&self, from: &Type) -> bool {
        match self {
            Self::Void => true,
            Self::Unknown(_) => false,
            // Of days and of the moments when they begin these are the same, but for hours, which days do not have.
            Self::Year | Self::Month | Self::Day => *from != Type::Unknown,
            Self::Identity | Self::Bucket(_) | Self::Truncate(_) | Self::Hour => {
                !matches!(from, Type::Unknown | Type::Primitive(PrimitiveType::Date))
            }
        }
    }
}

/// A value in the type that its column has now. `None` where Iceberg has no such promotion.
pub(crate) fn promoted(value: &Value, primitive: PrimitiveType) -> Option<Value> {
    Some(match (value, primitive) {
        (Value::Int(value), PrimitiveType::Long) => Value::Long((*value).into()),
        (Value::Float(value), PrimitiveType::Double) => Value::Double((*value).into()),
        (Value::Date(days), PrimitiveType::Timestamp) => Value::Timestamp(i64::from(*days).checked_mul(DAY)?),
        (Value::Date(days), PrimitiveType::TimestampNs) => {
            Value::TimestampNs(i64::from(*days).checked_mul(DAY)?.checked_mul(1_000)?)
        }
        (Value::Decimal { scale, .. }, PrimitiveType::Decimal { scale: same, .. }) if *scale == same => value.clone(),
        (Value::Boolean(_), PrimitiveType::Boolean)
        | (Value::Int(_), PrimitiveType::Int)
        | (Value::Long(_), PrimitiveType::Long)
        | (Value::Float(_), PrimitiveType::Float)
        | (Value::Double(_), PrimitiveType::Double)
        | (Value::Date(_), PrimitiveType::Date)
        | (Value::Time(_), PrimitiveType::Time)
        | (Value::Timestamp(_), PrimitiveType::Timestamp)
        | (Value::Timestamptz(_), PrimitiveType::Timestamptz)
        | (Value::TimestampNs(_), PrimitiveType::TimestampNs)
        | (Value::TimestamptzNs(_), PrimitiveType::TimestamptzNs)
        | (Value::String(_), PrimitiveType::String)
        | (Value::Uuid(_), PrimitiveType::Uuid)
        | (Value::Fixed(_), PrimitiveType::Fixed(_))
        | (Value::Binary(_), PrimitiveType::Binary) => value.clone(),
        _ => return None,
    })
}
