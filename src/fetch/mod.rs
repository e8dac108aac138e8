//! The HTTP seam: one asynchronous function from a request to a response; what answers mean; and when to try again.

mod retry;
mod status;
#[cfg(test)]
mod tests;
mod transport;

pub use retry::{RetryPolicy, retry_after};
pub use status::{ConditionalAnswer, IdempotentAnswer};
pub use transport::{Body, Fetch, FetchError, FetchErrorKind, NoStore};
