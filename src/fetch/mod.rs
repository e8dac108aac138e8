//! The HTTP seam: one asynchronous function from a request to a response.

mod transport;

pub use transport::{Body, Fetch, FetchError, FetchErrorKind, NoStore};
