use std::collections::BTreeSet;

use futures::executor::block_on;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::spec::{
    NestedField, Operation, PartitionTerm, PartitionUpdate, PrimitiveType, Schema, Transform, Value, bucket, day, hour,
    identity, month, truncate, year,
};
use crate::store::MemoryStore;
use crate::{ErrorKind, Isolation, Table, Warehouse, records_to_batch};

fn schema() -> Schema {
    Schema::new([
        NestedField::required("id", PrimitiveType::Long),
        NestedField::optional("name", PrimitiveType::String),
        NestedField::optional("at", PrimitiveType::Timestamp),
    ])
    .unwrap()
}

async fn table(store: &MemoryStore, terms: impl IntoIterator<Item = PartitionTerm>) -> Table {
    Warehouse::new(store.clone()).create("t").schema(schema()).partition_by(terms).await.unwrap()
}

type Row = (i64, Option<&'static str>, Option<i64>);

/// The time is in hours since 1970.
fn records(rows: &[Row]) -> Vec<Json> {
    let time = |hours: i64| {
        let text = crate::spec::time_text::format_date_time(i128::from(hours) * 3_600_000_000_000);
        text.trim_end_matches('Z').to_owned()
    };
    rows.iter().map(|(id, name, hours)| json!({"id": id, "name": name, "at": hours.map(time)})).collect()
}

async fn ids(table: &Table) -> Vec<i64> {
    table.refresh().await.unwrap();
    let mut ids = Vec::new();
    for batch in table.scan().select(["id"]).collect().await.unwrap() {
        let column: &arrow_array::Int64Array = batch.column(0).as_any().downcast_ref().unwrap();
        ids.extend_from_slice(column.values());
    }
    ids.sort_unstable();
    ids
}

async fn overwrite(table: &Table, rows: &[Row]) -> crate::TransactionReceipt {
    let batch = records_to_batch(&table.schema().unwrap(), &records(rows)).unwrap();
    table.overwrite_partitions([batch]).await.unwrap()
}

#[test]
fn partitions_that_rows_are_in_are_replaced_as_one_snapshot_and_others_stay() {
    block_on(async {
        let table = table(&MemoryStore::new(), [identity("name"), day("at")]).await;
        let rows =
            [(1, Some("a"), Some(0)), (2, Some("a"), Some(23)), (3, Some("a"), Some(24)), (4, Some("b"), Some(0))];
        table.append_records(&records(&rows)).await.unwrap();
        table.append_records(&records(&[(5, None, Some(0)), (6, Some("a"), None), (7, None, None)])).await.unwrap();
        let receipt = overwrite(&table, &[(11, Some("a"), Some(5)), (16, Some("a"), None)]).await;
        assert_eq!((receipt.rows, receipt.deleted, receipt.snapshot_ids.len()), (2, 3, 1));
        assert_eq!(ids(&table).await, [3, 4, 5, 7, 11, 16]);
        assert_eq!(table.metadata().current_snapshot().unwrap().summary.operation, Operation::Overwrite);
        overwrite(&table, &[(17, None, None), (18, Some("c"), Some(-1))]).await;
        assert_eq!(ids(&table).await, [3, 4, 5, 11, 16, 17, 18]);
        let version = table.version();
        assert_eq!(overwrite(&table, &[]).await.version, version, "without rows nothing happens");
    });
}

#[test]
fn a_table_without_partitions_is_replaced_whole_even_where_it_had_some() {
    block_on(async {
        let table = table(&MemoryStore::new(), [identity("name")]).await;
        table.append_records(&records(&[(1, Some("a"), None), (2, Some("b"), None)])).await.unwrap();
        table.transaction().update_partition_spec(PartitionUpdate::new().remove("name")).await.unwrap();
        table.append_records(&records(&[(3, Some("a"), None)])).await.unwrap();
        overwrite(&table, &[(4, Some("c"), None)]).await;
        assert_eq!(ids(&table).await, [4]);
    });
}

#[test]
fn rows_of_the_partitions_go_from_files_of_another_spec_too() {
    for mode in ["copy-on-write", "merge-on-read"] {
        block_on(async {
            let table = table(&MemoryStore::new(), [identity("name")]).await;
            let rows =
                [(1, Some("a"), Some(0)), (2, Some("a"), Some(30)), (3, Some("b"), Some(0)), (4, Some("b"), None)];
            table.append_records(&records(&rows)).await.unwrap();
            let divide = PartitionUpdate::new().remove("name").add(day("at"));
            table.transaction().set_property("write.delete.mode", mode).update_partition_spec(divide).await.unwrap();
            let receipt = overwrite(&table, &[(9, Some("z"), Some(1))]).await;
            assert_eq!((receipt.rows, receipt.deleted), (1, 2), "{mode}");
            assert_eq!(ids(&table).await, [2, 4, 9], "{mode}");
        });
    }
}

#[test]
fn rows_that_others_add_meanwhile_to_the_partitions_are_replaced_or_left_alone_as_isolation_says() {
    block_on(async {
        let store = MemoryStore::new();
        let first = table(&store, [identity("id")]).await;
        first.append_records(&records(&[(1, Some("a"), None), (2, None, None)])).await.unwrap();
        let late = || async { Warehouse::new(store.clone()).open("t").await.unwrap() };
        let (serializable, snapshot, conflicting) = (late().await, late().await, late().await);
        first.append_records(&records(&[(1, Some("b"), None), (2, None, None)])).await.unwrap();
        overwrite(&serializable, &[(1, Some("c"), None)]).await;
        assert_eq!(ids(&first).await, [1, 2, 2]);
        let batch = || records_to_batch(&schema(), &records(&[(2, Some("d"), None)])).unwrap();
        snapshot.overwrite_partitions([batch()]).isolation(Isolation::Snapshot).await.unwrap();
        assert_eq!(ids(&first).await, [1, 2, 2], "what was added meanwhile stayed, and the new row came");
        let error = conflicting.overwrite_partitions([batch()]).isolation(Isolation::Snapshot).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "the file that it was to remove is gone: {error}");
    });
}

