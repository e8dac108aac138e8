use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::spec::{TableMetadata, properties};

/// What a table keeps of the key that a caller gave an append: the same key is appended once.
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

    /// All that a table remembers, each with the snapshot that has its rows.
    pub(super) fn known(metadata: &TableMetadata) -> BTreeMap<Self, i64> {
        let mut known = BTreeMap::new();
        for snapshot in &metadata.snapshots {
            let keys = snapshot.summary.properties.get(properties::IDEMPOTENCY_KEYS);
            for key in keys.into_iter().flat_map(|keys| keys.split(' ')) {
                known.insert(Self(key.to_owned()), snapshot.snapshot_id);
            }
        }
        known
    }

    /// As the summary of a snapshot has them.
    pub(super) fn join<'a>(keys: impl Iterator<Item = &'a Self>) -> Option<String> {
        let keys: Vec<&str> = keys.map(|key| key.0.as_str()).collect();
        (!keys.is_empty()).then(|| keys.join(" "))
    }
}
