mod layout;

use std::sync::Arc;

use arrow_array::RecordBatch;
use clap::Args;
use datashard::parquet::conform;
use datashard::spec::{Schema, SchemaUpdate};
use datashard::store::{GetOptions, ObjectStore};
use datashard::{Error, ErrorKind, Result, Table};
use futures::{Stream, StreamExt, stream};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::json;

use crate::address::Address;
use crate::exit::{Done, invalid};
use crate::infer::within_v2;
use crate::input::guarded_as;
use crate::output::Output;
use crate::progress::Progress;
use layout::Layout;

/// Makes a table of one that the Python package datashard 0.2 wrote: its rows, in one commit.
///
/// What that package calls the current snapshot has the rows of its last append alone, so that the files of all snapshots
/// are taken. The old table stays as it is. Tables of datashard 0.11 are Iceberg: they need no import.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The old table: s3://bucket/path, or a folder.
    from: Address,
    /// The new one: s3://bucket/path, or a folder, where no table is.
    to: Address,
    /// Takes data files that no snapshot names, too: of commits that were lost, or that failed.
    #[arg(long)]
    unnamed: bool,
    /// Leaves out what cannot be read, and says what, instead of failing.
    #[arg(long)]
    skip_unreadable: bool,
}

/// A data file that can be read, and how many rows it has.
struct File {
    key: String,
    rows: u64,
}

impl Import {
    pub(crate) async fn run(self, output: &Output) -> Done {
        let (store, root) = self.from.store()?;
        let mut layout = Layout::read(&store, &root).await?;
        let mut keys = std::mem::take(&mut layout.named);
        if self.unnamed {
            keys.append(&mut layout.unnamed);
        }
        let mut files: Vec<File> = Vec::new();
        let mut columns: Option<Table> = None;
        for key in keys {
            match look(&store, &key, &mut columns).await {
                Ok(file) => files.push(file),
                Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::NotFound) => {
                    layout.unread.push((key, error.message().to_owned()));
                }
                Err(error) => return Err(error.into()),
            }
        }
        if !self.skip_unreadable
            && let Some((path, why)) = layout.unread.first()
        {
            let more = layout.unread.len() - 1;
            let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
            let message = format!("{path}: {why}{more}; --skip-unreadable imports the rest");
            return Err(Error::new(ErrorKind::InvalidData, message).into());
        }
        let Some(columns) = columns else {
            return Err(Error::new(ErrorKind::NotFound, "there are no data files with columns to import").into());
        };
        let target = self.make(&columns, &store, &files, output).await?;
        tell(&target, &root, &layout, &files, output)
    }

    /// The new table, with the rows.
    async fn make(
        &self,
        columns: &Table,
        store: &Arc<dyn ObjectStore>,
        files: &[File],
        output: &Output,
    ) -> Result<Table> {
        let schema = columns.schema()?;
        let (warehouse, name) = self.to.create(output)?;
        let target = warehouse.create(&name).schema(schema.as_ref().clone()).await?;
        let total = files.iter().map(|file| file.rows).sum();
        let progress = Progress::count(output, "importing rows", Some(total));
        let rows = rows(store.clone(), files, target.schema()?);
        let rows = rows.inspect(|batch| progress.add(batch.as_ref().map_or(0, |batch| batch.num_rows() as u64)));
        match target.append_stream(rows).await {
            Ok(_) => Ok(target),
            Err(error) if error.kind() == ErrorKind::CommitStateUnknown => Err(error),
            Err(error) => Err(match warehouse.drop_table(&name).await {
                Ok(()) => error,
                Err(_) => error.context(format!("{} is left without rows", target.location())),
            }),
        }
    }
}

/// Reads a file's footer, and widens the columns by those of the file: of a table in memory, which knows how.
async fn look(store: &Arc<dyn ObjectStore>, key: &str, columns: &mut Option<Table>) -> Result<File> {
    let reader = reader(store, key).await?;
    let rows = reader.metadata().file_metadata().num_rows();
    let own = within_v2(&Schema::try_from(reader.schema().as_ref())?)?;
    let mut fields = own.fields().to_vec();
    // What one file always has another may lack.
    fields.iter_mut().for_each(|field| field.required = false);
    let schema = Schema::new(fields)?;
    match columns {
        Some(known) => drop(known.update_schema(SchemaUpdate::new().union_by_name(schema)).await?),
        None => {
            let memory = datashard::Warehouse::new(datashard::store::MemoryStore::new());
            *columns = Some(memory.create("columns").schema(schema).await?);
        }
    }
    Ok(File { key: key.to_owned(), rows: u64::try_from(rows).unwrap_or(0) })
}

async fn reader(store: &Arc<dyn ObjectStore>, key: &str) -> Result<ParquetRecordBatchReaderBuilder<bytes::Bytes>> {
    let bytes = store.get(key, GetOptions::default()).await?.bytes;
    guarded_as(key, || {
        ParquetRecordBatchReaderBuilder::try_new(bytes)
            .map_err(|error| invalid(format!("it is damaged, or no Parquet file: {error}")))
    })
}

/// The rows of the files, one file in memory at a time.
fn rows<'a>(
    store: Arc<dyn ObjectStore>,
    files: &'a [File],
    schema: Arc<Schema>,
) -> impl Stream<Item = Result<RecordBatch>> + Send + 'a {
    stream::iter(files)
        .then(move |file| {
            let (store, schema) = (store.clone(), schema.clone());
            async move {
                let read = || async {
                    let reader = reader(&store, &file.key).await?;
                    guarded_as(&file.key, || {
                        let reader = reader.build().map_err(|error| invalid(error.to_string()))?;
                        let batches = reader.map(|batch| {
                            let batch = batch.map_err(|error| invalid(error.to_string()))?;
                            conform(&schema, &batch)
                        });
                        batches.collect::<Result<Vec<_>>>()
                    })
                };
                match read().await {
                    Ok(batches) => stream::iter(batches.into_iter().map(Ok).collect::<Vec<_>>()),
                    Err(error) => stream::iter(vec![Err(error.context(&file.key))]),
                }
            }
        })
        .flatten()
}

fn tell(target: &Table, root: &str, layout: &Layout, files: &[File], output: &Output) -> Done {
    let rows: u64 = files.iter().map(|file| file.rows).sum();
    let named = |key: &str| key.strip_prefix(root).unwrap_or(key).trim_start_matches('/').to_owned();
    let json = json!({
        "to": target.location(),
        "version": target.version(),
        "rows": rows,
        "versions_found": layout.versions,
        "snapshots_found": layout.snapshots,
        "files": files.iter().map(|file| json!({"path": named(&file.key), "rows": file.rows})).collect::<Vec<_>>(),
        "unread": layout.unread.iter().map(|(path, why)| json!({"path": named(path), "error": why})).collect::<Vec<_>>(),
        "unnamed": layout.unnamed.iter().map(|key| named(key)).collect::<Vec<_>>(),
    });
    let mut text = format!("found {} snapshots in {} metadata files\n", layout.snapshots, layout.versions);
    for file in files {
        text += &format!("{:>12} rows of {}\n", file.rows, named(&file.key));
    }
    for (path, why) in &layout.unread {
        text += &format!("not read: {}: {why}\n", named(path));
    }
    for key in &layout.unnamed {
        text += &format!("left out, since no snapshot names it (--unnamed takes it): {}\n", named(key));
    }
    output.done(format!("{text}imported {rows} rows to {}", target.location()), &json)
}
