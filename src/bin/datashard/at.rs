use std::sync::Arc;

use clap::Args;
use datashard::runtime::Timestamp;
use datashard::scan::ScanBuilder;
use datashard::spec::{RefKind, Snapshot};
use datashard::{Error, ErrorKind, Result, Table};

/// Which snapshot is read.
#[derive(Clone, Debug, Default, Args)]
#[group(multiple = false)]
pub(crate) struct At {
    /// As of a branch or tag.
    #[arg(long, visible_alias = "tag", value_name = "NAME")]
    branch: Option<String>,
    /// As of a snapshot.
    #[arg(long, value_name = "ID")]
    at_snapshot: Option<i64>,
    /// As of a time: 2026-11-01T09:30:00Z.
    #[arg(long, value_name = "TIME")]
    as_of: Option<Timestamp>,
}

impl At {
    /// A scan of the snapshot.
    pub(crate) fn scan(&self, table: &Table) -> ScanBuilder {
        let scan = table.scan();
        match self {
            Self { branch: Some(name), .. } => scan.at_ref(name),
            Self { at_snapshot: Some(id), .. } => scan.at_snapshot(*id),
            Self { as_of: Some(time), .. } => scan.as_of(*time),
            _ => scan,
        }
    }

    /// Whether the columns are the table's, and not those of the snapshot's time: of branches, and where nothing is said.
    pub(crate) fn is_branch(&self, table: &Table) -> bool {
        let kind = |name: &String| table.metadata().refs.get(name).map(|found| found.kind);
        match self {
            Self { branch: Some(name), .. } => kind(name) != Some(RefKind::Tag),
            other => other.at_snapshot.is_none() && other.as_of.is_none(),
        }
    }

    /// The snapshot; `None` for a table that was never written to.
    pub(crate) fn snapshot(&self, table: &Table) -> Result<Option<Arc<Snapshot>>> {
        let metadata = table.metadata();
        let (found, what) = match self {
            Self { branch: Some(name), .. } => (metadata.snapshot_of_ref(name), format!("no branch or tag `{name}`")),
            Self { at_snapshot: Some(id), .. } => (metadata.snapshot(*id), format!("no snapshot {id}")),
            Self { as_of: Some(time), .. } => (metadata.snapshot_as_of(*time), format!("no snapshot as of {time}")),
            _ => return Ok(metadata.current_snapshot().cloned()),
        };
        let missing = || Error::new(ErrorKind::NotFound, format!("the table `{}` has {what}", table.name()));
        found.cloned().map(Some).ok_or_else(missing)
    }
}

/// A snapshot by its id, or by the name of a branch or tag.
pub(crate) fn named(table: &Table, name: &str) -> Result<i64> {
    let metadata = table.metadata();
    let by_id = name.parse().ok().and_then(|id| metadata.snapshot(id));
    let found = by_id.or_else(|| metadata.snapshot_of_ref(name));
    let missing = || {
        let message = format!("the table `{}` has no snapshot, branch or tag {name}", table.name());
        Error::new(ErrorKind::NotFound, message)
    };
    found.map(|snapshot| snapshot.snapshot_id).ok_or_else(missing)
}
