use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray};
use futures::executor::block_on;
use futures::{StreamExt, TryStreamExt, stream};

use super::files::files;
use crate::read::Cost;
use crate::scan::fakes::{Made, partition_field};
use crate::spec::human::{human, text};
use crate::spec::{
    DataContent, DataFile, EntryStatus, Manifest, ManifestContent, ManifestEntry, ManifestFile, Metrics, NestedField,
    PartitionField, PartitionSpec, PrimitiveType, Schema, Transform, Value,
};
use crate::store::{CountingStore, MemoryStore};
use crate::{Table, Warehouse};

fn schema() -> Schema {
    let fields =
        [NestedField::required("id", PrimitiveType::Long), NestedField::optional("name", PrimitiveType::String)];
    Schema::new(fields).unwrap()
}

fn batch(ids: std::ops::Range<i64>) -> RecordBatch {
    let name: ArrayRef = Arc::new(StringArray::from_iter_values(ids.clone().map(|id| format!("n{id}"))));
    let id: ArrayRef = Arc::new(Int64Array::from_iter_values(ids));
    RecordBatch::try_from_iter([("id", id), ("name", name)]).unwrap()
}

fn longs(batch: &RecordBatch, column: &str) -> Vec<i64> {
    batch.column_by_name(column).unwrap().as_primitive::<Int64Type>().values().to_vec()
}

fn texts(array: &dyn Array) -> Vec<Option<String>> {
    array.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect()
}

fn all_files(table: &Table) -> Vec<RecordBatch> {
    block_on(async { table.inspect().files().await.unwrap().try_collect().await.unwrap() })
}

#[test]
fn what_was_appended_is_told_of_the_snapshots_the_history_and_the_files() {
    block_on(async {
        let table = Warehouse::new(MemoryStore::new()).create("t").schema(schema()).await.unwrap();
        let before = table.inspect();
        for i in 0..3 {
            table.append([batch(i * 10..i * 10 + 5)]).await.unwrap();
        }
        // What was made before shows what was there then.
        assert_eq!(before.snapshots().unwrap().num_rows(), 0);
        let (inspect, snapshots) = (table.inspect(), table.snapshots());
        let ids: Vec<_> = snapshots.iter().map(|snapshot| snapshot.snapshot_id).collect();
        let batch = inspect.snapshots().unwrap();
        assert_eq!(longs(&batch, "snapshot_id"), ids);
        let parents = batch.column_by_name("parent_id").unwrap().as_primitive::<Int64Type>();
        assert_eq!(parents.iter().collect::<Vec<_>>(), [None, Some(ids[0]), Some(ids[1])]);
        let times = batch.column_by_name("committed_at").unwrap().as_primitive::<TimestampMicrosecondType>();
        assert_eq!(times.value(2), snapshots[2].timestamp.as_millis() * 1_000);
        assert_eq!(texts(batch.column_by_name("operation").unwrap())[0].as_deref(), Some("append"));
        let summary = batch.column_by_name("summary").unwrap().as_map().value(1);
        let total = texts(summary.column(0)).iter().position(|name| name.as_deref() == Some("total-records")).unwrap();
        assert_eq!(texts(summary.column(1))[total].as_deref(), Some("10"));
        let history = inspect.history().unwrap();
        assert_eq!(longs(&history, "snapshot_id"), ids);
        assert_eq!(history.column_by_name("is_current_ancestor").unwrap().as_boolean().true_count(), 3);
        let refs = inspect.refs().unwrap();
        assert_eq!((refs.num_rows(), longs(&refs, "snapshot_id")), (1, vec![ids[2]]));
        let log = inspect.metadata_log().unwrap();
        let names: Vec<_> = texts(log.column_by_name("file").unwrap()).into_iter().flatten().collect();
        let expected: Vec<_> = (1..=4).map(|v| format!("memory://store/t/metadata/v{v}.metadata.json")).collect();
        assert_eq!(names, expected);
        let manifests = inspect.manifests().await.unwrap();
        assert_eq!(longs(&manifests, "added_snapshot_id").len(), 3);
        let files: Vec<RecordBatch> = inspect.files().await.unwrap().try_collect().await.unwrap();
        assert_eq!(files.iter().map(RecordBatch::num_rows).collect::<Vec<_>>(), [1, 1, 1]);
        assert!(files[0].column_by_name("partition").is_none());
        assert_eq!(files.iter().flat_map(|batch| longs(batch, "record_count")).sum::<i64>(), 15);
        let metrics = files[0].column_by_name("readable_metrics").unwrap().as_struct();
        let id = metrics.column_by_name("id").unwrap().as_struct();
        let upper = id.column_by_name("upper_bound").unwrap().as_primitive::<Int64Type>().value(0);
        assert!([4, 14, 24].contains(&upper), "{upper}");
        let first = inspect.at_snapshot(ids[0]);
        assert_eq!(first.manifests().await.unwrap().num_rows(), 1);
        let partitions = first.partitions().await.unwrap();
        assert_eq!((partitions.num_rows(), longs(&partitions, "record_count")), (1, vec![5]));
        assert_eq!(longs(&partitions, "last_updated_snapshot_id"), [ids[0]]);
    });
}

