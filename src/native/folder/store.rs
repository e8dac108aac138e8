use std::fmt;
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use blocking::unblock;
use bytes::Bytes;

use crate::error::{Error, Result};
use crate::native::folder::failure::failure;
use crate::native::folder::location::{check_way, file_of};
use crate::native::folder::publish::{Lock, is_missing, publish, sync};
use crate::native::folder::temporary::Temporary;
use crate::native::folder::upload::FolderUpload;
use crate::native::folder::walk;
use crate::runtime::{BoxFuture, BoxStream, Timestamp};
use crate::store::{ETag, GetOptions, GetResult, ObjectMeta, ObjectStore, PutOptions, PutOutcome, Upload};

/// Objects as the files of a folder on this machine: the key is the file's path below the folder, as it is.
///
/// Any number of processes may read and write the same folder. An object appears whole or not at all, also when the
/// process is killed or the machine loses power: it is written and synced under another name first. The file system must
/// have hard links (FAT has none), for `IfAbsent` is one, and locks for `IfMatch`.
///
/// Differences from a bucket: an object `a` and an object `a/b` cannot both be there
/// ([`InvalidInput`](crate::ErrorKind::InvalidInput)); on a file system that ignores case, neither can `a` and `A`. Symbolic
/// links below the folder are not followed, and are no objects. Folders named `.datashard-tmp` hold files being written,
/// and are no part of the store.
#[derive(Clone)]
pub struct FolderStore {
    folder: Arc<Folder>,
}

struct Folder {
    path: PathBuf,
    root: String,
    cleaned: AtomicBool,
}

impl FolderStore {
    /// The store in this folder, which is created if it is missing. Nothing else is written until the first put.
    ///
    /// Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput) if the path is a file or is not Unicode.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        match fs::create_dir_all(path) {
            Err(error) if path.is_file() => {
                return Err(
                    Error::invalid_input(format!("{} is a file, not a folder", path.display())).caused_by(error)
                );
            }
            Err(error) if !path.is_dir() => return Err(failure("creating", path, error)),
            _ => {}
        }
        let path = fs::canonicalize(path).map_err(|error| failure("opening", path, error))?;
        let Some(plain) = path.to_str() else {
            return Err(Error::invalid_input(format!("the path {} is not Unicode", path.display())));
        };
        let plain = plain.trim_start_matches(r"\\?\").replace(std::path::MAIN_SEPARATOR, "/");
        let root = format!("file:///{}", plain.trim_matches('/'));
        Ok(Self { folder: Arc::new(Folder { path, root, cleaned: AtomicBool::new(false) }) })
    }

    /// The folder, absolute and without symbolic links.
    pub fn path(&self) -> &Path {
        &self.folder.path
    }

    /// Runs on a thread that may block. If the future is dropped, work that has begun goes on to its end.
    async fn work<T: Send + 'static>(
        &self,
        key: &str,
        work: impl FnOnce(&Folder, PathBuf, &str) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (folder, key) = (self.folder.clone(), key.to_owned());
        unblock(move || {
            let path = file_of(&folder.path, &key)?;
            work(&folder, path, &key)
        })
        .await
    }
}

impl fmt::Debug for FolderStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FolderStore").field(&self.folder.path).finish()
    }
}

impl ObjectStore for FolderStore {
    fn root(&self) -> &str {
        &self.folder.root
    }

    fn get<'a>(&'a self, key: &'a str, options: GetOptions) -> BoxFuture<'a, Result<GetResult>> {
        Box::pin(self.work(key, move |folder, path, key| folder.read(&path, key, &options)))
    }

    fn head<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<ObjectMeta>> {
        Box::pin(self.work(key, |folder, path, key| Ok(describe(key.to_owned(), &folder.find(&path)?))))
    }

    fn put<'a>(&'a self, key: &'a str, body: Bytes, options: PutOptions) -> BoxFuture<'a, Result<PutOutcome>> {
        Box::pin(self.work(key, move |folder, path, _| {
            let temporary = folder.temporary()?;
            match temporary.write(&body).and_then(|()| temporary.finish()) {
                Ok(finished) => publish(&folder.path, &temporary, &finished, &path, &options.precondition),
                Err(error) => {
                    temporary.remove();
                    Err(error)
                }
            }
        }))
    }

