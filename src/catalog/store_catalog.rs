use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::catalog::head::Spelling;
use crate::catalog::{Attempt, Catalog, CommitOutcome, Head, publish};
use crate::error::{Error, Result, ResultExt};
use crate::runtime::{BoxFuture, Runtime, Timestamp};
use crate::spec::{TableMetadata, properties};
use crate::store::{GetOptions, ObjectStore, PutOptions};
use crate::{ErrorKind, catalog::compression, catalog::void::is_displaced};

/// No metadata file of a table is larger; a larger one is an attack or an accident.
const METADATA_LIMIT: u64 = 512 << 20;

/// The catalog that is nothing but the bucket: versions are files, and creating one conditionally is the commit.
#[derive(Clone, Debug)]
pub(crate) struct StoreCatalog {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) runtime: Arc<dyn Runtime>,
    /// Whether the store has shown that it honours conditions (R4).
    pub(super) proved: Arc<AtomicBool>,
}

impl StoreCatalog {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, runtime: Arc<dyn Runtime>) -> Self {
        Self { store, runtime, proved: Arc::default() }
    }

    /// The time by the store's clock, as far as it is known.
    pub(crate) fn now(&self) -> Timestamp {
        now(&*self.runtime, &*self.store)
    }

    /// A moment of the runtime's clock, by the store's.
    pub(super) fn by_store(&self, time: Timestamp) -> Timestamp {
        Timestamp::from_millis(time.as_millis().saturating_add(self.store.clock_offset_millis()))
    }

    /// One version, if it is there.
    pub(super) async fn read_version(&self, table: &str, version: u64, spelling: Spelling) -> Result<Option<Head>> {
        self.read_file(table, &spelling.file_name(version), version, spelling).await
    }

    /// A metadata file, if it is there.
    pub(super) async fn read_file(
        &self,
        table: &str,
        file_name: &str,
        version: u64,
        spelling: Spelling,
    ) -> Result<Option<Head>> {
        self.read_key(&key(table, file_name), version, spelling).await
    }

    /// A metadata file anywhere, if it is there. `confirmed_at` is when the reading began.
    pub(super) async fn read_key(&self, key: &str, version: u64, spelling: Spelling) -> Result<Option<Head>> {
        let confirmed_at = self.runtime.now();
        let options = GetOptions { fresh: true, limit: Some(METADATA_LIMIT), ..GetOptions::default() };
        let (file, stored_at) = match self.store.get(key, options).await {
            Ok(result) => (result.bytes, result.meta.last_modified),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.context(format!("reading {key}"))),
        };
        let plain = compression::decompress(file.clone(), METADATA_LIMIT).context(|| format!("reading {key}"))?;
        let metadata = TableMetadata::from_json_bytes(&plain).context(|| format!("reading {key}"))?;
        // A table that this crate has committed to lies on a store that has passed the test.
        let file = metadata.property(properties::PROVED).is_none().then_some(file);
        Ok(Some(Head { version, metadata: Arc::new(metadata), spelling, confirmed_at, stored_at, file }))
    }
}

/// The time by a store's clock, as far as it is known.
pub(super) fn now(runtime: &dyn Runtime, store: &dyn ObjectStore) -> Timestamp {
    let own = runtime.now().as_millis();
    Timestamp::from_millis(own.saturating_add(store.clock_offset_millis()))
}

/// The key of a file in a table's `metadata/`.
pub(super) fn key(table: &str, file_name: &str) -> String {
    if table.is_empty() { format!("metadata/{file_name}") } else { format!("{table}/metadata/{file_name}") }
}

pub(super) const HINT: &str = "version-hint.text";

impl Catalog for StoreCatalog {
    fn head<'a>(&'a self, table: &'a str, known: Option<&'a Head>) -> BoxFuture<'a, Result<Head>> {
        Box::pin(async move {
            let head = match known {
                Some(known) if known.version > 0 && known.is_recent(self.runtime.now()) => {
                    self.follow(table, known.clone()).await?
                }
                _ => self.discover(table).await?,
            };
            if let Some(known) = known
                && head.metadata.table_uuid != known.metadata.table_uuid
            {
                return Err(Error::not_found(format!("the table `{table}` is gone: another one is in its place")));
            }
            Ok(head)
        })
    }

    fn version<'a>(
        &'a self,
        table: &'a str,
        head: &'a Head,
        version: u64,
    ) -> BoxFuture<'a, Result<Option<Arc<TableMetadata>>>> {
        Box::pin(async move {
            let Some(found) = self.read_version(table, version, head.spelling).await? else { return Ok(None) };
            let is_part = version >= head.version || !is_displaced(self, table, head, &found).await?;
            Ok(is_part.then_some(found.metadata))
        })
    }

    fn publish<'a>(&'a self, table: &'a str, attempt: &'a Attempt) -> BoxFuture<'a, Result<CommitOutcome>> {
        Box::pin(publish::publish(self, table, attempt))
    }

    fn announce<'a>(&'a self, table: &'a str, head: &'a Head) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            // The hint is a lower bound and nothing more: a failure (R2 takes one write a second on a key) costs the next
            // reader a request or two. One that comes late would be worse.
            if !head.is_recent(self.runtime.now()) {
                return;
            }
            let options = PutOptions { content_type: Some("text/plain"), best_effort: true, ..PutOptions::default() };
            let key = key(table, HINT);
            let _ = self.store.put(&key, head.version.to_string().into(), options).await;
        })
    }
}
