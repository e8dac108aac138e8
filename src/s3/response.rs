//! What answers say, one function an action.

use http::header::{CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderMap, LAST_MODIFIED};
use percent_encoding::percent_decode_str;

use crate::error::{Error, ErrorKind, Result};
use crate::runtime::Timestamp;
use crate::s3::{Element, ServiceError, http_date, iso8601};

/// What the headers of a GET, HEAD or PUT say about the object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectHead {
    /// The length of this answer's body.
    pub content_length: Option<u64>,
    /// Which part of the object the body is. A server may say it with status 200 too.
    pub content_range: Option<ContentRange>,
    /// The tag, as it was spelled.
    pub etag: Option<String>,
    /// When the object was stored.
    pub last_modified: Option<Timestamp>,
}

/// The part of an object that a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentRange {
    /// The first byte.
    pub start: u64,
    /// One after the last byte.
    pub end: u64,
    /// The whole object's size, if it was said.
    pub size: Option<u64>,
}

/// Reads the headers. What is absent or malformed is `None`; in browsers, headers that the bucket's CORS rule does not
/// expose are absent.
pub fn object_head(headers: &HeaderMap) -> ObjectHead {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    ObjectHead {
        content_length: text(CONTENT_LENGTH).and_then(|text| text.trim().parse().ok()),
        content_range: text(CONTENT_RANGE).and_then(content_range),
        etag: text(ETAG).map(str::to_owned),
        last_modified: text(LAST_MODIFIED).and_then(http_date),
    }
}

fn content_range(text: &str) -> Option<ContentRange> {
    let (range, size) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (start, last) = range.split_once('-')?;
    let size = if size == "*" { None } else { Some(size.parse().ok()?) };
    let range = ContentRange { start: start.parse().ok()?, end: last.parse::<u64>().ok()?.checked_add(1)?, size };
    (range.start < range.end && size.is_none_or(|size| range.end <= size)).then_some(range)
}

/// A page of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListPage {
    /// The objects.
    pub objects: Vec<ListedObject>,
    /// Whether another page follows.
    pub truncated: bool,
    /// What leads to the next page.
    pub next_token: Option<String>,
}

/// An object in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedObject {
    /// The whole key, in plain Unicode.
    pub key: String,
    /// The size in bytes.
    pub size: u64,
    /// The tag, as it was spelled.
    pub etag: Option<String>,
    /// When the object was stored.
    pub last_modified: Option<Timestamp>,
}

/// Reads a page of a listing.
pub fn list_objects(body: &[u8]) -> Result<ListPage> {
    let root = expect(Element::parse(body)?, "ListBucketResult")?;
    let escaped = root.text_of("EncodingType").is_some_and(|kind| kind.eq_ignore_ascii_case("url"));
    let objects = root.all("Contents").map(|entry| listed(entry, escaped)).collect::<Result<_>>()?;
    let next_token = root.text_of("NextContinuationToken").filter(|token| !token.is_empty()).map(str::to_owned);
    Ok(ListPage {
        objects,
        truncated: root.text_of("IsTruncated").is_some_and(|text| text.trim() == "true"),
        next_token,
    })
}

fn listed(entry: &Element, escaped: bool) -> Result<ListedObject> {
    let key = entry.required("Key")?;
    let key = if escaped { unescape(key)? } else { key.to_owned() };
    let size = entry.required("Size")?.trim().parse();
    let size = size.map_err(|_| Error::invalid_data(format!("the listing has no size of {key:?}")))?;
    let etag = entry.text_of("ETag").filter(|tag| !tag.is_empty()).map(str::to_owned);
    Ok(ListedObject { key, size, etag, last_modified: entry.text_of("LastModified").and_then(iso8601) })
}

/// `encoding-type=url` is that of forms: a plus is a space.
fn unescape(key: &str) -> Result<String> {
    let key = key.replace('+', " ");
    let plain = percent_decode_str(&key).decode_utf8();
    Ok(plain.map_err(|_| Error::invalid_data("the listing has a key that is not UTF-8"))?.into_owned())
}

/// The keys that a multi-object delete could not delete, and why. The status of such an answer is 200.
pub fn delete_objects(body: &[u8]) -> Result<Vec<(String, ServiceError)>> {
    // Some servers answer a quiet delete without errors by nothing at all.
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Vec::new());
    }
    let root = expect(Element::parse(body)?, "DeleteResult")?;
    let failed =
        root.all("Error").map(|entry| Ok((entry.required("Key")?.to_owned(), ServiceError::from_xml(200, entry))));
    failed.filter(|failure| !matches!(failure, Ok((_, error)) if error.code() == "NoSuchKey")).collect()
}

/// The identifier of an upload that has begun.
pub fn create_multipart_upload(body: &[u8]) -> Result<String> {
    let root = expect(Element::parse(body)?, "InitiateMultipartUploadResult")?;
    Ok(root.required("UploadId")?.to_owned())
}

/// Whether the parts became an object. An error may come with status 200, since servers send that early to keep the
/// connection alive while they work.
pub fn complete_multipart_upload(body: &[u8]) -> Result<(), ServiceError> {
    match Element::parse(body) {
        Ok(root) if root.name == "Error" => Err(ServiceError::from_xml(200, &root)),
        Ok(root) if root.name == "CompleteMultipartUploadResult" => Ok(()),
        _ => Err(ServiceError::new(200, "InternalError", "the answer to the completion of an upload is unreadable")),
    }
}

fn expect(root: Element, name: &str) -> Result<Element> {
    if root.name == name {
        return Ok(root);
    }
    if root.name == "Error" {
        return Err(ServiceError::from_xml(200, &root).into_error());
    }
    Err(Error::new(
        ErrorKind::InvalidData,
        format!("the store answered with {:?} instead of {name}: is this S3?", root.name),
    ))
}
