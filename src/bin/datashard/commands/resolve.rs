use clap::Args;
use datashard::Resolution;
use serde_json::json;

use crate::address::Address;
use crate::exit::Done;
use crate::output::Output;

/// Settles a commit whose outcome was unknown (exit code 10): whether it is in the table. If it is not, it never will be.
#[derive(Debug, Args)]
pub(crate) struct Resolve {
    /// s3://bucket/path, or a folder.
    table: Address,
    /// The token that the error has told.
    token: String,
}

impl Resolve {
    pub(crate) async fn run(self, output: &Output) -> Done {
        let table = self.table.open(output).await?;
        match table.resolve(&self.token).await? {
            Resolution::Committed { version } => {
                let json = json!({"committed": true, "version": version});
                output.answer(format!("committed, as version {version}"), &json)
            }
            Resolution::NotCommitted => {
                output.answer("not committed: it may be repeated", &json!({"committed": false}))
            }
        }
    }
}
