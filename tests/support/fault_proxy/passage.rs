use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use datashard::fetch::Fetch;
use datashard::native::ReqwestFetch;
use futures::StreamExt;
use futures::stream;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::fault::{Fault, Plan, is_commit, mix};

type Answer = Response<UnsyncBoxBody<Bytes, io::Error>>;

/// How requests get to the server, and answers back.
pub(super) struct Passage {
    server: http::uri::Parts,
    fetch: ReqwestFetch,
    handle: Handle,
    pub(super) plan: Mutex<Plan>,
    seen: AtomicU64,
    /// Until which request a storm lasts, and of which kind it is.
    storm: Mutex<(u64, Fault)>,
    pub(super) counts: Mutex<BTreeMap<Fault, u64>>,
    /// The faults that have occurred to commits.
    pub(super) commits: Mutex<BTreeSet<Fault>>,
    pub(super) late: Mutex<Vec<JoinHandle<()>>>,
    pub(super) held: Mutex<Vec<Request<Bytes>>>,
}

impl Passage {
    pub(super) fn new(endpoint: &str, plan: Plan, handle: Handle) -> Self {
        Self {
            server: endpoint.parse::<http::Uri>().unwrap().into_parts(),
            fetch: ReqwestFetch::new().unwrap(),
            handle,
            plan: Mutex::new(plan),
            seen: AtomicU64::new(0),
            storm: Mutex::new((0, Fault::SlowDown)),
            counts: Mutex::default(),
            commits: Mutex::default(),
            late: Mutex::default(),
            held: Mutex::default(),
        }
    }

    /// One request; an error ends the connection.
    pub(super) async fn pass(self: Arc<Self>, request: Request<Incoming>) -> io::Result<Answer> {
        let (mut head, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let mut uri = head.uri.clone().into_parts();
        uri.scheme = self.server.scheme.clone();
        uri.authority = self.server.authority.clone();
        head.uri = http::Uri::from_parts(uri).unwrap();
        // The signature covers `Host`, which stays. These are of the connection.
        for name in ["connection", "content-length", "transfer-encoding"] {
            head.headers.remove(name);
        }
        let request = Request::from_parts(head, body);
        let (n, fault) = self.fault(&request);
        let Some(fault) = fault else { return Ok(whole(self.forward(request).await?)) };
        // Some time, but not the same each time.
        let some_time = Duration::from_millis(5 + mix(n) % 150);
        let lost = || Err(io::Error::other("the proxy cuts the connection"));
        match fault {
            Fault::LoseRequest => lost(),
            Fault::LoseAnswer => {
                self.forward(request).await?;
                lost()
            }
            Fault::DeliverLater => {
                self.later(request, some_time);
                lost()
            }
            Fault::Hold => {
                self.held.lock().unwrap().push(request);
                lost()
            }
            Fault::CutBody => Ok(cut(self.forward(request).await?)),
            Fault::Delay => {
                let answer = self.forward(request).await?;
                tokio::time::sleep(some_time).await;
                Ok(whole(answer))
            }
            Fault::Repeat => {
                self.forward(request.clone()).await?;
                Ok(whole(self.forward(request).await?))
            }
            Fault::RepeatLater => {
                let answer = self.forward(request.clone()).await?;
                self.later(request, some_time);
                Ok(whole(answer))
            }
            Fault::SlowDown => Ok(error(503, "SlowDown", None)),
            Fault::SlowDownRetryAfter => Ok(error(503, "SlowDown", Some("1"))),
            Fault::TooMany => Ok(error(429, "TooManyRequests", None)),
            Fault::Refuse => Ok(error(500, "InternalError", None)),
            Fault::DoneAndRefuse => {
                self.forward(request).await?;
                Ok(error(500, "InternalError", None))
            }
        }
    }

    fn fault(&self, request: &Request<Bytes>) -> (u64, Option<Fault>) {
        let n = self.seen.fetch_add(1, Ordering::Relaxed);
        let mut fault = self.plan.lock().unwrap().fault(n, request.method(), request.uri().path());
        let mut storm = self.storm.lock().unwrap();
        if n < storm.0 {
            fault = Some(storm.1);
        } else if let Some(begun @ (Fault::SlowDown | Fault::SlowDownRetryAfter)) = fault {
            *storm = (n + 1 + mix(n) % 5, begun);
        }
        if let Some(fault) = fault {
            *self.counts.lock().unwrap().entry(fault).or_default() += 1;
            if is_commit(request.method(), request.uri().path()) {
                self.commits.lock().unwrap().insert(fault);
            }
        }
        (n, fault)
    }

    pub(super) async fn forward(&self, request: Request<Bytes>) -> io::Result<Response<Bytes>> {
        let (head, body) = self.fetch.fetch(request).await.map_err(io::Error::other)?.into_parts();
        let body = body.collect(1 << 30).await.map_err(io::Error::other)?;
        Ok(Response::from_parts(head, body))
    }

    fn later(self: &Arc<Self>, request: Request<Bytes>, after: Duration) {
        let passage = self.clone();
        let delivered = self.handle.spawn(async move {
            tokio::time::sleep(after).await;
            let _ = passage.forward(request).await;
        });
        self.late.lock().unwrap().push(delivered);
    }
}

fn whole(answer: Response<Bytes>) -> Answer {
    let mut answer = answer.map(|body| Full::new(body).map_err(|never| match never {}).boxed_unsync());
    answer.headers_mut().remove("connection");
    answer.headers_mut().remove("transfer-encoding");
    answer
}

/// Announces the whole body and gives half of it.
fn cut(answer: Response<Bytes>) -> Answer {
    let (mut head, body) = answer.into_parts();
    head.headers.remove("connection");
    head.headers.remove("transfer-encoding");
    head.headers.insert("content-length", (body.len().max(1)).into());
    let half = stream::iter([Ok(Frame::data(body.slice(..body.len() / 2)))]);
    let end = stream::once(async {
        // So that the half is on its way before the connection ends.
        tokio::time::sleep(Duration::from_millis(1)).await;
        Err(io::Error::other("the proxy cuts the connection"))
    });
    Response::from_parts(head, StreamBody::new(half.chain(end)).boxed_unsync())
}

fn error(status: u16, code: &str, retry_after: Option<&str>) -> Answer {
    let body = format!("<Error><Code>{code}</Code><Message>says the proxy</Message></Error>");
    let mut answer = Response::builder().status(status).header("content-type", "application/xml");
    if let Some(seconds) = retry_after {
        answer = answer.header("retry-after", seconds);
    }
    whole(answer.body(body.into()).unwrap())
}
