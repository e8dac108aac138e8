use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use futures::executor::block_on;
use futures::{StreamExt, TryStreamExt};

use crate::expr::col;
use crate::runtime::Timestamp;
use crate::spec::{NestedField, PrimitiveType, Schema};
use crate::store::{CountingStore, GetOptions, MemoryStore, ObjectStore, PutOptions};
use crate::{ErrorKind, Table, Warehouse};

mod early_rows;
mod partition_column;
mod partitioned;

fn schema() -> Schema {
    Schema::new([
        NestedField::required("id", PrimitiveType::Long),
        NestedField::optional("x", PrimitiveType::Double),
        NestedField::optional("name", PrimitiveType::String),
    ])
    .unwrap()
}

fn batch(ids: std::ops::Range<i64>) -> RecordBatch {
    let id: ArrayRef = Arc::new(Int64Array::from_iter_values(ids.clone()));
    let x: ArrayRef = Arc::new(Float64Array::from_iter(ids.clone().map(|i| (i % 3 != 0).then_some(i as f64))));
    let name: ArrayRef = Arc::new(StringArray::from_iter_values(ids.map(|i| format!("n{i}"))));
    RecordBatch::try_from_iter([("id", id), ("x", x), ("name", name)]).unwrap()
}

fn ids(batches: &[RecordBatch]) -> Vec<i64> {
    let mut ids: Vec<i64> = batches
        .iter()
        .flat_map(|b| b.column_by_name("id").unwrap().as_primitive::<Int64Type>().values().to_vec())
        .collect();
    ids.sort_unstable();
    ids
}

/// Ten files of a hundred rows, in order of id.
async fn table(store: CountingStore) -> Table {
    let table = Warehouse::new(store).create("t").schema(schema()).await.unwrap();
    for i in 0..10 {
        table.append([batch(i * 100..(i + 1) * 100)]).await.unwrap();
    }
    table
}

fn counting() -> CountingStore {
    CountingStore::new(Arc::new(MemoryStore::new()))
}

#[test]
fn a_scan_returns_every_row_once_and_only_the_selected_columns_in_their_order() {
    block_on(async {
        let table = table(counting()).await;
        let batches = table.scan().select(["name", "id"]).collect().await.unwrap();
        assert_eq!(ids(&batches), (0..1000).collect::<Vec<_>>());
        let columns: Vec<_> = batches[0].schema().fields().iter().map(|field| field.name().clone()).collect();
        assert_eq!(columns, ["name", "id"]);
    });
}

#[test]
fn a_filter_reads_only_the_files_that_can_match_and_returns_exactly_the_rows_that_do() {
    block_on(async {
        let store = counting();
        let table = table(store.clone()).await;
        table.scan().collect().await.unwrap();
        store.take();
        let mut stream = table.scan().filter(col("id").between(250_i64, 349_i64)).stream().await.unwrap();
        let mut batches = Vec::new();
        while let Some(batch) = stream.next().await {
            batches.push(batch.unwrap());
        }
        assert_eq!(ids(&batches), (250..350).collect::<Vec<_>>());
        let report = stream.report();
        assert_eq!((report.files, report.files_skipped, report.rows), (10, 8, 100));
        // Manifests are cached, and a small file is one request.
        assert_eq!((report.requests, store.take().requests()), (2, 2));
    });
}

#[test]
fn null_satisfies_no_comparison_and_only_is_null() {
    block_on(async {
        let table = table(counting()).await;
        assert_eq!(table.scan().filter(col("x").is_null()).count().await.unwrap(), 334);
        assert_eq!(table.scan().filter(col("x").ne(1.0)).count().await.unwrap(), 665);
        assert_eq!(table.scan().filter(col("x").eq(1.0).not()).count().await.unwrap(), 665);
    });
}

#[test]
fn a_limit_stops_reading_when_it_is_reached() {
    block_on(async {
        let store = counting();
        let table = table(store.clone()).await;
        assert_eq!(table.scan().count().await.unwrap(), 1000);
        store.take();
        let batches = table.scan().limit(150).collect().await.unwrap();
        assert_eq!(ids(&batches).len(), 150);
        assert_eq!(store.take().requests(), 2);
        assert_eq!(table.scan().limit(0).collect().await.unwrap().len(), 0);
    });
}

