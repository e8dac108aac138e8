use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::ArrowError;

use crate::catalog::TableHandle;
use crate::error::{Error, Result};
use crate::parquet::{EncodeOptions, FileEncoder};
use crate::spec::metadata_columns::position_delete_schema;
use crate::spec::{DataContent, PartitionSpec, TableMetadata, Value};
use crate::write::PreparedFile;
use crate::write::partition::{Partition, folder};

/// A position delete file (spec: Position Delete Files) for data files of one partition. `batches` are of paths and
/// positions, in order; `only` is the data file that all of them are of, if it is one.
pub(crate) fn write_position_deletes(
    table: &TableHandle,
    metadata: &TableMetadata,
    spec: &Arc<PartitionSpec>,
    partition: &[Option<Value>],
    batches: impl Iterator<Item = std::result::Result<RecordBatch, ArrowError>>,
    only: Option<String>,
) -> Result<PreparedFile> {
    let schema = position_delete_schema()?;
    // Readers tell by the bounds whether a data file may be among them: paths that were cut would all look alike.
    let options = EncodeOptions::from_properties(&metadata.properties)?.with_whole_bounds();
    let mut encoder = FileEncoder::new(&schema, &options)?;
    for batch in batches {
        let batch = batch.map_err(|error| Error::invalid_input("positions that cannot be written").caused_by(error))?;
        encoder.write(&crate::parquet::conform(&schema, &batch)?)?;
    }
    let (bytes, metrics, size) = encoder.finish()?;
    let relative = format!("data/{}{}-deletes.parquet", folder(spec, partition), table.unique());
    let partition = Partition { spec_id: spec.spec_id, values: partition.to_vec() };
    let mut file = PreparedFile::new(table, &relative, partition, size, metrics, Some(bytes));
    file.data_file.content = DataContent::PositionDeletes;
    // The order of position deletes is the spec's, not one of the table's.
    file.data_file.sort_order_id = None;
    file.data_file.referenced_data_file = only;
    Ok(file)
}
