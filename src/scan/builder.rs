use std::sync::Arc;

use arrow_array::RecordBatch;
use futures::TryStreamExt;

use crate::catalog::TableHandle;
use crate::error::{Error, Result};
use crate::expr::{BoundPredicate, Predicate};
use crate::read::Manifests;
use crate::runtime::Timestamp;
use crate::scan::{ScanPlan, ScanStream, ScanTask, plan};
use crate::spec::metadata_columns::{OF_CHANGES, with_metadata_columns};
use crate::spec::{PartitionColumns, RefKind, Schema, Snapshot, TableMetadata, ordered};

/// What a scan reads from: shared with its table.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) handle: Arc<TableHandle>,
    pub(crate) manifests: Arc<Manifests>,
}

/// A scan about to be made: which rows, which columns, of which snapshot. By default all of the newest that the table
/// knows. The snapshot is fixed when the scan starts; what others commit meanwhile does not show.
#[derive(Clone, Debug)]
#[must_use = "nothing is read until it is collected or streamed"]
pub struct ScanBuilder {
    source: Source,
    metadata: Arc<TableMetadata>,
    at: At,
    since: Option<Since>,
    select: Option<Vec<String>>,
    filter: Option<Filter>,
    limit: Option<u64>,
    pace: Pace,
}

/// How a scan is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    pub(super) batch_rows: usize,
    /// How many files are read at a time.
    pub(super) concurrency: usize,
    /// How many bytes may be fetched and not yet decoded.
    pub(super) buffer_bytes: u64,
    pub(super) ordered: bool,
}

impl Default for Pace {
    fn default() -> Self {
        let buffer_bytes = if cfg!(target_family = "wasm") { 24 << 20 } else { 48 << 20 };
        Self { batch_rows: 8192, concurrency: 32, buffer_bytes, ordered: false }
    }
}

#[derive(Clone, Debug)]
enum At {
    Current,
    Snapshot(i64),
    AsOf(Timestamp),
    Ref(String),
}

/// What happened after a snapshot, or from the first on.
#[derive(Clone, Debug)]
pub(super) struct Since {
    pub(super) snapshot_id: Option<i64>,
    /// Changes of every kind, and not appended rows alone.
    pub(super) changes: bool,
}

/// A condition on rows: a [`Predicate`], or its text (`ts >= '2026-11-01' and level in ('warn', 'error')`).
#[derive(Clone, Debug)]
pub enum Filter {
    /// A predicate.
    Predicate(Predicate),
    /// The text of one.
    Text(String),
}

impl From<Predicate> for Filter {
    fn from(predicate: Predicate) -> Self {
        Self::Predicate(predicate)
    }
}

impl From<&str> for Filter {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Filter {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// What a scan comes down to, once everything about it is known.
#[derive(Clone, Debug)]
pub(super) struct Resolved {
    pub(super) source: Source,
    pub(super) metadata: Arc<TableMetadata>,
    pub(super) snapshot: Option<Arc<Snapshot>>,
    pub(super) since: Option<Since>,
    /// The schema that rows are read with.
    pub(super) schema: Arc<Schema>,
    pub(super) partition: Arc<PartitionColumns>,
    /// The columns, in the order asked for.
    pub(super) columns: Vec<String>,
    pub(super) filter: Option<BoundPredicate>,
    pub(super) limit: Option<u64>,
    pub(super) pace: Pace,
}

impl Resolved {
    /// How many files are read at a time. With a limit, the first are likely to be enough.
    pub(super) fn files_at_once(&self) -> usize {
        if self.limit.is_some() { 1 } else { self.pace.concurrency }
    }
}

impl ScanBuilder {
    pub(crate) fn new(source: Source) -> Self {
        let metadata = source.handle.head().metadata;
        Self::of(source, metadata)
    }

    /// Of a version that may not be committed yet.
    pub(crate) fn of(source: Source, metadata: Arc<TableMetadata>) -> Self {
        let (at, pace) = (At::Current, Pace::default());
        Self { source, metadata, at, since: None, select: None, filter: None, limit: None, pace }
    }

    /// Only these columns, in this order. Beside the table's own there are `_file` and `_pos` (the path of the data file
    /// and the position of the row in it, from 0), `_spec_id` (the file's partition spec), `_partition` (the file's
    /// partition) and, in v3 tables, `_row_id` and `_last_updated_sequence_number` (spec: Row Lineage; null for rows of
    /// before). A filter may name them too, but leaves out no file by `_partition`.
    ///
    /// `_partition` is a struct of the fields of all of the table's partition specs, in the order of their ids and with the
    /// newest spec's names: what `partition` is in [`files`](crate::inspect::Inspect::files). Fields that the file's spec
    /// does not have are null. `_partition.day` is one of them alone. Where the table was never partitioned, the column is
    /// null, of Arrow's type `Null`.
    pub fn select<S: Into<String>>(mut self, columns: impl IntoIterator<Item = S>) -> Self {
        self.select = Some(columns.into_iter().map(Into::into).collect());
        self
    }

