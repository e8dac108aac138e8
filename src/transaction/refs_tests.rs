//! Branches, tags, and what moves them.

use std::sync::Arc;
use std::time::Duration;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use futures::executor::block_on;
use futures::future::join_all;
use futures::{FutureExt, StreamExt};
use serde_json::{Value as Json, json};

use crate::runtime::Runtime;
use crate::spec::{Branch, MAIN, NestedField, Operation, PrimitiveType, RefKind, Schema, SchemaUpdate, Snapshot, Tag};
use crate::store::faulty::{Fault, FaultyStore, TestRuntime};
use crate::store::{CountingStore, GetOptions, MemoryStore, ObjectStore, PutOptions};
use crate::{Error, ErrorKind, Isolation, Resolution, Table, Warehouse};

fn schema() -> Schema {
    Schema::new([NestedField::required("id", PrimitiveType::Long)]).unwrap()
}

fn rows(ids: impl IntoIterator<Item = i64>) -> [RecordBatch; 1] {
    let array: ArrayRef = Arc::new(Int64Array::from_iter_values(ids));
    [RecordBatch::try_from_iter([("id", array)]).unwrap()]
}

async fn table(store: &MemoryStore) -> Table {
    Warehouse::new(store.clone()).create("t").schema(schema()).await.unwrap()
}

async fn another(store: &MemoryStore) -> Table {
    Warehouse::new(store.clone()).open("t").await.unwrap()
}

/// The ids on a branch or tag, by whoever opens the table now.
async fn on(table: &Table, name: &str) -> Vec<i64> {
    table.refresh().await.unwrap();
    let batches = table.scan().at_ref(name).collect().await.unwrap();
    let mut ids: Vec<i64> =
        batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec()).collect();
    ids.sort_unstable();
    ids
}

fn newest(table: &Table, name: &str) -> Arc<Snapshot> {
    table.metadata().snapshot_of_ref(name).unwrap().clone()
}

fn logged(table: &Table) -> Vec<i64> {
    table.history().iter().map(|entry| entry.snapshot_id).collect()
}

#[track_caller]
fn is(kind: ErrorKind, result: Result<impl std::fmt::Debug, Error>) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
}

/// Lets snapshots expire, as another engine does it.
async fn expire(store: &MemoryStore, table: &Table, ids: &[i64]) -> Table {
    edit(store, table, |json| {
        let is_left = |snapshot: &Json| !ids.contains(&snapshot["snapshot-id"].as_i64().unwrap());
        json["snapshots"].as_array_mut().unwrap().retain(is_left);
        json["snapshot-log"] = json!([]);
    })
    .await
}

/// Writes the newest version's file anew, and opens the table.
async fn edit(store: &MemoryStore, table: &Table, edit: impl FnOnce(&mut Json)) -> Table {
    let key = format!("t/metadata/v{}.metadata.json", table.refresh().await.unwrap());
    let file = store.get(&key, GetOptions::default()).await.unwrap().bytes;
    let mut json: Json = serde_json::from_slice(&file).unwrap();
    edit(&mut json);
    let _ = store.put(&key, json.to_string().into(), PutOptions::default()).await.unwrap();
    another(store).await
}

