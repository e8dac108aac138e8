use std::fmt::{self, Debug};

use crate::error::Result;
use crate::runtime::{BoxFuture, MaybeSend, MaybeSync, Timestamp};

/// Whoever knows the keys of a bucket. Asked before each request, so an implementation that is not cheap is wrapped in
/// [`CachedCredentials`](crate::store::CachedCredentials).
pub trait CredentialProvider: Debug + MaybeSend + MaybeSync {
    /// Credentials that are valid at present.
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials>>;

    /// The store refused these as expired or unknown: an implementation that remembers credentials forgets them, so
    /// that the next call of [`credentials`](Self::credentials) brings others if there are any.
    fn reject(&self, _refused: &Credentials) {}
}

/// An access key and its secret, maybe with a session token and an end. `Debug` shows none of the secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    access_key: String,
    secret_key: String,
    session_token: Option<String>,
    expiry: Option<Timestamp>,
}

impl Credentials {
    /// Long-lived keys. They are their own [`CredentialProvider`].
    pub fn new(access_key: impl Into<String>, secret_key: impl Into<String>) -> Self {
        Self { access_key: access_key.into(), secret_key: secret_key.into(), session_token: None, expiry: None }
    }

    /// None: requests are sent unsigned, as public buckets allow.
    pub fn anonymous() -> Self {
        Self::new("", "")
    }

    /// With the token that belongs to temporary keys.
    #[must_use]
    pub fn session_token(mut self, token: impl Into<String>) -> Self {
        self.session_token = Some(token.into());
        self
    }

    /// Valid until then, by the true time.
    #[must_use]
    pub fn expires_at(mut self, expiry: Timestamp) -> Self {
        self.expiry = Some(expiry);
        self
    }

    /// Whether requests are sent unsigned.
    pub fn is_anonymous(&self) -> bool {
        self.access_key.is_empty()
    }

    /// The public part.
    pub fn access_key(&self) -> &str {
        &self.access_key
    }

    /// The end of validity; `None` if there is none.
    pub fn expiry(&self) -> Option<Timestamp> {
        self.expiry
    }

    pub(crate) fn secret_key(&self) -> &str {
        &self.secret_key
    }

    pub(crate) fn token(&self) -> Option<&str> {
        self.session_token.as_deref()
    }
}

/// These, always.
impl CredentialProvider for Credentials {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials>> {
        Box::pin(std::future::ready(Ok(self.clone())))
    }
}

impl Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_anonymous() {
            return f.write_str("Credentials(anonymous)");
        }
        let shown: String = self.access_key.chars().take(4).collect();
        f.debug_struct("Credentials")
            .field("access_key", &format_args!("{shown}..."))
            .field("session_token", &self.session_token.is_some())
            .field("expiry", &self.expiry)
            .finish_non_exhaustive()
    }
}
