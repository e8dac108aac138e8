use std::io;
use std::path::Path;

use crate::error::{Error, ErrorKind};

/// What the operating system said, as the error a caller can act upon. `doing` reads `writing`, `reading`, ...
pub(super) fn failure(doing: &str, path: &Path, error: io::Error) -> Error {
    use io::ErrorKind as Io;
    let path = path.display();
    let (kind, message) = match error.kind() {
        Io::NotFound => (ErrorKind::NotFound, format!("{doing} {path}: there is no such file")),
        Io::PermissionDenied => (ErrorKind::PermissionDenied, format!("{doing} {path} is not permitted")),
        Io::ReadOnlyFilesystem => {
            (ErrorKind::PermissionDenied, format!("{doing} {path}: the file system is read-only"))
        }
        Io::StorageFull => (ErrorKind::Unavailable, format!("{doing} {path}: the disk is full")),
        Io::QuotaExceeded => (ErrorKind::Unavailable, format!("{doing} {path}: the disk quota is used up")),
        Io::InvalidFilename | Io::InvalidInput => {
            (ErrorKind::InvalidInput, format!("{doing} {path}: the file system does not allow such a name"))
        }
        Io::Unsupported => (ErrorKind::Unsupported, format!("{doing} {path}: the file system cannot do this")),
        _ => (ErrorKind::Unavailable, format!("{doing} {path} failed")),
    };
    Error::new(kind, message).caused_by(error)
}
