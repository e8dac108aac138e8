use apache_avro::types::Value;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Number, Value as Json, json};

use crate::avro::container;
use crate::error::Result;

/// A container as JSON: its header's properties, and its entries. Bytes are in Base64.
pub(crate) fn describe(bytes: &[u8]) -> Result<Json> {
    let container = container::read(bytes)?;
    let text = |text: &[u8]| match serde_json::from_slice(text) {
        Ok(json @ (Json::Object(_) | Json::Array(_))) => json,
        _ => String::from_utf8_lossy(text).into_owned().into(),
    };
    let properties: Map<_, _> = container.metadata.iter().map(|(name, value)| (name.clone(), text(value))).collect();
    let entries = container.decode(|_, entry| Ok(value(entry)))?;
    Ok(json!({ "properties": properties, "entries": entries }))
}

fn value(value: Value) -> Json {
    match value {
        Value::Boolean(value) => value.into(),
        Value::Int(value) | Value::Date(value) => value.into(),
        Value::Long(value) => value.into(),
        Value::Float(value) => number(value.into()),
        Value::Double(value) => number(value),
        Value::String(value) | Value::Enum(_, value) => value.into(),
        Value::Bytes(bytes) | Value::Fixed(_, bytes) => BASE64_STANDARD.encode(bytes).into(),
        Value::Union(_, inner) => self::value(*inner),
        Value::Array(items) => items.into_iter().map(self::value).collect(),
        Value::Map(entries) => {
            Json::Object(entries.into_iter().map(|(name, inner)| (name, self::value(inner))).collect())
        }
        Value::Record(fields) => {
            Json::Object(fields.into_iter().map(|(name, inner)| (name, self::value(inner))).collect())
        }
        Value::Null => Json::Null,
        other => format!("{other:?}").into(),
    }
}

fn number(value: f64) -> Json {
    Number::from_f64(value).map_or_else(|| value.to_string().into(), Json::Number)
}
