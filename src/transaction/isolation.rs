use crate::error::{Error, ErrorKind, Result};
use crate::expr::Predicate;
use crate::read::ChangeKind;
use crate::transaction::draft::Draft;

/// What a change of rows does about what others commit meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// As if it had begun after the last commit before its own: rows that others add or change meanwhile are treated like
    /// all others.
    #[default]
    Serializable,
    /// Rows that others add meanwhile are left as they are, as if they had been added afterwards. Cheaper where others
    /// append much that the condition may be true of.
    Snapshot,
}

/// How a change of rows is kept from undoing what others have done.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guard {
    pub(crate) isolation: Isolation,
    /// The snapshot that the caller has made the decision on.
    pub(crate) decided_on: Option<i64>,
}

impl Guard {
    /// Fails with [`Conflict`](ErrorKind::Conflict) if, since the caller's decision, rows that satisfy the condition may have
    /// been removed or, where isolation is serializable, added.
    pub(super) async fn check(&self, draft: &Draft, filter: &Predicate) -> Result<()> {
        let Some(since) = self.decided_on else { return Ok(()) };
        let plan = draft.scan_of_base().filter(filter.clone()).changes_since(since).plan().await;
        let plan = plan.map_err(|error| match error.kind() {
            // It is no ancestor, or what came after it has expired.
            ErrorKind::InvalidInput => Error::conflict(error.message()),
            _ => error,
        })?;
        let conflict = plan.tasks.iter().find_map(|task| {
            let change = task.change.as_ref()?;
            let is_conflict = !matches!(change.kind, ChangeKind::Insert) || self.isolation == Isolation::Serializable;
            is_conflict.then_some(change.snapshot_id)
        });
        match conflict {
            None => Ok(()),
            Some(snapshot_id) => Err(Error::conflict(format!(
                "since snapshot {since}, snapshot {snapshot_id} has changed rows that the condition may be true of"
            ))),
        }
    }
}
