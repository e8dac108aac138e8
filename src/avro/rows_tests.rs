use std::sync::Arc;

use apache_avro::types::Value as Avro;
use apache_avro::{Schema as AvroSchema, Writer};
use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::*;
use bytes::Bytes;
use serde_json::{Value as Json, json};

use super::tests::container;
use super::*;
use crate::ErrorKind;
use crate::parquet::{Projection, project};
use crate::spec::{NameMapping, NestedField, PrimitiveType, Schema, StructType, Type};

fn union(value: Option<Avro>) -> Avro {
    match value {
        None => Avro::Union(0, Avro::Null.into()),
        Some(value) => Avro::Union(1, value.into()),
    }
}

/// A file of these rows, in blocks of about so many bytes.
fn file(schema: &Json, rows: impl IntoIterator<Item = Vec<Avro>>, block: usize) -> Bytes {
    let parsed = AvroSchema::parse(schema).unwrap();
    let names: Vec<_> =
        schema["fields"].as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap()).collect();
    let mut writer = Writer::builder().schema(&parsed).writer(Vec::new()).block_size(block).build().unwrap();
    for row in rows {
        let fields = names.iter().zip(row).map(|(name, value)| ((*name).to_owned(), value)).collect();
        writer.append_value(Avro::Record(fields)).unwrap();
    }
    // The library leaves out what it does not know in a schema, such as that an array is a map.
    with_schema(&writer.into_inner().unwrap(), schema)
}

/// The same blocks under another schema.
fn with_schema(file: &[u8], schema: &Json) -> Bytes {
    let marker = &file[file.len() - 16..];
    let start = file.windows(16).position(|window| window == marker).unwrap() + 16;
    let header = container(&schema.to_string(), "null", 0, &[]);
    // Without the empty block at its end, and with its own marker.
    let header = &header[..header.len() - 2 - 16 - 16];
    [header, marker, &file[start..]].concat().into()
}

fn read_steps(
    file: &Bytes,
    table: &Schema,
    mapping: Option<&str>,
    batch_rows: usize,
) -> crate::Result<(Vec<RecordBatch>, Vec<std::ops::Range<u64>>)> {
    let mapping = mapping.map(NameMapping::parse).transpose()?;
    let mut rows = AvroRows::new(file.len() as u64, table, mapping, batch_rows);
    let projection = Projection::all(table)?;
    let (mut batches, mut ranges) = (Vec::new(), Vec::new());
    loop {
        match rows.step()? {
            AvroStep::Needs(range) => {
                rows.push(file.slice(range.start as usize..range.end as usize));
                ranges.push(range);
            }
            AvroStep::Batch(batch) => {
                batch.columns().iter().for_each(|column| column.to_data().validate_full().unwrap());
                batches.push(project(&batch, &projection, None)?);
            }
            AvroStep::Done => return Ok((batches, ranges)),
        }
    }
}

fn read(file: &Bytes, table: &Schema) -> crate::Result<RecordBatch> {
    let (batches, _) = read_steps(file, table, None, 1000)?;
    Ok(arrow_select::concat::concat_batches(Projection::all(table)?.arrow_schema(), &batches).unwrap())
}

fn table(fields: Vec<NestedField>) -> Schema {
    Schema::with_ids(0, StructType { fields }).unwrap()
}

fn optional(name: &str, avro: Json, id: i32) -> Json {
    json!({"name": name, "type": ["null", avro], "default": null, "field-id": id})
}

