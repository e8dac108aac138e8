//! Commits while the store goes wrong.

use std::sync::Arc;
use std::time::Duration;

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use futures::FutureExt;
use futures::executor::block_on;
use futures::future::{join, poll_immediate};

use crate::runtime::{Runtime, Timestamp};
use crate::spec::{NestedField, PrimitiveType, Schema};
use crate::store::faulty::{Fault, FaultyStore, TestRuntime};
use crate::store::{GetOptions, MemoryStore, ObjectStore, PutOptions, PutOutcome};
use crate::{ErrorKind, Resolution, Table, Warehouse};

fn schema() -> Schema {
    Schema::new([NestedField::required("id", PrimitiveType::Long)]).unwrap()
}

fn rows(count: i64) -> [RecordBatch; 1] {
    let array: ArrayRef = Arc::new(Int64Array::from_iter_values(0..count));
    [RecordBatch::try_from_iter([("id", array)]).unwrap()]
}

fn total(table: &Table) -> u64 {
    table.metadata().current_snapshot().map_or(0, |snapshot| snapshot.summary.totals().unwrap().records)
}

async fn table_on(store: &FaultyStore) -> (Warehouse, Table, Arc<TestRuntime>) {
    let runtime = TestRuntime::new(7);
    let warehouse = Warehouse::with_runtime(store.clone(), runtime.clone());
    let table = warehouse.create("t").schema(schema()).await.unwrap();
    (warehouse, table, runtime)
}

/// Every file that the current snapshot needs is there.
async fn assert_readable(warehouse: &Warehouse, rows: u64) {
    let table = warehouse.open("t").await.unwrap();
    let batches = table.scan().collect().await.unwrap();
    assert_eq!(batches.iter().map(|batch| batch.num_rows() as u64).sum::<u64>(), rows);
    assert_eq!(total(&table), rows);
}

/// The Python datashard 0.11.2 retried the PUT of its metadata blindly: when the first was carried out and its answer
/// lost, the retry met the writer's own file, was taken for a conflict, and the files of the commit were deleted. The
/// table could not be read or written any more.
#[test]
fn append_survives_a_lost_response_on_the_metadata_put() {
    block_on(async {
        let store = FaultyStore::default();
        let (warehouse, table, _) = table_on(&store).await;
        for _ in 0..3 {
            store.next_put("v2.metadata.json", Fault::ResponseLost);
        }
        let receipt = table.append(rows(3)).await.unwrap();
        assert_eq!((receipt.version, receipt.conflicts), (2, 0));
        assert_readable(&warehouse, 3).await;
        table.append(rows(2)).await.unwrap();
        assert_readable(&warehouse, 5).await;
    });
}

#[test]
fn append_survives_lost_requests_and_responses_on_every_file_that_it_writes() {
    block_on(async {
        for part in ["/data/", "-m0.avro", "/snap-", "v2.metadata.json", "version-hint"] {
            for fault in [Fault::RequestLost, Fault::ResponseLost] {
                let store = FaultyStore::default();
                let (warehouse, table, _) = table_on(&store).await;
                store.next_put(part, fault);
                store.next_put(part, fault);
                table.append(rows(3)).await.unwrap();
                assert_readable(&warehouse, 3).await;
            }
        }
    });
}

#[test]
fn a_commit_that_was_never_stored_is_reported_unknown_and_resolves_to_not_committed_for_good() {
    block_on(async {
        let store = FaultyStore::default();
        let (warehouse, table, _) = table_on(&store).await;
        for _ in 0..1000 {
            store.next_put("v2.metadata.json", Fault::RequestLost);
        }
        let error = table.append(rows(3)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CommitStateUnknown);
        let token = error.unknown_commit().unwrap().to_owned();
        let store = store.inner;
        let again = Warehouse::new(store.clone()).open("t").await.unwrap();
        assert_eq!(again.resolve(&token).await.unwrap(), Resolution::NotCommitted);
        // A delayed request that lands only now finds its version taken.
        let late = store.put("t/metadata/v2.metadata.json", "late".into(), PutOptions::if_absent()).await.unwrap();
        assert!(matches!(late, PutOutcome::PreconditionFailed));
        assert_eq!(again.resolve(&token).await.unwrap(), Resolution::NotCommitted);
        again.append(rows(2)).await.unwrap();
        assert_eq!(total(&warehouse.open("t").await.unwrap()), 2);
    });
}

