//! Tables made file by file, as other writers make them.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use futures::FutureExt;
use futures::executor::block_on;
use serde_json::{Value as Json, json};

use crate::parquet::{EncodeOptions, FileEncoder};
use crate::spec::metadata_columns::position_delete_schema;
use crate::spec::*;
use crate::store::{GetOptions, MemoryStore, ObjectStore, PutOptions};
use crate::{Table, Warehouse, avro};

/// A table being made. Files are named by their number.
pub(crate) struct Made {
    pub(crate) store: MemoryStore,
    schema: Schema,
    specs: Vec<PartitionSpec>,
    files: Vec<(usize, i64, DataFile)>,
}

impl Made {
    /// The specs are numbered from 0, the first being the default.
    pub(crate) fn new(schema: Schema, specs: Vec<Vec<PartitionField>>) -> Self {
        let specs = specs.into_iter().enumerate();
        let specs = specs.map(|(id, fields)| PartitionSpec { spec_id: id as i32, fields }).collect();
        Self { store: MemoryStore::new(), schema, specs, files: Vec::new() }
    }

    /// A data file with this sequence number; returns its path.
    pub(crate) fn data(
        &mut self,
        sequence_number: i64,
        spec: usize,
        partition: Vec<Option<Value>>,
        rows: &RecordBatch,
    ) -> String {
        let schema = self.schema.clone();
        self.file(sequence_number, spec, partition, rows, &schema, DataContent::Data, vec![])
    }

    /// A file of positions in data files.
    pub(crate) fn positions(
        &mut self,
        sequence_number: i64,
        spec: usize,
        partition: Vec<Option<Value>>,
        rows: &[(&str, i64)],
    ) -> String {
        let paths: ArrayRef = Arc::new(StringArray::from_iter_values(rows.iter().map(|(path, _)| path)));
        let positions: ArrayRef = Arc::new(Int64Array::from_iter_values(rows.iter().map(|(_, position)| *position)));
        let rows = RecordBatch::try_from_iter([("file_path", paths), ("pos", positions)]).unwrap();
        let schema = position_delete_schema().unwrap();
        self.file(sequence_number, spec, partition, &rows, &schema, DataContent::PositionDeletes, vec![])
    }

    /// A file of values whose rows are deleted, with these columns of the schema.
    pub(crate) fn equality(
        &mut self,
        sequence_number: i64,
        spec: usize,
        partition: Vec<Option<Value>>,
        rows: &RecordBatch,
    ) -> String {
        let names = rows.schema();
        let fields = self.schema.fields().iter().filter(|field| names.field_with_name(&field.name).is_ok());
        let fields: Vec<_> = fields.cloned().map(|field| NestedField { required: false, ..field }).collect();
        let ids = fields.iter().map(|field| field.id).collect();
        let schema = Schema::with_ids(0, StructType { fields }).unwrap();
        self.file(sequence_number, spec, partition, rows, &schema, DataContent::EqualityDeletes, ids)
    }

    #[allow(clippy::too_many_arguments, reason = "a file is that much")]
    fn file(
        &mut self,
        sequence_number: i64,
        spec: usize,
        partition: Vec<Option<Value>>,
        rows: &RecordBatch,
        schema: &Schema,
        content: DataContent,
        equality_ids: Vec<i32>,
    ) -> String {
        let full = [("write.metadata.metrics.default".to_owned(), "full".to_owned())].into();
        let mut encoder = FileEncoder::new(schema, &EncodeOptions::from_properties(&full).unwrap()).unwrap();
        encoder.write(rows).unwrap();
        let (bytes, metrics, size) = encoder.finish().unwrap();
        let key = format!("t/data/{}.parquet", self.files.len());
        self.put(&key, bytes);
        let file_path = format!("memory://store/{key}");
        let file = DataFile {
            content,
            file_path: file_path.clone(),
            file_format: "PARQUET".to_owned(),
            partition,
            file_size_in_bytes: size,
            metrics,
            equality_ids,
            sort_order_id: None,
            first_row_id: None,
            referenced_data_file: None,
            content_offset: None,
            content_size_in_bytes: None,
            key_metadata: None,
        };
        self.files.push((spec, sequence_number, file));
        file_path
    }

