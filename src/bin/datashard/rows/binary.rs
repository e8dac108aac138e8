use std::io::{self, Write};

use arrow_array::RecordBatch;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, SchemaRef};
use datashard::{Error, ErrorKind};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use crate::exit::{Done, Failure};
use crate::rows::RowWriter;

/// A row group is written when it takes so many bytes.
const ROW_GROUP: usize = 64 << 20;

/// An Arrow IPC stream.
pub(super) struct Arrow<W: Write>(StreamWriter<W>);

impl<W: Write> Arrow<W> {
    pub(super) fn new(schema: &SchemaRef, out: W) -> Result<Self, Failure> {
        Ok(Self(StreamWriter::try_new(out, schema).map_err(of_arrow)?))
    }
}

impl<W: Write> RowWriter for Arrow<W> {
    fn write(&mut self, batch: &RecordBatch) -> Done {
        self.0.write(batch).map_err(of_arrow)
    }

    fn finish(mut self: Box<Self>) -> Done {
        self.0.finish().map_err(of_arrow)?;
        Ok(self.0.into_inner().map_err(of_arrow)?.flush()?)
    }
}

/// A Parquet file.
pub(super) struct Parquet<W: Write + Send>(ArrowWriter<W>);

impl<W: Write + Send> Parquet<W> {
    pub(super) fn new(schema: &SchemaRef, out: W) -> Result<Self, Failure> {
        let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
        Ok(Self(ArrowWriter::try_new(out, schema.clone(), Some(properties)).map_err(of_parquet)?))
    }
}

impl<W: Write + Send> RowWriter for Parquet<W> {
    fn write(&mut self, batch: &RecordBatch) -> Done {
        self.0.write(batch).map_err(of_parquet)?;
        if self.0.in_progress_size() >= ROW_GROUP {
            self.0.flush().map_err(of_parquet)?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Done {
        Ok(self.0.into_inner().map_err(of_parquet)?.flush()?)
    }
}

fn of_arrow(error: ArrowError) -> Failure {
    match error {
        ArrowError::IoError(_, error) => error.into(),
        other => Error::new(ErrorKind::Unsupported, "writing the rows as Arrow").caused_by(other).into(),
    }
}

fn of_parquet(error: ParquetError) -> Failure {
    match error {
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => (*error).into(),
            Err(other) => Error::new(ErrorKind::Unavailable, format!("writing the rows as Parquet: {other}")).into(),
        },
        other => Error::new(ErrorKind::Unsupported, "writing the rows as Parquet").caused_by(other).into(),
    }
}
