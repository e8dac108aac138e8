use clap::Args;
use datashard::spec::SchemaUpdate;
use datashard::{Result, Table};
use futures::{StreamExt, stream};
use serde_json::json;

use crate::address::Address;
use crate::exit::Done;
use crate::infer::within_v2;
use crate::input::Input;
use crate::output::Output;

/// Appends rows of files or of stdin, all of them in one commit, or none.
///
/// Columns are matched by name. A value that a column does not hold exactly is an error that names file, line, column and
/// value.
#[derive(Debug, Args)]
pub(crate) struct Append {
    /// s3://bucket/path, or a folder.
    table: Address,
    #[command(flatten)]
    input: Input,
    /// Appends to this branch.
    #[arg(long, value_name = "NAME")]
    branch: Option<String>,
    /// Appends once for each key, whoever repeats it.
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// Adds the columns that the table does not have, and widens types as files say theirs. Not with stdin.
    #[arg(long)]
    evolve: bool,
}

/// What became of it.
struct Appended {
    version: u64,
    snapshot_id: Option<i64>,
    rows: u64,
    repeated: bool,
    attempts: u32,
    conflicts: u32,
}

impl Append {
    pub(crate) async fn run(self, output: &Output) -> Done {
        let table = self.table.open(output).await?;
        let Some(done) = self.append(&table, output).await? else {
            let json = json!({"location": table.location(), "version": table.version(), "rows": 0});
            return output.done(format!("there were no rows to append to {}", table.location()), &json);
        };
        let json = json!({
            "location": table.location(), "version": done.version, "snapshot_id": done.snapshot_id, "rows": done.rows,
            "repeated": done.repeated, "attempts": done.attempts, "conflicts": done.conflicts,
        });
        let snapshot = done.snapshot_id.map(|id| format!(", snapshot {id}")).unwrap_or_default();
        let (verb, rows, version) = (if done.repeated { "had appended" } else { "appended" }, done.rows, done.version);
        output.done(format!("{verb} {rows} rows to {} (version {version}{snapshot})", table.location()), &json)
    }

    async fn append(&self, table: &Table, output: &Output) -> Result<Option<Appended>> {
        let own = table.schema()?;
        let mut added = if self.evolve { self.input.new_columns(&own)? } else { None };
        if table.metadata().format_version < 3 {
            added = added.map(|added| within_v2(&added)).transpose()?;
        }
        let schema = match &added {
            Some(added) => {
                let more = added.fields().iter().filter(|field| !own.fields().iter().any(|own| own.name == field.name));
                datashard::spec::Schema::new(own.fields().iter().chain(more).cloned())?
            }
            None => own.as_ref().clone(),
        };
        let mut rows = self.input.rows(&schema, added.is_some(), output)?;
        // A commit of nothing would be a version of the table for nobody.
        let Some(first) = rows.next().await else { return Ok(None) };
        let rows = stream::iter([first]).chain(rows);
        let Some(added) = added else {
            let mut append = table.append_stream(rows);
            if let Some(branch) = &self.branch {
                append = append.to_branch(branch);
            }
            if let Some(key) = &self.idempotency_key {
                append = append.idempotency_key(key);
            }
            let done = append.await?;
            return Ok(Some(Appended {
                version: done.version,
                snapshot_id: Some(done.snapshot_id),
                rows: done.rows,
                repeated: done.repeated,
                attempts: done.attempts,
                conflicts: done.conflicts,
            }));
        };
        let update = SchemaUpdate::new().union_by_name(added);
        let mut change = table.transaction().update_schema(update).append_stream(rows);
        if let Some(branch) = &self.branch {
            change = change.to_branch(branch);
        }
        if let Some(key) = &self.idempotency_key {
            change = change.idempotency_key(key);
        }
        let done = change.await?;
        Ok(Some(Appended {
            version: done.version,
            snapshot_id: done.snapshot_ids.last().copied(),
            rows: done.rows,
            repeated: done.repeated,
            attempts: done.attempts,
            conflicts: done.conflicts,
        }))
    }
}
