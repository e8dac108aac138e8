use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datashard::spec::Schema;
use datashard::{Error, ErrorKind, Result};
use flate2::read::MultiGzDecoder;

use crate::exit::{failed, invalid};
use crate::infer::Columns;
use crate::input::columnar::{arrow, arrow_schema, arrow_stream, parquet, parquet_schema};
use crate::input::csv::CsvReader;
use crate::input::json::JsonReader;
use crate::input::records::Records;
use crate::input::{Batches, Compressed, InputFormat, by_name};
use crate::progress::Progress;

/// A file, or stdin.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// `None` of stdin.
    path: Option<PathBuf>,
    format: InputFormat,
    compressed: Compressed,
    delimiter: u8,
}

impl Source {
    pub(super) fn new(path: &Path, format: Option<InputFormat>, delimiter: u8) -> Result<Self> {
        let path = (path != Path::new("-")).then(|| path.to_owned());
        let (by_name, compressed) = path.as_deref().map_or((None, Compressed::No), by_name);
        let source = Self { path, format: InputFormat::Csv, compressed, delimiter };
        let unknown = || invalid(format!("what is {}? --format csv, json, parquet or arrow says it", source.name()));
        let format = format.or(by_name).ok_or_else(unknown)?;
        let source = Self { format, ..source };
        if source.is_typed() && source.compressed != Compressed::No {
            return Err(invalid(format!("{} is compressed: only csv and json may be", source.name())));
        }
        if format == InputFormat::Parquet && source.path.is_none() {
            return Err(invalid("parquet cannot be read from stdin, as it is read from its end: give a file"));
        }
        Ok(source)
    }

    /// For messages.
    pub(super) fn name(&self) -> String {
        self.path.as_ref().map_or("stdin".to_owned(), |path| path.display().to_string())
    }

    /// Its bytes, if they are known.
    pub(super) fn size(&self) -> Option<u64> {
        let meta = std::fs::metadata(self.path.as_ref()?).ok()?;
        meta.is_file().then_some(meta.len())
    }

    /// Whether it says its columns' types.
    pub(super) fn is_typed(&self) -> bool {
        matches!(self.format, InputFormat::Parquet | InputFormat::Arrow)
    }

    /// Takes note of its columns. Where it does not say them it is read whole.
    pub(super) fn add_columns(&self, columns: &mut Columns) -> Result<()> {
        let Some(path) = &self.path else {
            return Err(invalid("what columns stdin has is not known before it is read: give a file"));
        };
        let add = |columns: &mut Columns| match self.format {
            InputFormat::Parquet => columns.add_schema(&parquet_schema(self.file(path)?)?),
            InputFormat::Arrow => columns.add_schema(&arrow_schema(self.file(path)?)?),
            InputFormat::Csv => {
                let mut reader = CsvReader::new(self.reader(None)?, self.delimiter)?;
                columns.add_names(reader.names());
                while reader.next()? {
                    reader.cells().for_each(|(name, cell)| columns.add_text(name, cell));
                }
                Ok(())
            }
            InputFormat::Json => {
                let mut reader = JsonReader::new(self.reader(None)?);
                while let Some(record) = reader.next()? {
                    columns.add_json(&record).map_err(|error| error.context(format!("line {}", reader.line())))?;
                }
                Ok(())
            }
        };
        add(columns).map_err(|error| error.context(path.display()))
    }

    /// Its rows.
    pub(super) fn open(&self, schema: &Arc<Schema>, as_they_are: bool, progress: &Arc<Progress>) -> Result<Batches> {
        let name = self.name();
        let wanted = (!as_they_are).then(|| schema.clone());
        let batches: Result<Batches> = match (self.format, &self.path) {
            (InputFormat::Parquet, Some(path)) => parquet(name, self.file(path)?, wanted, progress.clone()),
            (InputFormat::Arrow, Some(path)) => arrow(name, self.file(path)?, wanted, progress.clone()),
            (InputFormat::Arrow, None) => arrow_stream(name, io::stdin(), wanted, progress.clone()),
            (InputFormat::Json, _) => {
                let reader = JsonReader::new(self.reader(Some(progress))?);
                Ok(Box::new(Records::new(name, schema.clone(), reader)))
            }
            (InputFormat::Csv, _) => {
                let reader = CsvReader::new(self.reader(Some(progress))?, self.delimiter);
                let reader = reader.map_err(|error| error.context(&name))?.of(schema);
                Ok(Box::new(Records::new(name, schema.clone(), reader)))
            }
            (InputFormat::Parquet, None) => Err(Error::new(ErrorKind::InvalidInput, "parquet from stdin")),
        };
        batches
    }

    fn file(&self, path: &Path) -> Result<File> {
        File::open(path).map_err(|error| failed(&path.to_string_lossy(), error))
    }

    /// Its text, without its compression.
    fn reader(&self, progress: Option<&Arc<Progress>>) -> Result<Box<dyn BufRead + Send>> {
        let raw: Box<dyn Read + Send> = match &self.path {
            Some(path) => Box::new(self.file(path)?),
            None => Box::new(io::stdin()),
        };
        let raw: Box<dyn Read + Send> = match progress {
            Some(progress) => Box::new(Counted { raw, progress: progress.clone() }),
            None => raw,
        };
        Ok(match self.compressed {
            Compressed::No => Box::new(BufReader::with_capacity(1 << 16, raw)),
            Compressed::Gzip => Box::new(BufReader::new(MultiGzDecoder::new(BufReader::new(raw)))),
            Compressed::Zstd => {
                let decoder = zstd::stream::read::Decoder::new(raw).map_err(|error| failed(&self.name(), error))?;
                Box::new(BufReader::new(decoder))
            }
        })
    }
}

/// Tells how much of it was read.
pub(super) struct Counted<R> {
    pub(super) raw: R,
    pub(super) progress: Arc<Progress>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.raw.read(buffer)?;
        self.progress.add(read as u64);
        Ok(read)
    }
}
