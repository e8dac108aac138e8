/// What a caller can do about an [`Error`](crate::Error): two errors have different kinds when they are handled differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The table, snapshot, ref or object does not exist (or the bucket).
    NotFound,
    /// A table of that name is already there.
    AlreadyExists,
    /// The caller's argument is wrong: an unknown column, a value that does not fit, a malformed address. Correct the call.
    InvalidInput,
    /// Bytes of the table are malformed or contradict each other. The table, or what was read of it, is damaged.
    InvalidData,
    /// A feature of the format or of the store that this version does not support; the message names it.
    Unsupported,
    /// Credentials are missing, wrong, expired or insufficient.
    PermissionDenied,
    /// Other writers changed what this operation relied on, or kept winning until the retries were used up.
    /// Nothing of this operation is in the table.
    Conflict,
    /// The store could not be reached, or was overloaded until the retries were used up. Nothing of this operation is
    /// in the table; later it may succeed.
    Unavailable,
    /// Whether the commit took effect could not be determined. Do not repeat it blindly: settle it with
    /// [`Table::resolve`](crate::Error::unknown_commit).
    CommitStateUnknown,
}

impl ErrorKind {
    /// A stable name in kebab case: `not-found`, `commit-state-unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::AlreadyExists => "already-exists",
            Self::InvalidInput => "invalid-input",
            Self::InvalidData => "invalid-data",
            Self::Unsupported => "unsupported",
            Self::PermissionDenied => "permission-denied",
            Self::Conflict => "conflict",
            Self::Unavailable => "unavailable",
            Self::CommitStateUnknown => "commit-state-unknown",
        }
    }
}

impl std::fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
