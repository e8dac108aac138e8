//! Where credentials come from: a callback, or services that are asked through the HTTP seam. Static ones are
//! [`Credentials`](crate::s3::Credentials) themselves.

mod cached;
mod callback;
#[cfg(test)]
mod tests;

pub use cached::CachedCredentials;
pub use callback::CredentialsFn;
