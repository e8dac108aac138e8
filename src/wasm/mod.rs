//! Adapters for JavaScript hosts, and the classes that JavaScript sees: browsers, workers, Node, Deno, Bun, workerd.

mod credentials;
mod error;
mod fetch;
mod inspect;
mod ipc;
mod object;
mod options;
mod plan;
mod pull;
mod records;
mod runtime;
mod scan;
mod schema;
mod snapshot;
mod table;
mod types;
mod warehouse;

pub use fetch::JsFetch;
pub use runtime::JsRuntime;