/// Every primitive type, with the schema that Iceberg's own writer makes.
#[test]
fn every_primitive_type_is_read_with_its_nulls() {
    let types: Vec<(PrimitiveType, Json, Avro, ArrayRef)> = vec![
        (PrimitiveType::Boolean, json!("boolean"), Avro::Boolean(true), Arc::new(BooleanArray::from(vec![true]))),
        (PrimitiveType::Int, json!("int"), Avro::Int(i32::MIN), Arc::new(Int32Array::from(vec![i32::MIN]))),
        (PrimitiveType::Long, json!("long"), Avro::Long(i64::MIN), Arc::new(Int64Array::from(vec![i64::MIN]))),
        (PrimitiveType::Float, json!("float"), Avro::Float(-0.0), Arc::new(Float32Array::from(vec![-0.0]))),
        (PrimitiveType::Double, json!("double"), Avro::Double(1e300), Arc::new(Float64Array::from(vec![1e300]))),
        (
            PrimitiveType::Decimal { precision: 38, scale: 10 },
            json!({"type": "fixed", "name": "decimal_38_10", "size": 16, "logicalType": "decimal", "precision": 38, "scale": 10}),
            Avro::Decimal((-(10_i128.pow(38) - 1)).to_be_bytes().to_vec().into()),
            Arc::new(Decimal128Array::from(vec![-(10_i128.pow(38) - 1)]).with_precision_and_scale(38, 10).unwrap()),
        ),
        (
            PrimitiveType::Decimal { precision: 4, scale: 2 },
            json!({"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}),
            Avro::Decimal(vec![0xfb, 0x2e].into()),
            Arc::new(Decimal128Array::from(vec![-1234]).with_precision_and_scale(4, 2).unwrap()),
        ),
        (
            PrimitiveType::Date,
            json!({"type": "int", "logicalType": "date"}),
            Avro::Date(-1),
            Arc::new(Date32Array::from(vec![-1])),
        ),
        (
            PrimitiveType::Time,
            json!({"type": "long", "logicalType": "time-micros"}),
            Avro::TimeMicros(7),
            Arc::new(Time64MicrosecondArray::from(vec![7])),
        ),
        (
            PrimitiveType::Timestamp,
            json!({"type": "long", "logicalType": "timestamp-micros", "adjust-to-utc": false}),
            Avro::TimestampMicros(-7),
            Arc::new(TimestampMicrosecondArray::from(vec![-7])),
        ),
        (
            PrimitiveType::Timestamptz,
            json!({"type": "long", "logicalType": "timestamp-micros", "adjust-to-utc": true}),
            Avro::TimestampMicros(8),
            Arc::new(TimestampMicrosecondArray::from(vec![8]).with_timezone("UTC")),
        ),
        (
            PrimitiveType::TimestampNs,
            json!({"type": "long", "logicalType": "timestamp-nanos", "adjust-to-utc": false}),
            Avro::TimestampNanos(9),
            Arc::new(TimestampNanosecondArray::from(vec![9])),
        ),
        (
            PrimitiveType::TimestamptzNs,
            json!({"type": "long", "logicalType": "timestamp-nanos", "adjust-to-utc": true}),
            Avro::TimestampNanos(i64::MAX),
            Arc::new(TimestampNanosecondArray::from(vec![i64::MAX]).with_timezone("UTC")),
        ),
        (
            PrimitiveType::String,
            json!("string"),
            Avro::String("ä\u{10ffff}".into()),
            Arc::new(StringArray::from(vec!["ä\u{10ffff}"])),
        ),
        (
            PrimitiveType::Uuid,
            json!({"type": "fixed", "name": "uuid_fixed", "size": 16, "logicalType": "uuid"}),
            Avro::Uuid("f79c3e09-677c-4bbd-a479-3f349cb785e7".parse().unwrap()),
            Arc::new(
                FixedSizeBinaryArray::try_from_iter(
                    [0xf79c_3e09_677c_4bbd_a479_3f34_9cb7_85e7_u128.to_be_bytes()].iter(),
                )
                .unwrap(),
            ),
        ),
        (
            PrimitiveType::Uuid,
            json!({"type": "string", "logicalType": "uuid"}),
            Avro::Uuid("f79c3e09-677c-4bbd-a479-3f349cb785e7".parse().unwrap()),
            Arc::new(
                FixedSizeBinaryArray::try_from_iter(
                    [0xf79c_3e09_677c_4bbd_a479_3f34_9cb7_85e7_u128.to_be_bytes()].iter(),
                )
                .unwrap(),
            ),
        ),
        (
            PrimitiveType::Fixed(3),
            json!({"type": "fixed", "name": "fixed_3", "size": 3}),
            Avro::Fixed(3, vec![1, 2, 3]),
            Arc::new(FixedSizeBinaryArray::try_from_iter([[1_u8, 2, 3]].iter()).unwrap()),
        ),
        (
            PrimitiveType::Binary,
            json!("bytes"),
            Avro::Bytes(vec![0, 255]),
            Arc::new(BinaryArray::from(vec![&[0_u8, 255][..]])),
        ),
    ];
    let ids = 1..=types.len() as i32;
    let fields = types.iter().zip(ids.clone()).map(|((_, avro, ..), id)| optional(&format!("c{id}"), avro.clone(), id));
    let schema = json!({"type": "record", "name": "table", "fields": fields.collect::<Vec<_>>()});
    let some: Vec<_> = types.iter().map(|(_, _, value, _)| union(Some(value.clone()))).collect();
    let none: Vec<_> = types.iter().map(|_| union(None)).collect();
    let bytes = file(&schema, [some.clone(), none, some], 1);
    let fields = types.iter().zip(ids).map(|((kind, ..), id)| NestedField::optional(format!("now {id}"), *kind).id(id));
    let batch = read(&bytes, &table(fields.collect())).unwrap();
    for ((kind, _, _, expected), column) in types.iter().zip(batch.columns()) {
        assert_eq!(column.null_count(), 1, "{kind}");
        assert!(column.is_null(1));
        for row in [0, 2] {
            assert_eq!(&column.slice(row, 1), expected, "{kind}");
        }
    }
}

/// A struct with a list of structs in it, and maps both ways that Avro has them.
fn nested() -> (Json, Schema) {
    let inner = json!({"type": "record", "name": "r2", "fields": [optional("x", json!("int"), 6)]});
    let list = json!({"type": "array", "items": ["null", inner], "element-id": 5});
    let pair = json!({"type": "record", "name": "k9_v10", "fields": [
        {"name": "key", "type": "long", "field-id": 9}, optional("value", json!("string"), 10)]});
    let schema = json!({"type": "record", "name": "table", "fields": [
        {"name": "id", "type": "long", "field-id": 1},
        // Null may come second.
        {"name": "s", "field-id": 2, "type": [{"type": "record", "name": "r1", "fields": [
            {"name": "_x20odd", "type": "string", "field-id": 3}, optional("list", list, 4)]}, "null"]},
        optional("text_map", json!({"type": "map", "values": "int", "key-id": 12, "value-id": 13}), 7),
        {"name": "pairs", "field-id": 8, "type": {"type": "array", "logicalType": "map", "items": pair}},
    ]});
    let list = Type::List(crate::spec::ListType {
        element: NestedField::optional(
            "element",
            Type::structure([NestedField::optional("x", PrimitiveType::Long).id(6)]),
        )
        .id(5)
        .into(),
    });
    let map = |key: PrimitiveType, key_id, value: PrimitiveType, value_id| {
        Type::Map(crate::spec::MapType {
            key: NestedField::required("key", key).id(key_id).into(),
            value: NestedField::optional("value", value).id(value_id).into(),
        })
    };
    let table = table(vec![
        NestedField::optional("pairs", map(PrimitiveType::Long, 9, PrimitiveType::String, 10)).id(8),
        NestedField::required("id", PrimitiveType::Long).id(1),
        NestedField::optional(
            "s",
            Type::structure([
                NestedField::optional("list", list).id(4),
                NestedField::optional(" odd", PrimitiveType::String).id(3),
                NestedField::optional("later", PrimitiveType::Int).id(20),
            ]),
        )
        .id(2),
        NestedField::optional("text_map", map(PrimitiveType::String, 12, PrimitiveType::Int, 13)).id(7),
    ]);
    (schema, table)
}

fn nested_rows(count: i64) -> impl Iterator<Item = Vec<Avro>> {
    let record =
        |fields: &[(&str, Avro)]| Avro::Record(fields.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).collect());
    (0..count).map(move |i| {
        let items =
            (0..i % 4).map(|j| union((j != 1).then(|| record(&[("x", union(Some(Avro::Int((i * 10 + j) as i32))))]))));
        let list = union((i % 5 != 3).then(|| Avro::Array(items.collect())));
        let s = record(&[("_x20odd", Avro::String(format!("t{i}"))), ("list", list)]);
        let s = if i % 7 == 6 { Avro::Union(1, Avro::Null.into()) } else { Avro::Union(0, s.into()) };
        let map = [(format!("k{i}"), Avro::Int(i as i32))];
        let pair =
            record(&[("key", Avro::Long(i)), ("value", union((i % 2 == 0).then(|| Avro::String(format!("v{i}")))))]);
        vec![Avro::Long(i), s, union(Some(Avro::Map(map.into_iter().collect()))), Avro::Array(vec![pair])]
    })
}

#[test]
fn nested_columns_are_matched_by_id_whatever_their_names_and_order() {
    let (schema, table) = nested();
    let batch = read(&file(&schema, nested_rows(100), 500), &table).unwrap();
    assert_eq!(batch.num_rows(), 100);
    assert_eq!(batch.column(1).as_primitive::<Int64Type>().values(), &(0..100).collect::<Vec<_>>()[..]);
    let s = batch.column(2).as_struct();
    assert_eq!((s.null_count(), s.is_null(6), s.column(2).null_count()), (14, true, 100));
    assert_eq!(s.column(1).as_string::<i32>().value(5), "t5");
    let list = s.column(0).as_list::<i32>();
    assert!(list.is_null(8) && !list.is_null(4) && list.value(4).is_empty());
    let items = list.value(7);
    assert_eq!((items.len(), items.is_null(1)), (3, true));
    assert_eq!(items.as_struct().column(0).as_primitive::<Int64Type>().value(2), 72, "an int became a long");
    let (text, pairs) = (batch.column(3).as_map(), batch.column(0).as_map());
    assert_eq!(
        (text.keys().as_string::<i32>().value(9), text.values().as_primitive::<Int32Type>().value(9)),
        ("k9", 9)
    );
    assert_eq!((pairs.keys().as_primitive::<Int64Type>().value(9), pairs.values().is_null(9)), (9, true));
    assert_eq!(pairs.values().as_string::<i32>().value(8), "v8");
}

#[test]
fn columns_that_are_not_asked_for_are_passed_over() {
    let (schema, whole) = nested();
    let bytes = file(&schema, nested_rows(50), 100);
    for name in ["id", "s", "text_map", "pairs"] {
        let one = Projection::of(&whole, [name]).unwrap().schema().clone();
        let all = read(&bytes, &whole).unwrap();
        assert_eq!(read(&bytes, &one).unwrap().column(0), all.column_by_name(name).unwrap(), "{name}");
    }
    let none = table(vec![NestedField::optional("new", PrimitiveType::Int).id(99)]);
    let batch = read(&bytes, &none).unwrap();
    assert_eq!((batch.num_rows(), batch.column(0).null_count()), (50, 50));
}

#[test]
fn a_large_file_is_read_in_ranges_and_batches_of_bounded_size() {
    let schema = json!({"type": "record", "name": "t", "fields": [{"name": "b", "type": "bytes", "field-id": 1}]});
    let rows = (0..1000).map(|i| vec![Avro::Bytes(vec![i as u8; 30_000])]);
    let bytes = file(&schema, rows, 100_000);
    let table = table(vec![NestedField::required("b", PrimitiveType::Binary).id(1)]);
    let (batches, ranges) = read_steps(&bytes, &table, None, 8192).unwrap();
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 1000);
    assert!(batches.iter().all(|batch| batch.get_array_memory_size() < 40 << 20) && batches.len() > 1);
    assert!(ranges.len() > 5 && ranges.iter().all(|range| range.end - range.start <= 4 << 20), "{ranges:?}");
    assert!(
        ranges.windows(2).all(|pair| pair[0].end == pair[1].start) && ranges.last().unwrap().end == bytes.len() as u64
    );
    let (batches, _) = read_steps(&bytes, &table, None, 300).unwrap();
    assert_eq!(batches.iter().map(RecordBatch::num_rows).collect::<Vec<_>>(), [300, 300, 300, 100]);
}