#[test]
fn what_is_written_to_a_branch_is_there_alone_and_counts_on() {
    block_on(async {
        let table = table(&MemoryStore::new()).await;
        let first = table.append(rows(0..4)).await.unwrap().snapshot_id;
        table.create_branch("audit").await.unwrap();
        let appended = table.append(rows(10..12)).to_branch("audit").await.unwrap();
        assert_eq!((appended.rows, appended.version), (2, 4));
        let changed = table.transaction().to_branch("audit").delete("id < 2").append(rows([20])).await.unwrap();
        assert_eq!((changed.rows, changed.deleted), (1, 2));
        table.upsert(rows([3, 21]), ["id"]).to_branch("audit").await.unwrap();
        let new = table.append_new(rows([3, 22]), ["id"]).to_branch("audit").await.unwrap();
        assert_eq!(new.rows, 1);
        assert_eq!(
            (on(&table, "audit").await, on(&table, MAIN).await),
            (vec![2, 3, 10, 11, 20, 21, 22], vec![0, 1, 2, 3])
        );
        let metadata = table.metadata();
        assert_eq!((metadata.current_snapshot_id, logged(&table)), (Some(first), vec![first]));
        let numbers: Vec<i64> = table.snapshots().iter().map(|snapshot| snapshot.sequence_number).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
        let on_main = table.append(rows([100])).await.unwrap().snapshot_id;
        let on_main = metadata_snapshot(&table, on_main);
        assert_eq!((on_main.parent_snapshot_id, on_main.sequence_number), (Some(first), 7));
        assert_eq!(metadata_snapshot(&table, appended.snapshot_id).parent_snapshot_id, Some(first));
        assert_eq!(newest(&table, "audit").summary.totals().unwrap().records, 7);
        assert_eq!(on(&table, MAIN).await, [0, 1, 2, 3, 100]);
    });
}

fn metadata_snapshot(table: &Table, id: i64) -> Arc<Snapshot> {
    table.metadata().snapshot(id).unwrap().clone()
}

#[test]
fn an_append_to_a_branch_costs_what_one_to_main_does_and_shares_commits() {
    let store = CountingStore::new(Arc::new(MemoryStore::new()));
    block_on(async {
        let table = Warehouse::new(store.clone()).create("t").schema(schema()).await.unwrap();
        table.append(rows([0])).await.unwrap();
        table.create_branch("a").create_branch("b").await.unwrap();
        store.take();
        table.append(rows([1])).to_branch("a").await.unwrap();
        assert_eq!(store.take().requests(), 5);
        let appends = (10..40).map(|id| {
            let append = table.append(rows([id]));
            if id % 3 == 0 { append } else { append.to_branch(["a", "b"][id as usize % 3 - 1]) }
        });
        let receipts = join_all(appends).await;
        assert!(receipts.into_iter().all(|receipt| receipt.unwrap().group == 10));
        let every = |first: i64| (10..40).filter(move |id| id % 3 == first);
        assert_eq!(on(&table, MAIN).await, [0].into_iter().chain(every(0)).collect::<Vec<_>>());
        assert_eq!(on(&table, "a").await, [0, 1].into_iter().chain(every(1)).collect::<Vec<_>>());
        assert_eq!(on(&table, "b").await, [0].into_iter().chain(every(2)).collect::<Vec<_>>());
    });
}

