use std::sync::Arc;

use futures::StreamExt;
use futures::stream;

use crate::error::{Error, Result};
use crate::expr::{FileStats, might_match};
use crate::read::Cost;
use crate::runtime::BoxFuture;
use crate::scan::builder::{Resolved, Source};
use crate::scan::{ScanReport, ScanTask};
use crate::spec::{DataContent, EntryStatus, Manifest, ManifestContent, ManifestFile};

/// How many manifests are read at a time.
const CONCURRENCY: usize = 8;

/// Which files a scan reads.
#[derive(Clone, Debug)]
pub struct ScanPlan {
    /// The files.
    pub tasks: Vec<ScanTask>,
    /// What planning cost, and what it ruled out.
    pub report: ScanReport,
}

/// Manifest list, manifests, data files: what cannot hold a row of the answer is left out at each level.
pub(super) async fn plan(scan: &Resolved) -> Result<ScanPlan> {
    let mut plan = ScanPlan { tasks: Vec::new(), report: ScanReport::default() };
    let Some(snapshot) = &scan.snapshot else { return Ok(plan) };
    let report = &mut plan.report;
    report.snapshot_id = Some(snapshot.snapshot_id);
    let source = &scan.source;
    let (list, cost) = source.manifests.list(&source.handle, snapshot).await?;
    report.requests += cost.requests;
    report.bytes += cost.bytes;
    report.manifests = list.len() as u64;
    let live: Vec<_> = list.iter().filter(|manifest| manifest.has_live_files()).collect();
    report.manifests_skipped = (list.len() - live.len()) as u64;
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
            if file.content == ManifestContent::Deletes || data_file.content != DataContent::Data {
                return Err(Error::unsupported(format!(
                    "snapshot {} has delete files ({}), which are not applied yet",
                    snapshot.snapshot_id, data_file.file_path
                )));
            }
            if data_file.file_format != "PARQUET" {
                let message = format!("data files of the format {} ({})", data_file.file_format, data_file.file_path);
                return Err(Error::unsupported(message));
            }
            if data_file.key_metadata.is_some() {
                return Err(Error::unsupported(format!("the encrypted data file {}", data_file.file_path)));
            }
            report.files += 1;
            let stats = FileStats::new(&data_file.metrics, &scan.schema);
            if scan.filter.as_ref().is_some_and(|filter| !might_match(filter, &stats)) {
                report.files_skipped += 1;
                continue;
            }
            plan.tasks.push(ScanTask {
                data_file: data_file.clone(),
                sequence_number: entry.sequence_number.unwrap_or(0),
                partition_spec: partition_spec.clone(),
            });
        }
    }
    Ok(plan)
}

type ManifestRead<'a> = Result<(&'a ManifestFile, Arc<Manifest>, Cost)>;

fn read<'a>(source: &'a Source, file: &'a ManifestFile) -> BoxFuture<'a, ManifestRead<'a>> {
    Box::pin(async move {
        let (manifest, cost) = source.manifests.manifest(&source.handle, file).await?;
        Ok((file, manifest, cost))
    })
}
