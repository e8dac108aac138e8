use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt;

use crate::error::{Error, Result, ResultExt};
use crate::fetch::Fetch;
use crate::runtime::{BoxFuture, BoxStream, Runtime};
use crate::s3::CredentialProvider;
use crate::store::s3::S3Config;
use crate::store::s3::client::Client;
use crate::store::s3::clock::ClockOffset;
use crate::store::s3::multipart::S3Upload;
use crate::store::{GetOptions, GetResult, ObjectMeta, ObjectStore, PutOptions, PutOutcome, Upload};

/// A bucket of AWS S3 or of anything that speaks its protocol. Cheap to clone.
///
/// Idempotent requests are repeated by [`S3Config::retry`]; a conditional put that may have reached the store is sent
/// exactly once. A clock that is off is corrected by the store's.
#[derive(Clone, Debug)]
pub struct S3Store {
    client: Arc<Client>,
    root: String,
}

impl S3Store {
    /// Sends nothing yet. Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput) if the endpoint, region, bucket or
    /// prefix is malformed.
    pub fn new(
        config: S3Config,
        credentials: Arc<dyn CredentialProvider>,
        fetch: Arc<dyn Fetch>,
        runtime: Arc<dyn Runtime>,
    ) -> Result<Self> {
        let (at, prefix) = (config.address()?, config.key_prefix()?);
        let root = format!("s3://{}/{prefix}", config.bucket).trim_end_matches('/').to_owned();
        let clock = ClockOffset::default();
        Ok(Self { client: Arc::new(Client { fetch, runtime, credentials, config, at, prefix, clock }), root })
    }

    fn uri(&self, key: &str) -> String {
        format!("{}/{key}", self.root)
    }
}

impl ObjectStore for S3Store {
    fn root(&self) -> &str {
        &self.root
    }

    fn get<'a>(&'a self, key: &'a str, options: GetOptions) -> BoxFuture<'a, Result<GetResult>> {
        Box::pin(async move { self.client.get(key, options).await.context(|| format!("reading {}", self.uri(key))) })
    }

    fn head<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<ObjectMeta>> {
        Box::pin(async move { self.client.head(key).await.context(|| format!("looking at {}", self.uri(key))) })
    }

    fn put<'a>(&'a self, key: &'a str, body: Bytes, options: PutOptions) -> BoxFuture<'a, Result<PutOutcome>> {
        Box::pin(async move {
            let doing = || format!("storing {}", self.uri(key));
            match self.client.put(key, body, options).await.context(doing)? {
                PutOutcome::Unknown(cause) => Ok(PutOutcome::Unknown(cause.context(doing()))),
                outcome => Ok(outcome),
            }
        })
    }

    fn upload<'a>(&'a self, key: &'a str, options: PutOptions) -> BoxFuture<'a, Result<Box<dyn Upload>>> {
        Box::pin(async move {
            let upload = S3Upload::begin(self.client.clone(), key, self.uri(key), options).await?;
            Ok(Box::new(upload) as Box<dyn Upload>)
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { self.client.delete(key).await.context(|| format!("deleting {}", self.uri(key))) })
    }

    fn delete_many(&self, keys: Vec<String>) -> BoxFuture<'_, Result<Vec<(String, Error)>>> {
        Box::pin(async move {
            let failed = self.client.delete_many(keys).await.into_iter();
            Ok(failed
                .map(|(key, error)| {
                    let error = error.context(format!("deleting {}", self.uri(&key)));
                    (key, error)
                })
                .collect())
        })
    }

    fn list<'a>(&'a self, prefix: &'a str, start_after: Option<&'a str>) -> BoxStream<'a, Result<ObjectMeta>> {
        let doing = format!("listing {}", self.uri(prefix));
        Box::pin(self.client.list(prefix, start_after).map_err(move |error| error.context(&doing)))
    }

    fn clock_offset_millis(&self) -> i64 {
        self.client.clock.millis()
    }
}
