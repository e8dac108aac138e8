use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use crate::avro;
use crate::catalog::TableHandle;
use crate::error::Result;
use crate::spec::{
    DataContent, DataFile, EntryStatus, FieldSummary, Manifest, ManifestContent, ManifestEntry, ManifestFile, Schema,
    TableMetadata,
};
use crate::write::PreparedFile;

/// A manifest that is encoded, and what its place in the list says of it. One that only adds files does not depend on the
/// version that it is committed on.
#[derive(Clone, Debug)]
pub(crate) struct NewManifest {
    pub(super) file: ManifestFile,
    pub(super) key: String,
    pub(super) bytes: Bytes,
}

impl NewManifest {
    /// Of files to add: one for each partition spec, of data and of deletes.
    pub(super) fn all_adding(
        table: &TableHandle,
        metadata: &TableMetadata,
        schema: &Arc<Schema>,
        files: &[PreparedFile],
    ) -> Result<Vec<Self>> {
        let mut groups: BTreeMap<(i32, bool), Vec<&DataFile>> = BTreeMap::new();
        for PreparedFile { spec_id, data_file, .. } in files {
            groups.entry((*spec_id, data_file.content == DataContent::Data)).or_default().push(data_file);
        }
        let adding = groups.into_iter().map(|((spec_id, is_data), files)| {
            let spec = metadata.partition_spec(spec_id)?.clone();
            // Of an old spec's values the types are those of columns that may be gone.
            let has_sources = |schema: &&Arc<Schema>| spec.has_sources(schema);
            let newest_first = std::iter::once(schema).chain(metadata.schemas.iter().rev());
            let schema = newest_first.into_iter().find(has_sources).unwrap_or(schema).clone();
            let content = if is_data { ManifestContent::Data } else { ManifestContent::Deletes };
            // Where rows begin to be counted is for the list to say, whatever they were elsewhere.
            let files = files.into_iter().map(|file| DataFile { first_row_id: None, ..file.clone() });
            let entries = files.map(ManifestEntry::added).collect();
            let manifest = Manifest { schema, partition_spec: spec, content, entries };
            Self::new(table, manifest, metadata.format_version, 0)
        });
        adding.collect()
    }

    /// Of another manifest whose entries have inherited what they leave out, without the files that `is_removed`: these are
    /// marked as removed by the snapshot.
    pub(super) fn without(
        table: &TableHandle,
        manifest: &Manifest,
        format_version: i32,
        snapshot_id: i64,
        is_removed: impl Fn(&DataFile) -> bool,
    ) -> Result<Self> {
        let live = manifest.entries.iter().filter(|entry| entry.status != EntryStatus::Deleted);
        let entries = live.map(|entry| match is_removed(&entry.data_file) {
            true => ManifestEntry { status: EntryStatus::Deleted, snapshot_id: Some(snapshot_id), ..entry.clone() },
            false => ManifestEntry { status: EntryStatus::Existing, ..entry.clone() },
        });
        let manifest = Manifest { entries: entries.collect(), ..manifest.clone() };
        let left = manifest.entries.iter().filter(|entry| entry.status == EntryStatus::Existing);
        let least = left.filter_map(|entry| entry.sequence_number).min();
        Self::new(table, manifest, format_version, least.unwrap_or(i64::MAX))
    }

    fn new(table: &TableHandle, manifest: Manifest, format_version: i32, min_sequence_number: i64) -> Result<Self> {
        let bytes: Bytes = avro::encode_manifest(&manifest, format_version, table.runtime.random())?.into();
        let relative = format!("metadata/{}-m0.avro", table.unique());
        let uri = table.location.uri(&relative);
        let file = ManifestFile {
            // Where it adds files, the commit's, which is filled in when it is built.
            min_sequence_number,
            // Spark's table of manifests fails where this is left out.
            partitions: Some(summaries(&manifest)),
            ..ManifestFile::of(&manifest, &uri, bytes.len() as u64)
        };
        Ok(Self { file, key: table.location.key(&relative), bytes })
    }
}

/// What the list says of the partitions of a manifest's files (spec: `field_summary`).
fn summaries(manifest: &Manifest) -> Vec<FieldSummary> {
    let fields = manifest.partition_spec.fields.iter().enumerate();
    let summary = fields.map(|(at, _)| {
        let values = || manifest.entries.iter().map(|entry| entry.data_file.partition.get(at).and_then(Option::as_ref));
        let comparable = || values().flatten().filter(|value| !value.is_nan());
        let least = comparable().reduce(|a, b| if b.compare(a).is_some_and(|order| order.is_lt()) { b } else { a });
        let most = comparable().reduce(|a, b| if b.compare(a).is_some_and(|order| order.is_gt()) { b } else { a });
        FieldSummary {
            contains_null: values().any(|value| value.is_none()),
            contains_nan: Some(values().flatten().any(|value| value.is_nan())),
            lower_bound: least.map(|value| value.to_bytes()),
            upper_bound: most.map(|value| value.to_bytes()),
        }
    });
    summary.collect()
}
