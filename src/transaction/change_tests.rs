use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray};
use futures::executor::block_on;
use futures::future::join_all;
use proptest::prelude::*;

use crate::spec::{NestedField, Operation, PrimitiveType, Schema};
use crate::store::{CountingStore, MemoryStore};
use crate::{Error, ErrorKind, Isolation, Table, Warehouse};

/// Rows of an id and a name that may be null.
type Row = (i64, Option<&'static str>);

const NAMES: [Option<&str>; 4] = [None, Some("a"), Some("b"), Some("c")];

fn schema() -> Schema {
    let id = NestedField::required("id", PrimitiveType::Long);
    Schema::new([id, NestedField::optional("name", PrimitiveType::String)]).unwrap()
}

fn rows(rows: impl IntoIterator<Item = Row>) -> [RecordBatch; 1] {
    let (ids, names): (Vec<i64>, Vec<Option<&str>>) = rows.into_iter().unzip();
    let columns: [(&str, ArrayRef); 2] =
        [("id", Arc::new(Int64Array::from(ids))), ("name", Arc::new(StringArray::from(names)))];
    [RecordBatch::try_from_iter_with_nullable([
        (columns[0].0, columns[0].1.clone(), false),
        (columns[1].0, columns[1].1.clone(), true),
    ])
    .unwrap()]
}

fn ids(range: std::ops::Range<i64>) -> [RecordBatch; 1] {
    rows(range.map(|id| (id, NAMES[id.rem_euclid(4) as usize])))
}

async fn read(batches: crate::Result<Vec<RecordBatch>>) -> Vec<(i64, Option<String>)> {
    let mut all = Vec::new();
    for batch in batches.unwrap() {
        let (ids, names) = (batch.column(0).as_primitive::<Int64Type>(), batch.column(1).as_string::<i32>());
        all.extend(
            (0..batch.num_rows()).map(|row| (ids.value(row), names.is_valid(row).then(|| names.value(row).to_owned()))),
        );
    }
    all.sort();
    all
}

async fn left(table: &Table) -> Vec<i64> {
    table.refresh().await.unwrap();
    read(table.scan().collect().await).await.into_iter().map(|(id, _)| id).collect()
}

async fn table(store: MemoryStore, mode: &str) -> Table {
    let create = Warehouse::new(store).create("t").schema(schema());
    create.property("write.delete.mode", mode).await.unwrap()
}

fn total(table: &Table) -> BTreeMap<String, String> {
    table.metadata().current_snapshot().unwrap().summary.properties.clone()
}

#[test]
fn a_delete_leaves_the_rows_of_which_the_condition_is_not_true_and_the_past_as_it_was() {
    for mode in ["copy-on-write", "merge-on-read"] {
        block_on(async {
            let store = MemoryStore::new();
            let table = table(store.clone(), mode).await;
            table.append(ids(0..10)).await.unwrap();
            let before = table.append(ids(10..20)).await.unwrap();
            let receipt = table.delete("name = 'a' or id = 2").await.unwrap();
            assert_eq!((receipt.rows, receipt.deleted, receipt.version), (0, 6, 4), "{mode}");
            let expected: Vec<i64> = (0..20).filter(|id| id % 4 != 1 && *id != 2).collect();
            assert_eq!(left(&table).await, expected, "{mode}");
            // Of null the condition is not true, and neither is its opposite.
            table.delete("not name = 'b'").await.unwrap();
            assert!(left(&table).await.iter().all(|id| id % 4 == 0 || id % 4 == 2), "{mode}");
            let past = read(table.scan().at_snapshot(before.snapshot_id).collect().await).await;
            assert_eq!(past.len(), 20, "{mode}");
            let fresh = Warehouse::new(store).open("t").await.unwrap();
            assert_eq!(left(&fresh).await, left(&table).await, "{mode}");
        });
    }
}

#[test]
fn what_a_delete_does_to_files_is_as_the_mode_says_and_the_totals_are_right() {
    block_on(async {
        let rewritten = table(MemoryStore::new(), "copy-on-write").await;
        rewritten.append(ids(0..8)).await.unwrap();
        rewritten.delete("id < 2").await.unwrap();
        let summary = total(&rewritten);
        let counts = ["added-data-files", "deleted-data-files", "added-records", "deleted-records", "total-records"];
        assert_eq!(counts.map(|name| summary[name].as_str()), ["1", "1", "6", "8", "6"]);
        assert_eq!(rewritten.metadata().current_snapshot().unwrap().summary.operation, Operation::Overwrite);

        let marked = table(MemoryStore::new(), "merge-on-read").await;
        marked.append(ids(0..8)).await.unwrap();
        marked.delete("id < 2").await.unwrap();
        let summary = total(&marked);
        let counts = ["added-delete-files", "added-position-deletes", "total-delete-files", "total-records"];
        assert_eq!(counts.map(|name| summary[name].as_str()), ["1", "2", "1", "8"]);
        assert_eq!(marked.metadata().current_snapshot().unwrap().summary.operation, Operation::Delete);
        assert!(!summary.contains_key("deleted-data-files"));
    });
}

#[test]
fn files_that_a_condition_covers_go_without_being_read() {
    let store = CountingStore::new(Arc::new(MemoryStore::new()));
    block_on(async {
        let table = Warehouse::new(store.clone()).create("t").schema(schema()).await.unwrap();
        table.append(ids(0..100)).await.unwrap();
        table.append(ids(100..200)).await.unwrap();
        table.scan().plan().await.unwrap();
        store.take();
        let receipt = table.delete("id >= 100").await.unwrap();
        let counts = store.take();
        assert_eq!(receipt.deleted, 100);
        // The manifest without the file, the list, the metadata and the hint.
        assert_eq!((counts.gets, counts.puts), (0, 4));
        assert_eq!(table.metadata().current_snapshot().unwrap().summary.operation, Operation::Delete);
        assert_eq!(left(&table).await, (0..100).collect::<Vec<_>>());
    });
}

#[test]
fn a_delete_that_finds_nothing_commits_nothing() {
    block_on(async {
        let table = table(MemoryStore::new(), "copy-on-write").await;
        table.append(ids(0..3)).await.unwrap();
        let receipt = table.delete("id = 7 or name = 'zebra'").await.unwrap();
        assert_eq!((receipt.version, receipt.deleted, receipt.attempts), (2, 0, 0));
        assert!(receipt.snapshot_ids.is_empty());
        assert_eq!(table.version(), 2);
    });
}

#[test]
fn an_overwrite_is_one_snapshot_and_replaces_all_or_what_it_names() {
    for mode in ["copy-on-write", "merge-on-read"] {
        block_on(async {
            let table = table(MemoryStore::new(), mode).await;
            table.append(ids(0..10)).await.unwrap();
            let receipt = table.overwrite("id >= 8 or id = 0", ids(100..103)).await.unwrap();
            assert_eq!((receipt.rows, receipt.deleted, receipt.snapshot_ids.len()), (3, 3, 1), "{mode}");
            assert_eq!(left(&table).await, [1, 2, 3, 4, 5, 6, 7, 100, 101, 102], "{mode}");
            let receipt = table.transaction().replace_all(ids(5..6)).await.unwrap();
            assert_eq!((receipt.rows, receipt.deleted), (1, 10), "{mode}");
            assert_eq!(left(&table).await, [5], "{mode}");
        });
    }
}

#[test]
fn the_changes_of_a_transaction_are_one_version_and_each_sees_those_before_it() {
    block_on(async {
        let table = table(MemoryStore::new(), "copy-on-write").await;
        let receipt = table
            .transaction()
            .append(ids(0..10))
            .delete("id < 5")
            .set_property("owner", "me")
            .append(ids(20..21))
            .await
            .unwrap();
        assert_eq!((receipt.version, receipt.rows, receipt.deleted, receipt.snapshot_ids.len()), (2, 11, 5, 3));
        assert_eq!(left(&table).await, [5, 6, 7, 8, 9, 20]);
        assert_eq!(table.metadata().property("owner"), Some("me"));
        let snapshots = table.snapshots();
        assert!(snapshots.windows(2).all(|pair| pair[0].timestamp < pair[1].timestamp));
        assert_eq!(table.scan().at_snapshot(receipt.snapshot_ids[0]).count().await.unwrap(), 10);
        let failed = table.transaction().append(ids(30..31)).delete("nothing = 1").await.unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::InvalidInput);
        assert_eq!(left(&table).await.len(), 6, "all or nothing");
    });
}

