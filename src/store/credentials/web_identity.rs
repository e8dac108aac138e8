use std::sync::Arc;
use std::time::Duration;

use http::Request;

use crate::error::{Error, Result};
use crate::fetch::Fetch;
use crate::runtime::{BoxFuture, Runtime};
use crate::s3::url::escape_query;
use crate::s3::{CredentialProvider, Credentials, Element, ServiceError};
use crate::store::SecretFn;
use crate::store::credentials::ask::{Asker, build};
use crate::store::credentials::json::complete;

const TIMEOUT: Duration = Duration::from_secs(10);
const WHAT: &str = "the security token service";

/// A role for the bearer of a token of OpenID Connect (`AssumeRoleWithWebIdentity`), as Kubernetes and CI services hand
/// them out. Wrap it in [`CachedCredentials`](crate::store::CachedCredentials).
#[derive(Clone, Debug)]
pub struct WebIdentityCredentials {
    asker: Asker,
    endpoint: String,
    role: String,
    session: String,
    token: SecretFn,
}

impl WebIdentityCredentials {
    /// `endpoint` is that of the token service: `https://sts.<region>.amazonaws.com`, or a Ceph gateway's. `role` is the
    /// role's ARN, `session` a name that shows up in the service's log. The token is asked for at every renewal.
    pub fn new(
        endpoint: &str,
        role: impl Into<String>,
        session: impl Into<String>,
        token: SecretFn,
        fetch: Arc<dyn Fetch>,
        runtime: Arc<dyn Runtime>,
    ) -> Self {
        let endpoint = format!("{}/", endpoint.trim_end_matches('/'));
        Self { asker: Asker::new(fetch, runtime, TIMEOUT), endpoint, role: role.into(), session: session.into(), token }
    }

    async fn ask(&self) -> Result<Credentials> {
        let token = self.token.get().await?;
        let form = [
            ("Action", "AssumeRoleWithWebIdentity"),
            ("Version", "2011-06-15"),
            ("RoleArn", &self.role),
            ("RoleSessionName", &self.session),
            ("WebIdentityToken", &token),
        ];
        let form: Vec<_> = form.iter().map(|(name, value)| format!("{name}={}", escape_query(value))).collect();
        let request = Request::post(&self.endpoint)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "application/xml");
        let answer = self.asker.ask(WHAT, build(WHAT, request, form.join("&"))?).await?;
        if !answer.status().is_success() {
            let error = ServiceError::from_answer(answer.status().as_u16(), answer.headers(), answer.body());
            // Its message may repeat the token.
            let message = format!("{WHAT} gave no credentials ({} {})", error.status(), error.code());
            return Err(Error::permission_denied(message));
        }
        let root = Element::parse(answer.body())?;
        let found = root.child("AssumeRoleWithWebIdentityResult").and_then(|result| result.child("Credentials"));
        let found = found.ok_or_else(|| Error::invalid_data(format!("{WHAT} gave no credentials")))?;
        let text = |name| found.required(name).map(|text| text.trim().to_owned());
        let token = Some(text("SessionToken")?);
        complete(WHAT, text("AccessKeyId")?, text("SecretAccessKey")?, token, Some(found.required("Expiration")?))
    }
}

impl CredentialProvider for WebIdentityCredentials {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials>> {
        Box::pin(self.ask())
    }
}
