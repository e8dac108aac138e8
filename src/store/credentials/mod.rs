//! Where credentials come from: a callback, or services that are asked through the HTTP seam. Static ones are
//! [`Credentials`](crate::s3::Credentials) themselves.

mod ask;
mod cached;
mod callback;
mod container;
mod instance;
mod json;
mod secret_fn;
#[cfg(test)]
mod tests;
mod web_identity;

pub use cached::CachedCredentials;
pub use callback::CredentialsFn;
pub use container::ContainerCredentials;
pub use instance::InstanceCredentials;
pub use secret_fn::SecretFn;
pub use web_identity::WebIdentityCredentials;
