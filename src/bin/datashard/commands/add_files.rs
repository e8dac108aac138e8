use clap::Args;
use serde_json::json;

use crate::address::Address;
use crate::exit::Done;
use crate::output::Output;

/// Appends Parquet files that are where the table may have its files, as they are, in one commit.
///
/// They belong to the table from then on. Of each the footer is read: it must have the table's columns, by name or by field
/// id, and rows of one partition.
#[derive(Debug, Args)]
pub(crate) struct AddFiles {
    /// s3://bucket/path, or a folder.
    table: Address,
    /// Paths in the table (data/x.parquet), or URIs.
    #[arg(required = true)]
    files: Vec<String>,
    /// Appends to this branch.
    #[arg(long, value_name = "NAME")]
    branch: Option<String>,
}

impl AddFiles {
    pub(crate) async fn run(self, output: &Output) -> Done {
        let table = self.table.open(output).await?;
        let files = self.files.len();
        let mut change = table.add_files(self.files);
        if let Some(branch) = self.branch {
            change = change.to_branch(branch);
        }
        let done = change.await?;
        let json = json!({
            "location": table.location(), "version": done.version, "snapshot_id": done.snapshot_ids.last(), "files": files,
            "rows": done.rows,
        });
        let (rows, version) = (done.rows, done.version);
        output.done(format!("added {files} files of {rows} rows to {} (version {version})", table.location()), &json)
    }
}
