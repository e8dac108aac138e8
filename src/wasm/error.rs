use js_sys::Reflect;
use wasm_bindgen::prelude::*;

use crate::error::Error;

/// An `Error` named `DataShardError`, with the kind as its `code`, and the `token` of a commit of unknown outcome.
impl From<Error> for JsValue {
    fn from(error: Error) -> Self {
        let thrown = js_sys::Error::new(&error.to_string());
        thrown.set_name("DataShardError");
        let set = |name: &str, value: &str| Reflect::set(&thrown, &name.into(), &value.into());
        let _ = set("code", error.kind().as_str());
        if let Some(token) = error.unknown_commit() {
            let _ = set("token", token);
        }
        thrown.into()
    }
}

/// What JavaScript threw, as text.
pub(super) fn message_of(thrown: &JsValue) -> String {
    let message = Reflect::get(thrown, &"message".into()).ok().and_then(|message| message.as_string());
    message.or_else(|| thrown.as_string()).unwrap_or_else(|| "something that is no Error was thrown".into())
}
