use std::collections::hash_map::RandomState;
use std::fs::{self, File, Metadata, OpenOptions};
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::error::Result;
use crate::native::folder::failure::failure;
use crate::native::folder::location::{RESERVED, create_reserved};

/// How old a file being written must be before another process takes it for left behind.
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

/// A file on its way to become an object.
#[derive(Debug)]
pub(super) struct Temporary {
    pub(super) file: File,
    pub(super) path: PathBuf,
}

impl Temporary {
    pub(super) fn create(root: &Path) -> Result<Self> {
        let folder = root.join(RESERVED);
        loop {
            let path = folder.join(format!("{:016x}", random()));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok(Self { file, path }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    create_reserved(root).map_err(|error| failure("creating", &folder, error))?;
                }
                Err(error) => return Err(failure("creating", &path, error)),
            }
        }
    }

    pub(super) fn write(&self, bytes: &[u8]) -> Result<()> {
        (&self.file).write_all(bytes).map_err(|error| failure("writing", &self.path, error))
    }

    /// Brings the content to the disk, and gives it the time that makes its tag unique.
    pub(super) fn finish(&self) -> Result<Metadata> {
        let finish = || {
            let now = self.file.metadata()?.modified()?;
            self.file.set_modified(tagged(now))?;
            self.file.sync_all()?;
            self.file.metadata()
        };
        finish().map_err(|error| failure("writing", &self.path, error))
    }

    /// After success there is nothing to remove, or one of the file's two names.
    pub(super) fn remove(&self) {
        let _ = fs::remove_file(&self.path);
    }

    /// Removes what processes that died have left, by the file system's own clock (that of this file).
    pub(super) fn remove_abandoned(&self) -> io::Result<()> {
        let now = self.file.metadata()?.modified()?;
        let Some(folder) = self.path.parent() else { return Ok(()) };
        for entry in fs::read_dir(folder)?.flatten() {
            let written = entry.metadata().and_then(|meta| meta.modified());
            let age = written.map(|written| now.duration_since(written).unwrap_or_default());
            if age.is_ok_and(|age| age > ABANDONED) && entry.file_name() != "lock" {
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(())
    }
}

/// The same millisecond, with random digits below it. File numbers are used again and the clock of a file system may
/// tick slowly, so without them two contents of one length could have the same tag.
fn tagged(time: SystemTime) -> SystemTime {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let millis = Duration::new(since.as_secs(), since.subsec_millis() * 1_000_000);
    SystemTime::UNIX_EPOCH + millis + Duration::from_nanos(random() % 1_000_000)
}

/// Differs from call to call and from process to process; no secret depends on it.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
