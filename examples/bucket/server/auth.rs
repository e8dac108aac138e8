use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::{S3Result, s3_error};

use super::Options;

/// Who may do what.
pub(super) struct Keys {
    access_key: String,
    secret_key: String,
    session_token: Option<String>,
    public: bool,
}

impl Keys {
    pub(super) fn new(options: &Options) -> Self {
        let Options { access_key, secret_key, session_token, public, .. } = options.clone();
        Self { access_key, secret_key, session_token, public }
    }
}

#[async_trait::async_trait]
impl S3Auth for Keys {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if access_key == self.access_key {
            Ok(SecretKey::from(self.secret_key.as_str()))
        } else {
            Err(s3_error!(InvalidAccessKeyId, "The access key is not known here"))
        }
    }
}

const READS: [&str; 5] = ["GetObject", "HeadObject", "HeadBucket", "ListObjects", "ListObjectsV2"];

#[async_trait::async_trait]
impl S3Access for Keys {
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        if cx.credentials().is_none() {
            if self.public && READS.contains(&cx.s3_op().name()) {
                return Ok(());
            }
            return Err(s3_error!(AccessDenied, "The request is not signed"));
        }
        let Some(expected) = &self.session_token else { return Ok(()) };
        let header = cx.headers().get("x-amz-security-token").and_then(|token| token.to_str().ok()).map(String::from);
        let in_query = |token: &str| {
            let token = percent_encoding::percent_decode_str(token).decode_utf8_lossy();
            token == expected.as_str()
        };
        let query = || {
            let query = cx.uri().query().unwrap_or_default();
            query.split('&').filter_map(|pair| pair.strip_prefix("X-Amz-Security-Token=")).any(in_query)
        };
        if header.as_ref() == Some(expected) || query() {
            return Ok(());
        }
        Err(s3_error!(InvalidToken, "The session token is not the one of this access key"))
    }
}
