use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::catalog::{Attempt, CommitOutcome, Head, TableHandle, unknown_token};
use crate::error::{Error, ErrorKind, Result};
use crate::read::Manifests;
use crate::runtime::Timestamp;
use crate::spec::{MAIN, properties};
use crate::transaction::append::{Appends, refuse_unwritable};
use crate::transaction::committer::Member;
use crate::transaction::draft::{Draft, Sent};
use crate::transaction::idempotency::{IdempotencyKey, KnownKeys};
use crate::transaction::receipt::Receipt;
use crate::transaction::work::{Effect, Payload};
/// How long a commit is tried by default (`commit.retry.total-timeout-ms`).
const TOTAL_TIMEOUT: Duration = Duration::from_secs(120);
/// For how long at least the outcome of a commit is asked for.
const LEAST_TIMEOUT: Duration = Duration::from_secs(30);
/// The bounds of the wait after a conflict by default (`commit.retry.min-wait-ms`, `max-wait-ms`).
const MIN_WAIT: Duration = Duration::from_millis(25);
const MAX_WAIT: Duration = Duration::from_secs(2);
/// After so long that wait is at most half as long, after twice that a third, and so on.
const IMPATIENCE_MILLIS: u32 = 10_000;

/// Appends, or one transaction, on their way into a commit, and how far they are. Every step is recorded before what depends
/// on it begins, so that the group can be driven on after its driver was dropped at any point.
#[derive(Debug)]
pub(super) struct Group {
    members: Vec<Member>,
    /// The branch that all of them change.
    branch: String,
    commit_id: String,
    started: Timestamp,
    appends: Appends,
    sent: Sent,
    /// The try whose outcome is not known yet.
    attempt: Option<Attempt>,
    /// Whether a request for the attempt may have been sent.
    published: bool,
    /// What the latest try does.
    snapshot_ids: Vec<i64>,
    effect: Effect,
    attempts: u32,
    conflicts: u32,
}

/// A group that is in the table.
#[derive(Clone, Debug)]
pub(super) struct Committed {
    pub(super) head: Head,
    /// Whether other writers were met on the way.
    pub(super) contended: bool,
}

impl Group {
    pub(super) fn new(table: &TableHandle, members: Vec<Member>) -> Self {
        let mut commit_id = table.unique();
        let branch = members.first().map_or(MAIN, |member| &member.work.branch).to_owned();
        // It takes two colliding random numbers to mistake another's commit for this one. A current snapshot brings the second.
        if branch != MAIN || members.iter().any(|member| member.work.shared().is_none()) {
            commit_id = format!("{commit_id}-{}", table.unique());
        }
        Self {
            members,
            branch,
            commit_id,
            started: table.runtime.now(),
            appends: Appends::default(),
            sent: Sent::default(),
            attempt: None,
            published: false,
            snapshot_ids: Vec::new(),
            effect: Effect::default(),
            attempts: 0,
            conflicts: 0,
        }
    }

    /// Brings the group into the table; `None` if there was nothing to commit. May be called again after being dropped.
    pub(super) async fn drive(
        &mut self,
        table: &Arc<TableHandle>,
        manifests: &Arc<Manifests>,
    ) -> Result<Option<Committed>> {
        // Whether the newest version was looked for.
        let mut is_looked_up = self.conflicts > 0;
        loop {
            if self.attempt.is_none() {
                let known = table.head().version;
                if let Err(error) = self.stage(table, manifests).await {
                    // What does not fit a version that was known before may fit the newest.
                    let is_final = std::mem::replace(&mut is_looked_up, true) || !is_of_version(&error);
                    if is_final || table.refresh().await.is_ok_and(|newest| newest.version <= known) {
                        return Err(error);
                    }
                    continue;
                }
            }
            let Some(attempt) = &mut self.attempt else { return Ok(None) };
            attempt.resumed = std::mem::replace(&mut self.published, true);
            let outcome = table.catalog.publish(&table.name, attempt).await;
            match outcome? {
                CommitOutcome::Committed(head) => {
                    table.advance(head.clone());
                    return Ok(Some(Committed { head, contended: self.conflicts > 0 }));
                }
                CommitOutcome::Conflict(head) => {
                    self.conflicts += 1;
                    is_looked_up = true;
                    self.attempt = None;
                    table.advance(head);
                    self.back_off(table).await?;
                }
                CommitOutcome::Unknown(cause) => {
                    let message = format!("whether the commit to `{}` took effect is not known: {cause}", table.name);
                    return Err(Error::commit_state_unknown(unknown_token(attempt), message));
                }
            }
        }
    }

