use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::Result;
use crate::runtime::{BoxFuture, Runtime, Timestamp};
use crate::s3::{CredentialProvider, Credentials};

/// Credentials are renewed this long before they end.
const AHEAD: Duration = Duration::from_secs(5 * 60);
/// After a failed renewal of credentials that are still valid, the next one waits this long.
const AFTER_FAILURE: Duration = Duration::from_secs(30);

/// Remembers what another provider said until shortly before it ends; without an end, until a store refuses it.
///
/// One renewal runs at a time. While credentials are valid nobody waits for it, and its failure goes unnoticed.
#[derive(Debug)]
pub struct CachedCredentials {
    inner: Arc<dyn CredentialProvider>,
    runtime: Arc<dyn Runtime>,
    state: Mutex<State>,
    renewing: futures::lock::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    held: Option<Credentials>,
    not_before: Timestamp,
}

impl CachedCredentials {
    /// Remembers what `inner` says.
    pub fn new(inner: Arc<dyn CredentialProvider>, runtime: Arc<dyn Runtime>) -> Self {
        Self { inner, runtime, state: Mutex::default(), renewing: futures::lock::Mutex::new(()) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is held, if it is valid, and whether it is time to renew it.
    fn held(&self) -> Option<(Credentials, bool)> {
        let now = self.runtime.now();
        let state = self.state();
        let held = state.held.as_ref()?;
        match held.expiry() {
            Some(expiry) if expiry <= now => None,
            Some(expiry) => Some((held.clone(), expiry <= now.plus(AHEAD) && state.not_before <= now)),
            None => Some((held.clone(), false)),
        }
    }

    async fn renew(&self) -> Result<Credentials> {
        let renewed = self.inner.credentials().await;
        let mut state = self.state();
        match &renewed {
            Ok(credentials) => state.held = Some(credentials.clone()),
            Err(_) => state.not_before = self.runtime.now().plus(AFTER_FAILURE),
        }
        renewed
    }

    async fn get(&self) -> Result<Credentials> {
        match self.held() {
            Some((held, false)) => return Ok(held),
            Some((held, true)) => {
                return match self.renewing.try_lock() {
                    Some(_one) => Ok(self.renew().await.unwrap_or(held)),
                    None => Ok(held),
                };
            }
            None => {}
        }
        let _one = self.renewing.lock().await;
        match self.held() {
            Some((held, _)) => Ok(held),
            None => self.renew().await,
        }
    }
}

impl CredentialProvider for CachedCredentials {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials>> {
        Box::pin(self.get())
    }

    fn reject(&self, refused: &Credentials) {
        let mut state = self.state();
        if state.held.as_ref() == Some(refused) {
            state.held = None;
        }
        drop(state);
        self.inner.reject(refused);
    }
}
