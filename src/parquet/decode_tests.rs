use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use ::arrow_schema::{DataType, Field, Fields, Schema as ArrowSchema};
use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::*;
use arrow_buffer::NullBuffer;
use bytes::{Bytes, BytesMut};
use serde_json::{Value as Json, json};

use super::page_headers::check_page_headers;
use super::*;
use crate::ErrorKind;
use crate::expr::{Predicate, col};
use crate::spec::{ListType, MapType, NestedField, Positions, PrimitiveType, Schema, StructType, Type, Value};

/// Drives a decoder over a file in memory; also says how many bytes were asked for.
pub(super) fn read(
    file: &Bytes,
    projection: &Projection,
    filter: Option<&Predicate>,
    options: DecodeOptions,
    first_read: u64,
) -> crate::Result<(RecordBatch, DecodeReport, u64)> {
    let fetch = |ranges: &[Range<u64>]| -> Vec<Bytes> {
        ranges.iter().map(|range| file.slice(range.start as usize..range.end as usize)).collect()
    };
    let (metadata, mut fetched) = read_footer(file, first_read)?;
    let predicate = filter.map(|filter| filter.bind(projection.table_schema())).transpose()?;
    let mut decoder = FileDecoder::new(metadata, projection, predicate.as_ref(), options)?;
    let mut batches = Vec::new();
    loop {
        match decoder.step()? {
            Step::Needs(ranges) => {
                fetched += ranges.iter().map(|range| range.end - range.start).sum::<u64>();
                decoder.push(ranges.clone(), fetch(&ranges))?;
            }
            Step::Batch(batch) => {
                assert_eq!(&batch.schema(), projection.arrow_schema());
                batches.push(batch);
            }
            Step::Done => break,
        }
    }
    let batch = arrow_select::concat::concat_batches(projection.arrow_schema(), &batches).unwrap();
    Ok((batch, decoder.report(), fetched))
}

/// The footer of a file in memory; also says how many bytes were asked for.
pub(super) fn read_footer(file: &Bytes, first_read: u64) -> crate::Result<(FileMetadata, u64)> {
    let (mut footer, mut fetched) = (FooterDecoder::new(file.len() as u64, first_read)?, 0);
    loop {
        match footer.step()? {
            FooterStep::Needs(ranges) => {
                fetched += ranges.iter().map(|range| range.end - range.start).sum::<u64>();
                let bytes = ranges.iter().map(|range| file.slice(range.start as usize..range.end as usize));
                let bytes = bytes.collect();
                footer.push(ranges, bytes)?;
            }
            FooterStep::Done(metadata) => return Ok((metadata, fetched)),
        }
    }
}

fn write(schema: &Schema, batch: &RecordBatch, properties: &[(&str, &str)]) -> Bytes {
    let properties = properties.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let options = EncodeOptions::from_properties(&properties.collect::<BTreeMap<_, _>>()).unwrap();
    let mut encoder = FileEncoder::new(schema, &options).unwrap();
    encoder.write(&conform(schema, batch).unwrap()).unwrap();
    encoder.finish().unwrap().0
}

fn with_ids(fields: Vec<NestedField>) -> Schema {
    Schema::with_ids(1, StructType { fields }).unwrap()
}

/// 10,000 ascending numbers, text of them, and a constant, in two row groups of pages of 100 rows.
fn numbers() -> (Schema, Bytes) {
    let schema = Schema::new([
        NestedField::required("n", PrimitiveType::Long),
        NestedField::optional("t", PrimitiveType::String),
        NestedField::optional("c", PrimitiveType::Int),
    ])
    .unwrap();
    let n: Int64Array = (0..10_000).collect();
    let t: StringArray = (0..10_000).map(|i| Some(format!("{:032}", i * 7_919 % 10_007))).collect();
    let c = Int32Array::from_value(7, 10_000);
    let batch = RecordBatch::try_from_iter([("n", Arc::new(n) as ArrayRef), ("t", Arc::new(t)), ("c", Arc::new(c))]);
    let settings = [
        ("write.parquet.row-group-limit", "5000"),
        ("write.parquet.page-row-limit", "100"),
        ("write.parquet.dict-size-bytes", "1000"),
        ("write.parquet.compression-codec", "uncompressed"),
    ];
    let file = write(&schema, &batch.unwrap(), &settings);
    (schema, file)
}

