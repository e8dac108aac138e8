//! What a filter reads of tables that other engines partitioned.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use futures::StreamExt;
use futures::executor::block_on;
use serde_json::json;

use super::ids;
use crate::parquet::{EncodeOptions, FileEncoder, conform};
use crate::scan::ScanReport;
use crate::spec::*;
use crate::store::{CountingStore, GetOptions, MemoryStore, ObjectStore, PutOptions};
use crate::{Table, Warehouse};

const HOUR: i64 = 3_600_000_000;

fn schema() -> Schema {
    Schema::new([
        NestedField::required("id", PrimitiveType::Long),
        NestedField::optional("ts", PrimitiveType::Timestamptz),
        NestedField::optional("name", PrimitiveType::String),
    ])
    .unwrap()
}

fn specs() -> [PartitionSpec; 2] {
    let field = |id: i32, name: &str, source: i32, transform: &str| json!({"field-id": id, "name": name, "source-id": source, "transform": transform});
    let day = [field(1000, "ts_day", 2, "day")];
    let hour = [field(1001, "ts_hour", 2, "hour"), field(1002, "name_bucket", 3, "bucket[4]")];
    let spec = |spec_id, fields: Vec<_>| PartitionSpec {
        spec_id,
        fields: PartitionSpec::fields_from_json(fields.into(), "fields").unwrap(),
    };
    [spec(0, day.into()), spec(1, hour.into())]
}

/// Builds a table of two days by day (days 0 and 1, in one manifest) and of two by hour and name (2 and 3, in one each), of
/// one row an hour, the id of which is the hour since 1970. The manifest of day 3 has no summaries, as a v1 writer may
/// leave them out. Files have no metrics but the number of rows.
async fn table(store: &CountingStore) -> Table {
    let warehouse = Warehouse::new(store.clone());
    let table = warehouse.create("t").schema(schema()).await.unwrap();
    let schema = table.metadata().current_schema().unwrap().clone();
    let get = |key: &'static str| async move { store.get(key, GetOptions::default()).await.unwrap().bytes };
    let put = |key: String, bytes: Vec<u8>| async move {
        let _ = store.put(&key, bytes.into(), PutOptions::default()).await.unwrap();
    };
    let mut json: serde_json::Value = serde_json::from_slice(&get("t/metadata/v1.metadata.json").await).unwrap();
    let location = json["location"].as_str().unwrap().to_owned();
    let specs = specs();
    let (mut list, mut number) = (Vec::new(), 0);
    for (spec, hours, summed) in [(0, 0..48, true), (1, 48..72, true), (1, 72..96, false)] {
        let spec = &specs[spec];
        let step = if spec.spec_id == 0 { 24 } else { 1 };
        let mut entries = Vec::new();
        for first in hours.step_by(step) {
            let names: Vec<_> = (first..first + step as i64).map(|hour| format!("n{hour}")).collect();
            let name_of = |hour: i64| Value::String(format!("n{hour}"));
            let partition = match spec.spec_id {
                0 => vec![Some(Value::Date(i32::try_from(first / 24).unwrap()))],
                _ => vec![Some(Value::Int(first as i32)), Transform::Bucket(4).apply(&name_of(first))],
            };
            let id: ArrayRef = Arc::new(Int64Array::from_iter_values(first..first + step as i64));
            let times = (first..first + step as i64).map(|hour| hour * HOUR + 1);
            let ts: ArrayRef = Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC"));
            let name: ArrayRef = Arc::new(StringArray::from_iter_values(names));
            let batch = RecordBatch::try_from_iter([("id", id), ("ts", ts), ("name", name)]).unwrap();
            let mut encoder = FileEncoder::new(&schema, &EncodeOptions::default()).unwrap();
            encoder.write(&conform(&schema, &batch).unwrap()).unwrap();
            let (bytes, metrics, size) = encoder.finish().unwrap();
            put(format!("t/data/{number}.parquet"), bytes.to_vec()).await;
            entries.push(ManifestEntry::added(DataFile {
                content: DataContent::Data,
                file_path: format!("{location}/data/{number}.parquet"),
                file_format: "PARQUET".into(),
                partition,
                file_size_in_bytes: size,
                metrics: Metrics { record_count: metrics.record_count, ..Metrics::default() },
                equality_ids: Vec::new(),
                sort_order_id: None,
                first_row_id: None,
                referenced_data_file: None,
                content_offset: None,
                content_size_in_bytes: None,
                key_metadata: None,
            }));
            number += 1;
        }
        let of = |field: usize| entries.iter().map(move |entry| entry.data_file.partition[field].clone().unwrap());
        let summary = |field: usize| FieldSummary {
            contains_null: false,
            contains_nan: None,
            lower_bound: of(field)
                .reduce(|a, b| if b.compare(&a).unwrap().is_lt() { b } else { a })
                .map(|v| v.to_bytes()),
            upper_bound: of(field)
                .reduce(|a, b| if b.compare(&a).unwrap().is_gt() { b } else { a })
                .map(|v| v.to_bytes()),
        };
        let count = u32::try_from(entries.len()).unwrap();
        let partitions = summed.then(|| (0..spec.fields.len()).map(summary).collect());
        let manifest = Manifest {
            schema: schema.clone(),
            partition_spec: Arc::new(spec.clone()),
            content: ManifestContent::Data,
            entries,
        };
        let bytes = crate::avro::encode_manifest(&manifest, 2, 1).unwrap();
        list.push(ManifestFile {
            manifest_path: format!("{location}/metadata/m{}.avro", list.len()),
            manifest_length: bytes.len() as u64,
            partition_spec_id: spec.spec_id,
            content: ManifestContent::Data,
            sequence_number: 1,
            min_sequence_number: 1,
            added_snapshot_id: 7,
            added_files_count: Some(count),
            existing_files_count: Some(0),
            deleted_files_count: Some(0),
            added_rows_count: Some(0),
            existing_rows_count: Some(0),
            deleted_rows_count: Some(0),
            partitions,
            key_metadata: None,
            first_row_id: None,
        });
        put(format!("t/metadata/m{}.avro", list.len() - 1), bytes).await;
    }
    put("t/metadata/list.avro".into(), crate::avro::encode_manifest_list(&list, 7, None, 1, None, 1).unwrap()).await;
    let timestamp = json["last-updated-ms"].clone();
    json["partition-specs"] = specs.iter().map(PartitionSpec::to_json).collect();
    json["default-spec-id"] = 1.into();
    json["last-partition-id"] = 1002.into();
    json["last-sequence-number"] = 1.into();
    json["current-snapshot-id"] = 7.into();
    json["refs"] = json!({"main": {"snapshot-id": 7, "type": "branch"}});
    json["snapshots"] = json!([{
        "snapshot-id": 7,
        "sequence-number": 1,
        "timestamp-ms": timestamp,
        "manifest-list": format!("{location}/metadata/list.avro"),
        "summary": {"operation": "append"},
        "schema-id": 0,
    }]);
    put("t/metadata/v2.metadata.json".into(), json.to_string().into_bytes()).await;
    let table = warehouse.open("t").await.unwrap();
    assert_eq!(table.version(), 2);
    store.take();
    table
}

