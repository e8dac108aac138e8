use std::sync::Arc;

use arrow_array::RecordBatch;
use futures::TryStreamExt;

use crate::catalog::TableHandle;
use crate::error::{Error, Result};
use crate::expr::{BoundPredicate, Predicate};
use crate::read::Manifests;
use crate::runtime::Timestamp;
use crate::scan::{ScanPlan, ScanStream, ScanTask, plan};
use crate::spec::metadata_columns::with_metadata_columns;
use crate::spec::{RefKind, Schema, Snapshot, TableMetadata};

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
    select: Option<Vec<String>>,
    filter: Option<Filter>,
    limit: Option<u64>,
    batch_rows: usize,
}

#[derive(Clone, Debug)]
enum At {
    Current,
    Snapshot(i64),
    AsOf(Timestamp),
    Ref(String),
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
    /// The schema that rows are read with.
    pub(super) schema: Arc<Schema>,
    /// The columns, in the order asked for.
    pub(super) columns: Vec<String>,
    pub(super) filter: Option<BoundPredicate>,
    pub(super) limit: Option<u64>,
    pub(super) batch_rows: usize,
}

impl ScanBuilder {
    pub(crate) fn new(source: Source) -> Self {
        let metadata = source.handle.head().metadata;
        Self { source, metadata, at: At::Current, select: None, filter: None, limit: None, batch_rows: 8192 }
    }

    /// Only these columns, in this order. Beside the table's own there are `_file` and `_pos` (the path of the data file
    /// and the position of the row in it, from 0), `_spec_id` (the file's partition spec) and, in v3 tables, `_row_id` and
    /// `_last_updated_sequence_number` (spec: Row Lineage; null for rows of before). A filter may name them too.
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

    /// At most this many rows a batch; 8,192 by default.
    pub fn batch_rows(mut self, rows: usize) -> Self {
        self.batch_rows = rows.max(1);
        self
    }

    /// Which files the scan reads, without reading them.
    pub async fn plan(self) -> Result<ScanPlan> {
        plan::plan(&self.resolve()?).await
    }

    /// Reads, as a stream of batches. Memory is bounded; dropping the stream stops its requests.
    ///
    /// Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput) for a column, filter or ref that does not fit the
    /// table, with [`NotFound`](crate::ErrorKind::NotFound) for a snapshot that is not there, and with
    /// [`Unsupported`](crate::ErrorKind::Unsupported) for a table whose rows this version cannot tell, such as one with
    /// ORC files.
    pub async fn stream(self) -> Result<ScanStream> {
        ScanStream::new(self.resolve()?).await
    }

    /// Reads everything into memory.
    pub async fn collect(self) -> Result<Vec<RecordBatch>> {
        self.stream().await?.try_collect().await
    }

    /// Counts the rows. Without a filter, from metadata alone where no deletes apply but deletion vectors.
    pub async fn count(mut self) -> Result<u64> {
        self.select = Some(Vec::new());
        let resolved = self.resolve()?;
        if resolved.filter.is_none() {
            let plan = plan::plan(&resolved).await?;
            if let Some(rows) = plan.tasks.iter().map(ScanTask::exact_rows).sum::<Option<u64>>() {
                return Ok(resolved.limit.map_or(rows, |limit| limit.min(rows)));
            }
        }
        let stream = ScanStream::new(resolved).await?;
        stream.try_fold(0, |rows, batch| async move { Ok(rows + batch.num_rows() as u64) }).await
    }

    fn resolve(self) -> Result<Resolved> {
        let Self { source, metadata, at, select, filter, limit, batch_rows } = self;
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
        let columns = select.unwrap_or_else(|| schema.fields().iter().map(|field| field.name.clone()).collect());
        let schema = Arc::new(with_metadata_columns(&schema)?);
        for (i, column) in columns.iter().enumerate() {
            if schema.field_by_name(column).is_none() {
                return Err(crate::expr::unknown_column(&schema, column));
            }
            if columns.iter().take(i).any(|earlier| earlier == column) {
                return Err(Error::invalid_input(format!("the column `{column}` is selected twice")));
            }
        }
        let filter = filter.map(|filter| filter.predicate()?.bind(&schema)).transpose()?;
        Ok(Resolved { source, metadata, snapshot, schema, columns, filter, limit, batch_rows })
    }
}

impl Filter {
    fn predicate(self) -> Result<Predicate> {
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
