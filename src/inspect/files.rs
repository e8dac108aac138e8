use std::sync::Arc;

use arrow_array::RecordBatch;
use futures::{StreamExt, TryStreamExt, stream};

use crate::error::{Result, ResultExt};
use crate::inspect::batches::FileBatches;
use crate::inspect::cell::{Cell, batch};
use crate::inspect::readable::ReadableMetrics;
use crate::runtime::BoxStream;
use crate::scan::ManifestRead;
use crate::spec::{
    DataContent, EntryStatus, ManifestEntry, NestedField, PartitionColumns, PrimitiveType, Schema, TableMetadata, Type,
    to_arrow,
};

/// No batch has more files.
const ROWS: usize = 1024;

/// The columns of the table of files.
pub(super) struct Files {
    schema: Schema,
    partition: PartitionColumns,
    metrics: ReadableMetrics,
}

/// The live data and delete files of manifests, in their order: a batch for each manifest, or several for a large one.
pub(super) fn files(
    metadata: &TableMetadata,
    manifests: BoxStream<'static, Result<ManifestRead>>,
) -> Result<FileBatches> {
    let files = Arc::new(Files::new(metadata)?);
    let schema = Arc::new(to_arrow(&files.schema)?);
    let of_each = manifests.map_ok(move |listed| files.clone().batches(listed));
    Ok(FileBatches::new(schema, Box::pin(of_each.try_flatten())))
}

impl Files {
    fn new(metadata: &TableMetadata) -> Result<Self> {
        let partition = PartitionColumns::of(metadata);
        let metrics = ReadableMetrics::of(&**metadata.current_schema()?);
        let schema = schema(partition.field(), metrics.field())?;
        Ok(Self { schema, partition, metrics })
    }

    /// One batch after the other, so that a large manifest is not there a second time as a whole.
    fn batches(self: Arc<Self>, listed: ManifestRead) -> BoxStream<'static, Result<RecordBatch>> {
        let next = move |at: usize| {
            let entries = listed.1.entries.get(at..).unwrap_or_default().iter().enumerate();
            let mut live = entries.filter(|(_, entry)| entry.status != EntryStatus::Deleted).take(ROWS).peekable();
            live.peek()?;
            let mut after = at;
            let mut rows = Vec::new();
            for (index, entry) in live {
                after = at + index + 1;
                match self.row(&listed, entry) {
                    Ok(row) => rows.push(row),
                    Err(error) => return Some((Err(error), usize::MAX)),
                }
            }
            Some((batch(&self.schema, rows), after))
        };
        Box::pin(stream::iter(std::iter::successors(next(0), move |(_, at)| next(*at))).map(|(batch, _)| batch))
    }

    fn row(&self, (file, manifest, _): &ManifestRead, entry: &ManifestEntry) -> Result<Cell> {
        let data_file = &entry.data_file;
        let metrics = &data_file.metrics;
        let partition = self.partition.values(&manifest.partition_spec, &data_file.partition);
        let partition = partition.context(|| format!("the file {}", data_file.file_path))?;
        let counts = |counts: &std::collections::BTreeMap<i32, u64>| {
            Cell::map(counts.iter().map(|(id, count)| ((*id).into(), Cell::count(*count))))
        };
        let bounds = |bounds: &std::collections::BTreeMap<i32, Vec<u8>>| {
            Cell::map(bounds.iter().map(|(id, bytes)| ((*id).into(), bytes.as_slice().into())))
        };
        let mut cells = vec![
            content(data_file.content).into(),
            data_file.file_path.as_str().into(),
            data_file.file_format.as_str().into(),
            file.partition_spec_id.into(),
        ];
        if self.partition.field().is_some() {
            cells.push(Cell::row(&partition));
        }
        cells.extend([
            Cell::count(metrics.record_count),
            Cell::count(data_file.file_size_in_bytes),
            counts(&metrics.column_sizes),
            counts(&metrics.value_counts),
            counts(&metrics.null_value_counts),
            counts(&metrics.nan_value_counts),
            bounds(&metrics.lower_bounds),
            bounds(&metrics.upper_bounds),
            data_file.key_metadata.as_deref().into(),
            Cell::list(metrics.split_offsets.iter().map(|offset| (*offset).into()).collect()),
            Cell::list(data_file.equality_ids.iter().map(|id| (*id).into()).collect()),
            data_file.sort_order_id.into(),
            data_file.first_row_id.into(),
            data_file.referenced_data_file.as_deref().into(),
            data_file.content_offset.into(),
            data_file.content_size_in_bytes.into(),
            self.metrics.cell(metrics),
        ]);
        Ok(Cell::Struct(cells))
    }
}

fn schema(partition: Option<NestedField>, readable: Option<NestedField>) -> Result<Schema> {
    use PrimitiveType::{Binary, Int, Long, String};
    let mut fields = vec![
        NestedField::required("content", Int),
        NestedField::required("file_path", String),
        NestedField::required("file_format", String),
        NestedField::required("spec_id", Int),
    ];
    fields.extend(partition);
    fields.extend([
        NestedField::optional("record_count", Long),
        NestedField::optional("file_size_in_bytes", Long),
        NestedField::optional("column_sizes", Type::map(Int, Long)),
        NestedField::optional("value_counts", Type::map(Int, Long)),
        NestedField::optional("null_value_counts", Type::map(Int, Long)),
        NestedField::optional("nan_value_counts", Type::map(Int, Long)),
        NestedField::optional("lower_bounds", Type::map(Int, Binary)),
        NestedField::optional("upper_bounds", Type::map(Int, Binary)),
        NestedField::optional("key_metadata", Binary),
        NestedField::optional("split_offsets", Type::list(Long)),
        NestedField::optional("equality_ids", Type::list(Int)),
        NestedField::optional("sort_order_id", Int),
        NestedField::optional("first_row_id", Long),
        NestedField::optional("referenced_data_file", String),
        NestedField::optional("content_offset", Long),
        NestedField::optional("content_size_in_bytes", Long),
    ]);
    fields.extend(readable);
    Schema::new(fields)
}

fn content(content: DataContent) -> i32 {
    match content {
        DataContent::Data => 0,
        DataContent::PositionDeletes => 1,
        DataContent::EqualityDeletes => 2,
    }
}
