use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use js_sys::{Array, ArrayBuffer, Date, Function, JsString, Map, Object, Reflect, Uint8Array};
use serde_json::{Map as JsonMap, Number, Value as Json};
use wasm_bindgen::prelude::*;

use crate::error::{Error, Result};
use crate::runtime::Timestamp;
use crate::spec::{PrimitiveType, Schema, StructType, Type};
use crate::wasm::error::message_of;
use crate::wasm::options::integer;

/// Deeper than any type, and shallow enough for the stack; an object that holds itself ends here.
const MAX_DEPTH: usize = 80;

/// JavaScript objects as the JSON records that a table of this schema takes: the same values or an error.
///
/// A bigint enters a number exactly; a `Date` a point in time; bytes are bytes; a `Map` is a map; NaN and the infinities
/// enter floating point. An object with `toJSON` is what that says.
pub(super) fn records(rows: &JsValue, schema: &Schema) -> Result<Vec<Json>> {
    let rows = rows.dyn_ref::<Array>().ok_or_else(|| Error::invalid_input("the records must be an array"))?;
    let columns = Type::Struct(StructType { fields: schema.fields().to_vec() });
    let mut records = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let record = json(&row, Some(&columns), 0);
        records.push(record.map_err(|wrong| {
            let mut path = wrong.path;
            path.reverse();
            let column = if path.is_empty() { String::new() } else { format!(", column `{}`", path.join(".")) };
            Error::invalid_input(format!("row {index}{column}: {}", wrong.why))
        })?);
    }
    Ok(records)
}

/// Why a value cannot be taken, and where it is, innermost name first.
struct Wrong {
    path: Vec<String>,
    why: String,
}

impl Wrong {
    fn inside(mut self, name: &str) -> Self {
        self.path.push(name.to_owned());
        self
    }
}

fn wrong(why: impl Into<String>) -> Wrong {
    Wrong { path: Vec::new(), why: why.into() }
}

/// `wanted` is the type of the column or field; `None` where there is no such, which is reported when the record is read.
fn json(value: &JsValue, wanted: Option<&Type>, depth: usize) -> Result<Json, Wrong> {
    if depth > MAX_DEPTH {
        return Err(wrong("objects nest too deep"));
    }
    let primitive = wanted.and_then(Type::as_primitive);
    if value.is_null_or_undefined() {
        Ok(Json::Null)
    } else if let Some(value) = value.as_bool() {
        Ok(Json::Bool(value))
    } else if let Some(number) = value.as_f64() {
        self::number(number, value, primitive)
    } else if let Some(text) = value.dyn_ref::<JsString>() {
        string(text).map(Json::String)
    } else if value.is_bigint() {
        bigint(value, primitive)
    } else if !value.is_object() || value.is_function() {
        Err(wrong(format!("a {} is no value", value.js_typeof().as_string().unwrap_or_default())))
    } else if let Some(items) = value.dyn_ref::<Array>() {
        let element = wanted.and_then(|wanted| match wanted {
            Type::List(list) => Some(&list.element.field_type),
            _ => None,
        });
        let items = items.iter().map(|item| json(&item, element, depth + 1));
        items.collect::<Result<_, _>>().map(Json::Array).map_err(|wrong| wrong.inside("element"))
    } else if let Some(date) = value.dyn_ref::<Date>() {
        time(date, primitive)
    } else if let Some(array) = bytes_of(value) {
        bytes(&array, primitive)
    } else if let Some(map) = value.dyn_ref::<Map>() {
        pairs(map, wanted, depth)
    } else {
        object(value, wanted, depth)
    }
}

fn number(number: f64, value: &JsValue, wanted: Option<PrimitiveType>) -> Result<Json, Wrong> {
    let floating = matches!(wanted, Some(PrimitiveType::Float | PrimitiveType::Double));
    let negative_zero = number == 0.0 && number.is_sign_negative();
    if let Some(whole) = integer(value).filter(|_| !(floating && negative_zero)) {
        return Ok(whole.into());
    }
    match Number::from_f64(number) {
        Some(finite) => Ok(Json::Number(finite)),
        None if floating && number.is_nan() => Ok("NaN".into()),
        None if floating => Ok(if number > 0.0 { "Infinity" } else { "-Infinity" }.into()),
        None => Err(wrong(format!("{number} is no number of such a column"))),
    }
}