fn longs(batch: &RecordBatch, column: usize) -> Vec<i64> {
    batch.column(column).as_primitive::<Int64Type>().values().to_vec()
}

#[test]
fn a_small_file_is_read_in_one_request() {
    let (schema, batch) = (
        Schema::new([NestedField::required("a", PrimitiveType::Long)]).unwrap(),
        RecordBatch::try_from_iter([("a", Arc::new(Int64Array::from(vec![3, 1])) as ArrayRef)]).unwrap(),
    );
    let file = write(&schema, &batch, &[]);
    let all = Projection::all(&schema).unwrap();
    let (batch, _, fetched) = read(&file, &all, Some(&col("a").gt(2)), DecodeOptions::default(), FIRST_READ).unwrap();
    assert_eq!((longs(&batch, 0), fetched), (vec![3], file.len() as u64));
}

#[test]
fn only_the_pages_that_a_filter_leaves_are_fetched() {
    let (schema, file) = numbers();
    let some = Projection::of(&schema, ["t", "n"]).unwrap();
    let filter = col("n").between(7_250, 7_260).and(col("c").eq(7));
    let (batch, report, fetched) = read(&file, &some, Some(&filter), DecodeOptions::default(), 1_000).unwrap();
    assert_eq!(longs(&batch, 1), (7_250..=7_260).collect::<Vec<_>>());
    assert_eq!((report.row_groups, report.row_groups_skipped), (2, 1));
    assert_eq!((report.rows_skipped_by_pages, report.rows_decoded, report.rows), (4_900, 100, 11));
    assert!(fetched < file.len() as u64 / 5, "{fetched} of {}", file.len());
}

#[test]
fn a_limit_ends_the_reading_early_with_and_without_a_filter() {
    let (schema, file) = numbers();
    let all = Projection::all(&schema).unwrap();
    let options = || DecodeOptions { limit: Some(5), batch_size: 3, ..DecodeOptions::default() };
    let (batch, ..) = read(&file, &all, None, options(), 1_000).unwrap();
    assert_eq!(longs(&batch, 0), [0, 1, 2, 3, 4]);
    let (batch, report, _) = read(&file, &all, Some(&col("n").ge(4_998)), options(), 1_000).unwrap();
    assert_eq!(longs(&batch, 0), [4_998, 4_999, 5_000, 5_001, 5_002]);
    assert!(report.rows_decoded < 300);
}

#[test]
fn deleted_rows_are_left_out_before_the_limit() {
    let (schema, file) = numbers();
    let one = Projection::of(&schema, ["n"]).unwrap();
    let deleted: Vec<u64> = (0..5_000).chain([5_001, 9_999]).collect();
    let positions = Arc::new(deleted.iter().copied().collect::<Positions>());
    let options = DecodeOptions { deleted: positions.clone(), ..DecodeOptions::default() };
    let (batch, report, _) = read(&file, &one, None, options, 1_000).unwrap();
    let expected: Vec<i64> = (0..10_000).filter(|n| !deleted.contains(&(*n as u64))).collect();
    assert_eq!((longs(&batch, 0), report.row_groups_skipped), (expected, 1));
    let options = DecodeOptions { deleted: positions, limit: Some(2), ..DecodeOptions::default() };
    let (batch, ..) = read(&file, &one, Some(&col("n").gt(10)), options, 1_000).unwrap();
    assert_eq!(longs(&batch, 0), [5_000, 5_002]);
}

