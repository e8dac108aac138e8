//! What the Python package datashard 0.2 wrote: JSON that names Parquet files, none of it Iceberg.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datashard::store::{GetOptions, ObjectStore};
use datashard::{Error, ErrorKind, Result};
use futures::TryStreamExt;
use serde_json::Value as Json;

/// A table as it was found.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// How many snapshots its metadata files name, and how many metadata files there are.
    pub(super) snapshots: usize,
    pub(super) versions: usize,
    /// The keys of the data files that snapshots name, in the order in which they were added.
    pub(super) named: Vec<String>,
    /// Those of data files that are there and that no snapshot names: of writers whose commit was lost, or failed.
    pub(super) unnamed: Vec<String>,
    /// What cannot be read of metadata, and why.
    pub(super) unread: Vec<(String, String)>,
}

impl Layout {
    /// Of the table below a key. A manifest list names only the files of one append, so that all of all snapshots count; and a
    /// writer may have written over another's metadata file, so that all files count.
    pub(super) async fn read(store: &Arc<dyn ObjectStore>, root: &str) -> Result<Self> {
        let mut layout = Self::default();
        let mut lists: BTreeMap<i64, String> = BTreeMap::new();
        for key in keys(store, &format!("{root}/metadata/")).await? {
            if !key.ends_with(".metadata.json") {
                continue;
            }
            layout.versions += 1;
            let Some(metadata) = layout.json(store, &key).await? else { continue };
            for snapshot in array(&metadata, "snapshots") {
                let list = snapshot.get("manifest_list").and_then(Json::as_str);
                if let (Some(id), Some(list)) = (snapshot.get("snapshot_id").and_then(Json::as_i64), list) {
                    lists.insert(id, list.to_owned());
                }
            }
        }
        if layout.versions == 0 || lists.is_empty() && layout.unread.is_empty() {
            let message =
                format!("{root} is no table of datashard 0.2: its metadata names no snapshots in that package's way");
            return Err(Error::new(ErrorKind::NotFound, message));
        }
        layout.snapshots = lists.len();
        let mut seen = BTreeSet::new();
        for list in lists.into_values() {
            let Some(list) = layout.named_json(store, root, &list).await? else { continue };
            for manifest in array(&list, "manifests") {
                let Some(path) = manifest.get("manifest_path").and_then(Json::as_str) else { continue };
                let Some(manifest) = layout.named_json(store, root, path).await? else { continue };
                for file in array(&manifest, "files") {
                    let path = file.get("file_path").and_then(Json::as_str).unwrap_or_default();
                    match below(root, path) {
                        Some(key) if seen.insert(key.clone()) => layout.named.push(key),
                        Some(_) => {}
                        None => layout.unread.push((path.to_owned(), "it lies outside of the table".to_owned())),
                    }
                }
            }
        }
        let there = keys(store, &format!("{root}/data/")).await?;
        layout.unnamed = there.into_iter().filter(|key| !seen.contains(key)).collect();
        Ok(layout)
    }

    async fn named_json(&mut self, store: &Arc<dyn ObjectStore>, root: &str, path: &str) -> Result<Option<Json>> {
        match below(root, path) {
            Some(key) => self.json(store, &key).await,
            None => {
                self.unread.push((path.to_owned(), "it lies outside of the table".to_owned()));
                Ok(None)
            }
        }
    }

    async fn json(&mut self, store: &Arc<dyn ObjectStore>, key: &str) -> Result<Option<Json>> {
        let bytes = match store.get(key, GetOptions::default()).await {
            Ok(got) => got.bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.unread.push((key.to_owned(), "it is gone".to_owned()));
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        match serde_json::from_slice(&bytes) {
            Ok(json) => Ok(Some(json)),
            Err(error) => {
                self.unread.push((key.to_owned(), format!("it is no JSON: {error}")));
                Ok(None)
            }
        }
    }
}

async fn keys(store: &Arc<dyn ObjectStore>, prefix: &str) -> Result<Vec<String>> {
    store.list(prefix, None).map_ok(|object| object.key).try_collect().await
}

fn array<'a>(json: &'a Json, name: &str) -> &'a [Json] {
    json.get(name).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The key of a path in the table, which begins with a slash or not.
fn below(root: &str, path: &str) -> Option<String> {
    let path = path.trim_start_matches('/');
    let is_name = |part: &str| !matches!(part, "" | "." | "..");
    path.split('/').all(is_name).then(|| format!("{root}/{path}"))
}
