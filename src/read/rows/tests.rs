use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use apache_avro::types::Value;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use futures::StreamExt;
use futures::executor::{LocalPool, block_on};
use futures::task::LocalSpawnExt;
use serde_json::json;

use crate::scan::fakes::Made;
use crate::spec::{Metrics, NestedField, PrimitiveType, Schema};
use crate::store::faulty::{FaultyStore, TestRuntime};
use crate::store::{GetOptions, MemoryStore, ObjectStore, PutOptions};
use crate::{ErrorKind, Warehouse};

async fn put(store: &MemoryStore, key: &str, bytes: Vec<u8>) {
    let _ = store.put(key, bytes.into(), PutOptions::default()).await.unwrap();
}

/// Puts a file in the place of the table's only data file, as an import of Parquet files does.
async fn replace_data_file(store: &MemoryStore, format: &str, bytes: Vec<u8>) {
    let mut listing = store.list("t/metadata/", None);
    let (mut manifest, mut list) = (String::new(), String::new());
    while let Some(object) = listing.next().await {
        match object.unwrap().key {
            key if key.contains("/snap-") => list = key,
            key if key.ends_with(".avro") => manifest = key,
            _ => {}
        }
    }
    let get = async |key: &str| store.get(key, GetOptions::default()).await.unwrap().bytes;
    let mut decoded = crate::avro::decode_manifest(&get(&manifest).await).unwrap();
    let file = &mut decoded.entries[0].data_file;
    file.file_size_in_bytes = bytes.len() as u64;
    file.file_format = format.to_owned();
    file.metrics = Metrics { record_count: file.metrics.record_count, ..Metrics::default() };
    let key = file.file_path.strip_prefix("memory://store/").unwrap().to_owned();
    put(store, &key, bytes).await;
    let encoded = crate::avro::encode_manifest(&decoded, 2, 1).unwrap();
    let mut files = crate::avro::decode_manifest_list(&get(&list).await).unwrap();
    files[0].manifest_length = encoded.len() as u64;
    put(store, &manifest, encoded).await;
    put(store, &list, crate::avro::encode_manifest_list(&files, 1, None, 1, None, 1).unwrap()).await;
}