#[test]
fn deletes_and_appends_by_many_handles_lose_and_keep_exactly_what_they_should() {
    for mode in ["copy-on-write", "merge-on-read"] {
        block_on(async {
            let store = MemoryStore::new();
            let first = table(store.clone(), mode).await;
            first.append(ids(0..64)).await.unwrap();
            let warehouse = Warehouse::new(store);
            let writers = (0..8).map(|writer: i64| {
                let warehouse = &warehouse;
                async move {
                    let table = warehouse.open("t").await.unwrap();
                    table.delete(format!("id >= {} and id < {}", writer * 8, writer * 8 + 4).as_str()).await.unwrap();
                    table.append(ids(100 + writer..101 + writer)).await.unwrap();
                }
            });
            join_all(writers).await;
            let expected: Vec<i64> = (0..64).filter(|id| id % 8 >= 4).chain(100..108).collect();
            assert_eq!(left(&first).await, expected, "{mode}");
            assert_eq!(
                total(&first)["total-records"].parse::<u64>().unwrap(),
                if mode == "copy-on-write" { 40 } else { 72 }
            );
        });
    }
}

#[test]
fn a_serializable_delete_meets_rows_that_came_meanwhile_and_one_under_snapshot_isolation_does_not() {
    for (isolation, expected) in [(Isolation::Serializable, vec![50]), (Isolation::Snapshot, vec![3, 50])] {
        block_on(async {
            let store = MemoryStore::new();
            let other = table(store.clone(), "copy-on-write").await;
            other.append(rows([(1, None), (50, None)])).await.unwrap();
            let deleting = Warehouse::new(store).open("t").await.unwrap();
            // The other commits after the delete has chosen its files: it is behind by one version, and loses the race.
            other.append(rows([(3, None)])).await.unwrap();
            let receipt = deleting.delete("id < 10").isolation(isolation).await.unwrap();
            assert_eq!((receipt.attempts, receipt.conflicts), (2, 1));
            assert_eq!(left(&other).await, expected, "{isolation:?}");
        });
    }
}

