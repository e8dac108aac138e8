use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::ErrorKind;
use crate::spec::*;

fn data_file(partition: Vec<Option<Value>>) -> DataFile {
    DataFile {
        content: DataContent::Data,
        file_path: "s3://b/t/data/1.parquet".into(),
        file_format: "PARQUET".into(),
        partition,
        file_size_in_bytes: 1234,
        metrics: Metrics {
            record_count: 7,
            column_sizes: BTreeMap::from([(1, 100), (2, 50)]),
            value_counts: BTreeMap::from([(1, 7)]),
            null_value_counts: BTreeMap::from([(1, 0)]),
            nan_value_counts: BTreeMap::new(),
            lower_bounds: BTreeMap::from([(1, vec![1, 0, 0, 0])]),
            upper_bounds: BTreeMap::from([(1, vec![9, 0, 0, 0])]),
            split_offsets: vec![4],
        },
        equality_ids: vec![],
        sort_order_id: Some(0),
        first_row_id: None,
        referenced_data_file: None,
        content_offset: None,
        content_size_in_bytes: None,
        key_metadata: None,
    }
}

#[test]
fn a_manifest_with_partition_values_of_every_type_round_trips() {
    let values = [
        (PrimitiveType::Boolean, Value::Boolean(true)),
        (PrimitiveType::Int, Value::Int(-7)),
        (PrimitiveType::Long, Value::Long(i64::MIN)),
        (PrimitiveType::Float, Value::Float(1.5)),
        (PrimitiveType::Double, Value::Double(-0.0)),
        (
            PrimitiveType::Decimal { precision: 38, scale: 10 },
            Value::Decimal { unscaled: -(10_i128.pow(38) - 1), scale: 10 },
        ),
        (PrimitiveType::Decimal { precision: 4, scale: 2 }, Value::Decimal { unscaled: 1234, scale: 2 }),
        (PrimitiveType::Date, Value::Date(-1)),
        (PrimitiveType::Time, Value::Time(1)),
        (PrimitiveType::Timestamp, Value::Timestamp(-1)),
        (PrimitiveType::Timestamptz, Value::Timestamptz(5)),
        (PrimitiveType::String, Value::String("a/b=ü".into())),
        (PrimitiveType::Uuid, Value::Uuid(u128::MAX - 1)),
        (PrimitiveType::Fixed(3), Value::Fixed(vec![1, 2, 3])),
        (PrimitiveType::Binary, Value::Binary(vec![0, 255])),
        (PrimitiveType::Int, Value::Int(0)),
    ];
    let schema =
        Schema::new(values.iter().enumerate().map(|(i, (t, _))| NestedField::optional(format!("c {i}"), *t))).unwrap();
    let fields = values.iter().enumerate().map(|(i, _)| {
        serde_json::json!({"source-id": i + 1, "field-id": 1000 + i, "name": format!("1p-{i}"), "transform": "identity"})
    });
    let fields = PartitionSpec::fields_from_json(fields.collect(), "x").unwrap();
    let mut partition: Vec<_> = values.iter().map(|(_, value)| Some(value.clone())).collect();
    *partition.last_mut().unwrap() = None;
    let manifest = Manifest {
        schema: Arc::new(schema),
        partition_spec: Arc::new(PartitionSpec { spec_id: 3, fields }),
        content: ManifestContent::Data,
        entries: vec![ManifestEntry::added(data_file(partition))],
    };
    let bytes = encode_manifest(&manifest, 42).unwrap();
    assert_eq!(decode_manifest(&bytes).unwrap(), manifest);
}

fn manifest_file() -> ManifestFile {
    ManifestFile {
        manifest_path: "s3://b/t/metadata/m.avro".into(),
        manifest_length: 5000,
        partition_spec_id: 0,
        content: ManifestContent::Data,
        sequence_number: 4,
        min_sequence_number: 4,
        added_snapshot_id: 77,
        added_files_count: Some(1),
        existing_files_count: Some(0),
        deleted_files_count: Some(0),
        added_rows_count: Some(7),
        existing_rows_count: Some(0),
        deleted_rows_count: Some(0),
        partitions: Some(vec![FieldSummary {
            contains_null: true,
            contains_nan: None,
            lower_bound: Some(vec![1]),
            upper_bound: None,
        }]),
        key_metadata: None,
        first_row_id: None,
    }
}

#[test]
fn a_manifest_list_round_trips_and_its_schema_says_field_ids() {
    let list = vec![
        manifest_file(),
        ManifestFile { partitions: Some(vec![]), ..manifest_file() },
        ManifestFile { partitions: None, ..manifest_file() },
    ];
    let bytes = encode_manifest_list(&list, 77, None, 4, 1).unwrap();
    assert_eq!(decode_manifest_list(&bytes).unwrap(), list);
    let header = String::from_utf8_lossy(&bytes);
    assert!(header.contains("\"field-id\":500") && header.contains("\"element-id\":508"), "{header}");
}

#[test]
fn maps_keyed_by_column_are_marked_as_maps_in_the_schema() {
    let schema = Schema::new([NestedField::required("a", PrimitiveType::Long)]).unwrap();
    let manifest = Manifest {
        schema: Arc::new(schema),
        partition_spec: Arc::new(PartitionSpec::unpartitioned()),
        content: ManifestContent::Data,
        entries: vec![],
    };
    let bytes = encode_manifest(&manifest, 1).unwrap();
    assert!(String::from_utf8_lossy(&bytes).contains("\"logicalType\":\"map\""));
    assert_eq!(decode_manifest(&bytes).unwrap(), manifest);
}

#[test]
fn every_truncation_of_a_manifest_list_is_a_clean_error_or_fewer_entries() {
    let bytes = encode_manifest_list(&[manifest_file(), manifest_file()], 77, None, 4, 1).unwrap();
    for length in 0..bytes.len() {
        match decode_manifest_list(&bytes[..length]) {
            Ok(list) => assert!(list.is_empty(), "a cut file gave {} entries", list.len()),
            Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidData),
        }
    }
}

#[test]
fn every_flipped_byte_of_a_manifest_list_is_survived() {
    let bytes = encode_manifest_list(&[manifest_file()], 77, None, 4, 1).unwrap();
    for at in 0..bytes.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut hostile = bytes.clone();
            hostile[at] ^= flip;
            let _ = decode_manifest_list(&hostile);
        }
    }
}

#[test]
fn a_schema_that_contains_itself_is_refused_instead_of_overflowing_the_stack() {
    let schema = r#"{"type":"record","name":"manifest_file","fields":[{"name":"x","type":"manifest_file"}]}"#;
    let mut bytes = b"Obj\x01\x02\x16avro.schema".to_vec();
    assert!(schema.len() >= 64);
    bytes.extend([((schema.len() * 2) & 0x7f) as u8 | 0x80, ((schema.len() * 2) >> 7) as u8]);
    bytes.extend_from_slice(schema.as_bytes());
    bytes.push(0);
    bytes.extend([0; 16]);
    bytes.extend([2, 2, 0]);
    bytes.extend([0; 16]);
    assert_eq!(decode_manifest_list(&bytes).unwrap_err().kind(), ErrorKind::InvalidData);
}
