//! How much of a file is asked for at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::builder::{Int64Builder, ListBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};
use bytes::Bytes;

use super::decode_tests::read_footer;
use super::*;
use crate::expr::{Predicate, col};
use crate::spec::metadata_columns::{POS, with_metadata_columns};
use crate::spec::{NestedField, Positions, PrimitiveType, Schema, Type};

const ROWS: i64 = 20_000;

/// Two columns that compress badly, in row groups of so many rows.
fn file(rows_in_group: usize) -> (Schema, Bytes) {
    file_with(rows_in_group, 1)
}

fn file_with(rows_in_group: usize, dictionary_bytes: usize) -> (Schema, Bytes) {
    file_of(ROWS, rows_in_group, dictionary_bytes)
}

fn file_of(rows: i64, rows_in_group: usize, dictionary_bytes: usize) -> (Schema, Bytes) {
    let schema = Schema::new(["n", "x"].map(|name| NestedField::required(name, PrimitiveType::Long))).unwrap();
    let properties: BTreeMap<String, String> = [
        ("write.parquet.row-group-limit", rows_in_group.to_string()),
        ("write.parquet.page-row-limit", "500".to_owned()),
        ("write.parquet.page-size-bytes", "4000".to_owned()),
        ("write.parquet.dict-size-bytes", dictionary_bytes.to_string()),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into();
    let mut encoder = FileEncoder::new(&schema, &EncodeOptions::from_properties(&properties).unwrap()).unwrap();
    for start in (0..rows).step_by(500) {
        let n: ArrayRef = Arc::new(Int64Array::from_iter_values(start..start + 500));
        let noise = |n: i64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as i64);
        let x: ArrayRef = Arc::new(Int64Array::from_iter_values((start..start + 500).map(noise)));
        encoder.write(&RecordBatch::try_from_iter([("n", n), ("x", x)]).unwrap()).unwrap();
    }
    let (bytes, ..) = encoder.finish().unwrap();
    (schema, bytes)
}

/// The rows of the file, and how many bytes were asked for each time.
struct Read {
    rows: Vec<i64>,
    asked: Vec<u64>,
}

fn decoder(file: &Bytes, schema: &Schema, filter: Option<Predicate>, options: DecodeOptions) -> FileDecoder {
    decoder_after(8, file, schema, filter, options)
}

/// Of a file whose last bytes, so many, were read before anything else.
fn decoder_after(
    first_read: u64,
    file: &Bytes,
    schema: &Schema,
    filter: Option<Predicate>,
    options: DecodeOptions,
) -> FileDecoder {
    let (footer, _) = read_footer(file, first_read).unwrap();
    let schema = with_metadata_columns(schema, None, false).unwrap();
    let projection = Projection::of(&schema, ["n", "x", "_pos"]).unwrap().fills([(POS, Fill::Position(0))]);
    let filter = filter.map(|filter| filter.bind(&schema).unwrap());
    FileDecoder::new(footer, &projection, filter.as_ref(), options).unwrap()
}

fn read(file: &Bytes, schema: &Schema, filter: Option<Predicate>, options: DecodeOptions) -> Read {
    rest(file, decoder(file, schema, filter, options))
}

fn rest(file: &Bytes, mut decoder: FileDecoder) -> Read {
    let mut read = Read { rows: Vec::new(), asked: Vec::new() };
    let mut ahead = Vec::new();
    loop {
        match decoder.step().unwrap() {
            Step::Needs(ranges) => {
                assert!(ahead.is_empty() || ahead == ranges, "what was said to come next is asked for next");
                let bytes = ranges.iter().map(|range| file.slice(range.start as usize..range.end as usize));
                let bytes = bytes.collect();
                ahead.clear();
                read.asked.push(ranges.iter().map(|range| range.end - range.start).sum());
                decoder.push(ranges, bytes).unwrap();
            }
            Step::Batch(batch) => {
                assert_eq!(batch.column(0), batch.column(2), "each row has its own position");
                read.rows.extend(batch.column(0).as_primitive::<Int64Type>().values());
                ahead = decoder.ahead().unwrap().0;
            }
            Step::Done => return read,
        }
    }
}

