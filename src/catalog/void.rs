//! Versions that were created again after they had been used and cleaned away (R3).

use std::sync::Arc;

use crate::ErrorKind;
use crate::catalog::Head;
use crate::catalog::head::RECENT;
use crate::catalog::publish::commit_id;
use crate::catalog::store_catalog::{StoreCatalog, key};
use crate::error::Result;
use crate::spec::{Snapshot, TableMetadata, properties};

/// Whether a version of ours that was created is no part of the table: its maker was asleep for so long that its number
/// had been used and cleaned away.
///
/// Old versions go one by one, the oldest first, and the newest never, so a version is not void if it is the newest, or if
/// its base is still there. What may look like the base is another sleeper's, if it is so much younger than the moment when
/// the base was seen that the base can have been cleaned away in between.
pub(super) async fn is_void(catalog: &StoreCatalog, table: &str, base: &Head, ours: &Head) -> Result<bool> {
    match catalog.store.head(&key(table, &base.file_name())).await {
        Ok(there) => {
            let seen_at = catalog.by_store(base.confirmed_at);
            if there.last_modified.is_some_and(|stored_at| stored_at < seen_at.plus(RECENT)) {
                return Ok(false);
            }
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let newest = catalog.newest_listed(table).await?;
    if newest.version <= ours.version {
        return Ok(false);
    }
    is_displaced(catalog, table, &newest, ours).await
}

/// Whether a version that was created is no part of the history of a later one: that has another snapshot in its place, or
/// the version after it follows on another that had its number. Where that too is gone, a version that was part of the
/// table would be gone as well.
pub(super) async fn is_displaced(catalog: &StoreCatalog, table: &str, later: &Head, ours: &Head) -> Result<bool> {
    if let Some(is_there) = has_snapshot(&later.metadata, &ours.metadata) {
        return Ok(!is_there);
    }
    if let Some(next) = catalog.read_version(table, ours.version.saturating_add(1), ours.spelling).await? {
        return Ok(!follows(&next.metadata, &ours.metadata));
    }
    let there = catalog.read_version(table, ours.version, ours.spelling).await?;
    Ok(there.is_some_and(|there| commit_id(&there.metadata) == commit_id(&ours.metadata)))
}

/// Whether the snapshot that a version made is in a later one, told by its sequence number. The version may have been part
/// of the table and cleaned away before its request came once more and created it again. `None` if it made none, or if
/// that sequence number has expired.
fn has_snapshot(later: &TableMetadata, ours: &TableMetadata) -> Option<bool> {
    let is_own = |snapshot: &&Arc<Snapshot>| {
        snapshot.summary.properties.get(properties::COMMIT_ID).map(String::as_str) == commit_id(ours)
    };
    let own = ours.snapshots.iter().rfind(is_own)?;
    let same = later.snapshots.iter().find(|snapshot| snapshot.sequence_number == own.sequence_number)?;
    Some(same.snapshot_id == own.snapshot_id)
}

/// Whether a version was built on another. Ours say so; other writers carry the properties of what they build on along.
fn follows(next: &TableMetadata, base: &TableMetadata) -> bool {
    let id = commit_id(base);
    id == commit_id(next) || id == next.property(properties::PARENT_COMMIT_ID)
}
