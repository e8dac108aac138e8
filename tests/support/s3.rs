//! Clients of S3 servers.

use std::sync::Arc;

use datashard::native::{ReqwestFetch, SystemRuntime};
use datashard::s3::Credentials;
use datashard::store::{ObjectStore, S3Config, S3Store};

use super::bucket_server::{Options, Server};

/// A client with connections of its own.
pub fn client(config: S3Config, credentials: Credentials) -> Arc<dyn ObjectStore> {
    let fetch = Arc::new(ReqwestFetch::new().unwrap());
    Arc::new(S3Store::new(config, Arc::new(credentials), fetch, Arc::new(SystemRuntime)).unwrap())
}

/// How to reach the bucket of a server with default options.
pub fn config(server: &Server) -> S3Config {
    S3Config { endpoint: Some(server.endpoint()), ..S3Config::new(Options::default().bucket) }
}

/// The keys of a server with default options.
pub fn credentials() -> Credentials {
    let Options { access_key, secret_key, .. } = Options::default();
    Credentials::new(access_key, secret_key)
}