#[test]
fn a_large_row_group_is_read_in_parts_and_small_ones_together() {
    let (schema, one_group) = file(1_000_000);
    let options = |part_bytes| DecodeOptions { part_bytes, batch_size: 300, ..DecodeOptions::default() };
    let whole = read(&one_group, &schema, None, options(1 << 30));
    assert_eq!((whole.rows.len(), whole.asked.len()), (ROWS as usize, 1));
    let most = one_group.len() as u64 / 10;
    let parts = read(&one_group, &schema, None, options(most));
    assert_eq!(parts.rows, whole.rows);
    // The first time it is the index; the last part may be smaller.
    assert!((10..=13).contains(&parts.asked.len()), "{:?}", parts.asked);
    assert!(parts.asked.iter().all(|asked| *asked < most * 5 / 4), "{:?} of {most}", parts.asked);
    let (schema, many_groups) = file(1_000);
    let together = read(&many_groups, &schema, None, options(1 << 30));
    assert_eq!((together.rows, together.asked.len()), (whole.rows.clone(), 1));
    let parts = read(&many_groups, &schema, None, options(many_groups.len() as u64 / 4));
    assert_eq!(parts.rows, whole.rows);
    assert!((4..=5).contains(&parts.asked.len()), "{:?}", parts.asked);
}

#[test]
fn what_parts_of_a_row_group_have_in_common_is_read_once() {
    for dictionary_bytes in [1, 5_000] {
        let (schema, file) = file_with(1_000_000, dictionary_bytes);
        let options = DecodeOptions { part_bytes: file.len() as u64 / 4, ..DecodeOptions::default() };
        let parts = read(&file, &schema, None, options);
        assert_eq!(parts.rows, (0..ROWS).collect::<Vec<_>>());
        assert!(parts.asked.len() > 4, "{:?}", parts.asked);
        let asked: u64 = parts.asked.iter().sum();
        assert!(asked < file.len() as u64 * 105 / 100, "{:?} of {}", parts.asked, file.len());
    }
}

#[test]
fn a_file_that_several_read_is_read_once() {
    let (schema, file) = file(1_000);
    let deleted: Positions = [1, 2_500, 2_501, 9_999].into_iter().collect();
    let gone: Positions = (3_000..7_000).collect();
    let filters = [None, Some(col("n").lt(4_321)), Some(col("n").eq(7)), Some(col("x").gt(i64::MAX / 50 * 49))];
    for (filter, deleted) in filters.iter().flat_map(|filter| [(filter, &deleted), (filter, &gone)]) {
        for part_bytes in [file.len() as u64 / 10, 4_000, 1 << 30] {
            let deleted = Arc::new(deleted.clone());
            let options = DecodeOptions { part_bytes, late_bytes: 1, deleted, ..DecodeOptions::default() };
            let alone = read(&file, &schema, filter.clone(), options.clone());
            for most in 1..12 {
                let mut first = decoder(&file, &schema, filter.clone(), options.clone());
                let (others, mut asked) = share(&file, &mut first, most);
                assert!(others.len() < most, "{} others of {most}", others.len());
                if filter.is_none() && part_bytes < 1 << 20 {
                    assert!(most < 2 || others.len() >= most / 2, "{} others of {most}", others.len());
                }
                let mut rows = Vec::new();
                let mut report = DecodeReport::default();
                for decoder in std::iter::once(first).chain(others) {
                    report.row_groups += decoder.report().row_groups;
                    let read = rest(&file, decoder);
                    rows.extend(read.rows);
                    asked.extend(read.asked);
                }
                assert_eq!(rows, alone.rows);
                assert_eq!(report.row_groups, 20);
                // Whether other columns are read of what a filter lets pass is decided by each for itself.
                if filter.is_none() {
                    assert_eq!(asked, alone.asked);
                }
            }
        }
    }
}

