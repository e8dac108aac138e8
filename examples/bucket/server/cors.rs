use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::service::Service;
use hyper::{Method, Request, Response, StatusCode};
use s3s::Body;

/// Lets pages of every origin use the bucket, and numbers the answers. Preflight requests are answered here: they carry
/// no signature.
#[derive(Clone)]
pub(super) struct Cors<S> {
    inner: S,
    answers: Arc<AtomicU64>,
}

const EXPOSED: &str = "Accept-Ranges, Content-Encoding, Content-Length, Content-Range, Date, ETag, Last-Modified, \
    x-amz-request-id, x-amz-version-id";

impl<S> Cors<S> {
    pub(super) fn new(inner: S) -> Self {
        Self { inner, answers: Arc::default() }
    }

    /// How many requests were taken.
    pub(super) fn answers(&self) -> Arc<AtomicU64> {
        self.answers.clone()
    }
}

impl<S> Service<Request<Incoming>> for Cors<S>
where
    S: Service<Request<Incoming>, Response = Response<Body>, Future: Send + 'static>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let id = format!("{:016X}", self.answers.fetch_add(1, Ordering::Relaxed) + 1);
        if request.method() == Method::OPTIONS {
            let response = preflight(request.headers());
            return Box::pin(async move { Ok(open(response, &id)) });
        }
        let response = self.inner.call(request);
        Box::pin(async move { Ok(open(response.await?, &id)) })
    }
}

fn preflight(asked: &HeaderMap) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, PUT, POST, DELETE"));
    // A star would not cover Authorization.
    let wanted = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned();
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.unwrap_or(HeaderValue::from_static("*")));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600"));
    if asked.contains_key("access-control-request-private-network") {
        let name = HeaderName::from_static("access-control-allow-private-network");
        headers.insert(name, HeaderValue::from_static("true"));
    }
    response
}

fn open(mut response: Response<Body>, id: &str) -> Response<Body> {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert("x-amz-request-id", id);
    }
    response
}
