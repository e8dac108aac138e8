use std::fmt;

use arrow_array::RecordBatch;
use futures::Stream;
use futures::stream;

use crate::error::Result;
use crate::expr::Predicate;
use crate::runtime::MaybeSend;
use crate::scan::Filter;
use crate::transaction::{Change, Clauses, Matched, Rows};

/// What rows of a source do to a table: to the rows that have the same values in the columns of a key, and where no row has.
///
/// ```no_run
/// # async fn f(table: datashard::Table, changes: arrow_array::RecordBatch) -> datashard::Result<()> {
/// use datashard::Merge;
/// // Rows as of a change log: `op` is no column of the table.
/// let merge = Merge::new([changes], ["id"])
///     .when_matched_delete_if("op = 'delete'")
///     .when_matched_update()
///     .when_not_matched_insert_if("op != 'delete'");
/// let receipt = table.merge(merge).await?;
/// # Ok(()) }
/// ```
///
/// Of the clauses for a row that has a match the first counts whose condition is true; without one the row stays as it is.
/// Conditions are of the source's columns. Columns that the source has and the table has not may be in conditions, and are
/// not written. Where one key is in several rows of the table, all of them match.
///
/// Without columns of a key, it is what identifies the table's rows (spec: Identifier Field IDs). A key with a null is an
/// error, and so are two rows of the source with the same key, unless the [last wins](Self::last_wins).
///
/// Only files that may hold one of the keys are read, by partition, statistics and Bloom filters. The source, and the rows that
/// it updates, are held in memory. How rows are removed from files says the table's property `write.merge.mode`.
#[must_use = "nothing is merged until it is given to a table"]
pub struct Merge<'a> {
    rows: Rows<'a>,
    on: Vec<String>,
    clauses: Clauses,
    error: Result<()>,
}

impl<'a> Merge<'a> {
    /// Of these rows, by the columns `on`.
    pub fn new<S: Into<String>>(
        batches: impl IntoIterator<Item = RecordBatch, IntoIter: MaybeSend + 'a>,
        on: impl IntoIterator<Item = S>,
    ) -> Self {
        Self::of_stream(stream::iter(batches.into_iter().map(Ok)), on)
    }

    /// Of the rows that a stream brings.
    pub fn of_stream<S: Into<String>>(
        batches: impl Stream<Item = Result<RecordBatch>> + MaybeSend + 'a,
        on: impl IntoIterator<Item = S>,
    ) -> Self {
        let on = on.into_iter().map(Into::into).collect();
        Self { rows: Box::pin(batches), on, clauses: Clauses::default(), error: Ok(()) }
    }

    /// Rows that have a match take the values of the columns that the source has; other columns keep theirs.
    pub fn when_matched_update(self) -> Self {
        self.matched(Matched::Update, None)
    }

    /// The same where a condition on the source's row is true.
    pub fn when_matched_update_if(self, condition: impl Into<Filter>) -> Self {
        self.matched(Matched::Update, Some(condition.into()))
    }

    /// Rows that have a match are deleted.
    pub fn when_matched_delete(self) -> Self {
        self.matched(Matched::Delete, None)
    }

    /// The same where a condition on the source's row is true.
    pub fn when_matched_delete_if(self, condition: impl Into<Filter>) -> Self {
        self.matched(Matched::Delete, Some(condition.into()))
    }

    /// Rows of the source that match none are appended. Columns that the source lacks are null, or what the table says.
    pub fn when_not_matched_insert(mut self) -> Self {
        self.clauses.not_matched.push(None);
        self
    }

    /// The same where a condition on the source's row is true.
    pub fn when_not_matched_insert_if(mut self, condition: impl Into<Filter>) -> Self {
        if let Some(condition) = self.predicate(Some(condition.into())) {
            self.clauses.not_matched.push(condition);
        }
        self
    }

    /// Of several rows of the source with the same key the last counts, and the others are as if they were not there.
    pub fn last_wins(mut self) -> Self {
        self.clauses.last_wins = true;
        self
    }

    fn matched(mut self, then: Matched, condition: Option<Filter>) -> Self {
        if let Some(condition) = self.predicate(condition) {
            self.clauses.matched.push((then, condition));
        }
        self
    }

    /// `None` if it cannot be read, which is said when the merge is committed.
    fn predicate(&mut self, condition: Option<Filter>) -> Option<Option<Predicate>> {
        match condition.map(Filter::predicate).transpose() {
            Ok(condition) => Some(condition),
            Err(error) => {
                self.error = Err(error);
                None
            }
        }
    }

    pub(super) fn into_change(self) -> Result<Change<'a>> {
        let Self { rows, on, clauses, error } = self;
        error.map(|()| Change::Merge(rows, on, clauses))
    }
}

impl fmt::Debug for Merge<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Merge").field("on", &self.on).field("clauses", &self.clauses).finish_non_exhaustive()
    }
}
