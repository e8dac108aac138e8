//! What must hold after every step, whatever happened.

use std::cell::RefCell;
use std::collections::HashSet;

use serde_json::Value as Json;

use crate::history::{Version, versions};
use crate::world::World;

thread_local! {
    // Most runs come through the same buckets.
    static SOUND: RefCell<HashSet<(u64, bool, bool)>> = RefCell::default();
}

/// Looks at the bucket after every step.
pub struct Watch {
    seen: u64,
    cleaned: bool,
    /// Rows may be removed.
    changes: bool,
}

impl Watch {
    /// `cleaned`: old metadata files may be cleaned away (R3).
    pub fn new(cleaned: bool, changes: bool) -> Self {
        Self { seen: 0, cleaned, changes }
    }

    pub fn look(&mut self, world: &World) -> Result<(), String> {
        let digest = world.digest();
        if std::mem::replace(&mut self.seen, digest) == digest {
            return Ok(());
        }
        if SOUND.with_borrow(|sound| sound.contains(&(digest, self.cleaned, self.changes))) {
            return Ok(());
        }
        self.check(world)?;
        SOUND.with_borrow_mut(|sound| sound.insert((digest, self.cleaned, self.changes)));
        Ok(())
    }

    fn check(&self, world: &World) -> Result<(), String> {
        let versions = versions(world)?;
        let Some(last) = versions.keys().next_back() else { return Ok(()) };
        // Where old versions are cleaned away, what was made again too late may lie before the others for a while.
        let first = (1..=*last).rev().take_while(|number| versions.contains_key(number)).last().unwrap_or(*last);
        if !self.cleaned && (first != 1 || versions.contains_key(&0)) {
            return Err(format!("the versions have a hole: {:?}", versions.keys().collect::<Vec<_>>()));
        }
        for (number, version) in &versions {
            let lacks = |what: String| format!("version {number}: {what}");
            if let Some(missing) = version.files.iter().find(|key| !world.objects.contains_key(*key)) {
                return Err(lacks(format!("{missing} is gone")));
            }
            if let Some(twice) = version.rows.windows(2).find(|pair| pair[0] == pair[1]) {
                return Err(lacks(format!("the row {} is there twice", twice[0])));
            }
            totals(version).map_err(lacks)?;
            row_ids(version).map_err(lacks)?;
            if let Some(before) = versions.get(&(number - 1))
                && !(self.cleaned && *number == first + 1 && is_void(before, versions.values().next_back()))
                && *number > first
            {
                step(before, version, self.changes).map_err(lacks)?;
            }
        }
        Ok(())
    }
}

/// A version that was made again after it had been cleaned away (R3): its maker is about to remove it, and nobody sees it.
fn is_void(version: &Version, newest: Option<&Version>) -> bool {
    let ids = |version: &Version| {
        snapshots(version).iter().map(|snapshot| snapshot["snapshot-id"].clone()).collect::<Vec<_>>()
    };
    let known = newest.map(ids).unwrap_or_default();
    ids(version).iter().any(|id| !known.contains(id))
}

fn snapshots(version: &Version) -> &[Json] {
    version.json["snapshots"].as_array().map_or(&[], Vec::as_slice)
}

fn current(version: &Version) -> Option<&Json> {
    let id = &version.json["current-snapshot-id"];
    snapshots(version).iter().find(|snapshot| snapshot["snapshot-id"] == *id)
}

fn number(json: &Json, field: &str) -> i64 {
    json[field].as_i64().unwrap_or_default()
}

fn totals(version: &Version) -> Result<(), String> {
    let Some(current) = current(version) else { return Ok(()) };
    let said = current["summary"]["total-records"].as_str();
    match said == Some(version.records.to_string().as_str()) {
        true => Ok(()),
        false => Err(format!("total-records says {said:?} of {} rows", version.records)),
    }
}

