use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Schema as ArrowSchema, SchemaRef};
use bytes::Bytes;
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::ArrowRowGroupWriterFactory;
use parquet::basic::Type as PhysicalType;
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::SchemaDescriptor;

use crate::error::{Error, Result};
use crate::parquet::metrics;
use crate::parquet::options::{EncodeOptions, MetricsMode};
use crate::parquet::pieces::Pieces;
use crate::parquet::row_group::RowGroup;
use crate::parquet::variant_groups::mark_variants;
use crate::spec::to_arrow;
use crate::spec::{Metrics, Schema, Type};

/// Text and bytes in the footer's statistics are cut to this many bytes.
const STATISTICS_BYTES: usize = 64;

/// Writes one Parquet data file, handing out its bytes as they come.
///
/// Memory is bounded by the row group's size and that of a part as long as [`take_part`](Self::take_part) is called between
/// writes.
pub struct FileEncoder {
    schema: Schema,
    arrow_schema: SchemaRef,
    /// What of it is in the file.
    stored: SchemaRef,
    options: EncodeOptions,
    file: SerializedFileWriter<Pieces>,
    columns: ArrowRowGroupWriterFactory,
    group: Option<RowGroup>,
}

impl FileEncoder {
    /// Begins a file of this schema.
    ///
    /// Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput) on a schema that Parquet cannot hold.
    pub fn new(schema: &Schema, options: &EncodeOptions) -> Result<Self> {
        let arrow_schema = Arc::new(to_arrow(schema)?);
        let stored = stored(schema, &arrow_schema)?;
        let impossible = |error| Error::invalid_input("the schema cannot be written as Parquet").caused_by(error);
        let parquet = ArrowSchemaConverter::new().schema_root("table").convert(&stored).map_err(impossible)?;
        let properties = with_bloom_filters(properties(schema, options), schema, options, &parquet).build();
        let file = SerializedFileWriter::new(
            Pieces::default(),
            mark_variants(parquet.root_schema_ptr(), schema).map_err(impossible)?,
            properties.into(),
        );
        let file = file.map_err(impossible)?;
        let columns = ArrowRowGroupWriterFactory::new(&file, stored.clone());
        Ok(Self { schema: schema.clone(), arrow_schema, stored, options: options.clone(), file, columns, group: None })
    }

    /// The schema that batches must have: what [`conform`](crate::parquet::conform) makes.
    pub fn arrow_schema(&self) -> &SchemaRef {
        &self.arrow_schema
    }

    /// Appends rows. Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput) on a batch of another schema.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let same = batch.num_columns() == self.arrow_schema.fields().len()
            && batch.columns().iter().zip(self.arrow_schema.fields()).all(|(a, f)| a.data_type() == f.data_type());
        if !same {
            return Err(Error::invalid_input("the batch does not have the schema of the file"));
        }
        let kept = batch.columns().iter().filter(|column| *column.data_type() != DataType::Null).cloned();
        let columns: Vec<ArrayRef> = kept.collect();
        let mut start = 0;
        while start < batch.num_rows() {
            let group = match &mut self.group {
                Some(group) => group,
                none => {
                    none.insert(RowGroup::new(&self.columns, self.file.flushed_row_groups().len()).map_err(failed)?)
                }
            };
            let length = group.room(&self.options).min(batch.num_rows() - start);
            if length == 0 {
                self.end_group()?;
                continue;
            }
            let slices: Vec<ArrayRef> = columns.iter().map(|column| column.slice(start, length)).collect();
            group.write(&self.stored, &slices, length).map_err(failed)?;
            start += length;
        }
        Ok(())
    }

    fn end_group(&mut self) -> Result<()> {
        self.group.take().map_or(Ok(()), |group| group.finish(&mut self.file).map_err(failed))
    }

    /// The next `size` bytes of the file, if so many are complete. Often they are not: bytes come by row groups.
    pub fn take_part(&mut self, size: usize) -> Option<Bytes> {
        // Flushing into memory cannot fail.
        let _ = self.file.flush();
        (self.file.inner().len() >= size).then(|| self.file.inner_mut().take(size))
    }

    /// Bytes of memory held: the row group being built, and what was not taken.
    pub fn buffered_bytes(&self) -> u64 {
        let group = self.group.as_ref().map_or(0, RowGroup::memory_bytes);
        (group as u64).saturating_add(self.file.inner().len() as u64)
    }

    /// Bytes of the file so far, taken or not, and an estimate of those of the row group being built.
    pub fn bytes_written(&self) -> u64 {
        let group = self.group.as_ref().map_or(0, RowGroup::encoded_bytes);
        (self.file.bytes_written() as u64).saturating_add(group as u64)
    }

    /// Ends the file, which may still be taken in parts: what a manifest says about its columns, and its size in bytes.
    pub(crate) fn end(&mut self) -> Result<(Metrics, u64)> {
        self.end_group()?;
        let footer = self.file.finish().map_err(failed)?;
        let size = self.file.bytes_written() as u64;
        Ok((metrics::from_footer(&self.schema, &self.options, &footer), size))
    }

    /// The bytes of an ended file that were not taken.
    pub(crate) fn rest(&mut self) -> Bytes {
        self.file.inner_mut().take(usize::MAX)
    }

    /// Ends the file: the bytes not taken yet, what a manifest says about its columns, and its size in bytes.
    pub fn finish(mut self) -> Result<(Bytes, Metrics, u64)> {
        let (metrics, size) = self.end()?;
        Ok((self.rest(), metrics, size))
    }
}

