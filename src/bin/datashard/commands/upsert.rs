use clap::Args;
use serde_json::json;

use crate::address::Address;
use crate::exit::Done;
use crate::input::Input;
use crate::output::Output;

/// Puts rows in the place of those with the same key, and appends the others, in one commit.
///
/// Of several rows with the same key the last stays. The rows are held in memory.
#[derive(Debug, Args)]
pub(crate) struct Upsert {
    /// s3://bucket/path, or a folder.
    table: Address,
    #[command(flatten)]
    input: Input,
    /// The columns that are the key: id or region,id. By default those that identify the table's rows.
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    on: Vec<String>,
    /// Appends the rows whose key is new, and leaves the others out.
    #[arg(long)]
    only_new: bool,
    /// Changes this branch.
    #[arg(long, value_name = "NAME")]
    branch: Option<String>,
    /// Commits once for each key, whoever repeats it.
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
}

impl Upsert {
    pub(crate) async fn run(self, output: &Output) -> Done {
        let table = self.table.open(output).await?;
        let rows = self.input.rows(&*table.schema()?, false, output)?;
        let change = table.transaction();
        let mut change = match self.only_new {
            true => change.append_new_stream(rows, self.on),
            false => change.upsert_stream(rows, self.on),
        };
        if let Some(branch) = self.branch {
            change = change.to_branch(branch);
        }
        if let Some(key) = self.idempotency_key {
            change = change.idempotency_key(key);
        }
        let done = change.await?;
        let json = json!({
            "location": table.location(), "version": done.version, "snapshot_ids": done.snapshot_ids,
            "rows": done.rows, "deleted": done.deleted, "repeated": done.repeated, "attempts": done.attempts,
            "conflicts": done.conflicts,
        });
        let verb = if done.repeated { "had put" } else { "put" };
        let (rows, deleted, version) = (done.rows, done.deleted, done.version);
        let place = table.location();
        output.done(
            format!("{verb} {rows} rows into {place}, {deleted} of them in the place of others (version {version})"),
            &json,
        )
    }
}
