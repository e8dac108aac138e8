use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures::stream;

use crate::catalog::TableHandle;
use crate::error::Result;
use crate::runtime::BoxStream;
use crate::scan::incremental::ancestors;
use crate::spec::Snapshot;

struct Tail {
    handle: Arc<TableHandle>,
    interval: Duration,
    last: Option<i64>,
    found: VecDeque<Arc<Snapshot>>,
}

/// See [`Table::tail`](crate::Table::tail).
pub(crate) fn tail(handle: Arc<TableHandle>, interval: Duration) -> BoxStream<'static, Result<Arc<Snapshot>>> {
    let last = handle.head().metadata.current_snapshot_id;
    let tail = Tail { handle, interval, last, found: VecDeque::new() };
    Box::pin(stream::unfold(tail, |mut tail| async move {
        loop {
            if let Some(snapshot) = tail.found.pop_front() {
                return Some((Ok(snapshot), tail));
            }
            if let Err(error) = tail.look().await {
                return Some((Err(error), tail));
            }
        }
    }))
}

impl Tail {
    async fn look(&mut self) -> Result<()> {
        // Others that share the table may have moved it forward.
        if self.handle.head().metadata.current_snapshot_id == self.last {
            self.handle.runtime.sleep(self.interval).await;
            self.handle.refresh().await?;
        }
        let metadata = self.handle.head().metadata;
        let Some(current) = metadata.current_snapshot().filter(|current| Some(current.snapshot_id) != self.last) else {
            return Ok(());
        };
        let found = ancestors(&metadata, self.last, current);
        // What has expired, or was rolled back, is told once.
        self.last = Some(current.snapshot_id);
        self.found.extend(found?);
        Ok(())
    }
}
