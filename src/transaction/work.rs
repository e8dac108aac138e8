use std::fmt::Debug;
use std::ops::AddAssign;
use std::sync::Arc;

use arrow_array::RecordBatch;

use crate::error::Result;
use crate::runtime::{BoxFuture, MaybeSend, MaybeSync};
use crate::spec::Schema;
use crate::transaction::draft::Draft;
use crate::transaction::idempotency::IdempotencyKey;
use crate::write::PreparedFile;

/// What a caller brings to a commit.
#[derive(Debug)]
pub(crate) struct Work {
    /// The branch that rows are changed on.
    pub(crate) branch: String,
    pub(crate) key: Option<IdempotencyKey>,
    pub(crate) payload: Payload,
}

#[derive(Debug)]
pub(crate) enum Payload {
    /// Rows to append, which may share a commit with others.
    Append(AppendedRows),
    /// The steps of a transaction.
    Steps(Vec<Box<dyn Step>>),
}

/// Rows of a schema, checked.
#[derive(Debug)]
pub(crate) struct AppendedRows {
    pub(crate) schema: Arc<Schema>,
    pub(crate) rows: u64,
    pub(crate) content: Content,
    /// Where rows keep the ids of others (v3), the columns of the batches: those of the schema, and the ids.
    pub(crate) with_ids: Option<Arc<Schema>>,
}

#[derive(Debug)]
pub(crate) enum Content {
    /// Few rows, not encoded yet.
    Batches(Vec<RecordBatch>),
    /// Files.
    Files(Vec<PreparedFile>),
}

impl AppendedRows {
    /// Few rows, which have exactly the schema's columns.
    pub(super) fn of(schema: Arc<Schema>, batches: Vec<RecordBatch>) -> Self {
        let rows = batches.iter().map(|batch| batch.num_rows() as u64).sum();
        Self { schema, rows, content: Content::Batches(batches), with_ids: None }
    }
}

impl Work {
    /// The branch, and the schema of rows, of what may share a commit.
    pub(super) fn shared(&self) -> Option<(&str, &Arc<Schema>)> {
        match &self.payload {
            Payload::Append(append) => Some((&self.branch, &append.schema)),
            Payload::Steps(_) => None,
        }
    }
}

/// One change of a transaction.
pub(crate) trait Step: Debug + MaybeSend + MaybeSync {
    /// Makes the change to a version on its way. Called again, on another version, where another writer was first; what was
    /// written for the version before may be used again.
    fn apply<'a>(&'a mut self, draft: &'a mut Draft) -> BoxFuture<'a, Result<Effect>>;
}

/// What was done to rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Effect {
    /// Appended.
    pub(crate) rows: u64,
    pub(crate) deleted: u64,
}

impl AddAssign for Effect {
    fn add_assign(&mut self, other: Self) {
        self.rows = self.rows.saturating_add(other.rows);
        self.deleted = self.deleted.saturating_add(other.deleted);
    }
}
