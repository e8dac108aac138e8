//! Appends from many threads at once, on shared and on separate handles, over HTTP.
#![cfg(all(feature = "native", not(target_family = "wasm")))]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use datashard::spec::{NestedField, PrimitiveType, Schema};
use datashard::store::MemoryStore;
use datashard::{CommitReceipt, Table, Warehouse};
use futures::future::{join_all, poll_immediate};
use support::bucket_server::{Options, Server};
use support::s3::{client, config, credentials};

fn schema() -> Schema {
    Schema::new([NestedField::required("id", PrimitiveType::Long)]).unwrap()
}

fn row(id: i64) -> [RecordBatch; 1] {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values([id]));
    [RecordBatch::try_from_iter([("id", ids)]).unwrap()]
}

/// How often each id is in the table.
async fn occurrences(table: &Table) -> BTreeMap<i64, usize> {
    table.refresh().await.unwrap();
    let mut count = BTreeMap::new();
    for batch in table.scan().collect().await.unwrap() {
        for id in batch.column(0).as_primitive::<Int64Type>().values() {
            *count.entry(*id).or_default() += 1;
        }
    }
    count
}

fn threads() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap()
}

fn server() -> Server {
    Server::start(Arc::new(MemoryStore::new()), Options::default()).unwrap()
}

#[test]
fn tasks_on_one_handle_share_commits_and_every_row_is_there_once() {
    let server = server();
    threads().block_on(async {
        let warehouse = Warehouse::new(client(config(&server), credentials()));
        let table = warehouse.create("t").schema(schema()).await.unwrap();
        let tasks = (0..40).map(|task| {
            let table = table.clone();
            tokio::spawn(async move {
                let mut receipts = Vec::new();
                for i in 0..10 {
                    receipts.push(table.append(row(task * 10 + i)).await.unwrap());
                }
                receipts
            })
        });
        let receipts: Vec<CommitReceipt> = join_all(tasks).await.into_iter().flat_map(Result::unwrap).collect();
        let found = occurrences(&table).await;
        assert_eq!(found.len(), 400);
        assert!(found.values().all(|count| *count == 1));
        assert!(table.version() < 200, "400 appends took {} versions", table.version());
        assert_eq!(receipts.iter().map(|receipt| receipt.rows).sum::<u64>(), 400);
        assert!(receipts.iter().all(|receipt| receipt.conflicts == 0));
    });
}

#[test]
fn dropped_appends_are_there_once_or_not_at_all_and_hurt_nobody_else() {
    let server = server();
    threads().block_on(async {
        let warehouse = Warehouse::new(client(config(&server), credentials()));
        warehouse.create("t").schema(schema()).await.unwrap();
        let tasks = (0..6).map(|task| {
            let warehouse = warehouse.clone();
            tokio::spawn(async move {
                let table = warehouse.open("t").await.unwrap();
                for i in 0..10 {
                    let id = task * 100 + i;
                    if i % 3 != 2 {
                        table.append(row(id)).await.unwrap();
                        continue;
                    }
                    // Drop it wherever it happens to be, after some polls.
                    let mut append = Box::pin(table.append(row(id)));
                    for _ in 0..(task * i) % 40 {
                        if poll_immediate(&mut append).await.is_some() {
                            break;
                        }
                        tokio::task::yield_now().await;
                    }
                }
            })
        });
        join_all(tasks).await.into_iter().for_each(|done| done.unwrap());
        let found = occurrences(&warehouse.open("t").await.unwrap()).await;
        for (id, count) in &found {
            assert_eq!(*count, 1, "{id} is there {count} times");
        }
        for id in (0..6).flat_map(|task| (0..10).filter(|i| i % 3 != 2).map(move |i| task * 100 + i)) {
            assert!(found.contains_key(&id), "{id} is lost");
        }
    });
}
