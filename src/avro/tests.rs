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
    let bytes = encode_manifest(&manifest, 2, 42).unwrap();
    assert_eq!(decode_manifest(&bytes).unwrap(), manifest);
}

/// Of one field, `c` by identity, of this column; written over by other fields' JSON.
fn with_other_fields(column: NestedField, value: Value, other: serde_json::Value) -> crate::Result<Manifest> {
    let long = "p".repeat(300);
    let fields = serde_json::json!([{"source-id": 1, "field-id": 1000, "name": long, "transform": "identity"}]);
    let fields = PartitionSpec::fields_from_json(fields, "x").unwrap();
    let manifest = Manifest {
        schema: Arc::new(Schema::new([column]).unwrap()),
        partition_spec: Arc::new(PartitionSpec { spec_id: 3, fields }),
        content: ManifestContent::Data,
        entries: vec![ManifestEntry::added(data_file(vec![Some(value)]))],
    };
    let mut bytes = encode_manifest(&manifest, 2, 42).unwrap();
    let text = manifest.partition_spec.fields_to_json().to_string();
    let at = bytes.windows(text.len()).position(|window| window == text.as_bytes()).unwrap();
    bytes.splice(at..at + text.len(), format!("{:length$}", other.to_string(), length = text.len()).into_bytes());
    decode_manifest(&bytes)
}

#[test]
fn a_partition_value_that_is_missing_is_not_taken_for_null() {
    let field = |id: i32, source: i32, transform: &str| serde_json::json!({"source-id": source, "field-id": id, "name": format!("f{id}"), "transform": transform});
    let read = |fields: serde_json::Value| {
        with_other_fields(NestedField::optional("c", PrimitiveType::Int), Value::Int(7), fields)
    };
    let error = read(serde_json::json!([field(1000, 1, "identity"), field(1001, 1, "bucket[4]")])).unwrap_err();
    assert!(error.to_string().contains("partition.f1001"), "{error}");
    let manifest = read(serde_json::json!([field(1000, 1, "identity"), field(1001, 1, "void")])).unwrap();
    assert_eq!(manifest.entries[0].data_file.partition, [Some(Value::Int(7)), None]);
}

#[test]
fn partition_values_of_columns_that_are_gone_are_carried() {
    for (primitive, value) in [
        (PrimitiveType::Double, Value::Double(1.5)),
        (PrimitiveType::Float, Value::Float(1.5)),
        (PrimitiveType::Timestamp, Value::Timestamp(5)),
        (PrimitiveType::Time, Value::Time(5)),
        (PrimitiveType::Uuid, Value::Uuid(5)),
        (PrimitiveType::Decimal { precision: 9, scale: 2 }, Value::Binary(vec![0, 0, 0, 5])),
    ] {
        let written = match primitive {
            PrimitiveType::Decimal { scale, .. } => Value::Decimal { unscaled: 5, scale },
            _ => value.clone(),
        };
        let gone = serde_json::json!([{"source-id": 9, "field-id": 1000, "name": "p", "transform": "identity"}]);
        let manifest = with_other_fields(NestedField::optional("c", primitive), written, gone).unwrap();
        assert_eq!(manifest.entries[0].data_file.partition, [Some(value)], "{primitive}");
    }
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
    let bytes = encode_manifest_list(&list, 77, None, 4, None, 1).unwrap();
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
    let bytes = encode_manifest(&manifest, 2, 1).unwrap();
    assert!(String::from_utf8_lossy(&bytes).contains("\"logicalType\":\"map\""));
    assert_eq!(decode_manifest(&bytes).unwrap(), manifest);
}

#[test]
fn every_truncation_of_a_manifest_list_is_a_clean_error_or_fewer_entries() {
    let bytes = encode_manifest_list(&[manifest_file(), manifest_file()], 77, None, 4, None, 1).unwrap();
    for length in 0..bytes.len() {
        match decode_manifest_list(&bytes[..length]) {
            Ok(list) => assert!(list.is_empty(), "a cut file gave {} entries", list.len()),
            Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidData),
        }
    }
}

