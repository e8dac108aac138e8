//! Table metadata from and to JSON (spec: Appendix C). Versions 1 to 3 are read; what is unknown is kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::error::{Error, Result};
use crate::runtime::Timestamp;
use crate::spec::json::Fields;
use crate::spec::{
    MAIN, MetadataLogEntry, PartitionSpec, RefKind, Schema, Snapshot, SnapshotLogEntry, SnapshotRef, SortOrder,
    TableMetadata, ordered, try_ordered, validate,
};

impl TableMetadata {
    /// From the bytes of a metadata file (not compressed).
    ///
    /// Fails with [`InvalidData`](crate::ErrorKind::InvalidData) naming the field, and with
    /// [`Unsupported`](crate::ErrorKind::Unsupported) for a format version or type that is not known.
    pub fn from_json_bytes(bytes: &[u8]) -> Result<Self> {
        let value = serde_json::from_slice(bytes)
            .map_err(|error| Error::invalid_data("the table metadata is no valid JSON").caused_by(error))?;
        let metadata = Self::from_json(value)?;
        validate::metadata(&metadata)?;
        Ok(metadata)
    }

    /// As the bytes of a metadata file.
    pub fn to_json_bytes(&self) -> Vec<u8> {
        self.to_json().to_string().into_bytes()
    }

    fn from_json(value: Json) -> Result<Self> {
        let mut fields = Fields::new(value, "")?;
        let format_version = fields.i32("format-version")?;
        if !(1..=3).contains(&format_version) {
            return Err(Error::unsupported(format!("format version {format_version}; versions 1 to 3 are known")));
        }
        let v1 = format_version == 1;
        let table_uuid = match fields.optional_string("table-uuid")? {
            Some(uuid) => uuid,
            None if v1 => String::new(),
            None => fields.string("table-uuid")?,
        };
        let (schemas, current_schema_id) = schemas(&mut fields, v1)?;
        let (partition_specs, default_spec_id) = partition_specs(&mut fields, v1)?;
        let last_partition_id = match fields.optional_i32("last-partition-id")? {
            Some(id) => id,
            None if v1 => {
                partition_specs.iter().flat_map(|spec| &spec.fields).map(|field| field.field_id).max().unwrap_or(999)
            }
            None => fields.i32("last-partition-id")?,
        };
        let (sort_orders, default_sort_order_id) = if v1 && fields.peek("sort-orders").is_none() {
            // It names an order that is not there.
            let _ = fields.optional("default-sort-order-id");
            (vec![Arc::new(SortOrder::unsorted())], 0)
        } else {
            if fields.peek("sort-orders").is_none() {
                return Err(Error::invalid_data(format!("field `{}` is missing", fields.name("sort-orders"))));
            }
            let orders = fields.items("sort-orders", |item, path| SortOrder::from_json(item, path).map(Arc::new))?;
            (orders, fields.i32("default-sort-order-id")?)
        };
        let current_snapshot_id = fields.optional_i64("current-snapshot-id")?.filter(|id| *id != -1);
        let mut refs = refs(&mut fields)?;
        if let Some(id) = current_snapshot_id {
            refs.entry(MAIN.to_owned()).or_insert_with(|| SnapshotRef::new(RefKind::Branch, id));
        }
        Ok(Self {
            format_version,
            table_uuid,
            location: fields.string("location")?.trim_end_matches('/').to_owned(),
            last_sequence_number: if v1 { 0 } else { fields.i64("last-sequence-number")? },
            last_updated: Timestamp::from_millis(fields.i64("last-updated-ms")?),
            last_column_id: fields.i32("last-column-id")?,
            schemas,
            current_schema_id,
            partition_specs,
            default_spec_id,
            last_partition_id,
            sort_orders,
            default_sort_order_id,
            properties: fields.string_map("properties")?,
            current_snapshot_id,
            snapshots: fields.items("snapshots", |item, path| Snapshot::from_json(item, path).map(Arc::new))?,
            snapshot_log: fields.items("snapshot-log", |item, path| {
                let mut entry = Fields::new(item, path)?;
                let timestamp = Timestamp::from_millis(entry.i64("timestamp-ms")?);
                Ok(SnapshotLogEntry { timestamp, snapshot_id: entry.i64("snapshot-id")? })
            })?,
            metadata_log: fields.items("metadata-log", |item, path| {
                let mut entry = Fields::new(item, path)?;
                let timestamp = Timestamp::from_millis(entry.i64("timestamp-ms")?);
                Ok(MetadataLogEntry { timestamp, metadata_file: entry.string("metadata-file")? })
            })?,
            refs,
            next_row_id: fields.optional_i64("next-row-id")?,
            extra: fields.rest(),
        })
    }