    /// Only rows that satisfy this condition: a predicate or its text. Called again, both must hold.
    pub fn filter(mut self, filter: impl Into<Filter>) -> Self {
        let filter = filter.into();
        self.filter = Some(match self.filter.take() {
            None => filter,
            Some(first) => Filter::both(first, filter),
        });
        self
    }

    /// At most this many rows, whichever. Reading stops when they are found.
    pub fn limit(mut self, rows: u64) -> Self {
        self.limit = Some(rows);
        self
    }

    /// As of a snapshot, with the columns of its time.
    pub fn at_snapshot(mut self, snapshot_id: i64) -> Self {
        self.at = At::Snapshot(snapshot_id);
        self
    }

    /// As of a time, with the columns of its time: the snapshot that was current then.
    pub fn as_of(mut self, time: Timestamp) -> Self {
        self.at = At::AsOf(time);
        self
    }

    /// As of a branch or tag. A tag is read with the columns of its time, a branch with the table's.
    pub fn at_ref(mut self, name: impl Into<String>) -> Self {
        self.at = At::Ref(name.into());
        self
    }

    /// Only rows that were appended after a snapshot (`None`: from the table's first on), up to the snapshot that is
    /// scanned. What other operations than appends did does not show.
    ///
    /// The scan fails with [`InvalidInput`](crate::ErrorKind::InvalidInput) if the snapshot is no ancestor of the one that
    /// is scanned, or if snapshots after it have expired.
    pub fn appends_since(mut self, snapshot_id: impl Into<Option<i64>>) -> Self {
        self.since = Some(Since { snapshot_id: snapshot_id.into(), changes: false });
        self
    }

    /// Only rows that were inserted or deleted after a snapshot (`None`: from the table's first on), up to the snapshot
    /// that is scanned, in no particular order. Three columns more say what became of each row: `_change_type` (`insert`
    /// or `delete`), `_change_ordinal` (the order of the commits, from 0) and `_commit_snapshot_id`.
    ///
    /// A row that was updated is deleted and inserted; so is one that was carried over when its file was rewritten by a
    /// copy-on-write change. Compaction does not show. Fails as [`appends_since`](Self::appends_since) does.
    pub fn changes_since(mut self, snapshot_id: impl Into<Option<i64>>) -> Self {
        self.since = Some(Since { snapshot_id: snapshot_id.into(), changes: true });
        self
    }

    /// At most this many rows a batch; 8,192 by default. Of Parquet files fewer where rows are so large that the batch would
    /// be more than about 4 MiB.
    pub fn batch_rows(mut self, rows: usize) -> Self {
        self.pace.batch_rows = rows.max(1);
        self
    }

    /// At most this many files are read at a time; 32 by default, as far as [`buffer_bytes`](Self::buffer_bytes) allows it.
    pub fn concurrency(mut self, files: usize) -> Self {
        self.pace.concurrency = files.max(1);
        self
    }

    /// At most about this many bytes of files are held that are fetched and not yet decoded; 48 MiB by default, on wasm32
    /// 24 MiB. A row group of a file without a page index is fetched whole even if it is larger.
    pub fn buffer_bytes(mut self, bytes: u64) -> Self {
        self.pace.buffer_bytes = bytes.max(1);
        self
    }

    /// Rows in the order of the plan's files, and in the order of each file. The order of files is that of the snapshot's
    /// manifests, so that a scan of the same snapshot has the same order each time.
    pub fn ordered(mut self) -> Self {
        self.pace.ordered = true;
        self
    }

    /// Which files the scan reads, without reading them.
    pub async fn plan(self) -> Result<ScanPlan> {
        plan::plan(self.resolve()?).await
    }

    /// A plan of these files, which a plan of the same version and filter, or none, named.
    pub(crate) fn plan_of(self, tasks: Vec<ScanTask>) -> Result<ScanPlan> {
        let mut scan = self.resolve()?;
        let compared = ordered(tasks.iter().flat_map(|task| task.deletes.compared()));
        scan.schema = Arc::new(plan::with_compared(&scan.schema, &compared, &scan.metadata)?);
        Ok(ScanPlan { tasks, ..ScanPlan::empty(scan) })
    }