#[test]
fn refs_are_created_and_dropped_with_what_is_kept_of_them() {
    block_on(async {
        let store = MemoryStore::new();
        let table = table(&store).await;
        is(ErrorKind::InvalidInput, table.create_tag("empty").await);
        let first = table.append(rows([1])).await.unwrap().snapshot_id;
        table.append(rows([2])).await.unwrap();
        let day = Duration::from_secs(86_400);
        let branch = Branch::new("audit").at(first).max_ref_age(day).min_snapshots_to_keep(3).max_snapshot_age(2 * day);
        table.transaction().create_branch(branch).create_tag(Tag::new("v1").max_ref_age(day)).await.unwrap();
        assert_eq!((on(&table, "audit").await, on(&table, "v1").await), (vec![1], vec![1, 2]));
        let refs = another(&store).await.metadata().refs.clone();
        let kept = |name: &str| {
            let target = &refs[name];
            (target.kind, target.max_ref_age_ms, target.min_snapshots_to_keep, target.max_snapshot_age_ms)
        };
        assert_eq!(kept("audit"), (RefKind::Branch, Some(86_400_000), Some(3), Some(172_800_000)));
        assert_eq!(kept("v1"), (RefKind::Tag, Some(86_400_000), None, None));
        let shown = table.inspect().refs().unwrap();
        let ages = shown.column_by_name("max_reference_age_in_ms").unwrap().as_primitive::<Int64Type>();
        assert_eq!(ages.iter().collect::<Vec<_>>(), [Some(86_400_000), None, Some(86_400_000)]);

        is(ErrorKind::AlreadyExists, table.create_branch("v1").await);
        is(ErrorKind::AlreadyExists, table.create_tag("audit").await);
        is(ErrorKind::InvalidInput, table.create_branch(MAIN).await);
        is(ErrorKind::InvalidInput, table.create_branch("").await);
        is(ErrorKind::InvalidInput, table.create_branch(Branch::new("b").min_snapshots_to_keep(0)).await);
        is(ErrorKind::NotFound, table.create_tag(Tag::new("v2").at(77)).await);
        is(ErrorKind::InvalidInput, table.append(rows([3])).to_branch("v1").await);
        is(ErrorKind::NotFound, table.append(rows([3])).to_branch("nothing").await);
        is(ErrorKind::NotFound, table.delete("id = 1").to_branch("nothing").await);
        is(ErrorKind::InvalidInput, table.upsert(rows([1]), ["id"]).to_branch("v1").await);
        is(ErrorKind::NotFound, table.drop_branch("v1").await);
        is(ErrorKind::NotFound, table.drop_tag("audit").await);
        is(ErrorKind::InvalidInput, table.drop_branch(MAIN).await);
        assert_eq!(table.version(), 4, "what fails commits nothing");

        // A tag is moved in one commit.
        table.transaction().drop_tag("v1").create_tag(Tag::new("v1").at(first)).drop_branch("audit").await.unwrap();
        assert_eq!((on(&table, "v1").await, table.snapshots().len()), (vec![1], 2));
        assert_eq!(table.metadata().refs.keys().collect::<Vec<_>>(), [MAIN, "v1"]);
    });
}

#[test]
fn a_branch_is_created_written_to_and_published_in_one_commit() {
    block_on(async {
        let table = table(&MemoryStore::new()).await;
        table.append(rows([1])).await.unwrap();
        let staged = table.transaction().create_branch("audit").to_branch("audit");
        let receipt = staged.append(rows([2])).delete("id = 1").fast_forward(MAIN, "audit").await.unwrap();
        assert_eq!((receipt.version, receipt.snapshot_ids.len()), (3, 2));
        assert_eq!(on(&table, MAIN).await, [2]);
        // Between the two, no version had the first.
        assert_eq!(logged(&table)[1..], receipt.snapshot_ids[1..]);
        let undone = table.transaction().append(rows([3])).rollback_to(receipt.snapshot_ids[1]).await.unwrap();
        assert_eq!((undone.version, on(&table, MAIN).await, logged(&table).len()), (4, vec![2], 2));
    });
}

#[test]
fn a_branch_is_moved_forward_to_what_has_all_of_it() {
    block_on(async {
        let table = table(&MemoryStore::new()).await;
        table.append(rows([1])).await.unwrap();
        table.create_branch("audit").await.unwrap();
        assert_eq!(table.fast_forward(MAIN, "audit").await.unwrap().attempts, 0, "nothing to do");
        for id in [2, 3] {
            table.append(rows([id])).to_branch("audit").await.unwrap();
        }
        table.fast_forward(MAIN, "audit").await.unwrap();
        assert_eq!(on(&table, MAIN).await, [1, 2, 3]);
        let last = table.history().pop().unwrap();
        assert_eq!(last.snapshot_id, newest(&table, "audit").snapshot_id);
        assert_eq!(last.timestamp, table.metadata().last_updated);
        assert_eq!(table.history().len(), 2);
        // Backwards, and sideways.
        table.append(rows([4])).await.unwrap();
        is(ErrorKind::Conflict, table.fast_forward(MAIN, "audit").await);
        table.fast_forward("audit", MAIN).await.unwrap();
        table.append(rows([5])).to_branch("audit").await.unwrap();
        table.append(rows([6])).await.unwrap();
        is(ErrorKind::Conflict, table.fast_forward(MAIN, "audit").await);
        is(ErrorKind::NotFound, table.fast_forward(MAIN, "nothing").await);
        is(ErrorKind::NotFound, table.fast_forward("nothing", MAIN).await);
        assert_eq!((on(&table, MAIN).await, on(&table, "audit").await), (vec![1, 2, 3, 4, 6], vec![1, 2, 3, 4, 5]));
    });
}

