use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;
use futures::channel::mpsc;
use serde_json::Value as Json;

use crate::error::{Error, Result};
use crate::parquet::conform;
use crate::spec::{Schema, properties};
use crate::table::append::AppendOptions;
use crate::table::{Append, Table};
use crate::transaction::CommitReceipt;
use crate::write::records_to_batch;

/// Appends rows that come bit by bit, in bounded memory. They are uploaded as they come, and are in the table when they are
/// committed: all of them, as one snapshot, or none.
///
/// ```no_run
/// # async fn f(table: datashard::Table, records: Vec<serde_json::Value>) -> datashard::Result<()> {
/// let mut writer = table.writer().batch_rows(10_000);
/// for record in &records {
///     writer.write_records([record]).await?;
/// }
/// let receipt = writer.finish().await?;
/// # Ok(()) }
/// ```
///
/// Rows are held until there are so many or so much of them that they are worth encoding
/// ([`batch_rows`](Self::batch_rows), [`batch_bytes`](Self::batch_bytes)). Work is done only while one of the methods is
/// awaited: each waits until there is room. The columns of a commit are those that the table has when its first row is taken.
///
/// Where the writer is dropped, what was not committed is not in the table, unless that was under way. An error of an upload or a
/// commit is returned from then on, and none of what was not committed is in the table, if it is not
/// [`CommitStateUnknown`](crate::ErrorKind::CommitStateUnknown); rows that do not fit are refused, and the writer goes on.
#[must_use = "nothing is in the table before it is committed"]
pub struct TableWriter {
    table: Table,
    schema: Option<Arc<Schema>>,
    options: AppendOptions,
    batch_rows: usize,
    batch_bytes: usize,
    held: Vec<RecordBatch>,
    held_rows: usize,
    held_bytes: usize,
    begun: Option<Begun>,
    failed: Option<Error>,
}

/// An append under way, and where it gets its rows from. There is room for one batch.
struct Begun {
    append: Append<'static>,
    rows: mpsc::Sender<Result<RecordBatch>>,
    /// Whether it has all of its rows.
    is_ending: bool,
}

/// Held batches are put together when there are so many of them: small ones take much more memory than their values.
const MOST_HELD: usize = 256;

impl TableWriter {
    pub(super) fn new(table: Table) -> Self {
        Self {
            table,
            schema: None,
            options: AppendOptions::default(),
            batch_rows: 65_536,
            batch_bytes: 4 << 20,
            held: Vec::new(),
            held_rows: 0,
            held_bytes: 0,
            begun: None,
            failed: None,
        }
    }

    /// Encodes rows when there are so many; 65,536 by default.
    pub fn batch_rows(mut self, rows: usize) -> Self {
        self.batch_rows = rows.max(1);
        self
    }

    /// Encodes rows when they take so many bytes of memory; 4 MiB by default.
    pub fn batch_bytes(mut self, bytes: usize) -> Self {
        self.batch_bytes = bytes.max(1);
        self
    }

    /// No file has more rows than this; as the table's property `datashard.write.max-rows-per-file` says by default.
    pub fn max_rows_per_file(self, rows: u64) -> Self {
        self.property(properties::MAX_ROWS_PER_FILE, rows.to_string())
    }

    /// A file is ended when it has so many bytes; as the table's property `write.target-file-size-bytes` says by default.
    pub fn target_file_size(self, bytes: u64) -> Self {
        self.property(properties::TARGET_FILE_SIZE, bytes.to_string())
    }

    /// Writes as if the table had this property. See [`Append::property`].
    pub fn property(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.properties.insert(name.into(), value.into());
        self
    }

    /// Appends to a branch. See [`Append::to_branch`].
    pub fn to_branch(mut self, branch: impl Into<String>) -> Self {
        self.options.branch = branch.into();
        self
    }

