use std::sync::Arc;

use crate::Warehouse;
use crate::error::Result;
use crate::native::environment::settings::Settings;
use crate::native::{ReqwestFetch, SystemRuntime};
use crate::s3::CredentialProvider;
use crate::store::{S3Config, S3Store};

/// With this machine's clock, random numbers and HTTP (feature `native`).
impl S3Store {
    /// A bucket over [`ReqwestFetch`] with the time of [`SystemRuntime`]. Sends nothing yet.
    pub fn native(config: S3Config, credentials: Arc<dyn CredentialProvider>) -> Result<Self> {
        Self::new(config, credentials, Arc::new(ReqwestFetch::new()?), Arc::new(SystemRuntime))
    }

    /// The bucket that the environment names, in `DATASHARD_S3_BUCKET`, `_PREFIX`, `_ENDPOINT`, `_REGION`, `_ACCESS_KEY`,
    /// `_SECRET_KEY` and `_SESSION_TOKEN`. Sends nothing yet.
    ///
    /// Without an endpoint or a region of ours, AWS's variables count: `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`,
    /// `AWS_REGION`, `AWS_DEFAULT_REGION`. Credentials are the first of: our keys; `AWS_ACCESS_KEY_ID` with
    /// `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`; the token in the file `AWS_WEB_IDENTITY_TOKEN_FILE` for the role
    /// `AWS_ROLE_ARN`; the service at `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` or `_FULL_URI`; on AWS, the instance's
    /// metadata service, unless `AWS_EC2_METADATA_DISABLED` is `true`; else none, which suits a public bucket.
    #[allow(clippy::disallowed_methods, reason = "this is where the environment is read")]
    pub fn from_env() -> Result<Self> {
        let settings = Settings::new(&|name| std::env::var(name).ok());
        let config = settings.config()?;
        Self::of(&settings, config)
    }

    /// This bucket, all of it, reached as [`from_env`](Self::from_env) says: `DATASHARD_S3_BUCKET` and `_PREFIX` do not count.
    #[allow(clippy::disallowed_methods, reason = "this is where the environment is read")]
    pub fn from_env_of(bucket: impl Into<String>) -> Result<Self> {
        let settings = Settings::new(&|name| std::env::var(name).ok());
        let config = settings.config_of(bucket);
        Self::of(&settings, config)
    }

    fn of(settings: &Settings<'_>, config: S3Config) -> Result<Self> {
        let (fetch, runtime) = (Arc::new(ReqwestFetch::new()?), Arc::new(SystemRuntime));
        let credentials = settings.credentials(&config, fetch.clone(), runtime.clone())?;
        Self::new(config, credentials, fetch, runtime)
    }
}

impl Warehouse {
    /// The tables of the bucket that the environment names: see [`S3Store::from_env`].
    pub fn from_env() -> Result<Self> {
        Ok(Self::new(S3Store::from_env()?))
    }
}
