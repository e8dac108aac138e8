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
    let json: Json = serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?;
    Schema::try_from(json)
}
