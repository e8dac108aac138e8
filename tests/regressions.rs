//! Bugs of others that ours must not have: of the Python packages `datashard` (0.2.5 and 0.11.2) and `shackleton` (1.2.0 and
//! 2.0.1), whose users this crate takes over, and of other table formats' writers. Each is a test, here or where its
//! subject is tested:
//!
//! | bug | test |
//! |---|---|
//! | lost answer to the commit: files deleted, table bricked (datashard; ClickHouse, Lance, Redpanda) | transaction/fault_tests: `append_survives_a_lost_response_on_the_metadata_put` and those behind it |
//! | an uncertain commit leaves its caller without an answer | transaction/fault_tests: `a_commit_that_was_never_stored_...`, `a_commit_that_was_stored_...` |
//! | a lock's holder waits for itself; a dead one stalls all | here, and tests/processes |
//! | 16 requests an append, 29 to 63 when contended | transaction/tests: `a_warm_uncontended_append_takes_five_requests` |
//! | 1.5 is stored as 1 in a long, times are shifted, numbers rounded | scan/tests: `json_records_are_appended_exactly_...`; write/records/tests; parquet/conform/tests |
//! | a late column is dropped silently; the batch is written although its block raised | here |
//! | NaN pruned away; NaN as bounds | here; parquet/tests: `nans_are_counted_...`; expr/tests: `a_file_with_nan_...` and its properties |
//! | a 2 MB text makes a 4 MB manifest | here |
//! | no counts of values and nulls in manifests | here |
//! | one Avro data file makes every scan fail without a name | scan/tests: `a_data_file_that_is_not_parquet_is_refused_by_name` |
//! | opening a table writes to it, so that readers need the right to write | here |
//! | a hint that points to nothing hides the table | catalog/tests: `a_hint_behind_ahead_garbled_or_missing_...` |
//! | nested columns impossible, negative ids and empty names possible | here; spec/tests: `doubled_and_empty_column_names_...`; tests/judges |
//! | a filter on an unknown column passes on an empty table | scan/tests: `a_column_that_is_not_there_is_an_error_...` |
//! | a whole data file is built in memory | scan/tests: `a_large_append_is_sent_in_parts_...` |
//! | acknowledged commits lost; the snapshot shows the last append only; versions counted anew | here; tests/processes; tests/concurrent |
//! | half-written files after a kill | tests/folder_processes; tests/processes |
//! | schema not kept, mixed up between tables, unknown types taken for text, misfits accepted | here; tests/bad_input: `rows_that_do_not_fit_...` |
//! | credentials from the environment impossible | store/credentials/tests; native/environment/tests |
//! | README's snippet broken | the README is a documentation test |
//! | a failed write destroys what was there | tests/bad_input: `a_full_or_read_only_bucket_...` |
//! | readers fail, or see nothing, while others write | here; scan/tests: `a_scan_shows_the_version_that_it_began_with_...` |
//! | unsorted files declared sorted | here |
//! | names of tables escape the warehouse; a star in one is a pattern | here; catalog/tests: `paths_are_followed_below_the_table_alone` |
//! | an append rewrites what is there | here |
//! | 409 taken for "exists"; a conditional PUT repeated | store/s3/tests/puts |
//! | a stalled writer reuses a version that was cleaned away (SlateDB) | transaction/fault_tests: `a_writer_that_slept_...` |
//! | stores that ignore conditions | transaction/fault_tests: `a_store_that_ignores_conditions_...` and two more |
//! | If-Match on a missing key: 404 or 412 | store/s3/tests/puts: `if_match_on_a_missing_key_...` |
//! | a crash between commit and hint; a hint that goes back | catalog/tests: `a_writer_heals_a_hint_...`; transaction/tests: `writers_on_separate_handles_...` |
//! | one write a second for a key (R2): the hint refused | transaction/fault_tests: `an_append_succeeds_though_the_hint_is_refused` |
//! | ETag hidden by CORS | tests/bucket: `pages_of_every_origin_...`; store/s3/tests/reads: `where_a_browser_hides_...` |
//! | a listing read to its first page only (icebird) | store/s3/tests/lists: `a_listing_turns_its_pages_...` |
//!
//! Those of deletes, overwrites, upserts, partitions, compaction, expiry, schema changes and imported files come with
//! these.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use datashard::spec::{NestedField, PrimitiveType, Schema, TableMetadata};
use datashard::store::{CountingStore, GetOptions, MemoryStore, ObjectStore};
use datashard::{ErrorKind, Table, Warehouse, col};
use futures::executor::block_on;
use futures::{FutureExt, StreamExt};
use serde_json::json;

