use std::sync::Arc;

use crate::expr::{Both, BoundPredicate, FileStats, PartitionStats, might_match, must_match};
use crate::scan::{ScanReport, ScanTask};
use crate::spec::{Manifest, ManifestEntry, ManifestFile, PartitionSpec, Schema, TableMetadata};

/// Decides what a scan need not read. Pure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pruner<'a> {
    /// Bound to the schema; `None` for every row.
    pub(crate) filter: Option<&'a BoundPredicate>,
    pub(crate) schema: &'a Schema,
    pub(crate) metadata: &'a TableMetadata,
}

impl Pruner<'_> {
    /// Whether a manifest may list a file with a row that matches, by its partition summaries. Of a manifest of delete
    /// files: whether it may list one that applies to such a file by its partition.
    pub(crate) fn manifest_might_match(&self, manifest: &ManifestFile) -> bool {
        let Some(filter) = self.filter else { return true };
        let Ok(spec) = self.metadata.partition_spec(manifest.partition_spec_id) else { return true };
        let summaries = manifest.partitions.as_deref().unwrap_or_default();
        might_match(filter, &PartitionStats::of_manifest(spec, summaries, self.schema))
    }

    /// The task of reading a data file of a manifest; `None` if it cannot hold a row that matches. The report takes note.
    pub(crate) fn task(
        &self,
        file: &ManifestFile,
        manifest: &Manifest,
        entry: &ManifestEntry,
        report: &mut ScanReport,
    ) -> Option<ScanTask> {
        let (spec, data_file) = (self.spec(file, manifest), &entry.data_file);
        let sequence_number = entry.sequence_number.unwrap_or(0);
        let task = |all_match| {
            let task = ScanTask::new(data_file.clone(), sequence_number, spec.clone());
            Some(ScanTask { all_match, ..task })
        };
        report.files += 1;
        let Some(filter) = self.filter else { return task(false) };
        // The values are in the order of the manifest's own spec. Where the table has another of that id, none is trusted.
        let values = if same(spec, &manifest.partition_spec) { data_file.partition.as_slice() } else { &[] };
        let partition = PartitionStats::of_file(spec, values, self.schema, data_file.metrics.record_count);
        let metrics = FileStats::new(&data_file.metrics, self.schema);
        if !might_match(filter, &partition) {
            report.files_skipped_by_partition += 1;
        } else if !might_match(filter, &Both(&partition, &metrics)) {
            report.files_skipped_by_metrics += 1;
        } else {
            // Metrics are not asked: where they are wrong, rows would be.
            return task(must_match(filter, &partition));
        }
        report.files_skipped += 1;
        None
    }

    /// The partition spec of a manifest's files.
    pub(crate) fn spec<'m>(&'m self, file: &ManifestFile, manifest: &'m Manifest) -> &'m Arc<PartitionSpec> {
        self.metadata.partition_spec(file.partition_spec_id).unwrap_or(&manifest.partition_spec)
    }
}

fn same(a: &PartitionSpec, b: &PartitionSpec) -> bool {
    let equal = a.fields.iter().zip(&b.fields).all(|(a, b)| a.source_id == b.source_id && a.transform == b.transform);
    equal && a.fields.len() == b.fields.len()
}
