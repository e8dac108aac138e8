//! The commit itself (DESIGN section 4, R1 to R4): one conditional PUT, repeated until its outcome is known.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;

use crate::ErrorKind;
use crate::catalog::head::Spelling;
use crate::catalog::store_catalog::{StoreCatalog, key};
use crate::catalog::void::is_void;
use crate::catalog::{Attempt, CommitOutcome, Head, compression};
use crate::error::{Error, Result};
use crate::runtime::{Runtime, Timestamp};
use crate::spec::{TableMetadata, properties, validate};
use crate::store::{PutOptions, PutOutcome};

/// See [`Catalog::publish`].
pub(super) async fn publish(catalog: &StoreCatalog, table: &str, attempt: &Attempt) -> Result<CommitOutcome> {
    let base = &attempt.base;
    if base.spelling == Spelling::Named {
        let message = format!("writing to the table `{table}`: its metadata files have no version numbers");
        return Err(Error::unsupported(message));
    }
    validate::step(&base.metadata, &attempt.next)?;
    let proof = prove_conditions(catalog, table, base).await?;
    let is_recent = base.is_recent(catalog.runtime.now());
    if proof == Some(Proof::Ignored) && is_recent {
        return Err(conditions_ignored(catalog));
    }
    if proof.is_some() && !is_recent {
        // The base may have been cleaned away: then it could be created, proves nothing, and must go again.
        let newest = catalog.newest_listed(table).await?;
        let after = catalog.read_version(table, base.version.saturating_add(1), base.spelling).await?;
        if newest.version > base.version && after.is_none() {
            let _ = catalog.store.delete(&key(table, &base.file_name())).await;
        }
        return Ok(CommitOutcome::Conflict(newest));
    }
    let version = base.version.saturating_add(1);
    let file = encode(&attempt.next, base.spelling)?;
    match create_version(catalog, table, version, base.spelling, file, attempt).await? {
        CommitOutcome::Committed(head) => settle(catalog, table, base, head).await,
        CommitOutcome::Conflict(winner) if winner.metadata.table_uuid != base.metadata.table_uuid => {
            Err(Error::not_found(format!("the table `{table}` is gone: another one is in its place")))
        }
        // After so long the winner may be void: what is built on must be the newest.
        CommitOutcome::Conflict(_) if !base.is_recent(catalog.runtime.now()) => {
            Ok(CommitOutcome::Conflict(catalog.newest_listed(table).await?))
        }
        outcome => Ok(outcome),
    }
}

pub(super) fn encode(metadata: &TableMetadata, spelling: Spelling) -> Result<Bytes> {
    let plain = metadata.to_json_bytes();
    Ok(match spelling {
        Spelling::Plain | Spelling::Named => plain.into(),
        Spelling::Gzip | Spelling::LegacyGzip => compression::compress(&plain)?.into(),
    })
}

/// Creates the metadata file: the same key and the same bytes, again and again, until the outcome is known (R1, R2).
pub(super) async fn create_version(
    catalog: &StoreCatalog,
    table: &str,
    version: u64,
    spelling: Spelling,
    file: Bytes,
    attempt: &Attempt,
) -> Result<CommitOutcome> {
    let key = key(table, &spelling.file_name(version));
    // Two random numbers, so that it takes two that were drawn before to mistake another's commit for one's own.
    let id = (commit_id(&attempt.next), attempt.next.current_snapshot_id);
    let ours = |winner: &Head| (commit_id(&winner.metadata), winner.metadata.current_snapshot_id) == id;
    let mut backoff = Backoff::default();
    // Whether a request was sent whose effect is not known; from then on nothing is a plain failure.
    let mut uncertain = attempt.resumed;
    loop {
        let confirmed_at = catalog.runtime.now();
        let options = PutOptions { content_type: Some("application/json"), ..PutOptions::if_absent() };
        let cause = match catalog.store.put(&key, file.clone(), options).await {
            Ok(PutOutcome::Done(_)) => {
                let metadata = attempt.next.clone();
                let head = Head { version, metadata, spelling, confirmed_at, stored_at: None, file: None };
                return Ok(CommitOutcome::Committed(head));
            }
            Ok(PutOutcome::PreconditionFailed) => match catalog.read_version(table, version, spelling).await {
                Ok(Some(winner)) if ours(&winner) => return Ok(CommitOutcome::Committed(winner)),
                Ok(Some(winner)) => return Ok(CommitOutcome::Conflict(winner)),
                Ok(None) => match catalog.newest_listed(table).await {
                    Ok(newest) => return Ok(cleaned_away(attempt, newest, version, &key)),
                    Err(error) => {
                        uncertain = true;
                        error
                    }
                },
                // Something else is there (damaged, or of a version we cannot read): not ours, but not to be built on.
                Err(error) if !uncertain && matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::Unsupported) => {
                    return Err(error);
                }
                // It may be ours: something below may have sent it twice.
                Err(error) => {
                    uncertain = true;
                    error
                }
            },
            Ok(PutOutcome::Unknown(cause)) => {
                uncertain = true;
                cause
            }
            Err(error) if !uncertain => return Err(not_implemented(error).context(format!("writing {key}"))),
            Err(error) => error,
        };
        if catalog.runtime.now() >= attempt.deadline {
            return Ok(CommitOutcome::Unknown(cause));
        }
        backoff.wait(&*catalog.runtime).await;
    }
}

