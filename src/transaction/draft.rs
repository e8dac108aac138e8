use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use serde_json::Map;

use crate::avro;
use crate::catalog::{Head, TableHandle};
use crate::error::{Error, Result};
use crate::read::Manifests;
use crate::scan::{ScanBuilder, Source};
use crate::spec::{
    DataFile, EntryStatus, MAIN, ManifestFile, ManifestSource, Operation, RefUpdate, Snapshot, Summary, TableMetadata,
    Totals, properties,
};
use crate::transaction::append::refuse_version_1;
use crate::transaction::manifest::NewManifest;
use crate::transaction::row_ids;
use crate::write::{PreparedFile, put_new, send_all};

/// The next version of a table on its way: the metadata as it is to be, and the files that have to be in the store before
/// it may be committed.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(super) source: Source,
    pub(super) base: Head,
    pub(super) metadata: TableMetadata,
    /// The branch that rows are changed on.
    pub(super) branch: String,
    /// The snapshots that it adds, the oldest first.
    pub(super) snapshot_ids: Vec<i64>,
    /// The idempotency keys of what it does.
    pub(super) keys: Option<String>,
    commit_id: String,
    uploads: Vec<(String, Bytes)>,
    sent: Sent,
    is_changed: bool,
}

/// Keys of files that were sent before, and need not be again.
pub(super) type Sent = Arc<Mutex<BTreeSet<String>>>;

/// What a snapshot does with files.
#[derive(Debug)]
pub(super) struct Changes<'a> {
    pub(super) operation: Operation,
    /// Files to add, and the manifests that list them.
    pub(super) added: Vec<&'a PreparedFile>,
    pub(super) manifests: Vec<&'a NewManifest>,
    pub(super) removed: &'a Removed,
    /// What the summary says beside counts.
    pub(super) notes: Vec<(&'static str, String)>,
}

/// Files to remove, by the URI of the manifest that lists them. Several deletion vectors may be in one file.
#[derive(Clone, Debug, Default)]
pub(super) struct Removed(BTreeMap<String, BTreeSet<(String, Option<i64>)>>);

