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
