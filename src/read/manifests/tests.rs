use std::sync::Arc;

use apache_avro::types::{Record, Value};
use apache_avro::{Schema as AvroSchema, Writer};
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use futures::StreamExt;
use futures::executor::block_on;
use serde_json::{Value as Json, json};

use crate::spec::{NestedField, PrimitiveType, Schema};
use crate::store::{MemoryStore, ObjectStore, PutOptions};
use crate::{ErrorKind, Table, Warehouse};

const METADATA: &str = "t/metadata/v1.metadata.json";

async fn ids(table: &Table) -> crate::Result<Vec<i64>> {
    let batches = table.scan().collect().await?;
    let mut ids: Vec<_> =
        batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec()).collect();
    ids.sort_unstable();
    Ok(ids)
}

/// A manifest as version 1 of the format has it, of these files with their status and snapshot.
fn v1_manifest(files: &[(i32, i64, &str, u64)]) -> Vec<u8> {
    let schema = json!({"type": "record", "name": "manifest_entry", "fields": [
        {"name": "status", "type": "int", "field-id": 0},
        {"name": "snapshot_id", "type": "long", "field-id": 1},
        {"name": "data_file", "field-id": 2, "type": {"type": "record", "name": "r2", "fields": [
            {"name": "file_path", "type": "string", "field-id": 100},
            {"name": "file_format", "type": "string", "field-id": 101},
            {"name": "partition", "field-id": 102, "type": {"type": "record", "name": "r102", "fields": []}},
            {"name": "record_count", "type": "long", "field-id": 103},
            {"name": "file_size_in_bytes", "type": "long", "field-id": 104},
            {"name": "block_size_in_bytes", "type": "long", "field-id": 105},
            {"name": "sort_columns", "field-id": 112, "type": ["null", {"type": "array", "items": "int", "element-id": 113}]},
        ]}},
    ]});
    let schema = AvroSchema::parse(&schema).unwrap();
    let mut writer = Writer::new(&schema, Vec::new()).unwrap();
    let table = json!({"type": "struct", "fields": [{"id": 1, "name": "id", "required": true, "type": "long"}]});
    writer.add_user_metadata("schema".to_owned(), table.to_string()).unwrap();
    writer.add_user_metadata("partition-spec".to_owned(), "[]").unwrap();
    for (status, snapshot, path, size) in files {
        let file = [
            ("file_path", Value::from(*path)),
            ("file_format", "parquet".into()),
            ("partition", Value::Record(vec![])),
            ("record_count", 1_i64.into()),
            ("file_size_in_bytes", (*size as i64).into()),
            ("block_size_in_bytes", 67_108_864_i64.into()),
            ("sort_columns", Value::Union(0, Value::Null.into())),
        ];
        let mut entry = Record::new(&schema).unwrap();
        entry.put("status", *status);
        entry.put("snapshot_id", *snapshot);
        entry.put("data_file", Value::Record(file.map(|(name, value)| (name.to_owned(), value)).into()));
        writer.append_value(entry).unwrap();
    }
    writer.into_inner().unwrap()
}

/// A manifest list of version 1 that counts nothing.
fn v1_list(path: &str, length: usize) -> Vec<u8> {
    let count = |name: &str, id: i32| json!({"name": name, "type": ["null", "int"], "field-id": id});
    let schema = AvroSchema::parse(&json!({"type": "record", "name": "manifest_file", "fields": [
        {"name": "manifest_path", "type": "string", "field-id": 500},
        {"name": "manifest_length", "type": "long", "field-id": 501},
        {"name": "partition_spec_id", "type": "int", "field-id": 502},
        {"name": "added_snapshot_id", "type": ["null", "long"], "field-id": 503},
        count("added_data_files_count", 504), count("existing_data_files_count", 505),
        count("deleted_data_files_count", 506),
    ]}));
    let schema = schema.unwrap();
    let mut writer = Writer::new(&schema, Vec::new()).unwrap();
    let mut entry = Record::new(&schema).unwrap();
    entry.put("manifest_path", path);
    entry.put("manifest_length", length as i64);
    entry.put("partition_spec_id", 0);
    for name in ["added_snapshot_id", "added_data_files_count", "existing_data_files_count", "deleted_data_files_count"]
    {
        entry.put(name, Value::Union(0, Value::Null.into()));
    }
    writer.append_value(entry).unwrap();
    writer.into_inner().unwrap()
}

