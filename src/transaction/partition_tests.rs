use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray};
use futures::executor::block_on;
use futures::{StreamExt, TryStreamExt};
use serde_json::json;

use crate::spec::{
    NestedField, PartitionTerm, PartitionUpdate, PrimitiveType, Schema, SchemaUpdate, Value, asc, bucket, day, desc,
    hour, identity, month, truncate, void, year,
};
use crate::store::{MemoryStore, ObjectStore};
use crate::{ErrorKind, Table, Warehouse};

fn schema() -> Schema {
    Schema::new([
        NestedField::required("id", PrimitiveType::Long),
        NestedField::optional("name", PrimitiveType::String),
        NestedField::optional("at", PrimitiveType::Timestamptz),
        NestedField::optional("price", PrimitiveType::Decimal { precision: 4, scale: 2 }),
    ])
    .unwrap()
}

async fn table(store: &MemoryStore, terms: impl IntoIterator<Item = PartitionTerm>) -> Table {
    Warehouse::new(store.clone()).create("t").schema(schema()).partition_by(terms).await.unwrap()
}

/// What must be distinct and safe, whatever is made of it.
const NAMES: [Option<&str>; 14] = [
    None,
    Some("null"),
    Some("~null"),
    Some(""),
    Some("."),
    Some(".."),
    Some("a/b"),
    Some("a\\b"),
    Some("*?\"'<>|"),
    Some("ä€😀"),
    Some("A"),
    Some("a"),
    Some("__HIVE_DEFAULT_PARTITION__"),
    Some("%2F"),
];

fn named(names: &[Option<&str>]) -> [RecordBatch; 1] {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..names.len() as i64));
    let names: ArrayRef = Arc::new(StringArray::from(names.to_vec()));
    [RecordBatch::try_from_iter_with_nullable([("id", ids, false), ("name", names, true)]).unwrap()]
}

async fn ids(table: &Table, filter: &str) -> Vec<i64> {
    let batches = table.scan().select(["id"]).filter(filter).collect().await.unwrap();
    let mut ids: Vec<i64> =
        batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec()).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn values_of_any_kind_are_partitions_of_their_own_in_folders_of_their_own() {
    block_on(async {
        let store = MemoryStore::new();
        let table = table(&store, [identity("name")]).await;
        let all: Vec<Option<&str>> = NAMES.iter().chain(&NAMES).copied().collect();
        table.append(named(&all)).await.unwrap();
        let plan = table.scan().plan().await.unwrap();
        assert_eq!(plan.tasks.len(), NAMES.len());
        let keys: Vec<String> = store.list("t/data/", None).map_ok(|object| object.key).try_collect().await.unwrap();
        let folders: BTreeSet<&str> = keys.iter().map(|key| key.split('/').nth(2).unwrap()).collect();
        assert_eq!(folders.len(), NAMES.len(), "{folders:?}");
        let safe = |c: char| c.is_ascii_alphanumeric() || "-_.~=".contains(c);
        assert!(folders.iter().all(|folder| folder.starts_with("name=") && folder.chars().all(safe)), "{folders:?}");
        for (at, name) in NAMES.iter().enumerate() {
            let filter =
                name.map_or("name is null".to_owned(), |name| format!("name = '{}'", name.replace('\'', "''")));
            assert_eq!(ids(&table, &filter).await, [at as i64, (at + NAMES.len()) as i64], "{filter}");
            let report = table.scan().filter(filter.as_str()).plan().await.unwrap().report;
            assert_eq!(report.files_skipped_by_partition, NAMES.len() as u64 - 1, "{filter}");
        }
        let long = "x".repeat(1_000);
        table.append(named(&[Some(&long), Some(&format!("{long}y"))])).await.unwrap();
        assert_eq!(ids(&table, &format!("name = '{long}y'")).await, [1]);
    });
}