#[test]
fn a_branch_that_another_writer_has_moved_on_is_not_moved_over() {
    block_on(async {
        let store = MemoryStore::new();
        let other = table(&store).await;
        other.append(rows([1])).await.unwrap();
        other.create_branch("audit").await.unwrap();
        other.append(rows([2])).to_branch("audit").await.unwrap();
        let publishing = another(&store).await;
        other.append(rows([3])).await.unwrap();
        // By what it knows it would be forward; it loses the race, and looks again.
        is(ErrorKind::Conflict, publishing.fast_forward(MAIN, "audit").await);
        assert_eq!(on(&publishing, MAIN).await, [1, 3]);
        // What it knows is old, and what it is told to do fits what has come since.
        let behind = another(&store).await;
        other.fast_forward("audit", "audit").create_branch("new").await.unwrap();
        other.append(rows([4])).to_branch("new").await.unwrap();
        behind.fast_forward(MAIN, "new").await.unwrap();
        assert_eq!(on(&behind, MAIN).await, [1, 3, 4]);
    });
}

#[test]
fn main_is_set_back_to_what_it_was_and_may_go_forward_again() {
    block_on(async {
        let table = table(&MemoryStore::new()).await;
        let mut ids = Vec::new();
        for id in 0..4 {
            ids.push(table.append(rows([id])).await.unwrap().snapshot_id);
        }
        table.rollback_to(ids[1]).await.unwrap();
        assert_eq!((on(&table, MAIN).await, table.metadata().current_snapshot_id), (vec![0, 1], Some(ids[1])));
        assert_eq!(logged(&table), [ids[0], ids[1], ids[2], ids[3], ids[1]]);
        assert_eq!(table.rollback_to(ids[1]).await.unwrap().attempts, 0, "nothing to do");
        is(ErrorKind::InvalidInput, table.rollback_to(ids[3]).await);
        is(ErrorKind::NotFound, table.rollback_to(77).await);
        table.create_branch(Branch::new("redo").at(ids[3])).fast_forward(MAIN, "redo").await.unwrap();
        assert_eq!(on(&table, MAIN).await, [0, 1, 2, 3]);
        table.rollback_to(ids[2]).to_branch("redo").await.unwrap();
        assert_eq!((on(&table, "redo").await, on(&table, MAIN).await.len()), (vec![0, 1, 2], 4));
        let current = table.append(rows([9])).await.unwrap().snapshot_id;
        assert_eq!(metadata_snapshot(&table, current).parent_snapshot_id, Some(ids[3]));
    });
}

#[test]
fn a_rollback_takes_what_came_meanwhile_unless_it_was_decided_on_what_was_before() {
    block_on(async {
        let store = MemoryStore::new();
        let other = table(&store).await;
        let first = other.append(rows([1])).await.unwrap().snapshot_id;
        let seen = other.append(rows([2])).await.unwrap().snapshot_id;
        let stale = || another(&store);
        let (plain, decided, by_snapshot) = (stale().await, stale().await, stale().await);
        other.append(rows([3])).await.unwrap();
        is(ErrorKind::Conflict, decided.rollback_to(first).decided_on(seen).await);
        is(ErrorKind::Conflict, by_snapshot.rollback_to(first).isolation(Isolation::Snapshot).await);
        assert_eq!(on(&other, MAIN).await, [1, 2, 3]);
        assert_eq!(plain.rollback_to(first).await.unwrap().conflicts, 1);
        assert_eq!(on(&other, MAIN).await, [1]);
        let last = other.append(rows([4])).await.unwrap().snapshot_id;
        other.rollback_to(first).decided_on(last).isolation(Isolation::Snapshot).await.unwrap();
        assert_eq!(on(&other, MAIN).await, [1]);
    });
}

