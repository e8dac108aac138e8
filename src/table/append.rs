use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use arrow_array::RecordBatch;
use arrow_schema::Schema as ArrowSchema;
use futures::stream::{self, StreamExt, TryStreamExt};

use crate::error::Result;
use crate::runtime::{BoxFuture, BoxStream};
use crate::spec::{MAIN, Schema, SchemaUpdate};
use crate::table::Table;
use crate::transaction::CommitReceipt;

/// An append, as a future that begins when it is first polled: `table.append(batches).idempotency_key("order 17").await?`.
#[must_use = "nothing is appended until it is awaited"]
pub struct Append<'a> {
    table: Table,
    options: AppendOptions,
    state: State<'a>,
}

/// How rows are appended.
#[derive(Clone, Debug)]
pub(super) struct AppendOptions {
    pub(super) branch: String,
    /// For these rows, beside those of the table.
    pub(super) properties: BTreeMap<String, String>,
    pub(super) key: Option<String>,
    /// What makes columns of those that rows have, where they may. A pointer, since not all programs need it.
    pub(super) evolve: Option<Evolve>,
}

type Evolve = for<'a> fn(Rows<'a>, Arc<Schema>) -> BoxFuture<'a, Result<Evolving<'a>>>;

type Rows<'a> = BoxStream<'a, Result<RecordBatch>>;

/// Rows, and what is to be changed for them, if anything.
pub(super) type Evolving<'a> = (Rows<'a>, Option<SchemaUpdate>);

impl Default for AppendOptions {
    fn default() -> Self {
        Self { branch: MAIN.to_owned(), properties: BTreeMap::new(), key: None, evolve: None }
    }
}

enum State<'a> {
    Ready(BoxStream<'a, Result<RecordBatch>>),
    Running(BoxFuture<'a, Result<CommitReceipt>>),
    Done,
}

impl<'a> Append<'a> {
    pub(crate) fn new(table: Table, batches: BoxStream<'a, Result<RecordBatch>>) -> Self {
        Self::with(table, batches, AppendOptions::default())
    }

    pub(super) fn with(table: Table, batches: BoxStream<'a, Result<RecordBatch>>, options: AppendOptions) -> Self {
        Self { table, options, state: State::Ready(batches) }
    }

    /// Writes these rows as if the table had the property: `append.property("write.parquet.compression-codec", "zstd")`. With
    /// `datashard.write.max-rows-per-file` no file has more rows, with `write.target-file-size-bytes` it is ended at that size.
    /// Rows that are written so are in files of their own, also where others are appended at the same time.
    pub fn property(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.properties.insert(name.into(), value.into());
        self
    }

    /// Lets the rows change the table's columns, by those of their first batch, in the same commit: adds the columns that the
    /// table does not have, at any depth, which are null in rows of before, and widens types ([`SchemaUpdate::union_by_name`]).
    /// A column that is required stays so. Where other writers change columns meanwhile, it is made again on top of that.
    ///
    /// Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput) where a type cannot become the other, or no type of Iceberg's
    /// holds a column's exactly, and with [`Conflict`](crate::ErrorKind::Conflict) where another writer has added other columns
    /// after files were written with these.
    pub fn evolve_schema(mut self) -> Self {
        self.options.evolve = Some(evolve);
        self
    }

    /// Appends to a branch, and leaves `main` as it is: a snapshot on top of the branch's newest. The table's columns are
    /// those of all branches.
    ///
    /// Fails with [`NotFound`](crate::ErrorKind::NotFound) if there is no such branch
    /// ([`create_branch`](Table::create_branch)), and with [`InvalidInput`](crate::ErrorKind::InvalidInput) if it is a tag.
    pub fn to_branch(mut self, branch: impl Into<String>) -> Self {
        self.options.branch = branch.into();
        self
    }

    /// Appends once for each key: where the branch has an append of this key, from whatever process, nothing is appended,
    /// and the receipt is [`repeated`](CommitReceipt::repeated). So an append whose outcome was not heard of may be
    /// repeated. The rows are not compared.
    ///
    /// A key is known for as long as the table has its snapshot (`table.snapshots()`), and goes where that goes. So the same
    /// key may be appended to one branch and to another, but never twice to one: a branch knows the keys of what it began
    /// with, of what it was moved forward to ([`fast_forward`](Table::fast_forward)) and of what was picked from elsewhere
    /// ([`cherry_pick`](Table::cherry_pick), which refuses what has a key that is known). What was rolled back
    /// ([`rollback_to`](Table::rollback_to)) is not in the branch any more, and neither is its key: repeated, it is appended
    /// again. Where snapshots have expired so that it cannot be told whether the one with the key is in the branch, the append
    /// fails with [`Conflict`](crate::ErrorKind::Conflict).
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.options.key = Some(key.into());
        self
    }
}

/// What is to be changed for rows by the columns of the first of them.
fn evolve(mut rows: Rows<'_>, own: Arc<Schema>) -> BoxFuture<'_, Result<Evolving<'_>>> {
    Box::pin(async move {
        let Some(first) = rows.try_next().await? else { return Ok((rows, None)) };
        let update = union(&own, &first.schema())?;
        let rows: Rows<'_> = Box::pin(stream::iter([Ok(first)]).chain(rows));
        Ok((rows, Some(update)))
    })
}

/// The change that makes room for rows of such columns.
fn union(own: &Schema, of: &ArrowSchema) -> Result<SchemaUpdate> {
    let mut fields = Schema::try_from(of)?.fields().to_vec();
    for field in &mut fields {
        // Most batches say that anything may be null.
        field.required |= own.fields().iter().any(|own| own.name == field.name && own.required);
    }
    Ok(SchemaUpdate::new().union_by_name(Schema::new(fields)?))
}

impl Future for Append<'_> {
    type Output = Result<CommitReceipt>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        loop {
            this.state = match std::mem::replace(&mut this.state, State::Done) {
                State::Ready(batches) => {
                    let (table, options) = (this.table.clone(), std::mem::take(&mut this.options));
                    State::Running(Box::pin(async move { table.commit_append(batches, options).await }))
                }
                State::Running(mut running) => match running.as_mut().poll(context) {
                    Poll::Ready(done) => return Poll::Ready(done),
                    Poll::Pending => {
                        this.state = State::Running(running);
                        return Poll::Pending;
                    }
                },
                // As of any future that has ended.
                State::Done => return Poll::Pending,
            };
        }
    }
}

impl fmt::Debug for Append<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Append").field("table", &self.table.name()).finish_non_exhaustive()
    }
}
