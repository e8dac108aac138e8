use std::collections::BTreeMap;
use std::sync::Arc;

use ::arrow_schema::{DataType, Field, Schema as ArrowSchema};
use arrow_array::builder::{Int32Builder, ListBuilder};
use arrow_array::*;
use bytes::{Bytes, BytesMut};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::LogicalType;

use super::*;
use crate::ErrorKind;
use crate::spec::{Metrics, NestedField, PrimitiveType, Schema, Type, Value, to_arrow};

fn all_types() -> Schema {
    use PrimitiveType::*;
    let primitives = [
        Boolean,
        Int,
        Long,
        Float,
        Double,
        Decimal { precision: 9, scale: 2 },
        Decimal { precision: 18, scale: 0 },
        Decimal { precision: 38, scale: 10 },
        Date,
        Time,
        Timestamp,
        Timestamptz,
        TimestampNs,
        TimestamptzNs,
        String,
        Uuid,
        Fixed(5),
        Binary,
    ];
    let mut fields: Vec<_> = primitives
        .into_iter()
        .enumerate()
        .map(|(i, primitive)| NestedField::new(format!("c{i}"), primitive, i % 2 == 0))
        .collect();
    fields.push(NestedField::optional("list", Type::list(Type::structure([NestedField::required("x", Uuid)]))));
    fields.push(NestedField::optional("map", Type::map(String, Type::list(Long))));
    Schema::new(fields).unwrap()
}

fn encode(schema: &Schema, options: &EncodeOptions, batches: &[RecordBatch]) -> (Bytes, Metrics) {
    let mut encoder = FileEncoder::new(schema, options).unwrap();
    for batch in batches {
        encoder.write(batch).unwrap();
    }
    let (file, metrics, size) = encoder.finish().unwrap();
    assert_eq!(file.len() as u64, size);
    (file, metrics)
}

fn column(field_type: impl Into<Type>, array: ArrayRef) -> (Schema, RecordBatch) {
    let schema = Schema::new([NestedField::optional("c", field_type)]).unwrap();
    let batch = conform(&schema, &RecordBatch::try_from_iter_with_nullable([("c", array, true)]).unwrap()).unwrap();
    (schema, batch)
}

fn metrics_of(field_type: impl Into<Type>, array: ArrayRef) -> Metrics {
    let (schema, batch) = column(field_type, array);
    encode(&schema, &EncodeOptions::default(), &[batch]).1
}

fn bounds(metrics: &Metrics, primitive: PrimitiveType) -> (Option<Value>, Option<Value>) {
    let value = |bytes: &Vec<u8>| Value::from_bytes(primitive, bytes).unwrap();
    (metrics.lower_bounds.get(&1).map(value), metrics.upper_bounds.get(&1).map(value))
}

fn text(value: &str) -> Option<Value> {
    Some(Value::String(value.to_owned()))
}

#[test]
fn a_schema_survives_the_way_to_arrow_and_back() {
    let schema = all_types();
    let arrow = to_arrow(&schema).unwrap();
    assert!(Schema::try_from(&arrow).unwrap().same_fields(&schema));
}

#[test]
fn a_table_of_arrow_types_without_counterpart_is_refused_by_the_column() {
    let arrow = ArrowSchema::new(vec![Field::new("u", DataType::UInt64, true)]);
    let error = Schema::try_from(&arrow).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(error.to_string(), "column `u`: no Iceberg type holds Arrow's UInt64 exactly");
}

#[test]
fn files_carry_field_ids_logical_types_and_our_name() {
    let schema = all_types();
    let (file, metrics) = encode(&schema, &EncodeOptions::default(), &[]);
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let footer = reader.metadata().file_metadata();
    assert!(footer.created_by().unwrap().starts_with("datashard version "));
    assert_eq!(footer.key_value_metadata(), None);
    let ids: Vec<i32> = footer.schema_descr().columns().iter().map(|c| c.self_type().get_basic_info().id()).collect();
    let leaves = schema.walk().into_iter().filter(|(_, field)| field.field_type.as_primitive().is_some());
    assert_eq!(ids, leaves.map(|(_, field)| field.id).collect::<Vec<_>>());
    assert_eq!(footer.schema_descr().column(15).logical_type_ref(), Some(&LogicalType::Uuid));
    assert_eq!(footer.schema_descr().column(19).path().string(), "map.key_value.key");
    assert_eq!(footer.schema_descr().column(18).path().string(), "list.list.element.x");
    assert_eq!(metrics.record_count, 0);
    assert_eq!(metrics.value_counts.get(&1), Some(&0));
    assert!(metrics.lower_bounds.is_empty() && metrics.upper_bounds.is_empty());
}

