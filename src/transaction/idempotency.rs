use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::spec::{Snapshot, TableMetadata, properties};

/// What a table keeps of the key that a caller gave a commit: the same key is committed once to a branch.
///
/// A digest of 128 bits, as 22 characters: of one size, whatever the key is, and of nobody's use but to compare.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput) if it is empty.
    pub(crate) fn new(key: &str) -> Result<Self> {
        if key.is_empty() {
            return Err(Error::invalid_input("the idempotency key is empty"));
        }
        let digest = Sha256::digest(key.as_bytes());
        let (half, _) = digest.split_at(16);
        Ok(Self(BASE64_URL_SAFE_NO_PAD.encode(half)))
    }

    /// As the summary of a snapshot has them.
    pub(super) fn join<'a>(keys: impl Iterator<Item = &'a Self>) -> Option<String> {
        let keys: Vec<&str> = keys.map(|key| key.0.as_str()).collect();
        (!keys.is_empty()).then(|| keys.join(" "))
    }
}

/// The keys of what is in a branch: of its newest snapshot and those before it. A snapshot that was rolled back, or that is in
/// another branch alone, has its key for itself: its rows are not in this one.
pub(super) struct KnownKeys {
    /// Each with the snapshot that has its rows.
    there: BTreeMap<IdempotencyKey, i64>,
    /// Of snapshots that may or may not be in the branch: those between have expired.
    in_doubt: BTreeMap<IdempotencyKey, i64>,
}

impl KnownKeys {
    /// A branch that is not there has no keys.
    pub(super) fn of(metadata: &TableMetadata, branch: &str) -> Self {
        let newest = metadata.snapshot_of_ref(branch).map(|snapshot| snapshot.snapshot_id);
        let mut known = Self { there: BTreeMap::new(), in_doubt: BTreeMap::new() };
        let passed: Vec<_> = metadata.ancestors(newest).collect();
        for snapshot in &passed {
            note(&mut known.there, snapshot);
        }
        // Where the branch goes on before that, in snapshots that have expired, it may go on to any that is older.
        let expired = passed.last().filter(|oldest| oldest.parent_snapshot_id.is_some());
        if let Some(oldest) = expired {
            for snapshot in &metadata.snapshots {
                let is_older = snapshot.sequence_number <= oldest.sequence_number;
                if is_older && !passed.iter().any(|passed| passed.snapshot_id == snapshot.snapshot_id) {
                    note(&mut known.in_doubt, snapshot);
                }
            }
        }
        known
    }

    /// The snapshot that has a key.
    ///
    /// Fails with [`Conflict`](crate::ErrorKind::Conflict) if it cannot be told whether that is in the branch.
    pub(super) fn snapshot_of(&self, key: &IdempotencyKey) -> Result<Option<i64>> {
        match (self.there.get(key), self.in_doubt.get(key)) {
            (Some(snapshot_id), _) => Ok(Some(*snapshot_id)),
            (None, None) => Ok(None),
            (None, Some(snapshot_id)) => Err(Error::conflict(format!(
                "snapshot {snapshot_id} has the idempotency key, and whether it is in the branch is not known any more: \
                 snapshots after it have expired"
            ))),
        }
    }
}

fn note(keys: &mut BTreeMap<IdempotencyKey, i64>, snapshot: &Snapshot) {
    for key in keys_of(snapshot) {
        keys.insert(key, snapshot.snapshot_id);
    }
}

/// The keys of what was committed with a snapshot.
pub(super) fn keys_of(snapshot: &Snapshot) -> impl Iterator<Item = IdempotencyKey> {
    let keys = snapshot.summary.properties.get(properties::IDEMPOTENCY_KEYS);
    keys.into_iter().flat_map(|keys| keys.split(' ')).map(|key| IdempotencyKey(key.to_owned()))
}
