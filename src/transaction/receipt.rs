use crate::transaction::work::Effect;

/// What an append did. It is durable, and every reader that looks from now on sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitReceipt {
    /// The table's version that holds it.
    pub version: u64,
    /// The snapshot that holds it; appends that shared a commit share it.
    pub snapshot_id: i64,
    /// Its rows.
    pub rows: u64,
    /// Whether nothing was appended, since an append with the same idempotency key had been: version and snapshot are those
    /// that have its rows.
    pub repeated: bool,
    /// How many appends shared the commit.
    pub group: usize,
    /// How often the commit was tried.
    pub attempts: u32,
    /// How often another writer was first.
    pub conflicts: u32,
}

/// What a transaction did. It is durable, and every reader that looks from now on sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionReceipt {
    /// The table's version that holds it.
    pub version: u64,
    /// The snapshots that it made, the oldest first: one for each change of rows; none where only metadata was changed, or
    /// nothing at all.
    pub snapshot_ids: Vec<i64>,
    /// Rows appended.
    pub rows: u64,
    /// Rows deleted.
    pub deleted: u64,
    /// Whether nothing was done, since a commit with the same idempotency key had been.
    pub repeated: bool,
    /// How often the commit was tried; 0 where there was nothing to be done.
    pub attempts: u32,
    /// How often another writer was first.
    pub conflicts: u32,
}

/// What the committer tells its callers.
#[derive(Clone, Debug)]
pub(crate) struct Receipt {
    pub(super) version: u64,
    pub(super) snapshot_ids: Vec<i64>,
    pub(super) effect: Effect,
    pub(super) repeated: bool,
    pub(super) group: usize,
    pub(super) attempts: u32,
    pub(super) conflicts: u32,
}

impl From<Receipt> for CommitReceipt {
    fn from(receipt: Receipt) -> Self {
        Self {
            version: receipt.version,
            snapshot_id: receipt.snapshot_ids.last().copied().unwrap_or_default(),
            rows: receipt.effect.rows,
            repeated: receipt.repeated,
            group: receipt.group,
            attempts: receipt.attempts,
            conflicts: receipt.conflicts,
        }
    }
}

impl From<Receipt> for TransactionReceipt {
    fn from(receipt: Receipt) -> Self {
        Self {
            version: receipt.version,
            snapshot_ids: receipt.snapshot_ids,
            rows: receipt.effect.rows,
            deleted: receipt.effect.deleted,
            repeated: receipt.repeated,
            attempts: receipt.attempts,
            conflicts: receipt.conflicts,
        }
    }
}

/// What became of a commit that had reported [`CommitStateUnknown`](crate::ErrorKind::CommitStateUnknown).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Resolution {
    /// It is in the table, at this version.
    Committed {
        /// The version.
        version: u64,
    },
    /// It is not in the table, and can no longer get there: it may be repeated.
    NotCommitted,
}
