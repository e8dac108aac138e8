use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt;
use futures::stream;

use crate::avro;
use crate::catalog::TableHandle;
use crate::error::{Error, Result, ResultExt};
use crate::runtime::BoxFuture;
use crate::spec::{Manifest, ManifestFile, ManifestSource, Snapshot};
use crate::store::GetOptions;

#[cfg(test)]
mod tests;

/// No manifest or manifest list is larger.
const LIMIT: u64 = 1 << 30;
/// How many bytes of manifests are kept decoded, by their size as files.
const CACHE_BYTES: u64 = 16 << 20;
/// How many manifests are read at a time where the snapshot alone names them.
const CONCURRENCY: usize = 8;

/// Manifests and manifest lists, which never change once written, so that what was read need not be read again.
#[derive(Debug, Default)]
pub(crate) struct Manifests {
    lists: Mutex<Cache<Arc<Vec<ManifestFile>>>>,
    manifests: Mutex<Cache<Arc<Manifest>>>,
}

/// Requests and bytes that reading took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    pub(crate) requests: u64,
    pub(crate) bytes: u64,
}

impl Manifests {
    /// The manifests of a snapshot.
    pub(crate) async fn list(
        &self,
        table: &TableHandle,
        snapshot: &Snapshot,
    ) -> Result<(Arc<Vec<ManifestFile>>, Cost)> {
        // Of the table's encryption keys, the one that opens the list (v3).
        if snapshot.extra.contains_key("key-id") {
            return Err(Error::unsupported(format!(
                "the encrypted manifest list of snapshot {}",
                snapshot.snapshot_id
            )));
        }
        let uri = match &snapshot.manifests {
            ManifestSource::List(uri) => uri,
            ManifestSource::Inline(uris) => return self.inline(table, snapshot.snapshot_id, uris).await,
        };
        if let Some(found) = get(&self.lists, uri) {
            return Ok((found, Cost::default()));
        }
        let bytes = read(table, uri).await?;
        let list = Arc::new(avro::decode_manifest_list(&bytes).context(|| format!("reading {uri}"))?);
        let size = bytes.len() as u64;
        put(&self.lists, uri, list.clone(), size);
        Ok((list, Cost { requests: 1, bytes: size }))
    }

    /// Takes note of a list that was just written.
    pub(crate) fn know_list(&self, uri: &str, list: Arc<Vec<ManifestFile>>, size: u64) {
        put(&self.lists, uri, list, size);
    }

    /// A manifest; its entries have inherited what they leave out.
    pub(crate) async fn manifest(&self, table: &TableHandle, file: &ManifestFile) -> Result<(Arc<Manifest>, Cost)> {
        let uri = &file.manifest_path;
        if let Some(found) = get(&self.manifests, &cache_key(file)) {
            return Ok((found, Cost::default()));
        }
        if file.key_metadata.as_ref().is_some_and(|key| !key.is_empty()) {
            return Err(Error::unsupported(format!("the encrypted manifest {uri}")));
        }
        let (manifest, size) = read_manifest(table, uri).await?;
        Ok((self.know_manifest(manifest, file, size), Cost { requests: 1, bytes: size }))
    }

    fn know_manifest(&self, mut manifest: Manifest, file: &ManifestFile, size: u64) -> Arc<Manifest> {
        manifest.inherit(file);
        let manifest = Arc::new(manifest);
        put(&self.manifests, &cache_key(file), manifest.clone(), size);
        manifest
    }

    /// The manifests of a snapshot that has no list of them (v1): what a list would say is read from each.
    async fn inline(
        &self,
        table: &TableHandle,
        snapshot_id: i64,
        uris: &[String],
    ) -> Result<(Arc<Vec<ManifestFile>>, Cost)> {
        let key = format!("the manifests of snapshot {snapshot_id}");
        if let Some(found) = get(&self.lists, &key) {
            return Ok((found, Cost::default()));
        }
        let reads: Vec<_> = uris.iter().map(|uri| one(table, uri)).collect();
        let mut reads = stream::iter(reads).buffered(CONCURRENCY);
        let (mut list, mut cost) = (Vec::new(), Cost::default());
        while let Some(read) = reads.next().await {
            let (uri, (manifest, size)) = read?;
            let file = ManifestFile::of(&manifest, uri, size);
            self.know_manifest(manifest, &file, size);
            list.push(file);
            cost = Cost { requests: cost.requests + 1, bytes: cost.bytes + size };
        }
        let list = Arc::new(list);
        put(&self.lists, &key, list.clone(), key.len() as u64);
        Ok((list, cost))
    }
}

/// What entries inherit is the same in every list, but for row ids: lists of before a table had them have none.
fn cache_key(file: &ManifestFile) -> String {
    match file.first_row_id {
        Some(first) => format!("{} {first}", file.manifest_path),
        None => file.manifest_path.clone(),
    }
}

type NamedManifest<'a> = (&'a str, (Manifest, u64));

fn one<'a>(table: &'a TableHandle, uri: &'a str) -> BoxFuture<'a, Result<NamedManifest<'a>>> {
    Box::pin(async move { Ok((uri, read_manifest(table, uri).await?)) })
}

/// A manifest as it stands, and its size.
async fn read_manifest(table: &TableHandle, uri: &str) -> Result<(Manifest, u64)> {
    let bytes = read(table, uri).await?;
    let manifest = avro::decode_manifest(&bytes).context(|| format!("reading {uri}"))?;
    Ok((manifest, bytes.len() as u64))
}

async fn read(table: &TableHandle, uri: &str) -> Result<bytes::Bytes> {
    let key = table.location.resolve(uri)?;
    let options = GetOptions { limit: Some(LIMIT), ..GetOptions::default() };
    let result = table.store.get(&key, options).await;
    Ok(result.context(|| format!("reading {uri}"))?.bytes)
}

/// The most recent values, up to a size.
#[derive(Debug)]
struct Cache<V> {
    entries: VecDeque<(String, V, u64)>,
}

impl<V> Default for Cache<V> {
    fn default() -> Self {
        Self { entries: VecDeque::new() }
    }
}

fn get<V: Clone>(cache: &Mutex<Cache<V>>, key: &str) -> Option<V> {
    let mut cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
    let at = cache.entries.iter().position(|(own, _, _)| own == key)?;
    let entry = cache.entries.remove(at)?;
    let value = entry.1.clone();
    cache.entries.push_back(entry);
    Some(value)
}

fn put<V>(cache: &Mutex<Cache<V>>, key: &str, value: V, size: u64) {
    let mut cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
    cache.entries.retain(|(own, _, _)| own != key);
    cache.entries.push_back((key.to_owned(), value, size));
    let mut total: u64 = cache.entries.iter().map(|(_, _, size)| size).sum();
    while total > CACHE_BYTES && cache.entries.len() > 1 {
        total -= cache.entries.pop_front().map_or(0, |(_, _, size)| size);
    }
}
