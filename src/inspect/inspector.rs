use std::sync::Arc;

use arrow_array::RecordBatch;
use serde_json::Value as Json;

use crate::catalog::Head;
use crate::error::{Error, Result};
use crate::inspect::batches::{FileBatches, read};
use crate::inspect::{files, history, manifests, metadata_log, partitions, raw, refs, snapshots};
use crate::read::Files;
use crate::scan::Source;
use crate::spec::ManifestFile;

/// What a table is made of, as record batches: Iceberg's metadata tables, with their columns and types as Spark has them.
/// Times are in microseconds (UTC). What the metadata does not say is null.
///
/// The version is fixed when this is made; what others commit meanwhile does not show.
#[derive(Clone, Debug)]
pub struct Inspect {
    pub(super) source: Source,
    pub(super) head: Head,
    snapshot_id: Option<i64>,
}

impl Inspect {
    pub(crate) fn new(source: Source) -> Self {
        let head = source.handle.head();
        Self { source, head, snapshot_id: None }
    }

    /// As of a snapshot: for [`manifests`](Self::manifests), [`files`](Self::files) and [`partitions`](Self::partitions),
    /// which show the current snapshot otherwise.
    #[must_use]
    pub fn at_snapshot(mut self, snapshot_id: i64) -> Self {
        self.snapshot_id = Some(snapshot_id);
        self
    }

    /// The snapshots that can still be read: `committed_at`, `snapshot_id`, `parent_id`, `operation`, `manifest_list`
    /// (null in v1 tables without one) and `summary`.
    pub fn snapshots(&self) -> Result<RecordBatch> {
        snapshots::snapshots(&self.head.metadata)
    }

    /// Which snapshot became the current one when: `made_current_at`, `snapshot_id`, `parent_id`, `is_current_ancestor`.
    pub fn history(&self) -> Result<RecordBatch> {
        history::history(&self.head.metadata)
    }

    /// Branches and tags: `name`, `type` (`BRANCH` or `TAG`), `snapshot_id`, `max_reference_age_in_ms`,
    /// `min_snapshots_to_keep`, `max_snapshot_age_in_ms`.
    pub fn refs(&self) -> Result<RecordBatch> {
        refs::refs(&self.head.metadata)
    }

    /// The metadata files that are known, the current one last: `timestamp`, `file` (null for the current one of a table
    /// whose files have no version numbers), and of the snapshot that was current then `latest_snapshot_id`,
    /// `latest_schema_id` and `latest_sequence_number`.
    pub fn metadata_log(&self) -> Result<RecordBatch> {
        let name = self.head.file_name();
        let current = (!name.is_empty()).then(|| self.source.handle.location.uri(&format!("metadata/{name}")));
        metadata_log::metadata_log(&self.head.metadata, current)
    }

    /// The manifests of the snapshot: `content` (0 data, 1 deletes), `path`, `length`, `partition_spec_id`,
    /// `added_snapshot_id`, how many data and delete files of each status, and `partition_summaries`, whose bounds are
    /// text. One request.
    ///
    /// Fails with [`NotFound`](crate::ErrorKind::NotFound) if there is no such snapshot.
    pub async fn manifests(&self) -> Result<RecordBatch> {
        manifests::manifests(&self.head.metadata, &self.list().await?)
    }

    /// The live data and delete files of the snapshot, as batches of about a manifest each: `content` (0 data, 1 position
    /// deletes, 2 equality deletes), `file_path`, `file_format`, `spec_id`, `partition`, `record_count`,
    /// `file_size_in_bytes`, metrics and bounds (in binary form) by field id, `key_metadata`, `split_offsets`,
    /// `equality_ids`, `sort_order_id`, `first_row_id`, `referenced_data_file`, `content_offset`,
    /// `content_size_in_bytes`, and `readable_metrics`: the same metrics and bounds by the names of the table's columns.
    /// Maps and lists without elements are null.
    ///
    /// `partition` is a struct of the fields of all of the table's partition specs, and is left out if there are none. A
    /// field whose type is not known, or that is not the same in all specs, is text.
    ///
    /// Fails with [`NotFound`](crate::ErrorKind::NotFound) if there is no such snapshot.
    pub async fn files(&self) -> Result<FileBatches> {
        files::files(&self.head.metadata, read(&self.source, &self.list().await?))
    }

    /// The partitions of the snapshot: `partition` and `spec_id` (as in [`files`](Self::files), and left out as there),
    /// how many records, files and bytes of data, how many records and files of deletes, and which snapshot was the last
    /// to add a file, if it is still known: `last_updated_at`, `last_updated_snapshot_id`. Reads every manifest.
    ///
    /// Fails with [`NotFound`](crate::ErrorKind::NotFound) if there is no such snapshot.
    pub async fn partitions(&self) -> Result<RecordBatch> {
        partitions::partitions(&self.head.metadata, read(&self.source, &self.list().await?)).await
    }

    /// What the footer of a Parquet file of the table says: columns, row groups, encodings, sizes, statistics.
    ///
    /// Fails with [`NotFound`](crate::ErrorKind::NotFound) if there is no such file, and without a request if the path is
    /// none of the table's.
    pub async fn parquet_footer(&self, path: &str) -> Result<Json> {
        raw::footer(&Files::new(self.source.handle.clone()), path, self.head.metadata.current_schema()?).await
    }

    /// A manifest or a manifest list as it is: its properties and its entries. Bytes are in Base64.
    ///
    /// Fails as [`parquet_footer`](Self::parquet_footer) does, and with [`Unsupported`](crate::ErrorKind::Unsupported) on
    /// one of more than 16 MiB.
    pub async fn manifest_json(&self, path: &str) -> Result<Json> {
        raw::avro(&Files::new(self.source.handle.clone()), path).await
    }

    async fn list(&self) -> Result<Arc<Vec<ManifestFile>>> {
        let metadata = &self.head.metadata;
        let snapshot = match self.snapshot_id {
            None => metadata.current_snapshot(),
            Some(id) => Some(metadata.snapshot(id).ok_or_else(|| {
                Error::not_found(format!("the table `{}` has no snapshot {id}", self.source.handle.name))
            })?),
        };
        let Some(snapshot) = snapshot else { return Ok(Arc::default()) };
        let (list, _) = self.source.manifests.list(&self.source.handle, snapshot).await?;
        Ok(list)
    }
}