#[test]
fn under_snapshot_isolation_a_file_that_another_has_rewritten_is_a_conflict() {
    block_on(async {
        let store = MemoryStore::new();
        let other = table(store.clone(), "copy-on-write").await;
        other.append(ids(0..10)).await.unwrap();
        let deleting = Warehouse::new(store).open("t").await.unwrap();
        other.delete("id = 9").await.unwrap();
        let error = deleting.delete("id = 1").isolation(Isolation::Snapshot).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
        deleting.delete("id = 1").await.unwrap();
        assert_eq!(left(&other).await, [0, 2, 3, 4, 5, 6, 7, 8]);
    });
}

/// A file had been rewritten for the version before. Another writer then deleted one of the rows that are left, beside the
/// file: what was rewritten had it still, and was committed since the rows to be removed were the same.
#[test]
fn a_rewritten_file_does_not_bring_back_what_another_has_deleted_meanwhile() {
    block_on(async {
        let store = MemoryStore::new();
        let other = table(store.clone(), "copy-on-write").await;
        other.append(ids(0..10)).await.unwrap();
        let rewriting = Warehouse::new(store).open("t").await.unwrap();
        let mode = |mode| other.transaction().set_property("write.delete.mode", mode);
        mode("merge-on-read").delete("id = 5").await.unwrap();
        mode("copy-on-write").await.unwrap();
        let receipt = rewriting.delete("id = 1").await.unwrap();
        assert_eq!((receipt.conflicts, receipt.deleted), (1, 1));
        assert_eq!(left(&other).await, [0, 2, 3, 4, 6, 7, 8, 9]);
    });
}