#[test]
fn a_file_without_ids_goes_by_the_name_mapping_and_is_refused_without_one() {
    let schema = json!({"type": "record", "name": "t", "fields": [
        {"name": "old", "type": "long"}, {"name": "l", "type": {"type": "array", "items": "int"}}]});
    let bytes = file(&schema, [vec![Avro::Long(7), Avro::Array(vec![Avro::Int(1)])]], 1);
    let element = NestedField::optional("element", PrimitiveType::Int).id(3).into();
    let table = table(vec![
        NestedField::optional("new", PrimitiveType::Long).id(1),
        NestedField::optional("l", Type::List(crate::spec::ListType { element })).id(2),
    ]);
    let mapping = r#"[{"field-id": 1, "names": ["new", "old"]},
        {"field-id": 2, "names": ["l"], "fields": [{"field-id": 3, "names": ["element"]}]}]"#;
    let (batches, _) = read_steps(&bytes, &table, Some(mapping), 10).unwrap();
    assert_eq!(batches[0].column(0).as_primitive::<Int64Type>().value(0), 7);
    assert_eq!(batches[0].column(1).as_list::<i32>().values().as_primitive::<Int32Type>().value(0), 1);
    let error = read(&bytes, &table).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("schema.name-mapping.default"), "{error}");
}

