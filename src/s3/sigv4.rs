use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use http::{Request, Uri};
use percent_encoding::percent_decode_str;

use crate::error::{Error, Result};
use crate::runtime::Timestamp;
use crate::s3::Credentials;
use crate::s3::date::amz_date;
use crate::s3::digest::{hex, hmac_sha256, sha256_hex};
use crate::s3::url::escape_query;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// AWS Signature Version 4 at one point in time. With anonymous credentials requests stay as they are.
#[derive(Clone, Copy, Debug)]
pub struct Signer<'a> {
    /// Whose signature it is.
    pub credentials: &'a Credentials,
    /// The region in the signature's scope.
    pub region: &'a str,
    /// The time by the server's clock. A signature in the headers holds for 15 minutes around it.
    pub time: Timestamp,
}

impl Signer<'_> {
    /// Signs with a header: the method, the URL, every header that the request has, and the content's hash.
    pub fn sign_headers(&self, request: &mut Request<Bytes>) -> Result<()> {
        if self.credentials.is_anonymous() {
            return Ok(());
        }
        let (_, time) = amz_date(self.time);
        let payload = sha256_hex(request.body());
        let headers = request.headers_mut();
        headers.insert("x-amz-date", value(&time)?);
        headers.insert("x-amz-content-sha256", value(&payload)?);
        if let Some(token) = self.credentials.token() {
            headers.insert("x-amz-security-token", secret(token)?);
        }
        let (headers, names) = canonical_headers(request.uri(), request.headers(), |_| true)?;
        let query = canonical_query(&pairs(request.uri())?);
        let signature = self.signature(request, &query, &headers, &names, &payload)?;
        let authorization = format!(
            "{ALGORITHM} Credential={}/{}, SignedHeaders={names}, Signature={signature}",
            self.credentials.access_key(),
            self.scope()
        );
        request.headers_mut().insert(AUTHORIZATION, secret(&authorization)?);
        Ok(())
    }

    /// Signs in the query, which makes the URL itself a key to the object for as long as it is valid: the method, the
    /// URL, and the headers named `x-amz-`. The content and other headers are not signed.
    pub fn sign_query(&self, request: &mut Request<Bytes>, valid: Duration) -> Result<()> {
        if self.credentials.is_anonymous() {
            return Ok(());
        }
        let (headers, names) =
            canonical_headers(request.uri(), request.headers(), |name| name.as_str().starts_with("x-amz-"))?;
        let mut query = pairs(request.uri())?;
        let mut add = |name: &str, text: &str| query.push((name.to_owned(), escape_query(text)));
        add("X-Amz-Algorithm", ALGORITHM);
        add("X-Amz-Credential", &format!("{}/{}", self.credentials.access_key(), self.scope()));
        add("X-Amz-Date", &amz_date(self.time).1);
        add("X-Amz-Expires", &valid.as_secs().to_string());
        add("X-Amz-SignedHeaders", &names);
        if let Some(token) = self.credentials.token() {
            add("X-Amz-Security-Token", token);
        }
        let query = canonical_query(&query);
        let signature = self.signature(request, &query, &headers, &names, "UNSIGNED-PAYLOAD")?;
        let uri = request.uri();
        let (scheme, authority) =
            (uri.scheme_str().unwrap_or("https"), uri.authority().map_or("", |host| host.as_str()));
        let signed = format!("{scheme}://{authority}{}?{query}&X-Amz-Signature={signature}", uri.path());
        // The error of a URL that is too long must not show it.
        *request.uri_mut() = signed.parse().map_err(|_| Error::invalid_input("the signed URL is too long"))?;
        Ok(())
    }

    fn scope(&self) -> String {
        format!("{}/{}/s3/aws4_request", amz_date(self.time).0, self.region)
    }

    fn signature(
        &self,
        request: &Request<Bytes>,
        query: &str,
        headers: &str,
        names: &str,
        payload: &str,
    ) -> Result<String> {
        let (date, time) = amz_date(self.time);
        let (method, path) = (request.method(), request.uri().path());
        let canonical = format!("{method}\n{path}\n{query}\n{headers}\n{names}\n{payload}");
        let to_sign = format!("{ALGORITHM}\n{time}\n{}\n{}", self.scope(), sha256_hex(canonical.as_bytes()));
        let mut key = format!("AWS4{}", self.credentials.secret_key()).into_bytes();
        for part in [date.as_str(), self.region, "s3", "aws4_request"] {
            key = hmac_sha256(&key, part.as_bytes())?;
        }
        Ok(hex(&hmac_sha256(&key, to_sign.as_bytes())?))
    }
}

fn value(text: &str) -> Result<HeaderValue> {
    HeaderValue::from_str(text)
        .map_err(|_| Error::invalid_input("credentials contain characters that no header can carry"))
}

fn secret(text: &str) -> Result<HeaderValue> {
    let mut value = value(text)?;
    value.set_sensitive(true);
    Ok(value)
}

/// The block of lower-case `name:value` lines, sorted, and the list of names. The host comes from the URL, since no HTTP
/// client lets it be set otherwise.
fn canonical_headers(uri: &Uri, headers: &HeaderMap, signed: impl Fn(&HeaderName) -> bool) -> Result<(String, String)> {
    let host = uri.authority().ok_or_else(|| Error::invalid_input("the URL has no host"))?;
    let mut lines = BTreeMap::new();
    lines.insert("host", host.as_str().to_owned());
    for name in headers.keys().filter(|name| signed(name)) {
        let mut values = Vec::new();
        for value in headers.get_all(name) {
            let text = std::str::from_utf8(value.as_bytes())
                .map_err(|_| Error::invalid_input(format!("the header {name} is not text")))?;
            values.push(text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "));
        }
        lines.insert(name.as_str(), values.join(","));
    }
    let block = lines.iter().fold(String::new(), |mut block, (name, value)| {
        let _ = writeln!(block, "{name}:{value}");
        block
    });
    let names: Vec<_> = lines.keys().copied().collect();
    Ok((block, names.join(";")))
}

/// The query's names and values, both escaped in the one way that signatures know.
fn pairs(uri: &Uri) -> Result<Vec<(String, String)>> {
    let normal = |text: &str| -> Result<String> {
        let plain = percent_decode_str(text).decode_utf8();
        Ok(escape_query(&plain.map_err(|_| Error::invalid_input("the URL's query is not UTF-8"))?))
    };
    let query = uri.query().unwrap_or_default();
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((normal(name)?, normal(value)?))
        })
        .collect()
}

fn canonical_query(pairs: &[(String, String)]) -> String {
    let mut pairs: Vec<_> = pairs.iter().collect();
    pairs.sort_unstable();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}
