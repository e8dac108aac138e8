use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use futures::executor::block_on;
use futures::future::join_all;
use futures::stream;

use crate::spec::{NestedField, PrimitiveType, Schema};
use crate::store::faulty::{Fault, FaultyStore, TestRuntime};
use crate::store::{CountingStore, MemoryStore, ObjectStore};
use crate::{CommitReceipt, Error, ErrorKind, Table, Warehouse};

fn schema() -> Schema {
    Schema::new([NestedField::required("id", PrimitiveType::Long)]).unwrap()
}

fn rows(ids: impl IntoIterator<Item = i64>) -> [RecordBatch; 1] {
    let array: ArrayRef = Arc::new(Int64Array::from_iter_values(ids));
    [RecordBatch::try_from_iter([("id", array)]).unwrap()]
}

async fn ids(table: &Table) -> Vec<i64> {
    table.refresh().await.unwrap();
    let batches = table.scan().collect().await.unwrap();
    let column = |batch: &RecordBatch| batch.column(0).as_any().downcast_ref::<Int64Array>().unwrap().values().to_vec();
    let mut ids: Vec<i64> = batches.iter().flat_map(column).collect();
    ids.sort_unstable();
    ids
}

fn short(receipt: &CommitReceipt) -> (u64, u64, bool) {
    (receipt.version, receipt.rows, receipt.repeated)
}

#[test]
fn the_same_key_appends_once_also_from_another_process() {
    let store = MemoryStore::new();
    block_on(async {
        let table = Warehouse::new(store.clone()).create("t").schema(schema()).await.unwrap();
        let first = table.append(rows([1, 2])).idempotency_key("order 17").await.unwrap();
        let other = Warehouse::new(store.clone()).open("t").await.unwrap();
        other.append(rows([3])).idempotency_key("order 18").await.unwrap();
        for table in [&table, &other] {
            let again = table.append(rows([1, 2])).idempotency_key("order 17").await.unwrap();
            assert_eq!((again.snapshot_id, again.rows, again.repeated), (first.snapshot_id, 0, true));
        }
        assert_eq!(ids(&table).await, [1, 2, 3]);
        assert_eq!(table.snapshots().len(), 2);
    });
}

#[test]
fn appends_of_one_key_that_share_a_commit_append_once() {
    block_on(async {
        let table = Warehouse::new(MemoryStore::new()).create("t").schema(schema()).await.unwrap();
        let keys = ["a", "b", "a", "c", "b", "a"];
        let appends = keys.iter().zip(0..).map(|(key, id)| table.append(rows([id])).idempotency_key(*key));
        let receipts: Vec<_> = join_all(appends).await.into_iter().map(Result::unwrap).collect();
        let repeated: Vec<bool> = receipts.iter().map(|receipt| receipt.repeated).collect();
        assert_eq!(repeated, [false, false, true, false, true, true]);
        assert_eq!(ids(&table).await, [0, 1, 3]);
        assert!(receipts.iter().all(|receipt| receipt.snapshot_id == receipts[0].snapshot_id && receipt.group == 6));
    });
}

/// Others of the group have been written into one file with it by then.
#[test]
fn a_key_that_another_process_commits_meanwhile_is_left_out_of_the_group() {
    let store = FaultyStore::default();
    block_on(async {
        let warehouse = Warehouse::with_runtime(store.clone(), TestRuntime::new(7));
        let table = warehouse.create("t").schema(schema()).await.unwrap();
        let other = Warehouse::with_runtime(store.clone(), TestRuntime::new(8)).open("t").await.unwrap();
        other.append(rows([7])).idempotency_key("k").await.unwrap();
        // This handle still knows the version before.
        let appends = [(1, "j"), (7, "k"), (2, "l")];
        let appends = appends.map(|(id, key)| table.append(rows([id])).idempotency_key(key));
        let receipts: Vec<_> = join_all(appends).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(receipts.iter().map(short).collect::<Vec<_>>(), [(3, 1, false), (2, 0, true), (3, 1, false)]);
        assert_eq!(ids(&table).await, [1, 2, 7]);
        let alone = Warehouse::with_runtime(store.clone(), TestRuntime::new(9)).open("t").await.unwrap();
        other.append(rows([9])).idempotency_key("m").await.unwrap();
        let late = alone.append(rows([9])).idempotency_key("m").await.unwrap();
        assert_eq!((short(&late), late.conflicts), ((4, 0, true), 1));
        assert_eq!(ids(&table).await, [1, 2, 7, 9]);
    });
}

#[test]
fn an_append_whose_outcome_was_not_heard_of_may_be_repeated_by_its_key() {
    let store = FaultyStore::default();
    block_on(async {
        let table =
            Warehouse::with_runtime(store.clone(), TestRuntime::new(7)).create("t").schema(schema()).await.unwrap();
        store.next_put("v2.metadata.json", Fault::ResponseLost);
        store.unreadable(Some("v2.metadata.json"));
        let unheard = table.append(rows([1])).idempotency_key("k").await.unwrap_err();
        assert_eq!(unheard.kind(), ErrorKind::CommitStateUnknown);
        store.unreadable(None);
        let again = table.append(rows([1])).idempotency_key("k").await.unwrap();
        assert_eq!(short(&again), (2, 0, true));
        assert_eq!(ids(&table).await, [1]);
    });
}

#[test]
fn a_key_costs_no_request_but_where_it_is_known_and_its_text_is_not_kept() {
    let store = CountingStore::new(Arc::new(MemoryStore::new()));
    block_on(async {
        let table = Warehouse::new(store.clone()).create("t").schema(schema()).await.unwrap();
        table.append(rows([1])).await.unwrap();
        store.take();
        table.append(rows([2])).idempotency_key("secret of a customer").await.unwrap();
        assert_eq!(store.take().requests(), 5);
        table.append(rows([2])).idempotency_key("secret of a customer").await.unwrap();
        // Others may have rolled it back.
        assert_eq!(store.take().requests(), 1);
        let metadata = store.get("t/metadata/v3.metadata.json", crate::store::GetOptions::default()).await.unwrap();
        let text = String::from_utf8(metadata.bytes.to_vec()).unwrap();
        assert!(text.contains("datashard.idempotency-keys") && !text.contains("secret"), "{text}");
        let error = table.append(rows([1])).idempotency_key("").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn a_stream_is_appended_whole_or_not_at_all() {
    block_on(async {
        let table = Warehouse::new(MemoryStore::new()).create("t").schema(schema()).await.unwrap();
        let batches = (0..100).map(|i| Ok(rows(i * 1000..(i + 1) * 1000).into_iter().next().unwrap()));
        let receipt = table.append_stream(stream::iter(batches.clone())).await.unwrap();
        assert_eq!((receipt.rows, table.snapshots().len()), (100_000, 1));
        let broken = batches.chain([Err(Error::invalid_input("the producer failed"))]);
        let error = table.append_stream(stream::iter(broken)).await.unwrap_err();
        assert_eq!(error.message(), "the producer failed");
        assert_eq!(ids(&table).await.len(), 100_000);
    });
}
