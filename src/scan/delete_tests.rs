//! Deletes as the spec has them (Scan Planning; Delete Formats), in tables made for the purpose.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray};
use futures::executor::{block_on, block_on_stream};

use super::fakes::{Made, partition_field};
use crate::spec::{NestedField, PrimitiveType, Schema, StructType, Transform, Value};
use crate::store::CountingStore;
use crate::store::faulty::{FaultyStore, TestRuntime};
use crate::{ErrorKind, Table, Warehouse, col};

fn schema() -> Schema {
    let optional = |id: i32, name: &str, primitive| NestedField::optional(name, primitive).id(id);
    let fields = vec![
        optional(1, "id", PrimitiveType::Long),
        optional(2, "name", PrimitiveType::String),
        optional(3, "x", PrimitiveType::Double),
    ];
    Schema::with_ids(0, StructType { fields }).unwrap()
}

fn rows(ids: impl IntoIterator<Item = i64>) -> RecordBatch {
    let ids: Vec<i64> = ids.into_iter().collect();
    let names = ids.iter().map(|id| (id % 3 != 0).then(|| format!("n{}", id % 10)));
    let names: ArrayRef = Arc::new(StringArray::from_iter(names));
    let x: ArrayRef = Arc::new(Float64Array::from_iter(ids.iter().map(|id| (id % 5 != 0).then_some(*id as f64))));
    let ids: ArrayRef = Arc::new(Int64Array::from(ids));
    RecordBatch::try_from_iter([("id", ids), ("name", names), ("x", x)]).unwrap()
}

fn longs(name: &str, values: &[Option<i64>]) -> RecordBatch {
    let column: ArrayRef = Arc::new(Int64Array::from(values.to_vec()));
    RecordBatch::try_from_iter([(name, column)]).unwrap()
}

fn names(values: &[Option<&str>]) -> RecordBatch {
    let column: ArrayRef = Arc::new(StringArray::from(values.to_vec()));
    RecordBatch::try_from_iter([("name", column)]).unwrap()
}

fn unpartitioned() -> Made {
    Made::new(schema(), vec![vec![]])
}

fn sorted(batches: &[RecordBatch]) -> Vec<i64> {
    let ids = batches.iter().flat_map(|batch| {
        let ids = batch.column_by_name("id").unwrap().as_primitive::<Int64Type>();
        ids.iter().map(|id| id.unwrap_or(-1)).collect::<Vec<_>>()
    });
    let mut ids: Vec<i64> = ids.collect();
    ids.sort_unstable();
    ids
}

fn ids(table: &Table) -> Vec<i64> {
    sorted(&block_on(table.scan().select(["id"]).collect()).unwrap())
}

#[test]
fn positions_delete_rows_of_files_that_are_not_newer() {
    let mut made = unpartitioned();
    let first = made.data(1, 0, vec![], &rows(0..5));
    let second = made.data(2, 0, vec![], &rows(10..15));
    let third = made.data(3, 0, vec![], &rows(20..25));
    made.positions(2, 0, vec![], &[(&first, 0), (&first, 4), (&second, 1), (&third, 2)]);
    made.positions(3, 0, vec![], &[(&first, 4), (&first, 2)]);
    assert_eq!(ids(&made.table(None)), [1, 3, 10, 12, 13, 14, 20, 21, 22, 23, 24]);
}

#[test]
fn values_delete_rows_of_older_files_alone() {
    let mut made = unpartitioned();
    made.data(1, 0, vec![], &rows(0..5));
    made.data(2, 0, vec![], &rows(0..5));
    made.equality(2, 0, vec![], &longs("id", &[Some(1), Some(3), Some(77)]));
    made.data(3, 0, vec![], &rows(0..5));
    assert_eq!(ids(&made.table(None)), [0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 4, 4, 4]);
}

