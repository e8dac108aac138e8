//! The Avro schemas that we write (format versions 2 and 3).

use serde_json::{Value as Json, json};

use crate::error::{Error, Result};
use crate::spec::{PartitionSpec, PrimitiveType, Schema};

fn required(name: &str, id: i32, avro_type: Json) -> Json {
    json!({"name": name, "type": avro_type, "field-id": id})
}

fn optional(name: &str, id: i32, avro_type: Json) -> Json {
    json!({"name": name, "type": ["null", avro_type], "default": null, "field-id": id})
}

/// A map as Avro has it for keys that are no strings: an array of key-value records.
fn map(name: &str, id: i32, key_id: i32, value_id: i32, value: &str) -> Json {
    let item = json!({
        "type": "record",
        "name": format!("k{key_id}_v{value_id}"),
        "fields": [required("key", key_id, "int".into()), required("value", value_id, value.into())],
    });
    optional(name, id, json!({"type": "array", "logicalType": "map", "items": item}))
}

fn array(name: &str, id: i32, element_id: i32, element: &str) -> Json {
    optional(name, id, json!({"type": "array", "items": element, "element-id": element_id}))
}

/// Behind the fields of version 2.
fn with_longs<const N: usize>(mut fields: Vec<Json>, v3: bool, longs: [(&str, i32); N]) -> Vec<Json> {
    if v3 {
        fields.extend(longs.map(|(name, id)| optional(name, id, "long".into())));
    }
    fields
}

/// `manifest_entry` (spec: Manifests) for files of this partition spec.
pub(super) fn manifest_entry(spec: &PartitionSpec, schema: &Schema, v3: bool) -> Result<Json> {
    let fields = vec![
        required("content", 134, "int".into()),
        required("file_path", 100, "string".into()),
        required("file_format", 101, "string".into()),
        required("partition", 102, partition(spec, schema)?),
        required("record_count", 103, "long".into()),
        required("file_size_in_bytes", 104, "long".into()),
        map("column_sizes", 108, 117, 118, "long"),
        map("value_counts", 109, 119, 120, "long"),
        map("null_value_counts", 110, 121, 122, "long"),
        map("nan_value_counts", 137, 138, 139, "long"),
        map("lower_bounds", 125, 126, 127, "bytes"),
        map("upper_bounds", 128, 129, 130, "bytes"),
        optional("key_metadata", 131, "bytes".into()),
        array("split_offsets", 132, 133, "long"),
        array("equality_ids", 135, 136, "int"),
        optional("sort_order_id", 140, "int".into()),
        optional("referenced_data_file", 143, "string".into()),
    ];
    let longs = [("first_row_id", 142), ("content_offset", 144), ("content_size_in_bytes", 145)];
    let data_file = json!({"type": "record", "name": "r2", "fields": with_longs(fields, v3, longs)});
    Ok(json!({
        "type": "record",
        "name": "manifest_entry",
        "fields": [
            required("status", 0, "int".into()),
            optional("snapshot_id", 1, "long".into()),
            optional("sequence_number", 3, "long".into()),
            optional("file_sequence_number", 4, "long".into()),
            required("data_file", 2, data_file),
        ],
    }))
}

fn partition(spec: &PartitionSpec, schema: &Schema) -> Result<Json> {
    let fields = spec.fields.iter().map(|field| {
        let result = spec.result_type(field, schema).ok_or_else(|| {
            Error::unsupported(format!("writing files of the partition field `{}` ({})", field.name, field.transform))
        })?;
        Ok(optional(&sanitise(&field.name), field.field_id, primitive(result, field.field_id)))
    });
    Ok(json!({"type": "record", "name": "r102", "fields": fields.collect::<Result<Vec<_>>>()?}))
}