#[test]
fn a_commit_that_was_stored_while_the_store_went_down_resolves_to_committed_and_lost_no_file() {
    block_on(async {
        let store = FaultyStore::default();
        let (warehouse, table, _) = table_on(&store).await;
        for _ in 0..1000 {
            store.next_put("v2.metadata.json", Fault::ResponseLost);
        }
        store.unreadable(Some("metadata.json"));
        let error = table.append(rows(3)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CommitStateUnknown);
        store.unreadable(None);
        let token = error.unknown_commit().unwrap();
        assert_eq!(table.resolve(token).await.unwrap(), Resolution::Committed { version: 2 });
        assert_readable(&warehouse, 3).await;
        assert_eq!(table.resolve("nonsense").await.unwrap_err().kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn an_append_dropped_in_the_middle_of_its_commit_is_in_the_table_once_or_not_at_all() {
    block_on(async {
        for part in ["/data/", "-m0.avro", "/snap-", "v2.metadata.json"] {
            for fault in [Fault::HangsStored, Fault::HangsLost] {
                let store = FaultyStore::default();
                let (warehouse, table, _) = table_on(&store).await;
                store.next_put(part, fault);
                let mut dropped = Box::pin(table.append(rows(3)));
                for _ in 0..10 {
                    assert!(poll_immediate(&mut dropped).await.is_none());
                }
                drop(dropped);
                let receipt = table.append(rows(4)).await.unwrap();
                assert_eq!(receipt.rows, 4);
                let sum = total(&warehouse.open("t").await.unwrap());
                assert!(sum == 4 || sum == 7, "{sum} rows after {fault:?} on {part}");
                assert_readable(&warehouse, sum).await;
            }
        }
    });
}

#[test]
fn an_append_whose_leader_is_dropped_is_committed_by_another_that_shared_the_group() {
    block_on(async {
        let store = FaultyStore::default();
        let (warehouse, table, _) = table_on(&store).await;
        store.next_put("v2.metadata.json", Fault::HangsStored);
        let mut leader = Box::pin(table.append(rows(3)));
        let mut follower = Box::pin(table.append(rows(4)));
        for _ in 0..10 {
            let polled = join(poll_immediate(&mut leader), poll_immediate(&mut follower)).await;
            assert!(polled.0.is_none() && polled.1.is_none());
        }
        drop(leader);
        let receipt = follower.await.unwrap();
        assert_eq!((receipt.rows, receipt.group, receipt.version), (4, 2, 2));
        assert_readable(&warehouse, 7).await;
    });
}

#[test]
fn a_commit_taken_over_is_never_reported_failed_while_its_first_request_may_have_succeeded() {
    block_on(async {
        let store = FaultyStore::default();
        let (warehouse, table, _) = table_on(&store).await;
        store.next_put("v2.metadata.json", Fault::HangsStored);
        let mut leader = Box::pin(table.append(rows(3)));
        let mut follower = Box::pin(table.append(rows(4)));
        for _ in 0..10 {
            let _ = join(poll_immediate(&mut leader), poll_immediate(&mut follower)).await;
        }
        for _ in 0..1000 {
            store.next_put("v2.metadata.json", Fault::Refused);
        }
        drop(leader);
        let error = follower.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CommitStateUnknown, "{error}");
        let resolution = table.resolve(error.unknown_commit().unwrap()).await.unwrap();
        assert_eq!(resolution, Resolution::Committed { version: 2 });
        assert_readable(&warehouse, 7).await;
    });
}

/// A version number stays used (R3): a writer that slept while its base and the version after it were cleaned away must
/// not create that version again and believe that it won.
#[test]
fn a_writer_that_slept_through_a_clean_up_rebases_instead_of_reusing_a_version() {
    block_on(async {
        let store = FaultyStore::default();
        let runtime = TestRuntime::new(7);
        let warehouse = Warehouse::with_runtime(store.clone(), runtime.clone());
        let patient = warehouse.create("t").schema(schema()).property("commit.retry.total-timeout-ms", "36000000");
        let sleeper = patient.await.unwrap();
        let other = warehouse.open("t").await.unwrap();
        for _ in 0..4 {
            other.append(rows(1)).await.unwrap();
        }
        // The sleeper's request for v2, which others have used, arrives two hours later, when v1 and v2 are gone.
        let inner = store.inner.clone();
        store.stall_put("v2.metadata.json", move || {
            for version in [1, 2] {
                inner.delete(&format!("t/metadata/v{version}.metadata.json")).now_or_never().unwrap().unwrap();
            }
            runtime.set(runtime.now().plus(Duration::from_secs(7200)));
        });
        let receipt = sleeper.append(rows(10)).await.unwrap();
        assert_eq!((receipt.version, receipt.conflicts), (6, 1));
        assert!(store.get("t/metadata/v2.metadata.json", GetOptions::default()).await.is_err());
        assert_readable(&warehouse, 14).await;
    });
}

/// Found by simulation: the answer to a commit was lost, and its writer slept. Two hours later its base had been cleaned
/// away, as it may be, and the writer took its own commit, the newest version, for void and deleted it.
#[test]
fn a_writer_that_slept_after_its_own_commit_keeps_it() {
    block_on(async {
        let store = FaultyStore::default();
        let (warehouse, table, runtime) = table_on(&store).await;
        table.append(rows(1)).await.unwrap();
        store.next_put("v3.metadata.json", Fault::ResponseLost);
        let inner = store.inner.clone();
        store.stall_put("v3.metadata.json", || {});
        store.stall_put("v3.metadata.json", move || {
            for version in [1, 2] {
                inner.delete(&format!("t/metadata/v{version}.metadata.json")).now_or_never().unwrap().unwrap();
            }
            runtime.set(runtime.now().plus(Duration::from_secs(7200)));
        });
        let receipt = table.append(rows(2)).await.unwrap();
        assert_eq!((receipt.version, receipt.conflicts), (3, 0));
        assert_readable(&warehouse, 3).await;
    });
}

/// Found by simulation: a commit was carried out, its answer lost; others built on it, and it was cleaned away. Two hours
/// later its writer asked again, created it again, took it for void, and committed the same rows once more.
#[test]
fn a_commit_that_its_repeated_request_created_again_is_not_made_twice() {
    block_on(async {
        let store = FaultyStore::default();
        let (warehouse, table, runtime) = table_on(&store).await;
        let other = warehouse.open("t").await.unwrap();
        store.next_put("v2.metadata.json", Fault::ResponseLost);
        let inner = store.inner.clone();
        store.stall_put("v2.metadata.json", || {});
        store.stall_put("v2.metadata.json", move || {
            for _ in 0..2 {
                let mut append = Box::pin(other.append(rows(1)));
                while (&mut append).now_or_never().is_none() {}
            }
            for version in [1, 2, 3] {
                inner.delete(&format!("t/metadata/v{version}.metadata.json")).now_or_never().unwrap().unwrap();
            }
            runtime.set(runtime.now().plus(Duration::from_secs(7200)));
        });
        let receipt = table.append(rows(3)).await.unwrap();
        assert_eq!((receipt.version, receipt.conflicts), (2, 0));
        assert_readable(&warehouse, 5).await;
        // What it has made again is not what the next commit is built on.
        assert_eq!(table.append(rows(4)).await.unwrap().version, 5);
        assert_readable(&warehouse, 9).await;
    });
}

/// Found by simulation: a writer asked for the proof that the store honours conditions (R4) by creating its base again,
/// when that had been cleaned away while it slept. The request succeeded, and the base that it left behind made the void
/// version that came of it look like part of the table.
#[test]
fn a_proof_asked_for_on_a_base_that_is_gone_leaves_nothing_behind() {
    block_on(async {
        let store = FaultyStore::default();
        let runtime = TestRuntime::new(7);
        let warehouse = Warehouse::with_runtime(store.clone(), runtime.clone());
        warehouse.create("t").schema(schema()).property("commit.retry.total-timeout-ms", "36000000").await.unwrap();
        // Opened by another process, to which nothing has been proved.
        let sleeper = Warehouse::with_runtime(store.clone(), runtime.clone()).open("t").await.unwrap();
        let other = warehouse.open("t").await.unwrap();
        let inner = store.inner.clone();
        store.stall_put("v1.metadata.json", move || {
            for _ in 0..3 {
                let mut append = Box::pin(other.append(rows(1)));
                while (&mut append).now_or_never().is_none() {}
            }
            for version in [1, 2] {
                inner.delete(&format!("t/metadata/v{version}.metadata.json")).now_or_never().unwrap().unwrap();
            }
            runtime.set(runtime.now().plus(Duration::from_secs(7200)));
        });
        let receipt = sleeper.append(rows(10)).await.unwrap();
        assert_eq!((receipt.version, receipt.conflicts), (5, 1));
        for gone in ["t/metadata/v1.metadata.json", "t/metadata/v2.metadata.json"] {
            assert!(store.get(gone, GetOptions::default()).await.is_err(), "{gone}");
        }
        assert_readable(&warehouse, 13).await;
    });
}

/// Of two writers that slept through a clean-up, one creates the version that the other takes for its base: that the base
/// is there does not make the other's version part of the table.
#[test]
fn a_base_that_another_sleeper_created_again_does_not_make_a_version_valid() {
    block_on(async {
        let runtime = TestRuntime::new(7);
        let store = FaultyStore::on(runtime.clone());
        let warehouse = Warehouse::with_runtime(store.clone(), runtime.clone());
        let patient = warehouse.create("t").schema(schema()).property("commit.retry.total-timeout-ms", "36000000");
        let sleeper = patient.await.unwrap();
        let other = warehouse.open("t").await.unwrap();
        let (inner, clock) = (store.inner.clone(), runtime.clone());
        store.stall_put("v2.metadata.json", move || {
            for _ in 0..3 {
                let mut append = Box::pin(other.append(rows(1)));
                while (&mut append).now_or_never().is_none() {}
            }
            let first = inner.get("t/metadata/v1.metadata.json", GetOptions::default());
            let first = first.now_or_never().unwrap().unwrap().bytes;
            for version in [1, 2] {
                inner.delete(&format!("t/metadata/v{version}.metadata.json")).now_or_never().unwrap().unwrap();
            }
            clock.set(clock.now().plus(Duration::from_secs(7200)));
            let again = inner.put("t/metadata/v1.metadata.json", first, PutOptions::if_absent());
            assert!(matches!(again.now_or_never().unwrap().unwrap(), PutOutcome::Done(_)));
        });
        let receipt = sleeper.append(rows(10)).await.unwrap();
        assert_eq!((receipt.version, receipt.conflicts), (5, 1));
        assert_readable(&warehouse, 13).await;
    });
}

/// Found by simulation: two writers drew one random number alike, and one took the other's commit for its own, so that
/// its rows were lost.
#[test]
fn writers_that_draw_one_random_number_alike_lose_and_double_nothing() {
    const DRAWS: usize = 10;
    let others = TestRuntime::new(1);
    let drawn: Vec<u128> = (0..DRAWS).map(|_| others.random()).collect();
    for (draw, number) in (0..DRAWS * DRAWS).map(|pair| (pair / DRAWS, drawn[pair % DRAWS])) {
        block_on(async {
            let store = FaultyStore::default();
            table_on(&store).await;
            let first = Warehouse::with_runtime(store.clone(), TestRuntime::new(1)).open("t").await.unwrap();
            let second = Warehouse::with_runtime(store.clone(), TestRuntime::repeating(2, draw, number));
            let second_table = second.open("t").await.unwrap();
            first.append(rows(1)).await.unwrap();
            // Where the numbers are names of files, the second is refused: nothing is written over.
            let committed = match second_table.append(rows(2)).await {
                Ok(_) => 3,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
                    1
                }
            };
            assert_readable(&second, committed).await;
        });
    }
}

/// Found by simulation: whether the store honours conditions could not be asked at creation, so the first version was
/// deleted again, when another writer had already committed the second.
#[test]
fn a_table_whose_store_could_not_be_proved_stays_and_its_first_commit_proves_it() {
    block_on(async {
        let store = FaultyStore::default();
        let faults = store.clone();
        store.stall_put("v1.metadata.json", move || {
            for _ in 0..2 {
                faults.next_put("v1.metadata.json", Fault::Refused);
            }
        });
        // The create itself has been looked up already when the stall begins, so it is done; the proof is refused.
        let warehouse = Warehouse::with_runtime(store.clone(), TestRuntime::new(7));
        let table = warehouse.create("t").schema(schema()).await.unwrap();
        assert_eq!(table.append(rows(1)).await.unwrap_err().kind(), ErrorKind::PermissionDenied);
        table.append(rows(2)).await.unwrap();
        assert_readable(&warehouse, 2).await;
    });
}

/// Found by simulation: the second append on a handle whose table had been dropped was committed on top of the tombstone.
#[test]
fn no_append_revives_a_dropped_table() {
    block_on(async {
        let store = FaultyStore::default();
        let (warehouse, table, _) = table_on(&store).await;
        table.append(rows(1)).await.unwrap();
        warehouse.drop_table("t").await.unwrap();
        for _ in 0..3 {
            assert_eq!(table.append(rows(1)).await.unwrap_err().kind(), ErrorKind::NotFound);
        }
        assert_eq!(warehouse.open("t").await.unwrap_err().kind(), ErrorKind::NotFound);
        assert!(store.get("t/metadata/v4.metadata.json", GetOptions::default()).await.is_err());
    });
}

/// Found by simulation: a commit's request was carried out twice and the second refused; the version could not be read,
/// and then the credentials expired. It was reported as failed, and was there.
#[test]
fn a_commit_that_may_have_been_refused_by_itself_is_not_reported_failed() {
    block_on(async {
        let store = FaultyStore::default();
        let (_, table, _) = table_on(&store).await;
        let inner = store.clone();
        store.stall_put("v2.metadata.json", move || inner.unreadable(Some("v2.metadata.json")));
        let other = Warehouse::new(store.inner.clone()).open("t").await.unwrap();
        other.append(rows(1)).await.unwrap();
        let faults = store.clone();
        store.stall_put("v2.metadata.json", move || {
            for _ in 0..1000 {
                faults.next_put("v2.metadata.json", Fault::Refused);
            }
        });
        assert_eq!(table.append(rows(3)).await.unwrap_err().kind(), ErrorKind::CommitStateUnknown);
    });
}

#[test]
fn a_store_that_ignores_conditions_is_refused_at_creation_and_nothing_is_left() {
    block_on(async {
        let store = FaultyStore::ignoring_conditions();
        let error = Warehouse::new(store.clone()).create("t").schema(schema()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("If-None-Match"), "{error}");
        assert_eq!(Warehouse::new(store).open("t").await.unwrap_err().kind(), ErrorKind::NotFound);
    });
}

/// The second create, which must fail, got no answer once: that proved nothing, and yet the table was taken as proved.
#[test]
fn a_lost_answer_does_not_pass_for_the_proof_that_conditions_are_honoured() {
    block_on(async {
        let store = FaultyStore::ignoring_conditions();
        let faults = store.clone();
        store.stall_put("v1.metadata.json", move || faults.next_put("v1.metadata.json", Fault::RequestLost));
        let error = Warehouse::new(store.clone()).create("t").schema(schema()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert_eq!(Warehouse::new(store).open("t").await.unwrap_err().kind(), ErrorKind::NotFound);
    });
}

#[test]
fn a_table_made_elsewhere_is_not_written_to_on_a_store_that_ignores_conditions() {
    block_on(async {
        let good = MemoryStore::new();
        Warehouse::new(good.clone()).create("t").schema(schema()).await.unwrap();
        let v1 = good.get("t/metadata/v1.metadata.json", GetOptions::default()).await.unwrap().bytes;
        let text = String::from_utf8(v1.to_vec()).unwrap().replace("datashard.created-by", "someone.else");
        let bad = FaultyStore::ignoring_conditions();
        let _ = bad.put("t/metadata/v1.metadata.json", text.clone().into(), PutOptions::default()).await.unwrap();
        let table = Warehouse::new(bad.clone()).open("t").await.unwrap();
        assert_eq!(table.append(rows(1)).await.unwrap_err().kind(), ErrorKind::Unsupported);
        let after = bad.get("t/metadata/v1.metadata.json", GetOptions::default()).await.unwrap().bytes;
        assert_eq!(after, text);
        assert!(bad.get("t/metadata/v2.metadata.json", GetOptions::default()).await.is_err());
    });
}

#[test]
fn snapshots_never_go_back_in_time_whatever_the_clock_does() {
    block_on(async {
        let store = FaultyStore::default();
        let (warehouse, table, runtime) = table_on(&store).await;
        table.append(rows(1)).await.unwrap();
        runtime.set(Timestamp::from_millis(1_000));
        table.append(rows(1)).await.unwrap();
        runtime.set(Timestamp::from_civil(2026, 12, 1, 0, 0, 0));
        warehouse.open("t").await.unwrap().append(rows(1)).await.unwrap();
        table.refresh().await.unwrap();
        let times: Vec<_> = table.snapshots().iter().map(|snapshot| snapshot.timestamp).collect();
        assert!(times.is_sorted() && times.len() == 3, "{times:?}");
    });
}

#[test]
fn fields_that_this_version_does_not_know_survive_a_commit() {
    block_on(async {
        let store = FaultyStore::default();
        let (warehouse, _, _) = table_on(&store).await;
        let key = "t/metadata/v1.metadata.json";
        let v1 = store.get(key, GetOptions::default()).await.unwrap().bytes;
        let mut json: serde_json::Value = serde_json::from_slice(&v1).unwrap();
        json["from-the-future"] = serde_json::json!({"a": [1, 2]});
        json["schemas"][0]["fields"][0]["later"] = "kept".into();
        let _ = store.put(key, json.to_string().into(), PutOptions::default()).await.unwrap();
        warehouse.open("t").await.unwrap().append(rows(1)).await.unwrap();
        let v2 = store.get("t/metadata/v2.metadata.json", GetOptions::default()).await.unwrap().bytes;
        let after: serde_json::Value = serde_json::from_slice(&v2).unwrap();
        assert_eq!(after["from-the-future"], json["from-the-future"]);
        assert_eq!(after["schemas"], json["schemas"]);
    });
}

/// The hint is one key for all writers, and R2 takes one write of a key a second: an append is not to fail, or to be
/// reported failed, for want of it.
#[test]
fn an_append_succeeds_though_the_hint_is_refused() {
    block_on(async {
        let store = FaultyStore::default();
        let (warehouse, table, _) = table_on(&store).await;
        for version in 2..5 {
            (0..20).for_each(|_| store.next_put("version-hint", Fault::Refused));
            assert_eq!(table.append(rows(3)).await.unwrap().version, version);
        }
        assert_readable(&warehouse, 9).await;
    });
}