    fn to_json(&self) -> Json {
        let mut map = self.extra.clone();
        let refs: Map<_, _> = ordered(self.refs.iter().map(|(name, target)| (name.clone(), target.to_json())));
        let properties: Map<_, _> = ordered(self.properties.iter().map(|(k, v)| (k.clone(), Json::from(v.clone()))));
        let snapshot_log = self.snapshot_log.iter();
        let metadata_log = self.metadata_log.iter();
        let fields = [
            ("format-version", Some(self.format_version.into())),
            ("table-uuid", (!self.table_uuid.is_empty()).then(|| self.table_uuid.clone().into())),
            ("location", Some(self.location.clone().into())),
            ("last-sequence-number", (self.format_version > 1).then(|| self.last_sequence_number.into())),
            ("last-updated-ms", Some(self.last_updated.as_millis().into())),
            ("last-column-id", Some(self.last_column_id.into())),
            ("schemas", Some(self.schemas.iter().map(|schema| schema.to_json()).collect())),
            ("current-schema-id", Some(self.current_schema_id.into())),
            ("partition-specs", Some(self.partition_specs.iter().map(|spec| spec.to_json()).collect())),
            ("default-spec-id", Some(self.default_spec_id.into())),
            ("last-partition-id", Some(self.last_partition_id.into())),
            ("sort-orders", Some(self.sort_orders.iter().map(|order| order.to_json()).collect())),
            ("default-sort-order-id", Some(self.default_sort_order_id.into())),
            ("properties", Some(properties.into())),
            ("current-snapshot-id", self.current_snapshot_id.map(Json::from)),
            ("snapshots", Some(self.snapshots.iter().map(|snapshot| snapshot.to_json()).collect())),
            ("refs", Some(refs.into())),
            ("next-row-id", self.next_row_id.map(Json::from)),
            (
                "snapshot-log",
                Some(
                    snapshot_log
                        .map(|e| json!({"timestamp-ms": e.timestamp.as_millis(), "snapshot-id": e.snapshot_id}))
                        .collect(),
                ),
            ),
            (
                "metadata-log",
                Some(
                    metadata_log
                        .map(|e| json!({"timestamp-ms": e.timestamp.as_millis(), "metadata-file": e.metadata_file}))
                        .collect(),
                ),
            ),
        ];
        map.extend(fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        Json::Object(map)
    }
}

fn schemas(fields: &mut Fields, v1: bool) -> Result<(Vec<Arc<Schema>>, i32)> {
    let schemas = fields.items("schemas", |item, path| Schema::from_json(item, path).map(Arc::new))?;
    let current = fields.optional_i32("current-schema-id")?;
    let single = fields.optional("schema");
    if let (false, Some(current)) = (schemas.is_empty(), current) {
        return Ok((schemas, current));
    }
    match single {
        Some(single) if v1 => {
            let schema = Schema::from_json(single, fields.name("schema"))?;
            let id = schema.schema_id();
            Ok((vec![Arc::new(schema)], id))
        }
        _ => {
            let missing = if schemas.is_empty() { "schemas" } else { "current-schema-id" };
            Err(Error::invalid_data(format!("field `{}` is missing", fields.name(missing))))
        }
    }
}

fn partition_specs(fields: &mut Fields, v1: bool) -> Result<(Vec<Arc<PartitionSpec>>, i32)> {
    let specs = fields.items("partition-specs", |item, path| PartitionSpec::from_json(item, path).map(Arc::new))?;
    let default = fields.optional_i32("default-spec-id")?;
    let single = fields.optional("partition-spec");
    if let (false, Some(default)) = (specs.is_empty(), default) {
        return Ok((specs, default));
    }
    match single {
        Some(single) if v1 => {
            let fields = PartitionSpec::fields_from_json(single, "partition-spec")?;
            Ok((vec![Arc::new(PartitionSpec { spec_id: 0, fields })], 0))
        }
        _ => {
            let missing = if specs.is_empty() { "partition-specs" } else { "default-spec-id" };
            Err(Error::invalid_data(format!("field `{}` is missing", fields.name(missing))))
        }
    }
}

fn refs(fields: &mut Fields) -> Result<BTreeMap<String, SnapshotRef>> {
    let name = fields.name("refs");
    match fields.optional("refs") {
        None => Ok(BTreeMap::new()),
        Some(Json::Object(map)) => try_ordered(map.into_iter().map(|(key, value)| {
            let target = SnapshotRef::from_json(value, format!("{name}.{key}"))?;
            Ok((key, target))
        })),
        Some(other) => Err(fields.wrong("refs", "an object", &other)),
    }
}