const ONE: &str = r#"{"type":"record","name":"t","fields":[{"name":"a","type":"TYPE","field-id":1}]}"#;

#[test]
fn blocks_of_every_codec_are_read_and_others_are_refused_by_name() {
    let schema = ONE.replace("TYPE", "long");
    let table = table(vec![NestedField::required("a", PrimitiveType::Long).id(1)]);
    let plain = [2_u8, 4, 6];
    let mut crc = flate2::Crc::new();
    crc.update(&plain);
    let snappy = [snap::raw::Encoder::new().compress_vec(&plain).unwrap(), crc.sum().to_be_bytes().to_vec()].concat();
    let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut deflate, &plain).unwrap();
    let zstd = zstd::encode_all(&plain[..], 1).unwrap();
    for (codec, block) in
        [("null", &plain[..]), ("deflate", &deflate.finish().unwrap()), ("snappy", &snappy), ("zstandard", &zstd)]
    {
        let bytes = Bytes::from(container(&schema, codec, 3, block));
        let batch = read(&bytes, &table).unwrap();
        assert_eq!(batch.column(0).as_primitive::<Int64Type>().values(), &[1, 2, 3], "{codec}");
    }
    let error = read(&container(&schema, "xz", 3, &plain).into(), &table).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("xz"), "{error}");
}