    /// Commits once for each key. See [`Append::idempotency_key`]. With a key, [`finish`](Self::finish) alone commits.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.options.key = Some(key.into());
        self
    }

    /// Takes a batch. Columns are matched by name. Once this is polled the rows are taken, whether or not it is awaited to
    /// its end.
    ///
    /// Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput) naming column, row and value where the batch does not fit:
    /// then none of it is taken.
    pub async fn write(&mut self, batch: RecordBatch) -> Result<()> {
        let batch = conform(&*self.schema()?, &batch)?;
        self.take(batch).await
    }

    /// Takes JSON records, as [`Table::append_records`] does. Fails as [`write`](Self::write) does.
    pub async fn write_records<'a>(&mut self, records: impl IntoIterator<Item = &'a Json>) -> Result<()> {
        let batch = records_to_batch(&*self.schema()?, records)?;
        self.take(batch).await
    }

    /// The columns of the rows: those that the table has when the first is taken for a commit.
    fn schema(&mut self) -> Result<Arc<Schema>> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        match &self.schema {
            Some(schema) if self.begun.is_some() || !self.held.is_empty() => Ok(schema.clone()),
            _ => Ok(self.schema.insert(self.table.schema()?).clone()),
        }
    }

    async fn take(&mut self, batch: RecordBatch) -> Result<()> {
        if batch.num_rows() > 0 {
            self.held_rows += batch.num_rows();
            self.held_bytes += batch.get_array_memory_size();
            self.held.push(batch);
        }
        if self.held.len() >= MOST_HELD {
            let all = self.together()?;
            self.held_bytes = all.get_array_memory_size();
            self.held.push(all);
        }
        match self.held_rows >= self.batch_rows || self.held_bytes >= self.batch_bytes {
            true => self.send().await,
            false => Ok(()),
        }
    }

    /// What is held, as one batch.
    fn together(&mut self) -> Result<RecordBatch> {
        let held = std::mem::take(&mut self.held);
        let schema = held.first().map_or_else(|| Arc::new(arrow_schema::Schema::empty()), RecordBatch::schema);
        let all = match held.as_slice() {
            [only] => Ok(only.clone()),
            held => concat_batches(&schema, held),
        };
        all.map_err(|error| self.fail(Error::invalid_input("the rows are too many for a batch").caused_by(error)))
    }

    /// Gives what is held to the append, when that has room.
    async fn send(&mut self) -> Result<()> {
        if self.begun.as_ref().is_some_and(|begun| begun.is_ending) {
            self.end().await?;
        }
        let begun = self.begun.get_or_insert_with(|| {
            let (rows, batches) = mpsc::channel(0);
            let append = Append::with(self.table.clone(), Box::pin(batches), self.options.clone());
            Begun { append, rows, is_ending: false }
        });
        let ended = || Error::unavailable("the append has ended before its rows");
        let room = poll_fn(|context| {
            if let Poll::Ready(early) = Pin::new(&mut begun.append).poll(context) {
                return Poll::Ready(Err(early.err().unwrap_or_else(ended)));
            }
            begun.rows.poll_ready(context).map_err(|_| ended())
        });
        if let Err(error) = room.await {
            return Err(self.fail(error));
        }
        let batch = self.together()?;
        (self.held_rows, self.held_bytes) = (0, 0);
        let sent = self.begun.as_mut().map(|begun| begun.rows.start_send(Ok(batch)));
        if !matches!(sent, Some(Ok(()))) {
            return Err(self.fail(ended()));
        }
        Ok(())
    }

    fn fail(&mut self, error: Error) -> Error {
        self.begun = None;
        self.failed = Some(error.clone());
        error
    }

    /// Commits the rows that were taken since the last commit, and goes on; `None` if there were none. Dropped before its end,
    /// the commit goes on with the next call of the writer's.
    ///
    /// Fails as [`Table::append`] does, and with [`InvalidInput`](crate::ErrorKind::InvalidInput) if there is an idempotency key.
    pub async fn commit(&mut self) -> Result<Option<CommitReceipt>> {
        if self.options.key.is_some() {
            return Err(Error::invalid_input("a writer with an idempotency key commits once: when it is finished"));
        }
        self.commit_rest().await
    }

    /// Commits the rows that were taken since the last commit; `None` if there were none. Fails as [`Table::append`] does.
    pub async fn finish(mut self) -> Result<Option<CommitReceipt>> {
        self.commit_rest().await
    }

    async fn commit_rest(&mut self) -> Result<Option<CommitReceipt>> {
        self.schema()?;
        if !self.held.is_empty() {
            self.send().await?;
        }
        self.end().await
    }

    /// Ends the append with the rows that it has. If this is dropped, whoever comes next goes on with it.
    async fn end(&mut self) -> Result<Option<CommitReceipt>> {
        let Some(begun) = &mut self.begun else { return Ok(None) };
        begun.is_ending = true;
        begun.rows.close_channel();
        match Pin::new(&mut begun.append).await {
            Ok(receipt) => {
                self.begun = None;
                Ok(Some(receipt))
            }
            Err(error) => Err(self.fail(error)),
        }
    }
}

impl fmt::Debug for TableWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (table, held) = (self.table.name(), self.held_rows);
        f.debug_struct("TableWriter").field("table", &table).field("held", &held).finish_non_exhaustive()
    }
}
