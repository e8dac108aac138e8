//! What the processes were told, to be compared with what is there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use datashard::{Error, ErrorKind};

use crate::changes::{self, Change};
use crate::history::versions;
use crate::world::{World, digest};

/// What became of an append, as far as whoever asked for it knows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    /// Nobody was told: it was cancelled, or the process died.
    Untold,
    Committed {
        version: u64,
        snapshot: i64,
    },
    /// Another append with the same key had been committed.
    Repeated,
    /// There was nothing to be done.
    Nothing {
        version: u64,
    },
    Failed(ErrorKind),
    Unknown {
        token: String,
    },
    /// It was unknown, and was settled.
    Settled {
        committed: Option<u64>,
    },
}

/// One append of one row.
#[derive(Clone, Debug, Hash)]
pub struct Append {
    pub row: i64,
    pub fate: Fate,
}

/// What a scan returned.
#[derive(Clone, Debug, Hash)]
pub struct Seen {
    pub version: u64,
    pub rows: Vec<i64>,
}

#[derive(Debug, Default, Hash)]
pub struct Ledger {
    pub appends: Vec<Append>,
    pub changes: Vec<Change>,
    pub scans: Vec<Seen>,
    /// The ids of tables that were said to have been created.
    pub created: Vec<String>,
    /// What should not have happened, as a task saw it.
    pub complaints: Vec<String>,
}

pub type LedgerRef = Arc<Mutex<Ledger>>;

impl Ledger {
    pub fn digest(&self) -> u64 {
        digest(self)
    }

    /// Notes that an append begins; returns its place.
    pub fn begin(&mut self, row: i64) -> usize {
        self.appends.push(Append { row, fate: Fate::Untold });
        self.appends.len() - 1
    }

    pub fn end(&mut self, at: usize, result: Result<datashard::CommitReceipt, Error>) {
        self.appends[at].fate = match result {
            Ok(receipt) if receipt.repeated => Fate::Repeated,
            Ok(receipt) => Fate::Committed { version: receipt.version, snapshot: receipt.snapshot_id },
            Err(error) => match error.unknown_commit() {
                Some(token) => Fate::Unknown { token: token.to_owned() },
                None => Fate::Failed(error.kind()),
            },
        };
    }

    /// What became of each append, without names, in no order.
    pub fn fates(&self) -> Vec<String> {
        let fate = |append: &Append| match &append.fate {
            Fate::Committed { version, .. } => format!("committed as {version}"),
            Fate::Nothing { version } => format!("nothing in {version}"),
            Fate::Unknown { .. } => "unknown".to_owned(),
            other => format!("{other:?}"),
        };
        let of_changes = self.changes.iter().map(|change| Append { row: 0, fate: change.fate.clone() });
        let mut fates: Vec<_> = self.appends.iter().cloned().chain(of_changes).map(|append| fate(&append)).collect();
        fates.sort_unstable();
        fates
    }

    pub fn settle(&mut self, at: usize, committed: Option<u64>) {
        let fate = match self.appends.get_mut(at) {
            Some(append) => &mut append.fate,
            None => &mut self.changes[at - self.appends.len()].fate,
        };
        *fate = Fate::Settled { committed };
    }

    /// Whether a row is appended more than once, with a key.
    fn is_tried_again(&self, row: i64) -> bool {
        self.appends.iter().filter(|append| append.row == row).count() > 1
    }

    pub fn unknown(&self) -> Vec<(usize, String)> {
        let fates = self.appends.iter().map(|append| &append.fate);
        let fates = fates.chain(self.changes.iter().map(|change| &change.fate));
        let tokens = fates.enumerate().filter_map(|(at, fate)| match fate {
            Fate::Unknown { token } if !token.is_empty() => Some((at, token.clone())),
            _ => None,
        });
        tokens.collect()
    }

    /// Compares with the newest version of each table that was there under the name.
    pub fn verify(&self, world: &World) -> Result<(), String> {
        if let Some(complaint) = self.complaints.first() {
            return Err(complaint.clone());
        }
        let versions = versions(world)?;
        for seen in &self.scans {
            let there = versions.get(&seen.version).map(|version| &version.rows);
            if there.is_some_and(|rows| *rows != seen.rows) {
                return Err(format!("a scan of version {} returned {:?} of {there:?}", seen.version, seen.rows));
            }
        }
        if !self.changes.is_empty() {
            let appended: Vec<i64> = self.appends.iter().map(|append| append.row).collect();
            changes::verify(&self.changes, &versions, &appended)?;
        }
        let tables: BTreeMap<_, _> = versions
            .values()
            .map(|version| (version.json["table-uuid"].as_str().unwrap_or_default(), version))
            .collect();
        if let Some(lost) = self.created.iter().find(|uuid| !tables.contains_key(uuid.as_str())) {
            return Err(format!("the table {lost} was created, and is not there"));
        }
        for Append { row, fate } in &self.appends {
            let times = tables.values().flat_map(|newest| &newest.rows).filter(|there| *there == row).count();
            let wrong = |what: &str| Err(format!("the row {row} {what}: {fate:?}, and it is there {times} times"));
            match fate {
                _ if times > 1 => return wrong("is there twice"),
                Fate::Committed { version, snapshot } => {
                    // Where old versions were cleaned away, another may have come late under the number, void.
                    let version = versions.get(version).filter(|_| versions.contains_key(&1));
                    let elsewhere = version.is_some_and(|version| version.json["current-snapshot-id"] != *snapshot);
                    if times != 1 || elsewhere {
                        return wrong("is not where its receipt says");
                    }
                }
                Fate::Repeated if times != 1 => return wrong("was said to be there already"),
                Fate::Failed(_) if times != 0 && !self.is_tried_again(*row) => {
                    return wrong("was said to have failed");
                }
                Fate::Settled { committed: None } if times == 1 && self.is_tried_again(*row) => {}
                Fate::Settled { committed } if committed.is_some() != (times == 1) => {
                    return wrong("was settled wrongly");
                }
                _ => {}
            }
        }
        Ok(())
    }
}