#[test]
fn counting_without_a_filter_reads_no_data_file() {
    block_on(async {
        let store = counting();
        let table = table(store.clone()).await;
        assert_eq!(table.scan().count().await.unwrap(), 1000);
        store.take();
        assert_eq!(table.scan().count().await.unwrap(), 1000);
        assert_eq!(store.take().requests(), 0);
    });
}

#[test]
fn time_travel_by_snapshot_timestamp_and_ref_shows_the_table_of_that_time() {
    block_on(async {
        let table = table(counting()).await;
        for (i, snapshot) in table.snapshots().iter().enumerate() {
            let rows = (i as u64 + 1) * 100;
            assert_eq!(table.scan().at_snapshot(snapshot.snapshot_id).count().await.unwrap(), rows);
            assert_eq!(table.scan().as_of(snapshot.timestamp).count().await.unwrap(), rows);
        }
        assert_eq!(table.scan().at_ref("main").count().await.unwrap(), 1000);
        let before = table.snapshots()[0].timestamp.as_millis() - 1;
        let scan = table.scan().as_of(Timestamp::from_millis(before));
        assert_eq!(scan.count().await.unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(table.scan().at_snapshot(1).count().await.unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(table.scan().at_ref("nope").count().await.unwrap_err().kind(), ErrorKind::NotFound);
    });
}

#[test]
fn a_scan_shows_the_version_that_it_began_with_whatever_is_appended_meanwhile() {
    block_on(async {
        let table = table(counting()).await;
        let scan = table.scan();
        table.append([batch(5000..5100)]).await.unwrap();
        assert_eq!(scan.count().await.unwrap(), 1000);
        assert_eq!(table.scan().count().await.unwrap(), 1100);
    });
}

#[test]
fn a_column_that_is_not_there_is_an_error_on_an_empty_table_too() {
    block_on(async {
        let empty = Warehouse::new(MemoryStore::new()).create("t").schema(schema()).await.unwrap();
        assert_eq!(empty.scan().collect().await.unwrap().len(), 0);
        for scan in [empty.scan().select(["nam"]), empty.scan().filter(col("nam").eq(1_i64))] {
            let error = scan.collect().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.to_string().contains("nam"), "{error}");
        }
    });
}

#[test]
fn dropping_a_stream_stops_its_requests() {
    block_on(async {
        let store = counting();
        let table = table(store.clone()).await;
        table.scan().count().await.unwrap();
        // Two files at a time, of ten: those that follow are begun when the first have been taken.
        let mut stream = table.scan().concurrency(2).stream().await.unwrap();
        store.take();
        stream.next().await.unwrap().unwrap();
        drop(stream);
        let requests = store.take().requests();
        assert!((1..=3).contains(&requests), "{requests} requests for the first of ten files");
    });
}

#[test]
fn a_filter_may_be_given_as_text() {
    block_on(async {
        let table = table(counting()).await;
        let scan = table.scan().filter("id >= 10 and name in ('n11', 'n12', 'n5') and x is not null");
        assert_eq!(ids(&scan.collect().await.unwrap()), [11]);
        let error = table.scan().filter("id >= ").count().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    });
}

/// The Python datashard 0.11.2 stored 1 when 1.5 was appended to a long.
#[test]
fn json_records_are_appended_exactly_or_refused_with_row_field_and_value() {
    block_on(async {
        let table = Warehouse::new(MemoryStore::new()).create("t").schema(schema()).await.unwrap();
        let good =
            [serde_json::json!({"id": 1, "x": 1.5, "name": "a"}), serde_json::json!({"id": 9007199254740993_i64})];
        assert_eq!(table.append_records(&good).await.unwrap().rows, 2);
        let bad = [serde_json::json!({"id": 2}), serde_json::json!({"id": 1.5})];
        let error = table.append_records(&bad).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        for part in ["row 1", "`id`", "1.5"] {
            assert!(error.to_string().contains(part), "{error}");
        }
        assert_eq!(ids(&table.scan().collect().await.unwrap()), [1, 9007199254740993]);
    });
}

#[test]
fn what_users_await_can_be_spawned_on_any_thread() {
    fn sendable<T: Send>(_: &T) {}
    block_on(async {
        let table = table(counting()).await;
        sendable(&table.append([batch(0..1)]));
        sendable(&table.scan().collect());
        sendable(&table.scan().count());
        sendable(&table.scan().stream());
        sendable(&table.append_records(&[]));
        sendable(&table.refresh());
        sendable(&table.resolve("x"));
        sendable(&table.scan().stream().await.unwrap());
    });
}

#[test]
fn a_large_append_is_sent_in_parts_and_rolls_over_at_the_target_size() {
    block_on(async {
        let store = counting();
        let create = Warehouse::new(store.clone()).create("t").schema(schema());
        let create = create.property("write.target-file-size-bytes", "20000000");
        let table = create.property("write.parquet.row-group-size-bytes", "2000000").await.unwrap();
        store.take();
        let mut random = 1_u64;
        let batches = (0..24).map(move |i| {
            let ids = (0..100_000).map(|_| {
                random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                (random ^ random >> 29) as i64
            });
            let id: ArrayRef = Arc::new(Int64Array::from_iter_values(ids));
            let name: ArrayRef = Arc::new(StringArray::from_iter_values((0..100_000).map(|j| format!("{i} {j}"))));
            RecordBatch::try_from_iter([("id", id), ("name", name)]).unwrap()
        });
        table.append(batches).await.unwrap();
        let written = store.take();
        let plan = table.scan().plan().await.unwrap();
        assert!(plan.tasks.len() >= 2, "{} files", plan.tasks.len());
        assert!(written.puts > 6 && written.bytes_written > 20_000_000, "{written:?}");
        assert_eq!(table.scan().filter("name is not null").count().await.unwrap(), 2_400_000);
        let sizes: u64 = plan.tasks.iter().map(|task| task.data_file.file_size_in_bytes).sum();
        assert!(sizes <= written.bytes_written);
    });
}

/// The Python datashard 0.11.2 took Avro files into a table unchecked, and then no scan of it worked.
#[test]
fn a_data_file_of_orc_is_refused_by_name() {
    block_on(async {
        let store = MemoryStore::new();
        let table = Warehouse::new(store.clone()).create("t").schema(schema()).await.unwrap();
        table.append([batch(0..3)]).await.unwrap();
        let listing: Vec<_> = store.list("t/metadata/", None).collect().await;
        let mut keys = listing.into_iter().map(|object| object.unwrap().key);
        let key = keys.find(|key| key.ends_with("-m0.avro")).unwrap();
        let bytes = store.get(&key, GetOptions::default()).await.unwrap().bytes;
        let mut manifest = crate::avro::decode_manifest(&bytes).unwrap();
        manifest.entries[0].data_file.file_format = "ORC".into();
        let bytes = crate::avro::encode_manifest(&manifest, 2, 1).unwrap();
        let _ = store.put(&key, bytes.into(), PutOptions::default()).await.unwrap();
        let error = Warehouse::new(store).open("t").await.unwrap().scan().collect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        let name = &manifest.entries[0].data_file.file_path;
        assert!(error.to_string().contains("ORC") && error.to_string().contains(name), "{error}");
    });
}

#[cfg(feature = "native")]
#[test]
fn an_ordered_scan_has_the_order_of_its_files_however_little_may_be_buffered() {
    let folder = tempfile::tempdir().unwrap();
    let store = crate::native::FolderStore::open(folder.path()).unwrap();
    block_on(async {
        let table = Warehouse::new(store).create("t").schema(schema()).await.unwrap();
        for i in 0..30 {
            table.append([batch(i * 100..(i + 1) * 100)]).await.unwrap();
        }
        let order = |batches: &[RecordBatch]| -> Vec<i64> {
            batches.iter().flat_map(|b| b.column(0).as_primitive::<Int64Type>().values().to_vec()).collect()
        };
        let first = order(&table.scan().ordered().concurrency(1).collect().await.unwrap());
        assert_eq!(first.len(), 3000);
        assert!(first.chunks(100).all(|file| file.is_sorted()));
        for (concurrency, buffer_bytes) in [(8, 1), (3, 5_000), (40, 1 << 20)] {
            let scan = table.scan().concurrency(concurrency).buffer_bytes(buffer_bytes).batch_rows(30);
            assert_eq!(order(&scan.clone().ordered().collect().await.unwrap()), first);
            assert_eq!(ids(&scan.clone().collect().await.unwrap()), (0..3000).collect::<Vec<_>>());
            assert_eq!(order(&scan.ordered().limit(250).collect().await.unwrap()), first[..250]);
        }
    });
}

#[test]
fn a_plan_can_be_read_partition_by_partition() {
    use super::fakes::{Made, partition_field};
    use crate::spec::{Transform, Value};
    let mut made = Made::new(schema(), vec![vec![partition_field(3, Transform::Identity)]]);
    for (sequence_number, name) in [(1, "a"), (2, "b"), (3, "a")] {
        let partition = vec![Some(Value::String(name.to_owned()))];
        made.data(sequence_number, 0, partition, &batch(sequence_number * 10..sequence_number * 10 + 5));
    }
    let table = made.table(None);
    let plan = block_on(table.scan().filter(col("id").ne(11)).plan()).unwrap();
    let mut partitions = plan.partitions();
    partitions.sort_by_key(|partition| partition.plan.tasks.len());
    let read = partitions.into_iter().map(|partition| {
        let batches: Vec<RecordBatch> = block_on(partition.plan.stream().unwrap().try_collect()).unwrap();
        (partition.partition, ids(&batches))
    });
    let value = |name: &str| vec![Some(Value::String(name.to_owned()))];
    let expected = [(value("b"), vec![20, 21, 22, 23, 24]), (value("a"), vec![10, 12, 13, 14, 30, 31, 32, 33, 34])];
    assert_eq!(read.collect::<Vec<_>>(), expected);
}

#[test]
fn a_tail_has_each_snapshot_once_and_its_rows_can_be_scanned() {
    use crate::store::faulty::{FaultyStore, TestRuntime};
    block_on(async {
        let store = FaultyStore::default();
        let warehouse = Warehouse::with_runtime(store.clone(), TestRuntime::new(1));
        let table = warehouse.create("t").schema(schema()).await.unwrap();
        table.append([batch(0..10)]).await.unwrap();
        let reader = warehouse.open("t").await.unwrap();
        let mut tail = reader.tail(std::time::Duration::from_secs(60));
        let mut seen = Vec::new();
        for i in 1..6 {
            // Two at a time, of which the first is not the newest when it is seen.
            table.append([batch(i * 100..i * 100 + 3)]).await.unwrap();
            table.append([batch(i * 100 + 10..i * 100 + 11)]).await.unwrap();
            if i == 3 {
                store.unreadable(Some("metadata/v"));
                assert!(tail.next().await.unwrap().is_err());
                store.unreadable(None);
            }
            for _ in 0..2 {
                let snapshot = tail.next().await.unwrap().unwrap();
                let since = snapshot.parent_snapshot_id;
                let scan = reader.scan().at_snapshot(snapshot.snapshot_id).appends_since(since);
                seen.push(ids(&scan.collect().await.unwrap()));
            }
        }
        let expected = (1..6).flat_map(|i| [vec![i * 100, i * 100 + 1, i * 100 + 2], vec![i * 100 + 10]]);
        assert_eq!(seen, expected.collect::<Vec<_>>());
    });
}

#[test]
fn metadata_tells_counts_and_bounds_only_where_they_are_exact() {
    use super::fakes::Made;
    use crate::scan::Bounds;
    use crate::spec::Value;
    let bounds = |min: i64, max: i64| Some(Bounds { min: Some(Value::Long(min)), max: Some(Value::Long(max)) });
    let mut made = Made::new(schema(), vec![vec![]]);
    made.data(1, 0, vec![], &batch(100..200));
    let path = made.data(1, 0, vec![], &batch(5..50));
    let plan = |made: &Made, filter: &str| block_on(made.table(None).scan().filter(filter).plan()).unwrap();
    let all = plan(&made, "id >= 0");
    assert_eq!((all.exact_count(), all.exact_bounds("id").unwrap()), (Some(145), bounds(5, 199)));
    let one = plan(&made, "id >= 60");
    assert_eq!((one.exact_count(), one.exact_bounds("id").unwrap()), (Some(100), bounds(100, 199)));
    let part = plan(&made, "id >= 150");
    assert_eq!((part.exact_count(), part.exact_bounds("id").unwrap()), (None, None));
    assert_eq!(all.exact_bounds("name").unwrap(), None);
    assert!(all.exact_bounds("nope").is_err());
    let none = plan(&made, "id < 0");
    assert_eq!(
        (none.exact_count(), none.exact_bounds("id").unwrap()),
        (Some(0), Some(Bounds { min: None, max: None }))
    );
    let x = all.exact_bounds("x").unwrap().unwrap();
    assert_eq!((x.min, x.max), (Some(Value::Double(5.0)), Some(Value::Double(199.0))));
    made.positions(1, 0, vec![], &[(&path, 0)]);
    let deleted = plan(&made, "id >= 0");
    assert_eq!((deleted.exact_count(), deleted.exact_bounds("id").unwrap()), (None, None));
    assert_eq!(block_on(made.table(None).scan().filter("id >= 0").count()).unwrap(), 144);
}

#[test]
fn a_panic_while_decoding_is_not_taken_for_the_end_of_the_rows() {
    use crate::runtime::{BoxStream, Runtime};
    use crate::scan::spread::spread;
    use crate::store::faulty::TestRuntime;
    use futures::stream;
    let broken = || -> BoxStream<'static, crate::Result<RecordBatch>> {
        let first = stream::iter([Ok(batch(0..3))]);
        Box::pin(first.chain(stream::poll_fn(|_| panic!("as a decoder might"))))
    };
    let in_place = TestRuntime::new(1);
    let mut runtimes: Vec<&dyn Runtime> = vec![&*in_place];
    #[cfg(feature = "native")]
    runtimes.push(&crate::native::SystemRuntime);
    for runtime in runtimes {
        let found: Vec<_> = block_on(spread(runtime, broken()).collect());
        assert_eq!(found.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false], "{runtime:?}");
    }
}

