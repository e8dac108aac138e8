use std::fmt;

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};

use crate::runtime::{BoxFuture, BoxStream, MaybeSend, MaybeSync};

/// HTTP, supplied by the platform: reqwest natively, any JavaScript `fetch`-like function on wasm32, a simulator in tests.
///
/// An implementation sends the request as it is (it is already signed), follows no redirect, retries nothing, and
/// returns every status as `Ok`. Dropping the future aborts the request.
pub trait Fetch: fmt::Debug + MaybeSend + MaybeSync {
    /// Sends one request. A request with the extension [`NoStore`] must bypass every HTTP cache.
    fn fetch(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Body>, FetchError>>;
}

/// A request extension: neither answer this from an HTTP cache nor store the answer in one. Set on reads of a table's
/// head, where a cached 404 would hide commits.
#[derive(Clone, Copy, Debug)]
pub struct NoStore;

/// A response body, as it arrives.
pub struct Body(BoxStream<'static, Result<Bytes, FetchError>>);

impl Body {
    /// A body that arrives in pieces.
    pub fn new(chunks: impl Stream<Item = Result<Bytes, FetchError>> + MaybeSend + 'static) -> Self {
        Self(Box::pin(chunks))
    }

    /// The pieces, as they arrive.
    pub fn into_stream(self) -> BoxStream<'static, Result<Bytes, FetchError>> {
        self.0
    }

    /// The whole body; an error if it is cut off or longer than `limit` bytes.
    pub async fn collect(mut self, limit: u64) -> Result<Bytes, FetchError> {
        let mut first = Bytes::new();
        let mut rest = BytesMut::new();
        while let Some(chunk) = self.0.next().await {
            let chunk = chunk?;
            if (first.len() + rest.len() + chunk.len()) as u64 > limit {
                let message = format!("the response is longer than {limit} bytes");
                return Err(FetchError::new(FetchErrorKind::BrokenOff, message));
            }
            if first.is_empty() {
                first = chunk;
            } else {
                rest.extend_from_slice(&chunk);
            }
        }
        if rest.is_empty() {
            return Ok(first);
        }
        let mut whole = BytesMut::with_capacity(first.len() + rest.len());
        whole.extend_from_slice(&first);
        whole.extend_from_slice(&rest);
        Ok(whole.freeze())
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::new(futures::stream::iter([Ok(bytes)]))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Body")
    }
}

/// What may have happened to a request that got no whole response: the commit protocol depends on the difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchErrorKind {
    /// The server has not seen the request: the name did not resolve, the connection was refused.
    NotSent,
    /// The server may or may not have carried the request out: reset, timed out, aborted.
    OutcomeUnknown,
    /// A status arrived, and the body broke off (or was longer than allowed).
    BrokenOff,
}

/// A request without a whole response.
#[derive(Clone, Debug)]
pub struct FetchError {
    kind: FetchErrorKind,
    message: String,
}

impl FetchError {
    /// The message says what failed, and contains neither the query of the URL nor a header.
    pub fn new(kind: FetchErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// What may have happened.
    pub fn kind(&self) -> FetchErrorKind {
        self.kind
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for FetchError {}
