//! What benchmarks that read in processes of their own have in common.

use std::sync::Arc;

use datashard::native::{ReqwestFetch, SystemRuntime};
use datashard::s3::Credentials;
use datashard::store::{ObjectStore, S3Config, S3Store};

use crate::server::Options;

/// What a scan of the bucket of a [`Server`](crate::server::Server) goes through.
pub fn client(endpoint: &str) -> Arc<dyn ObjectStore> {
    let Options { bucket, access_key, secret_key, .. } = Options::default();
    let config = S3Config { endpoint: Some(endpoint.to_owned()), ..S3Config::new(bucket) };
    let credentials = Arc::new(Credentials::new(access_key, secret_key));
    let fetch = Arc::new(ReqwestFetch::new().unwrap());
    Arc::new(S3Store::new(config, credentials, fetch, Arc::new(SystemRuntime)).unwrap())
}

/// The most that this process has had in memory, in MiB; 0 where the system does not say.
pub fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

/// The processor time that this process has taken, in seconds; 0 where the system does not say.
#[allow(dead_code)]
pub fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program comes before, in parentheses. A tick is a hundredth.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}
