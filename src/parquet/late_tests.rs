//! Whether columns are decoded late or not, the rows are the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use ::arrow_schema::DataType;
use arrow_array::builder::{Int64Builder, ListBuilder};
use arrow_array::*;
use bytes::Bytes;
use proptest::prelude::*;

use super::decode_tests::read;
use super::*;
use crate::expr::{Predicate, col};
use crate::spec::metadata_columns::{POS, with_metadata_columns};
use crate::spec::{NestedField, Positions, PrimitiveType, Schema, StructType, Type, to_arrow};

/// Numbers that look random and are the same each time.
fn noise(seed: u64, n: u64) -> u64 {
    let mut x = seed.wrapping_add(n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

pub(super) fn schema() -> Schema {
    let fields = |fields: Vec<(&str, PrimitiveType)>| {
        let fields = fields.into_iter().enumerate();
        let fields =
            fields.map(|(at, (name, kind))| NestedField { id: 20 + at as i32, ..NestedField::optional(name, kind) });
        Type::Struct(StructType { fields: fields.collect() })
    };
    let s = fields(vec![("a", PrimitiveType::Int), ("t", PrimitiveType::String)]);
    Schema::new([
        NestedField::required("n", PrimitiveType::Long),
        NestedField::optional("x", PrimitiveType::Double),
        NestedField::optional("c", PrimitiveType::String),
        NestedField::optional("s", s),
        NestedField::optional("l", Type::list(Type::Primitive(PrimitiveType::Long))),
    ])
    .unwrap()
}

/// Rows whose values are rare ones here and there, or for a while.
pub(super) fn rows(schema: &Schema, seed: u64, rows: u64, one_in: u64, run: u64) -> RecordBatch {
    let rare = |column: u64, n: u64| noise(seed ^ column, n / run).is_multiple_of(one_in);
    let null = |column: u64, n: u64| noise(seed ^ column, n).is_multiple_of(7);
    let x: Float64Array = (0..rows)
        .map(|n| match (rare(1, n), null(2, n)) {
            (true, true) => Some(f64::NAN),
            (true, false) => Some(1e9),
            (false, true) => None,
            (false, false) => Some([0.0, -0.0, 1.5, -2.5][(n % 4) as usize]),
        })
        .collect();
    let c: StringArray = (0..rows)
        .map(|n| if rare(3, n) { Some("rare".to_owned()) } else { (!null(4, n)).then(|| format!("c{}", n % 5)) })
        .collect();
    let a: Int32Array =
        (0..rows).map(|n| if rare(5, n) { Some(77) } else { (!null(6, n)).then_some((n % 9) as i32) }).collect();
    let t: StringArray = (0..rows).map(|n| (!null(7, n)).then(|| format!("text {:x}", noise(seed, n)))).collect();
    let mut lists = ListBuilder::new(Int64Builder::new());
    for n in 0..rows {
        (0..n % 3).for_each(|value| lists.values().append_value(value as i64));
        lists.append(!null(8, n));
    }
    let arrow = Arc::new(to_arrow(schema).unwrap());
    let DataType::Struct(fields) = arrow.field(3).data_type() else { unreachable!() };
    let nulls = (0..rows).map(|n| !null(9, n)).collect::<Vec<_>>();
    let s = StructArray::new(fields.clone(), vec![Arc::new(a), Arc::new(t)], Some(nulls.into()));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("n", Arc::new(Int64Array::from_iter_values(0..rows as i64))),
        ("x", Arc::new(x)),
        ("c", Arc::new(c)),
        ("s", Arc::new(s)),
        ("l", Arc::new(lists.finish())),
    ];
    conform(schema, &RecordBatch::try_from_iter(columns).unwrap()).unwrap()
}

fn file(schema: &Schema, batch: &RecordBatch, group: usize, page: usize, codec: &str) -> Bytes {
    let properties: BTreeMap<String, String> = [
        ("write.parquet.row-group-limit", group.to_string()),
        ("write.parquet.page-row-limit", page.to_string()),
        ("write.parquet.compression-codec", codec.to_owned()),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into();
    let mut encoder = FileEncoder::new(schema, &EncodeOptions::from_properties(&properties).unwrap()).unwrap();
    for at in (0..batch.num_rows()).step_by(page) {
        encoder.write(&batch.slice(at, page.min(batch.num_rows() - at))).unwrap();
    }
    encoder.finish().unwrap().0
}

fn filters() -> impl Strategy<Value = Predicate> {
    let one = prop_oneof![
        Just(col("x").gt(1e6)),
        Just(col("x").is_nan()),
        Just(col("x").is_null()),
        Just(col("c").eq("rare")),
        Just(col("c").ne("rare")),
        Just(col("s.a").eq(77)),
        Just(col("s").is_null()),
        Just(col("s.t").starts_with("text 00")),
        (0..3_000_i64, 1..400_i64).prop_map(|(from, length)| col("n").between(from, from + length)),
        (0..3_000_i64).prop_map(|at| col("_pos").eq(at)),
    ];
    (one.clone(), one, 0..3).prop_map(|(left, right, joined)| match joined {
        0 => left,
        1 => left.and(right),
        _ => left.or(right),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn the_rows_are_the_same_whether_columns_are_decoded_late_or_not(
        seed in any::<u64>(),
        (count, group, page) in (1..3_000_u64, 50..2_000_usize, 10..300_usize),
        (one_in, run) in (prop_oneof![Just(4_u64), Just(50), Just(400)], prop_oneof![Just(1_u64), Just(60), Just(700)]),
        filter in filters(),
        columns in proptest::sample::subsequence(vec!["n", "x", "c", "s", "s.a", "s.t", "l", "_pos"], 1..5),
        codec in prop_oneof![Just("zstd"), Just("uncompressed")],
        (batch_size, part_bytes) in (1..300_usize, prop_oneof![Just(1_u64), 500..20_000_u64, Just(1 << 30)]),
        limit in proptest::option::of(0..200_u64),
        deleted in proptest::collection::vec((0..3_000_u64, 1..200_u64), 0..4),
        first_read in prop_oneof![Just(8_u64), Just(1 << 20)],
    ) {
        let schema = schema();
        let batch = rows(&schema, seed, count, one_in, run);
        let file = file(&schema, &batch, group, page, codec);
        let deleted: Positions = deleted.iter().flat_map(|(from, length)| *from..from + length).collect();
        let table = with_metadata_columns(&schema, None, false).unwrap();
        let projection = Projection::of(&table, columns).unwrap().fills([(POS, Fill::Position(0))]);
        let (deleted, late_bytes) = (Arc::new(deleted), u64::MAX);
        let options = DecodeOptions { batch_size, limit, deleted, part_bytes, late_bytes, any_order: false };
        let late = DecodeOptions { late_bytes: 0, ..options.clone() };
        let (expected, _, asked) = read(&file, &projection, Some(&filter), options, first_read).unwrap();
        let (found, report, asked_late) = read(&file, &projection, Some(&filter), late, first_read).unwrap();
        prop_assert_eq!(format!("{:?}", found.columns()), format!("{:?}", expected.columns()));
        prop_assert_eq!(report.rows, found.num_rows() as u64);
        prop_assert!(asked_late <= asked, "{} bytes instead of {}", asked_late, asked);
    }
}

#[test]
fn columns_of_row_groups_without_a_row_of_the_answer_are_not_fetched_after_the_first_such() {
    let schema = schema();
    let batch = rows(&schema, 1, 12_000, 400, 1);
    let file = file(&schema, &batch, 3_000, 1_000, "zstd");
    let projection = Projection::of(&schema, ["s.t", "n"]).unwrap();
    // Among the values of every page, and not one of them.
    let filter = col("x").eq(1.0);
    let read = |late_bytes| {
        let options = DecodeOptions { part_bytes: 1, late_bytes, ..DecodeOptions::default() };
        read(&file, &projection, Some(&filter), options, 8).unwrap()
    };
    let ((none, _, asked), (late, report, asked_late)) = (read(u64::MAX), read(0));
    assert_eq!((none.num_rows(), late.num_rows(), report.rows_decoded), (0, 0, 12_000));
    assert!(asked_late < asked / 2, "{asked_late} of {asked} bytes");
}