#[test]
fn what_replaces_a_file_whose_rows_were_all_deleted_beside_it_is_no_append() {
    block_on(async {
        let table = table(MemoryStore::new(), "merge-on-read").await;
        table.append(ids(0..4)).await.unwrap();
        for id in 0..4 {
            table.delete(format!("id = {id}")).await.unwrap();
        }
        let receipt = table.overwrite("true", ids(5..6)).await.unwrap();
        assert_eq!((receipt.rows, receipt.deleted), (1, 0));
        assert_eq!(table.metadata().current_snapshot().unwrap().summary.operation, Operation::Overwrite);
        assert_eq!(left(&table).await, [5]);
    });
}

/// The same where the mode has changed: what was prepared for one was committed as for the other.
#[test]
fn what_was_prepared_for_another_mode_is_prepared_anew() {
    for (before, after) in [("copy-on-write", "merge-on-read"), ("merge-on-read", "copy-on-write")] {
        block_on(async {
            let store = MemoryStore::new();
            let other = table(store.clone(), before).await;
            other.append(ids(0..10)).await.unwrap();
            let deleting = Warehouse::new(store).open("t").await.unwrap();
            other.transaction().set_property("write.delete.mode", after).await.unwrap();
            assert_eq!(deleting.delete("id < 3").await.unwrap().conflicts, 1);
            assert_eq!(left(&other).await, [3, 4, 5, 6, 7, 8, 9], "{before} {after}");
        });
    }
}

#[test]
fn a_change_decided_on_an_old_snapshot_fails_where_the_rows_it_is_about_have_changed() {
    block_on(async {
        let table = table(MemoryStore::new(), "copy-on-write").await;
        let seen = table.append(ids(0..10)).await.unwrap().snapshot_id;
        table.append(ids(100..110)).await.unwrap();
        table.overwrite("id < 5", ids(0..1)).decided_on(seen).await.unwrap();
        assert_eq!(left(&table).await.len(), 16, "what was appended is elsewhere");
        let conflict = |error: Error| assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
        conflict(table.overwrite("id < 7", ids(0..1)).decided_on(seen).await.unwrap_err());
        conflict(table.delete("id >= 105").decided_on(seen).await.unwrap_err());
        table.delete("id >= 105").decided_on(seen).isolation(Isolation::Snapshot).await.unwrap();
        conflict(table.delete("id = 3").decided_on(1).await.unwrap_err());
        let wrong = table.delete("nothing = 3").decided_on(seen).await.unwrap_err();
        assert_eq!(wrong.kind(), ErrorKind::InvalidInput, "a mistake is no conflict: {wrong}");
    });
}