/// A table of version 1 with three files of one row, the second of them removed, and a store to say its manifests in.
async fn v1_table(snapshot: Json) -> (MemoryStore, Vec<Vec<u8>>) {
    let store = MemoryStore::new();
    let schema = Schema::new([NestedField::required("id", PrimitiveType::Long)]).unwrap();
    let table = Warehouse::new(store.clone()).create("t").schema(schema).await.unwrap();
    for id in 1..=3 {
        let array: ArrayRef = Arc::new(Int64Array::from_iter_values([id]));
        table.append([RecordBatch::try_from_iter([("id", array)]).unwrap()]).await.unwrap();
    }
    let mut files: Vec<(String, u64)> = Vec::new();
    let copy = store.clone();
    let mut listing = copy.list("t/", None);
    while let Some(object) = listing.next().await {
        let object = object.unwrap();
        match object.key.starts_with("t/data/") {
            true => files.push((format!("memory://store/{}", object.key), object.size)),
            false => store.delete(&object.key).await.unwrap(),
        }
    }
    let manifests = [
        v1_manifest(&[(1, 10, &files[0].0, files[0].1), (2, 10, &files[1].0, files[1].1)]),
        v1_manifest(&[(0, 9, &files[2].0, files[2].1)]),
    ];
    let mut all = json!({"snapshot-id": 10, "timestamp-ms": 5});
    all.as_object_mut().unwrap().append(&mut snapshot.as_object().unwrap().clone());
    let metadata = json!({
        "format-version": 1, "location": "memory://store/t", "last-updated-ms": 5, "last-column-id": 1,
        "schema": {"type": "struct", "fields": [{"id": 1, "name": "id", "required": true, "type": "long"}]},
        "partition-spec": [], "properties": {}, "current-snapshot-id": 10, "snapshots": [all],
    });
    put(&store, METADATA, metadata.to_string().into_bytes()).await;
    (store, manifests.into())
}

async fn put(store: &MemoryStore, key: &str, bytes: Vec<u8>) {
    let _ = store.put(key, bytes.into(), PutOptions::default()).await.unwrap();
}

fn manifests() -> Json {
    json!({"manifests": ["memory://store/t/metadata/a.avro", "memory://store/t/metadata/b.avro"]})
}

#[test]
fn a_snapshot_that_names_its_manifests_itself_is_read() {
    block_on(async {
        let (store, files) = v1_table(manifests()).await;
        put(&store, "t/metadata/a.avro", files[0].clone()).await;
        put(&store, "t/metadata/b.avro", files[1].clone()).await;
        let table = Warehouse::new(store.clone()).open("t").await.unwrap();
        assert_eq!(ids(&table).await.unwrap().len(), 2, "the removed file is not read");
        let plan = table.scan().plan().await.unwrap();
        assert_eq!((plan.report.manifests, plan.tasks.len()), (2, 2));
        assert!(plan.tasks.iter().all(|task| task.sequence_number == 0));
        assert_eq!(plan.report.requests, 0, "manifests that were read are known");
        assert_eq!(table.scan().at_snapshot(10).count().await.unwrap(), 2);
    });
}

#[test]
fn a_manifest_that_a_snapshot_names_must_lie_below_the_table_and_be_one() {
    block_on(async {
        let (store, files) = v1_table(manifests()).await;
        put(&store, "t/metadata/a.avro", files[0].clone()).await;
        let table = Warehouse::new(store.clone()).open("t").await.unwrap();
        let error = ids(&table).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.to_string().contains("b.avro"), "{error}");
        put(&store, "t/metadata/b.avro", files[1][..files[1].len() - 9].into()).await;
        let error = ids(&table).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert!(error.to_string().contains("b.avro"), "{error}");

        let (store, _) = v1_table(json!({"manifests": ["s3://elsewhere/a.avro"]})).await;
        let error = ids(&Warehouse::new(store).open("t").await.unwrap()).await.unwrap_err();
        assert!(error.to_string().contains("s3://elsewhere/a.avro"), "{error}");
    });
}

#[test]
fn a_manifest_list_of_version_1_that_counts_nothing_hides_no_file() {
    block_on(async {
        let (store, files) = v1_table(json!({"manifest-list": "memory://store/t/metadata/list.avro"})).await;
        put(&store, "t/metadata/a.avro", files[0].clone()).await;
        put(&store, "t/metadata/list.avro", v1_list("memory://store/t/metadata/a.avro", files[0].len())).await;
        let table = Warehouse::new(store.clone()).open("t").await.unwrap();
        assert_eq!(ids(&table).await.unwrap().len(), 1);
    });
}

#[test]
fn an_encrypted_manifest_list_is_refused_by_name_and_not_called_damaged() {
    block_on(async {
        let list = json!({"manifest-list": "memory://store/t/metadata/list.avro", "key-id": "k1"});
        let (store, _) = v1_table(list).await;
        put(&store, "t/metadata/list.avro", b"AGS1 and what else".to_vec()).await;
        let table = Warehouse::new(store).open("t").await.unwrap();
        let error = ids(&table).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("encrypted manifest list of snapshot 10"), "{error}");
    });
}