impl Removed {
    pub(super) fn insert(&mut self, manifest: &str, file: &DataFile) {
        let files = self.0.entry(manifest.to_owned()).or_default();
        files.insert((file.file_path.clone(), file.content_offset));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Draft {
    /// The successor of a version, without a change so far.
    pub(super) fn new(
        table: &Arc<TableHandle>,
        manifests: &Arc<Manifests>,
        base: Head,
        branch: &str,
        commit_id: &str,
        sent: &Sent,
    ) -> Result<Self> {
        let base_file = table.location.uri(&format!("metadata/{}", base.file_name()));
        let mut metadata = base.metadata.successor(base_file, table.now())?;
        let own = [
            (properties::COMMIT_ID, commit_id),
            (properties::PROVED, "honoured"),
            (properties::PYTHON_COMPACTION_THRESHOLD, "0"),
        ];
        metadata.properties.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
        Ok(Self {
            source: Source { handle: table.clone(), manifests: manifests.clone() },
            base,
            metadata,
            branch: branch.to_owned(),
            snapshot_ids: Vec::new(),
            keys: None,
            commit_id: commit_id.to_owned(),
            uploads: Vec::new(),
            sent: sent.clone(),
            is_changed: false,
        })
    }

    pub(super) fn table(&self) -> &Arc<TableHandle> {
        &self.source.handle
    }

    /// A scan of the branch as it is to be.
    pub(super) fn scan(&self) -> ScanBuilder {
        self.scan_of(Arc::new(self.metadata.clone()))
    }

    /// A scan of the branch as it is without the draft.
    pub(super) fn scan_of_base(&self) -> ScanBuilder {
        self.scan_of(self.base.metadata.clone())
    }

    fn scan_of(&self, metadata: Arc<TableMetadata>) -> ScanBuilder {
        let scan = ScanBuilder::of(self.source.clone(), metadata);
        // There may be nothing yet that `main` is.
        if self.branch == MAIN { scan } else { scan.at_ref(&self.branch) }
    }

    /// The branch's newest snapshot.
    pub(super) fn newest(&self) -> Result<Option<Arc<Snapshot>>> {
        Ok(self.metadata.head_of(&self.branch)?.cloned())
    }

    /// The metadata, to be changed.
    pub(super) fn change(&mut self) -> &mut TableMetadata {
        self.is_changed = true;
        &mut self.metadata
    }

    /// Changes branches and tags, unless there is nothing to change.
    pub(super) fn update_refs(&mut self, update: &RefUpdate) -> Result<()> {
        let is_changed = update.apply(&mut self.metadata, &self.branch)?;
        self.is_changed |= is_changed;
        Ok(())
    }

    /// Makes a snapshot that is there the branch's newest.
    pub(super) fn forward_to(&mut self, snapshot_id: i64) {
        self.metadata.move_branch(&self.branch, snapshot_id);
        self.is_changed = true;
    }

    /// A random positive snapshot id that is not taken.
    fn new_snapshot_id(&self) -> i64 {
        loop {
            let id = ((self.source.handle.runtime.random() as u64 >> 1) as i64).max(1);
            if self.metadata.snapshot(id).is_none() {
                return id;
            }
        }
    }

    /// Adds a snapshot on top of the branch's newest. Reads what is not known yet of that; writes nothing before
    /// [`send`](Self::send).
    pub(super) async fn add_snapshot(&mut self, changes: Changes<'_>) -> Result<()> {
        refuse_version_1(&self.metadata)?;
        let parent = self.newest()?;
        let before = match &parent {
            Some(snapshot) => self.source.manifests.list(&self.source.handle, snapshot).await?.0,
            None => Arc::default(),
        };
        let totals = match &parent {
            None => Totals::default(),
            Some(snapshot) => match snapshot.summary.totals() {
                Some(totals) => totals,
                None => self.count(&before).await?,
            },
        };
        // The list to write cannot leave them out, and 0 would have readers pass over live files.
        if before.iter().any(|file| file.added_files_count.is_none() || file.existing_files_count.is_none()) {
            return Err(Error::unsupported(
                "writing after a manifest list that does not count its files (format version 1)",
            ));
        }
        let snapshot_id = self.new_snapshot_id();
        let Changes { operation, added, manifests, removed, notes } = changes;
        let sequence_number = self.metadata.last_sequence_number.saturating_add(1);
        // The newest first, as other writers have it.
        let mut list = Vec::with_capacity(before.len() + manifests.len());
        for manifest in manifests {
            list.push(ManifestFile {
                sequence_number,
                min_sequence_number: sequence_number,
                added_snapshot_id: snapshot_id,
                ..manifest.file.clone()
            });
            self.uploads.push((manifest.key.clone(), manifest.bytes.clone()));
        }
        let mut gone = Vec::new();
        for file in before.iter() {
            let Some(files) = removed.0.get(&file.manifest_path) else {
                // What removed files at an earlier time says nothing any more.
                if file.has_live_files() {
                    list.push(file.clone());
                }
                continue;
            };
            let (rewritten, files) = self.rewrite(file, files, snapshot_id).await?;
            gone.extend(files);
            list.push(ManifestFile {
                sequence_number,
                min_sequence_number: rewritten.file.min_sequence_number.min(sequence_number),
                added_snapshot_id: snapshot_id,
                ..rewritten.file
            });
            self.uploads.push((rewritten.key, rewritten.bytes));
        }
        if gone.len() != removed.0.values().map(BTreeSet::len).sum::<usize>() {
            return Err(Error::conflict("files that were to be removed are no longer part of the table"));
        }
        let files = added.iter().map(|file| (file.spec_id, &file.data_file));
        let removed = gone.iter().map(|(spec_id, file)| (*spec_id, file));
        let mut summary = Summary::of(operation, files, removed, totals);
        let engine = [
            ("engine-name", "datashard".to_owned()),
            ("engine-version", env!("CARGO_PKG_VERSION").to_owned()),
            (properties::COMMIT_ID, self.commit_id.clone()),
        ];
        let keys = self.keys.take().map(|keys| (properties::IDEMPOTENCY_KEYS, keys));
        let said = engine.into_iter().chain(notes).chain(keys);
        summary.properties.extend(said.map(|(key, value)| (key.to_owned(), value)));
        for file in added {
            self.uploads.extend(file.unsent().map(|(key, bytes)| (key.to_owned(), bytes.clone())));
        }
        self.put_on_top(snapshot_id, sequence_number, summary, list)
    }

    fn put_on_top(
        &mut self,
        snapshot_id: i64,
        sequence_number: i64,
        summary: Summary,
        mut list: Vec<ManifestFile>,
    ) -> Result<()> {
        let table = self.source.handle.clone();
        let row_ids = row_ids::assign(&self.metadata, &mut list)?;
        let first_row_id = row_ids.as_ref().map(|ids| ids.start);
        let parent_snapshot_id = self.newest()?.map(|snapshot| snapshot.snapshot_id);
        let marker = table.runtime.random();
        let bytes =
            avro::encode_manifest_list(&list, snapshot_id, parent_snapshot_id, sequence_number, first_row_id, marker)?;
        let relative = format!("metadata/snap-{snapshot_id}-1-{}.avro", table.unique());
        let uri = table.location.uri(&relative);
        // The first has the time of the version; what comes after it in the same version is later.
        if !self.snapshot_ids.is_empty() {
            self.metadata.last_updated = self.metadata.next_timestamp(self.metadata.last_updated);
        }
        let snapshot = Snapshot {
            snapshot_id,
            parent_snapshot_id,
            sequence_number,
            timestamp: self.metadata.last_updated,
            manifests: ManifestSource::List(uri.clone()),
            summary,
            schema_id: Some(self.metadata.current_schema_id),
            first_row_id,
            added_rows: row_ids.map(|ids| ids.end - ids.start),
            extra: Map::new(),
        };
        self.metadata.add_snapshot(snapshot, &self.branch)?;
        // Under a name that is new: if it is never committed, nobody will ask for it.
        self.source.manifests.know_list(&uri, Arc::new(list), bytes.len() as u64);
        self.uploads.push((table.location.key(&relative), bytes.into()));
        self.snapshot_ids.push(snapshot_id);
        Ok(())
    }

    /// A manifest without some of its files, and those.
    async fn rewrite(
        &self,
        file: &ManifestFile,
        removed: &BTreeSet<(String, Option<i64>)>,
        snapshot_id: i64,
    ) -> Result<(NewManifest, Vec<(i32, DataFile)>)> {
        let table = &self.source.handle;
        let (manifest, _) = self.source.manifests.manifest(table, file).await?;
        let is_removed = |file: &DataFile| removed.contains(&(file.file_path.clone(), file.content_offset));
        let live = manifest.entries.iter().filter(|entry| entry.status != EntryStatus::Deleted);
        let gone = live.filter(|entry| is_removed(&entry.data_file));
        let gone = gone.map(|entry| (file.partition_spec_id, entry.data_file.clone())).collect();
        let version = self.metadata.format_version;
        Ok((NewManifest::without(table, &manifest, version, snapshot_id, is_removed)?, gone))
    }

    /// The totals of a snapshot whose writer left some out of its summary.
    async fn count(&self, list: &[ManifestFile]) -> Result<Totals> {
        let mut totals = Totals::default();
        for file in list.iter().filter(|file| file.has_live_files()) {
            let (manifest, _) = self.source.manifests.manifest(&self.source.handle, file).await?;
            for entry in manifest.entries.iter().filter(|entry| entry.status != EntryStatus::Deleted) {
                totals.add(&entry.data_file);
            }
        }
        Ok(totals)
    }

    /// Puts everything into the store that the next metadata file will refer to so far, but for what was sent before.
    pub(super) async fn send(&mut self) -> Result<()> {
        let sent = || self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let uploads = std::mem::take(&mut self.uploads);
        let new: Vec<_> = uploads.into_iter().filter(|(key, _)| !sent().contains(key)).collect();
        let keys: Vec<String> = new.iter().map(|(key, _)| key.clone()).collect();
        let table = &*self.source.handle;
        send_all(new.into_iter().map(|(key, bytes)| put(table, key, bytes)).collect()).await?;
        sent().extend(keys);
        Ok(())
    }

    /// The version that this was made from, and the metadata to be committed on it; `None` if nothing is changed. All that
    /// it refers to is in the store.
    pub(super) async fn finish(mut self) -> Result<Option<(Head, TableMetadata)>> {
        if self.snapshot_ids.is_empty() && !self.is_changed {
            return Ok(None);
        }
        refuse_version_1(&self.metadata)?;
        if self.keys.is_some() && self.snapshot_ids.is_empty() {
            return Err(Error::invalid_input(
                "an idempotency key is kept with a snapshot, and a change of metadata alone makes none",
            ));
        }
        self.send().await?;
        self.metadata.log_last(&self.base.metadata);
        Ok(Some((self.base, self.metadata)))
    }
}

fn put(table: &TableHandle, key: String, bytes: Bytes) -> crate::runtime::BoxFuture<'_, Result<()>> {
    Box::pin(async move { put_new(table, &key, bytes).await })
}
