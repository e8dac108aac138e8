use std::sync::Arc;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{
    ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow_schema::{DataType, Field, Schema as ArrowSchema};
use futures::executor::block_on;
use serde_json::json;

use crate::spec::{ListType, NestedField, PrimitiveType, Schema, SchemaUpdate, Type, Value, bucket, day, identity};
use crate::store::{MemoryStore, ObjectStore, PutOptions};
use crate::{ErrorKind, Table, Warehouse};

fn schema() -> Schema {
    Schema::new([
        NestedField::required("id", PrimitiveType::Long),
        NestedField::optional("name", PrimitiveType::String),
        NestedField::optional("at", PrimitiveType::Timestamp),
        NestedField::optional("x", PrimitiveType::Double),
    ])
    .unwrap()
}

fn parquet(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    let batch = RecordBatch::try_new(Arc::new(ArrowSchema::new(fields)), arrays).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

fn longs(values: impl IntoIterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values))
}

fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

async fn put(store: &MemoryStore, path: &str, bytes: Vec<u8>) {
    let _ = store.put(&format!("t/{path}"), bytes.into(), PutOptions::default()).await.unwrap();
}

async fn table(store: &MemoryStore) -> Table {
    Warehouse::new(store.clone()).create("t").schema(schema()).await.unwrap()
}

async fn ids(table: &Table, filter: &str) -> Vec<i64> {
    let batches = table.scan().select(["id"]).filter(filter).collect().await.unwrap();
    let mut ids: Vec<i64> =
        batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec()).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn files_of_another_program_become_rows_known_by_their_names_also_after_a_column_is_renamed() {
    block_on(async {
        let store = MemoryStore::new();
        let table = table(&store).await;
        table.append_records(&[json!({"id": 1, "name": "own"})]).await.unwrap();
        put(&store, "data/a.parquet", parquet(vec![("id", longs(10..20)), ("name", texts(&["a"; 10]))])).await;
        let ints: ArrayRef = Arc::new(Int32Array::from_iter_values(20..30));
        put(&store, "elsewhere/b.parquet", parquet(vec![("name", texts(&["b"; 10])), ("id", ints)])).await;
        let receipt = table.add_files(["data/a.parquet", "memory://store/t/elsewhere/b.parquet"]).await.unwrap();
        assert_eq!((receipt.rows, receipt.snapshot_ids.len()), (20, 1));
        assert_eq!(table.scan().count().await.unwrap(), 21);
        assert_eq!(ids(&table, "name = 'b' and id < 22").await, [20, 21]);
        let plan = table.scan().filter("id = 25").plan().await.unwrap();
        assert_eq!(plan.tasks.len(), 1, "the statistics of the others rule them out");
        assert_eq!(plan.tasks[0].data_file.metrics.null_value_counts[&1], 0);
        table.update_schema(SchemaUpdate::new().rename_column("name", "called")).await.unwrap();
        assert_eq!(ids(&table, "called = 'a' and id > 17").await, [18, 19]);
        for mode in ["copy-on-write", "merge-on-read"] {
            let change = table.transaction().set_property("write.delete.mode", mode);
            assert_eq!(
                change.delete("id = 12 or id = 21").await.unwrap().deleted,
                if mode == "copy-on-write" { 2 } else { 0 }
            );
            table.delete("id = 13 or id = 22").await.unwrap();
        }
        assert_eq!(table.scan().count().await.unwrap(), 17);
    });
}

