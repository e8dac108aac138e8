//! Whether a small row group's pages are decompressed here or by the library, the rows are the same.

use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use ::parquet::basic::Compression;
use ::parquet::file::properties::{WriterProperties, WriterVersion};
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use bytes::Bytes;
use proptest::prelude::*;

use super::decode_tests::{read, read_footer};
use super::late_tests::{rows, schema};
use super::whole::WholeGroup;
use super::*;
use crate::expr::col;
use crate::spec::{NestedField, PrimitiveType, Schema, to_arrow};

/// Nothing of the file is at hand when its rows are read.
const NOTHING: u64 = 8;

fn write(batch: &RecordBatch, codec: Compression, second: bool, dictionary: bool, page_rows: usize) -> Bytes {
    let version = if second { WriterVersion::PARQUET_2_0 } else { WriterVersion::PARQUET_1_0 };
    let properties = WriterProperties::builder()
        .set_compression(codec)
        .set_writer_version(version)
        .set_dictionary_enabled(dictionary)
        .set_data_page_row_count_limit(page_rows)
        .set_write_batch_size(page_rows);
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties.build())).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap().into()
}

fn codec() -> impl Strategy<Value = Compression> {
    let of = [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(Default::default()),
        Compression::LZ4,
        Compression::LZ4_RAW,
        Compression::ZSTD(Default::default()),
    ];
    prop::sample::select(of.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_file_at_hand_has_the_rows_that_it_has_otherwise(
        codec in codec(),
        (second, dictionary) in any::<(bool, bool)>(),
        page_rows in prop::sample::select(vec![7, 50, 1000]),
        (seed, count, one_in, run) in (any::<u64>(), 1_u64..300, 1_u64..50, 1_u64..50),
        columns in prop::sample::subsequence(vec!["n", "x", "c", "s", "s.t", "l"], 1..=6),
        batch_size in prop::sample::select(vec![1, 64, 8192]),
        filtered in any::<bool>(),
    ) {
        let schema = schema();
        let file = write(&rows(&schema, seed, count, one_in, run), codec, second, dictionary, page_rows);
        let filter = col("n").gt(3).and(col("c").is_not_null());
        let some = Projection::of(&schema, columns.clone()).unwrap();
        let of = |first_read| {
            let options = DecodeOptions { batch_size, ..DecodeOptions::default() };
            read(&file, &some, Some(&filter).filter(|_| filtered), options, first_read).unwrap()
        };
        let ((at_hand, report, _), (fetched, expected, _)) = (of(file.len() as u64), of(NOTHING));
        prop_assert_eq!(at_hand, fetched);
        prop_assert_eq!(report, expected);
    }

    #[test]
    fn a_damaged_file_at_hand_is_what_it_is_otherwise(
        codec in codec(),
        (second, dictionary) in any::<(bool, bool)>(),
        seed in any::<u64>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let schema = schema();
        let mut file = write(&rows(&schema, seed, 60, 9, 3), codec, second, dictionary, 25).to_vec();
        for (at, byte) in damage {
            // Pages, for the most part: a third of the file, or more, is its footer.
            let at = at.index(file.len() * 2 / 3);
            file[at] = byte;
        }
        let file = Bytes::from(file);
        let all = Projection::all(&schema).unwrap();
        let of = |first_read| {
            let read = read(&file, &all, None, DecodeOptions::default(), first_read);
            read.map(|(batch, ..)| batch).map_err(|error| error.kind())
        };
        // As text, for numbers that are none.
        prop_assert_eq!(format!("{:?}", of(file.len() as u64)), format!("{:?}", of(NOTHING)));
    }
}

/// Pages of each kind are decompressed here, and a group is not that becomes much larger.
#[test]
fn small_row_groups_are_decompressed_before_the_library_sees_them() {
    let schema = schema();
    let zstd = Compression::ZSTD(Default::default());
    let opens = |file: &Bytes| {
        let (metadata, _) = read_footer(file, FIRST_READ).unwrap();
        let parquet = metadata.parquet();
        let at_hand = |range: &std::ops::Range<u64>| Some(file.slice(range.start as usize..range.end as usize));
        let leaves: Vec<usize> = (0..6).collect();
        let group = WholeGroup::new(parquet, parquet.row_group(0), &leaves, at_hand);
        group.is_some_and(|group| group.rows(&leaves, 100).is_some())
    };
    for (second, dictionary) in [(false, false), (false, true), (true, false), (true, true)] {
        let small = write(&rows(&schema, 1, 200, 9, 3), zstd, second, dictionary, 70);
        assert!(opens(&small), "{second} {dictionary}");
    }
    let constant = rows(&schema, 1, 1, 1, 1);
    let many = arrow_select::concat::concat_batches(&constant.schema(), &vec![constant; 100_000]).unwrap();
    let large = write(&many, zstd, false, false, 1_000_000);
    assert!(large.len() < 100_000 && !opens(&large), "{}", large.len());
}

#[test]
fn of_a_small_file_where_no_row_passes_only_what_the_filter_looks_at_is_decoded() {
    let schema = Schema::new([
        NestedField::required("n", PrimitiveType::Long),
        NestedField::required("t", PrimitiveType::String),
    ])
    .unwrap();
    let columns: [ArrayRef; 2] = [
        Arc::new(Int64Array::from_iter_values((0..200).map(|i| i * 2))),
        Arc::new(StringArray::from_iter_values((0..200).map(|i| format!("text {}", i * 7_919 % 211)))),
    ];
    let batch = RecordBatch::try_new(Arc::new(to_arrow(&schema).unwrap()), columns.to_vec()).unwrap();
    let mut file = write(&batch, Compression::ZSTD(Default::default()), false, false, 1000).to_vec();
    let (metadata, _) = read_footer(&file.clone().into(), FIRST_READ).unwrap();
    let (start, length) = metadata.parquet().row_group(0).column(1).byte_range();
    let end = (start + length) as usize;
    file[end - 64..end].fill(0xff);
    let file = Bytes::from(file);
    let text = Projection::of(&schema, ["t"]).unwrap();
    let of = |n: i64| {
        let filter = col("n").eq(n);
        read(&file, &text, Some(&filter), DecodeOptions::default(), file.len() as u64)
            .map(|(batch, ..)| batch.num_rows())
    };
    assert_eq!(of(101).unwrap(), 0);
    assert_eq!(of(100).unwrap_err().kind(), crate::ErrorKind::InvalidData);
}