#[test]
fn rows_can_be_counted_without_reading_a_column() {
    let (schema, file) = numbers();
    let none = Projection::of(&schema, Vec::<String>::new()).unwrap();
    let (batch, _, fetched) = read(&file, &none, None, DecodeOptions::default(), 1_000).unwrap();
    assert_eq!((batch.num_rows(), batch.num_columns()), (10_000, 0));
    assert!(fetched < 20_000);
    let (batch, ..) = read(&file, &none, Some(&col("n").lt(10)), DecodeOptions::default(), 1_000).unwrap();
    assert_eq!(batch.num_rows(), 10);
}

fn old_file() -> (Bytes, RecordBatch) {
    let old = with_ids(vec![
        NestedField::required("id", PrimitiveType::Int).id(1),
        NestedField::optional("price", PrimitiveType::Float).id(2),
        NestedField::optional("amount", PrimitiveType::Decimal { precision: 5, scale: 2 }).id(3),
        NestedField::optional(
            "s",
            Type::structure([
                NestedField::optional("x", PrimitiveType::Int).id(5),
                NestedField::optional("y", PrimitiveType::String).id(6),
            ]),
        )
        .id(4),
    ]);
    let inner = Fields::from(vec![Field::new("x", DataType::Int32, true), Field::new("y", DataType::Utf8, true)]);
    let s = StructArray::new(
        inner,
        vec![
            Arc::new(Int32Array::from(vec![Some(10), None, Some(30)])),
            Arc::new(StringArray::from(vec!["a", "b", "c"])),
        ],
        Some(NullBuffer::from(vec![true, true, false])),
    );
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("id", Arc::new(Int32Array::from(vec![1, 2, 3])) as ArrayRef, false),
        ("price", Arc::new(Float32Array::from(vec![Some(1.5), None, Some(f32::NAN)])), true),
        ("amount", Arc::new(Decimal128Array::from(vec![150, -1, 0]).with_precision_and_scale(5, 2).unwrap()), true),
        ("s", Arc::new(s), true),
    ])
    .unwrap();
    (write(&old, &batch, &[]), batch)
}