    fn upload<'a>(&'a self, key: &'a str, options: PutOptions) -> BoxFuture<'a, Result<Box<dyn Upload>>> {
        Box::pin(self.work(key, move |folder, path, _| {
            check_way(&folder.path, &path)?;
            let upload = FolderUpload::new(folder.path.clone(), path, options.precondition, folder.temporary()?);
            Ok(Box::new(upload) as Box<dyn Upload>)
        }))
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.work(key, |folder, path, _| match folder.delete(&path)? {
            Some(changed) => sync(&changed),
            None => Ok(()),
        }))
    }

    fn delete_many(&self, keys: Vec<String>) -> BoxFuture<'_, Result<Vec<(String, Error)>>> {
        let folder = self.folder.clone();
        Box::pin(unblock(move || {
            let mut changed = std::collections::BTreeSet::new();
            let mut failed = Vec::new();
            for key in keys {
                match file_of(&folder.path, &key).and_then(|path| folder.delete(&path)) {
                    Ok(above) => changed.extend(above),
                    Err(error) => failed.push((key, error)),
                }
            }
            changed.iter().try_for_each(|above| sync(above))?;
            Ok(failed)
        }))
    }

    fn list<'a>(&'a self, prefix: &'a str, start_after: Option<&'a str>) -> BoxStream<'a, Result<ObjectMeta>> {
        walk::list(self.folder.path.clone(), prefix.to_owned(), start_after.unwrap_or_default().to_owned())
    }
}

impl Folder {
    fn temporary(&self) -> Result<Temporary> {
        let temporary = Temporary::create(&self.path)?;
        if !self.cleaned.swap(true, Ordering::Relaxed) {
            // Tidiness is no reason to fail.
            let _ = temporary.remove_abandoned();
        }
        Ok(temporary)
    }

    /// What is at a path, if it is an object.
    fn find(&self, path: &Path) -> Result<Metadata> {
        let missing = || Error::not_found(format!("there is no object {}", path.display()));
        match fs::symlink_metadata(path) {
            Ok(meta) if meta.is_file() => check_way(&self.path, path).map(|()| meta),
            Ok(_) => Err(missing()),
            Err(error) if is_missing(&error) => Err(missing()),
            Err(error) => Err(failure("reading", path, error)),
        }
    }

    fn read(&self, path: &Path, key: &str, options: &GetOptions) -> Result<GetResult> {
        self.find(path)?;
        let failed = |error: io::Error| failure("reading", path, error);
        let mut file = File::open(path).map_err(failed)?;
        // Of the open file: the one at the path may be another by now.
        let meta = describe(key.to_owned(), &file.metadata().map_err(failed)?);
        let (start, end) = match &options.range {
            None => (0, meta.size),
            Some(range) if range.start >= meta.size => {
                return Err(Error::invalid_input(format!(
                    "{} has {} bytes, so none from {}",
                    path.display(),
                    meta.size,
                    range.start
                )));
            }
            Some(range) => (range.start, range.end.clamp(range.start, meta.size)),
        };
        let length = end - start;
        if options.limit.is_some_and(|limit| length > limit) {
            return Err(Error::invalid_data(format!("{} is larger than is allowed here", path.display())));
        }
        let mut bytes = Vec::new();
        usize::try_from(length)
            .ok()
            .and_then(|length| bytes.try_reserve_exact(length).ok())
            .ok_or_else(|| Error::unavailable(format!("{} does not fit into memory", path.display())))?;
        if start > 0 {
            file.seek(SeekFrom::Start(start)).map_err(failed)?;
        }
        file.take(length).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 != length {
            return Err(Error::invalid_data(format!("{} was cut short while it was read", path.display())));
        }
        Ok(GetResult { bytes: Bytes::from(bytes), meta })
    }

    /// Removes an object and the folders that it leaves empty; the folder to sync, if there was an object.
    fn delete(&self, path: &Path) -> Result<Option<PathBuf>> {
        match self.find(path) {
            Err(error) if error.kind() == crate::ErrorKind::NotFound => return Ok(None),
            found => found?,
        };
        let _lock = Lock::shared(&self.path)?;
        match fs::remove_file(path) {
            Ok(()) => {}
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(failure("deleting", path, error)),
        }
        let above = path.ancestors().skip(1);
        Ok(above
            .take_while(|above| above.starts_with(&self.path))
            .find_map(|above| (above == self.path || fs::remove_dir(above).is_err()).then(|| above.to_owned())))
    }
}

pub(super) fn describe(key: String, meta: &Metadata) -> ObjectMeta {
    let last_modified = meta.modified().ok().map(|time| {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::default().plus(since)
    });
    ObjectMeta { key, size: meta.len(), etag: Some(etag(meta)), last_modified }
}

/// Changes with the content: every put makes a new file, and random digits in its time (see
/// [`Temporary::finish`]); a change in place by another program moves the time.
pub(super) fn etag(meta: &Metadata) -> ETag {
    #[cfg(unix)]
    let file = std::os::unix::fs::MetadataExt::ino(meta);
    #[cfg(not(unix))]
    let file = 0;
    let time = meta.modified().ok().and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
    ETag::new(format!("\"{:x}-{:x}-{file:x}\"", time.unwrap_or_default().as_nanos(), meta.len()))
}