/// In format version 3 no two rows have the same id, and none one that is yet to be given.
fn row_ids(version: &Version) -> Result<(), String> {
    let Some(end) = version.json["next-row-id"].as_i64() else { return Ok(()) };
    let mut ids: Vec<i64> = version.lineage.iter().filter_map(|(_, row_id, _)| *row_id).collect();
    ids.sort_unstable();
    match (ids.windows(2).find(|pair| pair[0] == pair[1]), ids.last().filter(|last| **last >= end)) {
        (Some(twice), _) => Err(format!("two rows have the id {}", twice[0])),
        (_, Some(late)) => Err(format!("a row has the id {late}, and the next is to be {end}")),
        _ if ids.len() < version.lineage.len() => Err("a row has no id".into()),
        _ => Ok(()),
    }
}

/// Rows keep their ids, and when they were updated; new ones have ids that none had. Each of the ids stands for one row.
fn lineage(before: &Version, after: &Version) -> Result<(), String> {
    let (Some(from), Some(to)) = (before.json["next-row-id"].as_i64(), after.json["next-row-id"].as_i64()) else {
        return Ok(());
    };
    if to < from {
        return Err(format!("the next row id was {from} and is {to}"));
    }
    for row in after.lineage.iter().filter(|row| !before.lineage.contains(row)) {
        let is_old = before.rows.binary_search(&row.0).is_ok() || row.1.is_some_and(|row_id| row_id < from);
        if is_old {
            return Err(format!("{row:?} is not as it was in {:?}", before.lineage));
        }
    }
    Ok(())
}

/// One version after another: what was there stays, and what is new follows on it.
fn step(before: &Version, after: &Version, changes: bool) -> Result<(), String> {
    let is_dropped = before.json["properties"]["datashard.dropped"] == "true";
    if is_dropped {
        // R7: after a tombstone comes another table.
        return if before.json["table-uuid"] == after.json["table-uuid"] {
            Err("a dropped table came back to life".into())
        } else if snapshots(after).is_empty() {
            Ok(())
        } else {
            Err("a new table begins with rows".into())
        };
    }
    let must = |holds: bool, what: &str| if holds { Ok(()) } else { Err(format!("not so: {what}")) };
    must(before.json["table-uuid"] == after.json["table-uuid"], "it is the same table")?;
    let new: Vec<_> = snapshots(after).iter().filter(|snapshot| !snapshots(before).contains(snapshot)).collect();
    must(snapshots(before).iter().all(|snapshot| snapshots(after).contains(snapshot)), "no snapshot goes away")?;
    must(new.len() <= 1, "a version has at most one new snapshot")?;
    let (old, sequence) = (number(&before.json, "last-sequence-number"), number(&after.json, "last-sequence-number"));
    must(sequence == old + new.len() as i64, "sequence numbers count the snapshots")?;
    let times = |version: &Version| number(&version.json, "last-updated-ms");
    must(times(after) >= times(before), "time does not go backwards")?;
    for snapshot in &new {
        let of = |version: &Version, branch: &str| version.json["refs"][branch]["snapshot-id"].clone();
        let refs = after.json["refs"].as_object().into_iter().flatten();
        let branch = refs.map(|(name, _)| name.as_str()).find(|name| of(after, name) == snapshot["snapshot-id"]);
        must(branch.is_some(), "the new snapshot is the newest of a branch")?;
        must(number(snapshot, "sequence-number") == sequence, "it has the new sequence number")?;
        must(number(snapshot, "timestamp-ms") >= times(before), "it is not older than its parent")?;
        let parent = of(before, branch.unwrap_or_default());
        must(snapshot["parent-snapshot-id"] == parent, "its parent is the snapshot before")?;
    }
    if new.len() == 1 {
        lineage(before, after)?;
    }
    let current = |version: &Version| version.json["current-snapshot-id"].clone();
    must(current(after) == after.json["refs"]["main"]["snapshot-id"], "the current snapshot is the newest of main")?;
    let logged =
        after.json["snapshot-log"].as_array().and_then(|log| log.last()).map(|last| last["snapshot-id"].clone());
    must(current(before) == current(after) || logged == Some(current(after)), "what becomes current is logged")?;
    must(changes || before.rows.iter().all(|row| after.rows.binary_search(row).is_ok()), "no row goes away")
}
