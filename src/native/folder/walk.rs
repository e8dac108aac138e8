use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use blocking::unblock;
use futures::StreamExt;
use futures::stream;

use crate::error::Result;
use crate::native::folder::failure::failure;
use crate::native::folder::location::RESERVED;
use crate::native::folder::publish::is_missing;
use crate::native::folder::store::describe;
use crate::runtime::BoxStream;
use crate::store::ObjectMeta;

/// How many objects are looked up in one go.
const BATCH: usize = 1000;

/// The objects below a root in byte order of their keys. Memory is bounded by the largest folders on one path.
pub(super) fn list(root: PathBuf, prefix: String, start_after: String) -> BoxStream<'static, Result<ObjectMeta>> {
    let walk = Walk { root, prefix, start_after, open: None };
    let batches = stream::unfold(Some(walk), |walk| async move {
        let mut walk = walk?;
        unblock(move || match walk.next_batch() {
            Ok(batch) if batch.is_empty() => None,
            Ok(batch) => Some((batch.into_iter().map(Ok).collect(), Some(walk))),
            Err(error) => Some((vec![Err(error)], None)),
        })
        .await
    });
    Box::pin(batches.flat_map(stream::iter))
}

struct Walk {
    root: PathBuf,
    prefix: String,
    start_after: String,
    /// What is left of each folder on the way to where the walk is; `None` before it begins.
    open: Option<Vec<VecDeque<String>>>,
}

impl Walk {
    fn next_batch(&mut self) -> Result<Vec<ObjectMeta>> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => {
                let entries = self.read("", &self.root);
                vec![entries.map_err(|error| failure("listing", &self.root, error))?]
            }
        };
        let mut batch = Vec::new();
        while let Some(folder) = open.last_mut() {
            let Some(key) = folder.pop_front() else {
                open.pop();
                continue;
            };
            let path = self.root.join(&key);
            let missing = if key.ends_with('/') {
                self.read(&key, &path).map(|entries| open.push(entries))
            } else {
                fs::symlink_metadata(&path).map(|meta| {
                    if meta.is_file() {
                        batch.push(describe(key, &meta));
                    }
                })
            };
            match missing {
                // Deleted since its folder was read.
                Err(error) if !is_missing(&error) => return Err(failure("listing", &path, error)),
                _ => {}
            }
            if batch.len() >= BATCH {
                break;
            }
        }
        self.open = Some(open);
        Ok(batch)
    }

    /// The keys in a folder that are to be listed and, with a slash behind them, the folders to be walked. Sorting
    /// folders with their slash is what makes the whole walk sorted.
    fn read(&self, key: &str, path: &Path) -> io::Result<VecDeque<String>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            // A name that is not Unicode is no key.
            let Ok(name) = entry.file_name().into_string() else { continue };
            let Ok(kind) = entry.file_type() else { continue };
            let entry = format!("{key}{name}");
            if kind.is_dir() && name != RESERVED {
                let entry = entry + "/";
                let leads = entry.starts_with(&self.prefix) || self.prefix.starts_with(&entry);
                if leads && (entry > self.start_after || self.start_after.starts_with(&entry)) {
                    entries.push(entry);
                }
            } else if kind.is_file() && entry.starts_with(&self.prefix) && entry > self.start_after {
                entries.push(entry);
            }
        }
        entries.sort_unstable();
        Ok(entries.into())
    }
}
