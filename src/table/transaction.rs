use std::fmt;
use std::future::IntoFuture;

use arrow_array::RecordBatch;
use futures::Stream;
use futures::stream;

use crate::error::{Error, Result};
use crate::expr::Predicate;
use crate::runtime::{BoxFuture, MaybeSend};
use crate::scan::Filter;
use crate::spec::{MAIN, PartitionUpdate, SchemaUpdate, SortTerm, properties};
use crate::table::{Merge, Table};
use crate::transaction::{Change, Guard, IdempotencyKey, Isolation, MetadataChange, TransactionReceipt};

/// Changes to a table that take effect together, or not at all: one commit.
///
/// ```no_run
/// # async fn f(table: datashard::Table, batch: arrow_array::RecordBatch) -> datashard::Result<()> {
/// let receipt = table.transaction().delete("day < '2026-01-01'").append([batch]).await?;
/// # Ok(()) }
/// ```
///
/// They are made in their order, each on what those before it left. Each that changes rows makes a snapshot of its own. Where
/// another writer commits first, they are made again on top of that, unless this would undo what it did: then the
/// transaction fails with [`Conflict`](crate::ErrorKind::Conflict), and nothing is changed.
///
/// Nothing happens before it is awaited. Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput) where a change does not
/// fit the table, and with [`CommitStateUnknown`](crate::ErrorKind::CommitStateUnknown) as
/// [`append`](Table::append) does. Dropping the future leaves open whether it takes effect.
#[must_use = "nothing is changed until it is awaited"]
pub struct Transaction<'a> {
    table: Table,
    changes: Vec<Result<Change<'a>>>,
    guard: Guard,
    branch: String,
    key: Option<String>,
}

impl<'a> Transaction<'a> {
    pub(super) fn new(table: Table) -> Self {
        Self { table, changes: Vec::new(), guard: Guard::default(), branch: MAIN.to_owned(), key: None }
    }

    pub(super) fn with(mut self, change: Result<Change<'a>>) -> Self {
        self.changes.push(change);
        self
    }

    /// Appends rows.
    pub fn append(self, batches: impl IntoIterator<Item = RecordBatch, IntoIter: MaybeSend + 'a>) -> Self {
        self.append_stream(stream::iter(batches.into_iter().map(Ok)))
    }

    /// Appends the rows that a stream brings.
    pub fn append_stream(self, batches: impl Stream<Item = Result<RecordBatch>> + MaybeSend + 'a) -> Self {
        self.with(Ok(Change::Append(Box::pin(batches))))
    }

    /// Deletes the rows that satisfy a condition: a predicate or its text. Rows of which the condition is not true, since a
    /// column is null, stay.
    ///
    /// Files all of whose rows satisfy it, by their partition or statistics, go without being read. Of others the rows that
    /// are left are written anew, or the positions of those that go are written beside, as the table's property
    /// `write.delete.mode` says (`copy-on-write`, the default, or `merge-on-read`).
    pub fn delete(self, filter: impl Into<Filter>) -> Self {
        let change = filter.into().predicate().map(|filter| Change::Replace(filter, None));
        self.with(change)
    }

    /// Deletes the rows that satisfy a condition and appends others, as one snapshot. The new rows need not satisfy it.
    pub fn overwrite(
        self,
        filter: impl Into<Filter>,
        batches: impl IntoIterator<Item = RecordBatch, IntoIter: MaybeSend + 'a>,
    ) -> Self {
        self.overwrite_stream(filter, stream::iter(batches.into_iter().map(Ok)))
    }

    /// Deletes the rows that satisfy a condition and appends those that a stream brings, as one snapshot.
    pub fn overwrite_stream(
        self,
        filter: impl Into<Filter>,
        batches: impl Stream<Item = Result<RecordBatch>> + MaybeSend + 'a,
    ) -> Self {
        let change = filter.into().predicate().map(|filter| Change::Replace(filter, Some(Box::pin(batches))));
        self.with(change)
    }

