use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::{Either, select};
use http::{HeaderValue, Request, Response, StatusCode};

use crate::error::{Error, Result};
use crate::fetch::{Fetch, IdempotentAnswer, NoStore, RetryPolicy};
use crate::runtime::Runtime;

const MAX_ANSWER: u64 = 256 << 10;

/// Asks services for credentials.
#[derive(Clone, Debug)]
pub(super) struct Asker {
    pub(super) fetch: Arc<dyn Fetch>,
    pub(super) runtime: Arc<dyn Runtime>,
    pub(super) policy: RetryPolicy,
    /// For each try: where there is no such service, often nobody answers at all.
    pub(super) timeout: Duration,
}

impl Asker {
    pub(super) fn new(fetch: Arc<dyn Fetch>, runtime: Arc<dyn Runtime>, timeout: Duration) -> Self {
        let policy = RetryPolicy { max_tries: 3, deadline: timeout * 3, ..RetryPolicy::default() };
        Self { fetch, runtime, policy, timeout }
    }

    /// The whole answer of any status, after a few tries. The requests are idempotent. Errors say `what` was asked, and
    /// nothing of what was sent or answered.
    pub(super) async fn ask(&self, what: &str, mut request: Request<Bytes>) -> Result<Response<Bytes>> {
        request.extensions_mut().insert(NoStore);
        let begun = self.runtime.now();
        let mut tries = 0;
        loop {
            tries += 1;
            let answer = self.once(request.clone()).await;
            if let Ok(answer) = &answer
                && IdempotentAnswer::of(answer.status()) != IdempotentAnswer::Retry
            {
                return Ok(answer.clone());
            }
            let elapsed = self.runtime.now().since(begun);
            match self.policy.pause(tries, elapsed, self.runtime.random(), None) {
                Some(pause) => self.runtime.sleep(pause).await,
                None => {
                    return match answer {
                        Ok(answer) => Err(refused(what, answer.status())),
                        Err(message) => {
                            Err(Error::unavailable(format!("{what} cannot be asked for credentials: {message}")))
                        }
                    };
                }
            }
        }
    }

    async fn once(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let whole = Box::pin(async {
            let (head, body) = self.fetch.fetch(request).await?.into_parts();
            Ok(Response::from_parts(head, body.collect(MAX_ANSWER).await?))
        });
        match select(whole, self.runtime.sleep(self.timeout)).await {
            Either::Left((answer, _)) => answer.map_err(|error: crate::fetch::FetchError| error.to_string()),
            Either::Right(_) => Err(format!("no answer within {} seconds", self.timeout.as_secs())),
        }
    }
}

/// The body of a success.
pub(super) fn success(what: &str, answer: Response<Bytes>) -> Result<Bytes> {
    if answer.status() == StatusCode::OK {
        return Ok(answer.into_body());
    }
    Err(refused(what, answer.status()))
}

fn refused(what: &str, status: StatusCode) -> Error {
    Error::permission_denied(format!("{what} gave no credentials (status {})", status.as_u16()))
}

/// A request whose parts are right unless the program's settings are wrong.
pub(super) fn build(what: &str, request: http::request::Builder, body: impl Into<Bytes>) -> Result<Request<Bytes>> {
    // The cause could show what was set.
    request
        .body(body.into())
        .map_err(|_| Error::invalid_input(format!("the address or the token of {what} is malformed")))
}

/// A token as a header that is not shown.
pub(super) fn sensitive(what: &str, token: &[u8]) -> Result<HeaderValue> {
    let malformed = |_| Error::invalid_input(format!("the token of {what} is malformed"));
    let mut token = HeaderValue::from_bytes(token).map_err(malformed)?;
    token.set_sensitive(true);
    Ok(token)
}
