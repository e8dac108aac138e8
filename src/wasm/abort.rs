use std::pin::Pin;

use futures::channel::oneshot;
use futures::future::{Either, select};
use wasm_bindgen::prelude::*;

/// What an exported method does, to whatever end: one type, so that there is one of everything around it.
pub(super) type Work<'a> = Pin<Box<dyn Future<Output = Result<JsValue, JsValue>> + 'a>>;

#[wasm_bindgen]
extern "C" {
    /// What of an `AbortSignal` is needed here.
    #[wasm_bindgen(typescript_type = "AbortSignal")]
    pub type Signal;

    #[wasm_bindgen(method, getter)]
    fn aborted(this: &Signal) -> bool;

    #[wasm_bindgen(method, getter)]
    fn reason(this: &Signal) -> JsValue;

    #[wasm_bindgen(method, js_name = addEventListener)]
    fn add_event_listener(this: &Signal, event: &str, listener: &JsValue);

    #[wasm_bindgen(method, js_name = removeEventListener)]
    fn remove_event_listener(this: &Signal, event: &str, listener: &JsValue);
}

/// Works until the end, or until `signal` says stop: then the requests that are under way end, and its reason is thrown.
pub(super) async fn abortable(signal: Option<Signal>, work: Work<'_>) -> Result<JsValue, JsValue> {
    let Some(signal) = signal else { return work.await };
    if signal.aborted() {
        return Err(signal.reason());
    }
    let (stop, stopped) = oneshot::channel();
    let function = Closure::once(move || {
        let _ = stop.send(());
    });
    let listener = Listener { function, signal };
    listener.signal.add_event_listener("abort", listener.function.as_ref());
    match select(work, stopped).await {
        Either::Left((done, _)) => done,
        Either::Right(_) => Err(listener.signal.reason()),
    }
}

/// Signals live long: none keeps what no longer listens.
struct Listener {
    signal: Signal,
    function: Closure<dyn FnMut()>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.signal.remove_event_listener("abort", self.function.as_ref());
    }
}
