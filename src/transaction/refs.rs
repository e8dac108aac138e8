//! Steps of a transaction that are about branches and tags.

use std::collections::BTreeSet;
use std::fmt;

use crate::error::{Error, Result};
use crate::runtime::BoxFuture;
use crate::spec::{EntryStatus, ManifestContent, Operation, RefUpdate, Snapshot, ordered};
use crate::transaction::draft::{Changes, Draft, Removed};
use crate::transaction::idempotency::{IdempotencyKey, KnownKeys, keys_of};
use crate::transaction::isolation::{Guard, Isolation};
use crate::transaction::manifest::NewManifest;
use crate::transaction::work::{Effect, Step};
use crate::write::PreparedFile;

/// Names of summaries of snapshots that Iceberg's own implementation gives them: what a snapshot was picked from, the name
/// under which it was staged, and under which the one was that it was picked from.
const SOURCE_SNAPSHOT_ID: &str = "source-snapshot-id";
const WAP_ID: &str = "wap.id";
const PUBLISHED_WAP_ID: &str = "published-wap-id";

/// Changes branches and tags.
pub(super) struct UpdateRefs {
    update: RefUpdate,
    guard: Guard,
    /// What the branch's newest snapshot was at first.
    begun_on: Option<Option<i64>>,
}

impl UpdateRefs {
    pub(super) fn new(update: RefUpdate, guard: Guard) -> Self {
        Self { update, guard, begun_on: None }
    }

    /// A rollback takes away what others have committed meanwhile, too, unless the caller does not want that.
    fn check(&mut self, draft: &Draft) -> Result<()> {
        let newest = draft.base.metadata.snapshot_of_ref(&draft.branch).map(|snapshot| snapshot.snapshot_id);
        let begun_on = *self.begun_on.get_or_insert(newest);
        let Guard { isolation, decided_on } = self.guard;
        let expected = decided_on.map_or(begun_on, Some);
        if (decided_on.is_some() || isolation == Isolation::Snapshot) && newest != expected {
            return Err(Error::conflict(format!("another writer has committed to the branch `{}`", draft.branch)));
        }
        Ok(())
    }
}

impl Step for UpdateRefs {
    fn apply<'a>(&'a mut self, draft: &'a mut Draft) -> BoxFuture<'a, Result<Effect>> {
        Box::pin(async move {
            if let RefUpdate::RollBack(_) = self.update {
                self.check(draft)?;
            }
            draft.update_refs(&self.update)?;
            Ok(Effect::default())
        })
    }
}

/// Appends what a snapshot elsewhere has appended.
pub(super) struct CherryPick {
    snapshot_id: i64,
    /// Its files, and manifests that add them.
    picked: Option<(Vec<PreparedFile>, Vec<NewManifest>)>,
}

impl CherryPick {
    pub(super) fn new(snapshot_id: i64) -> Self {
        Self { snapshot_id, picked: None }
    }

    async fn pick(&mut self, draft: &mut Draft) -> Result<Effect> {
        let id = self.snapshot_id;
        let missing = || Error::not_found(format!("the table has no snapshot {id}"));
        let source = draft.metadata.snapshot(id).ok_or_else(missing)?.clone();
        let newest = draft.newest()?;
        let newest_id = newest.as_ref().map(|snapshot| snapshot.snapshot_id);
        refuse_picked(draft, &source, newest_id)?;
        let deletes = source.summary.count("added-delete-files").unwrap_or_default();
        let is_append = source.summary.operation == Operation::Append && deletes == 0;
        // A key is kept with a snapshot, so that one is made where there is a key.
        if source.parent_snapshot_id == newest_id && draft.keys.is_none() {
            draft.forward_to(id);
            let rows = source.summary.count("added-records").filter(|_| is_append).unwrap_or_default();
            return Ok(Effect { rows, deleted: 0 });
        }
        if !is_append {
            return Err(Error::invalid_input(format!(
                "snapshot {id} is no append, and does not follow on the newest of the branch `{}`",
                draft.branch
            )));
        }
        if self.picked.is_none() {
            let added = draft.scan().at_snapshot(id).appends_since(source.parent_snapshot_id).plan().await?.tasks;
            let files = added.into_iter().map(|task| PreparedFile::stored(task.partition_spec.spec_id, task.data_file));
            let files: Vec<_> = files.collect();
            let schema = draft.metadata.current_schema()?;
            let manifests = NewManifest::all_adding(draft.table(), &draft.metadata, schema, &files)?;
            self.picked = Some((files, manifests));
        }
        let Some((files, manifests)) = &self.picked else { return Ok(Effect::default()) };
        if let Some(newest) = newest {
            refuse_there(draft, &source, files, &newest).await?;
        }
        let mut notes = vec![(SOURCE_SNAPSHOT_ID, id.to_string())];
        notes.extend(staged_as(&source).map(|name| (PUBLISHED_WAP_ID, name.to_owned())));
        // Who committed it there under a key is told that it is here, too.
        let keys: Vec<_> = keys_of(&source).collect();
        let keys = IdempotencyKey::join(keys.iter()).into_iter().chain(draft.keys.take());
        draft.keys = keys.reduce(|all, key| format!("{all} {key}"));
        let changes = Changes {
            operation: Operation::Append,
            added: files.iter().collect(),
            manifests: manifests.iter().collect(),
            removed: &Removed::default(),
            notes,
        };
        draft.add_snapshot(changes).await?;
        Ok(Effect { rows: files.iter().map(|file| file.data_file.metrics.record_count).sum(), deleted: 0 })
    }
}

