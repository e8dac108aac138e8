//! Adapters for JavaScript hosts, and the classes that JavaScript sees: browsers, workers, Node, Deno, Bun, workerd.

mod fetch;
mod runtime;

pub use fetch::JsFetch;
pub use runtime::JsRuntime;
