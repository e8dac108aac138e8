//! Versions that were created again after they had been used and cleaned away (R3).

use crate::ErrorKind;
use crate::catalog::Head;
use crate::catalog::publish::commit_id;
use crate::catalog::store_catalog::{StoreCatalog, key};
use crate::error::Result;
use crate::spec::{TableMetadata, properties};

/// Whether a version of ours that was created is no part of the table: its maker was asleep for so long that its number
/// had been used and cleaned away.
///
/// Old versions go one by one, the oldest first, and the newest never. So a version whose predecessor is there is not
/// void, and neither is the newest. Of the others, the version after tells: it follows on this one, or on another that
/// had its number. Where that too is gone, a version that was part of the table would be gone as well.
pub(super) async fn is_void(catalog: &StoreCatalog, table: &str, ours: &Head) -> Result<bool> {
    let before = ours.spelling.file_name(ours.version.saturating_sub(1));
    match catalog.store.head(&key(table, &before)).await {
        Ok(_) => return Ok(false),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let newest = catalog.newest_listed(table).await?;
    if newest.version <= ours.version {
        return Ok(false);
    }
    if let Some(is_there) = has_snapshot(&newest.metadata, &ours.metadata) {
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
    let own = ours.current_snapshot()?;
    if own.summary.properties.get(properties::COMMIT_ID).map(String::as_str) != commit_id(ours) {
        return None;
    }
    let same = later.snapshots.iter().find(|snapshot| snapshot.sequence_number == own.sequence_number)?;
    Some(same.snapshot_id == own.snapshot_id)
}

/// Whether a version was built on another. Ours say so; other writers carry the properties of what they build on along.
fn follows(next: &TableMetadata, base: &TableMetadata) -> bool {
    let id = commit_id(base);
    id == commit_id(next) || id == next.property(properties::PARENT_COMMIT_ID)
}
