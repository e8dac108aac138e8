use std::sync::Arc;

use ::arrow_schema::{DataType, Field, Schema as ArrowSchema, TimeUnit};
use ::parquet::arrow::ArrowWriter;
use ::parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use ::parquet::file::metadata::ParquetMetaData;
use ::parquet::file::properties::{EnabledStatistics, WriterProperties};
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array, RecordBatch, TimestampMillisecondArray};
use bytes::Bytes;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::decode_tests::read;
use super::*;
use crate::expr::{Literal, Predicate, col};
use crate::spec::{NestedField, PrimitiveType, Schema, StructType, Value, promoted, to_arrow};

fn schema(primitive: PrimitiveType) -> Schema {
    let fields = vec![
        NestedField::required("row", PrimitiveType::Long).id(1),
        NestedField::optional("c", primitive).id(2),
        NestedField::optional("bulk", PrimitiveType::Binary).id(3),
    ];
    Schema::with_ids(0, StructType { fields }).unwrap()
}

/// Row groups of so many rows, with a Bloom filter for each column; `bulk` makes rows large.
fn write(primitive: PrimitiveType, values: &[Option<Value>], rows: usize, bulk: usize) -> Bytes {
    let schema = Arc::new(to_arrow(&schema(primitive)).unwrap());
    let row: ArrayRef = Arc::new(Int64Array::from_iter_values(0..values.len() as i64));
    let mut random = 1_u64;
    let bulk = (0..values.len()).map(|_| {
        let mut bytes = Vec::with_capacity(bulk);
        while bytes.len() < bulk {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            bytes.push((random >> 56) as u8);
        }
        Some(Value::Binary(bytes))
    });
    let bulk = array_of(PrimitiveType::Binary, bulk.collect()).unwrap();
    let c = array_of(primitive, values.to_vec()).unwrap();
    let batch = RecordBatch::try_new(schema.clone(), vec![row, c, bulk]).unwrap();
    let properties = WriterProperties::builder()
        .set_bloom_filter_enabled(true)
        .set_bloom_filter_max_ndv(64)
        .set_column_bloom_filter_enabled("bulk".into(), false)
        .set_max_row_group_row_count(Some(rows))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap().into()
}

fn rows_of(batch: &RecordBatch) -> Vec<i64> {
    batch.column(0).as_primitive::<Int64Type>().values().to_vec()
}

fn value(primitive: PrimitiveType) -> BoxedStrategy<Value> {
    match primitive {
        PrimitiveType::Int => any::<i32>().prop_map(Value::Int).boxed(),
        PrimitiveType::Long => any::<i64>().prop_map(Value::Long).boxed(),
        PrimitiveType::Float => {
            let odd = vec![0.0, -0.0, f32::NAN, f32::INFINITY, 0.1, -0.1];
            prop_oneof![1 => prop::sample::select(odd), 1 => any::<f32>()].prop_map(Value::Float).boxed()
        }
        PrimitiveType::Double => {
            let odd = vec![0.0, -0.0, f64::NAN, f64::INFINITY, 0.1, -0.1];
            prop_oneof![1 => prop::sample::select(odd), 1 => any::<f64>()].prop_map(Value::Double).boxed()
        }
        PrimitiveType::Decimal { precision, scale } => {
            let most = 10_i128.pow(precision.into()) - 1;
            (-most..=most).prop_map(move |unscaled| Value::Decimal { unscaled, scale }).boxed()
        }
        PrimitiveType::Date => any::<i32>().prop_map(Value::Date).boxed(),
        PrimitiveType::Time => (0..86_400_000_000_i64).prop_map(Value::Time).boxed(),
        PrimitiveType::Timestamp => any::<i64>().prop_map(Value::Timestamp).boxed(),
        PrimitiveType::Timestamptz => any::<i64>().prop_map(Value::Timestamptz).boxed(),
        PrimitiveType::TimestampNs => any::<i64>().prop_map(Value::TimestampNs).boxed(),
        PrimitiveType::TimestamptzNs => any::<i64>().prop_map(Value::TimestamptzNs).boxed(),
        PrimitiveType::String => "[a-cä\u{10ffff}]{0,4}".prop_map(Value::String).boxed(),
        PrimitiveType::Uuid => any::<u128>().prop_map(Value::Uuid).boxed(),
        PrimitiveType::Fixed(_) => any::<[u8; 3]>().prop_map(|bytes| Value::Fixed(bytes.to_vec())).boxed(),
        PrimitiveType::Binary => prop::collection::vec(any::<u8>(), 0..4).prop_map(Value::Binary).boxed(),
        PrimitiveType::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
    }
}

