use apache_avro::schema::Schema as AvroSchema;
use apache_avro::types::Value as Avro;

use crate::avro::record::{Record, wrong};
use crate::avro::{container, manifest_schema};
use crate::error::{Result, ResultExt};
use crate::spec::{FieldSummary, ManifestContent, ManifestFile};

/// The bytes of a manifest list of format version 2 or, of a snapshot that has a first row id, 3; `marker` is random.
pub(crate) fn encode_manifest_list(
    manifests: &[ManifestFile],
    snapshot_id: i64,
    parent_snapshot_id: Option<i64>,
    sequence_number: i64,
    first_row_id: Option<i64>,
    marker: u128,
) -> Result<Vec<u8>> {
    let parent = parent_snapshot_id.map_or_else(|| "null".to_owned(), |id| id.to_string());
    let mut metadata = vec![
        ("snapshot-id", snapshot_id.to_string()),
        ("parent-snapshot-id", parent),
        ("sequence-number", sequence_number.to_string()),
        ("format-version", if first_row_id.is_some() { "3" } else { "2" }.to_owned()),
    ];
    metadata.extend(first_row_id.map(|id| ("first-row-id", id.to_string())));
    let v3 = first_row_id.is_some();
    let entries = manifests.iter().map(|manifest| encode_entry(manifest, v3)).collect();
    container::write(&manifest_schema::manifest_file(v3), &metadata, entries, marker)
}

/// A manifest list of any format version.
pub(crate) fn decode_manifest_list(bytes: &[u8]) -> Result<Vec<ManifestFile>> {
    let container = container::read(bytes)?;
    container.decode(|i, value| decode_entry(&container.schema, value).context(|| format!("entry {i}")))
}

fn encode_entry(manifest: &ManifestFile, v3: bool) -> Avro {
    let nullable = |value: Option<Avro>| match value {
        None => Avro::Union(0, Box::new(Avro::Null)),
        Some(value) => Avro::Union(1, Box::new(value)),
    };
    let record = |fields: Vec<(&str, Avro)>| {
        Avro::Record(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    };
    let long = |value: u64| Avro::Long(i64::try_from(value).unwrap_or(i64::MAX));
    let int = |value: Option<u32>| Avro::Int(i32::try_from(value.unwrap_or(0)).unwrap_or(i32::MAX));
    let summary = |summary: &FieldSummary| {
        record(vec![
            ("contains_null", Avro::Boolean(summary.contains_null)),
            ("contains_nan", nullable(summary.contains_nan.map(Avro::Boolean))),
            ("lower_bound", nullable(summary.lower_bound.clone().map(Avro::Bytes))),
            ("upper_bound", nullable(summary.upper_bound.clone().map(Avro::Bytes))),
        ])
    };
    let summaries = manifest.partitions.as_ref().map(|all| Avro::Array(all.iter().map(summary).collect()));
    let content = match manifest.content {
        ManifestContent::Data => 0,
        ManifestContent::Deletes => 1,
    };
    let mut fields = vec![
        ("manifest_path", Avro::String(manifest.manifest_path.clone())),
        ("manifest_length", long(manifest.manifest_length)),
        ("partition_spec_id", Avro::Int(manifest.partition_spec_id)),
        ("content", Avro::Int(content)),
        ("sequence_number", Avro::Long(manifest.sequence_number)),
        ("min_sequence_number", Avro::Long(manifest.min_sequence_number)),
        ("added_snapshot_id", Avro::Long(manifest.added_snapshot_id)),
        ("added_files_count", int(manifest.added_files_count)),
        ("existing_files_count", int(manifest.existing_files_count)),
        ("deleted_files_count", int(manifest.deleted_files_count)),
        ("added_rows_count", long(manifest.added_rows_count.unwrap_or(0))),
        ("existing_rows_count", long(manifest.existing_rows_count.unwrap_or(0))),
        ("deleted_rows_count", long(manifest.deleted_rows_count.unwrap_or(0))),
        ("partitions", nullable(summaries)),
        ("key_metadata", nullable(manifest.key_metadata.clone().map(Avro::Bytes))),
    ];
    if v3 {
        fields.push(("first_row_id", nullable(manifest.first_row_id.map(Avro::Long))));
    }
    record(fields)
}

fn decode_entry(schema: &AvroSchema, value: Avro) -> Result<ManifestFile> {
    let mut fields = Record::new(schema, value)?;
    let content = match fields.optional_i64(517, "content")?.unwrap_or(0) {
        0 => ManifestContent::Data,
        1 => ManifestContent::Deletes,
        other => return Err(wrong("content", &format!("0 or 1, not {other}"))),
    };
    let mut count = |id: i32, name: &str, old: &str| -> Result<Option<u32>> {
        // Older writers, and some of today's, spell `..._data_files_count`.
        let value = match fields.optional_i64(id, name)? {
            None => fields.optional_i64(id, old)?,
            value => value,
        };
        Ok(value.and_then(|value| u32::try_from(value).ok()))
    };
    let added_files_count = count(504, "added_files_count", "added_data_files_count")?;
    let existing_files_count = count(505, "existing_files_count", "existing_data_files_count")?;
    let deleted_files_count = count(506, "deleted_files_count", "deleted_data_files_count")?;
    let sequence_number = fields.optional_i64(515, "sequence_number")?.unwrap_or(0);
    let mut rows = |id: i32, name: &str| -> Result<Option<u64>> {
        Ok(fields.optional_i64(id, name)?.and_then(|value| u64::try_from(value).ok()))
    };
    let added_rows_count = rows(512, "added_rows_count")?;
    let existing_rows_count = rows(513, "existing_rows_count")?;
    let deleted_rows_count = rows(514, "deleted_rows_count")?;
    let summary = |(schema, value)| {
        let mut summary = Record::new(schema, value)?;
        Ok(FieldSummary {
            contains_null: summary.optional_bool(509, "contains_null")?.unwrap_or(true),
            contains_nan: summary.optional_bool(518, "contains_nan")?,
            lower_bound: summary.optional_bytes(510, "lower_bound")?,
            upper_bound: summary.optional_bytes(511, "upper_bound")?,
        })
    };
    let summaries = fields.optional_array(507, "partitions")?;
    Ok(ManifestFile {
        partitions: summaries.map(|all| all.into_iter().map(summary).collect::<Result<_>>()).transpose()?,
        manifest_path: fields.string(500, "manifest_path")?,
        manifest_length: fields.u64(501, "manifest_length")?,
        partition_spec_id: fields.optional_i32(502, "partition_spec_id")?.unwrap_or(0),
        content,
        sequence_number,
        min_sequence_number: fields.optional_i64(516, "min_sequence_number")?.unwrap_or(0),
        added_snapshot_id: fields.optional_i64(503, "added_snapshot_id")?.unwrap_or(0),
        added_files_count,
        existing_files_count,
        deleted_files_count,
        added_rows_count,
        existing_rows_count,
        deleted_rows_count,
        key_metadata: fields.optional_bytes(519, "key_metadata")?,
        first_row_id: fields.optional_i64(520, "first_row_id")?,
    })
}
