//! The S3 protocol without its I/O: building and signing requests, and reading answers. Pure functions of their
//! arguments; the time of signing is one of them.
//!
//! An action is a function in [`request`] that returns an unsigned request, a [`Signer`] that signs it in its headers or
//! in its query, and a function in [`response`] that reads the answer. Failures are [`ServiceError`]s.

mod credentials;
mod date;
mod digest;
mod error;
pub mod request;
pub mod response;
mod sigv4;
#[cfg(test)]
mod tests;
pub(crate) mod url;
pub(crate) mod xml;

pub use credentials::{CredentialProvider, Credentials};
pub use date::{http_date, iso8601};
pub use error::ServiceError;
pub use sigv4::Signer;
pub use url::Address;
pub use xml::Element;
