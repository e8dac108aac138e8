use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use futures::stream::{self, StreamExt};

use crate::avro;
use crate::catalog::{Attempt, CommitOutcome, Head, TableHandle, unknown_token};
use crate::error::{Error, Result};
use crate::read::Manifests;
use crate::runtime::Timestamp;
use crate::spec::{
    Manifest, ManifestContent, ManifestEntry, ManifestFile, PartitionSpec, Schema, TableMetadata, properties,
};
use crate::transaction::append::{Payload, refuse_unwritable};
use crate::transaction::commit::{self, Next};
use crate::transaction::committer::Member;
use crate::transaction::idempotency::IdempotencyKey;
use crate::transaction::receipt::CommitReceipt;
use crate::write::{PreparedFile, put_new, write_batches};

/// How many files are sent at a time.
const UPLOADS: usize = 8;
/// How long a commit is tried by default (`commit.retry.total-timeout-ms`).
const TOTAL_TIMEOUT: Duration = Duration::from_secs(120);
/// For how long at least the outcome of a commit is asked for.
const LEAST_TIMEOUT: Duration = Duration::from_secs(30);
/// The bounds of the wait after a conflict by default (`commit.retry.min-wait-ms`, `max-wait-ms`).
const MIN_WAIT: Duration = Duration::from_millis(25);
const MAX_WAIT: Duration = Duration::from_secs(2);
/// After so long that wait is at most half as long, after twice that a third, and so on.
const IMPATIENCE_MILLIS: u32 = 10_000;

/// Appends on their way into one commit, and how far they are. Every step is recorded before what depends on it
/// begins, so that the group can be driven on after its driver was dropped at any point.
#[derive(Debug)]
pub(super) struct Group {
    members: Vec<Member>,
    commit_id: String,
    snapshot_id: i64,
    started: Timestamp,
    files: Option<Vec<PreparedFile>>,
    manifest: Option<PreparedManifest>,
    /// Whether files and manifest are in the store.
    sent: bool,
    /// The try whose outcome is not known yet.
    attempt: Option<(Attempt, Next)>,
    /// Whether a request for the attempt may have been sent.
    published: bool,
    attempts: u32,
    conflicts: u32,
}

/// A manifest, which does not depend on the version that it is committed on.
#[derive(Clone, Debug)]
pub(super) struct PreparedManifest {
    pub(super) file: ManifestFile,
    key: String,
    bytes: Bytes,
}

/// A group that is in the table.
#[derive(Clone, Debug)]
pub(super) struct Committed {
    pub(super) head: Head,
    /// Whether other writers were met on the way.
    pub(super) contended: bool,
}

impl Group {
    pub(super) fn new(table: &TableHandle, members: Vec<Member>) -> Self {
        Self {
            members,
            commit_id: table.unique(),
            snapshot_id: commit::snapshot_id(&*table.runtime),
            started: table.runtime.now(),
            files: None,
            manifest: None,
            sent: false,
            attempt: None,
            published: false,
            attempts: 0,
            conflicts: 0,
        }
    }

    /// Brings the group into the table; `None` if all of it was there already. May be called again after being dropped.
    pub(super) async fn drive(&mut self, table: &TableHandle, manifests: &Manifests) -> Result<Option<Committed>> {
        loop {
            if self.attempt.is_none() {
                self.stage(table, manifests).await?;
            }
            let Some((attempt, next)) = &mut self.attempt else { return Ok(None) };
            attempt.resumed = std::mem::replace(&mut self.published, true);
            let outcome = table.catalog.publish(&table.name, attempt).await;
            match outcome? {
                CommitOutcome::Committed(head) => {
                    manifests.know_list(&next.list_uri, next.list.clone(), next.list_size);
                    table.advance(head.clone());
                    return Ok(Some(Committed { head, contended: self.conflicts > 0 }));
                }
                CommitOutcome::Conflict(head) => {
                    self.conflicts += 1;
                    self.attempt = None;
                    table.advance(head);
                    self.back_off(table).await?;
                }
                CommitOutcome::Unknown(cause) => {
                    let message = format!("whether the commit to `{}` took effect is not known: {cause}", table.name);
                    return Err(Error::commit_state_unknown(unknown_token(attempt), message));
                }
            }
        }
    }

