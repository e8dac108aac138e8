//! What happened between two snapshots.

use std::collections::HashMap;
use std::sync::Arc;

use futures::stream::{self, StreamExt};

use crate::error::{Error, Result};
use crate::read::{Change, ChangeKind, check_format};
use crate::scan::builder::Resolved;
use crate::scan::plan::plan_at;
use crate::scan::planner::{CONCURRENCY, read};
use crate::scan::prune::Pruner;
use crate::scan::{ScanPlan, ScanReport, ScanTask};
use crate::spec::{DataContent, EntryStatus, ManifestContent, Operation, Snapshot, TableMetadata};

/// The files whose rows were appended, or the rows that were changed.
pub(super) async fn plan(scan: Resolved) -> Result<ScanPlan> {
    let mut plan = ScanPlan::empty(scan);
    let ScanPlan { tasks, report, scan } = &mut plan;
    let (Some(since), Some(to)) = (scan.since.clone(), scan.snapshot.clone()) else { return Ok(plan) };
    *report = ScanReport::of(&to);
    let snapshots = ancestors(&scan.metadata, since.snapshot_id, &to)?;
    let mut ordinal = 0;
    for snapshot in &snapshots {
        let change = |kind| Change { kind, ordinal, snapshot_id: snapshot.snapshot_id };
        match snapshot.summary.operation {
            Operation::Append => {
                let added = added_by(scan, report, snapshot).await?;
                let change = since.changes.then(|| change(ChangeKind::Insert));
                tasks.extend(added.into_iter().map(|task| ScanTask { change: change.clone(), ..task }));
            }
            // The same rows in other files.
            Operation::Replace => continue,
            _ if !since.changes => continue,
            _ => tasks.extend(
                changed_by(scan, report, snapshot)
                    .await?
                    .into_iter()
                    .map(|(task, kind)| ScanTask { change: Some(change(kind)), ..task }),
            ),
        }
        ordinal = ordinal.saturating_add(1);
    }
    Ok(plan)
}

/// The ancestors of a snapshot, with itself, that are newer than another: the oldest first.
pub(super) fn ancestors(
    metadata: &TableMetadata,
    since: Option<i64>,
    to: &Arc<Snapshot>,
) -> Result<Vec<Arc<Snapshot>>> {
    let mut found = Vec::new();
    let mut next = Some(to.snapshot_id);
    while let Some(id) = next.filter(|id| Some(*id) != since) {
        // Histories are finite, unless a stranger made one.
        let known = metadata.snapshot(id).filter(|_| found.len() <= metadata.snapshots.len());
        let Some(snapshot) = known else {
            let from = since.map_or_else(|| "the first snapshot".to_owned(), |id| format!("snapshot {id}"));
            return Err(Error::invalid_input(format!(
                "what happened between {from} and snapshot {} is not known: snapshot {id} has expired",
                to.snapshot_id
            )));
        };
        next = snapshot.parent_snapshot_id;
        found.push(snapshot.clone());
    }
    if next != since {
        let from = since.unwrap_or_default();
        return Err(Error::invalid_input(format!("snapshot {from} is no ancestor of snapshot {}", to.snapshot_id)));
    }
    found.reverse();
    Ok(found)
}

/// The data files that an append added.
async fn added_by(scan: &Resolved, report: &mut ScanReport, snapshot: &Snapshot) -> Result<Vec<ScanTask>> {
    let source = &scan.source;
    let (list, cost) = source.manifests.list(&source.handle, snapshot).await?;
    report.take(cost);
    report.manifests += list.len() as u64;
    let pruner = Pruner { filter: scan.filter.as_ref(), schema: &scan.schema, metadata: &scan.metadata };
    let own = list.iter().filter(|manifest| {
        manifest.content == ManifestContent::Data
            && manifest.added_snapshot_id == snapshot.snapshot_id
            && pruner.manifest_might_match(manifest)
    });
    let reads: Vec<_> = own.map(|file| read(source.clone(), file.clone())).collect();
    report.manifests_skipped += (list.len() - reads.len()) as u64;
    let mut reads = stream::iter(reads).buffered(CONCURRENCY);
    let mut tasks = Vec::new();
    while let Some(read) = reads.next().await {
        let (file, manifest, cost) = read?;
        report.take(cost);
        let added = manifest.entries.iter().filter(|entry| {
            entry.status == EntryStatus::Added
                && entry.snapshot_id == Some(snapshot.snapshot_id)
                && entry.data_file.content == DataContent::Data
        });
        for entry in added {
            check_format(&entry.data_file)?;
            tasks.extend(pruner.task(&file, &manifest, entry, report));
        }
    }
    Ok(tasks)
}

/// What a snapshot of any kind changed, told from the files before and after.
async fn changed_by(
    scan: &mut Resolved,
    report: &mut ScanReport,
    snapshot: &Snapshot,
) -> Result<Vec<(ScanTask, ChangeKind)>> {
    let before = match snapshot.parent_snapshot_id {
        None => Vec::new(),
        Some(parent) => {
            let known = scan.metadata.snapshot(parent).cloned();
            let expired = || {
                Error::invalid_input(format!(
                    "what snapshot {} changed is not known: snapshot {parent} has expired",
                    snapshot.snapshot_id
                ))
            };
            files_of(scan, report, &*known.ok_or_else(expired)?).await?
        }
    };
    let after = files_of(scan, report, snapshot).await?;
    let mut after: HashMap<String, ScanTask> =
        after.into_iter().map(|task| (task.data_file.file_path.clone(), task)).collect();
    let mut changes = Vec::new();
    for task in before {
        match after.remove(&task.data_file.file_path) {
            None => changes.push((task, ChangeKind::Delete)),
            Some(now) if now.deletes.same(&task.deletes, &task.data_file.file_path) => {}
            Some(now) => changes.push((task, ChangeKind::DeleteBy(now.deletes))),
        }
    }
    changes.extend(after.into_values().map(|task| (task, ChangeKind::Insert)));
    Ok(changes)
}

async fn files_of(scan: &mut Resolved, report: &mut ScanReport, snapshot: &Snapshot) -> Result<Vec<ScanTask>> {
    let plan = plan_at(scan.clone(), *report, snapshot).await?;
    (*scan, *report) = (plan.scan, plan.report);
    Ok(plan.tasks)
}
