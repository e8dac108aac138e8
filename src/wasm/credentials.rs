use std::sync::Arc;

use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::error::{Error, Result};
use crate::s3::{CredentialProvider, Credentials};
use crate::store::{CachedCredentials, CredentialsFn};
use crate::wasm::JsRuntime;
use crate::wasm::error::message_of;
use crate::wasm::options::Options;

const KEYS: [&str; 4] = ["accessKeyId", "secretAccessKey", "sessionToken", "expiration"];

/// Those among a store's options: a function, keys, or none.
#[allow(clippy::arc_with_non_send_sync, reason = "JavaScript has one thread, and the seams have one type")]
pub(super) fn provider(options: &Options) -> Result<Arc<dyn CredentialProvider>> {
    let keys = keys(options)?;
    let Some(ask) = options.function("credentials")? else {
        return Ok(Arc::new(keys));
    };
    if !keys.is_anonymous() {
        return Err(Error::invalid_input("give either `credentials` or keys"));
    }
    let asked = CredentialsFn::new(move || answer(ask.clone()));
    Ok(Arc::new(CachedCredentials::new(Arc::new(asked), Arc::new(JsRuntime))))
}

/// What the function says, at once or by a promise.
async fn answer(ask: Function) -> Result<Credentials> {
    let failed = |thrown: JsValue| {
        Error::permission_denied(format!("the function `credentials` failed: {}", message_of(&thrown)))
    };
    let answered = ask.call0(&JsValue::UNDEFINED).map_err(failed)?;
    let answered = JsFuture::from(Promise::resolve(&answered)).await.map_err(failed)?;
    let options = Options::new(answered, "the function `credentials`", &KEYS)?;
    let keys = keys(&options)?;
    Ok(match options.time("expiration")? {
        Some(expiry) => keys.expires_at(expiry),
        None => keys,
    })
}

fn keys(options: &Options) -> Result<Credentials> {
    let keys = match (options.string("accessKeyId")?, options.string("secretAccessKey")?) {
        (None, None) => return Ok(Credentials::anonymous()),
        (Some(id), Some(secret)) => Credentials::new(id, secret),
        _ => return Err(Error::invalid_input("`accessKeyId` and `secretAccessKey` are given together")),
    };
    Ok(match options.string("sessionToken")? {
        Some(token) => keys.session_token(token),
        None => keys,
    })
}
