//! One function an action, returning the request before it is signed.

use std::fmt::Write;
use std::ops::Range;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, IF_MATCH, IF_NONE_MATCH, RANGE};
use http::{HeaderValue, Method, Request, Uri};

use crate::error::{Error, Result};
use crate::s3::Address;
use crate::s3::digest::md5_base64;
use crate::s3::xml::escape_text;

/// The most keys that one [`delete_objects`] takes.
pub const MAX_DELETE: usize = 1000;

/// When a PUT may take effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition<'a> {
    /// Always.
    Always,
    /// If there is no object (`If-None-Match: *`).
    IfAbsent,
    /// If the object there has this tag (`If-Match`).
    IfMatch(&'a str),
}

/// Reads an object, or the bytes from start to end (exclusive, and not empty).
pub fn get_object(at: &Address, key: &str, range: Option<&Range<u64>>) -> Result<Request<Bytes>> {
    let mut request = bare(Method::GET, at.object(key, &[])?);
    if let Some(range) = range {
        let last = range.end.saturating_sub(1);
        insert(&mut request, RANGE, &format!("bytes={}-{last}", range.start))?;
    }
    Ok(request)
}

/// Reads what a GET would say in its headers.
pub fn head_object(at: &Address, key: &str) -> Result<Request<Bytes>> {
    Ok(bare(Method::HEAD, at.object(key, &[])?))
}

/// Stores a whole object.
pub fn put_object(
    at: &Address,
    key: &str,
    body: Bytes,
    content_type: &str,
    condition: Condition<'_>,
) -> Result<Request<Bytes>> {
    let mut request = bare(Method::PUT, at.object(key, &[])?);
    *request.body_mut() = body;
    insert(&mut request, CONTENT_TYPE, content_type)?;
    match condition {
        Condition::Always => {}
        Condition::IfAbsent => insert(&mut request, IF_NONE_MATCH, "*")?,
        Condition::IfMatch(tag) => insert(&mut request, IF_MATCH, tag)?,
    }
    Ok(request)
}

/// Deletes an object.
pub fn delete_object(at: &Address, key: &str) -> Result<Request<Bytes>> {
    Ok(bare(Method::DELETE, at.object(key, &[])?))
}

/// Deletes up to [`MAX_DELETE`] objects; the answer names only those that failed. Its checksum is `Content-MD5`, the one
/// that every store takes here.
pub fn delete_objects<'a>(at: &Address, keys: impl IntoIterator<Item = &'a str>) -> Result<Request<Bytes>> {
    let mut xml = String::from("<Delete xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Quiet>true</Quiet>");
    for key in keys {
        let _ = write!(xml, "<Object><Key>{}</Key></Object>", escape_text(key));
    }
    xml.push_str("</Delete>");
    let mut request = bare(Method::POST, at.root(&[("delete", "")])?);
    insert(&mut request, HeaderName::from_static("content-md5"), &md5_base64(xml.as_bytes()))?;
    insert(&mut request, CONTENT_TYPE, "application/xml")?;
    *request.body_mut() = xml.into();
    Ok(request)
}

/// Lists a page of keys that begin with `prefix`: the first one, after `start_after` if given, or the one that a
/// previous page's token leads to.
pub fn list_objects(
    at: &Address,
    prefix: &str,
    start_after: Option<&str>,
    token: Option<&str>,
) -> Result<Request<Bytes>> {
    let mut query = vec![("list-type", "2"), ("encoding-type", "url"), ("prefix", prefix)];
    query.extend(start_after.map(|key| ("start-after", key)));
    query.extend(token.map(|token| ("continuation-token", token)));
    Ok(bare(Method::GET, at.root(&query)?))
}

/// Begins an object that is sent in parts.
pub fn create_multipart_upload(at: &Address, key: &str, content_type: &str) -> Result<Request<Bytes>> {
    let mut request = bare(Method::POST, at.object(key, &[("uploads", "")])?);
    insert(&mut request, CONTENT_TYPE, content_type)?;
    Ok(request)
}

/// Sends a part; the first is number 1.
pub fn upload_part(at: &Address, key: &str, upload: &str, number: u16, body: Bytes) -> Result<Request<Bytes>> {
    let number = number.to_string();
    let mut request = bare(Method::PUT, at.object(key, &[("partNumber", &number), ("uploadId", upload)])?);
    *request.body_mut() = body;
    Ok(request)
}

/// Makes the object of these parts (numbers and tags, in order) appear.
pub fn complete_multipart_upload(
    at: &Address,
    key: &str,
    upload: &str,
    parts: &[(u16, String)],
) -> Result<Request<Bytes>> {
    let mut xml = String::from("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for (number, tag) in parts {
        let tag = escape_text(tag);
        let _ = write!(xml, "<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>");
    }
    xml.push_str("</CompleteMultipartUpload>");
    let mut request = bare(Method::POST, at.object(key, &[("uploadId", upload)])?);
    insert(&mut request, CONTENT_TYPE, "application/xml")?;
    *request.body_mut() = xml.into();
    Ok(request)
}

/// Removes the parts that were sent.
pub fn abort_multipart_upload(at: &Address, key: &str, upload: &str) -> Result<Request<Bytes>> {
    Ok(bare(Method::DELETE, at.object(key, &[("uploadId", upload)])?))
}

fn bare(method: Method, uri: Uri) -> Request<Bytes> {
    let mut request = Request::new(Bytes::new());
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    request
}

fn insert(request: &mut Request<Bytes>, name: HeaderName, value: &str) -> Result<()> {
    let value = HeaderValue::from_str(value)
        .map_err(|error| Error::invalid_input(format!("the header {name} cannot have this value")).caused_by(error))?;
    request.headers_mut().insert(name, value);
    Ok(())
}