#[test]
fn rows_go_where_each_transform_says_and_come_back_by_filters() {
    let terms: [PartitionTerm; 8] = [
        year("at"),
        month("at"),
        day("at"),
        hour("at"),
        bucket(4, "id"),
        truncate(2, "name"),
        void("name"),
        truncate(50, "price"),
    ];
    for term in terms {
        block_on(async {
            let table = table(&MemoryStore::new(), [term.clone()]).await;
            let records: Vec<_> = (0..40)
                .map(|id| {
                    let at = (id % 7 != 0).then(|| format!("{}-{:02}-{:02}T{:02}:30:00Z", 1969 + id % 3, 1 + id % 12, 1 + id % 28, id % 24));
                    json!({"id": id, "name": format!("{}{id}", ["aa", "ab", "b"][id % 3]), "at": at, "price": format!("{}.25", id % 90)})
                })
                .collect();
            table.append_records(&records).await.unwrap();
            assert_eq!(table.scan().count().await.unwrap(), 40, "{term:?}");
            let in_1970 = ids(&table, "at >= '1970-01-01T00:00:00Z' and at < '1971-01-01T00:00:00Z'").await;
            let wanted: Vec<i64> = (0..40).filter(|id| id % 7 != 0 && id % 3 == 1).collect();
            assert_eq!(in_1970, wanted, "{term:?}");
            assert_eq!(
                ids(&table, "at is null").await,
                (0..40).filter(|id| id % 7 == 0).collect::<Vec<_>>(),
                "{term:?}"
            );
            assert_eq!(ids(&table, "name = 'ab1' or id = 30 or price = 9.25").await, [1, 9, 30], "{term:?}");
            table.delete("at < '1970-01-01T00:00:00Z'").await.unwrap();
            let left = table.scan().filter("at < '1970-06-01T00:00:00Z'").count().await.unwrap();
            assert_eq!(left, (0..40).filter(|id| id % 7 != 0 && id % 3 == 1 && id % 12 < 5).count() as u64, "{term:?}");
        });
    }
}

#[test]
fn a_partition_goes_by_metadata_alone() {
    block_on(async {
        let store = MemoryStore::new();
        let table = table(&store, [identity("name")]).await;
        table.append(named(&[Some("a"), Some("b"), Some("a"), None])).await.unwrap();
        // Without the data files nothing could be read.
        for key in store.list("t/data/", None).map(|object| object.unwrap().key).collect::<Vec<_>>().await {
            store.delete(&key).await.unwrap();
        }
        assert_eq!(table.delete("name = 'a'").await.unwrap().deleted, 2);
        assert_eq!(table.scan().count().await.unwrap(), 2);
    });
}

#[test]
fn a_table_that_is_partitioned_anew_has_files_of_both_kinds_and_changes_reach_all() {
    block_on(async {
        let table = table(&MemoryStore::new(), [identity("name")]).await;
        table.append(named(&[Some("a"), Some("b")])).await.unwrap();
        table
            .transaction()
            .update_partition_spec(PartitionUpdate::new().remove("name").add(bucket(2, "id")))
            .await
            .unwrap();
        table.append(named(&[Some("a"), Some("b"), Some("c")])).await.unwrap();
        let specs: BTreeSet<i32> =
            table.scan().plan().await.unwrap().tasks.iter().map(|t| t.partition_spec.spec_id).collect();
        assert_eq!(specs, BTreeSet::from([0, 1]));
        assert_eq!(ids(&table, "name = 'a'").await, [0, 0]);
        for mode in ["copy-on-write", "merge-on-read"] {
            table.transaction().set_property("write.delete.mode", mode).delete("name = 'a'").await.unwrap();
            assert_eq!(ids(&table, "true").await, [1, 1, 2], "{mode}");
            table.append(named(&[Some("a")])).await.unwrap();
        }
        table.delete("id = 1").await.unwrap();
        assert_eq!(ids(&table, "true").await, [0, 2]);
        // A column that rows were divided by may go once they are divided by others.
        table.update_schema(SchemaUpdate::new().drop_column("name")).await.unwrap();
        table.delete("id = 0").await.unwrap();
        assert_eq!(ids(&table, "true").await, [2]);
    });
}

#[test]
fn a_value_that_has_no_partition_is_refused_by_row_and_column() {
    block_on(async {
        let table = table(&MemoryStore::new(), [truncate(50, "price")]).await;
        let error = table.append_records(&[json!({"id": 1, "price": "-99.99"})]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("price"), "{error}");
        assert_eq!(table.scan().count().await.unwrap(), 0);
    });
}

