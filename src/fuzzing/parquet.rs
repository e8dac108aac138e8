use std::ops::Range;
use std::panic::{set_hook, take_hook};
use std::sync::{Arc, LazyLock, Once};

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array, RecordBatch,
    StringArray, StructArray, TimestampMicrosecondArray,
};
use bytes::Bytes;

use super::allocations::within;
use crate::error::Result;
use crate::expr::{Predicate, col};
use crate::parquet::{DecodeOptions, FileDecoder, FooterDecoder, FooterStep, Projection, Step, conform};
use crate::spec::{NestedField, PrimitiveType, Schema, Type};

/// More batches of a file are not looked at.
const BATCHES: usize = 20;

/// The table's columns. Without the last, which are lists, some may be decoded after a filter.
const ALL: [&str; 10] = ["l", "i", "d", "s", "o", "m", "t", "y", "p", "a"];

/// The table's schema, whatever that of the file may be.
pub(crate) fn schema() -> Schema {
    static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
        let inner = Type::structure([
            NestedField::optional("d", PrimitiveType::Double),
            NestedField::optional("s", PrimitiveType::String),
        ]);
        Schema::new([
            NestedField::required("l", PrimitiveType::Long),
            NestedField::optional("i", PrimitiveType::Int),
            NestedField::optional("d", PrimitiveType::Double),
            NestedField::optional("s", PrimitiveType::String),
            NestedField::optional("o", PrimitiveType::Boolean),
            NestedField::optional("m", PrimitiveType::Decimal { precision: 9, scale: 2 }),
            NestedField::optional("t", PrimitiveType::Timestamptz),
            NestedField::optional("y", PrimitiveType::Date),
            NestedField::optional("p", inner),
            NestedField::optional("a", Type::list(PrimitiveType::String)),
        ])
        .unwrap()
    });
    SCHEMA.clone()
}

/// Rows of that schema: in each column ordinary values, special ones and, where that may be, nulls.
pub(super) fn rows(count: i32) -> RecordBatch {
    let all = 0..count;
    let some = |i: &i32| i % 7 != 3;
    let text = |i: i32| format!("{}{}", ["a", "ä", "\u{10ffff}"][(i % 3) as usize], i / 5);
    let strings = || StringArray::from_iter(all.clone().map(|i| some(&i).then(|| text(i))));
    let doubles = || {
        let special = [0.0, -0.0, f64::NAN, f64::INFINITY, 1.5];
        Float64Array::from_iter(all.clone().map(|i| some(&i).then(|| special[(i % 5) as usize] + f64::from(i / 9))))
    };
    let mut lists = ListBuilder::new(StringBuilder::new());
    for i in all.clone() {
        (0..i % 4).for_each(|j| lists.values().append_option((j != 2).then(|| text(j))));
        lists.append(some(&i));
    }
    let inner: [(&str, ArrayRef); 2] = [("d", Arc::new(doubles())), ("s", Arc::new(strings()))];
    let moment = |i: i32| 1_700_000_000_000_000 + i64::from(i) * 1_000_003;
    let columns: [(&str, ArrayRef); 10] = [
        ("l", Arc::new(Int64Array::from_iter_values(all.clone().map(i64::from)))),
        ("i", Arc::new(Int32Array::from_iter(all.clone().map(|i| some(&i).then_some(i / 50))))),
        ("d", Arc::new(doubles())),
        ("s", Arc::new(strings())),
        ("o", Arc::new(BooleanArray::from_iter(all.clone().map(|i| some(&i).then_some(i % 2 == 0))))),
        (
            "m",
            Arc::new(
                Decimal128Array::from_iter(all.clone().map(|i| some(&i).then_some(i128::from(i) - 9)))
                    .with_precision_and_scale(9, 2)
                    .unwrap(),
            ),
        ),
        (
            "t",
            Arc::new(
                TimestampMicrosecondArray::from_iter(all.clone().map(|i| some(&i).then(|| moment(i))))
                    .with_timezone("UTC"),
            ),
        ),
        ("y", Arc::new(Date32Array::from_iter(all.clone().map(|i| some(&i).then_some(20_000 + i))))),
        ("p", Arc::new(StructArray::try_from(inner.to_vec()).unwrap())),
        ("a", Arc::new(lists.finish())),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, name != "l")));
    conform(&schema(), &batch.unwrap()).unwrap()
}

/// Reads a file whole, and with filters that use statistics, Bloom filters and the page index.
pub fn parquet(bytes: &[u8]) {
    static FILTERS: LazyLock<[Option<Predicate>; 4]> = LazyLock::new(|| {
        let ranges = col("l").between(20, 130).or(col("s").eq("ä3"));
        let others = col("p.d").ge(1.0).and(col("m").ne(3)).and(col("o").eq(true).not()).or(col("y").lt(20_100));
        let sought = col("s").eq("ä3x").or(col("i").is_in([-1, 1])).and(col("d").ne(0.0));
        [None, Some(ranges), Some(others), Some(sought)]
    });
    // The fuzzer ends at every panic, also at those of the library that become errors.
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let hook = take_hook();
        set_hook(Box::new(move |panic| {
            let place = panic.location().map_or("", |location| location.file());
            if !place.contains("/parquet-") && !place.contains("/arrow-") {
                hook(panic);
            }
        }));
    });
    let file = Bytes::copy_from_slice(bytes);
    let together = DecodeOptions { batch_size: 1000, ..DecodeOptions::default() };
    for (filter, first_read) in FILTERS.iter().zip([1 << 16, 8, 500, 1 << 16]) {
        // Compressed pages and runs of one value become batches of some thousand rows.
        let _ = within(bytes, 2000, 64 << 20, || read(&file, &ALL, filter.as_ref(), first_read, &together));
    }
    let late = DecodeOptions { batch_size: 4, late_bytes: 0, ..DecodeOptions::default() };
    let _ = within(bytes, 2000, 64 << 20, || read(&file, &ALL[..9], FILTERS[3].as_ref(), 8, &late));
}

fn read(
    file: &Bytes,
    columns: &[&str],
    filter: Option<&Predicate>,
    first_read: u64,
    options: &DecodeOptions,
) -> Result<()> {
    let fetch = |ranges: &[Range<u64>]| -> Vec<Bytes> {
        ranges.iter().map(|range| file.slice(range.start as usize..range.end as usize)).collect()
    };
    let mut footer = FooterDecoder::new(file.len() as u64, first_read)?;
    let metadata = loop {
        match footer.step()? {
            FooterStep::Needs(ranges) => footer.push(ranges.clone(), fetch(&ranges))?,
            FooterStep::Done(metadata) => break metadata,
        }
    };
    let projection = Projection::of(&schema(), columns)?;
    let predicate = filter.map(|filter| filter.bind(&schema())).transpose()?;
    let mut decoder = FileDecoder::new(metadata, &projection, predicate.as_ref(), options.clone())?;
    for _ in 0..BATCHES {
        match decoder.step()? {
            Step::Needs(ranges) => decoder.push(ranges.clone(), fetch(&ranges))?,
            Step::Batch(batch) => {
                assert_eq!(&batch.schema(), projection.arrow_schema());
                batch.columns().iter().for_each(|column| column.to_data().validate_full().expect("sound arrays"));
            }
            Step::Done => break,
        }
    }
    Ok(())
}