fn schema() -> Schema {
    Schema::new([NestedField::required("id", PrimitiveType::Long)]).unwrap()
}

fn ids(ids: impl IntoIterator<Item = i64>) -> [RecordBatch; 1] {
    let array: ArrayRef = Arc::new(Int64Array::from_iter_values(ids));
    [RecordBatch::try_from_iter([("id", array)]).unwrap()]
}

async fn found(table: &Table) -> Vec<i64> {
    let batches = table.scan().select(["id"]).collect().await.unwrap();
    let values = batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec());
    let mut values: Vec<_> = values.collect();
    values.sort_unstable();
    values
}

async fn keys(store: &dyn ObjectStore) -> Vec<String> {
    let listing: Vec<_> = store.list("", None).collect().await;
    listing.into_iter().map(|object| object.unwrap().key).collect()
}

fn counting() -> CountingStore {
    CountingStore::new(Arc::new(MemoryStore::new()))
}

/// The Python datashard 0.11.2 put locks into the bucket: when the answer to one was lost, its writer waited a minute for
/// itself, and when a writer died, all others did.
#[test]
fn a_writer_that_stops_anywhere_leaves_nothing_that_another_would_wait_for() {
    block_on(async {
        let store = counting();
        let warehouse = Warehouse::new(store.clone());
        let table = warehouse.create("t").schema(schema()).await.unwrap();
        // Polled once, and never again.
        let _ = table.append(ids([1])).now_or_never();
        let before = keys(&store).await;
        let other = warehouse.open("t").await.unwrap();
        store.take();
        other.append(ids([2])).await.unwrap();
        assert!(store.take().requests() <= 6);
        let new: Vec<_> = keys(&store).await.into_iter().filter(|key| !before.contains(key)).collect();
        let known = |key: &String| {
            ["t/data/", "t/metadata/snap-"].iter().any(|start| key.starts_with(start))
                || ["-m0.avro", ".metadata.json", "version-hint.text"].iter().any(|end| key.ends_with(end))
        };
        assert!(new.iter().all(known), "{new:?}");
    });
}

/// The Python datashard 0.11.2 pruned `x != 1.0` from a file of 1.0 and NaN, because both of its bounds were 1.0.
#[test]
fn a_row_of_nan_is_found_by_what_it_is_not() {
    block_on(async {
        let schema = Schema::new([NestedField::optional("x", PrimitiveType::Double)]).unwrap();
        let table = Warehouse::new(MemoryStore::new()).create("t").schema(schema).await.unwrap();
        for values in [vec![1.0, f64::NAN], vec![f64::NAN, f64::NAN]] {
            let array: ArrayRef = Arc::new(Float64Array::from(values));
            table.append([RecordBatch::try_from_iter_with_nullable([("x", array, true)]).unwrap()]).await.unwrap();
        }
        for (filter, rows) in [
            ("x != 1.0", 3),
            ("x = 1.0", 1),
            ("x is nan", 3),
            ("x is not nan", 1),
            ("x < 2", 1),
            ("x not in (1, 2)", 3),
        ] {
            assert_eq!(table.scan().filter(filter).count().await.unwrap(), rows, "{filter}");
        }
    });
}

/// The Python datashard 0.11.2 kept bounds of text whole: a value of 2 MB made a manifest of 4 MB.
#[test]
fn a_long_text_does_not_make_a_long_manifest() {
    block_on(async {
        let store = MemoryStore::new();
        let schema = Schema::new([NestedField::optional("s", PrimitiveType::String)]).unwrap();
        let table = Warehouse::new(store.clone()).create("t").schema(schema).await.unwrap();
        let long = "x".repeat(2 << 20);
        let array: ArrayRef = Arc::new(StringArray::from(vec![long.as_str()]));
        table.append([RecordBatch::try_from_iter_with_nullable([("s", array, true)]).unwrap()]).await.unwrap();
        for key in keys(&store).await.into_iter().filter(|key| key.starts_with("t/metadata/")) {
            let size = store.get(&key, GetOptions::default()).await.unwrap().bytes.len();
            assert!(size < 20_000, "{key} has {size} bytes");
        }
        assert_eq!(table.scan().filter(col("s").eq(long)).count().await.unwrap(), 1);
        assert_eq!(table.scan().filter("s like 'xy%'").count().await.unwrap(), 0);
    });
}

