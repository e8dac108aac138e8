use crate::read::{Cost, ReadReport};
use crate::spec::Snapshot;

/// What a scan did, so far: what pruning saved at each level, and what was read. Of files it counts those that were looked
/// for, which are all when the last row has come, unless a limit was reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScanReport {
    /// The snapshot that was read; `None` for a table without one.
    pub snapshot_id: Option<i64>,
    /// Manifests of the snapshot.
    pub manifests: u64,
    /// Manifests that were not read, since they list no file that can match.
    pub manifests_skipped: u64,
    /// Those of them that list files, whose partition summaries show that no row matches.
    pub manifests_skipped_by_partition: u64,
    /// Data files in the manifests that were read.
    pub files: u64,
    /// Data files that were not read, since their partitions or metrics show that no row matches, or since the limit was
    /// reached.
    pub files_skipped: u64,
    /// Those of them whose partition shows that no row matches.
    pub files_skipped_by_partition: u64,
    /// Those of them whose column metrics show it, together with their partition.
    pub files_skipped_by_metrics: u64,
    /// Row groups in the files that were read.
    pub row_groups: u64,
    /// Row groups that were not read, since their statistics or Bloom filters show that no row matches.
    pub row_groups_skipped: u64,
    /// Those of them whose Bloom filters show it.
    pub row_groups_skipped_by_bloom_filter: u64,
    /// Rows that were not decoded, since the page index shows that they do not match.
    pub rows_skipped_by_pages: u64,
    /// Delete files that were read.
    pub delete_files: u64,
    /// Requests to the store.
    pub requests: u64,
    /// Bytes read from the store.
    pub bytes: u64,
    /// Rows returned.
    pub rows: u64,
}

impl ScanReport {
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        Self { snapshot_id: Some(snapshot.snapshot_id), ..Self::default() }
    }

    pub(super) fn take(&mut self, cost: Cost) {
        self.requests += cost.requests;
        self.bytes += cost.bytes;
    }

    pub(super) fn and(mut self, read: &ReadReport) -> Self {
        self.row_groups += read.row_groups;
        self.row_groups_skipped += read.row_groups_skipped;
        self.row_groups_skipped_by_bloom_filter += read.row_groups_skipped_by_bloom_filter;
        self.rows_skipped_by_pages += read.rows_skipped_by_pages;
        self.delete_files += read.delete_files;
        self.requests += read.requests;
        self.bytes += read.bytes;
        self
    }
}
