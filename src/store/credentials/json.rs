use serde::Deserialize;

use crate::error::{Error, Result};
use crate::s3::{Credentials, iso8601};

/// What the services of EC2 and of containers answer.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    code: Option<String>,
    access_key_id: Option<String>,
    secret_access_key: Option<String>,
    token: Option<String>,
    expiration: Option<String>,
}

/// Reads the credentials. Errors show nothing of the answer but its code.
pub(super) fn credentials(what: &str, json: &[u8]) -> Result<Credentials> {
    let bad = |problem: &str| Error::invalid_data(format!("{what} gave no credentials: {problem}"));
    let answer: Answer = serde_json::from_slice(json).map_err(|_| bad("the answer is not the JSON expected"))?;
    if let Some(code) = answer.code.filter(|code| code != "Success") {
        let code: String = code.chars().filter(char::is_ascii_alphanumeric).take(60).collect();
        return Err(Error::permission_denied(format!("{what} gave no credentials: {code}")));
    }
    let (Some(access_key), Some(secret_key)) = (answer.access_key_id, answer.secret_access_key) else {
        return Err(bad("the answer has no keys"));
    };
    complete(what, access_key, secret_key, answer.token, answer.expiration.as_deref())
}

pub(super) fn complete(
    what: &str,
    access_key: String,
    secret_key: String,
    token: Option<String>,
    expiration: Option<&str>,
) -> Result<Credentials> {
    let mut credentials = Credentials::new(access_key, secret_key);
    if credentials.is_anonymous() {
        return Err(Error::invalid_data(format!("{what} gave an empty access key")));
    }
    if let Some(token) = token {
        credentials = credentials.session_token(token);
    }
    match expiration.map(iso8601) {
        None => Ok(credentials),
        Some(Some(expiry)) => Ok(credentials.expires_at(expiry)),
        Some(None) => Err(Error::invalid_data(format!("{what} gave credentials whose end is unreadable"))),
    }
}