#[test]
fn null_equals_null_and_nothing_else() {
    let mut made = unpartitioned();
    made.data(1, 0, vec![], &rows(0..7));
    made.equality(2, 0, vec![], &names(&[None, Some(""), Some("n5")]));
    assert_eq!(ids(&made.table(None)), [1, 2, 4]);
}

#[test]
fn nan_equals_nan_and_minus_zero_is_not_zero() {
    let column = |values: &[f64]| -> ArrayRef { Arc::new(Float64Array::from(values.to_vec())) };
    let other_nan = f64::from_bits(f64::NAN.to_bits() ^ 1);
    let ids_of: ArrayRef = Arc::new(Int64Array::from_iter_values(0..4));
    let data = RecordBatch::try_from_iter([("id", ids_of), ("x", column(&[f64::NAN, 0.0, -0.0, 1.0]))]).unwrap();
    let name: ArrayRef = Arc::new(StringArray::new_null(4));
    let data =
        RecordBatch::try_from_iter([("id", data.column(0).clone()), ("name", name), ("x", data.column(1).clone())]);
    let mut made = unpartitioned();
    made.data(1, 0, vec![], &data.unwrap());
    made.equality(2, 0, vec![], &RecordBatch::try_from_iter([("x", column(&[other_nan, -0.0]))]).unwrap());
    assert_eq!(ids(&made.table(None)), [1, 3]);
}

#[test]
fn every_column_of_a_key_must_be_equal() {
    let mut made = unpartitioned();
    made.data(1, 0, vec![], &rows([1, 2, 4, 11, 12]));
    let id: ArrayRef = Arc::new(Int64Array::from(vec![1, 12, 2]));
    let name: ArrayRef = Arc::new(StringArray::from(vec![Some("n1"), Some("n2"), Some("n1")]));
    made.equality(2, 0, vec![], &RecordBatch::try_from_iter([("id", id), ("name", name)]).unwrap());
    // 12 is divisible by 3, so that its name is null.
    assert_eq!(ids(&made.table(None)), [2, 4, 11, 12]);
}

#[test]
fn deletes_of_a_partition_stay_in_it_and_those_of_none_are_for_all() {
    let by_name = vec![partition_field(2, Transform::Identity)];
    let mut made = Made::new(schema(), vec![vec![], by_name]);
    let partition = |name: &str| vec![Some(Value::String(name.to_owned()))];
    let a = made.data(1, 1, partition("a"), &rows(0..4));
    let b = made.data(1, 1, partition("b"), &rows(0..4));
    made.data(1, 0, vec![], &rows(0..4));
    made.equality(2, 1, partition("a"), &longs("id", &[Some(1)]));
    made.equality(2, 0, vec![], &longs("id", &[Some(3)]));
    made.positions(2, 1, partition("b"), &[(&a, 0), (&b, 0)]);
    assert_eq!(ids(&made.table(None)), [0, 0, 1, 1, 2, 2, 2]);
}

#[test]
fn a_partition_value_written_before_its_column_was_promoted_is_the_same_partition() {
    let narrow =
        Schema::with_ids(0, StructType { fields: vec![NestedField::optional("id", PrimitiveType::Int).id(1)] })
            .unwrap();
    let wide = Schema::with_ids(0, StructType { fields: vec![NestedField::optional("id", PrimitiveType::Long).id(1)] })
        .unwrap();
    let mut made = Made::new(narrow, vec![vec![partition_field(1, Transform::Identity)]]);
    let batch = |ids: Vec<i32>| {
        let ids: ArrayRef = Arc::new(Int32Array::from(ids));
        RecordBatch::try_from_iter([("id", ids)]).unwrap()
    };
    let path = made.data(1, 0, vec![Some(Value::Int(7))], &batch(vec![7, 7, 7]));
    made.positions(2, 0, vec![Some(Value::Int(7))], &[(&path, 1)]);
    made.equality(3, 0, vec![Some(Value::Int(8))], &batch(vec![7]));
    assert_eq!(ids(&made.table(Some(wide.clone()))), [7, 7]);
    made.equality(3, 0, vec![Some(Value::Int(7))], &batch(vec![7]));
    assert_eq!(ids(&made.table(Some(wide))), [0_i64; 0]);
}

