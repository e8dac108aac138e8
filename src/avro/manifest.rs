use std::collections::BTreeMap;
use std::sync::Arc;

use apache_avro::schema::Schema as AvroSchema;
use apache_avro::types::Value as Avro;
use serde_json::Value as Json;

use crate::avro::container;
use crate::avro::manifest_schema;
use crate::avro::record::{Record, Typed, missing, wrong};
use crate::error::{Error, Result, ResultExt};
use crate::spec::{
    DataContent, DataFile, EntryStatus, Manifest, ManifestContent, ManifestEntry, Metrics, PartitionSpec,
    PrimitiveType, Schema, Transform, Value, ordered, try_ordered,
};

/// The bytes of a manifest of format version 2 or 3; `marker` is random.
pub(crate) fn encode_manifest(manifest: &Manifest, format_version: i32, marker: u128) -> Result<Vec<u8>> {
    let (schema, spec) = (&manifest.schema, &manifest.partition_spec);
    let content = match manifest.content {
        ManifestContent::Data => "data",
        ManifestContent::Deletes => "deletes",
    };
    let metadata = [
        ("schema", schema.to_json().to_string()),
        ("schema-id", schema.schema_id().to_string()),
        ("partition-spec", spec.fields_to_json().to_string()),
        ("partition-spec-id", spec.spec_id.to_string()),
        ("format-version", format_version.to_string()),
        ("content", content.to_owned()),
    ];
    let v3 = format_version > 2;
    let avro_schema = manifest_schema::manifest_entry(spec, schema, v3)?;
    let entries = manifest.entries.iter().map(|entry| encode_entry(entry, spec, schema, v3)).collect::<Result<_>>()?;
    container::write(&avro_schema, &metadata, entries, marker)
}

/// A manifest of any format version. Entries are as they stand: what they leave out is inherited from the list.
pub(crate) fn decode_manifest(bytes: &[u8]) -> Result<Manifest> {
    let container = container::read(bytes)?;
    let text = |key: &str| {
        let bytes = container.metadata.get(key)?;
        std::str::from_utf8(bytes).ok()
    };
    let json = |key: &str| -> Result<Json> {
        let text = text(key).ok_or_else(|| missing(key))?;
        serde_json::from_str(text).map_err(|error| wrong(key, "JSON").caused_by(error))
    };
    let schema = Arc::new(Schema::from_json(json("schema")?, "schema".into())?);
    let fields = match json("partition-spec")? {
        // Some writers put the whole spec there, not its fields alone.
        Json::Object(mut whole) => whole.remove("fields").ok_or_else(|| missing("partition-spec"))?,
        fields => fields,
    };
    let fields = PartitionSpec::fields_from_json(fields, "partition-spec")?;
    let spec_id = text("partition-spec-id").and_then(|id| id.parse().ok()).unwrap_or(0);
    let partition_spec = Arc::new(PartitionSpec { spec_id, fields });
    let content = match text("content") {
        None | Some("data") => ManifestContent::Data,
        Some("deletes") => ManifestContent::Deletes,
        Some(other) => return Err(wrong("content", &format!("`data` or `deletes`, not `{other}`"))),
    };
    let entries = container.decode(|i, value| {
        decode_entry(&container.schema, value, &partition_spec, &schema).context(|| format!("entry {i}"))
    })?;
    Ok(Manifest { schema, partition_spec, content, entries })
}

fn nullable(value: Option<Avro>) -> Avro {
    match value {
        None => Avro::Union(0, Box::new(Avro::Null)),
        Some(value) => Avro::Union(1, Box::new(value)),
    }
}

