use std::fs::File;
use std::io::{self, BufWriter, IsTerminal};
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use clap::Args;
use futures::{Stream, StreamExt};

use crate::exit::{Done, Failure, failed, invalid};
use crate::output::Output;
use crate::progress::Progress;
use crate::rows::{RowFormat, RowWriter, writer};

/// Where rows go, and how they are written.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct To {
    /// How rows are written. By default as the file's name says, else as a table, or with --json as json.
    #[arg(long, value_enum)]
    format: Option<RowFormat>,
    /// Into this file, which must not be there, and not to stdout.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl To {
    fn format(&self, output: &Output) -> RowFormat {
        let by_name = self.output.as_deref().and_then(by_name);
        let by_default = if output.json { RowFormat::Json } else { RowFormat::Table };
        self.format.or(by_name).unwrap_or(by_default)
    }

    /// Whether people read it.
    pub(crate) fn is_for_people(&self, output: &Output) -> bool {
        self.format(output) == RowFormat::Table
    }

    /// A place for rows of these columns.
    pub(crate) fn open(&self, output: &Output, schema: &SchemaRef) -> Result<Sink, Failure> {
        let format = self.format(output);
        let binary = matches!(format, RowFormat::Arrow | RowFormat::Parquet);
        let Some(path) = &self.output else {
            if binary && io::stdout().is_terminal() {
                return Err(invalid("this format is not for a terminal: use --output FILE").into());
            }
            let writer = writer(format, schema, BufWriter::new(io::stdout()))?;
            return Ok(Sink { writer, progress: None, file: Unfinished(None) });
        };
        let file = File::create_new(path).map_err(|error| failed(&path.to_string_lossy(), error))?;
        let unfinished = Unfinished(Some(path.clone()));
        let writer = writer(format, schema, BufWriter::new(file))?;
        let progress = Progress::count(output, "writing rows", None);
        Ok(Sink { writer, progress: Some(progress), file: unfinished })
    }
}

/// What rows are written to.
pub(crate) struct Sink {
    writer: Box<dyn RowWriter>,
    progress: Option<Progress>,
    file: Unfinished,
}

impl Sink {
    /// Writes all rows of a stream.
    pub(crate) async fn write_all<S>(self, mut batches: S) -> Done
    where
        S: Stream<Item = datashard::Result<RecordBatch>> + Unpin,
    {
        let Self { mut writer, progress, mut file } = self;
        while let Some(batch) = batches.next().await {
            let batch = batch?;
            writer.write(&batch)?;
            if let Some(progress) = &progress {
                progress.add(batch.num_rows() as u64);
            }
        }
        writer.finish()?;
        file.0 = None;
        Ok(())
    }
}

/// A file that goes with this: half of one is none.
struct Unfinished(Option<PathBuf>);

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = std::fs::remove_file(path);
        }
    }
}

fn by_name(path: &Path) -> Option<RowFormat> {
    Some(match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "json" | "jsonl" | "ndjson" => RowFormat::Json,
        "csv" => RowFormat::Csv,
        "arrow" | "arrows" => RowFormat::Arrow,
        "parquet" => RowFormat::Parquet,
        "txt" => RowFormat::Table,
        _ => return None,
    })
}