#[test]
fn what_iceberg_has_no_type_for_is_refused_by_name_and_column() {
    let table = table(vec![NestedField::optional("a", PrimitiveType::Long).id(1)]);
    for (avro, message) in [
        (r#"{"type":"enum","name":"e","symbols":["x"]}"#, "enum"),
        (r#"["null","long","string"]"#, "union"),
        (r#"["long","string"]"#, "union"),
        (r#""unheard""#, "unheard"),
        (r#"{"type":"bytes","logicalType":"decimal","precision":77,"scale":2}"#, "decimal of 77"),
    ] {
        let schema = ONE.replace(r#""TYPE""#, avro);
        let error = read(&container(&schema, "null", 0, &[]).into(), &table).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        assert!(error.to_string().contains(message) && error.to_string().contains("column `a`"), "{error}");
    }
    // A type that the table's cannot be made of is the projection's to refuse.
    let schema = ONE.replace("TYPE", "string");
    let error = read(&container(&schema, "null", 1, &[2, b'x']).into(), &table).unwrap_err();
    assert!(error.to_string().contains("column `a`") && error.to_string().contains("Utf8"), "{error}");
}

#[test]
fn a_named_type_may_be_used_again_in_and_out_of_its_namespace() {
    let fixed =
        json!({"type": "fixed", "name": "money", "size": 2, "logicalType": "decimal", "precision": 4, "scale": 2});
    let schema = json!({"type": "record", "name": "t", "namespace": "a.b", "fields": [
        {"name": "x", "type": fixed, "field-id": 1}, {"name": "y", "type": "money", "field-id": 2},
        {"name": "z", "type": ["null", "a.b.money"], "field-id": 3}]});
    let block = [0, 1, 0, 2, 2, 0xff, 0xff];
    let money = PrimitiveType::Decimal { precision: 6, scale: 2 };
    let fields = ["x", "y", "z"].into_iter().zip(1..).map(|(name, id)| NestedField::optional(name, money).id(id));
    let batch = read(&container(&schema.to_string(), "null", 1, &block).into(), &table(fields.collect())).unwrap();
    let values: Vec<_> =
        batch.columns().iter().map(|column| column.as_primitive::<Decimal128Type>().value(0)).collect();
    assert_eq!(values, [1, 2, -1]);
}

/// The type `unknown`, whatever the column became later.
#[test]
fn a_column_that_was_always_null_is_null_in_any_type() {
    let schema = json!({"type": "record", "name": "t", "fields": [
        {"name": "n", "type": "null", "field-id": 1}, optional("u", json!("null"), 2), optional("a", json!("long"), 3)]});
    let schema = schema.to_string().replace(r#"["null","null"]"#, r#"["null"]"#);
    let inner = Type::structure([NestedField::optional("x", PrimitiveType::Int).id(4)]);
    let table = table(vec![
        NestedField::optional("n", inner).id(1),
        NestedField::optional("u", PrimitiveType::String).id(2),
        NestedField::optional("a", PrimitiveType::Long).id(3),
    ]);
    let batch = read(&container(&schema, "null", 2, &[0, 2, 14, 0, 0]).into(), &table).unwrap();
    let nulls: Vec<_> = batch.columns().iter().map(|column| column.null_count()).collect();
    assert_eq!((nulls, batch.column(2).as_primitive::<Int64Type>().value(0)), (vec![2, 2, 1], 7));
}

/// Lengths, counts and sizes are a stranger's word.
#[test]
fn no_room_is_made_for_what_is_not_there_and_a_small_file_does_not_become_large() {
    let long = &[0xfe, 0xff, 0xff, 0xff, 0x0f][..];
    let fixed = r#"{"type":"fixed","name":"f","size":2000000000}"#;
    let nulls = format!(r#"["null",{fixed}]"#);
    let laughs = (0..40).fold(r#""long""#.to_owned(), |inner, i| {
        let second = if i == 0 { "long".to_owned() } else { format!("n{}", i - 1) };
        format!(
            r#"{{"type":"record","name":"n{i}","fields":[{{"name":"a","type":{inner}}},{{"name":"b","type":"{second}"}}]}}"#
        )
    });
    let deep = (0..90).fold(r#""long""#.to_owned(), |inner, _| format!(r#"{{"type":"array","items":{inner}}}"#));
    let zeros = zstd::encode_all(vec![0; 200 << 20].as_slice(), 3).unwrap();
    for (avro, codec, count, block) in [
        (r#""bytes""#, "null", 1, long),
        (r#""string""#, "null", 1, &[1][..]),
        (r#""string""#, "null", 1, &[4, 0xff, 0xfe]),
        (r#""int""#, "null", 1, &[0xfe, 0xff, 0xff, 0xff, 0x7f]),
        (r#""long""#, "null", 2, &[1]),
        (r#""long""#, "null", 1, &[1, 1]),
        (fixed, "null", 1, &[0; 40]),
        (&nulls, "null", 1, &[0]),
        (r#"{"type":"array","items":"long"}"#, "null", 1, &[0xfe, 0xff, 0xff, 0xff, 0x0f, 0]),
        (r#"{"type":"array","items":"null"}"#, "null", 1, &[0xfe, 0xff, 0xff, 0xff, 0x0f, 0]),
        (r#"{"type":"map","values":"null"}"#, "null", 1, &[0xfe, 0xff, 0xff, 0xff, 0x0f, 0]),
        (r#"["null","long"]"#, "null", 1, &[4]),
        (r#""null""#, "null", 1 << 40, &[]),
        (r#""t""#, "null", 1, &[0; 20]),
        (&laughs, "null", 1, &[0; 2000]),
        (&deep, "null", 1, &[0; 200]),
        (r#""long""#, "zstandard", 200 << 20, &zeros),
        (r#"{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}"#, "null", 1, &[6, 1, 0, 0]),
        (r#"{"type":"string","logicalType":"uuid"}"#, "null", 1, &[4, b'n', b'o']),
        (r#"{"type":"fixed"}"#, "null", 1, &[0]),
        ("7", "null", 1, &[0]),
    ] {
        let schema = ONE.replace(r#""TYPE""#, avro);
        let wanted = table(vec![NestedField::optional("a", PrimitiveType::Long).id(1)]);
        let bytes = Bytes::from(container(&schema, codec, count, block));
        let mut rows = AvroRows::new(bytes.len() as u64, &wanted, None, 1000);
        let error = loop {
            match rows.step() {
                Ok(AvroStep::Needs(range)) => rows.push(bytes.slice(range.start as usize..range.end as usize)),
                Ok(AvroStep::Batch(_)) => {}
                Ok(AvroStep::Done) => panic!("{avro} was read"),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{avro}: {error}");
    }
}

#[test]
fn every_truncation_and_flipped_byte_is_survived() {
    let (schema, table) = nested();
    let bytes = file(&schema, nested_rows(20), 100);
    let whole = read(&bytes, &table).unwrap();
    for length in 0..bytes.len() {
        match read(&bytes.slice(..length), &table) {
            Ok(batch) => assert_eq!(batch, whole.slice(0, batch.num_rows())),
            Err(error) => assert!(matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::Unsupported), "{error}"),
        }
    }
    for at in 0..bytes.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut hostile = bytes.to_vec();
            hostile[at] ^= flip;
            let _ = read(&hostile.into(), &table);
        }
    }
}

/// What the fuzzer begins with: rows of its table in every codec, nested ones, and a file without ids.
pub(crate) fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let p = json!({"type": "record", "name": "p", "fields": [optional("d", json!("double"), 11), optional("s", json!("string"), 12)]});
    let list = json!({"type": "array", "items": ["null", "string"], "element-id": 13});
    let mut schema = json!({"type": "record", "name": "t", "fields": [
        {"name": "l", "type": "long", "field-id": 1}, optional("i", json!("int"), 2), optional("d", json!("float"), 3),
        optional("s", json!("string"), 4), optional("o", json!("boolean"), 5),
        optional("m", json!({"type": "fixed", "name": "m", "size": 4, "logicalType": "decimal", "precision": 9, "scale": 2}), 6),
        optional("t", json!({"type": "long", "logicalType": "timestamp-micros", "adjust-to-utc": true}), 7),
        optional("y", json!({"type": "int", "logicalType": "date"}), 8), optional("p", p, 9), optional("a", list, 10),
    ]});
    let mut block = Vec::new();
    for i in 0..10_u8 {
        block.extend_from_slice(&[
            2 * i,
            2,
            i,
            2,
            0,
            0,
            0x80,
            0x3f,
            2,
            2,
            b'a' + i,
            2,
            i % 2,
            2,
            0,
            0,
            0,
            i,
            2,
            i,
            2,
            i,
        ]);
        // A struct whose first field is null, and a list of a text and a null.
        block.extend_from_slice(&[2, 0, 2, 2, b's', 2, 4, 2, 2, b'x', 0, 0]);
    }
    block.extend_from_slice(&[0; 10]);
    let snappy = |plain: &[u8]| {
        let mut crc = flate2::Crc::new();
        crc.update(plain);
        [snap::raw::Encoder::new().compress_vec(plain).unwrap(), crc.sum().to_be_bytes().to_vec()].concat()
    };
    let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut deflate, &block).unwrap();
    let blocks = [
        ("null", block.clone()),
        ("deflate", deflate.finish().unwrap()),
        ("snappy", snappy(&block)),
        ("zstandard", zstd::encode_all(block.as_slice(), 1).unwrap()),
    ];
    let text = schema.to_string();
    let mut files: Vec<_> = blocks.iter().map(|(codec, block)| (*codec, container(&text, codec, 11, block))).collect();
    let (other, _) = nested();
    files.push(("nested", file(&other, nested_rows(12), 60).to_vec()));
    for field in schema["fields"].as_array_mut().unwrap() {
        field.as_object_mut().unwrap().remove("field-id");
    }
    files.push(("names", container(&schema.to_string().replace("-id\"", "\""), "null", 11, &block)));
    files
}

#[test]
fn the_fuzzer_begins_with_files_that_are_read() {
    let table = crate::fuzzing::schema();
    for (name, bytes) in seeds() {
        let bytes = Bytes::from(bytes);
        let mapping = r#"[{"field-id": 1, "names": ["l"]}]"#;
        match read_steps(&bytes, &table, Some(mapping), 1000) {
            Ok((batches, _)) => assert_eq!((batches.len(), batches[0].num_rows()), (1, 11), "{name}"),
            Err(error) => assert_eq!(name, "nested", "{error}"),
        }
    }
}