fn decimal(precision: u8) -> PrimitiveType {
    PrimitiveType::Decimal { precision, scale: 2 }
}

#[test]
fn bloom_filters_never_rule_out_a_row_that_matches() {
    use PrimitiveType::*;
    let same = [Int, Long, Float, Double, decimal(9), decimal(18), decimal(30), Date, Time, Timestamp, Timestamptz];
    let same = same.into_iter().chain([TimestampNs, TimestamptzNs, String, Uuid, Fixed(3), Binary, Boolean]);
    let mut types: Vec<_> = same.map(|primitive| (primitive, primitive)).collect();
    types.extend([(Int, Long), (Float, Double), (decimal(9), decimal(18)), (decimal(18), decimal(38))]);
    let mut runner = TestRunner::deterministic();
    for (then, now) in types {
        let mut pruned = 0;
        for _ in 0..8 {
            let some = prop::collection::vec(prop::option::weighted(0.9, value(then)), 40);
            let values = some.new_tree(&mut runner).unwrap().current();
            let file = write(then, &values, 10, 8);
            let values: Vec<_> =
                values.into_iter().map(|value| value.map(|value| promoted(&value, now).unwrap())).collect();
            let projection = Projection::of(&schema(now), ["row", "bulk"]).unwrap();
            for _ in 0..12 {
                let wanted = prop::collection::vec(
                    prop_oneof![
                        prop::sample::select(values.clone()).prop_filter_map("null", |value| value),
                        value(now)
                    ],
                    1..3,
                );
                let wanted = wanted.new_tree(&mut runner).unwrap().current();
                let among = |value: &Option<Value>| {
                    let order = |wanted: &Value| value.as_ref().and_then(|value| value.compare(wanted));
                    wanted.iter().any(|wanted| order(wanted).is_some_and(|order| order.is_eq()))
                };
                let expected: Vec<i64> =
                    (0..).zip(&values).filter(|(_, value)| among(value)).map(|(row, _)| row).collect();
                let filter = col("c").is_in(wanted.iter().cloned().map(Literal::from));
                let (batch, report, _) =
                    read(&file, &projection, Some(&filter), DecodeOptions::default(), FIRST_READ).unwrap();
                assert_eq!(rows_of(&batch), expected, "{then} as {now}: {filter} of {values:?}");
                assert!(report.row_groups_skipped_by_bloom_filter <= report.row_groups_skipped);
                pruned += report.row_groups_skipped_by_bloom_filter;
            }
        }
        assert!(pruned > 20 || then == Boolean, "{pruned} row groups of {then} as {now}");
    }
}