#[test]
fn rows_survive_and_bytes_come_out_while_writing() {
    let options = BTreeMap::from([("write.parquet.row-group-size-bytes".to_owned(), "100000".to_owned())]);
    let options = EncodeOptions::from_properties(&options).unwrap();
    let values: Vec<i64> = (0..200_000_i64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as i64)).collect();
    let (schema, batch) = column(PrimitiveType::Long, Arc::new(Int64Array::from(values.clone())));
    let mut encoder = FileEncoder::new(&schema, &options).unwrap();
    let mut file = BytesMut::new();
    for start in (0..200_000).step_by(10_000) {
        encoder.write(&batch.slice(start, 10_000)).unwrap();
        while let Some(part) = encoder.take_part(50_000) {
            assert_eq!(part.len(), 50_000);
            file.extend_from_slice(&part);
        }
        assert!(encoder.buffered_bytes() < 1_000_000);
    }
    assert!(file.len() > 1_000_000);
    let (rest, metrics, size) = encoder.finish().unwrap();
    file.extend_from_slice(&rest);
    assert_eq!(file.len() as u64, size);
    assert!(metrics.split_offsets.len() > 10);
    assert_eq!(metrics.split_offsets[0], 4);
    let reader = ParquetRecordBatchReaderBuilder::try_new(file.freeze()).unwrap();
    assert_eq!(reader.metadata().num_row_groups(), metrics.split_offsets.len());
    let read: Vec<i64> = reader
        .build()
        .unwrap()
        .flat_map(|batch| {
            let batch = batch.unwrap();
            batch.column(0).as_any().downcast_ref::<Int64Array>().unwrap().values().to_vec()
        })
        .collect();
    assert_eq!(read, values);
    assert_eq!(bounds(&metrics, PrimitiveType::Long).0, values.iter().min().map(|v| Value::Long(*v)));
    assert_eq!(bounds(&metrics, PrimitiveType::Long).1, values.iter().max().map(|v| Value::Long(*v)));
}

#[test]
fn every_codec_can_be_written_and_a_wrong_setting_is_named() {
    for codec in ["zstd", "snappy", "gzip", "lz4", "uncompressed"] {
        let options = BTreeMap::from([("write.parquet.compression-codec".to_owned(), codec.to_owned())]);
        let (schema, batch) = column(PrimitiveType::Long, Arc::new(Int64Array::from(vec![1, 2])));
        let (file, _) = encode(&schema, &EncodeOptions::from_properties(&options).unwrap(), &[batch]);
        assert!(ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap().next().unwrap().is_ok());
    }
    for (name, value) in [
        ("write.parquet.compression-codec", "zip"),
        ("write.parquet.compression-level", "99"),
        ("write.parquet.page-row-limit", "0"),
        ("write.metadata.metrics.default", "truncate(0)"),
        ("write.metadata.metrics.column.a", "some"),
    ] {
        let error = EncodeOptions::from_properties(&BTreeMap::from([(name.to_owned(), value.to_owned())]));
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(name), "{error}");
    }
}

/// The Python package datashard 0.11.2 wrote NaN as bounds of columns that hold nothing else, and pruned as if NaNs did
/// not exist.
#[test]
fn nans_are_counted_and_are_never_bounds() {
    let metrics =
        metrics_of(PrimitiveType::Double, Arc::new(Float64Array::from(vec![Some(f64::NAN), Some(-f64::NAN), None])));
    assert_eq!((metrics.nan_value_counts[&1], metrics.null_value_counts[&1], metrics.value_counts[&1]), (2, 1, 3));
    assert_eq!(bounds(&metrics, PrimitiveType::Double), (None, None));

    let metrics = metrics_of(PrimitiveType::Float, Arc::new(Float32Array::from(vec![f32::NAN, 1.0, -2.0])));
    assert_eq!(metrics.nan_value_counts[&1], 1);
    assert_eq!(bounds(&metrics, PrimitiveType::Float), (Some(Value::Float(-2.0)), Some(Value::Float(1.0))));

    let metrics = metrics_of(PrimitiveType::Double, Arc::new(Float64Array::from(vec![None, None])));
    assert_eq!((metrics.nan_value_counts[&1], metrics.null_value_counts[&1]), (0, 2));
}

