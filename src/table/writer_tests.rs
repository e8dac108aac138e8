use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, Int64Array, RecordBatch};
use futures::StreamExt;
use futures::executor::block_on;
use futures::future::poll_immediate;
use serde_json::json;

use crate::spec::{NestedField, PrimitiveType, Schema, SchemaUpdate};
use crate::store::faulty::{Fault, FaultyStore};
use crate::store::{MemoryStore, ObjectStore};
use crate::{ErrorKind, Table, Warehouse};

const MB: usize = 1 << 20;

fn ids(ids: impl IntoIterator<Item = i64>) -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(ids));
    RecordBatch::try_from_iter([("id", ids)]).unwrap()
}

async fn table(store: impl ObjectStore + 'static) -> Table {
    let schema = Schema::new([
        NestedField::required("id", PrimitiveType::Long),
        NestedField::optional("noise", PrimitiveType::Binary),
    ]);
    Warehouse::new(store).create("t").schema(schema.unwrap()).await.unwrap()
}

/// 64 rows of a megabyte that cannot be compressed.
fn noise(seed: i64) -> RecordBatch {
    let mut random = u64::try_from(seed).unwrap();
    let mut next = || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        random >> 8
    };
    let rows: Vec<Vec<u8>> =
        (0..64).map(|_| (0..MB / 64 / 7).flat_map(|_| next().to_le_bytes()[..7].to_vec()).collect()).collect();
    let noise: ArrayRef = Arc::new(BinaryArray::from_iter_values(rows));
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(seed * 64..seed * 64 + 64));
    RecordBatch::try_from_iter([("id", ids), ("noise", noise)]).unwrap()
}

async fn files(table: &Table) -> Vec<u64> {
    let mut rows: Vec<u64> = Vec::new();
    let plan = table.scan().plan().await.unwrap();
    rows.extend(plan.tasks.iter().map(|task| task.data_file.metrics.record_count));
    rows.sort_unstable();
    rows
}

async fn stored(store: &impl ObjectStore) -> usize {
    store.list("t/data/", None).count().await
}

#[test]
fn rows_that_come_one_by_one_are_one_snapshot_in_files_of_so_many_rows() {
    block_on(async {
        let table = table(MemoryStore::new()).await;
        let mut writer = table.writer().batch_rows(300).max_rows_per_file(400);
        for id in 0..1000 {
            writer.write_records([&json!({"id": id})]).await.unwrap();
        }
        writer.write(ids(1000..1100)).await.unwrap();
        writer.write(ids([])).await.unwrap();
        assert_eq!(table.version(), 1, "nothing is there before it is committed");
        let receipt = writer.finish().await.unwrap().unwrap();
        assert_eq!((receipt.version, receipt.rows), (2, 1100));
        assert_eq!(files(&table).await, [300, 400, 400]);
        let all: u64 = table.scan().filter("id < 1100").count().await.unwrap();
        assert_eq!((all, table.scan().filter("id = 999").count().await.unwrap()), (1100, 1));
    });
}

#[test]
fn a_writer_that_is_dropped_leaves_nothing_and_one_that_has_nothing_commits_nothing() {
    block_on(async {
        let table = table(MemoryStore::new()).await;
        let mut writer = table.writer().batch_rows(10);
        for id in 0..100 {
            writer.write(ids([id])).await.unwrap();
        }
        drop(writer);
        assert_eq!((table.refresh().await.unwrap(), table.snapshots().len()), (1, 0));
        let mut writer = table.writer();
        writer.write(ids([])).await.unwrap();
        assert_eq!((writer.commit().await.unwrap(), writer.finish().await.unwrap()), (None, None));
        assert_eq!(table.refresh().await.unwrap(), 1);
    });
}

#[test]
fn what_was_taken_is_committed_whenever_that_is_asked_for() {
    block_on(async {
        let table = table(MemoryStore::new()).await;
        let mut writer = table.writer();
        writer.write(ids(0..3)).await.unwrap();
        assert_eq!(writer.commit().await.unwrap().unwrap().rows, 3);
        table.update_schema(SchemaUpdate::new().add("level", PrimitiveType::String)).await.unwrap();
        writer.write(ids(3..4)).await.unwrap();
        // One that is not awaited to its end goes on with what comes next.
        assert!(poll_immediate(writer.commit()).await.is_none());
        writer.write_records([&json!({"id": 4, "level": "warn"})]).await.unwrap();
        assert_eq!(writer.commit().await.unwrap().unwrap().rows, 1);
        assert!(writer.finish().await.unwrap().is_none());
        let rows: Vec<_> = table.snapshots().iter().map(|snapshot| snapshot.summary.count("added-records")).collect();
        assert_eq!(rows, [Some(3), Some(1), Some(1)]);
        assert_eq!(table.scan().filter("level = 'warn'").count().await.unwrap(), 1);
    });
}

#[test]
fn rows_that_do_not_fit_are_refused_and_the_others_are_there() {
    block_on(async {
        let table = table(MemoryStore::new()).await;
        let mut writer = table.writer().batch_rows(2);
        writer.write(ids([1])).await.unwrap();
        let refused = writer.write_records([&json!({"id": 2}), &json!({"id": 1.5})]).await.unwrap_err();
        assert_eq!((refused.kind(), refused.message().contains("1.5")), (ErrorKind::InvalidInput, true), "{refused}");
        let wrong = RecordBatch::try_from_iter([("other", Arc::new(Int64Array::from(vec![1])) as ArrayRef)]).unwrap();
        assert_eq!(writer.write(wrong).await.unwrap_err().kind(), ErrorKind::InvalidInput);
        writer.write_records([&json!({"id": 3})]).await.unwrap();
        assert_eq!(writer.finish().await.unwrap().unwrap().rows, 2);
        assert_eq!(table.scan().filter("id in (1, 3)").count().await.unwrap(), 2);
    });
}

