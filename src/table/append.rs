use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use arrow_array::RecordBatch;

use crate::error::Result;
use crate::runtime::{BoxFuture, BoxStream};
use crate::table::Table;
use crate::transaction::{CommitReceipt, IdempotencyKey};

/// An append, as a future that begins when it is first polled: `table.append(batches).idempotency_key("order 17").await?`.
#[must_use = "nothing is appended until it is awaited"]
pub struct Append<'a> {
    table: Table,
    key: Option<String>,
    state: State<'a>,
}

enum State<'a> {
    Ready(BoxStream<'a, Result<RecordBatch>>),
    Running(BoxFuture<'a, Result<CommitReceipt>>),
    Done,
}

impl<'a> Append<'a> {
    pub(crate) fn new(table: Table, batches: BoxStream<'a, Result<RecordBatch>>) -> Self {
        Self { table, key: None, state: State::Ready(batches) }
    }

    /// Appends once for each key: where an append of this key has been committed, from whatever process, nothing is
    /// appended, and the receipt is [`repeated`](CommitReceipt::repeated). So an append whose outcome was not heard of may
    /// be repeated. The rows are not compared.
    ///
    /// The table remembers a key for as long as it has the snapshot (`table.snapshots()`).
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }
}

impl Future for Append<'_> {
    type Output = Result<CommitReceipt>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        loop {
            this.state = match std::mem::replace(&mut this.state, State::Done) {
                State::Ready(batches) => {
                    let (table, key) = (this.table.clone(), this.key.take());
                    State::Running(Box::pin(async move {
                        let key = key.as_deref().map(IdempotencyKey::new).transpose()?;
                        table.commit_append(batches, key).await
                    }))
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