#[test]
fn what_a_snapshot_appended_is_picked_once_with_the_same_files() {
    block_on(async {
        let store = CountingStore::new(Arc::new(MemoryStore::new()));
        let table = Warehouse::new(store.clone()).create("t").schema(schema()).await.unwrap();
        table.append(rows([0])).await.unwrap();
        table.create_branch("audit").await.unwrap();
        let one = table.append(rows([1])).to_branch("audit").await.unwrap().snapshot_id;
        let two = table.append(rows([2, 3])).to_branch("audit").await.unwrap().snapshot_id;
        table.append(rows([4])).await.unwrap();
        table.update_schema(SchemaUpdate::new().add("n", PrimitiveType::Int)).await.unwrap();
        let files = store.list("t/data/", None).count().await;
        let receipt = table.cherry_pick(two).await.unwrap();
        assert_eq!((receipt.rows, receipt.snapshot_ids.len()), (2, 1));
        assert_eq!(store.list("t/data/", None).count().await, files, "no row is written again");
        assert_eq!(on(&table, MAIN).await, [0, 2, 3, 4]);
        let picked = newest(&table, MAIN);
        assert_eq!(picked.summary.properties["source-snapshot-id"], two.to_string());
        assert_eq!(picked.summary.operation, Operation::Append);
        assert_eq!(picked.summary.totals().unwrap().records, 4);
        is(ErrorKind::AlreadyExists, table.cherry_pick(two).await);
        is(ErrorKind::AlreadyExists, table.cherry_pick(picked.snapshot_id).to_branch("audit").await);
        is(ErrorKind::AlreadyExists, table.cherry_pick(picked.snapshot_id).await);
        is(ErrorKind::NotFound, table.cherry_pick(77).await);
        // Rows that are deleted afterwards do not come back.
        table.delete("id = 2").await.unwrap();
        is(ErrorKind::AlreadyExists, table.cherry_pick(two).await);
        table.cherry_pick(one).await.unwrap();
        assert_eq!(on(&table, MAIN).await, [0, 1, 3, 4]);
        // What was appended is found by who follows it.
        let since = table.scan().appends_since(picked.snapshot_id).select(["id"]).count().await.unwrap();
        assert_eq!(since, 1);
    });
}

#[test]
fn what_follows_on_the_newest_is_picked_by_moving_forward() {
    block_on(async {
        let table = table(&MemoryStore::new()).await;
        table.append(rows(0..4)).await.unwrap();
        table.create_branch("audit").await.unwrap();
        let next = table.append(rows([5])).to_branch("audit").await.unwrap().snapshot_id;
        let deleted = table.delete("id = 1").to_branch("audit").await.unwrap().snapshot_ids[0];
        is(ErrorKind::InvalidInput, table.cherry_pick(deleted).await);
        let receipt = table.cherry_pick(next).await.unwrap();
        assert_eq!((receipt.rows, receipt.snapshot_ids.len()), (1, 0));
        assert_eq!(table.metadata().current_snapshot_id, Some(next));
        table.cherry_pick(deleted).await.unwrap();
        assert_eq!((on(&table, MAIN).await, table.snapshots().len()), (vec![0, 2, 3, 5], 3));
        assert_eq!(logged(&table)[1..], [next, deleted]);
    });
}

