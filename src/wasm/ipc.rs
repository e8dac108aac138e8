use arrow_array::RecordBatch;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, Schema, SchemaRef};
use futures::TryStreamExt;

use crate::error::{Error, ErrorKind, Result};
use crate::runtime::BoxStream;

/// An Arrow IPC stream of everything that a stream brings; without rows, of its schema.
pub(super) async fn write(schema: SchemaRef, mut rows: BoxStream<'_, Result<RecordBatch>>) -> Result<Vec<u8>> {
    let mut writer = StreamWriter::try_new(Vec::new(), &schema).map_err(unwritable)?;
    while let Some(batch) = rows.try_next().await? {
        writer.write(&batch).map_err(unwritable)?;
    }
    writer.into_inner().map_err(unwritable)
}

/// An Arrow IPC stream of one batch.
pub(super) fn write_one(schema: &Schema, batch: &RecordBatch) -> Result<Vec<u8>> {
    let mut writer = StreamWriter::try_new(Vec::new(), schema).map_err(unwritable)?;
    writer.write(batch).map_err(unwritable)?;
    writer.into_inner().map_err(unwritable)
}

fn unwritable(error: ArrowError) -> Error {
    Error::new(ErrorKind::Unsupported, "the rows cannot be written as Arrow IPC").caused_by(error)
}