/// Whose a version was that was there and is gone again: hours have passed, and newer ones have come. The snapshot with its
/// sequence number tells, as long as it is kept.
fn cleaned_away(attempt: &Attempt, newest: Head, version: u64, key: &str) -> CommitOutcome {
    let sequence_number = attempt.next.last_sequence_number;
    let made_one = sequence_number > attempt.base.metadata.last_sequence_number;
    let snapshot_of = |metadata: &TableMetadata| {
        let mut snapshots = metadata.snapshots.iter().filter(|_| made_one);
        snapshots.find(|snapshot| snapshot.sequence_number == sequence_number).map(|snapshot| snapshot.snapshot_id)
    };
    match snapshot_of(&newest.metadata) {
        Some(snapshot) if Some(snapshot) == snapshot_of(&attempt.next) => {
            // Confirmed long ago: whoever builds on it looks for newer ones.
            CommitOutcome::Committed(Head {
                version,
                metadata: attempt.next.clone(),
                file: None,
                ..attempt.base.clone()
            })
        }
        Some(_) => CommitOutcome::Conflict(newest),
        None => CommitOutcome::Unknown(Error::unavailable(format!("{key} was there, and has been cleaned away"))),
    }
}

/// R4: before the first commit to a table that was not created here, the store must show that it honours conditions.
/// Creating the head's own file again, with the same bytes, must fail; where it does not, nothing has changed.
async fn prove_conditions(catalog: &StoreCatalog, table: &str, base: &Head) -> Result<Option<Proof>> {
    // `None`: it was shown before.
    let Some(file) = base.file.as_ref().filter(|_| !catalog.proved.load(Ordering::Relaxed)) else { return Ok(None) };
    prove(catalog, &key(table, &base.file_name()), file).await.map(Some)
}

/// Creates an object again that is there, with the bytes that it has: only a store that ignores conditions says yes.
pub(super) async fn prove(catalog: &StoreCatalog, key: &str, file: &Bytes) -> Result<Proof> {
    let mut backoff = Backoff::default();
    for _ in 0..5 {
        match catalog.store.put(key, file.clone(), PutOptions::if_absent()).await.map_err(not_implemented)? {
            PutOutcome::PreconditionFailed => {
                catalog.proved.store(true, Ordering::Relaxed);
                return Ok(Proof::Honoured);
            }
            PutOutcome::Done(_) => return Ok(Proof::Ignored),
            PutOutcome::Unknown(_) => backoff.wait(&*catalog.runtime).await,
        }
    }
    Err(Error::unavailable("the store did not say whether it honours conditional writes"))
}

/// A store's refusal of a conditional PUT, as what it means.
fn not_implemented(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Unsupported => error.context(
            "the store does not implement `If-None-Match: *`, so it can be read, but not be written to safely",
        ),
        _ => error,
    }
}

pub(super) fn conditions_ignored(catalog: &StoreCatalog) -> Error {
    Error::unsupported(format!(
        "the store {} ignores `If-None-Match: *`, so writers would overwrite each other's commits: it can be read, but not be written to",
        catalog.store.root()
    ))
}

/// What an attempt to create an object again has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// It was refused: the store honours conditions.
    Honoured,
    /// It was done.
    Ignored,
}

/// R3: a version that was created on a base of long ago may be void.
async fn settle(catalog: &StoreCatalog, table: &str, base: &Head, head: Head) -> Result<CommitOutcome> {
    if base.is_recent(catalog.runtime.now()) {
        return Ok(CommitOutcome::Committed(head));
    }
    let mut backoff = Backoff::default();
    loop {
        match is_void(catalog, table, base, &head).await {
            // As old as its base: whoever builds on it looks for newer ones.
            Ok(false) => {
                return Ok(CommitOutcome::Committed(Head { confirmed_at: base.confirmed_at, ..head }));
            }
            Ok(true) => break,
            Err(error) if backoff.tries > 10 => {
                return Ok(CommitOutcome::Unknown(error.context("checking that the commit is not void")));
            }
            Err(_) => backoff.wait(&*catalog.runtime).await,
        }
    }
    // Nobody takes it for the newest version; if it stays, clean-up will remove it.
    let _ = catalog.store.delete(&key(table, &head.file_name())).await;
    Ok(CommitOutcome::Conflict(catalog.newest_listed(table).await?))
}

/// The id that this crate writes into each commit.
pub(super) fn commit_id(metadata: &TableMetadata) -> Option<&str> {
    metadata.property(properties::COMMIT_ID)
}

/// Waits between tries: doubling, with full jitter.
#[derive(Default)]
pub(crate) struct Backoff {
    tries: u32,
}

impl Backoff {
    pub(crate) async fn wait(&mut self, runtime: &dyn Runtime) {
        let ceiling = 50_u64.saturating_mul(1 << self.tries.min(7));
        self.tries += 1;
        let wait = (runtime.random() % u128::from(ceiling)) as u64;
        runtime.sleep(Duration::from_millis(wait)).await;
    }
}

/// A deadline for creating, dropping and resolving.
pub(super) fn deadline(now: Timestamp) -> Timestamp {
    now.plus(Duration::from_secs(60))
}