    /// Puts everything into the store that the next metadata file will refer to, in one round of requests. Makes no attempt
    /// if there is nothing left to commit.
    async fn stage(&mut self, table: &TableHandle, manifests: &Manifests) -> Result<()> {
        let base = table.recent_head().await?;
        refuse_unwritable(table, &base.metadata)?;
        if self.settle_repeated(&base) {
            return Ok(());
        }
        let (schema, spec) = self.still_there(&base.metadata)?;
        if base.metadata.snapshot(self.snapshot_id).is_some() {
            self.snapshot_id = commit::snapshot_id(&*table.runtime);
        }
        if self.files.is_none() {
            self.files = Some(self.write(table, &base.metadata, &schema).await?);
        }
        let files = self.files.as_deref().unwrap_or_default();
        if self.manifest.is_none() && !files.is_empty() {
            self.manifest = Some(prepare_manifest(table, files, schema, spec)?);
        }
        let manifest = self.manifest.as_ref().map(|manifest| manifest.file.clone());
        let rows = files.iter().map(|file| &file.data_file);
        let keys = IdempotencyKey::join(self.distinct().filter_map(|member| member.work.key.as_ref()));
        let commit = commit::Ids { snapshot_id: self.snapshot_id, commit_id: &self.commit_id, keys };
        let next = commit::build(table, manifests, &base, manifest, rows, commit).await?;
        let list = put_new(table, &next.list_key, next.list_bytes.clone());
        if self.sent {
            list.await?;
        } else {
            let sends: Vec<_> = files.iter().map(|file| file.send(table)).collect();
            let sends = stream::iter(sends).buffer_unordered(UPLOADS).try_collect::<()>();
            let manifest = async {
                match &self.manifest {
                    Some(manifest) => put_new(table, &manifest.key, manifest.bytes.clone()).await,
                    None => Ok(()),
                }
            };
            futures::try_join!(sends, manifest, list)?;
            self.sent = true;
        }
        let timeout = base.metadata.millis(properties::COMMIT_TOTAL_TIMEOUT, TOTAL_TIMEOUT)?;
        // However long the files took: the commit itself gets its time.
        let deadline = self.started.plus(timeout).max(table.runtime.now().plus(LEAST_TIMEOUT));
        self.attempts += 1;
        self.published = false;
        self.attempt = Some((Attempt { base, next: next.metadata.clone(), deadline, resumed: false }, next));
        Ok(())
    }

    /// An append relies on its schema and partition spec, and on nothing else that others may have changed.
    fn still_there(&self, metadata: &TableMetadata) -> Result<(Arc<Schema>, Arc<PartitionSpec>)> {
        let spec = metadata.partition_spec(metadata.default_spec_id)?.clone();
        let Some(member) = self.members.first() else { return Ok((metadata.current_schema()?.clone(), spec)) };
        let schema = &member.work.schema;
        match metadata.schema(schema.schema_id()) {
            Ok(there) if there.same_fields(schema) => Ok((schema.clone(), spec)),
            _ => Err(Error::conflict(format!("the schema {} that the rows were made for is gone", schema.schema_id()))),
        }
    }

    /// The group's files: those that members brought, and one or more with the rows of the others.
    async fn write(&self, table: &TableHandle, metadata: &TableMetadata, schema: &Schema) -> Result<Vec<PreparedFile>> {
        let (mut files, mut batches) = (Vec::new(), Vec::new());
        for member in self.distinct() {
            match &member.work.payload {
                Payload::Files(own) => files.extend(own.iter().cloned()),
                Payload::Batches(own) => batches.extend(own.iter().cloned().map(Ok)),
            }
        }
        files.extend(write_batches(table, metadata, schema, Box::pin(stream::iter(batches))).await?);
        Ok(files)
    }

