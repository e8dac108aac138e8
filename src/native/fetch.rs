use std::error::Error as _;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::channel::oneshot;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use reqwest::redirect;
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::runtime::{Builder, Handle};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::error::{Error, Result};
use crate::fetch::{Body, Fetch, FetchError, FetchErrorKind, NoStore};
use crate::runtime::{BoxFuture, BoxStream};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Without a byte for this long, an answer is given up.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// A body may take its time on the way up: this many bytes a second, or it is given up.
const SLOWEST_UPLOAD: u64 = 32 << 10;
/// Servers close idle connections after about 20 seconds; a request must not meet that moment.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);
/// So much of a body is read before the answer is handed over.
const AT_ONCE: usize = 256 << 10;

/// HTTP by reqwest: HTTP/1.1 and 2, TLS by rustls with the certificates of the operating system, proxies from the
/// environment. Cheap to clone; clones share connections.
///
/// It works under any executor: connections are served by one thread of its own, begun with the first request. Requests end
/// where they are dropped.
#[derive(Clone, Debug)]
pub struct ReqwestFetch {
    client: reqwest::Client,
    background: Arc<OnceLock<Arc<Background>>>,
}

impl ReqwestFetch {
    /// With timeouts for connections and silence, none for the whole of a request. Sends nothing yet.
    pub fn new() -> Result<Self> {
        let failed = |error: &dyn std::error::Error| Error::unavailable(format!("HTTP cannot be set up: {error}"));
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls().map_err(|error| failed(&error))?)
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .tcp_nodelay(true)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .build()
            .map_err(|error| failed(&error))?;
        Ok(Self { client, background: Arc::default() })
    }

    fn background(&self) -> Result<Arc<Background>, FetchError> {
        if let Some(background) = self.background.get() {
            return Ok(background.clone());
        }
        let started = Background::start()
            .map_err(|error| FetchError::new(FetchErrorKind::NotSent, format!("no thread for HTTP: {error}")))?;
        Ok(self.background.get_or_init(|| Arc::new(started)).clone())
    }
}

