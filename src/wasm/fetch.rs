use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures::future::{Either, select};
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use js_sys::{ArrayBuffer, Function, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, Response};

use crate::fetch::{Body, Fetch, FetchError, FetchErrorKind, NoStore};
use crate::runtime::{BoxFuture, Runtime};
use crate::wasm::JsRuntime;
use crate::wasm::error::message_of;

/// Without an answer for this long, a request is given up.
const PATIENCE: Duration = Duration::from_secs(30);
/// A body may take its time; slower than this many bytes a second it is given up.
const SLOWEST: u64 = 32 << 10;
/// Assumed of an answer that does not say how long it is.
const LONG: u64 = 8 << 20;

/// HTTP by a JavaScript function like `fetch`: `(url, init) => Promise<Response>`. Cheap to clone.
///
/// The function is called with `method`, `headers` (an object), `body` (a `Uint8Array`), `signal`, `redirect: "manual"`,
/// and `cache: "no-store"` where an answer must be fresh and the host knows the option. Of the response it needs
/// `status`, `headers` and `arrayBuffer()`.
#[derive(Clone, Default)]
pub struct JsFetch(Option<Function>);

impl JsFetch {
    /// The host's own `fetch`.
    pub fn global() -> Self {
        Self(None)
    }

    /// Another function like it, such as a binding of an edge runtime.
    pub fn new(function: Function) -> Self {
        Self(Some(function))
    }

    fn function(&self) -> Result<Function, FetchError> {
        let function = match &self.0 {
            Some(function) => Some(function.clone()),
            None => Reflect::get(&js_sys::global(), &"fetch".into()).ok().and_then(|value| value.dyn_into().ok()),
        };
        function.ok_or_else(|| FetchError::new(FetchErrorKind::NotSent, "this host has no fetch: pass one"))
    }

    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Body>, FetchError> {
        let function = self.function()?;
        let unable = |_| FetchError::new(FetchErrorKind::NotSent, "this host has no AbortController");
        let abort = Abort { controller: AbortController::new().map_err(unable)?, armed: true };
        let init = init(&request, &abort.controller)
            .map_err(|error| FetchError::new(FetchErrorKind::NotSent, message_of(&error)))?;
        let url = request.uri().to_string();
        let rejected = |error: JsValue| explain(&error, request.uri());
        let promise = function.call2(&JsValue::UNDEFINED, &url.into(), &init).map_err(rejected)?;
        let answer = within(time_for(request.body().len() as u64), Promise::resolve(&promise))
            .await
            .unwrap_or_else(|| Err("no answer in time".into()))
            .map_err(rejected)?;
        Ok(respond(answer.unchecked_into(), abort))
    }
}

impl Fetch for JsFetch {
    fn fetch(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Body>, FetchError>> {
        Box::pin(self.send(request))
    }
}

impl fmt::Debug for JsFetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "JsFetch(custom)" } else { "JsFetch(global)" })
    }
}

/// Aborts its request when it is dropped before the answer is whole.
struct Abort {
    controller: AbortController,
    armed: bool,
}

impl Abort {
    fn disarm(&mut self) {
        self.armed = false;
    }
}

impl Drop for Abort {
    fn drop(&mut self) {
        if self.armed {
            self.controller.abort();
        }
    }
}

fn init(request: &http::Request<Bytes>, abort: &AbortController) -> Result<Object, JsValue> {
    let (init, headers) = (Object::new(), Object::new());
    let set = |name: &str, value: &JsValue| Reflect::set(&init, &name.into(), value);
    for name in request.headers().keys().filter(|name| *name != HOST && *name != CONTENT_LENGTH) {
        let values: Vec<String> = request.headers().get_all(name).iter().map(latin).collect();
        Reflect::set(&headers, &name.as_str().into(), &values.join(", ").into())?;
    }
    if request.extensions().get::<NoStore>().is_some() {
        if knows_cache() {
            set("cache", &"no-store".into())?;
        } else {
            Reflect::set(&headers, &CACHE_CONTROL.as_str().into(), &"no-cache".into())?;
        }
    }
    set("method", &request.method().as_str().into())?;
    set("headers", &headers)?;
    // An empty body has a length too, and S3 refuses puts that do not say it.
    if !request.body().is_empty() || matches!(*request.method(), Method::PUT | Method::POST) {
        set("body", &Uint8Array::from(&request.body()[..]))?;
    }
    // Not "error", which some edge runtimes refuse.
    set("redirect", &"manual".into())?;
    set("signal", &abort.signal())?;
    Ok(init)
}

