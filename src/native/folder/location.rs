use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::native::folder::failure::failure;

/// The folder of files that are no objects: those being written, and the lock. Reserved at every depth, so that a store
/// may be opened inside another one.
pub(super) const RESERVED: &str = ".datashard-tmp";

/// Where a key's file is. Keys are file paths as they are, unescaped: other programs read the same table by the
/// locations in its metadata.
pub(super) fn file_of(root: &Path, key: &str) -> Result<PathBuf> {
    let mut path = root.to_owned();
    for segment in key.split('/') {
        let refused = if segment.is_empty() || segment == "." || segment == ".." {
            "has a segment that is empty, `.` or `..`"
        } else if segment.len() > 255 {
            "has a segment of more than 255 bytes"
        } else if segment == RESERVED {
            "has a segment that is reserved for files being written"
        } else if segment.contains('\0') || !holds(segment) {
            "has a character that a file's name cannot have"
        } else {
            path.push(segment);
            continue;
        };
        return Err(Error::invalid_input(format!("the key {key:?} {refused}")));
    }
    Ok(path)
}

/// Whether the platform's file names can be this segment, and it means nothing else there.
fn holds(segment: &str) -> bool {
    !cfg!(windows)
        || !(segment.contains(|c: char| c < ' ' || r#"\:*?"<>|"#.contains(c)) || segment.ends_with(['.', ' ']))
}

/// Fails if a folder on the way to `path` is a symbolic link, which could lead out of the store, or is a file.
/// Folders that are missing are no error.
pub(super) fn check_way(root: &Path, path: &Path) -> Result<()> {
    let mut folders: Vec<_> = path.ancestors().skip(1).take_while(|folder| *folder != root).collect();
    folders.reverse();
    for folder in folders {
        let meta = match fs::symlink_metadata(folder) {
            Ok(meta) => meta,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failure("looking up", folder, error)),
        };
        if meta.is_symlink() {
            let folder = folder.display();
            return Err(Error::invalid_input(format!("{folder} is a symbolic link, which is not followed")));
        }
        if !meta.is_dir() {
            let (path, folder) = (path.display(), folder.display());
            return Err(Error::invalid_input(format!(
                "{path} cannot be beside the object {folder}: a folder cannot hold both"
            )));
        }
    }
    Ok(())
}

/// Creates the reserved folder, but not the root: one that is gone may be a disk that is not mounted.
pub(super) fn create_reserved(root: &Path) -> io::Result<()> {
    match fs::create_dir(root.join(RESERVED)) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}
