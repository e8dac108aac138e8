mod append;
mod merge;
mod refs;
mod transaction;
mod writer;
#[cfg(test)]
mod writer_tests;

use std::sync::Arc;
use std::time::Duration;

use arrow_array::RecordBatch;
use futures::stream::{self, Stream};

use crate::catalog::TableHandle;
use crate::error::Result;
use crate::inspect::Inspect;
use crate::read::Manifests;
use crate::runtime::{BoxStream, MaybeSend};
use crate::scan::{Filter, ScanBuilder, Source, tail};
use crate::spec::{Schema, SchemaUpdate, Snapshot, SnapshotLogEntry, TableMetadata};
pub use crate::table::append::Append;
use crate::table::append::AppendOptions;
pub use crate::table::merge::Merge;
pub use crate::table::transaction::Transaction;
pub use crate::table::writer::TableWriter;
use crate::transaction::{
    Change, CommitReceipt, Committer, Guard, IdempotencyKey, MetadataChange, Payload, Resolution, SMALL,
    TransactionReceipt, Work, evolving, prepare_beyond, prepare_changes, resolve,
};
use crate::write::records_to_batch;

/// A table. Cheap to clone; clones share what they know of it.
///
/// A table knows one version, the newest that it has seen: it moves forward by its own commits and by
/// [`refresh`](Self::refresh), never by itself. Concurrent appends to clones of one `Table` share commits; writers
/// elsewhere, in whatever process, are other writers: all are safe with each other.
#[derive(Clone, Debug)]
pub struct Table(Arc<Core>);

#[derive(Debug)]
struct Core {
    handle: Arc<TableHandle>,
    manifests: Arc<Manifests>,
    committer: Committer,
}

impl Table {
    pub(crate) fn new(handle: TableHandle) -> Self {
        Self(Arc::new(Core { handle: Arc::new(handle), manifests: Arc::default(), committer: Committer::default() }))
    }

    /// The table's path in its store.
    pub fn name(&self) -> &str {
        &self.0.handle.name
    }

    /// The table's URI, for other engines: `s3://bucket/path`.
    pub fn location(&self) -> &str {
        self.0.handle.location.actual()
    }

    /// The number of the version that is known: the N of its `metadata/v{N}.metadata.json`.
    pub fn version(&self) -> u64 {
        self.0.handle.head().version
    }

    /// The metadata of the version that is known.
    pub fn metadata(&self) -> Arc<TableMetadata> {
        self.0.handle.head().metadata
    }

    /// The current columns.
    pub fn schema(&self) -> Result<Arc<Schema>> {
        Ok(self.metadata().current_schema()?.clone())
    }

    /// The snapshots that can still be read, oldest first.
    pub fn snapshots(&self) -> Vec<Arc<Snapshot>> {
        self.metadata().snapshots.clone()
    }

    /// When which snapshot became the current one, oldest first.
    pub fn history(&self) -> Vec<SnapshotLogEntry> {
        self.metadata().snapshot_log.clone()
    }

    /// Looks for newer versions, and returns the newest's number. One request if there is none.
    pub async fn refresh(&self) -> Result<u64> {
        Ok(self.0.handle.refresh().await?.version)
    }