/// Terms of specs, and what partition they put a row in.
fn terms(which: usize) -> (Vec<PartitionTerm>, Vec<(Transform, usize)>) {
    use Transform::*;
    match which {
        0 => (vec![], vec![]),
        1 => (vec![identity("name")], vec![(Identity, 1)]),
        2 => (vec![day("at"), identity("name")], vec![(Day, 2), (Identity, 1)]),
        3 => (vec![month("at"), bucket(3, "id")], vec![(Month, 2), (Bucket(3), 0)]),
        4 => (vec![hour("at")], vec![(Hour, 2)]),
        5 => (vec![year("at"), truncate(2, "id")], vec![(Year, 2), (Truncate(2), 0)]),
        _ => (vec![truncate(1, "name")], vec![(Truncate(1), 1)]),
    }
}

fn partition(of: &[(Transform, usize)], (id, name, hours): &Row) -> Vec<Option<Vec<u8>>> {
    let value = |column: usize| match column {
        0 => Some(Value::Long(*id)),
        1 => name.map(|name| Value::String(name.to_owned())),
        _ => hours.map(|hours| Value::Timestamp(hours * 3_600_000_000)),
    };
    of.iter().map(|(transform, column)| Some(transform.apply(&value(*column)?)?.to_bytes())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_overwrites_by_any_specs_leave_what_a_list_would(
        changes in prop::collection::vec(
            (
                prop::collection::vec((0..9_i64, 0..4_usize, prop::option::of(-800..800_i64)), 0..8),
                0..7_usize,
                any::<(bool, bool)>(),
            ),
            1..7,
        ),
    ) {
        block_on(async {
            let table = table(&MemoryStore::new(), []).await;
            let names = [None, Some(""), Some("a"), Some("ab")];
            let (mut model, mut spec): (Vec<Row>, _) = (Vec::new(), 0);
            for (rows, which, (overwrites, merge_on_read)) in changes {
                let rows: Vec<Row> = rows.into_iter().map(|(id, name, hours)| (id, names[name], hours)).collect();
                if which != spec {
                    let there = table.metadata();
                    let fields = &there.partition_spec(there.default_spec_id).unwrap().fields;
                    let update = fields.iter().fold(PartitionUpdate::new(), |update, field| update.remove(&field.name));
                    let update = terms(which).0.into_iter().fold(update, PartitionUpdate::add);
                    table.transaction().update_partition_spec(update).await.unwrap();
                    spec = which;
                }
                let mode = if merge_on_read { "merge-on-read" } else { "copy-on-write" };
                table.transaction().set_property("write.delete.mode", mode).await.unwrap();
                if overwrites {
                    let of = terms(spec).1;
                    let gone: BTreeSet<_> = rows.iter().map(|row| partition(&of, row)).collect();
                    model.retain(|row| !gone.contains(&partition(&of, row)));
                    overwrite(&table, &rows).await;
                } else if !rows.is_empty() {
                    table.append_records(&records(&rows)).await.unwrap();
                }
                model.extend(&rows);
                let mut expected: Vec<i64> = model.iter().map(|(id, ..)| *id).collect();
                expected.sort_unstable();
                prop_assert_eq!(ids(&table).await, expected);
            }
            Ok(())
        })?;
    }
}