#[test]
fn zero_is_negative_below_and_positive_above() {
    for zero in [0.0, -0.0] {
        let metrics = metrics_of(PrimitiveType::Double, Arc::new(Float64Array::from(vec![zero])));
        assert_eq!(metrics.lower_bounds[&1], (-0.0_f64).to_le_bytes());
        assert_eq!(metrics.upper_bounds[&1], 0.0_f64.to_le_bytes());
    }
}

/// The Python package datashard 0.11.2 kept a text of 2 MB whole as both bounds: a manifest of 4 MB.
#[test]
fn bounds_of_text_are_cut_to_sixteen_characters() {
    let long = "ä".repeat(1_000_000);
    let (schema, batch) = column(PrimitiveType::String, Arc::new(StringArray::from(vec![long])));
    let (file, metrics) = encode(&schema, &EncodeOptions::default(), &[batch]);
    assert!(file.len() < 10_000, "{}", file.len());
    let upper = format!("{}å", "ä".repeat(15));
    assert_eq!(bounds(&metrics, PrimitiveType::String), (text(&"ä".repeat(16)), text(&upper)));
}

#[test]
fn upper_bounds_grow_at_the_last_character_that_can() {
    let upper = |value: String| {
        bounds(&metrics_of(PrimitiveType::String, Arc::new(StringArray::from(vec![value]))), PrimitiveType::String).1
    };
    assert_eq!(upper("abcdefghijklmnop".into()), text("abcdefghijklmnop"));
    assert_eq!(upper("abcdefghijklmnopq".into()), text("abcdefghijklmnoq"));
    assert_eq!(upper(format!("{}\u{d7ff}z", "a".repeat(15))), text(&format!("{}\u{e000}", "a".repeat(15))));
    assert_eq!(upper(format!("{}\u{10ffff}z", "a".repeat(15))), text(&format!("{}b", "a".repeat(14))));
    assert_eq!(upper("\u{10ffff}".repeat(17)), None);
    let bytes = |value: Vec<u8>| {
        let array = BinaryArray::from(vec![value.as_slice()]);
        bounds(&metrics_of(PrimitiveType::Binary, Arc::new(array)), PrimitiveType::Binary)
    };
    assert_eq!(bytes(vec![255; 100]), (Some(Value::Binary(vec![255; 16])), None));
    let mut next = vec![7; 16];
    next[15] = 8;
    assert_eq!(bytes(vec![7; 100]).1, Some(Value::Binary(next)));
}

#[test]
fn decimals_uuids_and_times_have_bounds_in_every_storage() {
    for (precision, scale) in [(9, 2), (18, 2), (38, 2)] {
        let array = Decimal128Array::from(vec![-129, 300]).with_precision_and_scale(precision, 2).unwrap();
        let decimal = PrimitiveType::Decimal { precision, scale };
        let metrics = metrics_of(decimal, Arc::new(array));
        assert_eq!((metrics.lower_bounds[&1].clone(), metrics.upper_bounds[&1].clone()), (vec![255, 127], vec![1, 44]));
    }
    let array = FixedSizeBinaryArray::try_from_iter([[255_u8; 16], [1; 16]].into_iter()).unwrap();
    let metrics = metrics_of(PrimitiveType::Uuid, Arc::new(array));
    let uuid = |byte| Some(Value::Uuid(u128::from_be_bytes([byte; 16])));
    assert_eq!(bounds(&metrics, PrimitiveType::Uuid), (uuid(1), uuid(255)));
    let array = TimestampMicrosecondArray::from(vec![-5, 7]).with_timezone("UTC");
    let metrics = metrics_of(PrimitiveType::Timestamptz, Arc::new(array));
    assert_eq!(
        bounds(&metrics, PrimitiveType::Timestamptz),
        (Some(Value::Timestamptz(-5)), Some(Value::Timestamptz(7)))
    );
    let metrics = metrics_of(PrimitiveType::Boolean, Arc::new(BooleanArray::from(vec![true])));
    assert_eq!(bounds(&metrics, PrimitiveType::Boolean), (Some(Value::Boolean(true)), Some(Value::Boolean(true))));
}