    /// The last file, to be changed.
    pub(crate) fn last(&mut self) -> &mut DataFile {
        &mut self.files.last_mut().unwrap().2
    }

    fn put(&self, key: &str, bytes: impl Into<bytes::Bytes>) {
        let put = self.store.put(key, bytes.into(), PutOptions::default());
        let _ = put.now_or_never().unwrap().unwrap();
    }

    /// The table, with the columns of this schema now, if another.
    pub(crate) fn table(&self, now: Option<Schema>) -> Table {
        let mut list = Vec::new();
        for (number, (spec, sequence_number, file)) in self.files.iter().enumerate() {
            let content =
                if file.content == DataContent::Data { ManifestContent::Data } else { ManifestContent::Deletes };
            let entry = ManifestEntry {
                status: EntryStatus::Existing,
                snapshot_id: Some(1),
                sequence_number: Some(*sequence_number),
                file_sequence_number: Some(*sequence_number),
                data_file: file.clone(),
            };
            let manifest = Manifest {
                schema: Arc::new(self.schema.clone()),
                partition_spec: Arc::new(self.specs[*spec].clone()),
                content,
                entries: vec![entry],
            };
            let bytes = avro::encode_manifest(&manifest, 2, number as u128).unwrap();
            let manifest_path = format!("memory://store/t/metadata/m{number}.avro");
            list.push(ManifestFile {
                manifest_path,
                manifest_length: bytes.len() as u64,
                partition_spec_id: *spec as i32,
                content,
                sequence_number: 100,
                min_sequence_number: 1,
                added_snapshot_id: 1,
                added_files_count: Some(0),
                existing_files_count: Some(1),
                deleted_files_count: Some(0),
                added_rows_count: Some(0),
                existing_rows_count: Some(file.metrics.record_count),
                deleted_rows_count: Some(0),
                partitions: None,
                key_metadata: None,
                first_row_id: None,
            });
            self.put(&format!("t/metadata/m{number}.avro"), bytes);
        }
        self.put("t/metadata/list.avro", avro::encode_manifest_list(&list, 1, None, 100, None, 0).unwrap());
        self.metadata(now)
    }

    fn metadata(&self, now: Option<Schema>) -> Table {
        let warehouse = Warehouse::new(self.store.clone());
        block_on(async {
            let first = "t/metadata/v1.metadata.json";
            if self.store.head(first).await.is_err() {
                warehouse.create("t").schema(self.schema.clone()).await.unwrap();
            }
            let first = self.store.get(first, GetOptions::default()).await.unwrap();
            let mut metadata: Json = serde_json::from_slice(&first.bytes).unwrap();
            let mut schemas = vec![self.schema.to_json()];
            schemas.extend(now.iter().map(Schema::to_json));
            for (id, schema) in schemas.iter_mut().enumerate() {
                schema["schema-id"] = id.into();
            }
            metadata["current-schema-id"] = (schemas.len() - 1).into();
            metadata["schemas"] = schemas.into();
            metadata["partition-specs"] = self.specs.iter().map(PartitionSpec::to_json).collect();
            metadata["last-column-id"] = 1000.into();
            metadata["last-partition-id"] = 2000.into();
            metadata["last-sequence-number"] = 100.into();
            metadata["current-snapshot-id"] = 1.into();
            metadata["refs"] = json!({"main": {"snapshot-id": 1, "type": "branch"}});
            metadata["snapshots"] = json!([{
                "snapshot-id": 1, "sequence-number": 100, "timestamp-ms": metadata["last-updated-ms"],
                "summary": {"operation": "append"}, "schema-id": 0,
                "manifest-list": "memory://store/t/metadata/list.avro",
            }]);
            self.put("t/metadata/v2.metadata.json", metadata.to_string());
            warehouse.open("t").await.unwrap()
        })
    }
}

/// A partition field with an id of its own.
pub(crate) fn partition_field(source_id: i32, transform: Transform) -> PartitionField {
    let name = format!("p{source_id}_{transform}").replace(['[', ']'], "");
    PartitionField { source_id, field_id: 1000 + source_id, name, transform, extra: Default::default() }
}
