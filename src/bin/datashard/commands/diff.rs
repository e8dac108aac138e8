use clap::Args;

use crate::address::Address;
use crate::at::named;
use crate::commands::cat::Which;
use crate::exit::Done;
use crate::output::Output;
use crate::rows::To;

/// Shows the rows that were inserted and deleted between two snapshots.
///
/// Each with _change_type (insert or delete), _change_ordinal (the order of the commits) and _commit_snapshot_id.
#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// s3://bucket/path, a folder, or a metadata file.
    table: Address,
    /// What was changed after this snapshot: its id, or the name of a branch or tag.
    from: String,
    /// Up to this one; by default the newest of main.
    to: Option<String>,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    into: To,
}

impl Diff {
    pub(crate) async fn run(self, output: &Output) -> Done {
        let table = self.table.open(output).await?;
        let mut scan = table.scan();
        if let Some(to) = &self.to {
            scan = scan.at_snapshot(named(&table, to)?);
        }
        let changes = self.which.of(scan.changes_since(named(&table, &self.from)?)).stream().await?;
        self.into.open(output, &changes.schema())?.write_all(changes).await
    }
}
