use std::collections::BTreeSet;
use std::sync::Arc;

use futures::StreamExt;
use futures::stream;

use crate::error::{Error, Result};
use crate::read::{Cost, check_format};
use crate::runtime::BoxFuture;
use crate::scan::builder::{Resolved, Source};
use crate::scan::delete_index::DeleteIndex;
use crate::scan::prune::{Pruner, Ruled};
use crate::scan::{ScanReport, ScanTask};
use crate::spec::{DataContent, EntryStatus, Manifest, ManifestFile, NestedField, Schema, StructType, TableMetadata};

/// How many manifests are read at a time.
const CONCURRENCY: usize = 8;

/// Which files a scan reads.
#[derive(Clone, Debug)]
pub struct ScanPlan {
    /// The files.
    pub tasks: Vec<ScanTask>,
    /// What planning cost, and what it ruled out.
    pub report: ScanReport,
    /// The columns that rows are read with: the scan's, and those that deletes compare.
    pub(super) schema: Arc<Schema>,
}

/// Manifest list, manifests, data files: what cannot hold a row of the answer is left out at each level.
pub(super) async fn plan(scan: &Resolved) -> Result<ScanPlan> {
    let mut plan = ScanPlan { tasks: Vec::new(), schema: scan.schema.clone(), report: ScanReport::default() };
    let Some(snapshot) = &scan.snapshot else { return Ok(plan) };
    let report = &mut plan.report;
    report.snapshot_id = Some(snapshot.snapshot_id);
    let source = &scan.source;
    let (list, cost) = source.manifests.list(&source.handle, snapshot).await?;
    report.requests += cost.requests;
    report.bytes += cost.bytes;
    report.manifests = list.len() as u64;
    let pruner = Pruner { filter: scan.filter.as_ref(), schema: &scan.schema, metadata: &scan.metadata };
    let mut live: Vec<_> = list.iter().filter(|manifest| manifest.has_live_files()).collect();
    let listed = live.len();
    live.retain(|manifest| pruner.manifest_might_match(manifest));
    report.manifests_skipped = (list.len() - live.len()) as u64;
    report.manifests_skipped_by_partition = (listed - live.len()) as u64;
    let mut deletes = DeleteIndex::default();
    let reads: Vec<_> = live.into_iter().map(|file| read(source, file)).collect();
    let mut reads = stream::iter(reads).buffered(CONCURRENCY);
    while let Some(read) = reads.next().await {
        let (file, manifest, cost) = read?;
        report.requests += cost.requests;
        report.bytes += cost.bytes;
        let partition_spec = match scan.metadata.partition_spec(file.partition_spec_id) {
            Ok(spec) => spec.clone(),
            Err(_) => manifest.partition_spec.clone(),
        };
        for entry in manifest.entries.iter().filter(|entry| entry.status != EntryStatus::Deleted) {
            let data_file = &entry.data_file;
            let sequence_number = entry.sequence_number.unwrap_or(0);
            if data_file.content != DataContent::Data {
                deletes.add(data_file, sequence_number, &partition_spec)?;
                continue;
            }
            check_format(data_file)?;
            report.files += 1;
            let by = match pruner.file(file, &manifest, data_file) {
                Ruled::In => None,
                Ruled::OutByPartition => Some(&mut report.files_skipped_by_partition),
                Ruled::OutByMetrics => Some(&mut report.files_skipped_by_metrics),
            };
            if let Some(by) = by {
                *by += 1;
                report.files_skipped += 1;
                continue;
            }
            plan.tasks.push(ScanTask {
                data_file: data_file.clone(),
                sequence_number,
                partition_spec: partition_spec.clone(),
                positions: Vec::new(),
                equality: Vec::new(),
            });
        }
    }
    plan.schema = Arc::new(with_compared(&scan.schema, &deletes.compared(), &scan.metadata)?);
    deletes.assign(&mut plan.tasks, &plan.schema)?;
    Ok(plan)
}

/// The schema with columns that equality deletes compare and that the table has no more.
fn with_compared(schema: &Schema, compared: &BTreeSet<i32>, metadata: &TableMetadata) -> Result<Schema> {
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

fn read<'a>(source: &'a Source, file: &'a ManifestFile) -> BoxFuture<'a, ManifestRead<'a>> {
    Box::pin(async move {
        let (manifest, cost) = source.manifests.manifest(&source.handle, file).await?;
        Ok((file, manifest, cost))
    })
}