/// Taken at once: who gives up waiting, and goes on, doubles nothing.
#[test]
fn a_write_that_is_not_awaited_to_its_end_has_taken_its_rows() {
    block_on(async {
        let table = table(MemoryStore::new()).await;
        let mut writer = table.writer().batch_rows(1);
        for id in 0..50 {
            let _ = poll_immediate(writer.write(ids([id]))).await;
        }
        assert_eq!(writer.finish().await.unwrap().unwrap().rows, 50);
        assert_eq!(table.scan().filter("id < 50").count().await.unwrap(), 50);
    });
}

#[test]
fn rows_are_uploaded_as_they_come_in_parts_and_in_small_files() {
    block_on(async {
        let store = FaultyStore::default();
        let large = table(store.clone()).await;
        let mut writer = large.writer().property("write.parquet.row-group-size-bytes", (4 * MB).to_string());
        for seed in 0..40 {
            writer.write(noise(seed)).await.unwrap();
        }
        assert!(store.take_parts().sizes.len() >= 3, "of a large file parts are sent before it is ended");
        assert_eq!(writer.finish().await.unwrap().unwrap().rows, 40 * 64);
        assert_eq!(files(&large).await.len(), 1);

        let store = FaultyStore::default();
        let small = table(store.clone()).await;
        let mut writer = small.writer().batch_bytes(1).target_file_size(MB as u64 / 2);
        for seed in 0..80 {
            writer.write(noise(seed)).await.unwrap();
        }
        assert!(stored(&store).await > 60, "small ones do not pile up: {}", stored(&store).await);
        assert_eq!(writer.finish().await.unwrap().unwrap().rows, 80 * 64);
        assert_eq!((stored(&store).await, files(&small).await.len()), (80, 80));
    });
}

#[test]
fn an_upload_that_fails_fails_the_writer_for_good_and_leaves_nothing() {
    block_on(async {
        let store = FaultyStore::default();
        let table = table(store.clone()).await;
        store.refuse_part(1);
        let mut writer = table.writer().property("write.parquet.row-group-size-bytes", MB.to_string());
        let mut failed = None;
        for seed in 0..40 {
            failed = writer.write(noise(seed)).await.err();
            if failed.is_some() {
                break;
            }
        }
        assert_eq!(failed.unwrap().kind(), ErrorKind::PermissionDenied);
        assert_eq!(store.take_parts().aborted, 1);
        assert_eq!(writer.write(ids([1])).await.unwrap_err().kind(), ErrorKind::PermissionDenied);
        assert_eq!(writer.finish().await.unwrap_err().kind(), ErrorKind::PermissionDenied);
        assert_eq!(table.refresh().await.unwrap(), 1);
    });
}

#[test]
fn a_writer_writes_to_a_branch_once_for_a_key_and_as_its_properties_say() {
    block_on(async {
        let store = FaultyStore::default();
        let table = table(store.clone()).await;
        table.append([ids([0])]).await.unwrap();
        table.create_branch("audit").await.unwrap();
        for repeated in [false, true] {
            let writer = table.writer().to_branch("audit").idempotency_key("load 7");
            let mut writer = writer.property("write.parquet.compression-codec", "gzip");
            writer.write(ids(1..4)).await.unwrap();
            assert_eq!(writer.commit().await.unwrap_err().kind(), ErrorKind::InvalidInput);
            // The answer is lost, and the writer begun again.
            store.next_put("v4.metadata.json", Fault::ResponseLost);
            assert_eq!(writer.finish().await.unwrap().unwrap().repeated, repeated);
        }
        assert_eq!((table.scan().at_ref("audit").count().await.unwrap(), table.scan().count().await.unwrap()), (4, 1));
        let plan = table.scan().at_ref("audit").filter("id = 1").plan().await.unwrap();
        let footer = table.inspect().parquet_footer(&plan.tasks[0].data_file.file_path).await.unwrap().to_string();
        assert!(footer.to_lowercase().contains("gzip"), "{footer}");
        let mut nowhere = table.writer().to_branch("nothing").batch_rows(1);
        let _ = nowhere.write(ids([1])).await;
        assert_eq!(nowhere.finish().await.unwrap_err().kind(), ErrorKind::NotFound);
    });
}

/// At creation every property of `datashard.` was refused as one of the library's own notes, this one too, which is the caller's.
#[test]
fn a_table_may_say_from_its_creation_how_many_rows_a_file_has() {
    block_on(async {
        let create = |name: &'static str| {
            let schema = Schema::new([NestedField::required("id", PrimitiveType::Long)]).unwrap();
            Warehouse::new(MemoryStore::new()).create("t").schema(schema).property(name, "400")
        };
        let table = create("datashard.write.max-rows-per-file").await.unwrap();
        table.append([ids(0..1000)]).await.unwrap();
        assert_eq!(files(&table).await, [200, 400, 400]);
        let error = create("datashard.commit-id").await.unwrap_err();
        assert!(error.to_string().contains("`datashard.commit-id` is set by the library"), "{error}");
    });
}