#[test]
fn old_files_have_the_columns_types_and_names_that_the_table_has_now() {
    let (file, _) = old_file();
    let mut flag = NestedField::required("flag", PrimitiveType::String).id(9);
    flag.initial_default = Some(json!("none"));
    let mut stamp = NestedField::optional("stamp", PrimitiveType::Timestamptz).id(12);
    stamp.initial_default = Some(json!("1970-01-01T00:00:01+00:00"));
    let now = with_ids(vec![
        NestedField::optional("added", PrimitiveType::Date).id(8),
        NestedField::optional(
            "nested",
            Type::structure([
                NestedField::optional("later", PrimitiveType::Uuid).id(10),
                NestedField::optional("big", PrimitiveType::Long).id(5),
            ]),
        )
        .id(4),
        NestedField::optional("sum", PrimitiveType::Decimal { precision: 20, scale: 2 }).id(3),
        NestedField::optional("cost", PrimitiveType::Double).id(2),
        NestedField::required("key", PrimitiveType::Long).id(1),
        flag,
        NestedField::optional("part", PrimitiveType::Int).id(11),
        stamp,
    ]);
    let projection = Projection::all(&now).unwrap().constants([(11, Some(Value::Int(4))), (1, Some(Value::Long(0)))]);
    let (batch, ..) = read(&file, &projection, None, DecodeOptions::default(), FIRST_READ).unwrap();
    assert_eq!(batch.column(0).null_count(), 3);
    let nested = batch.column(1).as_struct();
    assert_eq!(nested.nulls().unwrap().iter().collect::<Vec<_>>(), [true, true, false]);
    assert_eq!(nested.column(0).null_count(), 3);
    assert_eq!(nested.column(1).as_primitive::<Int64Type>().value(0), 10);
    assert_eq!(batch.column(2).as_primitive::<Decimal128Type>().values().to_vec(), [150, -1, 0]);
    assert_eq!(batch.column(3).as_primitive::<Float64Type>().value(0), 1.5);
    assert_eq!(longs(&batch, 4), [1, 2, 3]);
    assert_eq!(batch.column(5).as_string::<i32>().value(2), "none");
    assert_eq!(batch.column(6).as_primitive::<Int32Type>().values().to_vec(), [4, 4, 4]);
    assert_eq!(batch.column(7).as_primitive::<TimestampMicrosecondType>().value(0), 1_000_000);

    let rows = |filter: Predicate| {
        let some = Projection::of(&now, ["key"]).unwrap().constants([(11, Some(Value::Int(4)))]);
        longs(&read(&file, &some, Some(&filter), DecodeOptions::default(), FIRST_READ).unwrap().0, 0)
    };
    assert_eq!(rows(col("cost").is_nan()), [3]);
    assert_eq!(rows(col("cost").ne(1.5)), [3]);
    assert_eq!(rows(col("nested.big").is_null()), [2, 3]);
    assert_eq!(rows(col("nested.big").eq(10)), [1]);
    assert_eq!(rows(col("nested").is_not_null()), [1, 2]);
    assert_eq!(rows(col("added").is_null()), [1, 2, 3]);
    assert_eq!(rows(col("added").is_not_null()), Vec::<i64>::new());
    assert_eq!(rows(col("flag").eq("none").and(col("sum").lt(0))), [2]);
    assert_eq!(rows(col("flag").ne("none")), Vec::<i64>::new());
    assert_eq!(rows(col("part").eq(4)), [1, 2, 3]);
    assert_eq!(rows(col("part").gt(4)), Vec::<i64>::new());
    assert_eq!(rows(col("key").gt(i64::from(i32::MAX))), Vec::<i64>::new());
    assert_eq!(rows(col("nested.later").is_null()), [1, 2, 3]);
}

#[test]
fn fields_of_structs_can_be_selected() {
    let (file, _) = old_file();
    let table = with_ids(vec![
        NestedField::required("id", PrimitiveType::Int).id(1),
        NestedField::optional(
            "s",
            Type::structure([
                NestedField::optional("x", PrimitiveType::Int).id(5),
                NestedField::optional("y", PrimitiveType::String).id(6),
            ]),
        )
        .id(4),
    ]);
    let projection = Projection::of(&table, ["s.y"]).unwrap();
    let filter = col("s.x").eq(10).and(col("id").lt(5));
    let (batch, ..) = read(&file, &projection, Some(&filter), DecodeOptions::default(), FIRST_READ).unwrap();
    let s = batch.column(0).as_struct();
    assert_eq!((batch.num_columns(), s.num_columns(), s.column(0).as_string::<i32>().value(0)), (1, 1, "a"));
    let error = Projection::of(&table, ["s.z"]).unwrap_err();
    assert!(error.to_string().contains("did you mean"), "{error}");
}

