use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use futures::future::join_all;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::fault::{Fault, Plan};
use super::passage::Passage;

/// The proxy, in the background, on a port that was free. Dropping it closes every connection.
pub struct Proxy {
    address: SocketAddr,
    passage: Arc<Passage>,
    runtime: Option<Runtime>,
}

impl Proxy {
    /// Before the server at an endpoint, `http://host:port`. Listens when this returns.
    pub fn start(endpoint: &str, plan: Plan) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let passage = Arc::new(Passage::new(endpoint, plan, runtime.handle().clone()));
        runtime.spawn(accept(listener, passage.clone()));
        Self { address, passage, runtime: Some(runtime) }
    }

    /// The endpoint to give to clients.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on.
    pub fn plan(&self, plan: Plan) {
        *self.passage.plan.lock().unwrap() = plan;
    }

    /// How often each fault has occurred.
    pub fn counts(&self) -> BTreeMap<Fault, u64> {
        self.passage.counts.lock().unwrap().clone()
    }

    /// The faults of a random plan that have not occurred yet, the doubtful ones to a commit.
    pub fn missing(&self) -> Vec<Fault> {
        let (counts, commits) = (self.counts(), self.passage.commits.lock().unwrap().clone());
        let doubtful = Fault::DOUBTFUL.into_iter().filter(|fault| !commits.contains(fault));
        Fault::ALL.into_iter().filter(|fault| !counts.contains_key(fault)).chain(doubtful).collect()
    }

    /// Returns when the server has answered all requests that it was to get later.
    pub async fn drain(&self) {
        let late = std::mem::take(&mut *self.passage.late.lock().unwrap());
        join_all(late).await.into_iter().for_each(|done| done.unwrap());
    }

    /// Has the server get what was held back; returns the statuses that it answered.
    pub async fn deliver_held(&self) -> Vec<u16> {
        let held = std::mem::take(&mut *self.passage.held.lock().unwrap());
        let answers = join_all(held.into_iter().map(|request| self.passage.forward(request))).await;
        answers.into_iter().map(|answer| answer.unwrap().status().as_u16()).collect()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn accept(listener: TcpListener, passage: Arc<Passage>) {
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let passage = passage.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| passage.clone().pass(request));
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}
