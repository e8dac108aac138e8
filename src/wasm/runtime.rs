use std::time::Duration;

use js_sys::{Date, Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::runtime::{BoxFuture, Runtime, Timestamp};

/// The JavaScript host's clock, timers and random numbers: `Date.now`, `setTimeout` and `crypto.getRandomValues` of the
/// global scope, whatever kind of scope that is.
#[derive(Clone, Copy, Debug, Default)]
pub struct JsRuntime;

/// Timers wrap around beyond this.
const LONGEST: Duration = Duration::from_millis(i32::MAX as u64);

#[wasm_bindgen]
extern "C" {
    /// The handle is a number in browsers and an object in Node.
    #[wasm_bindgen(catch, js_name = setTimeout)]
    fn set_timeout(callback: &Function, millis: f64) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_name = clearTimeout)]
    fn clear_timeout(handle: &JsValue) -> Result<(), JsValue>;
}

/// A timer that is cleared when it is dropped.
struct Timer(Option<JsValue>);

impl Timer {
    fn start(duration: Duration) -> (Self, Promise) {
        let mut timer = Self(None);
        let millis = duration.as_micros().div_ceil(1_000) as f64;
        let promise = Promise::new(&mut |resolve, _| match set_timeout(&resolve, millis) {
            Ok(handle) => timer.0 = Some(handle),
            // Where there are no timers, waiting for ever would be worse than not waiting.
            Err(_) => drop(resolve.call0(&JsValue::UNDEFINED)),
        });
        (timer, promise)
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(handle) = self.0.take() {
            let _ = clear_timeout(&handle);
        }
    }
}

impl Runtime for JsRuntime {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(Date::now() as i64)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let mut left = duration;
            loop {
                let next = left.min(LONGEST);
                let (_timer, elapsed) = Timer::start(next);
                let _ = JsFuture::from(elapsed).await;
                left -= next;
                if left.is_zero() {
                    return;
                }
            }
        })
    }

    #[allow(clippy::disallowed_methods, reason = "this is where randomness is injected from")]
    fn random(&self) -> u128 {
        let mut bytes = [0; 16];
        match getrandom::fill(&mut bytes) {
            Ok(()) => u128::from_le_bytes(bytes),
            // Names that must never repeat are made of it: there is nothing to fall back on.
            Err(error) => wasm_bindgen::throw_str(&format!("this host has no random numbers: {error}")),
        }
    }
}
