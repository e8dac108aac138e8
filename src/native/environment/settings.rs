use std::path::PathBuf;
use std::sync::Arc;

use http::Uri;

use crate::error::{Error, Result};
use crate::fetch::Fetch;
use crate::runtime::Runtime;
use crate::s3::{CredentialProvider, Credentials};
use crate::store::{
    CachedCredentials, ContainerCredentials, InstanceCredentials, S3Config, SecretFn, WebIdentityCredentials,
};

/// Named settings; an empty one counts as absent.
pub(super) struct Settings<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
}

impl<'a> Settings<'a> {
    pub(super) fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { lookup }
    }

    fn get(&self, name: &str) -> Option<String> {
        (self.lookup)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn first(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.get(name))
    }

    /// The bucket that the settings name, below their prefix.
    pub(super) fn config(&self) -> Result<S3Config> {
        let bucket = self.get("DATASHARD_S3_BUCKET").ok_or_else(|| {
            Error::invalid_input("no bucket is set: the environment variable DATASHARD_S3_BUCKET names it")
        })?;
        let prefix = self.get("DATASHARD_S3_PREFIX").unwrap_or_default();
        Ok(S3Config { prefix, ..self.config_of(bucket) })
    }

    /// Another bucket at the same place.
    pub(super) fn config_of(&self, bucket: impl Into<String>) -> S3Config {
        let mut config = S3Config::new(bucket);
        config.endpoint = self.first(&["DATASHARD_S3_ENDPOINT", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]);
        if let Some(region) = self.first(&["DATASHARD_S3_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"]) {
            config.region = region;
        }
        config
    }

    /// The first source of credentials that is set.
    pub(super) fn credentials(
        &self,
        config: &S3Config,
        fetch: Arc<dyn Fetch>,
        runtime: Arc<dyn Runtime>,
    ) -> Result<Arc<dyn CredentialProvider>> {
        let ours = ["DATASHARD_S3_ACCESS_KEY", "DATASHARD_S3_SECRET_KEY", "DATASHARD_S3_SESSION_TOKEN"];
        let aws = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
        for names in [ours, aws] {
            if let Some(keys) = self.keys(names)? {
                return Ok(Arc::new(keys));
            }
        }
        let service: Arc<dyn CredentialProvider> = if let Some(token) = self.get("AWS_WEB_IDENTITY_TOKEN_FILE") {
            Arc::new(self.web_identity(token, &config.region, fetch, runtime.clone())?)
        } else if let Some(uri) = self.container() {
            Arc::new(ContainerCredentials::new(&uri, self.container_token(), fetch, runtime.clone())?)
        } else if is_aws(config) && self.get("AWS_EC2_METADATA_DISABLED").as_deref() != Some("true") {
            let endpoint = self.get("AWS_EC2_METADATA_SERVICE_ENDPOINT");
            Arc::new(InstanceCredentials::new(endpoint.as_deref(), fetch, runtime.clone()))
        } else {
            return Ok(Arc::new(Credentials::anonymous()));
        };
        Ok(Arc::new(CachedCredentials::new(service, runtime)))
    }

    /// A session token counts only beside the keys it belongs to.
    fn keys(&self, [access_key, secret_key, token]: [&str; 3]) -> Result<Option<Credentials>> {
        let keys = match (self.get(access_key), self.get(secret_key)) {
            (None, None) => return Ok(None),
            (Some(access_key), Some(secret_key)) => Credentials::new(access_key, secret_key),
            (Some(_), None) => return Err(Error::invalid_input(format!("{access_key} is set without {secret_key}"))),
            (None, Some(_)) => return Err(Error::invalid_input(format!("{secret_key} is set without {access_key}"))),
        };
        Ok(Some(match self.get(token) {
            Some(token) => keys.session_token(token),
            None => keys,
        }))
    }

    fn web_identity(
        &self,
        file: String,
        region: &str,
        fetch: Arc<dyn Fetch>,
        runtime: Arc<dyn Runtime>,
    ) -> Result<WebIdentityCredentials> {
        let role = self
            .get("AWS_ROLE_ARN")
            .ok_or_else(|| Error::invalid_input("AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN"))?;
        let session = self.get("AWS_ROLE_SESSION_NAME").unwrap_or_else(|| "datashard".into());
        let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        let endpoint = self.get("AWS_ENDPOINT_URL_STS").unwrap_or_else(|| format!("https://sts.{region}.{domain}"));
        Ok(WebIdentityCredentials::new(&endpoint, role, session, secret_file(file), fetch, runtime))
    }

    fn container(&self) -> Option<String> {
        let relative = self.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
        let relative = relative.map(|path| format!("/{}", path.trim_start_matches('/')));
        relative.or_else(|| self.get("AWS_CONTAINER_CREDENTIALS_FULL_URI"))
    }

    fn container_token(&self) -> Option<SecretFn> {
        match self.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
            Some(file) => Some(secret_file(file)),
            None => self.get("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(SecretFn::fixed),
        }
    }
}

fn is_aws(config: &S3Config) -> bool {
    let Some(endpoint) = &config.endpoint else { return true };
    let uri: Option<Uri> = endpoint.parse().ok();
    let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
    host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn")
}

/// Reads the file each time, since such files are replaced.
fn secret_file(path: String) -> SecretFn {
    let path = PathBuf::from(path);
    SecretFn::new(move || {
        let path = path.clone();
        blocking::unblock(move || {
            std::fs::read_to_string(&path).map_err(|error| {
                Error::permission_denied(format!("the token in {} cannot be read", path.display())).caused_by(error)
            })
        })
    })
}
