use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use futures::StreamExt;
use futures::stream;

use crate::error::{Error, Result};
use crate::read::{Cost, check_format};
use crate::runtime::BoxFuture;
use crate::scan::builder::{Resolved, Source};
use crate::scan::delete_index::{DeleteIndex, partition_key};
use crate::scan::incremental;
use crate::scan::prune::Pruner;
use crate::scan::{ScanReport, ScanStream, ScanTask};
use crate::spec::{
    DataContent, EntryStatus, Manifest, ManifestFile, NestedField, PartitionSpec, Schema, Snapshot, StructType,
    TableMetadata, Value,
};

/// How many manifests are read at a time.
pub(super) const CONCURRENCY: usize = 8;

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
        ScanStream::new(self)
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
        (None, Some(snapshot)) => {
            let mut plan = ScanPlan::empty(scan);
            plan.report.snapshot_id = Some(snapshot.snapshot_id);
            plan.tasks = files_of(&mut plan.scan, &mut plan.report, &snapshot).await?;
            Ok(plan)
        }
        (None, None) => Ok(ScanPlan::empty(scan)),
    }
}

/// The files of a snapshot. Manifest list, manifests, data files: what cannot hold a row of the answer is left out at each
/// level. The scan's schema gets the columns that deletes compare.
pub(super) async fn files_of(
    scan: &mut Resolved,
    report: &mut ScanReport,
    snapshot: &Snapshot,
) -> Result<Vec<ScanTask>> {
    let mut tasks = Vec::new();
    let source = &scan.source;
    let (list, cost) = source.manifests.list(&source.handle, snapshot).await?;
    report.requests += cost.requests;
    report.bytes += cost.bytes;
    report.manifests += list.len() as u64;
    let pruner = Pruner { filter: scan.filter.as_ref(), schema: &scan.schema, metadata: &scan.metadata };
    let mut live: Vec<_> = list.iter().filter(|manifest| manifest.has_live_files()).collect();
    let listed = live.len();
    live.retain(|manifest| pruner.manifest_might_match(manifest));
    report.manifests_skipped += (list.len() - live.len()) as u64;
    report.manifests_skipped_by_partition += (listed - live.len()) as u64;
    let mut deletes = DeleteIndex::default();
    let reads: Vec<_> = live.into_iter().map(|file| read(source, file)).collect();
    let mut reads = stream::iter(reads).buffered(CONCURRENCY);
    while let Some(read) = reads.next().await {
        let (file, manifest, cost) = read?;
        report.requests += cost.requests;
        report.bytes += cost.bytes;
        let path: Arc<str> = file.manifest_path.as_str().into();
        for entry in manifest.entries.iter().filter(|entry| entry.status != EntryStatus::Deleted) {
            let data_file = &entry.data_file;
            if data_file.content != DataContent::Data {
                deletes.add(data_file, entry.sequence_number.unwrap_or(0), pruner.spec(file, &manifest))?;
                continue;
            }
            check_format(data_file)?;
            let task = pruner.task(file, &manifest, entry, report);
            tasks.extend(task.map(|task| ScanTask { manifest: path.clone(), ..task }));
        }
    }
    drop(reads);
    scan.schema = Arc::new(with_compared(&scan.schema, &deletes.compared(), &scan.metadata)?);
    deletes.assign(&mut tasks, &scan.schema)?;
    Ok(tasks)
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

type ManifestRead<'a> = Result<(&'a ManifestFile, Arc<Manifest>, Cost)>;

pub(super) fn read<'a>(source: &'a Source, file: &'a ManifestFile) -> BoxFuture<'a, ManifestRead<'a>> {
    Box::pin(async move {
        let (manifest, cost) = source.manifests.manifest(&source.handle, file).await?;
        Ok((file, manifest, cost))
    })
}
