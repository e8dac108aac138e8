use std::fmt;
use std::sync::Arc;

use crate::error::Result;
use crate::runtime::{BoxFuture, MaybeSend, MaybeSync};
use crate::s3::{CredentialProvider, Credentials};

/// Asks a function of the program. It is called for each request: wrap it in
/// [`CachedCredentials`](crate::store::CachedCredentials) if it does I/O.
#[derive(Clone)]
pub struct CredentialsFn(Arc<dyn Ask>);

trait Ask: MaybeSend + MaybeSync {
    fn ask(&self) -> BoxFuture<'static, Result<Credentials>>;
}

impl<F> Ask for F
where
    F: Fn() -> BoxFuture<'static, Result<Credentials>> + MaybeSend + MaybeSync,
{
    fn ask(&self) -> BoxFuture<'static, Result<Credentials>> {
        self()
    }
}

impl CredentialsFn {
    /// From an asynchronous function without arguments.
    pub fn new<F, R>(ask: F) -> Self
    where
        F: Fn() -> R + MaybeSend + MaybeSync + 'static,
        R: Future<Output = Result<Credentials>> + MaybeSend + 'static,
    {
        Self(Arc::new(move || Box::pin(ask()) as BoxFuture<'static, Result<Credentials>>))
    }
}

impl CredentialProvider for CredentialsFn {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials>> {
        self.0.ask()
    }
}

impl fmt::Debug for CredentialsFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CredentialsFn")
    }
}
