use clap::Args;
use datashard::scan::ScanStream;
use datashard::spec::{PartitionSpec, SortOrder};
use datashard::{CreateTable, Error, ErrorKind, Result, Table};
use futures::StreamExt;
use serde_json::json;

use crate::address::Address;
use crate::at::At;
use crate::exit::Done;
use crate::output::Output;
use crate::progress::Progress;
use crate::term_text;

/// Copies a table's rows, columns, partitioning, order and properties to a new table elsewhere, in one commit.
///
/// Not copied are its history (other snapshots, branches, tags), which columns identify rows, and the ids of columns. Rows
/// that were deleted are left out.
#[derive(Debug, Args)]
pub(crate) struct Copy {
    /// s3://bucket/path, a folder, or a metadata file.
    from: Address,
    /// s3://bucket/path, or a folder, where no table is.
    to: Address,
    #[command(flatten)]
    at: At,
}

impl Copy {
    pub(crate) async fn run(self, output: &Output) -> Done {
        let source = self.from.open(output).await?;
        let rows = self.at.scan(&source).stream().await?;
        let total = self.at.snapshot(&source)?.and_then(|snapshot| snapshot.summary.totals());
        let (warehouse, name) = self.to.create(output)?;
        let create = like(warehouse.create(&name), &source, &self.at)?;
        let target = create.await?;
        let progress = Progress::count(output, "copying rows", total.map(|totals| totals.records));
        let copied = match append(&target, rows, progress).await {
            Ok(copied) => copied,
            Err(error) if error.kind() == ErrorKind::CommitStateUnknown => return Err(error.into()),
            Err(error) => {
                // Nothing of it is in the table, which was made for it alone.
                return Err(match warehouse.drop_table(&name).await {
                    Ok(()) => error.into(),
                    Err(_) => error.context(format!("{} is left without rows", target.location())).into(),
                });
            }
        };
        let (from, to) = (source.location(), target.location());
        let json = json!({"from": from, "to": to, "rows": copied, "version": target.version()});
        output.done(format!("copied {copied} rows of {from} to {to}, without its history"), &json)
    }
}

/// Rows as they come, with an error of reading told from one of writing.
async fn append(target: &Table, rows: ScanStream, progress: Progress) -> Result<u64> {
    let mut rows = rows.inspect(|batch| progress.add(batch.as_ref().map_or(0, |batch| batch.num_rows() as u64)));
    let Some(first) = rows.next().await else { return Ok(0) };
    let rows = futures::stream::iter([first]).chain(rows);
    Ok(target.append_stream(rows).await?.rows)
}

/// A table of the same columns and layout.
fn like(mut create: CreateTable, source: &Table, at: &At) -> Result<CreateTable> {
    let metadata = source.metadata();
    let schema = match at.snapshot(source)? {
        Some(snapshot) if !at.is_branch(source) => metadata.schema_of(&snapshot)?.clone(),
        _ => metadata.current_schema()?.clone(),
    };
    let spec: &PartitionSpec = metadata.partition_spec(metadata.default_spec_id)?;
    let order: &SortOrder = metadata.sort_order()?;
    let layout = |error: Error| error.context("the table's layout does not suit its columns");
    create = create.partition_by(term_text::of_partition(spec, &schema).map_err(layout)?);
    create = create.sort_by(term_text::of_order(order, &schema).map_err(layout)?);
    for (name, value) in &metadata.properties {
        // What is about this table's own files and commits is not about another's.
        let is_own =
            ["datashard.", "write.data.path", "write.metadata.path", "write.folder-storage", "schema.name-mapping"];
        let is_own = is_own.iter().any(|own| name.starts_with(own)) && !name.starts_with("datashard.write.");
        if !is_own && !["created-by", "format-version"].contains(&name.as_str()) {
            create = create.property(name, value);
        }
    }
    Ok(create.format_version(metadata.format_version.max(2)).schema(schema.as_ref().clone()))
}