#[test]
fn a_large_row_group_has_one_reader_unless_all_of_it_is_fetched_at_once() {
    let (schema, file) = file_of(1_000_000, 1_000_000, 1);
    let (near, rare) = (Some(col("n").eq(700_001)), Some(col("x").gt(i64::MAX / 50 * 49)));
    for (filter, most, readers) in [(None, 4, 3), (None, 2, 2), (rare, 4, 3), (near.clone(), 4, 1), (near, 3, 1)] {
        let decoder = || decoder_after(300_000, &file, &schema, filter.clone(), DecodeOptions::default());
        let (alone, mut first) = (rest(&file, decoder()), decoder());
        let (others, mut asked) = share(&file, &mut first, most);
        assert_eq!(others.len() + 1, readers);
        let mut rows = Vec::new();
        for decoder in std::iter::once(first).chain(others) {
            let read = rest(&file, decoder);
            rows.extend(read.rows);
            asked.extend(read.asked);
        }
        assert!(rows == alone.rows);
        // Of what the last read of the footer brought nothing is asked for again where single pages are read.
        assert!(asked.iter().sum::<u64>() <= alone.asked.iter().sum::<u64>());
        assert_eq!(asked.len(), 1);
    }
    let options = DecodeOptions { part_bytes: 1 << 20, ..DecodeOptions::default() };
    let mut alone = decoder(&file, &schema, None, options);
    assert!(share(&file, &mut alone, 8).0.is_empty());
    assert_eq!(rest(&file, alone).rows.len(), 1_000_000);
}

/// The other readers, and how many bytes were asked for each time.
fn share(file: &Bytes, first: &mut FileDecoder, most: usize) -> (Vec<FileDecoder>, Vec<u64>) {
    let mut asked = Vec::new();
    let mut fetch = |ranges: &[std::ops::Range<u64>]| {
        asked.push(ranges.iter().map(|range| range.end - range.start).sum());
        ranges.iter().map(|range| file.slice(range.start as usize..range.end as usize)).collect()
    };
    loop {
        match first.share(most).unwrap() {
            Shares::Others(others) => return (others, asked),
            Shares::Needs(ranges) => {
                let bytes = fetch(&ranges);
                first.push(ranges, bytes).unwrap();
            }
            Shares::Wants(ranges) => {
                let bytes = fetch(&ranges);
                first.hold(ranges, bytes).unwrap();
            }
        }
    }
}

#[test]
fn batches_of_large_rows_have_fewer_of_them() {
    let schema = Schema::new([NestedField::required("text", PrimitiveType::String)]).unwrap();
    let texts = |rows: usize, bytes: usize| -> ArrayRef {
        Arc::new(StringArray::from_iter_values((0..rows).map(|row| format!("{row}{}", "x".repeat(bytes)))))
    };
    for (rows, bytes, least, most) in [(20_000, 10, 8192, 8192), (1_000, 100_000, 30, 50), (3, 9 << 20, 1, 1)] {
        let batch = RecordBatch::try_from_iter([("text", texts(rows, bytes))]).unwrap();
        let plain = [("write.parquet.compression-codec".to_owned(), "uncompressed".to_owned())].into();
        let mut encoder = FileEncoder::new(&schema, &EncodeOptions::from_properties(&plain).unwrap()).unwrap();
        encoder.write(&batch).unwrap();
        let (file, ..) = encoder.finish().unwrap();
        let (footer, _) = read_footer(&file, 8).unwrap();
        let projection = Projection::all(&schema).unwrap();
        let mut decoder = FileDecoder::new(footer, &projection, None, DecodeOptions::default()).unwrap();
        let (mut seen, mut largest) = (0, 0);
        loop {
            match decoder.step().unwrap() {
                Step::Needs(ranges) => {
                    let bytes = ranges.iter().map(|range| file.slice(range.start as usize..range.end as usize));
                    let bytes = bytes.collect();
                    decoder.push(ranges, bytes).unwrap();
                }
                Step::Batch(batch) => {
                    seen += batch.num_rows();
                    largest = largest.max(batch.num_rows());
                }
                Step::Done => break,
            }
        }
        assert_eq!(seen, rows);
        assert!((least..=most).contains(&largest), "{largest} rows of {bytes} bytes");
    }
}