#[test]
fn a_file_is_in_a_table_once_whoever_adds_it() {
    block_on(async {
        let store = MemoryStore::new();
        let first = table(&store).await;
        put(&store, "a.parquet", parquet(vec![("id", longs([1]))])).await;
        let late = Warehouse::new(store.clone()).open("t").await.unwrap();
        let error = first.add_files(["a.parquet", "memory://store/t/a.parquet"]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        first.add_files(["a.parquet"]).await.unwrap();
        for table in [&first, &late] {
            let error = table.add_files(["a.parquet"]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}");
            assert!(error.to_string().contains("t/a.parquet"), "{error}");
        }
        assert_eq!(ids(&first, "true").await, [1]);
        first.delete("true").await.unwrap();
        first.add_files(["a.parquet"]).await.unwrap();
        assert_eq!(ids(&first, "true").await, [1], "what was removed may come again");
    });
}

#[test]
fn a_file_that_does_not_fit_is_refused_by_name_and_nothing_is_added() {
    block_on(async {
        let store = MemoryStore::new();
        let table = table(&store).await;
        let good = parquet(vec![("id", longs([1]))]);
        put(&store, "good.parquet", good.clone()).await;
        let nulls: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None]));
        let mut without_statistics = Vec::new();
        let properties = parquet::file::properties::WriterProperties::builder()
            .set_statistics_enabled(parquet::file::properties::EnabledStatistics::None)
            .build();
        let batch = RecordBatch::try_from_iter_with_nullable([("id", longs([1]), true)]).unwrap();
        let mut writer =
            parquet::arrow::ArrowWriter::try_new(&mut without_statistics, batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let cases: Vec<(&str, Vec<u8>, &str)> = vec![
            ("unknown", parquet(vec![("id", longs([1])), ("extra", longs([1]))]), "`extra`"),
            ("type", parquet(vec![("id", longs([1])), ("name", longs([1]))]), "name"),
            ("narrow", parquet(vec![("id", texts(&["1"]))]), "id"),
            ("missing", parquet(vec![("name", texts(&["a"]))]), "is missing"),
            ("nulls", parquet(vec![("id", nulls)]), "`id` may be null"),
            ("statistics", without_statistics, "`id` may be null"),
            ("empty", parquet(vec![("id", longs([]))]), "no rows"),
            ("csv", b"id,name\n1,a\n2,b\n".to_vec(), "csv.parquet"),
        ];
        for (name, bytes, wanted) in cases {
            let path = format!("{name}.parquet");
            put(&store, &path, bytes).await;
            let error = table.add_files(["good.parquet", &path]).await.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::InvalidData), "{name}: {error}");
            assert!(error.to_string().contains(wanted) && error.to_string().contains(&path), "{name}: {error}");
        }
        let error = table.add_files(["none.parquet"]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        let _ = store.put("other/a.parquet", good.into(), PutOptions::default()).await.unwrap();
        for outside in ["memory://store/other/a.parquet", "../other/a.parquet", "s3://other/t/a.parquet"] {
            let error = table.add_files([outside]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        }
        assert_eq!(table.refresh().await.unwrap(), 1, "nothing was committed");
    });
}