/// The Python datashard 0.11.2 wrote no counts of values and nulls, so that nothing could be pruned or counted by them.
#[test]
fn a_file_without_nulls_is_not_read_to_look_for_them() {
    block_on(async {
        let store = counting();
        let schema = Schema::new([NestedField::optional("id", PrimitiveType::Long)]).unwrap();
        let table = Warehouse::new(store.clone()).create("t").schema(schema).await.unwrap();
        table.append(ids(0..10)).await.unwrap();
        let array: ArrayRef = Arc::new(Int64Array::from(vec![None, None]));
        table.append([RecordBatch::try_from_iter_with_nullable([("id", array, true)]).unwrap()]).await.unwrap();
        store.take();
        let mut stream = table.scan().filter("id is null").stream().await.unwrap();
        let mut rows = 0;
        while let Some(batch) = stream.next().await {
            rows += batch.unwrap().num_rows();
        }
        assert_eq!((rows, stream.report().files_skipped), (2, 1));
    });
}

/// The Python datashard 0.11.2 probed the bucket with objects of its own whenever a table was opened: who could only read
/// could not open it.
#[test]
fn whoever_may_only_read_can_open_and_scan() {
    block_on(async {
        let store = counting();
        let warehouse = Warehouse::new(store.clone());
        warehouse.create("t").schema(schema()).await.unwrap().append(ids(0..3)).await.unwrap();
        store.take();
        let table = warehouse.open("t").await.unwrap();
        table.refresh().await.unwrap();
        assert_eq!(found(&table).await, [0, 1, 2]);
        let counts = store.take();
        assert_eq!((counts.puts, counts.deletes, counts.bytes_written), (0, 0, 0));
    });
}

/// The Python datashard 0.2.5 showed the last append only, counted versions anew in each process and overwrote the first.
#[test]
fn each_program_that_opens_a_table_adds_to_what_is_there() {
    block_on(async {
        let store = MemoryStore::new();
        Warehouse::new(store.clone()).create("t").schema(schema()).await.unwrap();
        let first = store.get("t/metadata/v1.metadata.json", GetOptions::default()).await.unwrap().bytes;
        for i in 0..4_i64 {
            // A warehouse of its own remembers nothing.
            let table = Warehouse::new(store.clone()).open("t").await.unwrap();
            let receipt = table.append(ids([i])).await.unwrap();
            assert_eq!(receipt.version, u64::try_from(i).unwrap() + 2);
            assert_eq!(found(&table).await, (0..=i).collect::<Vec<_>>());
        }
        assert_eq!(store.get("t/metadata/v1.metadata.json", GetOptions::default()).await.unwrap().bytes, first);
    });
}

/// The Python datashard 0.2.5 did not keep a table's schema, and cached it by its id, which is 0 in every table.
#[test]
fn each_table_keeps_its_own_schema() {
    block_on(async {
        let store = MemoryStore::new();
        let other = Schema::new([NestedField::optional("name", PrimitiveType::String)]).unwrap();
        let warehouse = Warehouse::new(store.clone());
        warehouse.create("a").schema(schema()).await.unwrap().append(ids([1])).await.unwrap();
        warehouse.create("b").schema(other.clone()).await.unwrap();
        for warehouse in [warehouse, Warehouse::new(store)] {
            let (a, b) = (warehouse.open("a").await.unwrap(), warehouse.open("b").await.unwrap());
            assert_eq!(b.append(ids([1])).await.unwrap_err().kind(), ErrorKind::InvalidInput);
            b.append_records(&[json!({"name": "x"})]).await.unwrap();
            assert!(a.schema().unwrap().same_fields(&schema()) && b.schema().unwrap().same_fields(&other));
            assert_eq!(found(&a).await, [1]);
        }
    });
}