    /// Puts rows in the place of those that have the same values in the columns `on`, and appends those that replace none, as
    /// one snapshot. Without columns, the key is what identifies the table's rows (spec: Identifier Field IDs). Of several
    /// rows with the same key the last stays; a key with a null is an error.
    ///
    /// Only files that may hold one of the keys are read, by partition, statistics and Bloom filters. The rows are held in
    /// memory. How rows are removed from files says the table's property `write.merge.mode`.
    pub fn upsert<S: Into<String>>(
        self,
        batches: impl IntoIterator<Item = RecordBatch, IntoIter: MaybeSend + 'a>,
        on: impl IntoIterator<Item = S>,
    ) -> Self {
        self.upsert_stream(stream::iter(batches.into_iter().map(Ok)), on)
    }

    /// The same of the rows that a stream brings.
    pub fn upsert_stream<S: Into<String>>(
        self,
        batches: impl Stream<Item = Result<RecordBatch>> + MaybeSend + 'a,
        on: impl IntoIterator<Item = S>,
    ) -> Self {
        self.with(Ok(Change::Upsert(Box::pin(batches), on.into_iter().map(Into::into).collect())))
    }

    /// Appends those rows whose values in the columns `on` no row of the table has, and of several the first: duplicates are
    /// left out, also where another writer has appended one meanwhile. For keys as in [`upsert`](Self::upsert).
    pub fn append_new<S: Into<String>>(
        self,
        batches: impl IntoIterator<Item = RecordBatch, IntoIter: MaybeSend + 'a>,
        on: impl IntoIterator<Item = S>,
    ) -> Self {
        self.append_new_stream(stream::iter(batches.into_iter().map(Ok)), on)
    }

    /// The same of the rows that a stream brings.
    pub fn append_new_stream<S: Into<String>>(
        self,
        batches: impl Stream<Item = Result<RecordBatch>> + MaybeSend + 'a,
        on: impl IntoIterator<Item = S>,
    ) -> Self {
        self.with(Ok(Change::AppendNew(Box::pin(batches), on.into_iter().map(Into::into).collect())))
    }

    /// Changes rows that have the same key as rows of a source, and inserts those of the source that are new, as one snapshot: see
    /// [`Merge`].
    pub fn merge(self, merge: Merge<'a>) -> Self {
        self.with(merge.into_change())
    }

    /// Puts rows in the place of all of the partitions that they are in, by the partition spec of the table, as one snapshot: all
    /// other partitions stay as they are. Of a table without partitions all rows are replaced; without rows nothing is.
    ///
    /// Of files that were written by another spec, the rows of those partitions are removed, as
    /// [`delete`](Self::delete) does it.
    pub fn overwrite_partitions(
        self,
        batches: impl IntoIterator<Item = RecordBatch, IntoIter: MaybeSend + 'a>,
    ) -> Self {
        self.overwrite_partitions_stream(stream::iter(batches.into_iter().map(Ok)))
    }

    /// The same with the rows that a stream brings.
    pub fn overwrite_partitions_stream(
        self,
        batches: impl Stream<Item = Result<RecordBatch>> + MaybeSend + 'a,
    ) -> Self {
        self.with(Ok(Change::OverwritePartitions(Box::pin(batches))))
    }

    /// Appends Parquet files that are in the store already, as they are, as one snapshot: by their URIs, or their paths in the
    /// table (`data/x.parquet`). They must be where files of the table may be ([`Warehouse::allow`](crate::Warehouse::allow)
    /// tells where else), and belong to it from then on. Of each the footer is read.
    ///
    /// Columns of files without field ids are known by their names, for which the table gets a name mapping
    /// (`schema.name-mapping.default`) if it has none. A file's partition is what its statistics say, or its path
    /// (`day=2026-11-01/`) where it lacks the column: all of its rows must be in one.
    ///
    /// Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput), naming file and column, where a file has a column that the
    /// table has not, or one of another type, lacks a required one, or has no rows; with [`NotFound`](crate::ErrorKind::NotFound)
    /// if it is not there; and with [`AlreadyExists`](crate::ErrorKind::AlreadyExists) if it is in the table.
    pub fn add_files<S: Into<String>>(self, files: impl IntoIterator<Item = S>) -> Self {
        self.with(Ok(Change::AddFiles(files.into_iter().map(Into::into).collect())))
    }

