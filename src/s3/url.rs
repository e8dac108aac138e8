use http::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::{Error, Result};

/// What S3's signatures leave unescaped in a query: RFC 3986's unreserved characters, and nothing else.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The same in a path, whose slashes stay.
const PATH: &AsciiSet = &QUERY.remove(b'/');

/// Escapes the value or the name of a query parameter.
pub(crate) fn escape_query(text: &str) -> String {
    utf8_percent_encode(text, QUERY).to_string()
}

/// Escapes a key as a path.
pub(crate) fn escape_path(text: &str) -> String {
    utf8_percent_encode(text, PATH).to_string()
}

/// Where a bucket's objects are: the part of every URL before the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    root: String,
    bucket: String,
}

impl Address {
    /// `endpoint` is `http://` or `https://`, a host, maybe a port and a base path; AWS's own of the region if `None`.
    /// With `path_style` the bucket is the first segment of the path, else the first label of the host.
    pub fn new(endpoint: Option<&str>, region: &str, bucket: &str, path_style: bool) -> Result<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if bucket.is_empty() || !bucket.bytes().all(plain) || bucket.starts_with('.') {
            return Err(Error::invalid_input(format!("{bucket:?} is not a bucket's name")));
        }
        if region.is_empty() || !region.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
            return Err(Error::invalid_input(format!("{region:?} is not a region")));
        }
        let (scheme, authority, path) = match endpoint {
            Some(endpoint) => parse(endpoint)?,
            None => {
                let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
                ("https", format!("s3.{region}.{domain}"), String::new())
            }
        };
        let root = if path_style {
            format!("{scheme}://{authority}{path}/{bucket}")
        } else if authority.starts_with(|first: char| first == '[' || first.is_ascii_digit()) {
            let message = format!("the bucket cannot be part of the host {authority}: use path style");
            return Err(Error::invalid_input(message));
        } else {
            format!("{scheme}://{bucket}.{authority}{path}/")
        };
        Ok(Self { root, bucket: bucket.to_owned() })
    }

    /// The bucket's name.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The URL of an object, with these query parameters.
    pub fn object(&self, key: &str, query: &[(&str, &str)]) -> Result<Uri> {
        // HTTP clients resolve such segments, and would then ask for another object than was signed.
        if key.is_empty() || key.split('/').any(|segment| matches!(segment, "." | "..")) {
            return Err(Error::invalid_input(format!("{key:?} is not a key that an object can have")));
        }
        uri(format!("{}/{}", self.root.trim_end_matches('/'), escape_path(key)), query)
    }

    /// The URL of the bucket itself, with these query parameters.
    pub fn root(&self, query: &[(&str, &str)]) -> Result<Uri> {
        uri(self.root.clone(), query)
    }
}

fn uri(mut url: String, query: &[(&str, &str)]) -> Result<Uri> {
    for (i, (name, value)) in query.iter().enumerate() {
        url.push(if i == 0 { '?' } else { '&' });
        url.push_str(&escape_query(name));
        url.push('=');
        url.push_str(&escape_query(value));
    }
    url.parse().map_err(|error| Error::invalid_input("the key is too long for a URL").caused_by(error))
}

fn parse(endpoint: &str) -> Result<(&'static str, String, String)> {
    let bad = |what: &str| Error::invalid_input(format!("the endpoint {what}"));
    let uri: Uri = endpoint.trim().parse().map_err(|error| bad("is not a URL").caused_by(error))?;
    let (scheme, default_port) = match uri.scheme_str() {
        Some("https") => ("https", 443),
        Some("http") => ("http", 80),
        _ => return Err(bad("must begin with https:// or http://")),
    };
    let authority = uri.authority().ok_or_else(|| bad("has no host"))?;
    if authority.as_str().contains('@') {
        return Err(bad("must not contain credentials"));
    }
    if uri.query().is_some() {
        return Err(bad("must not have a query"));
    }
    // A default port is left out, as HTTP clients leave it out of the Host header that is signed.
    let authority = match authority.port_u16() {
        Some(port) if port != default_port => format!("{}:{port}", authority.host().to_ascii_lowercase()),
        _ => authority.host().to_ascii_lowercase(),
    };
    Ok((scheme, authority, uri.path().trim_end_matches('/').to_owned()))
}