    /// Puts everything into the store that the next metadata file will refer to. Makes no attempt if there is nothing left
    /// to commit.
    async fn stage(&mut self, table: &Arc<TableHandle>, manifests: &Arc<Manifests>) -> Result<()> {
        let mut base = table.recent_head().await?;
        refuse_unwritable(table, &base.metadata)?;
        if self.has_known_key(&base) {
            // It may have been rolled back since.
            base = table.refresh().await?;
            if self.settle_repeated(&base) {
                return Ok(());
            }
        }
        let mut draft = Draft::new(table, manifests, base, &self.branch, &self.commit_id, &self.sent)?;
        self.effect = Effect::default();
        self.apply(&mut draft).await?;
        self.snapshot_ids.clone_from(&draft.snapshot_ids);
        let Some((base, next)) = draft.finish().await? else { return Ok(()) };
        let timeout = base.metadata.millis(properties::COMMIT_TOTAL_TIMEOUT, TOTAL_TIMEOUT)?;
        // However long the files took: the commit itself gets its time.
        let deadline = self.started.plus(timeout).max(table.runtime.now().plus(LEAST_TIMEOUT));
        self.attempts += 1;
        self.published = false;
        self.attempt = Some(Attempt { base, next: Arc::new(next), deadline, resumed: false });
        Ok(())
    }

    async fn apply(&mut self, draft: &mut Draft) -> Result<()> {
        draft.keys = IdempotencyKey::join(distinct(&self.members).filter_map(|member| member.work.key.as_ref()));
        if let [Member { work, .. }] = self.members.as_mut_slice()
            && let Payload::Steps(steps) = &mut work.payload
        {
            for step in steps {
                // What a step reads may be what the one before it wrote.
                draft.send().await?;
                self.effect += step.apply(draft).await?;
            }
            return Ok(());
        }
        let rows = distinct(&self.members).filter_map(|member| match &member.work.payload {
            Payload::Append(rows) => Some(rows),
            Payload::Steps(_) => None,
        });
        let rows: Vec<_> = rows.collect();
        self.appends.prepare(draft, &rows).await?;
        self.appends.add_snapshot(draft).await
    }