#[test]
fn columns_that_were_dropped_or_are_not_selected_are_compared_all_the_same() {
    let mut made = unpartitioned();
    made.data(1, 0, vec![], &rows(0..7));
    made.equality(2, 0, vec![], &names(&[Some("n4"), Some("n5")]));
    assert_eq!(ids(&made.table(None)), [0, 1, 2, 3, 6]);
    // The name is dropped, and another column has its name now.
    let fields = vec![schema().fields()[0].clone(), NestedField::optional("name", PrimitiveType::Int).id(9)];
    let table = made.table(Some(Schema::with_ids(1, StructType { fields }).unwrap()));
    let batches = block_on(table.scan().collect()).unwrap();
    assert_eq!(sorted(&batches), [0, 1, 2, 3, 6]);
    assert_eq!(batches[0].num_columns(), 2);
}

#[test]
fn filters_limits_and_counts_see_what_is_left() {
    let mut made = unpartitioned();
    let path = made.data(1, 0, vec![], &rows(0..100));
    made.positions(1, 0, vec![], &(0..50).map(|at| (path.as_str(), at)).collect::<Vec<_>>());
    made.equality(2, 0, vec![], &longs("id", &(50..90).map(Some).collect::<Vec<_>>()));
    let table = made.table(None);
    block_on(async {
        assert_eq!(table.scan().count().await.unwrap(), 10);
        assert_eq!(table.scan().limit(3).count().await.unwrap(), 3);
        assert_eq!(table.scan().filter(col("id").lt(95)).count().await.unwrap(), 5);
        let limited = table.scan().filter(col("id").gt(10)).limit(4).collect().await.unwrap();
        assert_eq!(limited.iter().map(RecordBatch::num_rows).sum::<usize>(), 4);
        let positions = table.scan().select(["_pos", "id", "_file"]).collect().await.unwrap();
        for batch in positions {
            assert_eq!(batch.column(0), batch.column(1));
            assert!(batch.column(2).as_string::<i32>().iter().all(|file| file == Some(path.as_str())));
        }
    });
}

#[test]
fn each_delete_file_is_read_once_and_only_if_it_can_matter() {
    let mut made = unpartitioned();
    let paths: Vec<String> = (0..6).map(|i| made.data(1, 0, vec![], &rows(i * 10..i * 10 + 10))).collect();
    let all: Vec<_> = paths.iter().map(|path| (path.as_str(), 3)).collect();
    made.positions(2, 0, vec![], &all);
    // By its bounds this one is about the last file alone, and this about no file.
    made.positions(2, 0, vec![], &[(&paths[5], 4)]);
    made.equality(2, 0, vec![], &longs("id", &[Some(1000), Some(2000)]));
    made.equality(2, 0, vec![], &longs("id", &[Some(0), Some(5)]));
    let store = CountingStore::new(Arc::new(made.store.clone()));
    made.table(None);
    let table = block_on(Warehouse::new(store.clone()).open("t")).unwrap();
    let count = |filter| {
        block_on(async {
            let stream = table.scan().filter(filter).stream().await.unwrap();
            let (mut stream, mut rows) = (stream, 0);
            while let Some(batch) = futures::StreamExt::next(&mut stream).await {
                rows += batch.unwrap().num_rows();
            }
            (rows, stream.report().delete_files)
        })
    };
    assert_eq!(count(col("id").lt(20)), (16, 2));
    store.take();
    assert_eq!(count(col("id").ge(50)), (8, 2));
    // One data file and two delete files; manifests are known.
    assert_eq!(store.take().requests(), 3);
    assert_eq!(count(col("id").ge(0)), (60 - 6 - 1 - 2, 3));
}

