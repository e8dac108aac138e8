use std::sync::Arc;

use crate::catalog::{Attempt, CommitOutcome, TableHandle, uri};
use crate::error::{Error, Result};
use crate::spec::{TableMetadata, properties};
use crate::transaction::receipt::Resolution;

/// Settles a commit of unknown outcome, by its token.
///
/// If its version is there, its commit id tells. If not, a late request could still create it: then this creates that
/// version itself, without a change, and whichever of the two is first decides.
pub(crate) async fn resolve(table: &TableHandle, token: &str) -> Result<Resolution> {
    let wrong = || Error::invalid_input(format!("`{token}` is no token of a commit of unknown outcome"));
    let (version, rest) = token.split_once('/').ok_or_else(wrong)?;
    let version: u64 = version.parse().map_err(|_| wrong())?;
    let (commit_id, sequence_number) = match rest.split_once('/') {
        Some((id, number)) => (id, Some(number.parse::<i64>().map_err(|_| wrong())?)),
        None => (rest, None),
    };
    for _ in 0..100 {
        let head = table.catalog.head(&table.name, None).await?;
        table.advance(head.clone());
        if head.version >= version {
            return match table.catalog.version(&table.name, &head, version).await? {
                Some(metadata) if is(&metadata, commit_id) => Ok(Resolution::Committed { version }),
                Some(_) => Ok(Resolution::NotCommitted),
                None if has_snapshot_of(&head.metadata, commit_id) => Ok(Resolution::Committed { version }),
                None if has_sequence_number(&head.metadata, sequence_number) => Ok(Resolution::NotCommitted),
                None => Err(Error::commit_state_unknown(
                    token.to_owned(),
                    format!("version {version} of the table `{}` has been cleaned away", table.name),
                )),
            };
        }
        if head.version + 1 < version {
            return Err(wrong());
        }
        let base_file = uri(&table.location.uri("metadata"), &head.file_name());
        let mut next = head.metadata.successor(base_file, table.now())?;
        next.properties.insert(properties::COMMIT_ID.into(), table.unique());
        let deadline = table.runtime.now().plus(std::time::Duration::from_secs(60));
        let attempt = Attempt { base: head, next: Arc::new(next), deadline, resumed: false };
        match table.catalog.publish(&table.name, &attempt).await? {
            CommitOutcome::Committed(head) => {
                table.advance(head.clone());
                table.catalog.announce(&table.name, &head).await;
                return Ok(Resolution::NotCommitted);
            }
            CommitOutcome::Conflict(_) => {}
            CommitOutcome::Unknown(cause) => {
                let message = format!("whether the commit took effect is still not known: {cause}");
                return Err(Error::commit_state_unknown(token.to_owned(), message));
            }
        }
    }
    Err(Error::unavailable(format!("the head of the table `{}` keeps moving", table.name)))
}

fn is(metadata: &TableMetadata, commit_id: &str) -> bool {
    metadata.property(properties::COMMIT_ID) == Some(commit_id)
}

/// Whether a snapshot is there with the sequence number that the commit's would have: then it is another's.
fn has_sequence_number(metadata: &TableMetadata, sequence_number: Option<i64>) -> bool {
    metadata.snapshots.iter().any(|snapshot| Some(snapshot.sequence_number) == sequence_number)
}

fn has_snapshot_of(metadata: &TableMetadata, commit_id: &str) -> bool {
    let own = |id: &String| id == commit_id;
    metadata.snapshots.iter().any(|snapshot| snapshot.summary.properties.get(properties::COMMIT_ID).is_some_and(own))
}