    /// Puts these rows in the place of all that are there.
    pub fn replace_all(self, batches: impl IntoIterator<Item = RecordBatch, IntoIter: MaybeSend + 'a>) -> Self {
        self.overwrite(Predicate::always_true(), batches)
    }

    /// Changes the table's columns. Rows that the transaction appends afterwards have the new ones.
    pub fn update_schema(self, update: SchemaUpdate) -> Self {
        self.metadata(MetadataChange::Schema(update))
    }

    /// Changes how rows are divided into files. Files that are there stay as they are; later ones are divided anew.
    pub fn update_partition_spec(self, update: PartitionUpdate) -> Self {
        self.metadata(MetadataChange::Partition(update))
    }

    /// Changes what rows are sorted by within files that are written from now on; by nothing without terms.
    pub fn sort_by(self, terms: impl IntoIterator<Item = SortTerm>) -> Self {
        self.metadata(MetadataChange::Sort(terms.into_iter().collect()))
    }

    /// Makes the table's format version 2 or 3 ([`Table::upgrade`]).
    pub fn upgrade(self, format_version: i32) -> Self {
        self.set_property(properties::FORMAT_VERSION, format_version.to_string())
    }

    /// Sets a table property. As in other engines `format-version` is none: it [upgrades](Self::upgrade) the table.
    pub fn set_property(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata(MetadataChange::SetProperty(name.into(), value.into()))
    }

    /// Removes a table property, if it is there.
    pub fn remove_property(self, name: impl Into<String>) -> Self {
        self.metadata(MetadataChange::RemoveProperty(name.into()))
    }

    pub(crate) fn metadata(self, change: MetadataChange) -> Self {
        self.with(Ok(Change::Metadata(change)))
    }

    /// Changes rows of a branch, all of them, and leaves `main` as it is. The transaction may create the branch itself. The
    /// table's columns and properties are those of all branches.
    ///
    /// Fails with [`NotFound`](crate::ErrorKind::NotFound) if there is no such branch, and with
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) if it is a tag.
    pub fn to_branch(mut self, branch: impl Into<String>) -> Self {
        self.branch = branch.into();
        self
    }

    /// What is done about rows that others add or change meanwhile; [serializable](Isolation::Serializable) by default.
    pub fn isolation(mut self, isolation: Isolation) -> Self {
        self.guard.isolation = isolation;
        self
    }

    /// Fails with [`Conflict`](crate::ErrorKind::Conflict) if rows that the conditions of deletes and overwrites may be true
    /// of were removed since a snapshot or, where isolation is serializable, added: for changes that were decided on by
    /// reading that snapshot.
    pub fn decided_on(mut self, snapshot_id: i64) -> Self {
        self.guard.decided_on = Some(snapshot_id);
        self
    }

    /// Commits once for each key, as [`Append::idempotency_key`](crate::Append::idempotency_key) says. The key is kept with
    /// a snapshot: a transaction that makes none cannot have one.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    async fn commit(self) -> Result<TransactionReceipt> {
        let Self { table, changes, guard, branch, key } = self;
        let changes = changes.into_iter().collect::<Result<Vec<_>>>()?;
        if changes.is_empty() {
            return Err(Error::invalid_input("the transaction has no changes"));
        }
        let key = key.as_deref().map(IdempotencyKey::new).transpose()?;
        table.commit_changes(changes, &guard, branch, key).await
    }
}

impl<'a> IntoFuture for Transaction<'a> {
    type Output = Result<TransactionReceipt>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.commit())
    }
}

impl fmt::Debug for Transaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (table, changes) = (self.table.name(), self.changes.len());
        f.debug_struct("Transaction").field("table", &table).field("changes", &changes).finish_non_exhaustive()
    }
}
