use std::fmt;
use std::sync::Arc;

use crate::error::Result;
use crate::runtime::{BoxFuture, MaybeSend, MaybeSync};

/// Brings a secret text when it is needed, such as a token in a file that is replaced from time to time.
#[derive(Clone)]
pub struct SecretFn(Arc<dyn Bring>);

trait Bring: MaybeSend + MaybeSync {
    fn bring(&self) -> BoxFuture<'static, Result<String>>;
}

impl<F> Bring for F
where
    F: Fn() -> BoxFuture<'static, Result<String>> + MaybeSend + MaybeSync,
{
    fn bring(&self) -> BoxFuture<'static, Result<String>> {
        self()
    }
}

impl SecretFn {
    /// From an asynchronous function without arguments.
    pub fn new<F, R>(bring: F) -> Self
    where
        F: Fn() -> R + MaybeSend + MaybeSync + 'static,
        R: Future<Output = Result<String>> + MaybeSend + 'static,
    {
        Self(Arc::new(move || Box::pin(bring()) as BoxFuture<'static, Result<String>>))
    }

    /// Always the same text.
    pub fn fixed(secret: impl Into<String>) -> Self {
        let secret: Arc<str> = Arc::from(secret.into());
        Self::new(move || std::future::ready(Ok(secret.to_string())))
    }

    /// The text without white space around it.
    pub(super) async fn get(&self) -> Result<String> {
        Ok(self.0.bring().await?.trim().to_owned())
    }
}

impl fmt::Debug for SecretFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretFn")
    }
}