#[test]
fn a_small_file_is_one_request_and_of_a_larger_one_no_more_than_is_wanted_is_read() {
    block_on(async {
        let store = counting();
        let table = Warehouse::new(store.clone()).create("t").schema(schema()).await.unwrap();
        // Text that does not compress, so that the file is as large as it looks.
        let noise = |i: i64| format!("{:x}", (i as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
        let noisy = |rows: i64| {
            let name: ArrayRef = Arc::new(StringArray::from_iter_values((0..rows).map(noise)));
            RecordBatch::try_from_iter([("id", batch(0..rows).column(0).clone()), ("name", name)]).unwrap()
        };
        table.append([noisy(10_000)]).await.unwrap();
        let size = |table: &Table| {
            let table = table.clone();
            async move { table.scan().plan().await.unwrap().tasks[0].data_file.file_size_in_bytes }
        };
        let small = size(&table).await;
        assert!((100_000..256_000).contains(&small), "{small}");
        store.take();
        assert_eq!(table.scan().collect().await.unwrap().len(), 2);
        let read = store.take();
        assert_eq!((read.requests(), read.bytes_read), (1, small));
        let table = Warehouse::new(store.clone()).create("u").schema(schema()).await.unwrap();
        table.append([noisy(80_000)]).await.unwrap();
        let large = size(&table).await;
        assert!((1_000_000..4_000_000).contains(&large), "{large}");
        store.take();
        table.scan().collect().await.unwrap();
        let read = store.take();
        assert_eq!((read.requests(), read.bytes_read), (1, large));
        table.scan().select(["id"]).collect().await.unwrap();
        let read = store.take();
        assert_eq!(read.requests(), 2);
        assert!(read.bytes_read < large / 2, "{} of {large}", read.bytes_read);
    });
}

#[test]
fn a_scan_becomes_one_parquet_file_of_its_columns_and_rows() {
    block_on(async {
        let table = table(counting()).await;
        let plan = table.scan().select(["x", "id"]).filter("id >= 95 and id < 305").plan().await.unwrap();
        let file = plan.to_parquet().await.unwrap();
        let schema = Schema::new([
            NestedField::optional("x", PrimitiveType::Double),
            NestedField::required("id", PrimitiveType::Long),
        ]);
        let batches = crate::parquet_to_batches(&schema.unwrap(), file.into()).unwrap();
        assert_eq!(ids(&batches), (95..305).collect::<Vec<_>>());
        assert_eq!(
            batches[0].schema().fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>(),
            ["x", "id"]
        );
        let nothing = table.scan().filter("id < 0").plan().await.unwrap().to_parquet().await.unwrap();
        let schema = table.schema().unwrap();
        assert_eq!(crate::parquet_to_batches(&schema, nothing.into()).unwrap().len(), 0);
    });
}