/// TLS 1.2 and 1.3. On a machine without certificates plain HTTP still works.
fn tls() -> Result<ClientConfig, rustls::Error> {
    let builder = || {
        ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions()
    };
    let verified = match builder()?.with_platform_verifier() {
        Ok(verified) => verified,
        Err(_) => builder()?.with_root_certificates(RootCertStore::empty()),
    };
    let mut config = verified.with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

impl Fetch for ReqwestFetch {
    fn fetch(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Body>, FetchError>> {
        Box::pin(async move {
            let background = self.background()?;
            let length = request.body().len();
            let patience = READ_TIMEOUT + Duration::from_secs(length as u64 / SLOWEST_UPLOAD);
            let fresh = request.extensions().get::<NoStore>().is_some();
            let mut request =
                reqwest::Request::try_from(request).map_err(|error| explain(error, FetchErrorKind::NotSent))?;
            if fresh {
                // For the caches on the way; here there is none.
                request.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            }
            // HTTP/1.1 says nothing of an empty body unless told to, and S3 refuses that (411).
            if matches!(*request.method(), Method::PUT | Method::POST) && length == 0 {
                request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
            }
            let read = matches!(*request.method(), Method::GET | Method::HEAD);
            let answer = answer(self.client.clone(), request, patience);
            let Answer { status, headers, begun, rest } = match read {
                true => background.apart(answer).await?,
                false => background.within(answer).await?,
            };
            let mut answer = http::Response::new(());
            *answer.status_mut() = status;
            *answer.headers_mut() = headers;
            let begun = futures::stream::iter(begun);
            let Some(chunks) = rest else { return Ok(answer.map(|()| Body::new(begun))) };
            let rest = futures::stream::try_unfold((background, chunks), |(background, mut chunks)| async move {
                let chunk = background.within(next(&mut chunks)).await.transpose()?;
                Ok(chunk.map(|chunk| (chunk, (background, chunks))))
            });
            Ok(answer.map(|()| Body::new(begun.chain(rest))))
        })
    }
}

type Chunks = BoxStream<'static, reqwest::Result<Bytes>>;

/// An answer with the beginning of its body, and what is still to come.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    begun: Vec<Result<Bytes, FetchError>>,
    rest: Option<Chunks>,
}

/// Sends a request, and reads so much of the answer's body that a small one is whole: each piece that is awaited elsewhere
/// wakes two threads.
async fn answer(client: reqwest::Client, request: reqwest::Request, patience: Duration) -> Result<Answer, FetchError> {
    let response = match timeout(patience, client.execute(request)).await {
        Ok(sent) => sent.map_err(|error| explain(error, FetchErrorKind::OutcomeUnknown))?,
        Err(_) => {
            let message = format!("no answer within {} seconds", patience.as_secs());
            return Err(FetchError::new(FetchErrorKind::OutcomeUnknown, message));
        }
    };
    let (status, headers) = (response.status(), response.headers().clone());
    let mut chunks: Chunks = Box::pin(response.bytes_stream());
    let (mut begun, mut size) = (Vec::new(), 0);
    while size < AT_ONCE {
        let Some(chunk) = next(&mut chunks).await else { return Ok(Answer { status, headers, begun, rest: None }) };
        size = chunk.as_ref().map_or(AT_ONCE, |chunk| size + chunk.len());
        begun.push(chunk);
    }
    Ok(Answer { status, headers, begun, rest: Some(chunks) })
}

/// The next piece of a body.
async fn next(chunks: &mut Chunks) -> Option<Result<Bytes, FetchError>> {
    match timeout(READ_TIMEOUT, chunks.next()).await {
        Ok(chunk) => Some(chunk?.map_err(|error| explain(error, FetchErrorKind::BrokenOff))),
        Err(_) => Some(Err(FetchError::new(FetchErrorKind::BrokenOff, "the answer came to a standstill"))),
    }
}

fn explain(error: reqwest::Error, otherwise: FetchErrorKind) -> FetchError {
    let kind = match otherwise {
        FetchErrorKind::OutcomeUnknown if error.is_connect() || error.is_builder() => FetchErrorKind::NotSent,
        kind => kind,
    };
    // A URL may be signed.
    let error = error.without_url();
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        message.push_str(&format!(": {error}"));
        cause = error.source();
    }
    FetchError::new(kind, message)
}

/// The thread that serves connections; it ends when nothing refers to it any more.
#[derive(Debug)]
struct Background {
    handle: Handle,
    _alive: oneshot::Sender<()>,
}

impl Background {
    #[allow(clippy::disallowed_methods, reason = "an adapter may have a thread")]
    fn start() -> std::io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
        let handle = runtime.handle().clone();
        let (alive, ended) = oneshot::channel::<()>();
        std::thread::Builder::new().name("datashard-http".into()).spawn(move || {
            let _ = runtime.block_on(ended);
        })?;
        Ok(Self { handle, _alive: alive })
    }

    /// What the future comes to, polled where it is awaited. Timers and sockets are the runtime's.
    fn within<T: Future>(&self, future: T) -> Inside<T> {
        Inside { handle: self.handle.clone(), inner: Box::pin(future) }
    }

    /// The same, polled by the background's own thread. It ends when what is returned is dropped.
    fn apart<T: Send + 'static>(
        &self,
        future: impl Future<Output = Result<T, FetchError>> + Send + 'static,
    ) -> Apart<T> {
        Apart(self.handle.spawn(future))
    }
}

/// A task of the background's runtime.
struct Apart<T>(JoinHandle<Result<T, FetchError>>);

impl<T> Future for Apart<T> {
    type Output = Result<T, FetchError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let ended = |_| FetchError::new(FetchErrorKind::OutcomeUnknown, "the thread for HTTP ended");
        Pin::new(&mut self.0).poll(context).map(|done| done.map_err(ended).flatten())
    }
}

impl<T> Drop for Apart<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A future that is polled in the context of the background's runtime, where its sockets and timers live.
struct Inside<T> {
    handle: Handle,
    inner: Pin<Box<T>>,
}

impl<T: Future> Future for Inside<T> {
    type Output = T::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T::Output> {
        let handle = self.handle.clone();
        let _entered = handle.enter();
        self.inner.as_mut().poll(context)
    }
}
