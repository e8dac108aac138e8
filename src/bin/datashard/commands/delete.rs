use clap::Args;
use datashard::Table;
use datashard::scan::ScanPlan;
use serde_json::json;

use crate::address::Address;
use crate::confirm::{Agreed, Confirm};
use crate::exit::Done;
use crate::output::Output;

/// Deletes rows. Tells first which files are concerned, and asks.
#[derive(Debug, Args)]
pub(crate) struct Delete {
    /// s3://bucket/path, or a folder.
    table: Address,
    /// The rows that satisfy this: "at < '2026-01-01'". Those of which it is not true, since a column is null, stay.
    #[arg(long, value_name = "CONDITION")]
    filter: String,
    /// Deletes from this branch.
    #[arg(long, value_name = "NAME")]
    branch: Option<String>,
    /// Commits once for each key, whoever repeats it.
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    #[command(flatten)]
    confirm: Confirm,
}

impl Delete {
    pub(crate) async fn run(self, output: &Output) -> Done {
        let table = self.table.open(output).await?;
        let (plan, snapshot_id) = self.plan(&table).await?;
        let agreed = self.confirm.plan(output, &plan.text(&table), plan.json(&table))?;
        if agreed == Agreed::No {
            return Ok(());
        }
        let mut change = table.delete(self.filter);
        if let Some(branch) = self.branch {
            change = change.to_branch(branch);
        }
        if let Some(key) = self.idempotency_key {
            change = change.idempotency_key(key);
        }
        if let (Agreed::ToPlan, Some(snapshot_id)) = (agreed, snapshot_id) {
            // What was agreed to is the plan, and not what others have done since.
            change = change.decided_on(snapshot_id);
        }
        let done = change.await?;
        let json = json!({
            "location": table.location(), "version": done.version, "snapshot_ids": done.snapshot_ids,
            "deleted": done.deleted, "repeated": done.repeated, "attempts": done.attempts, "conflicts": done.conflicts,
        });
        let verb = if done.repeated { "had deleted" } else { "deleted" };
        output.done(format!("{verb} {} rows of {} (version {})", done.deleted, table.location(), done.version), &json)
    }

    async fn plan(&self, table: &Table) -> datashard::Result<(Plan, Option<i64>)> {
        let scan = || match &self.branch {
            Some(branch) => table.scan().at_ref(branch),
            None => table.scan(),
        };
        let all = scan().plan().await?;
        let found = scan().filter(self.filter.clone()).plan().await?;
        Ok((Plan::of(&all, &found), all.report.snapshot_id))
    }
}

/// What is about to be deleted, as far as metadata tells.
struct Plan {
    /// Files, and how many of them go as a whole, and are looked into.
    files: usize,
    whole: usize,
    partly: usize,
    /// Rows that certainly go, and that may.
    rows: u64,
    rows_at_most: u64,
}

impl Plan {
    fn of(all: &ScanPlan, found: &ScanPlan) -> Self {
        let mut plan = Self { files: all.tasks.len(), whole: 0, partly: 0, rows: 0, rows_at_most: 0 };
        let mut one = found.clone();
        for task in &found.tasks {
            one.tasks = vec![task.clone()];
            match one.exact_count() {
                Some(rows) => {
                    plan.whole += 1;
                    plan.rows += rows;
                    plan.rows_at_most += rows;
                }
                None => {
                    plan.partly += 1;
                    plan.rows_at_most += task.data_file.metrics.record_count;
                }
            }
        }
        plan
    }

    fn text(&self, table: &Table) -> String {
        let Self { files, whole, partly, rows, rows_at_most } = self;
        let location = table.location();
        let rows = if rows == rows_at_most { rows.to_string() } else { format!("{rows} to {rows_at_most}") };
        format!("delete {rows} rows of {location}: of {files} files {whole} as a whole, {partly} in part or not at all")
    }

    fn json(&self, table: &Table) -> serde_json::Value {
        json!({
            "location": table.location(), "files": self.files, "files_whole": self.whole, "files_in_part": self.partly,
            "rows_at_least": self.rows, "rows_at_most": self.rows_at_most,
        })
    }
}
