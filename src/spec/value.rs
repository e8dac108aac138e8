use std::cmp::Ordering;

use crate::error::{Error, Result};
use crate::spec::PrimitiveType;

/// A single value of a primitive type: a bound, a partition value, a literal of a filter.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `boolean`
    Boolean(bool),
    /// `int`
    Int(i32),
    /// `long`
    Long(i64),
    /// `float`
    Float(f32),
    /// `double`
    Double(f64),
    /// `decimal(P, S)`
    Decimal {
        /// The number times 10 to the power of `scale`.
        unscaled: i128,
        /// Digits after the point.
        scale: u8,
    },
    /// `date`: days since 1970-01-01.
    Date(i32),
    /// `time`: microseconds since midnight.
    Time(i64),
    /// `timestamp`: microseconds since 1970-01-01T00:00:00.
    Timestamp(i64),
    /// `timestamptz`: microseconds since 1970-01-01T00:00:00Z.
    Timestamptz(i64),
    /// `timestamp_ns`: nanoseconds since 1970-01-01T00:00:00.
    TimestampNs(i64),
    /// `timestamptz_ns`: nanoseconds since 1970-01-01T00:00:00Z.
    TimestamptzNs(i64),
    /// `string`
    String(String),
    /// `uuid`
    Uuid(u128),
    /// `fixed[L]`
    Fixed(Vec<u8>),
    /// `binary`
    Binary(Vec<u8>),
}

