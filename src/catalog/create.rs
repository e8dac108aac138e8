//! Creating and dropping tables, and settling commits of unknown outcome.

use std::sync::Arc;

use crate::ErrorKind;
use crate::catalog::head::Spelling;
use crate::catalog::publish::{Proof, commit_id, conditions_ignored, create_version, deadline, encode, prove};
use crate::catalog::store_catalog::{StoreCatalog, key};
use crate::catalog::{Attempt, Catalog, CommitOutcome, Head};
use crate::error::{Error, Result};
use crate::spec::{TableMetadata, properties};

impl StoreCatalog {
    /// Makes `first` a new table's first version; after a dropped table, the version after its tombstone (R7).
    ///
    /// Fails with [`AlreadyExists`](ErrorKind::AlreadyExists) if there is a table, and with
    /// [`Unsupported`](ErrorKind::Unsupported) if the store ignores conditions (R4).
    pub(crate) async fn create(&self, table: &str, mut first: TableMetadata) -> Result<Head> {
        let exists = || Error::already_exists(format!("there is a table `{table}` already"));
        let (version, spelling) = match self.head(table, None).await {
            Ok(tombstone) if tombstone.is_dropped() => (tombstone.version.saturating_add(1), tombstone.spelling),
            Ok(_) => return Err(exists()),
            Err(error) if error.kind() == ErrorKind::NotFound => (1, Spelling::Plain),
            Err(error) => return Err(error),
        };
        // Only by now the store has had an occasion to correct a clock that is wrong.
        first.last_updated = self.now();
        let next = Arc::new(first);
        let base = Head {
            version: version.saturating_sub(1),
            metadata: next.clone(),
            spelling,
            confirmed_at: self.runtime.now(),
            stored_at: None,
            file: None,
        };
        let attempt = Attempt { base, next, deadline: deadline(self.runtime.now()), resumed: false };
        let file = encode(&attempt.next, spelling)?;
        let mut head = match create_version(self, table, version, spelling, file.clone(), &attempt).await? {
            CommitOutcome::Committed(head) => head,
            CommitOutcome::Conflict(_) => return Err(exists()),
            CommitOutcome::Unknown(cause) => {
                return Err(Error::commit_state_unknown(
                    unknown_token(&attempt),
                    format!("whether the table `{table}` was created is not known: {cause}"),
                ));
            }
        };
        let file_key = key(table, &head.file_name());
        match prove(self, &file_key, &file).await {
            Ok(Proof::Honoured) => {}
            Ok(Proof::Ignored) => {
                self.store.delete(&file_key).await?;
                return Err(conditions_ignored(self));
            }
            // The table is there, and others may have opened it: the first commit will ask again.
            Err(_) => head.file = Some(file),
        }
        self.announce(table, &head).await;
        Ok(head)
    }

    /// Commits a tombstone as the table's next version. Its files stay.
    pub(crate) async fn drop_table(&self, table: &str, commit_id: &str) -> Result<()> {
        let mut base = self.head(table, None).await?;
        loop {
            if base.is_dropped() {
                return Err(Error::not_found(format!("the table `{table}` was dropped")));
            }
            let file = crate::catalog::location::uri(self.store.root(), &key(table, &base.file_name()));
            let mut next = base.metadata.successor(file, self.now())?;
            next.properties.insert(properties::DROPPED.into(), "true".into());
            next.properties.insert(properties::COMMIT_ID.into(), commit_id.into());
            let deadline = deadline(self.runtime.now());
            let attempt = Attempt { base, next: Arc::new(next), deadline, resumed: false };
            match self.publish(table, &attempt).await? {
                CommitOutcome::Committed(head) => {
                    self.announce(table, &head).await;
                    return Ok(());
                }
                CommitOutcome::Conflict(head) => base = self.head(table, Some(&head)).await?,
                CommitOutcome::Unknown(cause) => {
                    let message = format!("whether the table `{table}` was dropped is not known: {cause}");
                    return Err(Error::commit_state_unknown(unknown_token(&attempt), message));
                }
            }
        }
    }
}

/// What settles a commit of unknown outcome later: the version it would be, its commit id, and the sequence number of its
/// snapshot if it has one, by which it can be told when the version itself has been cleaned away.
pub(crate) fn unknown_token(attempt: &Attempt) -> String {
    let id = commit_id(&attempt.next).unwrap_or_default();
    let token = format!("{}/{id}", attempt.base.version.saturating_add(1));
    let sequence_number = attempt.next.last_sequence_number;
    match sequence_number > attempt.base.metadata.last_sequence_number {
        true => format!("{token}/{sequence_number}"),
        false => token,
    }
}
