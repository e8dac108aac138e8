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