/// Beyond 64 bits, only a decimal may have room for it, and takes it as text. So do whole numbers, to refuse it by its digits.
fn bigint(value: &JsValue, wanted: Option<PrimitiveType>) -> Result<Json, Wrong> {
    if let Some(whole) = integer(value) {
        return Ok(whole.into());
    }
    if !matches!(wanted, Some(PrimitiveType::Decimal { .. } | PrimitiveType::Int | PrimitiveType::Long)) {
        return Err(wrong("a bigint is out of range"));
    }
    let digits = value.unchecked_ref::<js_sys::BigInt>().to_string(10).ok().and_then(|digits| digits.as_string());
    digits.map(Json::String).ok_or_else(|| wrong("a bigint is out of range"))
}

/// The bridge replaces half of a surrogate pair, which UTF-8 cannot hold.
fn string(text: &JsString) -> Result<String, Wrong> {
    let string = String::from(text);
    if string.contains('\u{fffd}') && !text.is_valid_utf16() {
        return Err(wrong("a text with half of a surrogate pair has no UTF-8"));
    }
    Ok(string)
}

fn time(date: &Date, wanted: Option<PrimitiveType>) -> Result<Json, Wrong> {
    use PrimitiveType as P;
    let Some(millis) = integer(&date.get_time().into()) else { return Err(wrong("an invalid Date")) };
    match wanted {
        None | Some(P::Timestamptz | P::TimestamptzNs) => {
            let time = Timestamp::from_millis(millis);
            // Years of more than four digits have a sign.
            let sign = if time.civil().0 > 9999 { "+" } else { "" };
            Ok(format!("{sign}{time}").into())
        }
        Some(other) => Err(wrong(format!("a Date is a point in time, and does not fit type {other}: give a text"))),
    }
}

fn bytes_of(value: &JsValue) -> Option<Uint8Array> {
    match value.dyn_ref::<ArrayBuffer>() {
        Some(buffer) => Some(Uint8Array::new(buffer)),
        None => value.dyn_ref::<Uint8Array>().cloned(),
    }
}

fn bytes(bytes: &Uint8Array, wanted: Option<PrimitiveType>) -> Result<Json, Wrong> {
    match wanted {
        None | Some(PrimitiveType::Binary | PrimitiveType::Fixed(_)) => {
            Ok(BASE64_STANDARD.encode(bytes.to_vec()).into())
        }
        Some(other) => Err(wrong(format!("bytes do not fit type {other}"))),
    }
}

/// A `Map` as an array of pairs, whose keys need not be texts.
fn pairs(map: &Map, wanted: Option<&Type>, depth: usize) -> Result<Json, Wrong> {
    let (key_type, value_type) = match wanted {
        Some(Type::Map(map)) => (Some(&map.key.field_type), Some(&map.value.field_type)),
        _ => (None, None),
    };
    let mut pairs = Vec::new();
    for pair in map.entries() {
        let pair: Array = pair.map_err(|thrown| wrong(message_of(&thrown)))?.unchecked_into();
        let key = json(&pair.get(0), key_type, depth + 1).map_err(|wrong| wrong.inside("key"))?;
        let value = json(&pair.get(1), value_type, depth + 1).map_err(|wrong| wrong.inside("value"))?;
        pairs.push(Json::Array(vec![key, value]));
    }
    Ok(Json::Array(pairs))
}

fn object(value: &JsValue, wanted: Option<&Type>, depth: usize) -> Result<Json, Wrong> {
    let thrown = |thrown: JsValue| wrong(message_of(&thrown));
    let own = Reflect::get(value, &"toJSON".into()).map_err(thrown)?;
    if let Some(own) = own.dyn_ref::<Function>() {
        return json(&own.call0(value).map_err(thrown)?, wanted, depth + 1);
    }
    let mut map = JsonMap::new();
    for name in Object::keys(value.unchecked_ref::<Object>()).iter() {
        let text = string(name.unchecked_ref())?;
        let inner = Reflect::get(value, &name).map_err(thrown)?;
        // As in JSON, undefined is nothing.
        if inner.is_undefined() {
            continue;
        }
        let (inner_type, shown) = match wanted {
            Some(Type::Struct(structure)) => (structure.field(&text).map(|field| &field.field_type), text.as_str()),
            Some(Type::Map(map)) => (Some(&map.value.field_type), "value"),
            _ => (None, text.as_str()),
        };
        let inner = json(&inner, inner_type, depth + 1).map_err(|wrong| wrong.inside(shown))?;
        map.insert(text, inner);
    }
    Ok(Json::Object(map))
}
