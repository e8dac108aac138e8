//! Rows as they are written to stdout or to a file.

mod binary;
mod csv;
mod json;
mod sink;
mod table;

use std::io::Write;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use clap::ValueEnum;

use crate::exit::{Done, Failure};
use crate::rows::binary::{Arrow, Parquet};
use crate::rows::csv::Csv;
use crate::rows::json::JsonLines;
pub(crate) use crate::rows::sink::To;
use crate::rows::table::Table;

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RowFormat {
    /// Columns for people.
    Table,
    /// An object a line.
    Json,
    /// With a header; null is nothing, empty text is "".
    Csv,
    /// An Arrow IPC stream.
    Arrow,
    /// A Parquet file.
    Parquet,
}

/// What writes rows in one of the formats.
trait RowWriter {
    fn write(&mut self, batch: &RecordBatch) -> Done;

    fn finish(self: Box<Self>) -> Done;
}

fn writer<W: Write + Send + 'static>(
    format: RowFormat,
    schema: &SchemaRef,
    out: W,
) -> Result<Box<dyn RowWriter>, Failure> {
    Ok(match format {
        RowFormat::Table => Box::new(Table::new(schema.clone(), out)),
        RowFormat::Json => Box::new(JsonLines::new(schema.clone(), out)),
        RowFormat::Csv => Box::new(Csv::new(schema.clone(), out)?),
        RowFormat::Arrow => Box::new(Arrow::new(schema, out)?),
        RowFormat::Parquet => Box::new(Parquet::new(schema, out)?),
    })
}
