use std::sync::Arc;

use bytes::Bytes;
use serde_json::Map;

use crate::avro;
use crate::catalog::{Head, TableHandle};
use crate::error::{Error, Result};
use crate::read::Manifests;
use crate::runtime::Runtime;
use crate::spec::{
    DataContent, DataFile, EntryStatus, ManifestContent, ManifestFile, ManifestSource, Snapshot, Summary,
    TableMetadata, Totals, properties,
};

/// The next version of a table, and the manifest list that it refers to.
#[derive(Clone, Debug)]
pub(super) struct Next {
    pub(super) metadata: Arc<TableMetadata>,
    pub(super) list: Arc<Vec<ManifestFile>>,
    pub(super) list_uri: String,
    pub(super) list_key: String,
    pub(super) list_bytes: Bytes,
    pub(super) list_size: u64,
}

/// By what a commit is known.
pub(super) struct Ids<'a> {
    pub(super) snapshot_id: i64,
    pub(super) commit_id: &'a str,
    /// The idempotency keys of its appends.
    pub(super) keys: Option<String>,
}

/// A random positive snapshot id.
pub(super) fn snapshot_id(runtime: &dyn Runtime) -> i64 {
    ((runtime.random() as u64 >> 1) as i64).max(1)
}

/// The version after `base` in which `files`, listed in `manifest`, are appended. Reads what is not known yet of `base`,
/// writes nothing.
pub(super) async fn build<'a>(
    table: &TableHandle,
    manifests: &Manifests,
    base: &Head,
    manifest: Option<ManifestFile>,
    files: impl Iterator<Item = &'a DataFile>,
    Ids { snapshot_id, commit_id, keys }: Ids<'_>,
) -> Result<Next> {
    let metadata = &base.metadata;
    let parent = metadata.current_snapshot();
    let before = match parent {
        Some(snapshot) => manifests.list(table, snapshot).await?.0,
        None => Arc::default(),
    };
    let totals = match parent {
        None => Totals::default(),
        Some(snapshot) => match snapshot.summary.totals() {
            Some(totals) => totals,
            None => count(table, manifests, &before).await?,
        },
    };
    let sequence_number = metadata.last_sequence_number.saturating_add(1);
    let manifest = manifest.map(|manifest| ManifestFile {
        sequence_number,
        min_sequence_number: sequence_number,
        added_snapshot_id: snapshot_id,
        ..manifest
    });
    // The list to write cannot leave them out, and 0 would have readers pass over live files.
    if before.iter().any(|file| file.added_files_count.is_none() || file.existing_files_count.is_none()) {
        return Err(Error::unsupported(
            "writing after a manifest list that does not count its files (format version 1)",
        ));
    }
    // The newest first, as other writers have it.
    let list: Vec<_> = manifest.into_iter().chain(before.iter().cloned()).collect();
    let marker = table.runtime.random();
    let parent_id = parent.map(|snapshot| snapshot.snapshot_id);
    let bytes = avro::encode_manifest_list(&list, snapshot_id, parent_id, sequence_number, marker)?;
    let relative = format!("metadata/snap-{snapshot_id}-1-{}.avro", table.unique());

    let base_file = table.location.uri(&format!("metadata/{}", base.file_name()));
    let mut next = metadata.successor(base_file, table.now())?;
    let mut summary = Summary::append(files, totals);
    let engine = [
        ("engine-name", "datashard"),
        ("engine-version", env!("CARGO_PKG_VERSION")),
        (properties::COMMIT_ID, commit_id),
    ];
    summary.properties.extend(engine.map(|(key, value)| (key.to_owned(), value.to_owned())));
    if let Some(keys) = keys {
        summary.properties.insert(properties::IDEMPOTENCY_KEYS.into(), keys);
    }
    next.properties.insert(properties::COMMIT_ID.into(), commit_id.to_owned());
    next.properties.insert(properties::PROVED.into(), "honoured".into());
    next.properties.insert(properties::PYTHON_COMPACTION_THRESHOLD.into(), "0".into());
    next.add_snapshot(Snapshot {
        snapshot_id,
        parent_snapshot_id: parent_id,
        sequence_number,
        timestamp: next.last_updated,
        manifests: ManifestSource::List(table.location.uri(&relative)),
        summary,
        schema_id: Some(metadata.current_schema_id),
        first_row_id: None,
        added_rows: None,
        extra: Map::new(),
    })?;
    Ok(Next {
        metadata: Arc::new(next),
        list: Arc::new(list),
        list_uri: table.location.uri(&relative),
        list_key: table.location.key(&relative),
        list_size: bytes.len() as u64,
        list_bytes: bytes.into(),
    })
}

/// The totals of a snapshot whose writer left some out of its summary.
async fn count(table: &TableHandle, manifests: &Manifests, list: &[ManifestFile]) -> Result<Totals> {
    let mut totals = Totals::default();
    for file in list.iter().filter(|file| file.has_live_files()) {
        let (manifest, _) = manifests.manifest(table, file).await?;
        for entry in manifest.entries.iter().filter(|entry| entry.status != EntryStatus::Deleted) {
            let data_file = &entry.data_file;
            totals.files_size += data_file.file_size_in_bytes;
            let rows = data_file.metrics.record_count;
            match (file.content, data_file.content) {
                (ManifestContent::Data, _) | (_, DataContent::Data) => {
                    totals.data_files += 1;
                    totals.records += rows;
                }
                (_, DataContent::PositionDeletes) => {
                    totals.delete_files += 1;
                    totals.position_deletes += rows;
                }
                (_, DataContent::EqualityDeletes) => {
                    totals.delete_files += 1;
                    totals.equality_deletes += rows;
                }
            }
        }
    }
    Ok(totals)
}
