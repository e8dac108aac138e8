use std::time::Duration;

use crate::error::{Error, Result};
use crate::spec::{MAIN, RefKind, SnapshotRef, TableMetadata, ordered};

/// A branch to be made: its name, or `Branch::new("audit").at(snapshot_id)` (spec: Snapshot References).
#[derive(Clone, Debug)]
#[must_use = "it makes nothing by itself"]
pub struct Branch(NewRef);

/// A tag to be made: its name, or `Tag::new("v1").at(snapshot_id)` (spec: Snapshot References).
#[derive(Clone, Debug)]
#[must_use = "it makes nothing by itself"]
pub struct Tag(NewRef);

/// A branch or tag to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewRef {
    name: String,
    /// Where no snapshot is named, the newest.
    pub(crate) at: Option<i64>,
    /// Without a snapshot so far.
    pub(crate) target: SnapshotRef,
}

impl Branch {
    /// Of this name, from the newest snapshot on.
    pub fn new(name: impl Into<String>) -> Self {
        Self(NewRef::new(name.into(), RefKind::Branch))
    }

    /// From this snapshot on.
    pub fn at(mut self, snapshot_id: i64) -> Self {
        self.0.at = Some(snapshot_id);
        self
    }

    /// How old its newest snapshot may be before the branch is dropped when snapshots expire; of any age by default.
    pub fn max_ref_age(mut self, age: Duration) -> Self {
        self.0.target.max_ref_age_ms = Some(millis(age));
        self
    }

    /// How many of its snapshots are kept at least, however old; by default as the table's property
    /// `history.expire.min-snapshots-to-keep` says.
    pub fn min_snapshots_to_keep(mut self, count: u32) -> Self {
        self.0.target.min_snapshots_to_keep = Some(i32::try_from(count).unwrap_or(i32::MAX));
        self
    }

    /// How old its snapshots may be before they expire; by default as the table's property
    /// `history.expire.max-snapshot-age-ms` says.
    pub fn max_snapshot_age(mut self, age: Duration) -> Self {
        self.0.target.max_snapshot_age_ms = Some(millis(age));
        self
    }
}

impl Tag {
    /// Of this name, for the newest snapshot.
    pub fn new(name: impl Into<String>) -> Self {
        Self(NewRef::new(name.into(), RefKind::Tag))
    }

    /// For this snapshot.
    pub fn at(mut self, snapshot_id: i64) -> Self {
        self.0.at = Some(snapshot_id);
        self
    }

    /// How old its snapshot may be before the tag is dropped when snapshots expire; of any age by default.
    pub fn max_ref_age(mut self, age: Duration) -> Self {
        self.0.target.max_ref_age_ms = Some(millis(age));
        self
    }
}

impl<T: Into<String>> From<T> for Branch {
    fn from(name: T) -> Self {
        Self::new(name)
    }
}

impl<T: Into<String>> From<T> for Tag {
    fn from(name: T) -> Self {
        Self::new(name)
    }
}

impl From<Branch> for NewRef {
    fn from(branch: Branch) -> Self {
        branch.0
    }
}

impl From<Tag> for NewRef {
    fn from(tag: Tag) -> Self {
        tag.0
    }
}

impl NewRef {
    pub(crate) fn new(name: String, kind: RefKind) -> Self {
        Self { name, at: None, target: SnapshotRef::new(kind, 0) }
    }
}

fn millis(age: Duration) -> i64 {
    i64::try_from(age.as_millis()).unwrap_or(i64::MAX)
}

/// A change of branches and tags.
#[derive(Clone, Debug)]
pub(crate) enum RefUpdate {
    Create(NewRef),
    Drop(String, RefKind),
    FastForward {
        branch: String,
        to: String,
    },
    /// Of the branch that is written to.
    RollBack(i64),
}

