use crate::expr::{Both, BoundPredicate, FileStats, PartitionStats, might_match};
use crate::scan::ScanReport;
use crate::spec::{DataFile, Manifest, ManifestFile, PartitionSpec, Schema, TableMetadata};

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

    /// Whether a data file of a manifest can hold a row that matches. The report takes note of the file.
    pub(crate) fn file_might_match(
        &self,
        file: &ManifestFile,
        manifest: &Manifest,
        data_file: &DataFile,
        report: &mut ScanReport,
    ) -> bool {
        report.files += 1;
        let Some(filter) = self.filter else { return true };
        let partition = self.partition(file, manifest, data_file);
        let metrics = FileStats::new(&data_file.metrics, self.schema);
        if !might_match(filter, &partition) {
            report.files_skipped_by_partition += 1;
        } else if !might_match(filter, &Both(&partition, &metrics)) {
            report.files_skipped_by_metrics += 1;
        } else {
            return true;
        }
        report.files_skipped += 1;
        false
    }

    /// What the partition of a file of a manifest tells of its rows.
    fn partition<'m>(&self, file: &ManifestFile, manifest: &'m Manifest, data_file: &DataFile) -> PartitionStats<'m> {
        // The values are in the order of the manifest's own spec. Where the table has another of that id, none is trusted.
        let of_table = self.metadata.partition_spec(file.partition_spec_id);
        let agreed = of_table.map_or(true, |of_table| same(of_table, &manifest.partition_spec));
        let values = if agreed { data_file.partition.as_slice() } else { &[] };
        PartitionStats::of_file(&manifest.partition_spec, values, self.schema, data_file.metrics.record_count)
    }
}

fn same(a: &PartitionSpec, b: &PartitionSpec) -> bool {
    let equal = a.fields.iter().zip(&b.fields).all(|(a, b)| a.source_id == b.source_id && a.transform == b.transform);
    equal && a.fields.len() == b.fields.len()
}