#[test]
fn elements_of_lists_are_counted_and_have_no_bounds() {
    let mut lists = ListBuilder::new(Int32Builder::new());
    lists.append_value([Some(1), None, Some(3)]);
    lists.append_value([]);
    let metrics = metrics_of(Type::list(PrimitiveType::Int), Arc::new(lists.finish()));
    assert_eq!(metrics.value_counts.get(&2), Some(&4));
    assert!(metrics.lower_bounds.is_empty());
    assert!(metrics.column_sizes[&2] > 0);
}

#[test]
fn metrics_modes_are_set_by_column_and_end_after_a_hundred_columns() {
    let schema = Schema::new((0..120).map(|i| NestedField::optional(format!("c{i}"), PrimitiveType::String))).unwrap();
    let array: ArrayRef = Arc::new(StringArray::from(vec!["abcdefgh"]));
    let batch = RecordBatch::try_from_iter_with_nullable((0..120).map(|i| (format!("c{i}"), array.clone(), true)));
    let batch = conform(&schema, &batch.unwrap()).unwrap();
    let properties = [("c0", "none"), ("c1", "counts"), ("c2", "truncate(3)"), ("c3", "full"), ("c119", "full")];
    let properties = properties.map(|(c, m)| (format!("write.metadata.metrics.column.{c}"), m.to_owned()));
    let options = EncodeOptions::from_properties(&BTreeMap::from(properties)).unwrap();
    let (_, metrics) = encode(&schema, &options, &[batch]);
    assert!(metrics.column_sizes.contains_key(&1) && !metrics.value_counts.contains_key(&1));
    assert!(metrics.value_counts.contains_key(&2) && !metrics.lower_bounds.contains_key(&2));
    assert_eq!((metrics.lower_bounds[&3].as_slice(), metrics.upper_bounds[&3].as_slice()), (&b"abc"[..], &b"abd"[..]));
    assert_eq!(metrics.upper_bounds[&4], b"abcdefgh");
    assert!(metrics.lower_bounds.contains_key(&100) && !metrics.value_counts.contains_key(&101));
    assert!(metrics.lower_bounds.contains_key(&120));
}

#[test]
fn bounds_span_all_row_groups_and_pass_over_those_of_nulls() {
    let options = BTreeMap::from([("write.parquet.row-group-limit".to_owned(), "2".to_owned())]);
    let values = vec![None, None, Some(f64::NAN), Some(f64::NAN), Some(1.0), Some(f64::NAN), Some(-3.0), None];
    let (schema, batch) = column(PrimitiveType::Double, Arc::new(Float64Array::from(values)));
    let (_, metrics) = encode(&schema, &EncodeOptions::from_properties(&options).unwrap(), &[batch]);
    assert_eq!(metrics.split_offsets.len(), 4);
    assert_eq!((metrics.nan_value_counts[&1], metrics.null_value_counts[&1]), (3, 3));
    assert_eq!(bounds(&metrics, PrimitiveType::Double), (Some(Value::Double(-3.0)), Some(Value::Double(1.0))));
}

#[test]
fn row_groups_keep_their_limits_of_rows_and_bytes_whatever_the_batches() {
    let groups = |name: &str, limit: &str, batch: &RecordBatch, schema: &Schema| {
        let limit = BTreeMap::from([(name.to_owned(), limit.to_owned())]);
        let (file, _) = encode(schema, &EncodeOptions::from_properties(&limit).unwrap(), std::slice::from_ref(batch));
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        let sizes = |group: &parquet::file::metadata::RowGroupMetaData| (group.num_rows(), group.total_byte_size());
        reader.metadata().row_groups().iter().map(sizes).collect::<Vec<_>>()
    };
    let (schema, batch) = column(PrimitiveType::Int, Arc::new(Int32Array::from_iter_values(0..70_000)));
    let rows: Vec<_> = groups("write.parquet.row-group-limit", "30000", &batch, &schema).iter().map(|g| g.0).collect();
    assert_eq!(rows, [30_000, 30_000, 10_000]);

    // Rows of 1 KB: no group has many more than a megabyte.
    let wide = (0..20_000_u64).map(|row| format!("{:x}", row.wrapping_mul(0x9e37_79b9_7f4a_7c15)).repeat(64));
    let (schema, batch) = column(PrimitiveType::String, Arc::new(StringArray::from_iter_values(wide)));
    let groups = groups("write.parquet.row-group-size-bytes", "1000000", &batch, &schema);
    assert_eq!(groups.iter().map(|group| group.0).sum::<i64>(), 20_000);
    assert!(groups.iter().all(|group| group.1 < 1_300_000) && groups.len() < 40, "{groups:?}");
}
