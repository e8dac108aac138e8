//! A scripted server and a clock that moves only by sleeping, for the tests of what speaks HTTP.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use http::{HeaderMap, Method, Request, Response, Uri};

use crate::fetch::{Body, Fetch, FetchError, FetchErrorKind, NoStore};
use crate::runtime::{BoxFuture, Runtime, Timestamp};

/// 2026-11-01T12:00:00Z.
pub const NOON: &str = "Sun, 01 Nov 2026 12:00:00 GMT";

pub fn noon() -> Timestamp {
    Timestamp::from_civil(2026, 11, 1, 12, 0, 0)
}

/// Sleeping takes no time but moves the clock.
#[derive(Debug)]
pub struct FakeClock(Mutex<Timestamp>);

impl FakeClock {
    pub fn at(time: Timestamp) -> Arc<Self> {
        Arc::new(Self(Mutex::new(time)))
    }

    pub fn advance(&self, by: Duration) {
        let mut now = self.0.lock().unwrap();
        *now = now.plus(by);
    }
}

impl Runtime for FakeClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        // Only the pauses between tries; the timeouts of tries never run out here.
        if duration < Duration::from_secs(2) || duration == Duration::from_secs(7) {
            self.advance(duration);
            return Box::pin(std::future::ready(()));
        }
        Box::pin(std::future::pending())
    }

    fn random(&self) -> u128 {
        0
    }
}

/// What was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub no_store: bool,
}

impl Sent {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// An answer, or the lack of one.
pub struct Step(Result<Response<Vec<Result<Bytes, FetchError>>>, FetchErrorKind>);

pub fn answer(status: u16, body: impl Into<Bytes>) -> Step {
    let mut response = Response::new(vec![Ok(body.into())]);
    *response.status_mut() = status.try_into().unwrap();
    Step(Ok(response))
}

pub fn lost(kind: FetchErrorKind) -> Step {
    Step(Err(kind))
}

/// An error as S3 says it.
pub fn failure(status: u16, code: &str) -> Step {
    answer(status, format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>Said so.</Message></Error>"))
}

impl Step {
    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.0.as_mut().ok().unwrap().headers_mut().insert(name, value.parse().unwrap());
        self
    }

    /// The body comes in these pieces.
    pub fn pieces(mut self, pieces: &[&'static str]) -> Self {
        *self.0.as_mut().ok().unwrap().body_mut() =
            pieces.iter().map(|piece| Ok(Bytes::from_static(piece.as_bytes()))).collect();
        self
    }

    /// The connection is lost behind what there is of the body.
    pub fn broken(mut self) -> Self {
        let error = FetchError::new(FetchErrorKind::BrokenOff, "reset");
        self.0.as_mut().ok().unwrap().body_mut().push(Err(error));
        self
    }
}

/// Gives its answers in order, and fails the test if there are more requests than answers.
#[derive(Default)]
pub struct Script {
    steps: Mutex<VecDeque<Step>>,
    sent: Mutex<Vec<Sent>>,
}

impl Script {
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Arc<Self> {
        Arc::new(Self { steps: Mutex::new(steps.into_iter().collect()), sent: Mutex::default() })
    }

    pub fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }
}

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Script")
    }
}

impl Fetch for Script {
    fn fetch(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Body>, FetchError>> {
        let no_store = request.extensions().get::<NoStore>().is_some();
        let (head, body) = request.into_parts();
        self.sent.lock().unwrap().push(Sent {
            method: head.method,
            uri: head.uri,
            headers: head.headers,
            body,
            no_store,
        });
        let step = self.steps.lock().unwrap().pop_front();
        Box::pin(async move {
            match step.expect("no request more than the script has").0 {
                Ok(answer) => Ok(answer.map(|pieces| Body::new(stream::iter(pieces)))),
                Err(kind) => Err(FetchError::new(kind, "as the script says")),
            }
        })
    }
}
