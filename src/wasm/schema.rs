use wasm_bindgen::prelude::*;

use crate::spec::Schema;

/// The JSON of a schema as a JavaScript object.
pub(super) fn schema_to(schema: &Schema) -> Result<JsValue, JsValue> {
    js_sys::JSON::parse(&schema.to_json().to_string())
}
