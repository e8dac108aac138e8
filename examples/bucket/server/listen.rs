use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use datashard::store::ObjectStore;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::auth::Keys;
use super::bucket::Bucket;
use super::cors::Cors;

/// How to serve a bucket.
#[derive(Clone)]
pub struct Options {
    /// Where to listen; port 0 is one that is free.
    pub address: SocketAddr,
    pub bucket: String,
    pub access_key: String,
    pub secret_key: String,
    /// If set, requests must carry this token; otherwise any is accepted.
    pub session_token: Option<String>,
    /// Whether requests without a signature may read.
    pub public: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            bucket: "demo".into(),
            access_key: "demo-key".into(),
            secret_key: "demo-secret".into(),
            session_token: None,
            public: false,
        }
    }
}

/// A server in the background, on threads and a runtime of its own. Dropping it closes every connection.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    answers: Arc<AtomicU64>,
}

impl Server {
    /// Listens when this returns.
    pub fn start(store: Arc<dyn ObjectStore>, options: Options) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind(options.address))?;
        let address = listener.local_addr()?;
        let mut service = S3ServiceBuilder::new(Bucket::new(store, options.bucket.clone()));
        service.set_auth(Keys::new(&options));
        service.set_access(Keys::new(&options));
        let (stop, stopped) = oneshot::channel();
        let service = Cors::new(service.build());
        let answers = service.answers();
        let thread = std::thread::Builder::new().name("bucket".into()).spawn(move || {
            runtime.spawn(accept(listener, service));
            let _ = runtime.block_on(stopped);
        })?;
        Ok(Self { address, stop: Some(stop), thread: Some(thread), answers })
    }

    /// The endpoint to give to clients, which address the bucket in the path.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many requests were taken so far.
    #[allow(dead_code, reason = "for benchmarks")]
    pub fn answers(&self) -> u64 {
        self.answers.load(Ordering::Relaxed)
    }

    /// Blocks for ever.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept(listener: TcpListener, service: Cors<S3Service>) {
    loop {
        // Out of file descriptors, most likely; connections that end free some.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let service = service.clone();
        tokio::spawn(async move {
            let connection =
                http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
            let _ = connection.await;
        });
    }
}