/// Milliseconds are other numbers, and so have other hashes, than the microseconds that they are read as.
#[test]
fn a_filter_of_another_unit_than_the_table_s_rules_nothing_out() {
    let table = schema(PrimitiveType::Timestamp);
    let field = |name: &str, data_type, id: &str| {
        let id = [("PARQUET:field_id".to_owned(), id.to_owned())];
        Field::new(name, data_type, true).with_metadata(id)
    };
    let fields =
        vec![field("row", DataType::Int64, "1"), field("c", DataType::Timestamp(TimeUnit::Millisecond, None), "2")];
    let schema = Arc::new(ArrowSchema::new(fields));
    let c: ArrayRef = Arc::new(TimestampMillisecondArray::from(vec![1_500, 1_000, 2_000]));
    let batch = RecordBatch::try_new(schema.clone(), vec![Arc::new(Int64Array::from(vec![0, 1, 2])), c]).unwrap();
    let properties = WriterProperties::builder().set_bloom_filter_enabled(true).set_bloom_filter_max_ndv(8).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    let file = Bytes::from(writer.into_inner().unwrap());
    let projection = Projection::of(&table, ["row"]).unwrap();
    let filter = col("c").eq(Value::Timestamp(1_500_000));
    let (batch, ..) = read(&file, &projection, Some(&filter), DecodeOptions::default(), FIRST_READ).unwrap();
    assert_eq!(rows_of(&batch), [0]);
}

/// Four row groups of 400 kB; their columns `c` have the even numbers below 200, in all of them.
fn large() -> Bytes {
    let values: Vec<_> = (0..400).map(|row| Some(Value::Long(row % 100 * 2))).collect();
    write(PrimitiveType::Long, &values, 100, 4_000)
}

fn ask(file: &Bytes, filter: &Predicate, first_read: u64) -> (usize, DecodeReport, u64) {
    let all = Projection::all(&schema(PrimitiveType::Long)).unwrap();
    let (batch, report, fetched) = read(file, &all, Some(filter), DecodeOptions::default(), first_read).unwrap();
    (batch.num_rows(), report, fetched)
}

#[test]
fn a_value_that_no_row_group_has_costs_its_filters_alone() {
    let file = large();
    let (rows, report, fetched) = ask(&file, &col("c").eq(51), 2_000);
    assert_eq!((rows, report.row_groups_skipped_by_bloom_filter, report.row_groups_skipped), (0, 4, 4));
    assert!(fetched < 5_000, "{fetched} of {}", file.len());
    let (rows, report, _) = ask(&file, &col("c").eq(52), 2_000);
    assert_eq!((rows, report.row_groups_skipped), (4, 0));
    // Where the other condition holds, the number of the row, is a question for statistics.
    let either = col("c").eq(51).or(col("row").between(150, 151));
    let (rows, report, _) = ask(&file, &either, 2_000);
    assert_eq!((rows, report.row_groups_skipped_by_bloom_filter), (2, 3));
}

#[test]
fn filters_that_cannot_help_are_not_read() {
    let file = large();
    let footer = 2_000;
    let cost = |filter: Predicate| ask(&file, &filter, footer).2;
    let whole = cost(col("c").is_not_null());
    for filter in [
        col("c").gt(50),
        col("c").ne(51),
        col("c").eq(51).or(col("bulk").is_not_null()),
        col("c").is_in([1, 3]).or(col("row").gt(5)),
        col("c").not_in([1, 3]),
    ] {
        // As much as is read anyway, to the byte.
        assert_eq!(cost(filter.clone()), whole, "{filter}");
    }
    // Of a small file that is not at hand, its filters would be another request that saves next to nothing.
    let small = write(PrimitiveType::Long, &[Some(Value::Long(0)), Some(Value::Long(2))], 1_000, 400);
    let (rows, report, _) = ask(&small, &col("c").eq(1), 8);
    assert_eq!((rows, report.row_groups_skipped_by_bloom_filter), (0, 0));
    let (rows, report, fetched) = ask(&small, &col("c").eq(1), FIRST_READ);
    assert_eq!((rows, report.row_groups_skipped_by_bloom_filter, fetched), (0, 1, small.len() as u64));
}