async fn scan(table: &Table, filter: &str) -> (Vec<i64>, ScanReport) {
    let mut stream = table.scan().filter(filter).stream().await.unwrap();
    let mut batches = Vec::new();
    while let Some(batch) = stream.next().await {
        batches.push(batch.unwrap());
    }
    (ids(&batches), stream.report())
}

fn counting() -> CountingStore {
    CountingStore::new(Arc::new(MemoryStore::new()))
}

#[test]
fn a_filter_on_a_partitioned_table_reads_only_the_manifests_and_files_that_can_match() {
    block_on(async {
        let store = counting();
        let table = table(&store).await;
        let (rows, report) = scan(&table, "ts >= '1970-01-03T05:00Z' and ts < '1970-01-03T06:30Z'").await;
        assert_eq!(rows, [53, 54]);
        assert_eq!((report.manifests, report.manifests_skipped, report.manifests_skipped_by_partition), (3, 1, 1));
        assert_eq!((report.files, report.files_skipped, report.files_skipped_by_partition), (48, 46, 46));
        // The list, the manifest that matches and the one that says nothing of its files, and two files.
        assert_eq!((report.requests, store.take().requests()), (5, 5));

        let (rows, report) = scan(&table, "ts < '1970-01-01T12:00Z'").await;
        assert_eq!(rows, (0..12).collect::<Vec<_>>());
        assert_eq!((report.manifests_skipped_by_partition, report.files), (1, 26));
        assert_eq!((report.files_skipped_by_partition, report.files_skipped_by_metrics), (25, 0));
        // The manifest by day, and one file; the others are known by now.
        assert_eq!((report.requests, store.take().requests()), (2, 2));
    });
}

#[test]
fn buckets_rule_out_files_of_other_values() {
    block_on(async {
        let store = counting();
        let table = table(&store).await;
        let (rows, report) = scan(&table, "name = 'n50'").await;
        assert_eq!(rows, [50]);
        let (read, of) = (report.files - report.files_skipped, report.files);
        assert!((2 + 5..2 + 25).contains(&read), "{read} of {of}");
        assert_eq!(report.files_skipped_by_partition, report.files_skipped);
        // No file can hold both, which only the bucket and the hour together tell.
        let (rows, report) = scan(&table, "name in ('n50', 'n60') and ts >= '1970-01-03T12:00Z'").await;
        assert_eq!(rows, [60]);
        assert!(report.files - report.files_skipped < read, "{report:?}");
    });
}

#[test]
fn a_partitioned_table_shows_every_row_without_a_filter_and_with_one_on_another_column() {
    block_on(async {
        let store = counting();
        let table = table(&store).await;
        assert_eq!(ids(&table.scan().collect().await.unwrap()), (0..96).collect::<Vec<_>>());
        let (rows, report) = scan(&table, "id >= 70").await;
        assert_eq!(rows, (70..96).collect::<Vec<_>>());
        assert_eq!((report.manifests_skipped, report.files_skipped, report.files), (0, 0, 50));
        let (rows, report) = scan(&table, "ts is null").await;
        assert_eq!((rows.len(), report.manifests_skipped_by_partition), (0, 2));
    });
}

#[test]
fn rows_of_whole_partitions_are_counted_without_reading_them() {
    block_on(async {
        let store = counting();
        let table = table(&store).await;
        let count = |filter: &'static str| table.scan().filter(filter).count();
        assert_eq!(count("ts >= '1970-01-03T05:00Z' and ts < '1970-01-03T07:00Z'").await.unwrap(), 2);
        // The list, the manifest of that day, and the one that may have files of any.
        assert_eq!(store.take().requests(), 3);
        // An hour that the filter cuts must be read.
        assert_eq!(count("ts >= '1970-01-03T05:00Z' and ts <= '1970-01-03T06:00Z'").await.unwrap(), 1);
        assert_eq!(store.take().requests(), 1);
        assert_eq!(count("ts >= '1970-01-03T05:00Z' and ts < '1970-01-03T07:00Z' and id != 53").await.unwrap(), 1);
        assert_eq!(store.take().requests(), 2);
        assert_eq!(count("ts is not null").await.unwrap(), 96);
        assert_eq!(store.take().requests(), 1);
    });
}