impl std::fmt::Debug for FileEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileEncoder").field("bytes_written", &self.bytes_written()).finish_non_exhaustive()
    }
}

/// The columns without those of the type unknown, of which files have nothing (spec: Parquet).
fn stored(schema: &Schema, arrow_schema: &SchemaRef) -> Result<SchemaRef> {
    let tops = schema.fields();
    let is_top = |id: i32| tops.iter().any(|field| field.id == id);
    let unknown = schema.walk().into_iter().filter(|(_, field)| field.field_type == Type::Unknown);
    for (name, field) in unknown {
        if !is_top(field.id) || tops.iter().all(|field| field.field_type == Type::Unknown) {
            let message = format!("writing the column `{name}` of the type unknown, which is inside another or alone");
            return Err(Error::unsupported(message));
        }
    }
    let fields = arrow_schema.fields().iter().filter(|field| *field.data_type() != DataType::Null).cloned();
    Ok(Arc::new(ArrowSchema::new(fields.collect::<Vec<_>>())))
}

fn failed(error: ParquetError) -> Error {
    Error::invalid_input("the rows cannot be written as Parquet").caused_by(error)
}

fn properties(schema: &Schema, options: &EncodeOptions) -> WriterPropertiesBuilder {
    // The manifest's bounds are taken from the footer, so its statistics must be at least as long.
    let statistics = options.metrics_modes(schema).values().try_fold(STATISTICS_BYTES, |length, mode| match mode {
        MetricsMode::Full => None,
        MetricsMode::Truncate(characters) => Some(length.max(characters.saturating_mul(4))),
        MetricsMode::None | MetricsMode::Counts => Some(length),
    });
    WriterProperties::builder()
        .set_created_by(format!("datashard version {}", env!("CARGO_PKG_VERSION")))
        .set_compression(options.compression)
        .set_data_page_size_limit(options.page_bytes)
        .set_data_page_row_count_limit(options.page_rows)
        // The writer looks at its limits after so many rows only.
        .set_write_batch_size(options.page_rows.min(1_024))
        .set_dictionary_page_size_limit(options.dictionary_bytes)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_statistics_truncate_length(statistics)
}

/// For the columns that the table names; a name that is no column's says nothing, as the column may have been dropped.
fn with_bloom_filters(
    mut builder: WriterPropertiesBuilder,
    schema: &Schema,
    options: &EncodeOptions,
    parquet: &SchemaDescriptor,
) -> WriterPropertiesBuilder {
    for (name, fpp) in &options.bloom_columns {
        let Some(id) = schema.field_by_name(name).map(|field| field.id) else { continue };
        for column in parquet.columns() {
            let info = column.self_type().get_basic_info();
            // Of two values each is nearly always there.
            if !info.has_id() || info.id() != id || column.physical_type() == PhysicalType::BOOLEAN {
                continue;
            }
            // A filter is begun for as many values as it has room for, and folded to what there were.
            let room = 1_usize << options.bloom_bytes.max(32).ilog2();
            let values = -(1.0 - fpp.powf(0.125)).ln() * room as f64;
            let most = (values as u64).min(options.row_group_rows as u64).max(1);
            builder = builder
                .set_column_bloom_filter_enabled(column.path().clone(), true)
                .set_column_bloom_filter_fpp(column.path().clone(), *fpp)
                .set_column_bloom_filter_max_ndv(column.path().clone(), most);
        }
    }
    builder
}