#[test]
fn the_partition_of_a_file_is_what_its_statistics_or_its_path_say_and_must_be_one() {
    block_on(async {
        let store = MemoryStore::new();
        let create = Warehouse::new(store.clone()).create("t").schema(schema());
        let table = create.partition_by([day("at"), identity("name")]).await.unwrap();
        let hours = |hours: &[i64]| -> ArrayRef {
            Arc::new(TimestampMicrosecondArray::from_iter_values(hours.iter().map(|hour| hour * 3_600_000_000)))
        };
        put(
            &store,
            "one.parquet",
            parquet(vec![("id", longs([1, 2])), ("at", hours(&[25, 47])), ("name", texts(&["a", "a"]))]),
        )
        .await;
        put(&store, "at=x/name=b%2Fc%20d/two.parquet", parquet(vec![("id", longs([3])), ("at", hours(&[1]))])).await;
        put(
            &store,
            "name=__HIVE_DEFAULT_PARTITION__/three.parquet",
            parquet(vec![("id", longs([4])), ("at", hours(&[2]))]),
        )
        .await;
        let paths = ["one.parquet", "at=x/name=b%2Fc%20d/two.parquet", "name=__HIVE_DEFAULT_PARTITION__/three.parquet"];
        table.add_files(paths).await.unwrap();
        assert_eq!(ids(&table, "name = 'b/c d'").await, [3]);
        assert_eq!(ids(&table, "name is null").await, [4]);
        assert_eq!(ids(&table, "at >= '1970-01-02T00:00:00'").await, [1, 2]);
        let plan = table.scan().filter("name = 'a'").plan().await.unwrap();
        assert_eq!(plan.tasks.len(), 1);
        assert_eq!(plan.tasks[0].data_file.partition, [Some(Value::Date(1)), Some(Value::String("a".into()))]);
        put(
            &store,
            "days.parquet",
            parquet(vec![("id", longs([5, 6])), ("at", hours(&[1, 25])), ("name", texts(&["a", "a"]))]),
        )
        .await;
        put(
            &store,
            "names.parquet",
            parquet(vec![("id", longs([5, 6])), ("at", hours(&[1, 1])), ("name", texts(&["a", "b"]))]),
        )
        .await;
        put(&store, "lacks.parquet", parquet(vec![("id", longs([5])), ("name", texts(&["a"]))])).await;
        for (path, wanted) in [("days.parquet", "at_day"), ("names.parquet", "`name`"), ("lacks.parquet", "at_day")] {
            let error = table.add_files([path]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
            assert!(error.to_string().contains(wanted) && error.to_string().contains(path), "{error}");
        }
        let buckets = Warehouse::new(store.clone()).create("u").schema(schema()).partition_by([bucket(4, "id")]);
        let buckets = buckets.await.unwrap();
        for (path, rows) in [("one", vec![7, 7]), ("two", vec![7, 8])] {
            let _ = store
                .put(&format!("u/{path}"), parquet(vec![("id", longs(rows))]).into(), PutOptions::default())
                .await
                .unwrap();
        }
        buckets.add_files(["one"]).await.unwrap();
        assert_eq!(ids(&buckets, "id = 7").await, [7, 7]);
        assert!(buckets.add_files(["two"]).await.unwrap_err().to_string().contains("id_bucket"));
    });
}

/// Python's datashard took the bounds of a column with NaN for those of all rows: x in [1.0, NaN] and the filter x != 1.0 gave none.
#[test]
fn rows_with_nan_in_an_added_file_are_not_pruned() {
    block_on(async {
        let store = MemoryStore::new();
        let table = table(&store).await;
        let x: ArrayRef = Arc::new(Float64Array::from(vec![1.0, f64::NAN]));
        put(&store, "x.parquet", parquet(vec![("id", longs([1, 2])), ("x", x)])).await;
        table.add_files(["x.parquet"]).await.unwrap();
        assert_eq!(ids(&table, "x != 1.0").await, [2]);
        assert_eq!(ids(&table, "x is nan").await, [2]);
    });
}

#[test]
fn a_file_with_the_field_ids_of_another_table_is_refused_and_one_of_a_copy_is_taken() {
    block_on(async {
        let store = MemoryStore::new();
        let warehouse = Warehouse::new(store.clone());
        let table = table(&store).await;
        let swapped =
            [NestedField::optional("name", PrimitiveType::String), NestedField::required("id", PrimitiveType::Long)];
        let other = warehouse.create("other").schema(Schema::new(swapped).unwrap()).await.unwrap();
        let copy = warehouse.create("copy").schema(schema()).await.unwrap();
        for (source, path) in [(&other, "other.parquet"), (&copy, "copy.parquet")] {
            source.append_records(&[json!({"id": 5, "name": "x"})]).await.unwrap();
            let file = source.scan().plan().await.unwrap().tasks.remove(0).data_file.file_path;
            let key = file.strip_prefix("memory://store/").unwrap();
            put(&store, path, store.get(key, Default::default()).await.unwrap().bytes.to_vec()).await;
        }
        let error = table.add_files(["other.parquet"]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("field id of another column"), "{error}");
        table.add_files(["copy.parquet"]).await.unwrap();
        assert_eq!(ids(&table, "name = 'x'").await, [5]);
        assert!(table.metadata().property("schema.name-mapping.default").is_none(), "ids need no names");
    });
}

#[test]
fn lists_and_structs_of_a_file_are_taken_by_their_names_too() {
    block_on(async {
        let store = MemoryStore::new();
        let tags = arrow_array::ListArray::from_iter_primitive::<Int64Type, _, _>([Some([Some(1), None]), None]);
        let cities = Arc::new(Field::new("city", DataType::Utf8, true));
        let places = arrow_array::StructArray::from(vec![(cities, texts(&["Bern", "Riga"]))]);
        let columns: Vec<(&str, ArrayRef)> =
            vec![("id", longs([1, 2])), ("tags", Arc::new(tags)), ("place", Arc::new(places))];
        let arrow = columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true));
        let schema = Schema::try_from(&ArrowSchema::new(arrow.collect::<Vec<_>>())).unwrap();
        let table = Warehouse::new(store.clone()).create("t").schema(schema).await.unwrap();
        put(&store, "x.parquet", parquet(columns)).await;
        table.add_files(["x.parquet"]).await.unwrap();
        assert_eq!(ids(&table, "place.city = 'Riga' and tags is null").await, [2]);
        let batches = table.scan().select(["tags"]).filter("id = 1").collect().await.unwrap();
        let tags = batches[0].column(0).as_list::<i32>().value(0);
        assert_eq!(tags.as_primitive::<Int64Type>(), &Int64Array::from(vec![Some(1), None]));
    });
}

/// What is inside of a list of lists was not looked at: a null was taken in where none may be.
#[test]
fn a_null_is_refused_where_none_may_be_however_deep() {
    block_on(async {
        let store = MemoryStore::new();
        let list = |inner: Type, id| {
            Type::List(ListType { element: Box::new(NestedField { id, ..NestedField::required("element", inner) }) })
        };
        let lists = list(list(PrimitiveType::Long.into(), 3), 2);
        let schema = Schema::new([NestedField::optional("lists", lists)]).unwrap();
        let table = Warehouse::new(store.clone()).create("t").schema(schema).await.unwrap();
        let inner = arrow_array::ListArray::from_iter_primitive::<Int64Type, _, _>([Some([Some(1), None])]);
        let item = Arc::new(Field::new("item", inner.data_type().clone(), false));
        let offsets = arrow_buffer::OffsetBuffer::from_lengths([1]);
        let outer = arrow_array::ListArray::try_new(item, offsets, Arc::new(inner), None).unwrap();
        put(&store, "x.parquet", parquet(vec![("lists", Arc::new(outer))])).await;
        let error = table.add_files(["x.parquet"]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert!(error.to_string().contains("lists.element.element"), "{error}");
    });
}