impl RefUpdate {
    /// Makes the change, and tells whether there was anything to do. `branch` is the one that is written to.
    pub(crate) fn apply(&self, metadata: &mut TableMetadata, branch: &str) -> Result<bool> {
        match self {
            Self::Create(new) => new.apply(metadata, branch)?,
            Self::Drop(name, kind) => {
                let is_there = metadata.refs.get(name).is_some_and(|target| target.kind == *kind);
                if !is_there {
                    return Err(Error::not_found(format!("the table has no {} `{name}`", kind.name())));
                }
                if name == MAIN {
                    return Err(Error::invalid_input("the branch `main` is the table, and cannot be dropped"));
                }
                // Removing from a map is 4 KB of wasm.
                let refs = std::mem::take(&mut metadata.refs).into_iter();
                metadata.refs = ordered(refs.filter(|(other, _)| other != name));
            }
            Self::FastForward { branch, to } => {
                let missing = || Error::not_found(format!("the table has no branch or tag `{to}`"));
                let to_id = metadata.snapshot_of_ref(to).ok_or_else(missing)?.snapshot_id;
                let from_id = metadata.head_of(branch)?.map(|snapshot| snapshot.snapshot_id);
                if from_id == Some(to_id) {
                    return Ok(false);
                }
                // From nothing, everything is forward.
                let leads = |from: i64| metadata.ancestors(Some(to_id)).any(|snapshot| snapshot.snapshot_id == from);
                if let Some(from) = from_id.filter(|from| !leads(*from)) {
                    return Err(Error::conflict(format!(
                        "the branch `{branch}` cannot be moved forward to `{to}`, which does not have its snapshot {from}"
                    )));
                }
                metadata.move_branch(branch, to_id);
            }
            Self::RollBack(snapshot_id) => {
                there(metadata, *snapshot_id)?;
                let from = metadata.head_of(branch)?.map(|snapshot| snapshot.snapshot_id);
                if from == Some(*snapshot_id) {
                    return Ok(false);
                }
                if !metadata.ancestors(from).any(|snapshot| snapshot.snapshot_id == *snapshot_id) {
                    let message = format!("snapshot {snapshot_id} is no ancestor of the branch `{branch}`");
                    return Err(Error::invalid_input(message));
                }
                metadata.move_branch(branch, *snapshot_id);
            }
        }
        Ok(true)
    }
}

impl NewRef {
    fn apply(&self, metadata: &mut TableMetadata, branch: &str) -> Result<()> {
        let Self { name, at, target } = self;
        if name.is_empty() {
            return Err(Error::invalid_input(format!("the name of the {} is empty", target.kind.name())));
        }
        if name == MAIN {
            return Err(Error::invalid_input("the branch `main` is the table itself"));
        }
        if let Some(there) = metadata.refs.get(name) {
            return Err(Error::already_exists(format!("there is a {} `{name}` already", there.kind.name())));
        }
        let kept = [target.max_ref_age_ms, target.min_snapshots_to_keep.map(i64::from), target.max_snapshot_age_ms];
        if kept.into_iter().flatten().any(|kept| kept <= 0) {
            return Err(Error::invalid_input(format!("what is kept of `{name}` must be more than nothing")));
        }
        let of_branches = target.min_snapshots_to_keep.is_some() || target.max_snapshot_age_ms.is_some();
        if target.kind == RefKind::Tag && of_branches {
            return Err(Error::invalid_input(format!("the tag `{name}` keeps one snapshot, and no more")));
        }
        let snapshot_id = match at {
            Some(id) => there(metadata, *id)?,
            None => {
                let newest = metadata.head_of(if branch == name { MAIN } else { branch })?;
                let empty = || Error::invalid_input(format!("there is no snapshot that `{name}` could name yet"));
                newest.ok_or_else(empty)?.snapshot_id
            }
        };
        metadata.refs.insert(name.clone(), SnapshotRef { snapshot_id, ..target.clone() });
        Ok(())
    }
}

fn there(metadata: &TableMetadata, snapshot_id: i64) -> Result<i64> {
    let missing = || Error::not_found(format!("the table has no snapshot {snapshot_id}"));
    metadata.snapshot(snapshot_id).map(|_| snapshot_id).ok_or_else(missing)
}