#[test]
fn writers_that_pick_the_same_at_once_pick_it_once() {
    block_on(async {
        let store = MemoryStore::new();
        let first = table(&store).await;
        first.append(rows([0])).await.unwrap();
        first.create_branch("audit").await.unwrap();
        let staged = first.append(rows([1])).to_branch("audit").await.unwrap().snapshot_id;
        first.append(rows([2])).await.unwrap();
        let writers = join_all((0..4).map(|_| another(&store))).await;
        let picks = join_all(writers.iter().map(|table| table.cherry_pick(staged).into_future())).await;
        let (done, refused): (Vec<_>, Vec<_>) = picks.into_iter().partition(Result::is_ok);
        assert_eq!(done.len(), 1);
        refused.into_iter().for_each(|refused| is(ErrorKind::AlreadyExists, refused));
        assert_eq!(on(&first, MAIN).await, [0, 1, 2]);
        // One that is behind puts it on top of what has come.
        let behind = another(&store).await;
        let other = first.append(rows([3])).to_branch("audit").await.unwrap().snapshot_id;
        behind.refresh().await.unwrap();
        first.append(rows([4])).await.unwrap();
        assert_eq!(behind.cherry_pick(other).await.unwrap().conflicts, 1);
        assert_eq!(on(&first, MAIN).await, [0, 1, 2, 3, 4]);
    });
}

/// A snapshot that was picked, and the snapshot that it was picked as, are the same rows.
#[test]
fn what_was_picked_by_way_of_another_branch_is_not_picked_again_also_when_that_has_expired() {
    for expires in [false, true] {
        block_on(async {
            let store = MemoryStore::new();
            let table = table(&store).await;
            table.append(rows([0])).await.unwrap();
            table.transaction().create_branch("a").create_branch("b").await.unwrap();
            let source = table.append(rows([1])).to_branch("a").await.unwrap().snapshot_id;
            table.append(rows([2])).to_branch("b").await.unwrap();
            let copy = table.cherry_pick(source).to_branch("b").await.unwrap().snapshot_ids[0];
            table.append(rows([3])).await.unwrap();
            let on_main = table.cherry_pick(copy).await.unwrap().snapshot_ids[0];
            table.append(rows([4])).await.unwrap();
            table.drop_branch("b").await.unwrap();
            let table = if expires { expire(&store, &table, &[copy, on_main]).await } else { table };
            is(ErrorKind::AlreadyExists, table.cherry_pick(source).await);
            assert_eq!(on(&table, MAIN).await, [0, 1, 3, 4], "{expires}");
        });
    }
}

#[test]
fn what_was_staged_under_a_name_is_published_once() {
    block_on(async {
        let store = MemoryStore::new();
        let table = table(&store).await;
        table.append(rows([0])).await.unwrap();
        table.create_branch("audit").await.unwrap();
        let one = table.append(rows([1])).to_branch("audit").await.unwrap().snapshot_id;
        let two = table.append(rows([1])).to_branch("audit").await.unwrap().snapshot_id;
        table.append(rows([2])).await.unwrap();
        // As Spark does it; the second is the same written again.
        let table = edit(&store, &table, |json| {
            for snapshot in json["snapshots"].as_array_mut().unwrap() {
                if [one, two].contains(&snapshot["snapshot-id"].as_i64().unwrap()) {
                    snapshot["summary"]["wap.id"] = "load 7".into();
                }
            }
        })
        .await;
        table.cherry_pick(one).await.unwrap();
        assert_eq!(newest(&table, MAIN).summary.properties["published-wap-id"], "load 7");
        is(ErrorKind::AlreadyExists, table.cherry_pick(two).await);
        assert_eq!(on(&table, MAIN).await, [0, 1, 2]);
    });
}

