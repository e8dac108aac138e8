use clap::Args;
use serde_json::json;

use crate::address::Address;
use crate::confirm::{Agreed, Confirm};
use crate::exit::{Done, invalid};
use crate::output::Output;

/// Drops a table: readers and writers find it no more. Its files stay where they are.
#[derive(Debug, Args)]
pub(crate) struct Drop {
    /// s3://bucket/path, or a folder.
    table: Address,
    #[command(flatten)]
    confirm: Confirm,
}

impl Drop {
    pub(crate) async fn run(self, output: &Output) -> Done {
        let (warehouse, name) = self.table.existing(output)?;
        let table = self.table.open(output).await?;
        if table.name() != name {
            return Err(invalid("a metadata file is no table that can be dropped").into());
        }
        let (location, snapshots) = (table.location(), table.snapshots().len());
        let totals = table.metadata().current_snapshot().and_then(|snapshot| snapshot.summary.totals());
        let (rows, files) = totals.map_or((0, 0), |totals| (totals.records, totals.data_files + totals.delete_files));
        let plan = format!("drop {location}: {rows} rows in {files} files, {snapshots} snapshots. The files stay.");
        let json = json!({"location": location, "rows": rows, "files": files, "snapshots": snapshots});
        if self.confirm.plan(output, &plan, json)? == Agreed::No {
            return Ok(());
        }
        warehouse.drop_table(&name).await?;
        output.done(format!("dropped {location}"), &json!({"location": location, "dropped": true}))
    }
}