impl Step for CherryPick {
    fn apply<'a>(&'a mut self, draft: &'a mut Draft) -> BoxFuture<'a, Result<Effect>> {
        Box::pin(self.pick(draft))
    }
}

/// What it is, and no more: all of an update is 1 KB of wasm.
impl fmt::Debug for UpdateRefs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UpdateRefs")
    }
}

impl fmt::Debug for CherryPick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CherryPick({})", self.snapshot_id)
    }
}

fn staged_as(snapshot: &Snapshot) -> Option<&str> {
    snapshot.summary.properties.get(WAP_ID).map(String::as_str).filter(|name| !name.is_empty())
}

/// Fails if what a snapshot did is in the branch, as far as snapshots tell.
fn refuse_picked(draft: &Draft, source: &Snapshot, newest: Option<i64>) -> Result<()> {
    let id = source.snapshot_id;
    let picked_from = |snapshot: &Snapshot| snapshot.summary.properties.get(SOURCE_SNAPSHOT_ID)?.parse::<i64>().ok();
    let is_same = |other: i64| other == id || Some(other) == picked_from(source);
    let refuse = |by: i64| {
        let branch = &draft.branch;
        Err(Error::already_exists(format!("what snapshot {id} did is in the branch `{branch}`, by snapshot {by}")))
    };
    for snapshot in draft.metadata.ancestors(newest) {
        let wap = [WAP_ID, PUBLISHED_WAP_ID].map(|name| snapshot.summary.properties.get(name).map(String::as_str));
        let is_published = staged_as(source).is_some_and(|name| wap.contains(&Some(name)));
        if is_published || is_same(snapshot.snapshot_id) || picked_from(snapshot).is_some_and(is_same) {
            return refuse(snapshot.snapshot_id);
        }
    }
    let known = KnownKeys::of(&draft.metadata, &draft.branch);
    for key in keys_of(source) {
        if let Some(by) = known.snapshot_of(&key)? {
            return refuse(by);
        }
    }
    Ok(())
}

/// Fails if one of the files is in the branch, where snapshots that would tell have expired.
async fn refuse_there(draft: &Draft, source: &Snapshot, files: &[PreparedFile], newest: &Snapshot) -> Result<()> {
    let paths: BTreeSet<String> = ordered(files.iter().map(|file| file.data_file.file_path.clone()));
    // What was picked before may have been picked from an older one.
    let is_original = !source.summary.properties.contains_key(SOURCE_SNAPSHOT_ID);
    let since = if is_original { source.sequence_number } else { 0 };
    let (manifests, table) = (&draft.source.manifests, draft.table());
    let (list, _) = manifests.list(table, newest).await?;
    for file in list.iter().filter(|file| file.content == ManifestContent::Data && file.sequence_number >= since) {
        let (manifest, _) = manifests.manifest(table, file).await?;
        let live = manifest.entries.iter().filter(|entry| entry.status != EntryStatus::Deleted);
        if let Some(there) = live.map(|entry| &entry.data_file.file_path).find(|path| paths.contains(*path)) {
            let message = format!("{there} of snapshot {} is in the branch `{}`", source.snapshot_id, draft.branch);
            return Err(Error::already_exists(message));
        }
    }
    Ok(())
}
