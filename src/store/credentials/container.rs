use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Uri};

use crate::error::{Error, Result};
use crate::fetch::Fetch;
use crate::runtime::{BoxFuture, Runtime};
use crate::s3::{CredentialProvider, Credentials};
use crate::store::SecretFn;
use crate::store::credentials::ask::{Asker, build, sensitive, success};
use crate::store::credentials::json;

const TIMEOUT: Duration = Duration::from_secs(5);
const WHAT: &str = "the container's credential service";
const ECS: &str = "http://169.254.170.2";

/// The role of a container, as ECS, EKS Pod Identity and compatible services tell it. Wrap it in
/// [`CachedCredentials`](crate::store::CachedCredentials).
#[derive(Clone, Debug)]
pub struct ContainerCredentials {
    asker: Asker,
    uri: Uri,
    token: Option<SecretFn>,
}

impl ContainerCredentials {
    /// `uri` is a path on ECS's own address (`AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`), or a whole URL
    /// (`AWS_CONTAINER_CREDENTIALS_FULL_URI`), which has to be `https` or one of a loopback or container-local address,
    /// so that the token does not leave the machine in the clear.
    pub fn new(uri: &str, token: Option<SecretFn>, fetch: Arc<dyn Fetch>, runtime: Arc<dyn Runtime>) -> Result<Self> {
        let whole = if uri.starts_with('/') { format!("{ECS}{uri}") } else { uri.to_owned() };
        let uri: Uri =
            whole.parse().map_err(|_| Error::invalid_input(format!("the address of {WHAT} is malformed")))?;
        if !is_trusted(&uri) {
            let message = format!("the address of {WHAT} must be https, or one on this machine");
            return Err(Error::invalid_input(message));
        }
        Ok(Self { asker: Asker::new(fetch, runtime, TIMEOUT), uri, token })
    }
}

fn is_trusted(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_matches(|c| c == '[' || c == ']');
    match (uri.scheme_str(), host.parse()) {
        (Some("https"), _) => true,
        (Some("http"), Ok(IpAddr::V4(ip))) => ip.is_loopback() || matches!(ip.octets(), [169, 254, 170, 2 | 23]),
        (Some("http"), Ok(IpAddr::V6(ip))) => {
            ip.is_loopback() || ip.segments() == [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x23]
        }
        (Some("http"), Err(_)) => host == "localhost",
        _ => false,
    }
}

impl CredentialProvider for ContainerCredentials {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials>> {
        Box::pin(async move {
            let mut request = Request::get(self.uri.clone()).header("accept", "application/json");
            if let Some(token) = &self.token {
                request = request.header("authorization", sensitive(WHAT, token.get().await?.as_bytes())?);
            }
            let answer = self.asker.ask(WHAT, build(WHAT, request, "")?).await?;
            json::credentials(WHAT, &success(WHAT, answer)?)
        })
    }
}