#[test]
fn a_table_that_was_never_written_to_has_nothing_but_its_first_metadata_file() {
    block_on(async {
        let table = Warehouse::new(MemoryStore::new()).create("t").schema(schema()).await.unwrap();
        let inspect = table.inspect();
        assert_eq!(inspect.history().unwrap().num_rows(), 0);
        assert_eq!(inspect.refs().unwrap().num_rows(), 0);
        assert_eq!(inspect.metadata_log().unwrap().num_rows(), 1);
        assert_eq!(inspect.manifests().await.unwrap().num_rows(), 0);
        assert_eq!(inspect.partitions().await.unwrap().num_rows(), 0);
        let mut files = inspect.files().await.unwrap();
        assert!(files.schema().field_with_name("file_path").is_ok());
        assert!(files.next().await.is_none());
    });
}

#[test]
fn values_of_a_partition_field_that_is_not_the_same_in_all_specs_are_text() {
    let field = |transform| PartitionField { name: "p".to_owned(), ..partition_field(2, transform) };
    let other = PartitionField { name: "p".to_owned(), ..partition_field(1, Transform::Bucket(4)) };
    let specs = vec![vec![field(Transform::Identity)], vec![field(Transform::Bucket(4))], vec![other]];
    let mut made = Made::new(schema(), specs);
    made.data(1, 0, vec![Some(Value::String("a".to_owned()))], &batch(0..2));
    made.data(1, 1, vec![Some(Value::Int(3))], &batch(2..4));
    made.data(1, 2, vec![Some(Value::Int(1))], &batch(4..6));
    let files = all_files(&made.table(None));
    let partition = |batch: &RecordBatch| batch.column_by_name("partition").unwrap().as_struct().clone();
    // The ids of the fields order them; two of one name are told apart by their ids.
    assert_eq!(partition(&files[0]).column_names(), ["p", "p_1002"]);
    assert_eq!(texts(partition(&files[0]).column(1)), [Some("a".to_owned())]);
    assert_eq!(texts(partition(&files[1]).column(1)), [Some("3".to_owned())]);
    assert!(partition(&files[0]).column(0).is_null(0));
    assert_eq!(partition(&files[2]).column(0).as_primitive::<Int32Type>().value(0), 1);
    assert!(partition(&files[2]).column(1).is_null(0));
}

#[test]
fn a_field_that_a_v1_table_dropped_keeps_the_values_of_before() {
    let specs = vec![vec![partition_field(2, Transform::Identity)], vec![partition_field(2, Transform::Void)]];
    let mut made = Made::new(schema(), specs);
    made.data(1, 0, vec![Some(Value::String("a".to_owned()))], &batch(0..2));
    made.data(1, 1, vec![None], &batch(2..4));
    let table = made.table(None);
    let values = |batch: &RecordBatch| texts(batch.column_by_name("partition").unwrap().as_struct().column(0));
    let found: Vec<_> = all_files(&table).iter().flat_map(values).collect();
    assert_eq!(found, [Some("a".to_owned()), None]);
    let partitions = block_on(table.inspect().partitions()).unwrap();
    assert_eq!(longs(&partitions, "record_count"), [2, 2]);
}