#[test]
fn a_file_without_field_ids_is_refused() {
    let batch = RecordBatch::try_from_iter([("a", Arc::new(Int64Array::from(vec![1])) as ArrayRef)]).unwrap();
    let mut writer = ::parquet::arrow::ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    let file = Bytes::from(writer.into_inner().unwrap());
    let table = Schema::new([NestedField::optional("a", PrimitiveType::Long)]).unwrap();
    let all = Projection::all(&table).unwrap();
    let error = read(&file, &all, None, DecodeOptions::default(), FIRST_READ).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[test]
fn a_required_column_that_a_file_lacks_and_a_type_that_does_not_fit_are_named() {
    let (file, _) = old_file();
    let message = |field: NestedField| {
        let projection = Projection::all(&with_ids(vec![field])).unwrap();
        let error = read(&file, &projection, None, DecodeOptions::default(), FIRST_READ).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        error.to_string()
    };
    let missing = message(NestedField::required("new", PrimitiveType::Long).id(20));
    assert_eq!(missing, "column `new` of the data file is missing, and is required");
    let wrong = message(NestedField::optional("id", PrimitiveType::String).id(1));
    assert_eq!(wrong, "column `id` of the data file is stored as Int32, not Utf8");
}

/// Files of parquet-java through Spark sanitise names and keep the ids.
#[test]
fn names_in_the_file_do_not_matter() {
    let metadata = std::collections::HashMap::from([("PARQUET:field_id".to_owned(), "1".to_owned())]);
    let field = Field::new("Breed_x20Name", DataType::Utf8, true).with_metadata(metadata);
    let schema = Arc::new(ArrowSchema::new(vec![field]));
    let batch = RecordBatch::try_new(schema.clone(), vec![Arc::new(StringArray::from(vec!["Collie"]))]).unwrap();
    let mut writer = ::parquet::arrow::ArrowWriter::try_new(Vec::new(), schema, None).unwrap();
    writer.write(&batch).unwrap();
    let file = Bytes::from(writer.into_inner().unwrap());
    let table = Schema::new([NestedField::optional("Breed Name", PrimitiveType::String)]).unwrap();
    let all = Projection::all(&table).unwrap();
    let filter = col("Breed Name").starts_with("Col");
    let (batch, ..) = read(&file, &all, Some(&filter), DecodeOptions::default(), FIRST_READ).unwrap();
    assert_eq!(batch.column(0).as_string::<i32>().value(0), "Collie");
}

#[test]
fn damaged_files_are_errors_and_never_panics() {
    let (schema, file) = numbers();
    let all = Projection::all(&schema).unwrap();
    let filter = col("n").gt(100);
    let run = |bytes: Vec<u8>| {
        let bytes = Bytes::from(bytes);
        let _ = read(&bytes, &all, Some(&filter), DecodeOptions::default(), 1_000);
    };
    assert_eq!(FooterDecoder::new(7, 100).unwrap_err().kind(), ErrorKind::InvalidData);
    let footer = file.len() - 4_000;
    let mut seed = 7_u64;
    for _ in 0..300 {
        let mut bytes = file.to_vec();
        for _ in 0..3 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = footer + (seed >> 33) as usize % 4_000;
            bytes[at] = (seed >> 20) as u8;
        }
        run(bytes);
    }
    for length in [0, 3, 11, 100, 5_000] {
        let mut bytes = BytesMut::from(&file[file.len() - length..]).to_vec();
        run(bytes.clone());
        bytes.splice(0..0, *b"PAR1");
        run(bytes);
    }
}

/// The Parquet library makes room for what a page's header claims before it decompresses a byte: 20 bytes of a hostile
/// file took two gigabytes, which no module of wasm has.
#[test]
fn a_page_that_claims_to_become_gigabytes_is_refused_before_room_is_made() {
    let page = |claim: &[u8], body: usize| {
        let size = [(body * 2) as u8];
        [&[0x15, 0, 0x15], claim, &[0x15], &size, &[0x2c, 0x15, 2, 0x15, 0, 0x15, 6, 0x15, 6, 0, 0], &vec![7; body]]
            .concat()
    };
    let (honest, two_gigabytes) = (&[40], &[0xfe, 0xff, 0xff, 0xff, 0x0f]);
    check_page_headers(&[page(honest, 3), page(honest, 60), page(&[0], 0)].concat()).unwrap();
    for hostile in [
        page(two_gigabytes, 60),
        [page(honest, 3), page(two_gigabytes, 3)].concat(),
        // Negative, without an end, and of a length that another type hides.
        page(&[1], 3),
        page(honest, 3)[..8].to_vec(),
        [&[0x18, 3, 0x15, 0], &page(honest, 3)[2..]].concat(),
    ] {
        assert_eq!(check_page_headers(&hostile).unwrap_err().kind(), ErrorKind::InvalidData, "{hostile:?}");
    }
}

