use std::sync::Arc;

use futures::StreamExt;
use futures::stream;

use crate::avro;
use crate::catalog::TableHandle;
use crate::error::{Error, Result, ResultExt};
use crate::read::kept::{Kept, Read};
use crate::runtime::BoxFuture;
use crate::spec::{Manifest, ManifestFile, ManifestSource, Snapshot};
use crate::store::GetOptions;

#[cfg(test)]
mod tests;

/// No manifest or manifest list is larger.
const LIMIT: u64 = 1 << 30;
/// How many bytes of manifests and lists are kept decoded, by their size as files.
const CACHE_BYTES: u64 = 32 << 20;
/// How many manifests are read at a time where the snapshot alone names them.
const CONCURRENCY: usize = 8;

/// Manifests and manifest lists, which never change once written, so that what was read, or is being read, need not be read
/// again.
#[derive(Debug)]
pub(crate) struct Manifests(Arc<Kept<Decoded>>);

#[derive(Clone)]
enum Decoded {
    List(Arc<Vec<ManifestFile>>),
    Manifest(Arc<Manifest>),
}

impl Default for Manifests {
    fn default() -> Self {
        Self(Kept::new(CACHE_BYTES))
    }
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
        table: &Arc<TableHandle>,
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
        let list = || -> Read<_> {
            let (table, uri) = (table.clone(), uri.clone());
            Box::pin(async move {
                let bytes = read(&table, &uri).await?;
                let list = Arc::new(avro::decode_manifest_list(&bytes).context(|| format!("reading {uri}"))?);
                Ok((Decoded::List(list), bytes.len() as u64))
            })
        };
        match self.0.get(uri, list).value().await? {
            (Decoded::List(list), cost) => Ok((list, cost)),
            (Decoded::Manifest(_), _) => Err(Error::invalid_data(format!("{uri} is a manifest, and no list of them"))),
        }
    }

    /// Takes note of a list that was just written.
    pub(crate) fn know_list(&self, uri: &str, list: Arc<Vec<ManifestFile>>, size: u64) {
        self.0.put(uri, Decoded::List(list), size);
    }

    /// A manifest; its entries have inherited what they leave out.
    pub(crate) async fn manifest(
        &self,
        table: &Arc<TableHandle>,
        file: &ManifestFile,
    ) -> Result<(Arc<Manifest>, Cost)> {
        if file.key_metadata.as_ref().is_some_and(|key| !key.is_empty()) {
            return Err(Error::unsupported(format!("the encrypted manifest {}", file.manifest_path)));
        }
        let manifest = || -> Read<_> {
            let (table, file) = (table.clone(), file.clone());
            Box::pin(async move {
                let (manifest, size) = read_manifest(&table, &file.manifest_path).await?;
                Ok((inherited(manifest, &file), size))
            })
        };
        match self.0.get(&cache_key(file), manifest).value().await? {
            (Decoded::Manifest(manifest), cost) => Ok((manifest, cost)),
            (Decoded::List(_), _) => {
                Err(Error::invalid_data(format!("{} is a list of manifests, and none itself", file.manifest_path)))
            }
        }
    }

    /// The manifests of a snapshot that has no list of them (v1): what a list would say is read from each.
    async fn inline(
        &self,
        table: &TableHandle,
        snapshot_id: i64,
        uris: &[String],
    ) -> Result<(Arc<Vec<ManifestFile>>, Cost)> {
        let key = format!("the manifests of snapshot {snapshot_id}");
        if let Some(Decoded::List(found)) = self.0.known(&key) {
            return Ok((found, Cost::default()));
        }
        let reads: Vec<_> = uris.iter().map(|uri| one(table, uri)).collect();
        let mut reads = stream::iter(reads).buffered(CONCURRENCY);
        let (mut list, mut cost) = (Vec::new(), Cost::default());
        while let Some(read) = reads.next().await {
            let (uri, (manifest, size)) = read?;
            let file = ManifestFile::of(&manifest, uri, size);
            self.0.put(&cache_key(&file), inherited(manifest, &file), size);
            list.push(file);
            cost = Cost { requests: cost.requests + 1, bytes: cost.bytes + size };
        }
        let list = Arc::new(list);
        self.0.put(&key, Decoded::List(list.clone()), key.len() as u64);
        Ok((list, cost))
    }
}

/// What entries inherit is the same in every list, but for those of commits that were tried again, and for row ids: lists of
/// before a table had them have none.
fn cache_key(file: &ManifestFile) -> String {
    let ManifestFile { manifest_path, added_snapshot_id, sequence_number, .. } = file;
    match file.first_row_id {
        Some(first) => format!("{manifest_path} {added_snapshot_id} {sequence_number} {first}"),
        None => format!("{manifest_path} {added_snapshot_id} {sequence_number}"),
    }
}

fn inherited(mut manifest: Manifest, from: &ManifestFile) -> Decoded {
    manifest.inherit(from);
    Decoded::Manifest(Arc::new(manifest))
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