fn record(fields: Vec<(&str, Avro)>) -> Avro {
    Avro::Record(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn long(value: u64) -> Avro {
    Avro::Long(i64::try_from(value).unwrap_or(i64::MAX))
}

fn encode_entry(entry: &ManifestEntry, spec: &PartitionSpec, schema: &Schema, v3: bool) -> Result<Avro> {
    let status = match entry.status {
        EntryStatus::Existing => 0,
        EntryStatus::Added => 1,
        EntryStatus::Deleted => 2,
    };
    Ok(record(vec![
        ("status", Avro::Int(status)),
        ("snapshot_id", nullable(entry.snapshot_id.map(Avro::Long))),
        ("sequence_number", nullable(entry.sequence_number.map(Avro::Long))),
        ("file_sequence_number", nullable(entry.file_sequence_number.map(Avro::Long))),
        ("data_file", encode_data_file(&entry.data_file, spec, schema, v3)?),
    ]))
}

fn encode_data_file(file: &DataFile, spec: &PartitionSpec, schema: &Schema, v3: bool) -> Result<Avro> {
    let pair = |key: &i32, value: Avro| record(vec![("key", Avro::Int(*key)), ("value", value)]);
    let some = |items: Vec<Avro>| nullable((!items.is_empty()).then_some(Avro::Array(items)));
    let counts = |map: &BTreeMap<i32, u64>| some(map.iter().map(|(key, count)| pair(key, long(*count))).collect());
    let bounds = |map: &BTreeMap<i32, Vec<u8>>| {
        some(map.iter().map(|(key, bytes)| pair(key, Avro::Bytes(bytes.clone()))).collect())
    };
    let content = match file.content {
        DataContent::Data => 0,
        DataContent::PositionDeletes => 1,
        DataContent::EqualityDeletes => 2,
    };
    let partition = spec.fields.iter().zip(&file.partition).map(|(field, value)| {
        let primitive = spec.result_type(field, schema);
        let value = value.as_ref().map(|value| encode_partition_value(value, primitive));
        Ok((manifest_schema::sanitise(&field.name), nullable(value)))
    });
    let metrics = &file.metrics;
    let mut fields = vec![
        ("content", Avro::Int(content)),
        ("file_path", Avro::String(file.file_path.clone())),
        ("file_format", Avro::String(file.file_format.clone())),
        ("partition", Avro::Record(partition.collect::<Result<_>>()?)),
        ("record_count", long(metrics.record_count)),
        ("file_size_in_bytes", long(file.file_size_in_bytes)),
        ("column_sizes", counts(&metrics.column_sizes)),
        ("value_counts", counts(&metrics.value_counts)),
        ("null_value_counts", counts(&metrics.null_value_counts)),
        ("nan_value_counts", counts(&metrics.nan_value_counts)),
        ("lower_bounds", bounds(&metrics.lower_bounds)),
        ("upper_bounds", bounds(&metrics.upper_bounds)),
        ("key_metadata", nullable(file.key_metadata.clone().map(Avro::Bytes))),
        ("split_offsets", some(metrics.split_offsets.iter().map(|offset| Avro::Long(*offset)).collect())),
        ("equality_ids", some(file.equality_ids.iter().map(|id| Avro::Int(*id)).collect())),
        ("sort_order_id", nullable(file.sort_order_id.map(Avro::Int))),
        ("referenced_data_file", nullable(file.referenced_data_file.clone().map(Avro::String))),
    ];
    if v3 {
        let longs = [
            ("first_row_id", file.first_row_id),
            ("content_offset", file.content_offset),
            ("content_size_in_bytes", file.content_size_in_bytes),
        ];
        fields.extend(longs.map(|(name, value)| (name, nullable(value.map(Avro::Long)))));
    }
    Ok(record(fields))
}

fn encode_partition_value(value: &Value, primitive: Option<PrimitiveType>) -> Avro {
    match value {
        Value::Boolean(value) => Avro::Boolean(*value),
        Value::Int(value) => Avro::Int(*value),
        Value::Long(value) => Avro::Long(*value),
        Value::Float(value) => Avro::Float(*value),
        Value::Double(value) => Avro::Double(*value),
        Value::Date(value) => Avro::Date(*value),
        Value::Time(value) => Avro::TimeMicros(*value),
        Value::Timestamp(value) | Value::Timestamptz(value) => Avro::TimestampMicros(*value),
        Value::TimestampNs(value) | Value::TimestamptzNs(value) => Avro::TimestampNanos(*value),
        Value::String(value) => Avro::String(value.clone()),
        Value::Uuid(value) => Avro::Uuid(apache_avro::Uuid::from_u128(*value)),
        Value::Fixed(value) => Avro::Fixed(value.len(), value.clone()),
        Value::Binary(value) => Avro::Bytes(value.clone()),
        Value::Decimal { unscaled, .. } => {
            let size = match primitive {
                Some(PrimitiveType::Decimal { precision, .. }) => manifest_schema::decimal_size(precision),
                _ => 16,
            };
            let bytes = unscaled.to_be_bytes();
            Avro::Decimal(bytes.get(16 - size..).unwrap_or(&bytes).to_vec().into())
        }
    }
}

fn decode_entry(schema: &AvroSchema, value: Avro, spec: &PartitionSpec, table: &Schema) -> Result<ManifestEntry> {
    let mut fields = Record::new(schema, value)?;
    let status = match fields.i64(0, "status")? {
        0 => EntryStatus::Existing,
        1 => EntryStatus::Added,
        2 => EntryStatus::Deleted,
        other => return Err(wrong("status", &format!("0, 1 or 2, not {other}"))),
    };
    let (file_schema, file) = fields.take(2, "data_file").ok_or_else(|| missing("data_file"))?;
    Ok(ManifestEntry {
        status,
        snapshot_id: fields.optional_i64(1, "snapshot_id")?,
        sequence_number: fields.optional_i64(3, "sequence_number")?,
        file_sequence_number: fields.optional_i64(4, "file_sequence_number")?,
        data_file: decode_data_file(Record::new(file_schema, file)?, spec, table)?,
    })
}

fn decode_data_file(mut fields: Record, spec: &PartitionSpec, table: &Schema) -> Result<DataFile> {
    let content = match fields.optional_i64(134, "content")?.unwrap_or(0) {
        0 => DataContent::Data,
        1 => DataContent::PositionDeletes,
        2 => DataContent::EqualityDeletes,
        other => return Err(wrong("content", &format!("0, 1 or 2, not {other}"))),
    };
    let metrics = Metrics {
        record_count: fields.u64(103, "record_count")?,
        column_sizes: counts(&mut fields, 108, "column_sizes", 117, 118)?,
        value_counts: counts(&mut fields, 109, "value_counts", 119, 120)?,
        null_value_counts: counts(&mut fields, 110, "null_value_counts", 121, 122)?,
        nan_value_counts: counts(&mut fields, 137, "nan_value_counts", 138, 139)?,
        lower_bounds: bounds(&mut fields, 125, "lower_bounds", 126, 127)?,
        upper_bounds: bounds(&mut fields, 128, "upper_bounds", 129, 130)?,
        split_offsets: integers(&mut fields, 132, "split_offsets")?,
    };
    let partition = match fields.take(102, "partition") {
        _ if spec.fields.is_empty() => Vec::new(),
        Some((schema, value)) => decode_partition(Record::new(schema, value)?, spec, table)?,
        // Taken for null, it would rule the file out of what it may hold.
        None if spec.is_unpartitioned() => vec![None; spec.fields.len()],
        None => return Err(missing("partition")),
    };
    Ok(DataFile {
        content,
        file_path: fields.string(100, "file_path")?,
        file_format: fields.string(101, "file_format")?.to_ascii_uppercase(),
        partition,
        file_size_in_bytes: fields.u64(104, "file_size_in_bytes")?,
        metrics,
        equality_ids: integers(&mut fields, 135, "equality_ids")?
            .into_iter()
            .map(|id| i32::try_from(id).map_err(|_| wrong("equality_ids", "integers of 32 bits")))
            .collect::<Result<_>>()?,
        sort_order_id: fields.optional_i32(140, "sort_order_id")?,
        first_row_id: fields.optional_i64(142, "first_row_id")?,
        referenced_data_file: fields.optional_string(143, "referenced_data_file")?,
        content_offset: fields.optional_i64(144, "content_offset")?,
        content_size_in_bytes: fields.optional_i64(145, "content_size_in_bytes")?,
        key_metadata: fields.optional_bytes(131, "key_metadata")?,
    })
}

fn integers(fields: &mut Record, id: i32, name: &str) -> Result<Vec<i64>> {
    let items = fields.array(id, name)?.into_iter().map(|(_, value)| match value {
        Avro::Int(value) => Ok(value.into()),
        Avro::Long(value) => Ok(value),
        _ => Err(wrong(name, "integers")),
    });
    items.collect()
}

fn counts(fields: &mut Record, id: i32, name: &str, key: i32, value: i32) -> Result<BTreeMap<i32, u64>> {
    let items = fields.array(id, name)?.into_iter().map(|(schema, item)| {
        let mut pair = Record::new(schema, item)?;
        let column = pair.optional_i32(key, "key")?.ok_or_else(|| missing("key"))?;
        // A negative count is what some writers put for "unknown".
        Ok((column, pair.i64(value, "value")?))
    });
    let items: Vec<(i32, i64)> =
        items.collect::<Result<_>>().map_err(|error| error.context(format!("field `{name}`")))?;
    Ok(ordered(items.into_iter().filter_map(|(column, count)| Some((column, u64::try_from(count).ok()?)))))
}

fn bounds(fields: &mut Record, id: i32, name: &str, key: i32, value: i32) -> Result<BTreeMap<i32, Vec<u8>>> {
    let items = fields.array(id, name)?.into_iter().map(|(schema, item)| {
        let mut pair = Record::new(schema, item)?;
        let column = pair.optional_i32(key, "key")?.ok_or_else(|| missing("key"))?;
        Ok((column, pair.optional_bytes(value, "value")?.ok_or_else(|| missing("value"))?))
    });
    try_ordered(items).map_err(|error: Error| error.context(format!("field `{name}`")))
}

fn decode_partition(record: Record, spec: &PartitionSpec, table: &Schema) -> Result<Vec<Option<Value>>> {
    let mut found: Vec<_> = record.into_fields().collect();
    let same = found.len() == spec.fields.len();
    let mut values = Vec::new();
    for (position, field) in spec.fields.iter().enumerate() {
        let own = |(id, name, _): &(Option<i32>, String, Option<Typed>)| {
            *id == Some(field.field_id) || (id.is_none() && *name == field.name)
        };
        let at = found.iter().position(own).or_else(|| same.then_some(position));
        let value = match at.and_then(|at| found.get_mut(at)) {
            Some((_, _, value)) => value.take(),
            None if field.transform == Transform::Void => None,
            None => return Err(missing(&format!("partition.{}", field.name))),
        };
        let decode = |(_, value)| {
            let primitive = spec.result_type(field, table);
            decode_partition_value(value, primitive).context(|| format!("partition field `{}`", field.name))
        };
        values.push(value.map(decode).transpose()?);
    }
    Ok(values)
}

fn decode_partition_value(value: Avro, primitive: Option<PrimitiveType>) -> Result<Value> {
    let unexpected = || Error::invalid_data("the value does not fit its type");
    let Some(primitive) = primitive else {
        // The column is gone or the transform unknown: the value can only be carried, not used.
        return match value {
            Avro::Int(value) | Avro::Date(value) => Ok(Value::Int(value)),
            Avro::Long(value) => Ok(Value::Long(value)),
            Avro::String(value) => Ok(Value::String(value)),
            Avro::Bytes(value) | Avro::Fixed(_, value) => Ok(Value::Binary(value)),
            Avro::Boolean(value) => Ok(Value::Boolean(value)),
            Avro::Float(value) => Ok(Value::Float(value)),
            Avro::Double(value) => Ok(Value::Double(value)),
            Avro::Uuid(value) => Ok(Value::Uuid(value.as_u128())),
            Avro::TimeMicros(value) => Ok(Value::Time(value)),
            Avro::TimestampMicros(value) | Avro::LocalTimestampMicros(value) => Ok(Value::Timestamp(value)),
            Avro::TimestampNanos(value) | Avro::LocalTimestampNanos(value) => Ok(Value::TimestampNs(value)),
            Avro::Decimal(value) => Vec::<u8>::try_from(&value).map(Value::Binary).map_err(|_| unexpected()),
            _ => Err(unexpected()),
        };
    };
    let integer = match &value {
        Avro::Int(value) | Avro::Date(value) | Avro::TimeMillis(value) => Some(i64::from(*value)),
        Avro::Long(value)
        | Avro::TimeMicros(value)
        | Avro::TimestampMicros(value)
        | Avro::TimestampNanos(value)
        | Avro::LocalTimestampMicros(value)
        | Avro::LocalTimestampNanos(value) => Some(*value),
        _ => None,
    };
    let narrow = || integer.and_then(|value| i32::try_from(value).ok()).ok_or_else(unexpected);
    let wide = || integer.ok_or_else(unexpected);
    Ok(match (primitive, value) {
        (PrimitiveType::Boolean, Avro::Boolean(value)) => Value::Boolean(value),
        (PrimitiveType::Int, _) => Value::Int(narrow()?),
        (PrimitiveType::Date, _) => Value::Date(narrow()?),
        (PrimitiveType::Long, _) => Value::Long(wide()?),
        (PrimitiveType::Time, _) => Value::Time(wide()?),
        (PrimitiveType::Timestamp, _) => Value::Timestamp(wide()?),
        (PrimitiveType::Timestamptz, _) => Value::Timestamptz(wide()?),
        (PrimitiveType::TimestampNs, _) => Value::TimestampNs(wide()?),
        (PrimitiveType::TimestamptzNs, _) => Value::TimestamptzNs(wide()?),
        (PrimitiveType::Float, Avro::Float(value)) => Value::Float(value),
        (PrimitiveType::Double, Avro::Double(value)) => Value::Double(value),
        (PrimitiveType::Double, Avro::Float(value)) => Value::Double(value.into()),
        (PrimitiveType::String, Avro::String(value)) => Value::String(value),
        (PrimitiveType::Uuid, Avro::Uuid(value)) => Value::Uuid(value.as_u128()),
        (PrimitiveType::Decimal { .. }, Avro::Decimal(value)) => {
            let bytes = Vec::<u8>::try_from(&value).map_err(|_| unexpected())?;
            Value::from_bytes(primitive, &bytes)?
        }
        (_, Avro::Bytes(value) | Avro::Fixed(_, value)) => Value::from_bytes(primitive, &value)?,
        _ => return Err(unexpected()),
    })
}
