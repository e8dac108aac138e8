use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use futures::executor::block_on;
use futures::future::join_all;
use futures::stream::{self, StreamExt};

use crate::spec::{NestedField, PrimitiveType, Schema};
use crate::store::{CountingStore, GetOptions, MemoryStore, ObjectStore};
use crate::{ErrorKind, Table, Warehouse};

fn schema() -> Schema {
    Schema::new([NestedField::required("id", PrimitiveType::Long)]).unwrap()
}

fn ids(ids: impl IntoIterator<Item = i64>) -> RecordBatch {
    let array: ArrayRef = Arc::new(Int64Array::from_iter_values(ids));
    RecordBatch::try_from_iter([("id", array)]).unwrap()
}

fn total(table: &Table) -> u64 {
    table.metadata().current_snapshot().unwrap().summary.totals().unwrap().records
}

#[test]
fn a_warm_uncontended_append_takes_five_requests() {
    let store = CountingStore::new(Arc::new(MemoryStore::new()));
    block_on(async {
        let table = Warehouse::new(store.clone()).create("t").schema(schema()).await.unwrap();
        table.append([ids([1])]).await.unwrap();
        store.take();
        let receipt = table.append([ids([2, 3])]).await.unwrap();
        let counts = store.take();
        assert_eq!((counts.puts, counts.gets, counts.requests()), (5, 0, 5));
        assert_eq!((receipt.version, receipt.rows, receipt.attempts, receipt.conflicts), (3, 2, 1, 0));
        assert_eq!(total(&table), 3);
    });
}

#[test]
fn a_cold_open_takes_three_requests_and_a_refresh_one() {
    let store = CountingStore::new(Arc::new(MemoryStore::new()));
    block_on(async {
        let warehouse = Warehouse::new(store.clone());
        warehouse.create("t").schema(schema()).await.unwrap().append([ids([1])]).await.unwrap();
        store.take();
        let table = warehouse.open("t").await.unwrap();
        assert_eq!(store.take().requests(), 3);
        table.refresh().await.unwrap();
        assert_eq!(store.take().requests(), 1);
        assert_eq!(table.version(), 2);
    });
}

#[test]
fn concurrent_appends_on_one_handle_share_a_commit_and_each_gets_its_receipt() {
    block_on(async {
        let table = Warehouse::new(MemoryStore::new()).create("t").schema(schema()).await.unwrap();
        let receipts = join_all((0..50).map(|i| table.append([ids(0..i)]))).await;
        let receipts: Vec<_> = receipts.into_iter().map(Result::unwrap).collect();
        assert_eq!(receipts.iter().map(|receipt| receipt.rows).sum::<u64>(), total(&table));
        assert!(table.version() <= 4, "50 appends took {} versions", table.version());
    });
}

#[test]
fn the_hint_keeps_up_though_appends_never_cease() {
    let store = MemoryStore::new();
    block_on(async {
        let table = Warehouse::new(store.clone()).create("t").schema(schema()).await.unwrap();
        let mut appends = stream::iter(0..100).map(|i| table.append([ids([i])])).buffer_unordered(4);
        for _ in 0..50 {
            appends.next().await.unwrap().unwrap();
        }
        let hint = store.get("t/metadata/version-hint.text", GetOptions::default()).await.unwrap();
        let hint: u64 = str::from_utf8(&hint.bytes).unwrap().parse().unwrap();
        assert!(table.version() > 10, "{} versions", table.version());
        assert!(hint <= table.version() && hint + 3 > table.version(), "hint {hint} at {}", table.version());
    });
}

#[test]
fn writers_on_separate_handles_lose_and_double_nothing() {
    let store = MemoryStore::new();
    block_on(async {
        let warehouse = Warehouse::new(store.clone());
        warehouse.create("t").schema(schema()).await.unwrap();
        let writers = (0..12).map(|writer| {
            let warehouse = warehouse.clone();
            async move {
                let table = warehouse.open("t").await.unwrap();
                for i in 0..5 {
                    table.append([ids([writer * 10 + i])]).await.unwrap();
                }
            }
        });
        join_all(writers).await;
        let table = warehouse.open("t").await.unwrap();
        assert_eq!((table.version(), total(&table)), (61, 60));
        assert_eq!(table.snapshots().len(), 60);
        let hint = store.get("t/metadata/version-hint.text", GetOptions::default()).await.unwrap();
        assert_eq!(hint.bytes, "61");
    });
}

#[test]
fn creating_twice_is_an_error_or_opens_what_is_there_if_its_columns_are_the_same() {
    block_on(async {
        let warehouse = Warehouse::new(MemoryStore::new());
        warehouse.create("t").schema(schema()).await.unwrap();
        let twice = warehouse.create("t").schema(schema()).await.unwrap_err();
        assert_eq!(twice.kind(), ErrorKind::AlreadyExists);
        assert_eq!(warehouse.create("t").schema(schema()).or_open().await.unwrap().version(), 1);
        let other = Schema::new([NestedField::required("id", PrimitiveType::Int)]).unwrap();
        let error = warehouse.create("t").schema(other).or_open().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    });
}

#[test]
fn a_rename_is_refused_with_what_to_do_instead() {
    let error = Warehouse::new(MemoryStore::new()).rename_table("a", "b").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("`a` to `b`") && error.to_string().contains("copy"), "{error}");
}

#[test]
fn a_table_created_after_a_drop_counts_on_and_old_handles_do_not_write_into_it() {
    block_on(async {
        let warehouse = Warehouse::new(MemoryStore::new());
        let old = warehouse.create("t").schema(schema()).await.unwrap();
        warehouse.drop_table("t").await.unwrap();
        assert_eq!(warehouse.open("t").await.unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(old.append([ids([1])]).await.unwrap_err().kind(), ErrorKind::NotFound);
        let new = warehouse.create("t").schema(schema()).await.unwrap();
        assert_eq!(new.version(), 3);
        assert_eq!(old.append([ids([1])]).await.unwrap_err().kind(), ErrorKind::NotFound);
        new.append([ids([7])]).await.unwrap();
        assert_eq!(total(&warehouse.open("t").await.unwrap()), 1);
    });
}