    /// Reads, as a stream of batches, from the first files on that are found, while others are looked for. Memory is bounded;
    /// dropping the stream stops its requests.
    ///
    /// Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput) for a column, filter or ref that does not fit the
    /// table, with [`NotFound`](crate::ErrorKind::NotFound) for a snapshot that is not there, and with
    /// [`Unsupported`](crate::ErrorKind::Unsupported) for a table whose rows this version cannot tell, such as one with
    /// ORC files.
    pub async fn stream(self) -> Result<ScanStream> {
        plan::stream(self.resolve()?).await
    }

    /// Reads everything into memory.
    pub async fn collect(self) -> Result<Vec<RecordBatch>> {
        self.stream().await?.try_collect().await
    }

    /// Counts the rows, reading only the files of which metadata does not tell.
    pub async fn count(mut self) -> Result<u64> {
        self.select = Some(Vec::new());
        let limit = self.limit;
        let mut plan = self.plan().await?;
        // What metadata says of a file need not be read.
        let mut known = 0_u64;
        let tasks = std::mem::take(&mut plan.tasks);
        for task in tasks {
            match plan.exact_rows(&task) {
                Some(rows) => known = known.saturating_add(rows),
                None => plan.tasks.push(task),
            }
        }
        let read = plan.stream()?.try_fold(0, |rows, batch| async move { Ok(rows + batch.num_rows() as u64) }).await?;
        let rows = known.saturating_add(read);
        Ok(limit.map_or(rows, |limit| limit.min(rows)))
    }

    fn resolve(self) -> Result<Resolved> {
        let Self { source, metadata, at, since, select, filter, limit, pace } = self;
        let not_there = |what: String| Error::not_found(format!("the table `{}` has {what}", source.handle.name));
        let (snapshot, schema) = match &at {
            At::Current => (metadata.current_snapshot().cloned(), metadata.current_schema()?.clone()),
            At::Snapshot(id) => {
                let snapshot = metadata.snapshot(*id).ok_or_else(|| not_there(format!("no snapshot {id}")))?;
                (Some(snapshot.clone()), metadata.schema_of(snapshot)?.clone())
            }
            At::AsOf(time) => {
                let snapshot = metadata.snapshot_as_of(*time);
                let snapshot = snapshot.ok_or_else(|| not_there(format!("no snapshot as of {time}")))?;
                (Some(snapshot.clone()), metadata.schema_of(snapshot)?.clone())
            }
            At::Ref(name) => {
                let snapshot = metadata.snapshot_of_ref(name);
                let snapshot = snapshot.ok_or_else(|| not_there(format!("no branch or tag `{name}`")))?;
                let schema = match metadata.refs.get(name).map(|target| target.kind) {
                    Some(RefKind::Tag) => metadata.schema_of(snapshot)?,
                    _ => metadata.current_schema()?,
                };
                (Some(snapshot.clone()), schema.clone())
            }
        };
        let columns = select.unwrap_or_else(|| {
            let own = schema.fields().iter().map(|field| field.name.as_str());
            let of_changes = OF_CHANGES.iter().map(|(name, ..)| *name);
            let of_changes = of_changes.filter(|_| since.as_ref().is_some_and(|since| since.changes));
            own.chain(of_changes).map(str::to_owned).collect()
        });
        let of_changes = since.as_ref().is_some_and(|since| since.changes);
        let partition = Arc::new(PartitionColumns::of(&metadata));
        let schema = Arc::new(with_metadata_columns(&schema, Some(partition.metadata_column()), of_changes)?);
        for (i, column) in columns.iter().enumerate() {
            schema.column(column)?;
            if columns.iter().take(i).any(|earlier| earlier == column) {
                return Err(Error::invalid_input(format!("the column `{column}` is selected twice")));
            }
        }
        let filter = filter.map(|filter| filter.predicate()?.bind(&schema)).transpose()?;
        Ok(Resolved { source, metadata, snapshot, since, schema, partition, columns, filter, limit, pace })
    }
}

impl Filter {
    pub(crate) fn predicate(self) -> Result<Predicate> {
        match self {
            Self::Predicate(predicate) => Ok(predicate),
            Self::Text(text) => text.parse(),
        }
    }

    fn both(first: Self, second: Self) -> Self {
        match (first.clone().predicate(), second.clone().predicate()) {
            (Ok(a), Ok(b)) => Self::Predicate(a.and(b)),
            // The one that does not parse is kept, so that it is reported.
            (Err(_), _) => first,
            (_, Err(_)) => second,
        }
    }
}