#[test]
fn a_partition_value_of_another_type_is_an_error_that_names_file_and_field() {
    let mut made = Made::new(schema(), vec![vec![partition_field(2, Transform::Identity)]]);
    let file = made.data(1, 0, vec![Some(Value::String("a".to_owned()))], &batch(0..2));
    let other = Schema::new([
        NestedField::required("id", PrimitiveType::Long),
        NestedField::optional("name", PrimitiveType::Boolean),
    ]);
    let error = block_on(made.table(Some(other.unwrap())).inspect().partitions()).unwrap_err().to_string();
    assert!(error.contains(&file) && error.contains("p2_identity"), "{error}");
}

#[test]
fn a_large_manifest_makes_several_batches_of_its_live_files() {
    let table = block_on(Warehouse::new(MemoryStore::new()).create("t").schema(schema()).into_future()).unwrap();
    let entry = |i: u64| ManifestEntry {
        status: if i.is_multiple_of(10) { EntryStatus::Deleted } else { EntryStatus::Existing },
        snapshot_id: Some(1),
        sequence_number: Some(1),
        file_sequence_number: Some(1),
        data_file: DataFile {
            content: DataContent::Data,
            file_path: format!("memory://store/t/{i}.parquet"),
            file_format: "PARQUET".to_owned(),
            partition: Vec::new(),
            file_size_in_bytes: 1,
            // A bound that is no value of its column is not shown among the readable ones.
            metrics: Metrics { record_count: i, lower_bounds: [(1, vec![7])].into(), ..Metrics::default() },
            equality_ids: Vec::new(),
            sort_order_id: None,
            first_row_id: None,
            referenced_data_file: None,
            content_offset: None,
            content_size_in_bytes: None,
            key_metadata: None,
        },
    };
    let manifest = Manifest {
        schema: Arc::new(schema()),
        partition_spec: Arc::new(PartitionSpec::unpartitioned()),
        content: ManifestContent::Data,
        entries: (0..2500).map(entry).collect(),
    };
    let listed = (ManifestFile::of(&manifest, "m", 1), Arc::new(manifest), Cost::default());
    let manifests = Box::pin(stream::iter([Ok(listed.clone()), Ok(listed)]));
    let batches: Vec<RecordBatch> = block_on(files(&table.metadata(), manifests).unwrap().try_collect()).unwrap();
    assert_eq!(batches.iter().map(RecordBatch::num_rows).collect::<Vec<_>>(), [1024, 1024, 202, 1024, 1024, 202]);
    let live: Vec<i64> = (0..2500).filter(|i| i % 10 != 0).collect();
    let counts: Vec<_> = batches.iter().flat_map(|batch| longs(batch, "record_count")).collect();
    assert_eq!(counts, [live.clone(), live].concat());
    assert_eq!(batches[0].column_by_name("lower_bounds").unwrap().as_map().value(0).len(), 1);
    let id = batches[0].column_by_name("readable_metrics").unwrap().as_struct().column(0).as_struct().clone();
    assert_eq!(id.column_by_name("lower_bound").unwrap().null_count(), 1024);
}