/// The Parquet library takes a list of two billion booleans, in a field that it does not know, to be eight bytes, and passes
/// over it one by one: 64 kB of hostile metadata kept it busy for hours.
#[test]
fn metadata_of_endless_lists_of_nothing_is_refused_before_it_is_read() {
    let endless = [0x09, 30, 0xf1, 0xff, 0xff, 0xff, 0xff, 0x07];
    let map = [0x0b, 30, 0xff, 0xff, 0xff, 0xff, 0x07, 0x11];
    // A field that the library reads as a number, whatever its type: what is text to others would be fields to it.
    let hidden = [&[0x18, 9, 0][..], &endless].concat();
    for fields in [&endless[..], &map, &hidden] {
        let fields = [fields, &[0]].concat();
        let length = u32::try_from(fields.len()).unwrap().to_le_bytes();
        let file = Bytes::from([b"PAR1", &fields[..], &length, b"PAR1"].concat());
        for first_read in [8, 1000] {
            let (schema, _) = numbers();
            let all = Projection::all(&schema).unwrap();
            let error = read(&file, &all, None, DecodeOptions::default(), first_read).unwrap_err();
            assert!(error.to_string().contains("its metadata is damaged"), "{error}");
        }
    }
}

/// Found by fuzzing: the Parquet library panics on a page of split streams (`BYTE_STREAM_SPLIT`) that is too short for its
/// number of values, and took the program down that scanned a hostile table.
#[test]
fn a_panic_of_the_decoder_is_an_error() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzz/crashes/parquet/split-streams-too-short");
    let file = Bytes::from(std::fs::read(file).unwrap());
    let schema = crate::fuzzing::schema();
    let all = Projection::all(&schema).unwrap();
    let error = read(&file, &all, None, DecodeOptions::default(), FIRST_READ).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
}

#[test]
fn fields_that_structs_lack_have_their_partition_s_value_or_their_default() {
    let (file, _) = old_file();
    let mut default = NestedField::optional("d", PrimitiveType::Double).id(22);
    default.initial_default = Some(json!(0.30000000000000004));
    let mut extra = NestedField::optional("extra", Type::structure([default])).id(21);
    extra.initial_default = Some(json!({}));
    let now = with_ids(vec![
        NestedField::optional("s", Type::structure([NestedField::optional("region", PrimitiveType::String).id(20)]))
            .id(4),
        extra,
    ]);
    let projection = Projection::all(&now).unwrap().constants([(20, Some(Value::String("eu".into())))]);
    let (batch, ..) = read(&file, &projection, None, DecodeOptions::default(), FIRST_READ).unwrap();
    let s = batch.column(0).as_struct();
    assert_eq!((s.column(0).as_string::<i32>().value(1), s.is_null(2)), ("eu", true));
    let extra = batch.column(1).as_struct();
    assert_eq!(extra.column(0).as_primitive::<Float64Type>().values().to_vec(), [0.1 + 0.2; 3]);
    let filter = col("s.region").eq("eu");
    let (batch, ..) = read(&file, &projection, Some(&filter), DecodeOptions::default(), FIRST_READ).unwrap();
    assert_eq!(batch.num_rows(), 2);
}