    /// Waits after a conflict, the longer the more there were, and looks what has come since.
    async fn back_off(&self, table: &TableHandle) -> Result<()> {
        let metadata = table.head().metadata;
        let timeout = metadata.millis(properties::COMMIT_TOTAL_TIMEOUT, TOTAL_TIMEOUT)?;
        let retries = metadata.number(properties::COMMIT_NUM_RETRIES, u32::MAX)?;
        if self.conflicts > retries || table.runtime.now() >= self.started.plus(timeout) {
            let message = format!("other writers of `{}` were first {} times", table.name, self.conflicts);
            return Err(Error::conflict(message));
        }
        let least = metadata.millis(properties::COMMIT_MIN_WAIT, MIN_WAIT)?;
        let most = metadata.millis(properties::COMMIT_MAX_WAIT, MAX_WAIT)?;
        let doubled = least.saturating_mul(1 << (self.conflicts - 1).min(16)).min(most);
        // Writers that win begin their next commit at once: who waits for long while they do meets ever newer versions.
        // So the longer a commit has been tried, the sooner it is tried again.
        let age = u32::try_from(table.runtime.now().since(self.started).as_millis()).unwrap_or(u32::MAX);
        let bound = doubled / age.div_euclid(IMPATIENCE_MILLIS).saturating_add(1);
        let nanos = table.runtime.random() % bound.max(least).as_nanos().max(1);
        table.runtime.sleep(Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))).await;
        table.refresh().await?;
        Ok(())
    }

    /// Whether anybody still wants to know what becomes of it.
    pub(super) fn is_awaited(&self) -> bool {
        self.members.iter().any(|member| !member.done.is_canceled())
    }

    /// Answers the members whose key an earlier commit has: their rows are in the table. Returns whether nobody is left.
    fn settle_repeated(&mut self, base: &Head) -> bool {
        if self.members.iter().all(|member| member.work.key.is_none()) {
            return false;
        }
        let (known, before) = (IdempotencyKey::known(&base.metadata), self.members.len());
        let mut left = Vec::with_capacity(before);
        for member in std::mem::take(&mut self.members) {
            match member.work.key.as_ref().and_then(|key| known.get(key)) {
                None => left.push(member),
                Some(snapshot_id) => member.tell(Ok(self.receipt(base.version, *snapshot_id, None))),
            }
        }
        self.members = left;
        if self.members.len() < before {
            // The rows of several members may be in one file.
            (self.files, self.manifest, self.sent) = (None, None, false);
        }
        self.members.is_empty()
    }

    /// The members, each with whether one before it has its key.
    fn members(&self) -> impl Iterator<Item = (&Member, bool)> {
        let mut seen = BTreeSet::new();
        self.members.iter().map(move |member| {
            let is_repeated = member.work.key.as_ref().is_some_and(|key| !seen.insert(key));
            (member, is_repeated)
        })
    }

    fn distinct(&self) -> impl Iterator<Item = &Member> {
        self.members().filter(|(_, is_repeated)| !is_repeated).map(|(member, _)| member)
    }

    /// The receipt for so many rows; without, for rows that are in the table by another append of the same key.
    fn receipt(&self, version: u64, snapshot_id: i64, rows: Option<u64>) -> CommitReceipt {
        CommitReceipt {
            version,
            snapshot_id,
            rows: rows.unwrap_or(0),
            repeated: rows.is_none(),
            group: self.members.len().max(1),
            attempts: self.attempts,
            conflicts: self.conflicts,
        }
    }

    /// Hands each member its receipt, or the error.
    pub(super) fn deliver(mut self, outcome: &Result<Option<Committed>>) {
        let mut receipts = Vec::with_capacity(self.members.len());
        for (member, is_repeated) in self.members() {
            let rows = (!is_repeated).then_some(member.work.rows);
            receipts.push(match outcome {
                Ok(Some(committed)) => Ok(self.receipt(committed.head.version, self.snapshot_id, rows)),
                Ok(None) => Err(Error::unavailable("the append was not tried")),
                Err(error) => Err(error.clone()),
            });
        }
        self.members.drain(..).zip(receipts).for_each(|(member, receipt)| member.tell(receipt));
    }
}

fn prepare_manifest(
    table: &TableHandle,
    files: &[PreparedFile],
    schema: Arc<Schema>,
    spec: Arc<PartitionSpec>,
) -> Result<PreparedManifest> {
    let entries = files.iter().map(|file| ManifestEntry::added(file.data_file.clone())).collect();
    let spec_id = spec.spec_id;
    let manifest = Manifest { schema, partition_spec: spec, content: ManifestContent::Data, entries };
    let bytes: Bytes = avro::encode_manifest(&manifest, table.runtime.random())?.into();
    let relative = format!("metadata/{}-m0.avro", table.unique());
    let rows = files.iter().map(|file| file.data_file.metrics.record_count).sum();
    let file = ManifestFile {
        manifest_path: table.location.uri(&relative),
        manifest_length: bytes.len() as u64,
        partition_spec_id: spec_id,
        content: ManifestContent::Data,
        // These three are the commit's, and filled in when it is built.
        sequence_number: 0,
        min_sequence_number: 0,
        added_snapshot_id: 0,
        added_files_count: Some(u32::try_from(files.len()).unwrap_or(u32::MAX)),
        existing_files_count: Some(0),
        deleted_files_count: Some(0),
        added_rows_count: Some(rows),
        existing_rows_count: Some(0),
        deleted_rows_count: Some(0),
        // Spark's table of manifests fails where this is left out.
        partitions: Some(Vec::new()),
        key_metadata: None,
        first_row_id: None,
    };
    Ok(PreparedManifest { file, key: table.location.key(&relative), bytes })
}
