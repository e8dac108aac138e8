use std::path::PathBuf;
use std::sync::Arc;

use blocking::unblock;
use bytes::Bytes;

use crate::error::{Error, Result};
use crate::native::folder::publish::publish;
use crate::native::folder::temporary::Temporary;
use crate::runtime::BoxFuture;
use crate::store::{Precondition, PutOutcome, Upload};

/// An object that is written part by part.
#[derive(Debug)]
pub(super) struct FolderUpload {
    root: PathBuf,
    path: PathBuf,
    precondition: Precondition,
    temporary: Arc<Temporary>,
    /// A part failed or was given up on its way, so what is written may have a hole.
    broken: bool,
}

impl FolderUpload {
    pub(super) fn new(root: PathBuf, path: PathBuf, precondition: Precondition, temporary: Temporary) -> Self {
        Self { root, path, precondition, temporary: Arc::new(temporary), broken: false }
    }
}

impl Upload for FolderUpload {
    fn part(&mut self, bytes: Bytes) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let whole = !std::mem::replace(&mut self.broken, true);
            let temporary = self.temporary.clone();
            unblock(move || temporary.write(&bytes)).await?;
            self.broken = !whole;
            Ok(())
        })
    }

    fn complete(self: Box<Self>) -> BoxFuture<'static, Result<()>> {
        Box::pin(unblock(move || {
            if self.broken {
                self.temporary.remove();
                return Err(Error::unavailable(format!("a part of {} was not written", self.path.display())));
            }
            let finished = self.temporary.finish().inspect_err(|_| self.temporary.remove())?;
            match publish(&self.root, &self.temporary, &finished, &self.path, &self.precondition)? {
                PutOutcome::Done(_) => Ok(()),
                PutOutcome::PreconditionFailed => {
                    Err(Error::conflict(format!("{} is not as the upload requires", self.path.display())))
                }
                PutOutcome::Unknown(error) => Err(error),
            }
        }))
    }

    fn abort(self: Box<Self>) -> BoxFuture<'static, Result<()>> {
        Box::pin(unblock(move || {
            self.temporary.remove();
            Ok(())
        }))
    }
}
