use serde_json::Value as Json;

use crate::error::{Error, Result};
use crate::spec::time_text::{parse_date, parse_date_time, parse_time};
use crate::spec::{PrimitiveType, Value, parse_uuid};

/// A default value of a column from its JSON (spec: JSON single-value serialization).
pub(crate) fn default_value(primitive: PrimitiveType, json: &Json) -> Result<Value> {
    read(primitive, json).ok_or_else(|| Error::invalid_data(format!("{json} is no default value of type {primitive}")))
}

fn read(primitive: PrimitiveType, json: &Json) -> Option<Value> {
    Some(match primitive {
        PrimitiveType::Boolean => Value::Boolean(json.as_bool()?),
        PrimitiveType::Int => Value::Int(json.as_i64()?.try_into().ok()?),
        PrimitiveType::Long => Value::Long(json.as_i64()?),
        PrimitiveType::Float => Value::Float(json.as_f64()? as f32),
        PrimitiveType::Double => Value::Double(json.as_f64()?),
        PrimitiveType::Decimal { scale, .. } => {
            let (unscaled, from) = crate::spec::parse_decimal(json.as_str()?)?;
            let factor = 10_i128.checked_pow(u32::from(scale).checked_sub(from)?)?;
            Value::Decimal { unscaled: unscaled.checked_mul(factor)?, scale }
        }
        PrimitiveType::Date => Value::Date(parse_date(json.as_str()?)?),
        PrimitiveType::Time => Value::Time(micros(parse_time(json.as_str()?)?.into())?),
        PrimitiveType::Timestamp => Value::Timestamp(micros(moment(json, false)?)?),
        PrimitiveType::Timestamptz => Value::Timestamptz(micros(moment(json, true)?)?),
        PrimitiveType::TimestampNs => Value::TimestampNs(moment(json, false)?.try_into().ok()?),
        PrimitiveType::TimestamptzNs => Value::TimestamptzNs(moment(json, true)?.try_into().ok()?),
        PrimitiveType::String => Value::String(json.as_str()?.to_owned()),
        PrimitiveType::Uuid => Value::Uuid(parse_uuid(json.as_str()?)?),
        PrimitiveType::Fixed(length) => {
            Value::Fixed(hexadecimal(json.as_str()?).filter(|bytes| u32::try_from(bytes.len()) == Ok(length))?)
        }
        PrimitiveType::Binary => Value::Binary(hexadecimal(json.as_str()?)?),
    })
}

fn moment(json: &Json, with_offset: bool) -> Option<i128> {
    parse_date_time(json.as_str()?).filter(|time| time.has_offset == with_offset).map(|time| time.nanos)
}

fn micros(nanos: i128) -> Option<i64> {
    (nanos % 1_000 == 0).then(|| i64::try_from(nanos / 1_000).ok()).flatten()
}

/// Bytes from pairs of hexadecimal digits.
pub(crate) fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}
