use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::error::{Error, Result};
use crate::spec::json::Fields;
use crate::spec::{Snapshot, TableMetadata};

/// The name of the branch that a table is read from and written to by default.
pub const MAIN: &str = "main";

/// A named snapshot (spec: Snapshot References).
#[derive(Clone, Debug, PartialEq)]
pub struct SnapshotRef {
    /// The snapshot.
    pub snapshot_id: i64,
    /// Whether it moves.
    pub kind: RefKind,
    /// How old the snapshot may be before expiry drops the ref, in milliseconds. `main` is always kept.
    pub max_ref_age_ms: Option<i64>,
    /// Of a branch: how many of its snapshots are kept at least, however old.
    pub min_snapshots_to_keep: Option<i32>,
    /// Of a branch: how old its snapshots may be before they expire, in milliseconds.
    pub max_snapshot_age_ms: Option<i64>,
    /// Fields that this version does not know.
    pub(crate) extra: Map<String, Json>,
}

/// Whether a ref moves with commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefKind {
    /// It moves.
    Branch,
    /// It stays.
    Tag,
}

impl SnapshotRef {
    pub(crate) fn new(kind: RefKind, snapshot_id: i64) -> Self {
        let extra = Map::new();
        Self { snapshot_id, kind, max_ref_age_ms: None, min_snapshots_to_keep: None, max_snapshot_age_ms: None, extra }
    }

    pub(crate) fn from_json(value: Json, path: String) -> Result<Self> {
        let mut fields = Fields::new(value, path)?;
        let kind = match fields.string("type")?.to_ascii_lowercase().as_str() {
            "branch" => RefKind::Branch,
            "tag" => RefKind::Tag,
            other => return Err(fields.wrong("type", "`branch` or `tag`", &Json::from(other))),
        };
        Ok(Self {
            snapshot_id: fields.i64("snapshot-id")?,
            kind,
            max_ref_age_ms: fields.optional_i64("max-ref-age-ms")?,
            min_snapshots_to_keep: fields.optional_i32("min-snapshots-to-keep")?,
            max_snapshot_age_ms: fields.optional_i64("max-snapshot-age-ms")?,
            extra: fields.rest(),
        })
    }

    pub(crate) fn to_json(&self) -> Json {
        let mut map = self.extra.clone();
        let fields = [
            ("snapshot-id", Some(self.snapshot_id.into())),
            ("type", Some(self.kind.name().into())),
            ("max-ref-age-ms", self.max_ref_age_ms.map(Json::from)),
            ("min-snapshots-to-keep", self.min_snapshots_to_keep.map(Json::from)),
            ("max-snapshot-age-ms", self.max_snapshot_age_ms.map(Json::from)),
        ];
        map.extend(fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        Json::Object(map)
    }
}

impl RefKind {
    /// The spec's word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Branch => "branch",
            Self::Tag => "tag",
        }
    }
}

impl TableMetadata {
    /// The newest snapshot of a branch; `None` for the `main` of a table that was never written to.
    ///
    /// Fails with [`NotFound`](crate::ErrorKind::NotFound) if there is no such branch, and with
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) if it is a tag.
    pub(crate) fn head_of(&self, branch: &str) -> Result<Option<&Arc<Snapshot>>> {
        match self.refs.get(branch).map(|target| target.kind) {
            Some(RefKind::Tag) => Err(Error::invalid_input(format!("`{branch}` is a tag, which does not move"))),
            None if branch != MAIN => Err(Error::not_found(format!("the table has no branch `{branch}`"))),
            _ => Ok(self.snapshot_of_ref(branch)),
        }
    }

    /// A snapshot, its parent, and so on, as far as they are still there: where the last one has a parent, that has expired.
    pub(crate) fn ancestors(&self, snapshot_id: Option<i64>) -> impl Iterator<Item = &Arc<Snapshot>> {
        let (mut next, mut at, mut left) = (snapshot_id, self.snapshots.len(), self.snapshots.len());
        std::iter::from_fn(move || {
            let id = next?;
            // Histories are finite, unless a stranger made one.
            left = left.checked_sub(1)?;
            let is_it = |snapshot: &Arc<Snapshot>| snapshot.snapshot_id == id;
            // A parent is mostly the one before.
            let before = self.snapshots.get(..at)?.iter().rposition(is_it);
            at = before.or_else(|| self.snapshots.iter().position(is_it))?;
            let found = self.snapshots.get(at)?;
            next = found.parent_snapshot_id;
            Some(found)
        })
    }
}
