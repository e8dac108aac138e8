use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};

use crate::error::{Error, Result};
use crate::runtime::{BoxFuture, BoxStream, Runtime};
use crate::store::{
    ETag, GetOptions, GetResult, ObjectMeta, ObjectStore, Precondition, PutOptions, PutOutcome, Upload,
};

/// Objects in this process's memory, with the full semantics of the contract: for tests, examples and caches.
/// Clones share their content.
#[derive(Clone, Default)]
pub struct MemoryStore {
    objects: Arc<Mutex<Objects>>,
    clock: Option<Arc<dyn Runtime>>,
}

#[derive(Default)]
struct Objects {
    by_key: BTreeMap<String, (Bytes, ObjectMeta)>,
    puts: u64,
}

impl MemoryStore {
    /// An empty store. Its objects carry no time of modification.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty store whose objects carry the time of this clock.
    pub fn with_clock(clock: Arc<dyn Runtime>) -> Self {
        Self { clock: Some(clock), ..Self::default() }
    }

    fn objects(&self) -> MutexGuard<'_, Objects> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn store(&self, key: &str, bytes: Bytes, precondition: &Precondition) -> PutOutcome {
        let mut objects = self.objects();
        let there = objects.by_key.get(key).and_then(|(_, meta)| meta.etag.as_ref());
        let holds = match precondition {
            Precondition::None => true,
            Precondition::IfAbsent => there.is_none(),
            Precondition::IfMatch(tag) => there == Some(tag),
        };
        if !holds {
            return PutOutcome::PreconditionFailed;
        }
        objects.puts += 1;
        let etag = Some(ETag::new(format!("\"{}\"", objects.puts)));
        let last_modified = self.clock.as_ref().map(|clock| clock.now());
        let meta = ObjectMeta { key: key.to_owned(), size: bytes.len() as u64, etag: etag.clone(), last_modified };
        objects.by_key.insert(key.to_owned(), (bytes, meta));
        PutOutcome::Done(etag)
    }

    fn find(&self, key: &str) -> Result<(Bytes, ObjectMeta)> {
        self.objects()
            .by_key
            .get(key)
            .cloned()
            .ok_or_else(|| Error::not_found(format!("there is no object memory://{key}")))
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryStore({} objects)", self.objects().by_key.len())
    }
}

impl ObjectStore for MemoryStore {
    fn root(&self) -> &str {
        "memory://store"
    }

    fn get<'a>(&'a self, key: &'a str, options: GetOptions) -> BoxFuture<'a, Result<GetResult>> {
        Box::pin(async move {
            let (bytes, meta) = self.find(key)?;
            let bytes = match options.range {
                None => bytes,
                Some(range) if range.start >= meta.size => {
                    return Err(Error::invalid_input(format!(
                        "memory://{key} has {} bytes, so none from {}",
                        meta.size, range.start
                    )));
                }
                Some(range) => bytes.slice(range.start as usize..range.end.clamp(range.start, meta.size) as usize),
            };
            if options.limit.is_some_and(|limit| bytes.len() as u64 > limit) {
                return Err(Error::invalid_data(format!("memory://{key} is larger than is allowed here")));
            }
            Ok(GetResult { bytes, meta })
        })
    }

    fn head<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<ObjectMeta>> {
        Box::pin(async move { Ok(self.find(key)?.1) })
    }

    fn put<'a>(&'a self, key: &'a str, body: Bytes, options: PutOptions) -> BoxFuture<'a, Result<PutOutcome>> {
        Box::pin(async move { Ok(self.store(key, body, &options.precondition)) })
    }

    fn upload<'a>(&'a self, key: &'a str, _options: PutOptions) -> BoxFuture<'a, Result<Box<dyn Upload>>> {
        Box::pin(async move {
            let upload = MemoryUpload { store: self.clone(), key: key.to_owned(), parts: BytesMut::new() };
            Ok(Box::new(upload) as Box<dyn Upload>)
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.objects().by_key.remove(key);
            Ok(())
        })
    }

    fn list<'a>(&'a self, prefix: &'a str, start_after: Option<&'a str>) -> BoxStream<'a, Result<ObjectMeta>> {
        let objects = self.objects();
        let from = match start_after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let found: Vec<_> = objects
            .by_key
            .range::<str, _>((from, Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(prefix))
            .map(|(_, (_, meta))| Ok(meta.clone()))
            .collect();
        Box::pin(futures::stream::iter(found))
    }
}

#[derive(Debug)]
struct MemoryUpload {
    store: MemoryStore,
    key: String,
    parts: BytesMut,
}

impl Upload for MemoryUpload {
    fn part(&mut self, bytes: Bytes) -> BoxFuture<'_, Result<()>> {
        self.parts.extend_from_slice(&bytes);
        Box::pin(async { Ok(()) })
    }

    fn complete(self: Box<Self>) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            let Self { store, key, parts } = *self;
            let _ = store.store(&key, parts.freeze(), &Precondition::None);
            Ok(())
        })
    }

    fn abort(self: Box<Self>) -> BoxFuture<'static, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}