#[test]
fn the_same_key_is_committed_once_to_a_branch_and_goes_where_its_rows_go() {
    block_on(async {
        let store = MemoryStore::new();
        let table = table(&store).await;
        let begin = table.append(rows([0])).idempotency_key("begin").await.unwrap();
        table.create_branch("audit").await.unwrap();
        let known = table.append(rows([0])).to_branch("audit").idempotency_key("begin").await.unwrap();
        assert_eq!((known.repeated, known.snapshot_id), (true, begin.snapshot_id));
        let staged = table.append(rows([1])).to_branch("audit").idempotency_key("load").await.unwrap();
        let again = another(&store).await.append(rows([1])).to_branch("audit").idempotency_key("load").await.unwrap();
        assert_eq!((again.repeated, again.snapshot_id), (true, staged.snapshot_id));
        // On main it is not.
        table.append(rows([2])).await.unwrap();
        let on_main = table.append(rows([1])).idempotency_key("load").await.unwrap();
        assert!(!on_main.repeated);
        is(ErrorKind::AlreadyExists, table.cherry_pick(staged.snapshot_id).await);
        assert_eq!((on(&table, MAIN).await, on(&table, "audit").await), (vec![0, 1, 2], vec![0, 1]));

        // What is picked, or moved forward to, brings its key.
        let staged = table.append(rows([3])).to_branch("audit").idempotency_key("next").await.unwrap();
        table.cherry_pick(staged.snapshot_id).idempotency_key("pick").await.unwrap();
        for key in ["next", "pick"] {
            assert!(another(&store).await.append(rows([3])).idempotency_key(key).await.unwrap().repeated, "{key}");
        }
        assert!(table.cherry_pick(staged.snapshot_id).idempotency_key("pick").await.unwrap().repeated);
        table.create_branch("later").await.unwrap();
        table.append(rows([4])).to_branch("later").idempotency_key("last").await.unwrap();
        table.fast_forward(MAIN, "later").await.unwrap();
        assert!(table.append(rows([4])).idempotency_key("last").await.unwrap().repeated);
        assert_eq!(on(&table, MAIN).await, [0, 1, 2, 3, 4]);
    });
}

#[test]
fn a_key_that_was_rolled_back_is_not_said_to_be_there() {
    block_on(async {
        let store = MemoryStore::new();
        let table = table(&store).await;
        let first = table.append(rows([0])).await.unwrap().snapshot_id;
        let undone = table.append(rows([1])).idempotency_key("k").await.unwrap().snapshot_id;
        // This one has seen it, and not that it was rolled back.
        let behind = another(&store).await;
        table.rollback_to(first).await.unwrap();
        assert_eq!(on(&table, MAIN).await, [0]);
        let again = behind.append(rows([1])).idempotency_key("k").await.unwrap();
        assert_eq!((again.repeated, again.rows), (false, 1));
        assert!(table.append(rows([1])).idempotency_key("k").await.unwrap().repeated);
        // Nor does it come back beside the other.
        is(ErrorKind::AlreadyExists, table.cherry_pick(undone).await);
        table.create_branch(Branch::new("redo").at(undone)).await.unwrap();
        is(ErrorKind::Conflict, table.fast_forward(MAIN, "redo").await);
        assert_eq!(on(&table, MAIN).await, [0, 1]);
    });
}

#[test]
fn a_key_of_which_it_is_not_known_whether_the_branch_has_it_is_neither_appended_nor_said_to_be_there() {
    block_on(async {
        let store = MemoryStore::new();
        let table = table(&store).await;
        let tagged = table.append(rows([0])).idempotency_key("old").await.unwrap().snapshot_id;
        let between = table.append(rows([1])).await.unwrap().snapshot_id;
        table.append(rows([2])).idempotency_key("new").await.unwrap();
        table.create_branch(Branch::new("side").at(tagged)).await.unwrap();
        table.append(rows([3])).to_branch("side").idempotency_key("aside").await.unwrap();
        let table = expire(&store, &table, &[between]).await;
        assert!(table.append(rows([2])).idempotency_key("new").await.unwrap().repeated);
        is(ErrorKind::Conflict, table.append(rows([0])).idempotency_key("old").await);
        let appends = [("old", 0), ("other", 4)].map(|(key, id)| table.append(rows([id])).idempotency_key(key));
        let [old, other] = join_all(appends).await.try_into().unwrap();
        is(ErrorKind::Conflict, old);
        assert!(!other.unwrap().repeated, "one does not fail for another");
        // Newer than all that is known of main, it is elsewhere.
        assert!(!table.append(rows([3])).idempotency_key("aside").await.unwrap().repeated);
        assert_eq!(on(&table, MAIN).await, [0, 1, 2, 3, 4]);
    });
}