#[test]
fn every_flipped_byte_of_a_manifest_list_is_survived() {
    let bytes = encode_manifest_list(&[manifest_file()], 77, None, 4, None, 1).unwrap();
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

/// An Avro file with one block, compressed as it is said.
pub(super) fn container(schema: &str, codec: &str, count: u64, block: &[u8]) -> Vec<u8> {
    let long = |value: usize| {
        let (mut rest, mut bytes) = ((value as u64) << 1, vec![]);
        while rest >= 0x80 {
            bytes.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        bytes.push(rest as u8);
        bytes
    };
    let text = |text: &[u8]| [long(text.len()), text.to_vec()].concat();
    let header = [&b"avro.schema"[..], schema.as_bytes(), b"avro.codec", codec.as_bytes()].map(text).concat();
    let parts = [b"Obj\x01", &long(2)[..], &header, &[0; 17], &long(count as usize), &text(block), &[0; 16]];
    parts.concat()
}

const PATH: &str = r#"{"type":"record","name":"r","fields":[{"name":"manifest_path","type":"string","field-id":500}]}"#;

/// The Avro library made room for as many bytes as a text says it has, half a gigabyte, before it looked whether they are
/// there, and for fixed bytes it knew no limit at all.
#[test]
fn no_room_is_made_for_bytes_that_are_not_there() {
    let long = &[0xfe, 0xff, 0xff, 0xff, 0x01][..];
    let fixed = PATH.replace(r#""string""#, r#"{"type":"fixed","name":"f","size":9000000000000000000}"#);
    let array = PATH.replace(r#""string""#, r#"{"type":"array","items":"string"}"#);
    for (schema, block) in [(PATH, long), (&fixed, &[7; 50]), (&array, &[0xfe, 0xff, 0xff, 0x01, 0])] {
        let error = decode_manifest_list(&container(schema, "null", 1, block)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert!(error.to_string().contains("does not hold what it says"), "{error}");
    }
}

/// A few kilobytes became gigabytes: a block that holds a million times a byte, and one that holds nothing a million times.
#[test]
fn a_small_file_does_not_become_large() {
    use std::io::Write;
    let zeros = vec![0; 20_000_000];
    let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    deflate.write_all(&zeros).unwrap();
    let deflate = deflate.finish().unwrap();
    let zstd = zstd::encode_all(zeros.as_slice(), 3).unwrap();
    let nothing = PATH.replace(r#""string""#, r#""null""#);
    let laughs = (0..30).fold(PATH.to_owned(), |inner, i| {
        format!(
            r#"{{"type":"record","name":"n{i}","fields":[{{"name":"a","type":{inner}}},{{"name":"b","type":"{}"}}]}}"#,
            if i == 0 { "r".to_owned() } else { format!("n{}", i - 1) }
        )
    });
    for hostile in [
        container(PATH, "deflate", 20_000_000, &deflate),
        container(PATH, "zstandard", 20_000_000, &zstd),
        container(&nothing, "null", 1 << 40, &[]),
        container(&PATH.replace(r#""string""#, r#"{"type":"array","items":"null"}"#), "null", 1, &[2, 0]),
        container(&laughs, "null", 1, &[0; 2000]),
    ] {
        assert_eq!(decode_manifest_list(&hostile).unwrap_err().kind(), ErrorKind::InvalidData);
    }
}

#[test]
fn blocks_of_every_codec_are_read() {
    let own = encode_manifest_list(&[manifest_file()], 77, None, 4, None, 1).unwrap();
    let schema = manifest_schema::manifest_file(false).to_string();
    // The block is the last but for its marker: a count, a length, and what was deflated.
    let start = own.windows(16).position(|window| window == 1_u128.to_be_bytes()).unwrap() + 16;
    let mut block = &own[start..own.len() - 16];
    assert_eq!(measure::take_long(&mut block), Some(1));
    measure::take_long(&mut block).unwrap();
    let mut plain = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::DeflateDecoder::new(block), &mut plain).unwrap();
    let mut crc = flate2::Crc::new();
    crc.update(&plain);
    let snappy = [snap::raw::Encoder::new().compress_vec(&plain).unwrap(), crc.sum().to_be_bytes().to_vec()].concat();
    let zstd = zstd::encode_all(plain.as_slice(), 1).unwrap();
    for (codec, block) in [("null", &plain[..]), ("deflate", block), ("snappy", &snappy), ("zstandard", &zstd)] {
        let file = container(&schema, codec, 1, block);
        assert_eq!(decode_manifest_list(&file).unwrap(), [manifest_file()], "{codec}");
        assert!(decode_manifest_list(&file[..file.len() - 20]).is_err());
    }
    let error = decode_manifest_list(&container(&schema, "bzip2", 1, &plain)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("bzip2"), "{error}");
}