    /// Appends rows, as one snapshot: all of them, durably, or none.
    ///
    /// Columns are matched by name; values are never changed. Other writers do not make an append fail: it is tried
    /// again on top of theirs. Dropping the future leaves open whether the rows are appended.
    ///
    /// Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput) naming column, row and value where a batch does not
    /// fit; with [`CommitStateUnknown`](crate::ErrorKind::CommitStateUnknown) if the store could not be asked for the
    /// outcome: see [`resolve`](Self::resolve).
    pub fn append<'a>(&self, batches: impl IntoIterator<Item = RecordBatch, IntoIter: MaybeSend + 'a>) -> Append<'a> {
        self.append_stream(stream::iter(batches.into_iter().map(Ok)))
    }

    /// Appends the rows that a stream brings, as [`append`](Self::append) does: all of them, as one snapshot. They are
    /// written as they come, so that no more is held in memory than a row group and a part of an upload.
    ///
    /// Where the stream ends with an error, nothing is appended, and the error is returned.
    pub fn append_stream<'a>(&self, batches: impl Stream<Item = Result<RecordBatch>> + MaybeSend + 'a) -> Append<'a> {
        Append::new(self.clone(), Box::pin(batches))
    }

    async fn commit_append(
        &self,
        mut batches: BoxStream<'_, Result<RecordBatch>>,
        options: AppendOptions,
    ) -> Result<CommitReceipt> {
        let Core { handle, manifests, committer } = &*self.0;
        let AppendOptions { branch, properties, key, evolve } = options;
        let key = key.as_deref().map(IdempotencyKey::new).transpose()?;
        let mut metadata = handle.head().metadata;
        if metadata.head_of(&branch).is_err() {
            // Before the rows are written in vain.
            metadata = handle.refresh().await?.metadata;
            metadata.head_of(&branch)?;
        }
        let mut update = None;
        if let Some(evolve) = evolve {
            let before = metadata.current_schema()?.clone();
            (batches, update) = evolve(batches, before.clone()).await?;
            if let Some(change) = &update {
                MetadataChange::Schema(change.clone()).apply(Arc::make_mut(&mut metadata))?;
            }
            update = update.filter(|_| !metadata.current_schema().is_ok_and(|after| after.same_fields(&before)));
        }
        // What is left to be written with the commit is written as the table says.
        let most_left = if properties.is_empty() { SMALL } else { 0 };
        if !properties.is_empty() {
            Arc::make_mut(&mut metadata).properties.extend(properties);
        }
        let rows = prepare_beyond(most_left, handle, &metadata, batches).await?;
        let payload = match update {
            None => Payload::Append(rows),
            Some(update) => evolving(update, rows),
        };
        let work = Work { branch, key, payload };
        Ok(committer.commit(handle, manifests, work).await?.into())
    }

    /// Begins to append rows that come bit by bit, in bounded memory: `table.writer()`. See [`TableWriter`].
    pub fn writer(&self) -> TableWriter {
        TableWriter::new(self.clone())
    }

    /// Begins a transaction: changes that take effect together.
    pub fn transaction<'a>(&self) -> Transaction<'a> {
        Transaction::new(self.clone())
    }

    /// Deletes the rows that satisfy a condition: `table.delete("level = 'debug'").await?`. See [`Transaction::delete`].
    pub fn delete<'a>(&self, filter: impl Into<Filter>) -> Transaction<'a> {
        self.transaction().delete(filter)
    }

    /// Deletes the rows that satisfy a condition and appends others, as one snapshot. See [`Transaction::overwrite`].
    pub fn overwrite<'a>(
        &self,
        filter: impl Into<Filter>,
        batches: impl IntoIterator<Item = RecordBatch, IntoIter: MaybeSend + 'a>,
    ) -> Transaction<'a> {
        self.transaction().overwrite(filter, batches)
    }

    /// Puts rows in the place of those with the same key, and appends the others. See [`Transaction::upsert`].
    pub fn upsert<'a, S: Into<String>>(
        &self,
        batches: impl IntoIterator<Item = RecordBatch, IntoIter: MaybeSend + 'a>,
        on: impl IntoIterator<Item = S>,
    ) -> Transaction<'a> {
        self.transaction().upsert(batches, on)
    }

    /// Appends the rows whose key the table does not have. See [`Transaction::append_new`].
    pub fn append_new<'a, S: Into<String>>(
        &self,
        batches: impl IntoIterator<Item = RecordBatch, IntoIter: MaybeSend + 'a>,
        on: impl IntoIterator<Item = S>,
    ) -> Transaction<'a> {
        self.transaction().append_new(batches, on)
    }

    /// Merges rows of a source into the table's, by a key. See [`Merge`].
    pub fn merge<'a>(&self, merge: Merge<'a>) -> Transaction<'a> {
        self.transaction().merge(merge)
    }

    /// Appends Parquet files that are in the store already. See [`Transaction::add_files`].
    pub fn add_files<'a, S: Into<String>>(&self, files: impl IntoIterator<Item = S>) -> Transaction<'a> {
        self.transaction().add_files(files)
    }

    /// Puts rows in the place of all of the partitions that they are in. See [`Transaction::overwrite_partitions`].
    pub fn overwrite_partitions<'a>(
        &self,
        batches: impl IntoIterator<Item = RecordBatch, IntoIter: MaybeSend + 'a>,
    ) -> Transaction<'a> {
        self.transaction().overwrite_partitions(batches)
    }

    /// Changes the table's columns: `table.update_schema(SchemaUpdate::new().add("city", PrimitiveType::String)).await?`. No
    /// file is touched: rows that are there have null in new columns, or their initial default. See
    /// [`Transaction::update_schema`].
    pub fn update_schema<'a>(&self, update: SchemaUpdate) -> Transaction<'a> {
        self.transaction().update_schema(update)
    }

    /// Makes the table's format version 2 or 3, in place: no file is touched, and readers of earlier versions of the format can
    /// no longer read the table. There is no way back.
    ///
    /// In version 3 each row has an id that stays with it when it is rewritten or updated (`_row_id`), those of before from
    /// the next commit on. Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput) on an earlier version than the table
    /// has, and one that is not known.
    pub fn upgrade<'a>(&self, format_version: i32) -> Transaction<'a> {
        self.transaction().upgrade(format_version)
    }

    pub(crate) async fn commit_changes(
        &self,
        changes: Vec<Change<'_>>,
        guard: &Guard,
        branch: String,
        key: Option<IdempotencyKey>,
    ) -> Result<TransactionReceipt> {
        let Core { handle, manifests, committer } = &*self.0;
        let payload = prepare_changes(handle, changes, guard).await?;
        Ok(committer.commit(handle, manifests, Work { branch, key, payload }).await?.into())
    }

    /// Appends JSON records, as [`append`](Self::append) does: each an object with a value for each column, or without
    /// those that may be null.
    ///
    /// Every value is taken exactly as it is, or refused: 1.5 does not enter a `long`. How each type is spelled in JSON is
    /// said at [`records_to_batch`](crate::records_to_batch). Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput)
    /// naming row, field and value.
    pub fn append_records<'a>(&self, records: impl IntoIterator<Item = &'a serde_json::Value>) -> Append<'static> {
        let batch = self.schema().and_then(|schema| records_to_batch(&schema, records));
        self.append_stream(stream::iter([batch]))
    }

    /// Begins a scan of the newest version that is known: `table.scan().select(["id"]).filter("id > 7").collect().await?`.
    pub fn scan(&self) -> ScanBuilder {
        ScanBuilder::new(self.source())
    }

    /// What the newest version that is known is made of, as record batches: `table.inspect().snapshots()?`.
    pub fn inspect(&self) -> Inspect {
        Inspect::new(self.source())
    }

    fn source(&self) -> Source {
        Source { handle: self.0.handle.clone(), manifests: self.0.manifests.clone() }
    }

    /// New snapshots as they are committed, each once, the oldest first: those after the newest that the table knows now.
    /// Looks for them each time the interval has passed, with one request if there is none.
    ///
    /// To process what is appended: `table.scan().at_snapshot(snapshot.snapshot_id).appends_since(snapshot.parent_snapshot_id)`.
    /// An error does not end the stream; what could not be read is looked for again.
    pub fn tail(&self, interval: Duration) -> BoxStream<'static, Result<Arc<Snapshot>>> {
        tail::tail(self.0.handle.clone(), interval)
    }

    /// Settles a commit whose outcome was unknown, by the token in its error ([`Error::unknown_commit`](crate::Error::unknown_commit)).
    ///
    /// From any process and at any later time. If the commit is not in the table, this makes sure that it never gets
    /// there. Fails with `CommitStateUnknown` again if the store cannot say.
    pub async fn resolve(&self, token: &str) -> Result<Resolution> {
        resolve(&self.0.handle, token).await
    }
}
