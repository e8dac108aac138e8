use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use futures::TryStreamExt;

use crate::error::{Error, Result};
use crate::scan::builder::Resolved;
use crate::scan::delete_index::{DeleteIndex, partition_key};
use crate::scan::incremental;
use crate::scan::planner::Planner;
use crate::scan::{ScanReport, ScanStream, ScanTask};
use crate::spec::{NestedField, PartitionSpec, Schema, Snapshot, StructType, TableMetadata, Value};

/// So many times as many files as are read at a time are looked for ahead of them.
const AHEAD: u64 = 2;

/// Which files a scan reads.
#[derive(Clone, Debug)]
pub struct ScanPlan {
    /// The files.
    pub tasks: Vec<ScanTask>,
    /// What planning cost, and what it ruled out.
    pub report: ScanReport,
    pub(super) scan: Resolved,
}

impl ScanPlan {
    /// Nothing to be read yet.
    pub(super) fn empty(scan: Resolved) -> Self {
        Self { tasks: Vec::new(), report: ScanReport::default(), scan }
    }

    /// Reads the files of the plan.
    ///
    /// Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput) if a column is not there.
    pub fn stream(self) -> Result<ScanStream> {
        ScanStream::new(Planner::of(self.scan, self.tasks, self.report))
    }

    /// The plan by partition, in no particular order: each to be read by itself, all at once if wanted. Files of an
    /// unpartitioned table are one partition.
    pub fn partitions(self) -> Vec<PartitionPlan> {
        let Self { tasks, report, scan } = self;
        let mut partitions: Vec<PartitionPlan> = Vec::new();
        let mut places = HashMap::new();
        for task in tasks {
            let place =
                *places.entry(partition_key(&task.partition_spec, &task.data_file.partition)).or_insert_with(|| {
                    partitions.push(PartitionPlan {
                        partition_spec: task.partition_spec.clone(),
                        partition: task.data_file.partition.clone(),
                        plan: Self {
                            report: ScanReport { snapshot_id: report.snapshot_id, ..ScanReport::default() },
                            ..Self::empty(scan.clone())
                        },
                    });
                    partitions.len() - 1
                });
            if let Some(partition) = partitions.get_mut(place) {
                partition.plan.tasks.push(task);
                partition.plan.report.files += 1;
            }
        }
        partitions
    }
}

/// The files of one partition.
#[derive(Clone, Debug)]
pub struct PartitionPlan {
    /// The spec of the partition's values.
    pub partition_spec: Arc<PartitionSpec>,
    /// The values, in the order of the spec's fields; `None` is null.
    pub partition: Vec<Option<Value>>,
    /// What is read of it.
    pub plan: ScanPlan,
}

/// What a scan reads.
pub(super) async fn plan(scan: Resolved) -> Result<ScanPlan> {
    match (&scan.since, scan.snapshot.clone()) {
        (Some(_), _) => incremental::plan(scan).await,
        (None, Some(snapshot)) => plan_at(scan, ScanReport::of(&snapshot), &snapshot).await,
        (None, None) => Ok(ScanPlan::empty(scan)),
    }
}

/// The files of a snapshot, which the report counts too. The scan's schema gets the columns that deletes compare.
pub(super) async fn plan_at(scan: Resolved, report: ScanReport, snapshot: &Snapshot) -> Result<ScanPlan> {
    let mut planner = Planner::begin(scan, report, snapshot, u64::MAX).await?;
    let deletes = planner.deletes().await?;
    finish(planner, deletes).await
}

async fn finish(mut planner: Planner, deletes: DeleteIndex) -> Result<ScanPlan> {
    let mut tasks = Vec::new();
    while let Some(task) = planner.try_next().await? {
        tasks.push(task);
    }
    let (report, mut scan) = (planner.progress().report(), planner.scan);
    scan.schema = Arc::new(with_compared(&scan.schema, &deletes.compared(), &scan.metadata)?);
    deletes.assign(&mut tasks, &scan.schema)?;
    Ok(ScanPlan { tasks, report, scan })
}

/// Begins to read, while the plan is being made.
pub(super) async fn stream(scan: Resolved) -> Result<ScanStream> {
    let (None, Some(snapshot)) = (&scan.since, scan.snapshot.clone()) else { return plan(scan).await?.stream() };
    let enough = AHEAD * scan.files_at_once() as u64;
    let mut planner = Planner::begin(scan, ScanReport::of(&snapshot), &snapshot, enough).await?;
    let deletes = planner.deletes().await?;
    // What is needed of delete files depends on all data files that are read, unless all are.
    if !deletes.is_empty() && planner.scan.filter.is_some() {
        return finish(planner, deletes).await?.stream();
    }
    let scan = &mut planner.scan;
    scan.schema = Arc::new(with_compared(&scan.schema, &deletes.compared(), &scan.metadata)?);
    let deleter = deletes.for_all(&scan.schema)?;
    planner.delete_by(deleter);
    ScanStream::new(planner)
}

/// The schema with columns that equality deletes compare and that the table has no more.
pub(super) fn with_compared(schema: &Schema, compared: &BTreeSet<i32>, metadata: &TableMetadata) -> Result<Schema> {
    let mut fields = schema.fields().to_vec();
    for id in compared.iter().filter(|id| schema.field_by_id(**id).is_none()) {
        let old = metadata.schemas.iter().rev().find_map(|old| old.fields().iter().find(|field| field.id == *id));
        let old =
            old.ok_or_else(|| Error::unsupported(format!("equality deletes by a dropped field with the id {id}")))?;
        fields.push(NestedField { name: format!("{} (dropped, id {id})", old.name), required: false, ..old.clone() });
    }
    Schema::with_ids(schema.schema_id(), StructType { fields })
}