#[test]
fn the_same_key_deletes_once() {
    block_on(async {
        let store = MemoryStore::new();
        let table = table(store.clone(), "copy-on-write").await;
        table.append(ids(0..4)).await.unwrap();
        let first = table.delete("id = 1").idempotency_key("k").await.unwrap();
        table.append(ids(1..2)).await.unwrap();
        let other = Warehouse::new(store).open("t").await.unwrap();
        let again = other.delete("id = 1").idempotency_key("k").await.unwrap();
        assert!(again.repeated && !first.repeated);
        assert_eq!(again.snapshot_ids, first.snapshot_ids);
        assert_eq!(left(&table).await, [0, 1, 2, 3]);
        let error = table.transaction().set_property("a", "b").idempotency_key("l").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn properties_that_commits_rely_on_cannot_be_set() {
    block_on(async {
        let table = table(MemoryStore::new(), "copy-on-write").await;
        for name in ["datashard.commit-id", "datashard.dropped", "write.data.path", ""] {
            let error = table.transaction().set_property(name, "x").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name}");
        }
        table.transaction().set_property("a", "1").set_property("b", "2").remove_property("a").await.unwrap();
        assert_eq!((table.metadata().property("a"), table.metadata().property("b")), (None, Some("2")));
        let error = table.transaction().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    });
}

/// A manifest of a transaction is used again when the transaction is tried again. What its files inherit was kept from the
/// first time: they had the sequence number of the one who was first, and his deletes by values would have been of them.
#[test]
fn what_a_transaction_appended_and_changed_has_the_sequence_number_of_its_commit() {
    block_on(async {
        let store = MemoryStore::new();
        let other = table(store.clone(), "merge-on-read").await;
        let own = Warehouse::new(store).open("t").await.unwrap();
        other.append(ids(0..1)).await.unwrap();
        assert_eq!(own.transaction().append(ids(1..5)).delete("id = 2").await.unwrap().conflicts, 1);
        own.append(ids(9..10)).await.unwrap();
        // A manifest of it that is written anew says the number, which was inherited before.
        own.transaction().set_property("write.delete.mode", "copy-on-write").delete("id = 9").await.unwrap();
        let plan = own.scan().plan().await.unwrap();
        let mut numbers: Vec<_> = plan.tasks.iter().map(|task| task.sequence_number).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, [1, 2]);
    });
}

#[derive(Clone, Debug)]
enum Op {
    Append(i64, i64),
    Delete(i64, i64),
    DeleteName(usize),
    Overwrite(i64, i64, i64),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        (0..60_i64, 1..20_i64).prop_map(|(from, count)| Op::Append(from, count)),
        (0..60_i64, 1..30_i64).prop_map(|(from, count)| Op::Delete(from, count)),
        (0..4_usize).prop_map(Op::DeleteName),
        (0..60_i64, 1..30_i64, 0..60_i64).prop_map(|(from, count, with)| Op::Overwrite(from, count, with)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_changes_leave_what_they_would_leave_of_rows_in_memory(
        ops in prop::collection::vec((op(), any::<bool>()), 1..10),
    ) {
        block_on(async {
            let table = table(MemoryStore::new(), "copy-on-write").await;
            let mut model: Vec<(i64, Option<String>)> = Vec::new();
            let new = |range: std::ops::Range<i64>| range.map(|id| (id, NAMES[id.rem_euclid(4) as usize].map(str::to_owned)));
            for (op, merge_on_read) in ops {
                let mode = if merge_on_read { "merge-on-read" } else { "copy-on-write" };
                let change = table.transaction().set_property("write.delete.mode", mode);
                let before = model.len() as u64;
                let (receipt, added) = match op {
                    Op::Append(from, count) => {
                        model.extend(new(from..from + count));
                        (change.append(ids(from..from + count)).await, count)
                    }
                    Op::Delete(from, count) => {
                        model.retain(|(id, _)| !(from..from + count).contains(id));
                        (change.delete(format!("id >= {from} and id < {}", from + count)).await, 0)
                    }
                    Op::DeleteName(name) => {
                        model.retain(|(_, own)| own.as_deref() != NAMES[name]);
                        let filter = NAMES[name].map_or("name is null".to_owned(), |name| format!("name = '{name}'"));
                        (change.delete(filter).await, 0)
                    }
                    Op::Overwrite(from, count, with) => {
                        model.retain(|(id, _)| !(from..from + count).contains(id));
                        model.extend(new(with..with + 3));
                        (change.overwrite(format!("id >= {from} and id < {}", from + count), ids(with..with + 3)).await, 3)
                    }
                };
                let receipt = receipt.unwrap();
                model.sort();
                assert_eq!(receipt.rows, added as u64);
                assert_eq!(receipt.deleted, before + added as u64 - model.len() as u64);
                assert_eq!(read(table.scan().collect().await).await, model);
                assert_eq!(table.scan().count().await.unwrap(), model.len() as u64);
            }
        });
    }
}
