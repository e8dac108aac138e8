//! Rows that are read from files or from stdin.

mod columnar;
mod csv;
#[cfg(test)]
mod csv_tests;
mod json;
mod records;
mod source;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use clap::{Args, ValueEnum};
use datashard::spec::{NestedField, Schema};
use datashard::{Error, ErrorKind, Result};
use futures::channel::mpsc;
use futures::{SinkExt, Stream};

use crate::exit::invalid;
use crate::infer::Columns;
use crate::input::source::Source;
use crate::output::Output;
use crate::progress::Progress;

/// Rows to be read.
#[derive(Clone, Debug, Args)]
pub(crate) struct Input {
    /// Files: csv, json (an object a line), parquet, arrow; csv and json also as .gz or .zst. Without any, or with -, stdin.
    files: Vec<PathBuf>,
    /// What they are, where their names do not tell.
    #[arg(long, value_enum)]
    format: Option<InputFormat>,
    /// What is between the values of a csv file.
    #[arg(long, default_value_t = ',', value_name = "CHARACTER")]
    delimiter: char,
}

/// How rows are written in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum InputFormat {
    /// Comma-separated values with a header: columns by name; nothing is null, "" is empty text.
    Csv,
    /// An object a line.
    Json,
    /// Parquet.
    Parquet,
    /// Arrow IPC, as a stream or a file.
    Arrow,
}

/// Rows, batch by batch.
type Batches = Box<dyn Iterator<Item = Result<RecordBatch>> + Send>;

impl Input {
    /// One file.
    pub(crate) fn file(path: PathBuf) -> Self {
        Self { files: vec![path], format: None, delimiter: ',' }
    }

    fn sources(&self) -> Result<Vec<Source>> {
        let delimiter = u8::try_from(self.delimiter).ok().filter(|byte| byte.is_ascii() && !b"\"\r\n".contains(byte));
        let delimiter = delimiter.ok_or_else(|| invalid("the delimiter must be one ASCII character"))?;
        let stdin = [PathBuf::from("-")];
        let files = if self.files.is_empty() { &stdin } else { self.files.as_slice() };
        files.iter().map(|path| Source::new(path, self.format, delimiter)).collect()
    }

    /// The columns of the files, which are read for it where they do not say.
    pub(crate) fn schema(&self) -> Result<Schema> {
        let mut columns = Columns::default();
        for source in self.sources()? {
            guarded(&source, || source.add_columns(&mut columns))?;
        }
        Schema::new(columns.fields()?)
    }

    /// The columns that the files have, and a table does not have yet; and of those that it has, those whose type differs
    /// where files say theirs.
    pub(crate) fn new_columns(&self, own: &Schema) -> Result<Option<Schema>> {
        let mut added = Columns::default();
        let mut fields: Vec<NestedField> = Vec::new();
        for source in self.sources()? {
            if !source.is_typed() {
                guarded(&source, || source.add_columns(&mut added))?;
                continue;
            }
            let mut columns = Columns::default();
            guarded(&source, || source.add_columns(&mut columns))?;
            fields.extend(columns.fields()?);
        }
        let known = |field: &NestedField| own.fields().iter().find(|own| own.name == field.name);
        let mut wanted: Vec<NestedField> = Vec::new();
        let inferred = added.fields()?.into_iter().filter(|field| known(field).is_none());
        for mut field in fields.into_iter().chain(inferred) {
            // Most files say that anything may be null.
            field.required = known(&field).is_some_and(|own| own.required);
            if !wanted.iter().any(|earlier| earlier.name == field.name) {
                wanted.push(field);
            }
        }
        if wanted.is_empty() { Ok(None) } else { Schema::new(wanted).map(Some) }
    }

    /// The rows, as of the schema; as they are in files with columns of their own where there is none. They are read on a
    /// thread, ahead of what takes them.
    pub(crate) fn rows(
        &self,
        schema: &Schema,
        as_they_are: bool,
        output: &Output,
    ) -> Result<impl Stream<Item = Result<RecordBatch>> + use<>> {
        let sources = self.sources()?;
        let total = sources.iter().map(Source::size).sum::<Option<u64>>();
        let progress = Arc::new(Progress::bytes(output, "reading", total));
        let schema = Arc::new(schema.clone());
        let (mut sender, receiver) = mpsc::channel(1);
        let read = move || {
            let all = sources.iter().try_for_each(|source| {
                let open = || source.open(&schema, as_they_are, &progress);
                let mut batches = guarded(source, open).map_err(Some)?;
                while let Some(batch) = guarded(source, || batches.next().transpose()).map_err(Some)? {
                    // Whoever takes no more rows has failed, and says why.
                    futures_executor::block_on(sender.send(Ok(batch))).map_err(|_| None)?;
                }
                Ok(())
            });
            // Its line is gone before anything else is printed.
            drop(progress);
            if let Err(Some(error)) = all {
                drop(futures_executor::block_on(sender.send(Err(error))));
            }
        };
        let started = std::thread::Builder::new().name("input".to_owned()).spawn(read);
        started.map_err(|error| Error::new(ErrorKind::Unavailable, "no thread to read with").caused_by(error))?;
        Ok(receiver)
    }
}

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic of this thread is told as an error.
pub(crate) fn is_guarded() -> bool {
    GUARDED.get()
}

/// A reader that panics has met a damaged file. To end as at its end would be to append a part of it.
fn guarded<T>(source: &Source, read: impl FnOnce() -> Result<T>) -> Result<T> {
    guarded_as(&source.name(), read)
}

/// The same of what has this name.
pub(crate) fn guarded_as<T>(name: &str, read: impl FnOnce() -> Result<T>) -> Result<T> {
    let damaged = || invalid(format!("{name} is damaged"));
    GUARDED.set(true);
    let result = catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(damaged()));
    GUARDED.set(false);
    result
}

/// What a file's name says: what it is, and how it is compressed.
fn by_name(path: &Path) -> (Option<InputFormat>, Compressed) {
    let extension = |path: &Path| Some(path.extension()?.to_str()?.to_ascii_lowercase());
    let (compressed, path) = match extension(path).as_deref() {
        Some("gz") => (Compressed::Gzip, path.with_extension("")),
        Some("zst" | "zstd") => (Compressed::Zstd, path.with_extension("")),
        _ => (Compressed::No, path.to_owned()),
    };
    let format = match extension(&path).as_deref() {
        Some("csv") => Some(InputFormat::Csv),
        Some("json" | "jsonl" | "ndjson") => Some(InputFormat::Json),
        Some("parquet" | "pq") => Some(InputFormat::Parquet),
        Some("arrow" | "arrows" | "ipc" | "feather") => Some(InputFormat::Arrow),
        _ => None,
    };
    (format, compressed)
}

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compressed {
    No,
    Gzip,
    Zstd,
}