impl Value {
    /// The order of two values of one type: numbers by size with -0.0 equal to 0.0, text and bytes by their bytes.
    /// `None` for different types, and where a NaN is involved.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Boolean(a), Self::Boolean(b)) => Some(a.cmp(b)),
            (Self::Int(a), Self::Int(b)) | (Self::Date(a), Self::Date(b)) => Some(a.cmp(b)),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(b),
            (Self::Double(a), Self::Double(b)) => a.partial_cmp(b),
            (Self::Decimal { unscaled: a, scale: s }, Self::Decimal { unscaled: b, scale: t }) if s == t => {
                Some(a.cmp(b))
            }
            (Self::Long(a), Self::Long(b))
            | (Self::Time(a), Self::Time(b))
            | (Self::Timestamp(a), Self::Timestamp(b))
            | (Self::Timestamptz(a), Self::Timestamptz(b))
            | (Self::TimestampNs(a), Self::TimestampNs(b))
            | (Self::TimestamptzNs(a), Self::TimestamptzNs(b)) => Some(a.cmp(b)),
            (Self::String(a), Self::String(b)) => Some(a.cmp(b)),
            (Self::Uuid(a), Self::Uuid(b)) => Some(a.cmp(b)),
            (Self::Fixed(a), Self::Fixed(b)) | (Self::Binary(a), Self::Binary(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }

    /// Whether it is a floating-point NaN.
    pub fn is_nan(&self) -> bool {
        match self {
            Self::Float(value) => value.is_nan(),
            Self::Double(value) => value.is_nan(),
            _ => false,
        }
    }

    /// The spec's binary single-value form (spec: Appendix D).
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Boolean(value) => vec![u8::from(*value)],
            Self::Int(value) | Self::Date(value) => value.to_le_bytes().to_vec(),
            Self::Long(value)
            | Self::Time(value)
            | Self::Timestamp(value)
            | Self::Timestamptz(value)
            | Self::TimestampNs(value)
            | Self::TimestamptzNs(value) => value.to_le_bytes().to_vec(),
            Self::Float(value) => value.to_le_bytes().to_vec(),
            Self::Double(value) => value.to_le_bytes().to_vec(),
            Self::Decimal { unscaled, .. } => minimal_big_endian(*unscaled),
            Self::String(value) => value.clone().into_bytes(),
            Self::Uuid(value) => value.to_be_bytes().to_vec(),
            Self::Fixed(value) | Self::Binary(value) => value.clone(),
        }
    }

    /// From the spec's binary form, for a column of this type now: bounds written before a promotion (int to long,
    /// float to double, date to timestamp) are widened. Fails with [`InvalidData`](crate::ErrorKind::InvalidData) on a wrong length.
    pub fn from_bytes(primitive: PrimitiveType, bytes: &[u8]) -> Result<Self> {
        let wrong = || Error::invalid_data(format!("{} bytes are no value of type {primitive}", bytes.len()));
        let four = || <[u8; 4]>::try_from(bytes).map_err(|_| wrong());
        let eight = || <[u8; 8]>::try_from(bytes).map_err(|_| wrong());
        Ok(match primitive {
            PrimitiveType::Boolean => match bytes {
                [0] => Self::Boolean(false),
                [_] => Self::Boolean(true),
                _ => return Err(wrong()),
            },
            PrimitiveType::Int => Self::Int(i32::from_le_bytes(four()?)),
            PrimitiveType::Date => Self::Date(i32::from_le_bytes(four()?)),
            PrimitiveType::Long if bytes.len() == 4 => Self::Long(i32::from_le_bytes(four()?).into()),
            PrimitiveType::Long => Self::Long(i64::from_le_bytes(eight()?)),
            PrimitiveType::Float => Self::Float(f32::from_le_bytes(four()?)),
            PrimitiveType::Double if bytes.len() == 4 => Self::Double(f32::from_le_bytes(four()?).into()),
            PrimitiveType::Double => Self::Double(f64::from_le_bytes(eight()?)),
            PrimitiveType::Time => Self::Time(i64::from_le_bytes(eight()?)),
            PrimitiveType::Timestamp if bytes.len() == 4 => {
                Self::Timestamp(i64::from(i32::from_le_bytes(four()?)) * 86_400_000_000)
            }
            PrimitiveType::TimestampNs if bytes.len() == 4 => {
                let nanos = i64::from(i32::from_le_bytes(four()?)).checked_mul(86_400_000_000_000);
                Self::TimestampNs(nanos.ok_or_else(wrong)?)
            }
            PrimitiveType::Timestamp => Self::Timestamp(i64::from_le_bytes(eight()?)),
            PrimitiveType::Timestamptz => Self::Timestamptz(i64::from_le_bytes(eight()?)),
            PrimitiveType::TimestampNs => Self::TimestampNs(i64::from_le_bytes(eight()?)),
            PrimitiveType::TimestamptzNs => Self::TimestamptzNs(i64::from_le_bytes(eight()?)),
            PrimitiveType::Decimal { scale, .. } => {
                let unscaled = from_big_endian(bytes).ok_or_else(wrong)?;
                Self::Decimal { unscaled, scale }
            }
            PrimitiveType::String => Self::String(String::from_utf8(bytes.to_vec()).map_err(|_| wrong())?),
            PrimitiveType::Uuid => Self::Uuid(u128::from_be_bytes(bytes.try_into().map_err(|_| wrong())?)),
            PrimitiveType::Fixed(_) => Self::Fixed(bytes.to_vec()),
            PrimitiveType::Binary => Self::Binary(bytes.to_vec()),
        })
    }
}

/// Two's complement, big-endian, as few bytes as hold the value (at least one).
pub(crate) fn minimal_big_endian(value: i128) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let sign = if value < 0 { 0xff } else { 0 };
    let mut rest = bytes.as_slice();
    while let [first, second, ..] = rest
        && *first == sign
        && (second ^ sign) & 0x80 == 0
    {
        rest = rest.get(1..).unwrap_or_default();
    }
    rest.to_vec()
}

/// The inverse, for 1 to 16 bytes.
pub(crate) fn from_big_endian(bytes: &[u8]) -> Option<i128> {
    let first = bytes.first()?;
    if bytes.len() > 16 {
        return None;
    }
    let start = if first & 0x80 == 0 { 0 } else { -1 };
    Some(bytes.iter().fold(start, |value, byte| (value << 8) | i128::from(*byte)))
}