#[test]
fn a_parquet_file_without_ids_is_read_by_the_table_s_name_mapping_and_refused_by_name_without() {
    block_on(async {
        let array: ArrayRef = Arc::new(Int64Array::from_iter_values([7]));
        let batch = |name: &str| RecordBatch::try_from_iter([(name, array.clone())]).unwrap();
        let mut writer = parquet::arrow::ArrowWriter::try_new(Vec::new(), batch("old").schema(), None).unwrap();
        writer.write(&batch("old")).unwrap();
        let bytes = writer.into_inner().unwrap();
        for mapping in [Some(r#"[{"field-id": 1, "names": ["id", "old"]}]"#), Some("[{]"), None] {
            let store = MemoryStore::new();
            let schema = Schema::new([NestedField::optional("id", PrimitiveType::Long)]).unwrap();
            let mut create = Warehouse::new(store.clone()).create("t").schema(schema);
            if let Some(mapping) = mapping {
                create = create.property("schema.name-mapping.default", mapping);
            }
            create.await.unwrap().append([batch("id")]).await.unwrap();
            replace_data_file(&store, "PARQUET", bytes.clone()).await;
            let table = Warehouse::new(store).open("t").await.unwrap();
            match (table.scan().collect().await, mapping) {
                (Ok(batches), mapping) => {
                    assert_eq!(
                        (&batches[0].columns()[0], mapping.is_some_and(|text| text.contains("old"))),
                        (&array, true)
                    );
                }
                (Err(error), None) => {
                    assert_eq!(error.kind(), ErrorKind::Unsupported);
                    let file = table.scan().plan().await.unwrap().tasks[0].data_file.file_path.clone();
                    assert!(error.to_string().contains(&file), "{error}");
                    assert!(error.to_string().contains("schema.name-mapping.default"), "{error}");
                }
                (Err(error), Some(_)) => assert!(error.to_string().contains("schema.name-mapping.default"), "{error}"),
            }
        }
    });
}

#[test]
fn rows_of_an_avro_file_are_filtered_limited_and_know_their_places() {
    block_on(async {
        let schema = json!({"type": "record", "name": "table", "fields": [
            {"name": "id", "type": "long", "field-id": 1},
            {"name": "text", "type": ["null", "string"], "default": null, "field-id": 2}]});
        let avro = apache_avro::Schema::parse(&schema).unwrap();
        let mut writer =
            apache_avro::Writer::builder().schema(&avro).writer(Vec::new()).block_size(100).build().unwrap();
        for i in 0..1000_i64 {
            let text = Value::Union(1, Value::String(format!("t{}", i % 10)).into());
            writer.append_value(Value::Record(vec![("id".into(), i.into()), ("text".into(), text)])).unwrap();
        }
        let bytes = writer.into_inner().unwrap();
        let store = MemoryStore::new();
        let fields =
            [NestedField::required("id", PrimitiveType::Long), NestedField::optional("text", PrimitiveType::String)];
        let table = Warehouse::new(store.clone()).create("t").schema(Schema::new(fields).unwrap()).await.unwrap();
        table.append_records(&[json!({"id": 1})]).await.unwrap();
        replace_data_file(&store, "AVRO", bytes.clone()).await;
        let table = Warehouse::new(store.clone()).open("t").await.unwrap();

        let rows: usize = table.scan().collect().await.unwrap().iter().map(|batch| batch.num_rows()).sum();
        assert_eq!(rows, 1000);
        let found = table.scan().select(["_pos", "id"]).filter("text = 't7' and id >= 500").limit(3).batch_rows(64);
        let found = arrow_select::concat::concat_batches(
            &found.clone().stream().await.unwrap().schema(),
            &found.collect().await.unwrap(),
        );
        let found = found.unwrap();
        assert_eq!(found.column(0).as_primitive::<Int64Type>().values(), &[507, 517, 527]);
        assert_eq!(found.column(1), found.column(0));
        assert_eq!(table.scan().filter("text is null").count().await.unwrap(), 0);

        replace_data_file(&store, "AVRO", bytes[..bytes.len() - 30].to_vec()).await;
        let error = Warehouse::new(store).open("t").await.unwrap().scan().collect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert!(error.to_string().contains("/data/"), "{error}");
    });
}

#[test]
fn a_row_group_takes_a_request_and_its_footer_another_where_not_all_is_wanted_and_nothing_is_read_twice() {
    block_on(async {
        let schema = Schema::new([NestedField::required("n", PrimitiveType::Long)]).unwrap();
        let table = Warehouse::new(MemoryStore::new()).create("t").schema(schema).await.unwrap();
        let scattered = (0..600_000_i64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as i64));
        let array: ArrayRef = Arc::new(Int64Array::from_iter_values(scattered));
        table.append([RecordBatch::try_from_iter([("n", array)]).unwrap()]).await.unwrap();
        let scan = || table.scan();
        // Not all at once where a filter or a limit may leave out some.
        let scans = [(scan(), 1), (scan().filter("n > 0"), 2), (scan().limit(600_000), 2)];
        for (scan, requests) in scans {
            let plan = scan.plan().await.unwrap();
            let (before, size) = (plan.report, plan.tasks[0].data_file.file_size_in_bytes);
            assert!(plan.tasks.len() == 1 && size > 4 << 20, "{size} bytes");
            let mut stream = plan.stream().unwrap();
            while let Some(batch) = stream.next().await {
                batch.unwrap();
            }
            let report = stream.report();
            assert_eq!(report.requests - before.requests, requests);
            assert!(report.bytes - before.bytes <= size, "{} of {size} bytes", report.bytes - before.bytes);
        }
    });
}

/// Files that were read whole, as far as their manifest knew, held what they had taken while they waited for the rest of it: all of
/// them for ever.
#[test]
fn files_that_are_larger_than_their_manifests_say_do_not_wait_for_one_another() {
    let schema = Schema::new([NestedField::required("n", PrimitiveType::Long)]).unwrap();
    let mut made = Made::new(schema, vec![vec![]]);
    for file in 0..6_i64 {
        let noise = (0..20_000).map(|n| (n + file * 20_000).wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as i64));
        let noise: ArrayRef = Arc::new(Int64Array::from_iter_values(noise));
        made.data(1, 0, vec![], &RecordBatch::try_from_iter([("n", noise)]).unwrap());
        assert!(made.last().file_size_in_bytes > 160_000);
        made.last().file_size_in_bytes = 100_000;
    }
    made.table(None);
    let warehouse = Warehouse::with_runtime(FaultyStore::over(made.store), TestRuntime::new(1));
    let counted = Rc::new(Cell::new(0));
    let count = counted.clone();
    let mut pool = LocalPool::new();
    let read = async move {
        let table = warehouse.open("t").await.unwrap();
        // Room for what the manifests say of three.
        let batches = table.scan().buffer_bytes(300_000).collect().await.unwrap();
        count.set(batches.iter().map(RecordBatch::num_rows).sum());
    };
    pool.spawner().spawn_local(read).unwrap();
    pool.run_until_stalled();
    assert_eq!(counted.get(), 120_000);
}

