use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

use crate::error::{Error, Result};
use crate::native::folder::failure::failure;
use crate::native::folder::location::{RESERVED, check_way, create_reserved};
use crate::native::folder::store::etag;
use crate::native::folder::temporary::Temporary;
use crate::store::{Precondition, PutOutcome};

/// How often a folder that a concurrent deletion found empty and removed is created again.
const RECREATIONS: usize = 100;

/// Gives a finished file its name. On every way out the temporary name is gone.
pub(super) fn publish(
    root: &Path,
    temporary: &Temporary,
    finished: &Metadata,
    path: &Path,
    precondition: &Precondition,
) -> Result<PutOutcome> {
    let published = place(root, temporary, finished, path, precondition);
    temporary.remove();
    if !published? {
        return Ok(PutOutcome::PreconditionFailed);
    }
    match path.parent().map(sync) {
        Some(Err(error)) if *precondition == Precondition::None => Err(error),
        Some(Err(error)) => Ok(PutOutcome::Unknown(error)),
        _ => Ok(PutOutcome::Done(Some(etag(finished)))),
    }
}

fn place(
    root: &Path,
    temporary: &Temporary,
    finished: &Metadata,
    path: &Path,
    precondition: &Precondition,
) -> Result<bool> {
    check_way(root, path)?;
    let mut attempts = 0;
    loop {
        if !matches!(precondition, Precondition::IfMatch(_)) {
            create_folders(root, path)?;
        }
        let error = match attempt(root, temporary, path, precondition) {
            Ok(placed) => return Ok(placed),
            Err(Refused::Final(error)) => return Err(error),
            Err(Refused::Io(error)) => error,
        };
        match error.kind() {
            io::ErrorKind::NotFound if attempts < RECREATIONS && temporary.path.exists() => attempts += 1,
            // A name that is taken may be this very file: a file system behind a network repeats requests.
            io::ErrorKind::AlreadyExists | io::ErrorKind::IsADirectory | io::ErrorKind::DirectoryNotEmpty => {
                match fs::symlink_metadata(path) {
                    Ok(there) if there.is_dir() && attempts < RECREATIONS && remove_empty(path).is_ok() => {
                        attempts += 1
                    }
                    Ok(there) if there.is_dir() => {
                        let path = path.display();
                        return Err(Error::invalid_input(format!(
                            "{path} cannot be an object beside those below {path}/: a folder cannot hold both"
                        )));
                    }
                    Ok(there) => return Ok(etag(&there) == etag(finished)),
                    Err(_) if *precondition == Precondition::IfAbsent => return Ok(false),
                    Err(error) => return Err(failure("writing", path, error)),
                }
            }
            io::ErrorKind::NotADirectory => {
                check_way(root, path)?;
                return Err(failure("writing", path, error));
            }
            _ => return Err(failure("writing", path, error)),
        }
    }
}

enum Refused {
    Io(io::Error),
    Final(Error),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn attempt(root: &Path, temporary: &Temporary, path: &Path, precondition: &Precondition) -> Result<bool, Refused> {
    match precondition {
        Precondition::None => {
            let _lock = Lock::shared(root).map_err(Refused::Final)?;
            fs::rename(&temporary.path, path)?;
        }
        // A second name for a file, unlike a rename, is refused when the name is taken, in one step.
        Precondition::IfAbsent => fs::hard_link(&temporary.path, path)?,
        Precondition::IfMatch(tag) => {
            let _lock = Lock::exclusive(root).map_err(Refused::Final)?;
            match fs::symlink_metadata(path) {
                Ok(there) if there.is_file() && etag(&there) == *tag => fs::rename(&temporary.path, path)?,
                Ok(_) => return Ok(false),
                Err(error) if is_missing(&error) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(true)
}

/// Excludes other writers between the comparison and the replacement of a conditional overwrite. It lasts until it is
/// dropped or the process dies. Creating takes none: a link is one step.
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// For those who overwrite or delete unconditionally.
    pub(super) fn shared(root: &Path) -> Result<Self> {
        Self::take(root, File::lock_shared)
    }

    fn exclusive(root: &Path) -> Result<Self> {
        Self::take(root, File::lock)
    }

    fn take(root: &Path, lock: fn(&File) -> io::Result<()>) -> Result<Self> {
        let folder = root.join(RESERVED);
        let path = folder.join("lock");
        let open = || OpenOptions::new().read(true).append(true).create(true).open(&path);
        let locked = open()
            .or_else(|error| match error.kind() {
                io::ErrorKind::NotFound => create_reserved(root).and_then(|()| open()),
                _ => Err(error),
            })
            .and_then(|file| {
                loop {
                    match lock(&file) {
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        locked => return locked.map(|()| file),
                    }
                }
            });
        Ok(Self { _file: locked.map_err(|error| failure("locking", &path, error))? })
    }
}

pub(super) fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Creates the folders above a file that are missing, durably.
fn create_folders(root: &Path, path: &Path) -> Result<()> {
    let Some(folder) = path.parent() else { return Ok(()) };
    let missing: Vec<_> = folder.ancestors().take_while(|above| *above != root && !above.is_dir()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if let Err(error) = fs::create_dir_all(folder) {
        check_way(root, path)?;
        // Removed by a concurrent deletion on the way: placing the file fails, and it is tried again.
        if error.kind() == io::ErrorKind::NotFound && root.is_dir() {
            return Ok(());
        }
        return Err(failure("creating", folder, error));
    }
    missing.iter().filter_map(|created| created.parent()).try_for_each(sync)
}

/// Removes folders that hold no files; fails if one does.
fn remove_empty(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        remove_empty(&entry.path())?;
    }
    fs::remove_dir(folder)
}

/// Brings a folder's names to the disk. A folder that is gone has none.
pub(super) fn sync(folder: &Path) -> Result<()> {
    // Windows cannot open a folder as a file, and writes its names through by itself.
    if cfg!(windows) {
        return Ok(());
    }
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(error) if !is_missing(&error) => Err(failure("syncing", folder, error)),
        _ => Ok(()),
    }
}