#[test]
fn files_of_a_sorted_table_are_sorted_and_say_so() {
    block_on(async {
        let warehouse = Warehouse::new(MemoryStore::new());
        let create = warehouse.create("t").schema(schema()).partition_by([bucket(2, "id")]);
        let table = create.sort_by([desc("name").nulls_first(), asc("id")]).await.unwrap();
        let names: Vec<Option<&str>> = NAMES.iter().chain(&NAMES).chain(&NAMES).copied().collect();
        table.append(named(&names)).await.unwrap();
        let plan = table.scan().ordered().plan().await.unwrap();
        assert!(plan.tasks.len() == 2 && plan.tasks.iter().all(|task| task.data_file.sort_order_id == Some(1)));
        for batch in plan.stream().unwrap().try_collect::<Vec<_>>().await.unwrap() {
            let (ids, names) = (batch.column(0).as_primitive::<Int64Type>(), batch.column(1).as_string::<i32>());
            let rows: Vec<_> = (0..batch.num_rows())
                .map(|row| {
                    (
                        std::cmp::Reverse(names.is_null(row).then_some(()).map_or(Some(names.value(row)), |()| None)),
                        ids.value(row),
                    )
                })
                .collect();
            let key = |(name, id): &(std::cmp::Reverse<Option<&str>>, i64)| {
                (name.0.is_some(), std::cmp::Reverse(name.0.map(str::to_owned)), *id)
            };
            assert!(rows.windows(2).all(|pair| key(&pair[0]) <= key(&pair[1])), "{rows:?}");
        }
        table.transaction().sort_by([]).await.unwrap();
        table.append(named(&[Some("a")])).await.unwrap();
        let plan = table.scan().filter("name = 'a'").plan().await.unwrap();
        assert!(plan.tasks.iter().any(|task| task.data_file.sort_order_id == Some(0)));
    });
}

#[test]
fn partition_summaries_tell_which_manifests_need_not_be_read() {
    block_on(async {
        let table = table(&MemoryStore::new(), [identity("name"), void("id")]).await;
        for name in ["a", "b", "c"] {
            table.append(named(&[Some(name)])).await.unwrap();
        }
        let report = |filter: &'static str| {
            let plan = table.scan().filter(filter).plan();
            async { plan.await.unwrap().report.manifests_skipped_by_partition }
        };
        assert_eq!(report("name = 'b'").await, 2);
        table.append(named(&[None])).await.unwrap();
        assert_eq!(report("name is null").await, 3);
        let task = table.scan().filter("name = 'b'").plan().await.unwrap().tasks.remove(0);
        assert_eq!(task.data_file.partition, [Some(Value::String("b".into())), None]);
    });
}

#[test]
fn a_writer_that_does_not_know_the_column_that_rows_are_divided_by_goes_on() {
    block_on(async {
        let store = MemoryStore::new();
        let one = table(&store, []).await;
        let other = Warehouse::new(store).open("t").await.unwrap();
        let update = SchemaUpdate::new().add("region", PrimitiveType::String);
        let divide = PartitionUpdate::new().add(identity("region"));
        one.transaction().update_schema(update).update_partition_spec(divide).await.unwrap();
        let receipt = other.append_records(&[json!({"id": 1, "name": "a"})]).await.unwrap();
        assert_eq!(receipt.conflicts, 1);
        assert_eq!(ids(&other, "region is null and name = 'a'").await, [1]);
    });
}

#[test]
fn rows_of_partitions_by_a_column_that_is_gone_can_be_deleted_in_both_modes() {
    block_on(async {
        for mode in ["copy-on-write", "merge-on-read"] {
            let table = table(&MemoryStore::new(), [identity("name")]).await;
            table.append(named(&[Some("a"), Some("a"), Some("b"), Some("b")])).await.unwrap();
            table.transaction().update_partition_spec(PartitionUpdate::new().remove("name")).await.unwrap();
            table.update_schema(SchemaUpdate::new().drop_column("name")).await.unwrap();
            let change = table.transaction().set_property("write.delete.mode", mode);
            assert_eq!(change.delete("id = 1 or id = 2").await.unwrap().deleted, 2, "{mode}");
            assert_eq!(ids(&table, "true").await, [0, 3], "{mode}");
        }
    });
}
