use serde_json::Value as Json;

use crate::error::{Error, Result};
use crate::spec::human::text;
use crate::spec::time_text::{format_date_time, parse_date, parse_date_time, parse_time};
use crate::spec::{PrimitiveType, Type, Value, parse_uuid};

/// A default value of a column from its JSON (spec: JSON single-value serialization).
pub(crate) fn default_value(primitive: PrimitiveType, json: &Json) -> Result<Value> {
    read(primitive, json).ok_or_else(|| Error::invalid_data(format!("{json} is no default value of type {primitive}")))
}

fn read(primitive: PrimitiveType, json: &Json) -> Option<Value> {
    Some(match primitive {
        PrimitiveType::Boolean => Value::Boolean(json.as_bool()?),
        PrimitiveType::Int => Value::Int(json.as_i64()?.try_into().ok()?),
        PrimitiveType::Long => Value::Long(json.as_i64()?),
        PrimitiveType::Float => Value::Float(Some(json.as_f64()? as f32).filter(|value| value.is_finite())?),
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

/// The JSON of a value, in the one form that all readers know.
pub(crate) fn default_json(value: &Value) -> Json {
    match value {
        Value::Boolean(value) => (*value).into(),
        Value::Int(value) => (*value).into(),
        Value::Long(value) => (*value).into(),
        Value::Float(value) => f64::from(*value).into(),
        Value::Double(value) => (*value).into(),
        Value::Timestamptz(micros) => (format_date_time(i128::from(*micros) * 1_000) + "+00:00").into(),
        Value::TimestamptzNs(nanos) => (format_date_time((*nanos).into()) + "+00:00").into(),
        Value::Fixed(bytes) | Value::Binary(bytes) => {
            bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
        }
        other => text(other).into(),
    }
}

/// The JSON to keep for a default that a caller gives a column of this type. `None` is null.
pub(super) fn given_default(field_type: &Type, json: &Json) -> Result<Option<Json>> {
    match (field_type, json) {
        (_, Json::Null) => Ok(None),
        (Type::Primitive(primitive), _) => {
            let value = default_value(*primitive, json).map_err(|error| Error::invalid_input(error.message()))?;
            // A float's own text says it with fewer digits.
            Ok(Some(if json.is_number() { json.clone() } else { default_json(&value) }))
        }
        (Type::Struct(_), Json::Object(values)) if values.is_empty() => Ok(Some(json.clone())),
        (Type::Struct(_), _) => {
            Err(Error::invalid_input("the default of a struct is {} or null: its fields have defaults of their own"))
        }
        (other, _) => Err(Error::invalid_input(format!("the default of a {other} can only be null"))),
    }
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