#[test]
fn lists_and_maps_that_a_file_lacks_have_their_default() {
    let (file, _) = old_file();
    let of = |field_type: Type, default: Json| {
        let mut field = NestedField::optional("new", field_type).id(20);
        field.initial_default = Some(default);
        let now = with_ids(vec![field]);
        read(&file, &Projection::all(&now).unwrap(), None, DecodeOptions::default(), FIRST_READ)
    };
    let optional = |id: i32, name: &str, field_type: Type| NestedField::optional(name, field_type).id(id);
    let list = |element: Type| Type::List(ListType { element: Box::new(optional(21, "element", element)) });
    let map = |value: Type| {
        let key = NestedField::required("key", PrimitiveType::String).id(22);
        Type::Map(MapType { key: Box::new(key), value: Box::new(optional(23, "value", value)) })
    };
    let long = || Type::Primitive(PrimitiveType::Long);
    let structure = || {
        let mut later = NestedField::required("b", PrimitiveType::Long).id(25);
        later.initial_default = Some(json!(7));
        Type::structure([optional(24, "a", Type::Primitive(PrimitiveType::Date)), later])
    };
    let default = |field_type: Type, default: Json| {
        let (batch, ..) = of(field_type, default).unwrap();
        let column = batch.column(0);
        assert_eq!((column.len(), column.null_count()), (3, 0));
        (1..3).for_each(|row| assert_eq!(&column.slice(row, 1), &column.slice(0, 1)));
        batch
    };
    let batch = default(list(long()), json!([1, null, 3]));
    let values = batch.column(0).as_list::<i32>().value(2);
    assert_eq!(values.as_primitive::<Int64Type>().iter().collect::<Vec<_>>(), [Some(1), None, Some(3)]);
    assert_eq!(default(list(long()), json!([])).column(0).as_list::<i32>().value(1).len(), 0);
    let batch = default(map(list(long())), json!({"keys": ["x", "y"], "values": [[5], null]}));
    let entries = batch.column(0).as_map().value(1);
    assert_eq!(entries.column(0).as_string::<i32>().value(1), "y");
    assert_eq!(entries.column(1).as_list::<i32>().value(0).as_primitive::<Int64Type>().value(0), 5);
    assert!(entries.column(1).is_null(1));
    let batch = default(list(structure()), json!([{"24": "1970-01-03"}, {"25": 8}]));
    let values = batch.column(0).as_list::<i32>().value(0);
    let values = values.as_struct();
    assert_eq!(values.column(0).as_primitive::<Date32Type>().iter().collect::<Vec<_>>(), [Some(2), None]);
    assert_eq!(values.column(1).as_primitive::<Int64Type>().values().to_vec(), [7, 8]);
    for (field_type, default) in [
        (list(long()), json!({"a": 1})),
        (list(long()), json!(["1"])),
        (map(long()), json!({"keys": ["x"], "values": []})),
        (map(long()), json!({"keys": [null], "values": [1]})),
        (map(long()), json!({"x": 1})),
        (structure(), json!({"24": "1970-01-03"})),
        (list(structure()), json!([{"99": 1}])),
        (Type::Variant, json!({"a": 1})),
    ] {
        let error = of(field_type, default).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert!(error.to_string().contains("`new`"), "{error}");
    }
}

#[test]
fn dates_become_the_moments_when_their_days_begin() {
    let date = with_ids(vec![NestedField::optional("t", PrimitiveType::Date).id(1)]);
    let days: ArrayRef = Arc::new(Date32Array::from(vec![Some(-1), None, Some(20_000)]));
    let file = write(&date, &RecordBatch::try_from_iter_with_nullable([("t", days, true)]).unwrap(), &[]);
    let as_type = |primitive: PrimitiveType| {
        let now = with_ids(vec![NestedField::optional("t", primitive).id(1)]);
        read(&file, &Projection::all(&now).unwrap(), None, DecodeOptions::default(), FIRST_READ)
    };
    let (micros, ..) = as_type(PrimitiveType::Timestamp).unwrap();
    let micros = micros.column(0).as_primitive::<TimestampMicrosecondType>().iter().collect::<Vec<_>>();
    assert_eq!(micros, [Some(-86_400_000_000), None, Some(20_000 * 86_400_000_000)]);
    let (nanos, ..) = as_type(PrimitiveType::TimestampNs).unwrap();
    assert_eq!(nanos.column(0).as_primitive::<TimestampNanosecondType>().value(2), 20_000 * 86_400_000_000_000);
    assert!(as_type(PrimitiveType::Timestamptz).is_err());
}
