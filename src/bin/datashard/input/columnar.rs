use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::{ArrowError, SchemaRef};
use datashard::parquet::conform;
use datashard::spec::Schema;
use datashard::{Error, Result};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::exit::{failed, invalid};
use crate::input::Batches;
use crate::input::records::without_row;
use crate::input::source::Counted;
use crate::progress::Progress;

const ROWS: usize = 8_192;
const ARROW_FILE: &[u8] = b"ARROW1";

/// A Parquet file's columns.
pub(super) fn parquet_schema(file: File) -> Result<SchemaRef> {
    Ok(ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| malformed(&error))?.schema().clone())
}

/// A Parquet file's rows.
pub(super) fn parquet(
    name: String,
    file: File,
    schema: Option<Arc<Schema>>,
    progress: Arc<Progress>,
) -> Result<Batches> {
    let size = file.metadata().map_err(|error| failed(&name, error))?.len();
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| malformed(&error).context(&name))?;
    let rows = u64::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0).max(1);
    let reader = builder.with_batch_size(ROWS).build().map_err(|error| malformed(&error).context(&name))?;
    let counted = reader.inspect(move |batch| {
        let read = batch.as_ref().map_or(0, RecordBatch::num_rows) as u64;
        progress.add(size.saturating_mul(read) / rows);
    });
    Ok(fitted(name, counted, schema))
}

/// The columns of an Arrow file or stream.
pub(super) fn arrow_schema(mut file: File) -> Result<SchemaRef> {
    match is_file(&mut file)? {
        true => Ok(FileReader::try_new_buffered(file, None).map_err(|error| malformed(&error))?.schema()),
        false => Ok(StreamReader::try_new_buffered(file, None).map_err(|error| malformed(&error))?.schema()),
    }
}

/// The rows of an Arrow file, or of a stream in one.
pub(super) fn arrow(
    name: String,
    mut file: File,
    schema: Option<Arc<Schema>>,
    progress: Arc<Progress>,
) -> Result<Batches> {
    if !is_file(&mut file)? {
        return arrow_stream(name, file, schema, progress);
    }
    let size = file.metadata().map_err(|error| failed(&name, error))?.len();
    let reader = FileReader::try_new_buffered(file, None).map_err(|error| malformed(&error).context(&name))?;
    let share = size / u64::try_from(reader.num_batches()).unwrap_or(1).max(1);
    Ok(fitted(name, reader.inspect(move |_| progress.add(share)), schema))
}

/// The rows of an Arrow stream.
pub(super) fn arrow_stream<R: Read + Send + 'static>(
    name: String,
    raw: R,
    schema: Option<Arc<Schema>>,
    progress: Arc<Progress>,
) -> Result<Batches> {
    let raw = Tail { raw: Counted { raw, progress }, last: [0; 8] };
    let mut reader = BufReader::new(raw);
    if reader.fill_buf().map_err(|error| failed(&name, error))?.starts_with(ARROW_FILE) {
        return Err(invalid(format!("{name} is an Arrow file, which is read from its end: give a file, or a stream")));
    }
    let reader = StreamReader::try_new(reader, None).map_err(|error| malformed(&error).context(&name))?;
    Ok(fitted(name, Whole { reader, is_done: false }, schema))
}

/// What a stream ends with. Not all readers want it, but without it one that was cut off between batches seems whole.
const END: [u8; 8] = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];

/// The batches of a stream that has an end.
struct Whole<R: Read> {
    reader: StreamReader<BufReader<Tail<R>>>,
    is_done: bool,
}

impl<R: Read> Iterator for Whole<R> {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done {
            return None;
        }
        let batch = self.reader.next();
        self.is_done = batch.is_none();
        if self.is_done && self.reader.get_ref().get_ref().last != END {
            return Some(Err(ArrowError::ParseError("the stream is cut off".to_owned())));
        }
        batch
    }
}

/// Keeps the last bytes that were read.
struct Tail<R> {
    raw: R,
    last: [u8; 8],
}

impl<R: Read> Read for Tail<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.raw.read(buffer)?;
        for byte in buffer.iter().take(read).skip(read.saturating_sub(self.last.len())) {
            self.last.rotate_left(1);
            self.last[7] = *byte;
        }
        Ok(read)
    }
}

fn is_file(file: &mut File) -> Result<bool> {
    let mut begin = Vec::new();
    let length = ARROW_FILE.len() as u64;
    let read = file.by_ref().take(length).read_to_end(&mut begin).and_then(|_| file.rewind());
    read.map_err(|error| failed("reading", error))?;
    Ok(begin == ARROW_FILE)
}

/// Batches as of a schema, or as they are.
fn fitted(
    name: String,
    batches: impl Iterator<Item = Result<RecordBatch, ArrowError>> + Send + 'static,
    schema: Option<Arc<Schema>>,
) -> Batches {
    let mut first_row = 0;
    Box::new(batches.map(move |batch| {
        let batch = batch.map_err(|error| malformed(&error).context(&name))?;
        let before = first_row;
        first_row += batch.num_rows();
        match &schema {
            Some(schema) => conform(schema, &batch).map_err(|error| misfit(&name, schema, &batch, before, &error)),
            None => Ok(batch),
        }
    }))
}

/// Which row of the file it is that does not fit.
fn misfit(name: &str, schema: &Schema, batch: &RecordBatch, before: usize, error: &Error) -> Error {
    let alone = |row: usize| Some((row, conform(schema, &batch.slice(row, 1)).err()?));
    // Where none does, it is the columns.
    let found = match conform(schema, &batch.slice(0, 0)) {
        Ok(_) => (0..batch.num_rows()).find_map(alone),
        Err(_) => None,
    };
    match found {
        Some((row, error)) => invalid(format!("{name}, row {}: {}", before + row, without_row(error.message()))),
        None => invalid(format!("{name}: {}", error.message())),
    }
}

fn malformed(error: &dyn std::error::Error) -> Error {
    invalid(format!("it is damaged, or of another format: {error}"))
}
