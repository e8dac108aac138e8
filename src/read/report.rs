/// What reading files took, and what it could leave out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ReadReport {
    pub(crate) row_groups: u64,
    pub(crate) row_groups_skipped: u64,
    pub(crate) row_groups_skipped_by_bloom_filter: u64,
    pub(crate) rows_skipped_by_pages: u64,
    pub(crate) delete_files: u64,
    pub(crate) requests: u64,
    pub(crate) bytes: u64,
}
