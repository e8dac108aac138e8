use std::fmt;
use std::sync::Arc;

use crate::error::ErrorKind;

/// The result of every fallible call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// One error type for the whole crate: a coarse [`kind`](Error::kind) to branch on and a message to read.
///
/// Cheap to clone (several appends that shared a commit receive the same error). Never contains a secret.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    source: Option<Source>,
    unknown_commit: Option<String>,
}

#[cfg(not(target_family = "wasm"))]
type Source = Arc<dyn std::error::Error + Send + Sync + 'static>;
#[cfg(target_family = "wasm")]
type Source = Arc<dyn std::error::Error + 'static>;

impl Error {
    /// An error of this kind; the message is a sentence without a full stop.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Arc::new(Inner { kind, message: message.into(), source: None, unknown_commit: None }))
    }

    /// What the caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The message without its causes (`Display` shows both).
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The same error with what was being done put before its message: `reading s3://b/t/metadata/v3.metadata.json: ...`.
    #[must_use]
    pub fn context(self, doing: impl fmt::Display) -> Self {
        self.change(|inner| inner.message = format!("{doing}: {}", inner.message))
    }

    /// The same error with its cause.
    #[cfg(not(target_family = "wasm"))]
    #[must_use]
    pub fn caused_by(self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.change(|inner| inner.source = Some(Arc::new(source)))
    }

    /// The same error with its cause.
    #[cfg(target_family = "wasm")]
    #[must_use]
    pub fn caused_by(self, source: impl std::error::Error + 'static) -> Self {
        self.change(|inner| inner.source = Some(Arc::new(source)))
    }

    /// For an error of kind [`CommitStateUnknown`](ErrorKind::CommitStateUnknown): the token that
    /// [`Table::resolve`](crate::Error::unknown_commit) takes. A plain string, so that it can be stored.
    pub fn unknown_commit(&self) -> Option<&str> {
        self.0.unknown_commit.as_deref()
    }

    pub(crate) fn commit_state_unknown(token: String, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::CommitStateUnknown, message).change(|inner| inner.unknown_commit = Some(token))
    }

    fn change(mut self, edit: impl FnOnce(&mut Inner)) -> Self {
        edit(Arc::make_mut(&mut self.0));
        self
    }
}

macro_rules! constructors {
    ($($name:ident $kind:ident)*) => {
        /// One constructor a kind.
        impl Error {
            $(pub(crate) fn $name(message: impl Into<String>) -> Self {
                Self::new(ErrorKind::$kind, message)
            })*
        }
    };
}
constructors! {
    not_found NotFound
    already_exists AlreadyExists
    invalid_input InvalidInput
    invalid_data InvalidData
    unsupported Unsupported
    permission_denied PermissionDenied
    conflict Conflict
    unavailable Unavailable
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({}: {self})", self.0.kind)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// Context on a result, built only when it failed.
pub trait ResultExt<T> {
    /// See [`Error::context`].
    fn context<D: fmt::Display>(self, doing: impl FnOnce() -> D) -> Result<T>;
}

impl<T> ResultExt<T> for Result<T> {
    fn context<D: fmt::Display>(self, doing: impl FnOnce() -> D) -> Result<T> {
        self.map_err(|error| error.context(doing()))
    }
}
