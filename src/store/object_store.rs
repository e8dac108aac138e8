use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use crate::error::{Error, Result};
use crate::runtime::{BoxFuture, BoxStream, MaybeSend, MaybeSync, Timestamp};

/// Flat, strongly consistent storage of whole objects under keys, with an atomic "create if absent".
///
/// Keys are relative to the store's [`root`](Self::root), without a leading slash, in plain Unicode (not URL-escaped):
/// no empty segment, no `.` or `..`, no trailing slash, no segment of more than 255 bytes. Implementations may retry
/// what is idempotent; they never retry a conditional put (see [`PutOutcome`]).
///
/// Every implementation passes one conformance suite (`tests/support/conformance.rs`).
pub trait ObjectStore: Debug + MaybeSend + MaybeSync {
    /// The URI of the store without a trailing slash (`s3://bucket`, `file:///var/tables`, `memory://store`): with a slash
    /// and a key behind it, it is an object's location in table metadata.
    fn root(&self) -> &str;

    /// Reads an object or part of it. Fails with [`NotFound`](crate::ErrorKind::NotFound) if there is none.
    fn get<'a>(&'a self, key: &'a str, options: GetOptions) -> BoxFuture<'a, Result<GetResult>>;

    /// Size, tag and time of an object, without its content.
    fn head<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<ObjectMeta>>;

    /// Stores a whole object, atomically: nobody ever reads a part of it. Of a conditional put, `Err` means that it was
    /// certainly not stored; of another, that the store did not confirm it in the end.
    fn put<'a>(&'a self, key: &'a str, body: Bytes, options: PutOptions) -> BoxFuture<'a, Result<PutOutcome>>;

    /// Begins an object that is sent in parts, for content too large to hold in memory. It appears when it is
    /// completed, and overwrites: use names that are new.
    fn upload<'a>(&'a self, key: &'a str, options: PutOptions) -> BoxFuture<'a, Result<Box<dyn Upload>>>;

    /// Deletes an object. One that is not there is no error.
    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<()>>;

    /// Deletes many objects in as few requests as possible, and returns those that failed.
    fn delete_many(&self, keys: Vec<String>) -> BoxFuture<'_, Result<Vec<(String, Error)>>> {
        Box::pin(async move {
            let mut failed = Vec::new();
            for key in keys {
                if let Err(error) = self.delete(&key).await {
                    failed.push((key, error));
                }
            }
            Ok(failed)
        })
    }

    /// All objects whose key begins with `prefix` (plain text: `a/b` matches `a/bc`), after `start_after` in byte
    /// order if given. The order is the store's: sort where it matters.
    fn list<'a>(&'a self, prefix: &'a str, start_after: Option<&'a str>) -> BoxStream<'a, Result<ObjectMeta>>;

    /// How far the store's clock is ahead of the runtime's, in milliseconds, as far as answers have shown it.
    fn clock_offset_millis(&self) -> i64 {
        0
    }
}

/// What to read.
#[derive(Clone, Debug, Default)]
pub struct GetOptions {
    /// Bytes from start to end (exclusive); all of them if `None`. A range that ends beyond the object is shortened.
    pub range: Option<Range<u64>>,
    /// Bypass every cache on the way: for objects that appear or change (a table's head).
    pub fresh: bool,
    /// Refuse an answer longer than this many bytes, so that a hostile object cannot exhaust memory.
    pub limit: Option<u64>,
}

impl GetOptions {
    /// The bytes from start to end (exclusive).
    pub fn range(range: Range<u64>) -> Self {
        Self { range: Some(range), ..Self::default() }
    }

    /// Bypassing caches.
    pub fn fresh() -> Self {
        Self { fresh: true, ..Self::default() }
    }
}

/// An object, or the part of it that was asked for.
#[derive(Clone, Debug)]
pub struct GetResult {
    /// The content.
    pub bytes: Bytes,
    /// The whole object's size, tag and time.
    pub meta: ObjectMeta,
}

