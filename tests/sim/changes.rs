//! Changes of rows, and that the history is one in which they were made one after the other.

use std::collections::BTreeMap;
use std::ops::Range;

use datashard::{Error, Isolation, Table, Transaction, TransactionReceipt};

use crate::history::Version;
use crate::ledger::{Fate, LedgerRef};
use crate::tasks::rows;

/// What becomes of the rows that a change adds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Adds {
    /// They are there afterwards.
    #[default]
    All,
    /// Those that were not there are.
    New,
    /// Those that were not there are, and those that were there are not.
    Other,
}

/// Rows removed and added by one commit, and what became of it.
#[derive(Clone, Debug, Hash)]
pub struct Change {
    pub how: Adds,
    pub removes: Range<i64>,
    pub adds: Vec<i64>,
    /// Whether it meets rows that others added meanwhile.
    pub serializable: bool,
    pub fate: Fate,
}

impl Change {
    /// What it makes of a version's rows.
    fn apply(&self, rows: &[i64]) -> Vec<i64> {
        let is_there = |row: &&i64| rows.contains(row);
        let is_removed =
            |row: &&i64| self.removes.contains(row) || (self.how == Adds::Other && self.adds.contains(row));
        let left = rows.iter().filter(|row| !is_removed(row));
        let new = self.adds.iter().filter(|row| self.how == Adds::All || !is_there(row));
        let mut left: Vec<i64> = left.chain(new).copied().collect();
        left.sort_unstable();
        left
    }

    /// Whether it may have made the second of two versions. Under snapshot isolation it may have left rows that were added
    /// while it was under way.
    fn explains(&self, before: &[i64], after: &[i64]) -> bool {
        if self.serializable {
            return self.apply(before) == after;
        }
        let is_kept = |row: &i64| self.removes.contains(row) || after.contains(row);
        let is_known = |row: &i64| before.contains(row) || self.adds.contains(row);
        before.iter().all(is_kept) && after.iter().all(is_known) && self.adds.iter().all(|row| after.contains(row))
    }
}

/// Removes the rows of a range, adds others in the same commit, and notes what came of it. `serializable` is what is claimed.
pub async fn change(
    table: Table,
    (removes, adds): (Range<i64>, Vec<i64>),
    isolation: Isolation,
    serializable: bool,
    ledger: LedgerRef,
) {
    let filter = format!("id >= {} and id < {}", removes.start, removes.end);
    let change = match (removes.is_empty(), adds.is_empty()) {
        (true, _) => table.transaction().append(rows(&adds)),
        (false, true) => table.delete(filter),
        (false, false) => table.overwrite(filter, rows(&adds)),
    };
    note(change.isolation(isolation), (removes, adds), serializable, ledger).await;
}

/// Makes a serializable change of rows by what is there.
pub async fn note_keyed(change: Transaction<'_>, how: Adds, rows: Vec<i64>, ledger: LedgerRef) {
    note_as(change, Change { how, removes: 0..0, adds: rows, serializable: true, fate: Fate::Untold }, ledger).await;
}

/// Makes a change that removes the rows of a range and adds others, and notes what came of it.
pub async fn note(
    change: Transaction<'_>,
    (removes, adds): (Range<i64>, Vec<i64>),
    serializable: bool,
    ledger: LedgerRef,
) {
    note_as(change, Change { how: Adds::All, removes, adds, serializable, fate: Fate::Untold }, ledger).await;
}

async fn note_as(change: Transaction<'_>, as_noted: Change, ledger: LedgerRef) {
    let at = {
        let mut ledger = ledger.lock().unwrap();
        ledger.changes.push(as_noted);
        ledger.changes.len() - 1
    };
    let result = change.await;
    ledger.lock().unwrap().changes[at].fate = fate(result);
}

fn fate(result: Result<TransactionReceipt, Error>) -> Fate {
    match result {
        // Moving a branch makes no snapshot.
        Ok(receipt) => match (receipt.snapshot_ids.last(), receipt.attempts) {
            (None, 0) => Fate::Nothing { version: receipt.version },
            (snapshot, _) => {
                Fate::Committed { version: receipt.version, snapshot: snapshot.copied().unwrap_or_default() }
            }
        },
        Err(error) => match error.unknown_commit() {
            Some(token) => Fate::Unknown { token: token.to_owned() },
            None => Fate::Failed(error.kind()),
        },
    }
}

/// Every version's rows are those before it with one of the changes made, each made once at most, and as was told.
/// `appended` are rows of plain appends.
pub fn verify(changes: &[Change], versions: &BTreeMap<u64, Version>, appended: &[i64]) -> Result<(), String> {
    let mut made = vec![false; changes.len()];
    let mut before: &[i64] = &[];
    for (number, version) in versions {
        let after = &version.rows;
        let committed =
            |change: &Change, at: u64| matches!(change.fate, Fate::Committed { version, .. } if version == at);
        let told = changes.iter().position(|change| committed(change, *number));
        let is_free = |at: usize, change: &Change| {
            !made[at]
                && matches!(change.fate, Fate::Untold | Fate::Unknown { .. } | Fate::Settled { committed: Some(_) })
        };
        let mut free = changes.iter().enumerate().filter(|(at, change)| is_free(*at, change));
        let is_append = || {
            let new: Vec<_> = after.iter().filter(|row| !before.contains(row)).collect();
            before.iter().all(|row| after.contains(row)) && new.iter().all(|row| appended.contains(row))
        };
        match told {
            Some(at) if changes[at].explains(before, after) => made[at] = true,
            Some(at) => return Err(format!("version {number}: {:?} made {after:?} of {before:?}", changes[at])),
            None if before == after || is_append() => {}
            None => match free.find(|(_, change)| change.explains(before, after)) {
                Some((at, _)) => made[at] = true,
                None => return Err(format!("version {number}: no change makes {after:?} of {before:?}")),
            },
        }
        before = after;
    }
    for (change, made) in changes.iter().zip(made) {
        match &change.fate {
            Fate::Committed { .. } | Fate::Settled { committed: Some(_) } if !made => {
                return Err(format!("{change:?} is not in the history"));
            }
            Fate::Nothing { version } => {
                let there = versions.get(version).map_or(&[][..], |version| &version.rows);
                if change.serializable && change.apply(there) != there {
                    return Err(format!("{change:?} was said to have nothing to do in {there:?}"));
                }
            }
            _ => {}
        }
    }
    Ok(())
}
