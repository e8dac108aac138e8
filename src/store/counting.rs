use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

use crate::error::{Error, Result};
use crate::runtime::{BoxFuture, BoxStream};
use crate::store::{GetOptions, GetResult, ObjectMeta, ObjectStore, PutOptions, PutOutcome, Upload};

/// Counts the calls that pass through to another store: what a table's use costs, independent of the machine.
/// Clones share their counters.
#[derive(Clone, Debug)]
pub struct CountingStore {
    inner: Arc<dyn ObjectStore>,
    counters: Arc<Counters>,
}

#[derive(Debug, Default)]
struct Counters {
    gets: AtomicU64,
    puts: AtomicU64,
    deletes: AtomicU64,
    lists: AtomicU64,
    bytes_read: AtomicU64,
    bytes_written: AtomicU64,
}

/// Calls and bytes since a [`CountingStore`] was made or last [`take`](CountingStore::take)n.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Reads: `get` and `head`.
    pub gets: u64,
    /// Writes: `put`, and each part and the begin and end of an `upload`.
    pub puts: u64,
    /// Deletions: `delete`, and each call of `delete_many`.
    pub deletes: u64,
    /// Listings (of however many pages).
    pub lists: u64,
    /// Bytes of content read.
    pub bytes_read: u64,
    /// Bytes of content written.
    pub bytes_written: u64,
}

impl Counts {
    /// All calls together.
    pub fn requests(&self) -> u64 {
        self.gets + self.puts + self.deletes + self.lists
    }
}

impl CountingStore {
    /// Counts what goes to `inner`.
    pub fn new(inner: Arc<dyn ObjectStore>) -> Self {
        Self { inner, counters: Arc::default() }
    }

    /// The counts so far; counting begins again at zero.
    pub fn take(&self) -> Counts {
        let take = |counter: &AtomicU64| counter.swap(0, Ordering::Relaxed);
        Counts {
            gets: take(&self.counters.gets),
            puts: take(&self.counters.puts),
            deletes: take(&self.counters.deletes),
            lists: take(&self.counters.lists),
            bytes_read: take(&self.counters.bytes_read),
            bytes_written: take(&self.counters.bytes_written),
        }
    }
}

fn add(counter: &AtomicU64, n: u64) {
    counter.fetch_add(n, Ordering::Relaxed);
}

impl ObjectStore for CountingStore {
    fn root(&self) -> &str {
        self.inner.root()
    }

    fn get<'a>(&'a self, key: &'a str, options: GetOptions) -> BoxFuture<'a, Result<GetResult>> {
        Box::pin(async move {
            add(&self.counters.gets, 1);
            let result = self.inner.get(key, options).await?;
            add(&self.counters.bytes_read, result.bytes.len() as u64);
            Ok(result)
        })
    }

    fn head<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<ObjectMeta>> {
        add(&self.counters.gets, 1);
        self.inner.head(key)
    }

    fn put<'a>(&'a self, key: &'a str, body: Bytes, options: PutOptions) -> BoxFuture<'a, Result<PutOutcome>> {
        add(&self.counters.puts, 1);
        add(&self.counters.bytes_written, body.len() as u64);
        self.inner.put(key, body, options)
    }

    fn upload<'a>(&'a self, key: &'a str, options: PutOptions) -> BoxFuture<'a, Result<Box<dyn Upload>>> {
        Box::pin(async move {
            add(&self.counters.puts, 1);
            let inner = self.inner.upload(key, options).await?;
            Ok(Box::new(CountingUpload { inner, counters: self.counters.clone() }) as Box<dyn Upload>)
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<()>> {
        add(&self.counters.deletes, 1);
        self.inner.delete(key)
    }

    fn delete_many(&self, keys: Vec<String>) -> BoxFuture<'_, Result<Vec<(String, Error)>>> {
        add(&self.counters.deletes, 1);
        self.inner.delete_many(keys)
    }

    fn list<'a>(&'a self, prefix: &'a str, start_after: Option<&'a str>) -> BoxStream<'a, Result<ObjectMeta>> {
        add(&self.counters.lists, 1);
        self.inner.list(prefix, start_after)
    }

    fn clock_offset_millis(&self) -> i64 {
        self.inner.clock_offset_millis()
    }
}

#[derive(Debug)]
struct CountingUpload {
    inner: Box<dyn Upload>,
    counters: Arc<Counters>,
}

impl Upload for CountingUpload {
    fn part(&mut self, bytes: Bytes) -> BoxFuture<'_, Result<()>> {
        add(&self.counters.puts, 1);
        add(&self.counters.bytes_written, bytes.len() as u64);
        self.inner.part(bytes)
    }

    fn complete(self: Box<Self>) -> BoxFuture<'static, Result<()>> {
        add(&self.counters.puts, 1);
        self.inner.complete()
    }

    fn abort(self: Box<Self>) -> BoxFuture<'static, Result<()>> {
        add(&self.counters.deletes, 1);
        self.inner.abort()
    }
}