/// Whether the host takes the option `cache`: some edge runtimes throw. They are not browsers, so a header that would
/// need a preflight request there does the same.
fn knows_cache() -> bool {
    thread_local!(static KNOWN: std::cell::OnceCell<bool> = const { std::cell::OnceCell::new() });
    let try_it = || {
        let request: Function = Reflect::get(&js_sys::global(), &"Request".into())?.dyn_into()?;
        let init = Object::new();
        Reflect::set(&init, &"cache".into(), &"no-store".into())?;
        Reflect::construct(&request, &js_sys::Array::of2(&"https://localhost/".into(), &init))
    };
    KNOWN.with(|known| *known.get_or_init(|| try_it().is_ok()))
}

fn respond(answer: Response, mut abort: Abort) -> http::Response<Body> {
    let mut response = http::Response::new(());
    // Browsers show nothing of a redirect, not even its status.
    *response.status_mut() = StatusCode::from_u16(answer.status()).unwrap_or(StatusCode::TEMPORARY_REDIRECT);
    *response.headers_mut() = headers(&answer);
    let length = response.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let empty = length == Some(0) || matches!(answer.status(), 0 | 204 | 304);
    if empty {
        abort.disarm();
    }
    let whole = async move {
        let broken = |message: String| FetchError::new(FetchErrorKind::BrokenOff, message);
        let promise = answer.array_buffer().map_err(|error| broken(message_of(&error)))?;
        let read = within(time_for(length.unwrap_or(LONG)), promise).await;
        let buffer: ArrayBuffer = match read {
            Some(Ok(buffer)) => buffer.unchecked_into(),
            Some(Err(error)) => return Err(broken(message_of(&error))),
            None => return Err(broken("the answer came to a standstill".into())),
        };
        abort.disarm();
        Ok(Bytes::from(Uint8Array::new(&buffer).to_vec()))
    };
    response.map(|()| if empty { Body::from(Bytes::new()) } else { Body::new(futures::stream::once(whole)) })
}

fn headers(answer: &Response) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let pairs = js_sys::try_iter(&answer.headers()).ok().flatten();
    for pair in pairs.into_iter().flatten().flatten() {
        let part = |index| Reflect::get_u32(&pair, index).ok()?.as_string();
        let (Some(name), Some(value)) = (part(0), part(1)) else { continue };
        let value: Option<Vec<u8>> = value.chars().map(|char| u8::try_from(char).ok()).collect();
        let (name, value) = (HeaderName::try_from(name), HeaderValue::try_from(value.unwrap_or_default()));
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    headers
}

/// As JavaScript wants the bytes of a header: each as a character.
fn latin(value: &HeaderValue) -> String {
    value.as_bytes().iter().copied().map(char::from).collect()
}

fn time_for(bytes: u64) -> Duration {
    PATIENCE + Duration::from_secs(bytes / SLOWEST)
}

/// What a promise came to, or nothing if that took too long.
async fn within(time: Duration, promise: Promise) -> Option<Result<JsValue, JsValue>> {
    match select(JsFuture::from(promise), JsRuntime.sleep(time)).await {
        Either::Left((settled, _)) => Some(settled),
        Either::Right(_) => None,
    }
}

/// A rejection says little: nothing at all in a browser, and in Node it is in the cause.
fn explain(error: &JsValue, url: &http::Uri) -> FetchError {
    let mut message = message_of(error);
    let mut kind = FetchErrorKind::OutcomeUnknown;
    if let Some(cause) = Reflect::get(error, &"cause".into()).ok().filter(JsValue::is_object) {
        let code = Reflect::get(&cause, &"code".into()).ok().and_then(|code| code.as_string()).unwrap_or_default();
        if matches!(code.as_str(), "ECONNREFUSED" | "ENOTFOUND" | "EAI_AGAIN") {
            kind = FetchErrorKind::NotSent;
        }
        message = format!("{message}: {} {code}", message_of(&cause));
    }
    // It may be signed.
    if let Some(query) = url.query() {
        message = message.replace(query, "...");
    }
    let origin = Reflect::get(&js_sys::global(), &"origin".into()).ok().and_then(|origin| origin.as_string());
    if let Some(origin) = origin {
        let host = url.host().unwrap_or_default();
        message = format!(
            "{message} (a browser does not say why: {host} cannot be reached, or its CORS rules do not let pages of \
             {origin} in)"
        );
    }
    FetchError::new(kind, message)
}
