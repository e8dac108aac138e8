//! Adapters for JavaScript hosts, and the classes that JavaScript sees: browsers, workers, Node, Deno, Bun, workerd.

mod abort;
mod credentials;
mod error;
mod fetch;
mod inspect;
mod ipc;
mod object;
mod options;
#[cfg(feature = "js-write")]
mod pieces;
mod plan;
#[cfg(feature = "js-write")]
mod preview;
mod pull;
#[cfg(feature = "js-write")]
mod records;
mod runtime;
mod scan;
mod schema;
#[cfg(feature = "js-write")]
mod schema_from;
mod snapshot;
mod table;
#[cfg(feature = "js-write")]
mod transaction;
mod warehouse;
#[cfg(feature = "js-write")]
mod write;

pub use fetch::JsFetch;
pub use runtime::JsRuntime;

use wasm_bindgen::prelude::wasm_bindgen;

/// A panic ends the instance: what it says is thrown through it, for who called it to report.
#[wasm_bindgen(start)]
fn start() {
    std::panic::set_hook(Box::new(|panic| wasm_bindgen::throw_str(&panic.to_string())));
}