/// Named types carry the field's id in their name, since Avro wants each name once.
fn primitive(primitive: PrimitiveType, id: i32) -> Json {
    match primitive {
        PrimitiveType::Boolean => "boolean".into(),
        PrimitiveType::Int => "int".into(),
        PrimitiveType::Long => "long".into(),
        PrimitiveType::Float => "float".into(),
        PrimitiveType::Double => "double".into(),
        PrimitiveType::String => "string".into(),
        PrimitiveType::Binary => "bytes".into(),
        PrimitiveType::Date => json!({"type": "int", "logicalType": "date"}),
        PrimitiveType::Time => json!({"type": "long", "logicalType": "time-micros"}),
        PrimitiveType::Timestamp => json!({"type": "long", "logicalType": "timestamp-micros", "adjust-to-utc": false}),
        PrimitiveType::Timestamptz => json!({"type": "long", "logicalType": "timestamp-micros", "adjust-to-utc": true}),
        PrimitiveType::TimestampNs => json!({"type": "long", "logicalType": "timestamp-nanos", "adjust-to-utc": false}),
        PrimitiveType::TimestamptzNs => {
            json!({"type": "long", "logicalType": "timestamp-nanos", "adjust-to-utc": true})
        }
        PrimitiveType::Uuid => {
            json!({"type": "fixed", "size": 16, "name": format!("uuid_fixed_{id}"), "logicalType": "uuid"})
        }
        PrimitiveType::Fixed(size) => json!({"type": "fixed", "size": size, "name": format!("fixed_{size}_{id}")}),
        PrimitiveType::Decimal { precision, scale } => {
            let size = decimal_size(precision);
            json!({"type": "fixed", "size": size, "name": format!("decimal_{precision}_{scale}_{id}"),
                   "logicalType": "decimal", "precision": precision, "scale": scale})
        }
    }
}

/// The least number of bytes that hold every decimal of this many digits.
pub(super) fn decimal_size(precision: u8) -> usize {
    let largest = 10_i128.checked_pow(precision.into()).unwrap_or(i128::MAX);
    (1..16).find(|bytes| largest <= 1_i128 << (bytes * 8 - 1)).unwrap_or(16)
}

/// A name that Avro accepts: what it does not allow is spelled by its code, as other writers do.
pub(super) fn sanitise(name: &str) -> String {
    let mut clean = String::new();
    for (i, c) in name.chars().enumerate() {
        match c {
            'a'..='z' | 'A'..='Z' | '_' => clean.push(c),
            '0'..='9' if i > 0 => clean.push(c),
            '0'..='9' => clean.extend(['_', c]),
            _ => clean.push_str(&format!("_x{:X}", u32::from(c))),
        }
    }
    clean
}

/// `manifest_file` (spec: Manifest Lists).
pub(super) fn manifest_file(v3: bool) -> Json {
    let summary = json!({
        "type": "record",
        "name": "r508",
        "fields": [
            required("contains_null", 509, "boolean".into()),
            optional("contains_nan", 518, "boolean".into()),
            optional("lower_bound", 510, "bytes".into()),
            optional("upper_bound", 511, "bytes".into()),
        ],
    });
    let fields = vec![
        required("manifest_path", 500, "string".into()),
        required("manifest_length", 501, "long".into()),
        required("partition_spec_id", 502, "int".into()),
        required("content", 517, "int".into()),
        required("sequence_number", 515, "long".into()),
        required("min_sequence_number", 516, "long".into()),
        required("added_snapshot_id", 503, "long".into()),
        required("added_files_count", 504, "int".into()),
        required("existing_files_count", 505, "int".into()),
        required("deleted_files_count", 506, "int".into()),
        required("added_rows_count", 512, "long".into()),
        required("existing_rows_count", 513, "long".into()),
        required("deleted_rows_count", 514, "long".into()),
        optional("partitions", 507, json!({"type": "array", "items": summary, "element-id": 508})),
        optional("key_metadata", 519, "bytes".into()),
    ];
    let fields = with_longs(fields, v3, [("first_row_id", 520)]);
    json!({"type": "record", "name": "manifest_file", "fields": fields})
}
