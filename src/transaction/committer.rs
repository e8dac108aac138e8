use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use futures::channel::oneshot;
use futures::future::{Either, select};
use futures::lock::Mutex as AsyncMutex;

use crate::catalog::TableHandle;
use crate::error::{Error, Result};
use crate::read::Manifests;
use crate::transaction::group::{Committed, Group};
use crate::transaction::receipt::Receipt;
use crate::transaction::work::Work;

/// Group commit: appends that wait on one handle at the same time share a commit; a transaction has one of its own.
///
/// Whoever gets the lock leads: it takes all that waits, commits it, and hands out the receipts. There is no task in the
/// background. A group belongs to the committer, not to its leader: if the leader's future is dropped in the middle of a
/// commit, another that waits for it goes on, with the same request again, until the outcome is known.
#[derive(Debug, Default)]
pub(crate) struct Committer {
    waiting: Mutex<Vec<Member>>,
    group: AsyncMutex<Option<Group>>,
    /// The newest version that the hint was set to from here.
    announced: AsyncMutex<u64>,
}

/// What waits to be committed, and where its result goes.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) work: Work,
    pub(super) done: oneshot::Sender<Result<Receipt>>,
}

impl Member {
    /// Whoever does not wait any more does not want to know.
    pub(super) fn tell(self, result: Result<Receipt>) {
        let _ = self.done.send(result);
    }
}

/// No group takes more appends than this.
const MAX_GROUP: usize = 10_000;

impl Committer {
    /// Commits one append, alone or together with others.
    pub(crate) async fn commit(
        &self,
        table: &Arc<TableHandle>,
        manifests: &Arc<Manifests>,
        work: Work,
    ) -> Result<Receipt> {
        let (done, mut result) = oneshot::channel();
        self.waiting().push(Member { work, done });
        let_others_in().await;
        loop {
            let mut group = match select(&mut result, self.group.lock()).await {
                Either::Left((result, _)) => return result.unwrap_or_else(|_| Err(lost())),
                Either::Right((group, _)) => group,
            };
            if let Ok(Some(result)) = result.try_recv() {
                return result;
            }
            let current = match &mut *group {
                Some(unfinished) if unfinished.is_awaited() => unfinished,
                // Nobody waits for what was left unfinished: whether it took effect or not, it is not pursued.
                other => other.insert(Group::new(table, self.take())),
            };
            let outcome = current.drive(table, manifests).await;
            let finished = group.take();
            // The next commit does not wait for this one's hint.
            drop(group);
            if let Some(finished) = finished {
                finished.deliver(table, &outcome);
            }
            if let Ok(Some(committed)) = &outcome {
                self.announce(table, committed).await;
            }
        }
    }

    /// Writes the version hint, one at a time, so that none overtakes a newer one. Where there are other writers, one that
    /// committed later may have written it before: then it has just been set back, which readers that trust it (DuckDB
    /// does) would not notice, and is set right.
    async fn announce(&self, table: &TableHandle, committed: &Committed) {
        let mut announced = self.announced.lock().await;
        if *announced >= committed.head.version {
            return;
        }
        let newest = table.head();
        table.catalog.announce(&table.name, &newest).await;
        *announced = newest.version;
        if (committed.contended || newest.version > committed.head.version)
            && let Ok(newer) = table.refresh().await
            && newer.version > newest.version
        {
            table.catalog.announce(&table.name, &newer).await;
            *announced = newer.version;
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Member>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All that waits and whose caller still does: appends of one schema to one branch, or one transaction.
    fn take(&self) -> Vec<Member> {
        let mut waiting = self.waiting();
        waiting.retain(|member| !member.done.is_canceled());
        if waiting.is_empty() {
            return Vec::new();
        }
        let mut taken = vec![waiting.remove(0)];
        let mut left = Vec::new();
        for member in waiting.drain(..) {
            let first = taken.first().and_then(|first| first.work.shared());
            let fits = taken.len() < MAX_GROUP && first.is_some() && member.work.shared() == first;
            if fits { taken.push(member) } else { left.push(member) }
        }
        *waiting = left;
        taken
    }
}

/// Gives way once, so that appends that begin at the same moment are waiting when the first of them takes the lead.
async fn let_others_in() {
    let mut yielded = false;
    poll_fn(|context| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

fn lost() -> Error {
    Error::commit_state_unknown(String::new(), "the commit that the append was part of was abandoned")
}