fn footer_of(file: &Bytes) -> FileMetadata {
    let mut footer = FooterDecoder::new(file.len() as u64, 2_000).unwrap();
    loop {
        match footer.step().unwrap() {
            FooterStep::Done(metadata) => return metadata,
            FooterStep::Needs(ranges) => {
                let bytes = ranges.iter().map(|range| file.slice(range.start as usize..range.end as usize)).collect();
                footer.push(ranges, bytes).unwrap();
            }
        }
    }
}

/// Rows and row groups ruled out by Bloom filters.
fn decode(file: &Bytes, footer: FileMetadata, filter: &Predicate) -> (usize, u64) {
    let schema = schema(PrimitiveType::Long);
    let all = Projection::all(&schema).unwrap();
    let filter = filter.bind(&schema).unwrap();
    let mut decoder = FileDecoder::new(footer, &all, Some(&filter), DecodeOptions::default()).unwrap();
    let mut rows = 0;
    loop {
        match decoder.step().unwrap() {
            Step::Done => return (rows, decoder.report().row_groups_skipped_by_bloom_filter),
            Step::Batch(batch) => rows += batch.num_rows(),
            Step::Needs(ranges) => {
                let bytes = ranges.iter().map(|range| file.slice(range.start as usize..range.end as usize)).collect();
                decoder.push(ranges, bytes).unwrap();
            }
        }
    }
}

/// Older writers do not say how long a filter is.
#[test]
fn a_filter_of_unknown_length_is_read_by_its_header() {
    let file = large();
    let mut footer = footer_of(&file);
    let mut builder = ParquetMetaData::clone(footer.parquet()).into_builder();
    let groups = builder.take_row_groups().into_iter().map(|group| {
        let mut group = group.into_builder();
        let columns = group.take_columns().into_iter();
        let columns = columns.map(|column| column.into_builder().set_bloom_filter_length(None).build().unwrap());
        group.set_column_metadata(columns.collect()).build().unwrap()
    });
    let metadata = Arc::new(builder.set_row_groups(groups.collect()).build());
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    footer.reader = ArrowReaderMetadata::try_new(metadata, options).unwrap();
    assert_eq!(decode(&file, footer.clone(), &col("c").eq(51)), (0, 4));
    assert_eq!(decode(&file, footer, &col("c").eq(52)), (4, 0));
}

#[test]
fn a_damaged_filter_rules_nothing_out() {
    let file = large();
    let footer = footer_of(&file);
    let chunk = footer.parquet().row_group(0).column(1);
    let (start, length) =
        (chunk.bloom_filter_offset().unwrap() as usize, chunk.bloom_filter_length().unwrap() as usize);
    let damaged = |change: &dyn Fn(&mut [u8]), wanted: i32| {
        let mut bytes = file.to_vec();
        change(&mut bytes[start..start + length]);
        decode(&Bytes::from(bytes), footer.clone(), &col("c").eq(wanted))
    };
    assert_eq!(damaged(&|_| {}, 51), (0, 4));
    assert_eq!(damaged(&|filter| filter.fill(0), 51), (0, 3));
    assert_eq!(damaged(&|filter| filter.fill(0xff), 51), (0, 3));
    // Another length than there is; another algorithm, hash or compression.
    let header = length % 32;
    assert!(header > 8);
    for (at, bit) in (0..header).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
        let (rows, _) = damaged(&|filter| filter[at] ^= 1 << bit, 52);
        assert_eq!(rows, 4, "bit {bit} of byte {at}");
    }
}