/// A table with one file of four row groups: numbers, text of 5 MB, and numbers again, none of which can be compressed.
async fn table_of_four_groups() -> crate::Table {
    let schema = Schema::new([
        NestedField::required("n", PrimitiveType::Long),
        NestedField::required("text", PrimitiveType::String),
        NestedField::required("m", PrimitiveType::Long),
    ]);
    let create = Warehouse::new(MemoryStore::new()).create("t").schema(schema.unwrap());
    let create = create.property("write.parquet.compression-codec", "uncompressed");
    let table = create.property("write.parquet.row-group-limit", GROUP.to_string()).await.unwrap();
    let noise = |i: i64| (i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as i64);
    let rows = 0..4 * GROUP;
    let text = |i: i64| format!("{:016x}{:016x}{:016x}{:016x}", noise(i), noise(!i), noise(i ^ 0x5555), noise(-i));
    let n: ArrayRef = Arc::new(Int64Array::from_iter_values(rows.clone().map(noise)));
    let text: ArrayRef = Arc::new(arrow_array::StringArray::from_iter_values(rows.clone().map(text)));
    let m: ArrayRef = Arc::new(Int64Array::from_iter_values(rows));
    table.append([RecordBatch::try_from_iter([("n", n), ("text", text), ("m", m)]).unwrap()]).await.unwrap();
    table
}

const GROUP: i64 = 80_000;

/// Rows, requests, and bytes of the data file.
async fn took(scan: crate::scan::ScanBuilder) -> (usize, u64, u64) {
    let plan = scan.plan().await.unwrap();
    let before = plan.report;
    let mut stream = plan.stream().unwrap();
    let mut rows = 0;
    while let Some(batch) = stream.next().await {
        rows += batch.unwrap().num_rows();
    }
    let report = stream.report();
    (rows, report.requests - before.requests, report.bytes - before.bytes)
}

#[test]
fn what_adjoins_a_part_is_fetched_with_it_and_nothing_is_fetched_twice() {
    block_on(async {
        let table = table_of_four_groups().await;
        let file = table.scan().plan().await.unwrap().tasks.remove(0).data_file;
        let sizes = &file.metrics.column_sizes;
        let rest = file.file_size_in_bytes - sizes.values().sum::<u64>();
        // Parts of one row group each, and room for the numbers of the next.
        let room = (sizes[&1] + sizes[&3]) / 4 * 3;
        let filters = [("true", 4 * GROUP), ("m >= 0 and n > 0", -1), ("n > 9214000000000000000", -1), ("n = 7", 0)];
        for (filter, expected) in filters {
            let scan = || table.scan().select(["n", "m"]).filter(filter).ordered().concurrency(1);
            let (rows, requests, bytes) = took(scan().buffer_bytes(room)).await;
            assert!(expected < 0 || rows as i64 == expected, "{filter}: {rows}");
            assert_eq!(rows, took(scan()).await.0, "{filter}");
            // The footer; the first numbers, four times the second with the first of the next, but for the last.
            assert!(requests <= 6, "{filter}: {requests} requests");
            assert!(
                bytes <= sizes[&1] + sizes[&3] + rest,
                "{filter}: {bytes} bytes of {}",
                sizes[&1] + sizes[&3] + rest
            );
        }
    });
}

#[test]
fn the_last_row_group_comes_with_the_footer_where_all_is_read_in_any_order() {
    block_on(async {
        let table = table_of_four_groups().await;
        let size = table.scan().plan().await.unwrap().tasks[0].data_file.file_size_in_bytes;
        // Parts of one row group each.
        let scan = || table.scan().buffer_bytes(14 << 20);
        assert_eq!(took(scan()).await, (4 * GROUP as usize, 4, size - 4));
        assert_eq!(took(scan().concurrency(1)).await, (4 * GROUP as usize, 4, size - 4));
        assert_eq!(took(scan().ordered()).await, (4 * GROUP as usize, 5, size - 4));
        let mut last = -1;
        let mut in_order = scan().select(["m", "n", "text"]).ordered().stream().await.unwrap();
        while let Some(batch) = in_order.next().await {
            let batch = batch.unwrap();
            for m in batch.column(0).as_primitive::<Int64Type>().values() {
                assert_eq!(*m, last + 1);
                last = *m;
            }
        }
        let mut all: Vec<(i64, i64)> = Vec::new();
        for batch in scan().select(["m", "_pos", "text"]).collect().await.unwrap() {
            assert_eq!(batch.num_columns(), 3);
            let [m, at] = [0, 1].map(|column| batch.column(column).as_primitive::<Int64Type>().clone());
            all.extend(m.values().iter().copied().zip(at.values().iter().copied()));
        }
        all.sort_unstable();
        assert!(all.iter().copied().eq((0..4 * GROUP).map(|row| (row, row))));
    });
}