/// An object without its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectMeta {
    /// The key, relative to the store's root.
    pub key: String,
    /// The whole object's size in bytes.
    pub size: u64,
    /// The tag of this content, if the store said one.
    pub etag: Option<ETag>,
    /// When it was stored, by the store's own clock, to the second.
    pub last_modified: Option<Timestamp>,
}

/// An entity tag as the store spelled it (usually with its quotes).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ETag(Arc<str>);

impl ETag {
    /// From the header's value.
    pub fn new(value: impl Into<Arc<str>>) -> Self {
        Self(value.into())
    }

    /// The header's value.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How to store.
#[derive(Clone, Debug, Default)]
pub struct PutOptions {
    /// The condition on what is there.
    pub precondition: Precondition,
    /// The media type; `application/octet-stream` if `None`.
    pub content_type: Option<&'static str>,
    /// Try once and do not insist: for what is useful to have stored and not needed.
    pub best_effort: bool,
}

impl PutOptions {
    /// Store only if there is no object under the key.
    pub fn if_absent() -> Self {
        Self { precondition: Precondition::IfAbsent, ..Self::default() }
    }
}

/// A condition that the store checks and acts upon in one atomic step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Precondition {
    /// Overwrite whatever is there.
    #[default]
    None,
    /// Only if there is nothing (`If-None-Match: *`).
    IfAbsent,
    /// Only if the content there has this tag (`If-Match`). The commit protocol does not use it: several stores get it wrong.
    IfMatch(ETag),
}

/// What became of a put.
#[derive(Clone, Debug)]
#[must_use = "a put that failed its precondition, or whose outcome is unknown, is not an error"]
pub enum PutOutcome {
    /// Stored, with the new tag if the store said one.
    Done(Option<ETag>),
    /// Not stored: the condition did not hold. Something below may have repeated the request, so the object that is
    /// there may be this very one.
    PreconditionFailed,
    /// It may or may not have been stored, or may be stored a little later (409, 5xx, timeout, reset). Only for
    /// conditional puts; the others are retried inside.
    Unknown(Error),
}

/// An object on its way in parts. Dropping it without [`complete`](Upload::complete) or [`abort`](Upload::abort) leaves
/// parts behind that the store charges for until its own clean-up; nothing does I/O in `Drop`.
pub trait Upload: Debug + MaybeSend {
    /// Sends the next part. All but the last have at least [`MIN_PART`](crate::store::MIN_PART) bytes.
    fn part(&mut self, bytes: Bytes) -> BoxFuture<'_, Result<()>>;

    /// Makes the object appear.
    fn complete(self: Box<Self>) -> BoxFuture<'static, Result<()>>;

    /// Gives up, and removes the parts.
    fn abort(self: Box<Self>) -> BoxFuture<'static, Result<()>>;
}

/// A shared store is a store.
impl<S: ObjectStore + ?Sized> ObjectStore for Arc<S> {
    fn root(&self) -> &str {
        (**self).root()
    }

    fn get<'a>(&'a self, key: &'a str, options: GetOptions) -> BoxFuture<'a, Result<GetResult>> {
        (**self).get(key, options)
    }

    fn head<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<ObjectMeta>> {
        (**self).head(key)
    }

    fn put<'a>(&'a self, key: &'a str, body: Bytes, options: PutOptions) -> BoxFuture<'a, Result<PutOutcome>> {
        (**self).put(key, body, options)
    }

    fn upload<'a>(&'a self, key: &'a str, options: PutOptions) -> BoxFuture<'a, Result<Box<dyn Upload>>> {
        (**self).upload(key, options)
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<()>> {
        (**self).delete(key)
    }

    fn delete_many(&self, keys: Vec<String>) -> BoxFuture<'_, Result<Vec<(String, Error)>>> {
        (**self).delete_many(keys)
    }

    fn list<'a>(&'a self, prefix: &'a str, start_after: Option<&'a str>) -> BoxStream<'a, Result<ObjectMeta>> {
        (**self).list(prefix, start_after)
    }

    fn clock_offset_millis(&self) -> i64 {
        (**self).clock_offset_millis()
    }
}

/// The least size of a part that is not the last (5 MiB, S3's limit).
pub const MIN_PART: usize = 5 << 20;
