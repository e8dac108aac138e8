use js_sys::{Object, Reflect};
use wasm_bindgen::prelude::*;

use crate::spec::Value;
use crate::spec::human::text;

/// An object with these properties.
pub(super) fn object(fields: &[(&str, JsValue)]) -> Result<JsValue, JsValue> {
    let object = Object::new();
    for (name, value) in fields {
        Reflect::set(&object, &(*name).into(), value)?;
    }
    Ok(object.into())
}

/// A count as a number. Nothing is counted beyond 2^53.
pub(super) fn count(count: u64) -> JsValue {
    JsValue::from_f64(count as f64)
}

/// A `boolean`, a number, for `long` a bigint, null, or a text: dates and times in ISO 8601, decimals, bytes in Base64.
pub(super) fn value(value: Option<&Value>) -> JsValue {
    match value {
        None => JsValue::NULL,
        Some(Value::Boolean(value)) => (*value).into(),
        Some(Value::Int(value)) => (*value).into(),
        Some(Value::Long(value)) => (*value).into(),
        Some(Value::Float(value)) => f64::from(*value).into(),
        Some(Value::Double(value)) => (*value).into(),
        Some(other) => text(other).into(),
    }
}
