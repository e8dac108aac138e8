use crate::error::{Error, Result};
use crate::fetch::RetryPolicy;
use crate::s3::Address;

/// Which bucket, and how to speak to it. `S3Config::new(bucket)` is AWS; set the fields that differ.
///
/// ```
/// # use datashard::store::S3Config;
/// let config = S3Config {
///     endpoint: Some("https://0123456789abcdef.r2.cloudflarestorage.com".into()),
///     region: "auto".into(),
///     ..S3Config::new("my-bucket")
/// };
/// ```
#[derive(Clone, Debug)]
pub struct S3Config {
    /// The bucket's name.
    pub bucket: String,
    /// Where keys of this store begin: `tables` makes the store's root `s3://bucket/tables`. Empty: the bucket itself.
    pub prefix: String,
    /// `https://` (or `http://`), a host, maybe a port and a path. `None`: AWS in the region.
    pub endpoint: Option<String>,
    /// The region that signatures name.
    pub region: String,
    /// Whether the bucket is in the path of URLs instead of the host. `None`: with an endpoint of one's own, and on AWS
    /// where the bucket's name has a dot (which no TLS certificate covers).
    pub path_style: Option<bool>,
    /// Where the signature of GET and HEAD goes.
    pub read_signing: ReadSigning,
    /// When to repeat requests. A conditional put that was sent is never repeated.
    pub retry: RetryPolicy,
}

/// Where the signature of a read goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadSigning {
    /// In the header `Authorization`. The default natively.
    Header,
    /// In the query of the URL, which is then valid for minutes. In browsers such a read needs no preflight request, and
    /// repeated ones can come from the browser's cache: the default there.
    Query,
}

impl Default for ReadSigning {
    fn default() -> Self {
        if cfg!(target_family = "wasm") { Self::Query } else { Self::Header }
    }
}

impl S3Config {
    /// A bucket on AWS in `us-east-1`.
    pub fn new(bucket: impl Into<String>) -> Self {
        Self {
            bucket: bucket.into(),
            prefix: String::new(),
            endpoint: None,
            region: "us-east-1".into(),
            path_style: None,
            read_signing: ReadSigning::default(),
            retry: RetryPolicy::default(),
        }
    }

    pub(super) fn address(&self) -> Result<Address> {
        let path_style = self.path_style.unwrap_or(self.endpoint.is_some() || self.bucket.contains('.'));
        Address::new(self.endpoint.as_deref(), &self.region, &self.bucket, path_style)
    }

    /// The prefix with a slash behind it, or nothing.
    pub(super) fn key_prefix(&self) -> Result<String> {
        let prefix = self.prefix.trim_matches('/');
        if prefix.is_empty() {
            return Ok(String::new());
        }
        if prefix.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
            return Err(Error::invalid_input(format!("{prefix:?} is not a prefix of keys")));
        }
        Ok(format!("{prefix}/"))
    }
}
