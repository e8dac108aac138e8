use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use futures::TryStreamExt;
use futures::executor::block_on;
use serde_json::json;

use super::Depth;
use crate::scan::fakes::{Made, partition_field};
use crate::spec::{DataFile, NestedField, PrimitiveType, Schema, SchemaUpdate, Transform, Type, Value, bucket, desc};
use crate::store::{MemoryStore, ObjectStore, PutOptions};
use crate::{Table, Warehouse};

fn schema() -> Schema {
    let fields =
        [NestedField::required("id", PrimitiveType::Long), NestedField::optional("name", PrimitiveType::String)];
    Schema::new(fields).unwrap()
}

fn batch(ids: std::ops::Range<i64>) -> RecordBatch {
    let name: ArrayRef = Arc::new(StringArray::from_iter(ids.clone().map(|id| (id % 3 > 0).then(|| format!("n{id}")))));
    let id: ArrayRef = Arc::new(Int64Array::from_iter_values(ids));
    RecordBatch::try_from_iter([("id", id), ("name", name)]).unwrap()
}

/// What is wrong, each with the end of the file's name.
async fn problems(table: &Table, depth: Depth) -> Vec<(String, String)> {
    let checked: Vec<_> = table.inspect().verify(depth).try_collect().await.unwrap();
    let each = checked.into_iter().flat_map(|checked| {
        let name = checked.path.rsplit('/').next().unwrap_or_default().to_owned();
        checked.problems.into_iter().map(move |problem| (name.clone(), problem))
    });
    each.collect()
}

async fn assert_problem(table: &Table, depth: Depth, file: &str, wanted: &str) {
    let found = problems(table, depth).await;
    assert!(found.iter().any(|(name, problem)| name == file && problem.contains(wanted)), "{wanted}: {found:?}");
}

#[test]
fn a_table_that_was_changed_in_every_way_has_no_problem() {
    for mode in ["copy-on-write", "merge-on-read"] {
        block_on(async {
            let fields = schema().fields().to_vec().into_iter().chain([
                NestedField::optional("tags", Type::list(PrimitiveType::Double)),
                NestedField::optional("x", PrimitiveType::Float),
                NestedField::optional("deep", Type::structure([NestedField::optional("at", PrimitiveType::Int)])),
            ]);
            let create = Warehouse::new(MemoryStore::new()).create("t").schema(Schema::new(fields).unwrap());
            let create = create.partition_by([bucket(3, "id")]).sort_by([desc("name")]);
            let table = create.property("write.delete.mode", mode).await.unwrap();
            let records: Vec<_> = (0..40)
                .map(|id| match id % 4 {
                    0 => json!({"id": id, "tags": [0.5, "NaN"], "x": "NaN", "name": "a long name beyond any bound"}),
                    1 => json!({"id": id, "deep": {"at": 1}, "x": -0.0}),
                    2 => json!({"id": id, "deep": {}, "x": 1.5}),
                    _ => json!({"id": id}),
                })
                .collect();
            table.append_records(&records).await.unwrap();
            table.append_records(&records).await.unwrap();
            table.delete("id < 7").await.unwrap();
            table.update_schema(SchemaUpdate::new().add("late", PrimitiveType::Long)).await.unwrap();
            table.append_records(&[json!({"id": 99, "late": 1})]).await.unwrap();
            table.update_schema(SchemaUpdate::new().update_type("x", PrimitiveType::Double)).await.unwrap();
            table.upsert([batch(20..30)], ["id"]).await.unwrap();
            let checked: Vec<_> = table.inspect().verify(Depth::Rows).try_collect().await.unwrap();
            assert!(checked.len() > 20, "{checked:?}");
            assert_eq!(problems(&table, Depth::Rows).await, [], "{mode}");
        });
    }
}

