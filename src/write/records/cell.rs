use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Number, Value as Json};

use crate::spec::time_text::{parse_date, parse_date_time, parse_time};
use crate::spec::{Place, PrimitiveType, Value, parse_decimal, parse_uuid};

/// The value of a type that a JSON value means, exactly. The error says why there is none.
pub(super) fn value(primitive: PrimitiveType, json: &Json) -> Result<Value, String> {
    exact(primitive, json).ok_or_else(|| {
        let hint = hint(primitive, json).map(|hint| format!(": {hint}")).unwrap_or_default();
        format!("{} does not fit type {primitive} exactly{hint}", short(json))
    })
}

/// The beginning of a value's text, for messages.
pub(super) fn short(json: &Json) -> String {
    let text = json.to_string();
    match text.char_indices().nth(60) {
        Some((cut, _)) => format!("{}...", text.get(..cut).unwrap_or_default()),
        None => text,
    }
}

fn exact(primitive: PrimitiveType, json: &Json) -> Option<Value> {
    Some(match (primitive, json) {
        (PrimitiveType::Boolean, Json::Bool(value)) => Value::Boolean(*value),
        (PrimitiveType::Int, Json::Number(number)) => Value::Int(number.as_i64()?.try_into().ok()?),
        (PrimitiveType::Long, Json::Number(number)) => Value::Long(number.as_i64()?),
        (PrimitiveType::Float, Json::Number(number)) => Value::Float(float(number)?),
        (PrimitiveType::Double, Json::Number(number)) => Value::Double(double(number)?),
        (PrimitiveType::Float, Json::String(text)) => Value::Float(special(text)? as f32),
        (PrimitiveType::Double, Json::String(text)) => Value::Double(special(text)?),
        (PrimitiveType::Decimal { precision, scale }, Json::Number(_) | Json::String(_)) => {
            let text = match json {
                Json::String(text) => text.clone(),
                other => other.to_string(),
            };
            let (unscaled, from) = parse_decimal(&text)?;
            let most = 10_i128.checked_pow(precision.into())? - 1;
            match Place::of_decimal(unscaled, from, scale.into()).within(-most, most) {
                Place::Exactly(unscaled) => Value::Decimal { unscaled, scale },
                _ => return None,
            }
        }
        (PrimitiveType::Date, Json::String(text)) => Value::Date(parse_date(text)?),
        (PrimitiveType::Time, Json::String(text)) => Value::Time(micros(parse_time(text)?.into())?),
        (PrimitiveType::Timestamp, Json::String(text)) => Value::Timestamp(micros(moment(text, false)?)?),
        (PrimitiveType::Timestamptz, Json::String(text)) => Value::Timestamptz(micros(moment(text, true)?)?),
        (PrimitiveType::TimestampNs, Json::String(text)) => Value::TimestampNs(moment(text, false)?.try_into().ok()?),
        (PrimitiveType::TimestamptzNs, Json::String(text)) => {
            Value::TimestamptzNs(moment(text, true)?.try_into().ok()?)
        }
        (PrimitiveType::String, Json::String(text)) => Value::String(text.clone()),
        (PrimitiveType::Uuid, Json::String(text)) => Value::Uuid(parse_uuid(text)?),
        (PrimitiveType::Fixed(length), Json::String(text)) => {
            let bytes = BASE64_STANDARD.decode(text).ok()?;
            (u32::try_from(bytes.len()) == Ok(length)).then_some(Value::Fixed(bytes))?
        }
        (PrimitiveType::Binary, Json::String(text)) => Value::Binary(BASE64_STANDARD.decode(text).ok()?),
        _ => return None,
    })
}

fn double(number: &Number) -> Option<f64> {
    if !number.is_f64() {
        let whole = number.as_i64().map(i128::from).or(number.as_u64().map(i128::from))?;
        let value = whole as f64;
        return (value as i128 == whole).then_some(value);
    }
    number.as_f64()
}

/// The same digits must come out again: 0.1 enters, 0.123456789 does not.
fn float(number: &Number) -> Option<f32> {
    let wide = double(number)?;
    let narrow = wide as f32;
    (f64::from(narrow) == wide || (narrow.is_finite() && narrow.to_string() == wide.to_string())).then_some(narrow)
}

fn special(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

fn moment(text: &str, with_offset: bool) -> Option<i128> {
    parse_date_time(text).filter(|time| time.has_time && time.has_offset == with_offset).map(|time| time.nanos)
}

fn micros(nanos: i128) -> Option<i64> {
    (nanos % 1_000 == 0).then(|| i64::try_from(nanos / 1_000).ok()).flatten()
}

fn hint(primitive: PrimitiveType, json: &Json) -> Option<&'static str> {
    let time = match json {
        Json::String(text) => parse_date_time(text),
        _ => None,
    };
    match primitive {
        PrimitiveType::Timestamp | PrimitiveType::TimestampNs => match time {
            Some(time) if time.has_offset => Some("a local date and time has no offset"),
            Some(time) if time.has_time => None,
            _ => Some("a text like 2026-11-01T09:30:00 is wanted"),
        },
        PrimitiveType::Timestamptz | PrimitiveType::TimestamptzNs => match time {
            Some(time) if time.has_time && !time.has_offset => Some("a point in time has an offset, Z or +02:00"),
            Some(time) if time.has_time => None,
            _ => Some("a text like 2026-11-01T09:30:00Z is wanted"),
        },
        PrimitiveType::Date => Some("a text like 2026-11-01 is wanted"),
        PrimitiveType::Time => Some("a text like 09:30:00.123456 is wanted"),
        PrimitiveType::Fixed(_) | PrimitiveType::Binary => Some("Base64 is wanted"),
        _ => None,
    }
}
