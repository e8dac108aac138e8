//! The bucket as an HTTP server behind [`Fetch`]: the library's own S3 client signs, retries and reads the answers.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use datashard::fetch::{Body, Fetch, FetchError, FetchErrorKind};
use datashard::runtime::{BoxFuture, Timestamp};
use futures::stream;
use http::{Method, Request, Response, StatusCode};
use percent_encoding::percent_decode_str;

use crate::fault::Answer;
use crate::process::{SharedRef, request};
use crate::world::{Object, Op, Reply};

pub struct SimFetch {
    pub shared: SharedRef,
    pub process: usize,
    /// How many answers went wrong: they take turns.
    pub wrong: AtomicU64,
}

impl std::fmt::Debug for SimFetch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SimFetch({})", self.process)
    }
}

impl Fetch for SimFetch {
    fn fetch(&self, sent: Request<Bytes>) -> BoxFuture<'_, Result<Response<Body>, FetchError>> {
        Box::pin(async move {
            let op = op(&sent);
            let range = sent.headers().get("range").and_then(|range| range.to_str().ok()).map(str::to_owned);
            let method = sent.method().clone();
            match request(self.shared.clone(), self.process, op).await {
                Answer::Reply(reply) => Ok(answer(&reply, range.as_deref(), method == Method::HEAD)),
                Answer::Denied => Ok(failure(StatusCode::FORBIDDEN, "ExpiredToken")),
                Answer::NotSent => Err(FetchError::new(FetchErrorKind::NotSent, "connection refused")),
                Answer::Lost => self.lost(&method),
            }
        })
    }
}

impl SimFetch {
    /// The ways in which an answer does not tell what became of a request.
    fn lost(&self, method: &Method) -> Result<Response<Body>, FetchError> {
        let reset = || FetchError::new(FetchErrorKind::OutcomeUnknown, "connection reset");
        match self.wrong.fetch_add(1, Ordering::Relaxed) % 9 {
            0 => Ok(failure(StatusCode::INTERNAL_SERVER_ERROR, "InternalError")),
            1 => Ok(failure(StatusCode::SERVICE_UNAVAILABLE, "SlowDown")),
            2 => {
                let mut response = failure(StatusCode::SERVICE_UNAVAILABLE, "SlowDown");
                response.headers_mut().insert("retry-after", 2.into());
                Ok(response)
            }
            3 => Ok(failure(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests")),
            4 => Ok(failure(StatusCode::REQUEST_TIMEOUT, "RequestTimeout")),
            5 if *method == Method::PUT => Ok(failure(StatusCode::CONFLICT, "ConditionalRequestConflict")),
            6 if *method == Method::PUT => Ok(failure(StatusCode::OK, "InternalError")),
            7 if *method == Method::GET => {
                let pieces =
                    [Ok(Bytes::from_static(b"half")), Err(FetchError::new(FetchErrorKind::BrokenOff, "cut off"))];
                Ok(Response::builder().header("content-length", 1000).body(Body::new(stream::iter(pieces))).unwrap())
            }
            _ => Err(reset()),
        }
    }
}

fn op(sent: &Request<Bytes>) -> Op {
    let plain = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let key = plain(sent.uri().path().strip_prefix("/bucket").unwrap().trim_start_matches('/'));
    let query = |name: &str| {
        let pairs = sent.uri().query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(own, _)| *own == name).map(|(_, value)| plain(value)).next()
    };
    match *sent.method() {
        Method::GET if query("list-type").is_some() => {
            Op::List { prefix: query("prefix").unwrap_or_default(), after: query("start-after") }
        }
        Method::GET => Op::Get { key },
        Method::HEAD => Op::Head { key },
        Method::PUT => {
            Op::Put { key, body: sent.body().clone(), if_absent: sent.headers().contains_key("if-none-match") }
        }
        Method::DELETE => Op::Delete { key },
        ref other => panic!("the bucket does not know {other}"),
    }
}

fn answer(reply: &Reply, range: Option<&str>, head: bool) -> Response<Body> {
    match reply {
        Reply::Object(object) => content(object, range, head),
        Reply::Absent => failure(StatusCode::NOT_FOUND, "NoSuchKey"),
        Reply::Stored => Response::builder().header("etag", "\"stored\"").body(Bytes::new().into()).unwrap(),
        Reply::Exists => failure(StatusCode::PRECONDITION_FAILED, "PreconditionFailed"),
        Reply::Done => Response::builder().status(StatusCode::NO_CONTENT).body(Bytes::new().into()).unwrap(),
        Reply::Listing(found) => {
            let mut xml = "<ListBucketResult><IsTruncated>false</IsTruncated>".to_owned();
            for (key, object) in found {
                let (time, size) = (iso(object.time), object.body.len());
                let _ = write!(
                    xml,
                    "<Contents><Key>{key}</Key><LastModified>{time}</LastModified><Size>{size}</Size></Contents>"
                );
            }
            xml.push_str("</ListBucketResult>");
            Response::new(Bytes::from(xml).into())
        }
    }
}

fn content(object: &Object, range: Option<&str>, head: bool) -> Response<Body> {
    let (size, mut body, mut status) = (object.body.len(), object.body.clone(), StatusCode::OK);
    let mut response = Response::builder().header("last-modified", date(object.time));
    if let Some((start, end)) = range.and_then(|range| range.strip_prefix("bytes=")?.split_once('-')) {
        let start: usize = start.parse().unwrap();
        let end = end.parse().unwrap_or(usize::MAX).min(size - 1);
        status = StatusCode::PARTIAL_CONTENT;
        response = response.header("content-range", format!("bytes {start}-{end}/{size}"));
        body = body.slice(start..=end);
    }
    let length = if head { size } else { body.len() };
    let body = if head { Bytes::new() } else { body };
    response.status(status).header("content-length", length).body(body.into()).unwrap()
}

fn failure(status: StatusCode, code: &str) -> Response<Body> {
    let xml = format!("<Error><Code>{code}</Code><Message>{code}</Message></Error>");
    Response::builder().status(status).body(Bytes::from(xml).into()).unwrap()
}

fn iso(time: Timestamp) -> String {
    let (year, month, day, hour, minute, second, _) = time.civil();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.000Z")
}

fn date(time: Timestamp) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (year, month, day, hour, minute, second, _) = time.civil();
    let weekday = DAYS[time.as_millis().div_euclid(86_400_000).rem_euclid(7) as usize];
    let month = MONTHS[usize::from(month) - 1];
    format!("{weekday}, {day:02} {month} {year} {hour:02}:{minute:02}:{second:02} GMT")
}