#[test]
fn partition_values_are_shown_as_people_read_them() {
    let int = |transform: Transform, value| human(&transform, &Value::Int(value));
    let years = [(0, "1970"), (-1, "1969"), (54, "2024"), (-2014, "-0044")];
    for (value, expected) in years {
        assert_eq!(int(Transform::Year, value), expected);
    }
    assert_eq!([0, -1, 649].map(|value| int(Transform::Month, value)), ["1970-01", "1969-12", "2024-02"]);
    assert_eq!([0, -1].map(|value| int(Transform::Hour, value)), ["1970-01-01-00", "1969-12-31-23"]);
    assert_eq!(human(&Transform::Day, &Value::Date(-1)), "1969-12-31");
    assert_eq!([int(Transform::Bucket(8), 7), int(Transform::Truncate(10), -10)], ["7", "-10"]);
    // Beyond all calendars, without a panic.
    for transform in [Transform::Year, Transform::Month, Transform::Day, Transform::Hour] {
        for extreme in [i32::MIN, i32::MAX] {
            assert!(!int(transform.clone(), extreme).is_empty());
        }
    }
    let texts = [
        (Value::Decimal { unscaled: -1420, scale: 2 }, "-14.20"),
        (Value::Decimal { unscaled: 5, scale: 3 }, "0.005"),
        (Value::Decimal { unscaled: 7, scale: 0 }, "7"),
        (Value::Timestamp(1_500_000), "1970-01-01T00:00:01.5"),
        (Value::Timestamptz(0), "1970-01-01T00:00:00Z"),
        (Value::Time(1), "00:00:00.000001"),
        (Value::Uuid(1), "00000000-0000-0000-0000-000000000001"),
        (Value::Binary(vec![0, 255]), "AP8="),
        (Value::Boolean(true), "true"),
    ];
    for (value, expected) in texts {
        assert_eq!(text(&value), expected);
    }
}

#[test]
fn footers_and_manifests_are_told_as_they_are_and_nothing_outside_of_the_table_is_read() {
    block_on(async {
        let store = CountingStore::new(Arc::new(MemoryStore::new()));
        let table = Warehouse::new(store.clone()).create("t").schema(schema()).await.unwrap();
        table.append([batch(5..9)]).await.unwrap();
        let inspect = table.inspect();
        let files: Vec<RecordBatch> = inspect.files().await.unwrap().try_collect().await.unwrap();
        let file = texts(files[0].column_by_name("file_path").unwrap())[0].clone().unwrap();
        let footer = inspect.parquet_footer(&file).await.unwrap();
        assert_eq!(footer["rows"], 4);
        let id = &footer["row-groups"][0]["columns"][0];
        assert_eq!(
            (&id["name"], &id["min"], &id["max"], &id["nulls"]),
            (&"id".into(), &"5".into(), &"8".into(), &0.into())
        );
        assert_eq!(footer["row-groups"][0]["columns"][1]["min"], "n5");

        let path = texts(inspect.manifests().await.unwrap().column_by_name("path").unwrap())[0].clone().unwrap();
        let manifest = inspect.manifest_json(&path).await.unwrap();
        assert_eq!(manifest["entries"][0]["data_file"]["file_path"], file);
        assert_eq!(manifest["properties"]["schema"]["fields"][1]["name"], "name");
        let snapshots = inspect.snapshots().unwrap();
        let list = texts(snapshots.column_by_name("manifest_list").unwrap())[0].clone().unwrap();
        let list = inspect.manifest_json(&list).await.unwrap();
        assert_eq!(list["entries"][0]["manifest_path"], path);
        assert_eq!(list["entries"][0]["added_snapshot_id"], table.snapshots()[0].snapshot_id);

        store.take();
        for elsewhere in ["s3://other/file.parquet", "https://elsewhere.example/file.parquet", "t2/data/file.parquet"] {
            let error = inspect.parquet_footer(elsewhere).await.unwrap_err();
            assert!(error.to_string().contains(elsewhere), "{error}");
            assert!(inspect.manifest_json(elsewhere).await.is_err());
        }
        assert_eq!(store.take().requests(), 0);
        // A manifest is no Parquet file, and the other way round.
        assert_eq!(inspect.parquet_footer(&path).await.unwrap_err().kind(), crate::ErrorKind::InvalidData);
        assert_eq!(inspect.manifest_json(&file).await.unwrap_err().kind(), crate::ErrorKind::InvalidData);
    });
}
