use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Request};

use crate::error::{Error, Result, ResultExt};
use crate::fetch::Fetch;
use crate::runtime::{BoxFuture, Runtime};
use crate::s3::{CredentialProvider, Credentials};
use crate::store::credentials::ask::{Asker, build, sensitive, success};
use crate::store::credentials::json;

const TIMEOUT: Duration = Duration::from_secs(2);
const WHAT: &str = "the instance's metadata service";
const ENDPOINT: &str = "http://169.254.169.254";
const ROLES: &str = "latest/meta-data/iam/security-credentials/";

/// The role of an EC2 instance, by version 2 of its metadata service (version 1 is not asked). Wrap it in
/// [`CachedCredentials`](crate::store::CachedCredentials).
#[derive(Clone, Debug)]
pub struct InstanceCredentials {
    asker: Asker,
    endpoint: String,
}

impl InstanceCredentials {
    /// `endpoint` is for tests and special networks; `http://169.254.169.254` if `None`.
    pub fn new(endpoint: Option<&str>, fetch: Arc<dyn Fetch>, runtime: Arc<dyn Runtime>) -> Self {
        let endpoint = endpoint.unwrap_or(ENDPOINT).trim_end_matches('/').to_owned();
        Self { asker: Asker::new(fetch, runtime, TIMEOUT), endpoint }
    }

    async fn ask(&self) -> Result<Credentials> {
        let request = Request::put(format!("{}/latest/api/token", self.endpoint))
            .header("x-aws-ec2-metadata-token-ttl-seconds", "300");
        let answer = self.asker.ask(WHAT, build(WHAT, request, "")?).await;
        let answer = answer.context(|| "no credentials are set, and this seems to be no EC2 instance")?;
        let token = sensitive(WHAT, &success(WHAT, answer)?)?;
        let roles = self.get("", &token).await?;
        let roles = std::str::from_utf8(&roles).unwrap_or_default();
        let role = roles.lines().map(str::trim).find(|role| !role.is_empty());
        let role = role.ok_or_else(|| Error::permission_denied("the instance has no role"))?;
        json::credentials(WHAT, &self.get(role, &token).await?)
    }

    async fn get(&self, path: &str, token: &HeaderValue) -> Result<bytes::Bytes> {
        let request =
            Request::get(format!("{}/{ROLES}{path}", self.endpoint)).header("x-aws-ec2-metadata-token", token);
        success(WHAT, self.asker.ask(WHAT, build(WHAT, request, "")?).await?)
    }
}

impl CredentialProvider for InstanceCredentials {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials>> {
        Box::pin(self.ask())
    }
}