#[test]
fn a_delete_file_that_makes_no_sense_is_an_error_that_names_it() {
    let fails = |made: &Made, kind: ErrorKind, words: &str| {
        let error = block_on(made.table(None).scan().collect()).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    };
    let mut made = unpartitioned();
    let path = made.data(1, 0, vec![], &rows(0..3));
    made.positions(1, 0, vec![], &[(&path, -1)]);
    fails(&made, ErrorKind::InvalidData, "1.parquet");
    made.last().file_format = "ORC".to_owned();
    fails(&made, ErrorKind::Unsupported, "ORC");
    made.last().file_format = "PUFFIN".to_owned();
    fails(&made, ErrorKind::InvalidData, "referenced_data_file");
    made.last().referenced_data_file = Some(path);
    fails(&made, ErrorKind::InvalidData, "1.parquet");
    let mut made = unpartitioned();
    made.data(1, 0, vec![], &rows(0..3));
    made.equality(2, 0, vec![], &longs("id", &[Some(1)]));
    made.last().equality_ids = vec![];
    fails(&made, ErrorKind::InvalidData, "equality_ids");
    made.last().equality_ids = vec![55];
    fails(&made, ErrorKind::Unsupported, "55");
}

#[test]
fn equality_deletes_are_loaded_several_at_a_time_and_only_once() {
    let mut made = unpartitioned();
    made.data(1, 0, vec![], &rows(0..40));
    made.data(1, 0, vec![], &rows(40..80));
    for id in 0..20 {
        // The same row twice, so that which comes last could matter.
        made.equality(2 + id, 0, vec![], &longs("id", &[Some(id * 3), Some(39)]));
    }
    made.data(10, 0, vec![], &rows(36..41));
    let store = FaultyStore::over(made.store.clone());
    made.table(None);
    // Of the file from between them, the later ones delete 36 and 39.
    let older = (0..80).filter(|id| *id != 39 && (*id >= 60 || *id % 3 != 0));
    let mut left: Vec<i64> = older.chain([37, 38, 40]).collect();
    left.sort_unstable();
    for (concurrency, least, most) in [(1, 1, 1), (4, 2, 4), (100, 5, 20)] {
        // In one thread, so that reads that may be made at the same time are.
        let warehouse = Warehouse::with_runtime(store.clone(), TestRuntime::new(7));
        let table = block_on(warehouse.open("t")).unwrap();
        // Manifests are known then, which others would be read beside.
        block_on(table.scan().plan()).unwrap();
        let mut stream = block_on(table.scan().select(["id"]).concurrency(concurrency).ordered().stream()).unwrap();
        store.most_reads();
        let batches: Vec<RecordBatch> = block_on_stream(&mut stream).map(Result::unwrap).collect();
        assert_eq!(sorted(&batches), left, "{concurrency} at a time");
        assert_eq!(stream.report().delete_files, 20);
        let reads = store.most_reads();
        assert!((least..=most).contains(&reads), "{reads} reads at a time, where {concurrency} may be");
    }
}

/// DuckDB's tests have tables whose files were replaced by smaller ones of the same rows; other engines ask the store for
/// the size, and read them.
#[test]
fn a_file_of_another_size_than_was_recorded_is_read() {
    for (larger, by) in [(true, 1_000), (true, 1), (false, 7)] {
        let mut made = unpartitioned();
        made.data(1, 0, vec![], &rows(0..50));
        let file = made.last();
        file.file_size_in_bytes = if larger { file.file_size_in_bytes + by } else { file.file_size_in_bytes - by };
        assert_eq!(ids(&made.table(None)), (0..50).collect::<Vec<_>>());
    }
    let mut made = unpartitioned();
    made.data(1, 0, vec![], &rows(0..3));
    made.last().file_path.push('x');
    assert_eq!(block_on(made.table(None).scan().collect()).unwrap_err().kind(), ErrorKind::NotFound);
}
