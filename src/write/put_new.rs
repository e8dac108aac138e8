use bytes::Bytes;
use futures::stream::{self, StreamExt, TryStreamExt};

use crate::catalog::{Backoff, TableHandle};
use crate::error::{Error, Result, ResultExt};
use crate::runtime::BoxFuture;
use crate::store::{GetOptions, PutOptions, PutOutcome};

const TRIES: u32 = 8;
/// How many files are sent at a time.
const SENDS: usize = 8;

/// Sends files, several at a time. By one code for all who do.
pub(crate) fn send_all(sends: Vec<BoxFuture<'_, Result<()>>>) -> BoxFuture<'_, Result<()>> {
    Box::pin(stream::iter(sends).buffer_unordered(SENDS).try_collect::<()>())
}

/// Stores a file under a name that is new, and never over another: names are random, and if two ever met, one writer's
/// rows would be lost. May be repeated with the same bytes.
pub(crate) async fn put_new(table: &TableHandle, key: &str, bytes: Bytes) -> Result<()> {
    let doing = || format!("writing {key}");
    let mut tries = 0;
    let mut backoff = Backoff::default();
    loop {
        let cause = match table.store.put(key, bytes.clone(), PutOptions::if_absent()).await.context(doing)? {
            PutOutcome::Done(_) => return Ok(()),
            // Ours, if an earlier request was carried out and its answer lost.
            PutOutcome::PreconditionFailed => {
                let there = table.store.get(key, GetOptions::default()).await.context(doing)?;
                let same = there.bytes == bytes;
                return if same { Ok(()) } else { Err(Error::conflict(format!("the name {key} is taken"))) };
            }
            PutOutcome::Unknown(cause) => cause,
        };
        tries += 1;
        if tries == TRIES {
            return Err(Error::unavailable(doing()).caused_by(cause));
        }
        backoff.wait(&*table.runtime).await;
    }
}
