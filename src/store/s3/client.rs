use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, response};

use crate::error::{Error, Result};
use crate::fetch::{Body, Fetch, FetchError, FetchErrorKind, IdempotentAnswer, NoStore, retry_after};
use crate::runtime::{Runtime, Timestamp};
use crate::s3::response::object_head;
use crate::s3::{Address, CredentialProvider, Credentials, Element, ServiceError, Signer};
use crate::store::s3::clock::ClockOffset;
use crate::store::s3::read::{Plan, ReadError};
use crate::store::s3::{ReadSigning, S3Config};

/// More than any error of S3 has.
const MAX_ERROR: u64 = 64 << 10;
/// A signed URL is valid for this long, by the second half of [`QUERY_STEP`] at least.
const QUERY_VALID: Duration = Duration::from_secs(15 * 60);
/// Reads within this time share a signature, so that caches can know the URL again.
const QUERY_STEP_MILLIS: i64 = 5 * 60 * 1000;

/// Signs, sends, and repeats.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) fetch: Arc<dyn Fetch>,
    pub(super) runtime: Arc<dyn Runtime>,
    pub(super) credentials: Arc<dyn CredentialProvider>,
    pub(super) config: S3Config,
    pub(super) at: Address,
    pub(super) prefix: String,
    pub(super) clock: ClockOffset,
}

/// What became of one request.
pub(super) enum Sent {
    /// 2xx; the body is still to come.
    Answered(Response<Body>),
    /// An error of the store: another status, or the body of a put.
    Failed(Failure),
    /// No status arrived.
    Lost(FetchError),
}

#[derive(Debug)]
pub(super) struct Failure {
    pub(super) head: response::Parts,
    pub(super) error: ServiceError,
}

/// Counts the tries of one request and waits between them.
pub(super) struct Tries<'a> {
    client: &'a Client,
    begun: Timestamp,
    tries: u32,
}

impl Tries<'_> {
    /// Waits before the next try; `false` if there is to be none.
    pub(super) async fn again(&mut self, asked: Option<Duration>) -> bool {
        self.tries += 1;
        let runtime = &self.client.runtime;
        let elapsed = runtime.now().since(self.begun);
        let Some(pause) = self.client.config.retry.pause(self.tries, elapsed, runtime.random(), asked) else {
            return false;
        };
        runtime.sleep(pause).await;
        true
    }
}