#[test]
fn filters_limits_and_deletes_hold_in_parts_too() {
    let deleted: Positions = (100..5_100).chain((7_000..9_000).step_by(3)).collect();
    let expected: Vec<i64> =
        (0..ROWS).filter(|n| !deleted.contains(*n as u64) && (4_000..12_345).contains(n)).collect();
    for (schema, file) in [file(1_000_000), file(3_000), file(700)] {
        for part_bytes in [1, 5_000, 40_000, 1 << 30] {
            let options = DecodeOptions { part_bytes, deleted: deleted.clone().into(), ..DecodeOptions::default() };
            let filter = col("n").between(4_000_i64, 12_344_i64);
            assert_eq!(read(&file, &schema, Some(filter.clone()), options.clone()).rows, expected);
            let options = DecodeOptions { limit: Some(2_000), ..options };
            assert_eq!(read(&file, &schema, Some(filter), options.clone()).rows, expected[..2_000]);
            let first = (0..100).chain(5_100..7_000).collect::<Vec<_>>();
            assert_eq!(read(&file, &schema, None, options).rows, first);
        }
    }
}

#[test]
fn rows_of_lists_are_skipped_in_every_codec() {
    let element = NestedField::required("element", PrimitiveType::Long);
    let schema = Schema::new([
        NestedField::required("n", PrimitiveType::Long),
        NestedField::optional("list", Type::list(element.field_type.clone())),
    ])
    .unwrap();
    let deleted: Positions = (0..1_000).chain(1_500..2_500).collect();
    for codec in ["uncompressed", "snappy", "gzip", "zstd", "lz4_raw", "lz4"] {
        let properties = [
            ("write.parquet.compression-codec", codec),
            ("write.parquet.page-row-limit", "300"),
            ("write.parquet.row-group-limit", "2000"),
        ];
        let properties = properties.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let Ok(options) = EncodeOptions::from_properties(&properties) else {
            assert!(codec.starts_with("lz4"), "{codec}");
            continue;
        };
        let mut encoder = FileEncoder::new(&schema, &options).unwrap();
        let mut lists = ListBuilder::new(Int64Builder::new());
        for n in 0..5_000_i64 {
            for value in 0..n % 4 {
                lists.values().append_value(n + value);
            }
            lists.append(n % 7 != 0);
        }
        let n: ArrayRef = Arc::new(Int64Array::from_iter_values(0..5_000));
        let lists: ArrayRef = Arc::new(lists.finish());
        let batch = RecordBatch::try_from_iter([("n", n), ("list", lists)]).unwrap();
        let batch = conform(&schema, &batch).unwrap();
        encoder.write(&batch).unwrap();
        let (file, ..) = encoder.finish().unwrap();
        let options = DecodeOptions { deleted: deleted.clone().into(), ..DecodeOptions::default() };
        let filter = col("n").le(4_200_i64);
        let all = Projection::all(&schema).unwrap();
        let (found, ..) = super::decode_tests::read(&file, &all, Some(&filter), options, 8).unwrap();
        let left: BooleanArray = (0..5_000_u64).map(|n| Some(!deleted.contains(n) && n <= 4_200)).collect();
        let expected = arrow_select::filter::filter_record_batch(&batch, &left).unwrap();
        assert_eq!(found.num_rows(), expected.num_rows(), "{codec}");
        let values = |batch: &RecordBatch| format!("{:?}", batch.column(1).as_list::<i32>().iter().collect::<Vec<_>>());
        assert_eq!(values(&found), values(&expected), "{codec}");
    }
}