    /// Waits after a conflict, the longer the more there were, and looks what has come since.
    async fn back_off(&self, table: &TableHandle) -> Result<()> {
        let metadata = table.head().metadata;
        let timeout = metadata.millis(properties::COMMIT_TOTAL_TIMEOUT, TOTAL_TIMEOUT)?;
        let retries = metadata.number(properties::COMMIT_NUM_RETRIES, u32::MAX)?;
        if self.conflicts > retries || table.runtime.now() >= self.started.plus(timeout) {
            let message = format!("other writers of `{}` were first {} times", table.name, self.conflicts);
            return Err(Error::conflict(message));
        }
        let least = metadata.millis(properties::COMMIT_MIN_WAIT, MIN_WAIT)?;
        let most = metadata.millis(properties::COMMIT_MAX_WAIT, MAX_WAIT)?;
        let doubled = least.saturating_mul(1 << (self.conflicts - 1).min(16)).min(most);
        // Writers that win begin their next commit at once: who waits for long while they do meets ever newer versions.
        // So the longer a commit has been tried, the sooner it is tried again.
        let age = u32::try_from(table.runtime.now().since(self.started).as_millis()).unwrap_or(u32::MAX);
        let bound = doubled / age.div_euclid(IMPATIENCE_MILLIS).saturating_add(1);
        let nanos = table.runtime.random() % bound.max(least).as_nanos().max(1);
        table.runtime.sleep(Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))).await;
        table.refresh().await?;
        Ok(())
    }

    /// Whether anybody still wants to know what becomes of it.
    pub(super) fn is_awaited(&self) -> bool {
        self.members.iter().any(|member| !member.done.is_canceled())
    }

    /// Whether a commit may have been made with the key of a member.
    fn has_known_key(&self, base: &Head) -> bool {
        let mut keys = self.members.iter().filter_map(|member| member.work.key.as_ref()).peekable();
        if keys.peek().is_none() {
            return false;
        }
        let known = KnownKeys::of(&base.metadata, &self.branch);
        keys.any(|key| !matches!(known.snapshot_of(key), Ok(None)))
    }

    /// Answers the members whose key an earlier commit has: what they do was done. Returns whether nobody is left.
    fn settle_repeated(&mut self, base: &Head) -> bool {
        let (known, before) = (KnownKeys::of(&base.metadata, &self.branch), self.members.len());
        let mut left = Vec::with_capacity(before);
        for member in std::mem::take(&mut self.members) {
            match member.work.key.as_ref().map(|key| known.snapshot_of(key)).transpose() {
                Ok(None | Some(None)) => left.push(member),
                Ok(Some(Some(snapshot_id))) => {
                    member.tell(Ok(Receipt { repeated: true, ..self.receipt(base.version, snapshot_id) }))
                }
                Err(error) => member.tell(Err(error)),
            }
        }
        self.members = left;
        if self.members.len() < before {
            // The rows of several members may be in one file.
            self.appends = Appends::default();
        }
        self.members.is_empty()
    }

    /// The receipt of nothing.
    fn receipt(&self, version: u64, snapshot_id: i64) -> Receipt {
        Receipt {
            version,
            snapshot_ids: vec![snapshot_id],
            effect: Effect::default(),
            repeated: false,
            group: self.members.len().max(1),
            attempts: self.attempts,
            conflicts: self.conflicts,
        }
    }

    /// Hands each member its receipt, or the error.
    pub(super) fn deliver(mut self, table: &TableHandle, outcome: &Result<Option<Committed>>) {
        let mut receipts = Vec::with_capacity(self.members.len());
        for (member, repeated) in members(&self.members) {
            let effect = match &member.work.payload {
                Payload::Append(_) if repeated => Effect::default(),
                Payload::Append(append) => Effect { rows: append.rows, ..Effect::default() },
                Payload::Steps(_) => self.effect,
            };
            let version = match outcome {
                Ok(Some(committed)) => committed.head.version,
                // Nothing was to be changed.
                Ok(None) => table.head().version,
                Err(error) => {
                    receipts.push(Err(error.clone()));
                    continue;
                }
            };
            let snapshot_ids = self.snapshot_ids.clone();
            receipts.push(Ok(Receipt { snapshot_ids, effect, repeated, ..self.receipt(version, 0) }));
        }
        self.members.drain(..).zip(receipts).for_each(|(member, receipt)| member.tell(receipt));
    }
}

/// Whether an error may be owed to the version that was built on.
fn is_of_version(error: &Error) -> bool {
    use ErrorKind::{AlreadyExists, Conflict, InvalidInput, NotFound};
    matches!(error.kind(), AlreadyExists | Conflict | InvalidInput | NotFound)
}

/// The members, each with whether one before it has its key.
fn members(members: &[Member]) -> impl Iterator<Item = (&Member, bool)> {
    let mut seen = BTreeSet::new();
    members.iter().map(move |member| {
        let is_repeated = member.work.key.as_ref().is_some_and(|key| !seen.insert(key));
        (member, is_repeated)
    })
}

fn distinct(all: &[Member]) -> impl Iterator<Item = &Member> {
    members(all).filter(|(_, is_repeated)| !is_repeated).map(|(member, _)| member)
}