impl Client {
    pub(super) fn key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    pub(super) fn tries(&self) -> Tries<'_> {
        Tries { client: self, begun: self.runtime.now(), tries: 0 }
    }

    /// Sends a request that may be repeated, as the policy says, until its answer is whole.
    pub(super) async fn send(&self, request: &Request<Bytes>, plan: &Plan) -> Result<Response<Bytes>> {
        self.try_send(request, plan).await?.map_err(ServiceError::into_error)
    }

    /// As [`send`](Self::send), with the store's own errors apart from others.
    pub(super) async fn try_send(
        &self,
        request: &Request<Bytes>,
        plan: &Plan,
    ) -> Result<Result<Response<Bytes>, ServiceError>> {
        let mut tries = self.tries();
        loop {
            match self.send_once(request).await? {
                Sent::Answered(answer) => {
                    let (head, body) = answer.into_parts();
                    match plan.read(&head, body).await {
                        Ok(bytes) => return Ok(Ok(Response::from_parts(head, bytes))),
                        Err(ReadError::Fatal(error)) => return Err(error),
                        Err(ReadError::Broken(error)) if !tries.again(None).await => return Err(lost(error)),
                        Err(ReadError::Broken(_)) => {}
                    }
                }
                Sent::Failed(Failure { head, error }) => {
                    let passing = IdempotentAnswer::of(head.status) == IdempotentAnswer::Retry || error.is_transient();
                    if !passing || !tries.again(self.asked(&head, &error)).await {
                        return Ok(Err(error));
                    }
                }
                Sent::Lost(error) => {
                    if !tries.again(None).await {
                        return Err(lost(error));
                    }
                }
            }
        }
    }

    /// How long the store asks to wait.
    fn asked(&self, head: &response::Parts, error: &ServiceError) -> Option<Duration> {
        let server_now = error.server_time().unwrap_or_else(|| self.clock.apply(self.runtime.now()));
        retry_after(&head.headers, server_now)
    }

    /// Signs and sends once. It is signed and sent again only where the store refused the signature, and so did nothing:
    /// once with the store's own time, and once with newer credentials.
    pub(super) async fn send_once(&self, request: &Request<Bytes>) -> Result<Sent> {
        let mut credentials = self.credentials.credentials().await?;
        let (mut retimed, mut renewed) = (false, false);
        loop {
            let offset = self.clock.millis();
            let signed = self.sign(request, &credentials, offset)?;
            let answer = match self.fetch.fetch(signed).await {
                Ok(answer) => answer,
                Err(error) => return Ok(Sent::Lost(error)),
            };
            let now = self.runtime.now();
            if answer.status().is_success() {
                self.clock.learn_from(now, request, answer.headers());
                return Ok(if request.method() == Method::PUT { stored(answer).await } else { Sent::Answered(answer) });
            }
            let (head, body) = answer.into_parts();
            // The status says enough where the body is lost.
            let body = body.collect(MAX_ERROR).await.unwrap_or_default();
            let error = ServiceError::from_answer(head.status.as_u16(), &head.headers, &body);
            let refused = matches!(head.status.as_u16(), 400 | 401 | 403) && !credentials.is_anonymous();
            match error.server_time() {
                Some(server) if refused => self.clock.learn(now, server),
                _ => self.clock.learn_from(now, request, &head.headers),
            }
            if refused && !retimed && self.clock.has_moved_since(offset) {
                retimed = true;
                continue;
            }
            // A HEAD is refused without a word.
            let silent =
                head.status.as_u16() == 400 && request.method() == Method::HEAD && credentials.token().is_some();
            if refused && !renewed && (silent || error.is_stale_credentials()) {
                renewed = true;
                self.credentials.reject(&credentials);
                let newer = self.credentials.credentials().await?;
                if newer != credentials {
                    credentials = newer;
                    continue;
                }
            }
            return Ok(Sent::Failed(Failure { head, error }));
        }
    }

    fn sign(&self, request: &Request<Bytes>, credentials: &Credentials, offset: i64) -> Result<Request<Bytes>> {
        let mut request = request.clone();
        let now = Timestamp::from_millis(self.runtime.now().as_millis().saturating_add(offset));
        let read = matches!(*request.method(), Method::GET | Method::HEAD);
        if read && self.config.read_signing == ReadSigning::Query {
            let step = now.as_millis().div_euclid(QUERY_STEP_MILLIS) * QUERY_STEP_MILLIS;
            self.signer(credentials, Timestamp::from_millis(step)).sign_query(&mut request, QUERY_VALID)?;
        } else {
            self.signer(credentials, now).sign_headers(&mut request)?;
        }
        Ok(request)
    }

    fn signer<'a>(&'a self, credentials: &'a Credentials, time: Timestamp) -> Signer<'a> {
        Signer { credentials, region: &self.config.region, time }
    }
}

/// Of an object that was stored nothing is said, unless the store began to answer before it knew of an error: that comes in
/// the body, behind a 200.
async fn stored(answer: Response<Body>) -> Sent {
    if object_head(answer.headers()).content_length == Some(0) {
        return Sent::Answered(answer);
    }
    let (head, body) = answer.into_parts();
    match body.collect(MAX_ERROR).await {
        Ok(body) if Element::parse(&body).is_ok_and(|root| root.name == "Error") => {
            let error = ServiceError::from_answer(head.status.as_u16(), &head.headers, &body);
            Sent::Failed(Failure { head, error })
        }
        Ok(body) => Sent::Answered(Response::from_parts(head, body.into())),
        Err(error) => Sent::Lost(FetchError::new(FetchErrorKind::BrokenOff, error.to_string())),
    }
}

/// The error of a request without an answer.
pub(super) fn lost(error: FetchError) -> Error {
    let what = match error.kind() {
        FetchErrorKind::NotSent => "the store could not be reached",
        FetchErrorKind::OutcomeUnknown => "the store did not answer",
        FetchErrorKind::BrokenOff => "the store's answer broke off",
    };
    Error::unavailable(what).caused_by(error)
}

/// Marks a request whose answer must not come from a cache.
pub(super) fn fresh(mut request: Request<Bytes>) -> Request<Bytes> {
    request.extensions_mut().insert(NoStore);
    request
}