/// A file as a table with these properties has it: 4,000 texts in four row groups, in no order.
fn encoded(properties: &[(&str, &str)]) -> (Schema, Bytes) {
    let schema = schema(PrimitiveType::String);
    let properties = [("write.parquet.row-group-limit", "1000")].iter().chain(properties);
    let properties = properties.map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let mut encoder = FileEncoder::new(&schema, &EncodeOptions::from_properties(&properties).unwrap()).unwrap();
    let arrow = Arc::new(to_arrow(&schema).unwrap());
    let row: ArrayRef = Arc::new(Int64Array::from_iter_values(0..4_000));
    let text = |row: u64| format!("{:016x}", row.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let texts =
        array_of(PrimitiveType::String, (0..4_000).map(|row| Some(Value::String(text(row)))).collect()).unwrap();
    // Of a file that is small there is less to save than reading its filters takes.
    let noise = |row: u64| (0..20).flat_map(|n| text(row * 20 + n).into_bytes()).collect();
    let bulk = (0..4_000).map(|row| Some(Value::Binary(noise(row)))).collect();
    let bulk = array_of(PrimitiveType::Binary, bulk).unwrap();
    encoder.write(&RecordBatch::try_new(arrow, vec![row, texts, bulk]).unwrap()).unwrap();
    (schema, encoder.finish().unwrap().0)
}

#[test]
fn columns_that_a_table_names_have_bloom_filters() {
    let enabled = ("write.parquet.bloom-filter-enabled.column.c", "true");
    let (schema, plain) = encoded(&[("write.parquet.bloom-filter-enabled.column.gone", "true")]);
    let (_, filtered) = encoded(&[enabled]);
    let (_, exact) = encoded(&[enabled, ("write.parquet.bloom-filter-fpp.column.c", "0.0001")]);
    let (_, small) = encoded(&[enabled, ("write.parquet.bloom-filter-max-bytes", "512")]);
    let projection = Projection::all(&schema).unwrap();
    let find = |file: &Bytes, wanted: &str| {
        let filter = col("c").eq(wanted);
        let (batch, report, _) = read(file, &projection, Some(&filter), DecodeOptions::default(), 100).unwrap();
        (rows_of(&batch), report.row_groups_skipped_by_bloom_filter)
    };
    let there = format!("{:016x}", 1_234_u64.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    assert_eq!(find(&plain, &there), (vec![1_234], 0));
    for file in [&filtered, &exact, &small] {
        assert_eq!(find(file, &there).0, [1_234]);
    }
    // Of 400 values that are not there, in four row groups each.
    let skipped = |file: &Bytes| -> u64 {
        let absent = (5_000..5_400_u64).map(|row| format!("{:016x}", row.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        absent.map(|absent| find(file, &absent)).map(|(rows, skipped)| u64::from(rows.is_empty()) * skipped).sum()
    };
    // A few bounds rule out; one in a hundred a filter lets pass.
    assert_eq!(skipped(&plain), 0);
    assert!((1_540..1_600).contains(&skipped(&filtered)), "{}", skipped(&filtered));
    assert!(skipped(&exact) > skipped(&filtered), "{}", skipped(&exact));
    assert!(skipped(&small) < skipped(&filtered), "{}", skipped(&small));
    // A thousand values need ten bits each to be told apart so well, whatever the filters may take at most.
    let taken = |file: &Bytes| (file.len() - plain.len()) / 4;
    assert!((1_000..2_500).contains(&taken(&filtered)), "{} bytes", taken(&filtered));
    assert!((500..700).contains(&taken(&small)), "{} bytes", taken(&small));
}

#[test]
fn settings_of_bloom_filters_that_mean_nothing_are_refused_by_name() {
    for (name, value) in [
        ("write.parquet.bloom-filter-enabled.column.c", "yes"),
        ("write.parquet.bloom-filter-fpp.column.c", "1"),
        ("write.parquet.bloom-filter-fpp.column.c", "NaN"),
        ("write.parquet.bloom-filter-max-bytes", "0"),
    ] {
        let enabled = ("write.parquet.bloom-filter-enabled.column.c".to_owned(), "true".to_owned());
        let mut properties: std::collections::BTreeMap<_, _> = [enabled].into();
        properties.insert(name.to_owned(), value.to_owned());
        let error = EncodeOptions::from_properties(&properties).unwrap_err();
        assert!(error.to_string().contains(name) && error.kind() == crate::ErrorKind::InvalidInput, "{error}");
    }
}