#[test]
fn files_that_are_gone_or_others_are_told() {
    block_on(async {
        let store = MemoryStore::new();
        let table = Warehouse::new(store.clone()).create("t").schema(schema()).await.unwrap();
        for from in [0, 10, 20, 30] {
            table.append([batch(from..from + 10 + from % 20)]).await.unwrap();
        }
        assert_eq!(problems(&table, Depth::Rows).await, []);
        let plan = table.scan().plan().await.unwrap();
        let mut files: Vec<&DataFile> = plan.tasks.iter().map(|task| &task.data_file).collect();
        files.sort_by_key(|file| file.metrics.lower_bounds.get(&1).cloned());
        let key = |file: &DataFile| file.file_path.strip_prefix("memory://store/").unwrap().to_owned();
        let name = |file: &DataFile| file.file_path.rsplit('/').next().unwrap().to_owned();
        let other = store.get(&key(files[1]), Default::default()).await.unwrap().bytes;
        store.delete(&key(files[0])).await.unwrap();
        let _ = store.put(&key(files[2]), other, PutOptions::default()).await.unwrap();
        let _ = store.put(&key(files[3]), vec![7; 4_000].into(), PutOptions::default()).await.unwrap();
        // With nothing kept of what was read.
        let table = Warehouse::new(store.clone()).open("t").await.unwrap();
        assert_problem(&table, Depth::Footers, &name(files[0]), "no object").await;
        assert_problem(&table, Depth::Footers, &name(files[2]), "it has 20 rows, and its manifest says 10").await;
        assert_problem(&table, Depth::Footers, &name(files[2]), "column `id` has values beyond the lower bound").await;
        assert_problem(&table, Depth::Footers, &name(files[3]), "4000 bytes, and its manifest says").await;
        assert_problem(&table, Depth::Footers, &name(files[3]), "malformed").await;
        assert_problem(&table, Depth::Rows, &name(files[0]), "no object").await;
        let manifests: Vec<_> = (store.list("t/metadata/", None).try_collect::<Vec<_>>().await.unwrap().into_iter())
            .filter(|object| object.key.contains("-m"))
            .collect();
        let gone = &manifests[0].key;
        store.delete(gone).await.unwrap();
        let table = Warehouse::new(store.clone()).open("t").await.unwrap();
        assert_problem(&table, Depth::Footers, gone.rsplit('/').next().unwrap(), "no object").await;
    });
}

/// A table with one file, of which something is said that is not so.
fn made(change: impl FnOnce(&mut DataFile)) -> Table {
    let mut made = Made::new(schema(), vec![vec![partition_field(1, Transform::Truncate(100))]]);
    made.data(1, 0, vec![Some(Value::Long(0))], &batch(0..30));
    change(made.last());
    made.table(None)
}

#[test]
fn what_is_said_of_a_file_and_is_not_so_is_told() {
    let long = |value: i64| Value::Long(value).to_bytes();
    assert_eq!(block_on(problems(&made(|_| ()), Depth::Rows)), []);
    type Change = Box<dyn Fn(&mut DataFile)>;
    let changes: [(Change, &str, &str); 6] = [
        (Box::new(|file| file.metrics.record_count = 31), "it has 30 rows", "30 rows of it can be read"),
        (Box::new(|file| file.file_size_in_bytes += 1), "its manifest says", ""),
        (
            Box::new(move |file| _ = file.metrics.lower_bounds.insert(1, long(1))),
            "the lower bound",
            "below its bound: 1",
        ),
        (
            Box::new(move |file| _ = file.metrics.upper_bounds.insert(1, long(27))),
            "the upper bound",
            "above its bound: 2",
        ),
        (Box::new(|file| _ = file.metrics.null_value_counts.insert(2, 9)), "10 nulls", "nulls in column `name`: 10"),
        (Box::new(|file| file.partition = vec![Some(Value::Long(100))]), "", "30 of its rows are of another partition"),
    ];
    for (change, by_footer, by_rows) in changes {
        let found = block_on(problems(&made(&*change), Depth::Footers));
        assert_eq!(found.is_empty(), by_footer.is_empty(), "{by_footer}: {found:?}");
        if !by_footer.is_empty() {
            block_on(assert_problem(&made(&*change), Depth::Footers, "0.parquet", by_footer));
        }
        if !by_rows.is_empty() {
            block_on(assert_problem(&made(&*change), Depth::Rows, "0.parquet", by_rows));
        }
    }
}

/// A row would be read twice.
#[test]
fn a_file_that_is_listed_twice_is_told() {
    let mut made = Made::new(schema(), vec![vec![]]);
    let path = made.data(1, 0, vec![], &batch(0..30));
    made.data(1, 0, vec![], &batch(0..30));
    made.last().file_path = path;
    block_on(assert_problem(&made.table(None), Depth::Footers, "list.avro", "twice"));
}
