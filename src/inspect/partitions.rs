use std::collections::HashMap;

use arrow_array::RecordBatch;
use futures::TryStreamExt;

use crate::error::{Result, ResultExt};
use crate::inspect::cell::{Cell, batch};
use crate::runtime::{BoxStream, Timestamp};
use crate::scan::ManifestRead;
use crate::spec::{
    DataContent, DataFile, EntryStatus, NestedField, PartitionColumns, PrimitiveType, Schema, TableMetadata, Value,
};

/// What a partition has of one kind of file.
#[derive(Default)]
struct Sum {
    files: u64,
    records: u64,
}

#[derive(Default)]
struct Partition {
    values: Vec<Option<Value>>,
    spec_id: i32,
    data: Sum,
    bytes: u64,
    positions: Sum,
    equality: Sum,
    updated: Option<(Timestamp, i64)>,
}

/// Sums over the live files of each partition, in the order in which they are met.
pub(super) async fn partitions(
    metadata: &TableMetadata,
    mut manifests: BoxStream<'static, Result<ManifestRead>>,
) -> Result<RecordBatch> {
    let columns = PartitionColumns::of(metadata);
    let mut partitions: Vec<Partition> = Vec::new();
    let mut places = HashMap::new();
    while let Some((file, manifest, _)) = manifests.try_next().await? {
        for entry in manifest.entries.iter().filter(|entry| entry.status != EntryStatus::Deleted) {
            let data_file = &entry.data_file;
            let values = columns.values(&manifest.partition_spec, &data_file.partition);
            let values = values.context(|| format!("the file {}", data_file.file_path))?;
            let place = *places.entry((0_i32, columns.key(&manifest.partition_spec, &values))).or_insert_with(|| {
                let spec_id = file.partition_spec_id;
                partitions.push(Partition { values, spec_id, ..Partition::default() });
                partitions.len() - 1
            });
            let Some(partition) = partitions.get_mut(place) else { continue };
            partition.add(data_file);
            let snapshot = entry.snapshot_id.and_then(|id| metadata.snapshot(id));
            let newer = snapshot.filter(|new| partition.updated.is_none_or(|(time, _)| new.timestamp > time));
            if let Some(snapshot) = newer {
                partition.updated = Some((snapshot.timestamp, snapshot.snapshot_id));
                partition.spec_id = file.partition_spec_id;
            }
        }
    }
    let partitioned = columns.field();
    let rows = partitions.iter().map(|partition| partition.row(partitioned.is_some())).collect();
    batch(&schema(partitioned)?, rows)
}

fn schema(partition: Option<NestedField>) -> Result<Schema> {
    use PrimitiveType::{Int, Long, Timestamptz};
    let mut fields = Vec::new();
    if let Some(partition) = partition {
        fields.extend([partition, NestedField::required("spec_id", Int)]);
    }
    fields.extend([
        NestedField::required("record_count", Long),
        NestedField::required("file_count", Int),
        NestedField::required("total_data_file_size_in_bytes", Long),
        NestedField::required("position_delete_record_count", Long),
        NestedField::required("position_delete_file_count", Int),
        NestedField::required("equality_delete_record_count", Long),
        NestedField::required("equality_delete_file_count", Int),
        NestedField::optional("last_updated_at", Timestamptz),
        NestedField::optional("last_updated_snapshot_id", Long),
    ]);
    Schema::new(fields)
}

impl Sum {
    fn records(&self) -> Cell {
        i64::try_from(self.records).unwrap_or(i64::MAX).into()
    }

    fn files(&self) -> Cell {
        i32::try_from(self.files).unwrap_or(i32::MAX).into()
    }
}

impl Partition {
    fn add(&mut self, file: &DataFile) {
        let sum = match file.content {
            DataContent::Data => {
                self.bytes = self.bytes.saturating_add(file.file_size_in_bytes);
                &mut self.data
            }
            DataContent::PositionDeletes => &mut self.positions,
            DataContent::EqualityDeletes => &mut self.equality,
        };
        sum.files += 1;
        sum.records = sum.records.saturating_add(file.metrics.record_count);
    }

    fn row(&self, partitioned: bool) -> Cell {
        let mut cells = Vec::new();
        if partitioned {
            cells.extend([Cell::row(&self.values), self.spec_id.into()]);
        }
        cells.extend([
            self.data.records(),
            self.data.files(),
            i64::try_from(self.bytes).unwrap_or(i64::MAX).into(),
            self.positions.records(),
            self.positions.files(),
            self.equality.records(),
            self.equality.files(),
            self.updated.map(|(time, _)| time).into(),
            self.updated.map(|(_, id)| id).into(),
        ]);
        Cell::Struct(cells)
    }
}