#[test]
fn a_commit_to_a_branch_whose_answer_was_lost_is_settled_truthfully() {
    block_on(async {
        let store = FaultyStore::default();
        let warehouse = Warehouse::with_runtime(store.clone(), TestRuntime::new(7));
        let table = warehouse.create("t").schema(schema()).await.unwrap();
        table.append(rows([0])).await.unwrap();
        table.create_branch("audit").await.unwrap();
        store.next_put("v4.metadata.json", Fault::ResponseLost);
        let receipt = table.append(rows([1])).to_branch("audit").await.unwrap();
        assert_eq!((receipt.version, receipt.conflicts), (4, 0));
        let moves: [fn(&Table) -> crate::Transaction<'static>; 2] =
            [|table| table.fast_forward(MAIN, "audit"), |table| table.rollback_to(table.history()[0].snapshot_id)];
        for (make, version) in moves.into_iter().zip([5, 6]) {
            let file = format!("v{version}.metadata.json");
            store.next_put(&file, Fault::ResponseLost);
            store.unreadable(Some(&file));
            let error = make(&table).await.unwrap_err();
            store.unreadable(None);
            let token = error.unknown_commit().unwrap().to_owned();
            let settled = warehouse.open("t").await.unwrap().resolve(&token).await.unwrap();
            assert_eq!(settled, Resolution::Committed { version });
            table.refresh().await.unwrap();
        }
        assert_eq!((on(&table, MAIN).await, on(&table, "audit").await), (vec![0], vec![0, 1]));
    });
}

/// The snapshot of a commit was looked for as the current one: it is not where a branch was written to, and so the commit
/// would have been made twice.
#[test]
fn a_commit_to_a_branch_that_was_built_on_and_cleaned_away_is_not_made_twice() {
    for is_created_again in [false, true] {
        block_on(async {
            let (store, runtime) = (FaultyStore::default(), TestRuntime::new(7));
            let warehouse = Warehouse::with_runtime(store.clone(), runtime.clone());
            let table = warehouse.create("t").schema(schema()).await.unwrap();
            table.append(rows([0])).await.unwrap();
            table.create_branch("audit").await.unwrap();
            let other = warehouse.open("t").await.unwrap();
            store.next_put("v4.metadata.json", Fault::ResponseLost);
            let inner = store.inner.clone();
            let meanwhile = move || {
                for id in [1, 2] {
                    let mut append = Box::pin(other.append(rows([id])));
                    while (&mut append).now_or_never().is_none() {}
                }
                for version in 1..=5 {
                    inner.delete(&format!("t/metadata/v{version}.metadata.json")).now_or_never().unwrap().unwrap();
                }
                runtime.set(runtime.now().plus(Duration::from_secs(7200)));
            };
            if is_created_again {
                store.stall_put("v4.metadata.json", || {});
                store.stall_put("v4.metadata.json", meanwhile);
            } else {
                // The repeated request has met what it had made, and that is gone when it is read.
                store.stall_get("v4.metadata.json", meanwhile);
            }
            let receipt = table.append(rows([9])).to_branch("audit").await.unwrap();
            assert_eq!((receipt.version, receipt.conflicts), (4, 0), "{is_created_again}");
            let fresh = warehouse.open("t").await.unwrap();
            assert_eq!((on(&fresh, MAIN).await, on(&fresh, "audit").await), (vec![0, 1, 2], vec![0, 9]));
        });
    }
}
