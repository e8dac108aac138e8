use serde_json::Value as Json;
use wasm_bindgen::prelude::*;

use crate::error::{Error, Result};
use crate::spec::Schema;
use crate::wasm::error::message_of;

/// Columns from a JavaScript object: Iceberg's JSON of a schema, in which ids may be left out.
pub(super) fn schema_from(value: &JsValue) -> Result<Schema> {
    let malformed = |why: String| Error::invalid_input(format!("the schema is malformed: {why}"));
    let text = js_sys::JSON::stringify(value).map_err(|thrown| malformed(message_of(&thrown)))?;
    let text = text.as_string().ok_or_else(|| malformed("an object {fields: [...]} is wanted".into()))?;
    let mut json: Json = serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?;
    if json.get("fields").is_none() {
        return Err(malformed("an object {fields: [...]} is wanted".into()));
    }
    if json.get("identifier-field-ids").and_then(Json::as_array).is_some_and(|ids| !ids.is_empty()) {
        return Err(Error::unsupported("creating a table with identifier fields"));
    }
    if let Some(map) = json.as_object_mut() {
        map.entry("type").or_insert_with(|| "struct".into());
    }
    // The table numbers the fields anew, so that any ids do that differ from each other.
    number(&mut json, &mut 0);
    let given = Schema::from_json(json, String::new()).map_err(|error| malformed(error.message().to_owned()))?;
    Schema::new(given.fields().to_vec())
}

/// As deep as JSON is parsed.
fn number(json: &mut Json, last: &mut i32) {
    let mut next = || {
        *last = last.saturating_add(1);
        Json::from(*last)
    };
    match json {
        Json::Array(items) => items.iter_mut().for_each(|item| number(item, last)),
        Json::Object(map) => {
            let kind = map.get("type").and_then(Json::as_str).unwrap_or_default();
            let ids: &[&str] = match kind {
                "list" => &["element-id"],
                "map" => &["key-id", "value-id"],
                _ if map.contains_key("name") => &["id"],
                _ => &[],
            };
            for id in ids {
                map.insert((*id).to_owned(), next());
            }
            for part in ["fields", "type", "element", "key", "value"] {
                if let Some(inner) = map.get_mut(part) {
                    number(inner, last);
                }
            }
        }
        _ => {}
    }
}
