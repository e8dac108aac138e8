use serde_json::{Map, Value as Json};

use crate::error::Result;
use crate::spec::json::Fields;

/// The name of the branch that a table is read from and written to by default.
pub const MAIN: &str = "main";

/// A named snapshot (spec: Snapshot References).
#[derive(Clone, Debug, PartialEq)]
pub struct SnapshotRef {
    /// The snapshot.
    pub snapshot_id: i64,
    /// Whether it moves.
    pub kind: RefKind,
    /// Retention and fields that this version does not know.
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
    pub(crate) fn branch(snapshot_id: i64) -> Self {
        Self { snapshot_id, kind: RefKind::Branch, extra: Map::new() }
    }

    pub(crate) fn from_json(value: Json, path: String) -> Result<Self> {
        let mut fields = Fields::new(value, path)?;
        let kind = match fields.string("type")?.to_ascii_lowercase().as_str() {
            "branch" => RefKind::Branch,
            "tag" => RefKind::Tag,
            other => return Err(fields.wrong("type", "`branch` or `tag`", &Json::from(other))),
        };
        Ok(Self { snapshot_id: fields.i64("snapshot-id")?, kind, extra: fields.rest() })
    }

    pub(crate) fn to_json(&self) -> Json {
        let mut map = self.extra.clone();
        map.insert("snapshot-id".into(), self.snapshot_id.into());
        map.insert("type".into(), if self.kind == RefKind::Branch { "branch" } else { "tag" }.into());
        Json::Object(map)
    }
}