/// The Python datashard 0.2.5 took types that it did not know for text; 0.11.2 accepted negative ids and empty names.
#[test]
fn a_schema_that_means_nothing_is_refused() {
    block_on(async {
        let store = MemoryStore::new();
        Warehouse::new(store.clone()).create("t").schema(schema()).await.unwrap();
        let bytes = store.get("t/metadata/v1.metadata.json", GetOptions::default()).await.unwrap().bytes;
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        TableMetadata::from_json_bytes(text.as_bytes()).unwrap();
        let (name, id) = (r#""name":"id""#, r#""id":1"#);
        for (what, instead) in
            [(r#""long""#, r#""lang""#), (name, r#""name":"""#), (id, r#""id":-1"#), (id, r#""id":0"#)]
        {
            let changed = text.replace(what, instead);
            assert_ne!(changed, text);
            let error = TableMetadata::from_json_bytes(changed.as_bytes()).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::Unsupported), "{instead}: {error}");
        }
    });
}

/// shackleton stored a late 1.5 as 1, dropped a column that came late, and wrote the batch although its block had raised.
#[test]
fn one_bad_record_keeps_all_of_its_batch_out() {
    block_on(async {
        let store = MemoryStore::new();
        let table = Warehouse::new(store.clone()).create("t").schema(schema()).await.unwrap();
        let before = keys(&store).await;
        for late in [json!({"id": 1.5}), json!({"id": 2, "late": 1}), json!({"id": "2"}), json!({})] {
            let records: Vec<_> = (0..100).map(|i| json!({"id": i})).chain([late]).collect();
            assert_eq!(table.append_records(&records).await.unwrap_err().kind(), ErrorKind::InvalidInput);
        }
        assert_eq!(keys(&store).await, before);
        assert!(found(&table).await.is_empty());
    });
}

/// While shackleton replaced or extended, its readers mostly saw no rows, or met errors.
#[test]
fn readers_beside_a_writer_see_whole_appends_and_never_fewer_than_before() {
    let warehouse = Warehouse::new(MemoryStore::new());
    let writer = block_on(warehouse.create("t").schema(schema()).into_future()).unwrap();
    let reader = block_on(warehouse.open("t")).unwrap();
    let read = || {
        block_on(reader.refresh()).unwrap();
        let rows = block_on(found(&reader));
        assert_eq!(rows, (0..rows.len() as i64).collect::<Vec<_>>());
        rows.len()
    };
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            for i in 0..30 {
                block_on(writer.append(ids(i * 7..(i + 1) * 7))).unwrap();
            }
        });
        let mut last = 0;
        while !writing.is_finished() {
            let rows = read();
            assert!(rows >= last && rows % 7 == 0, "{rows} after {last}");
            last = rows;
        }
    });
    assert_eq!(read(), 210);
}

/// shackleton declared files sorted that were not: `min` gave 3 where 1 was, and sorting did not sort.
#[test]
fn no_order_is_declared_that_the_rows_do_not_have() {
    block_on(async {
        let store = MemoryStore::new();
        let table = Warehouse::new(store.clone()).create("t").schema(schema()).await.unwrap();
        table.append(ids([3, 1, 2])).await.unwrap();
        assert_eq!(table.metadata().default_sort_order_id, 0);
        assert_eq!(table.scan().filter("id < 2").count().await.unwrap(), 1);
        for key in keys(&store).await.into_iter().filter(|key| key.ends_with(".parquet")) {
            let file = store.get(&key, GetOptions::default()).await.unwrap().bytes;
            let metadata = parquet::file::metadata::ParquetMetaDataReader::new().parse_and_finish(&file).unwrap();
            assert!(metadata.row_groups().iter().all(|group| group.sorting_columns().is_none()));
        }
    });
}

/// shackleton wrote the partition "../../../escaped" outside of its folder, and took "x*" for a pattern when it read.
#[test]
fn a_table_s_name_stays_inside_and_is_no_pattern() {
    block_on(async {
        let store = MemoryStore::new();
        let warehouse = Warehouse::new(store.clone()).prefix("wh");
        for name in ["../escaped", "a/../../escaped", "..", ".", "", "/a", "a//b", "a/"] {
            match warehouse.create(name).schema(schema()).await {
                Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name:?}"),
                Ok(_) => assert!(keys(&store).await.iter().all(|key| key.starts_with("wh/")), "{name:?}"),
            }
        }
        for (name, id) in [("x*", 1), ("xy", 2), ("x", 3), ("None", 4), ("x%2A", 5), ("ä b", 6)] {
            match warehouse.create(name).schema(schema()).await {
                Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name:?}"),
                Ok(table) => {
                    table.append(ids([id])).await.unwrap();
                    assert_eq!(found(&warehouse.open(name).await.unwrap()).await, [id], "{name:?}");
                }
            }
        }
    });
}

/// To append a hundred rows, shackleton rewrote the million that were there.
#[test]
fn an_append_reads_no_rows_and_writes_only_its_own() {
    block_on(async {
        let store = counting();
        let table = Warehouse::new(store.clone()).create("t").schema(schema()).await.unwrap();
        table.append(ids((0..100_000).map(|i| i * 7_919 % 100_003))).await.unwrap();
        store.take();
        table.append(ids(0..100)).await.unwrap();
        let counts = store.take();
        assert_eq!((counts.gets, counts.bytes_read), (0, 0));
        assert!(counts.bytes_written < 20_000, "{}", counts.bytes_written);
        let table = Warehouse::new(store.clone()).open("t").await.unwrap();
        store.take();
        table.append(ids(0..100)).await.unwrap();
        assert!(store.take().bytes_read < 20_000);
    });
}
