use clap::Args;
use serde_json::json;

use crate::address::Address;
use crate::at::At;
use crate::exit::Done;
use crate::output::Output;

/// Counts rows, by what metadata says where that is exact.
#[derive(Debug, Args)]
pub(crate) struct Count {
    /// s3://bucket/path, a folder, or a metadata file.
    table: Address,
    /// Only rows that satisfy this: "level = 'error'".
    #[arg(long, value_name = "CONDITION")]
    filter: Option<String>,
    #[command(flatten)]
    at: At,
}

impl Count {
    pub(crate) async fn run(self, output: &Output) -> Done {
        let table = self.table.open(output).await?;
        let mut scan = self.at.scan(&table);
        if let Some(filter) = self.filter {
            scan = scan.filter(filter);
        }
        let rows = scan.count().await?;
        output.answer(rows, &json!({ "rows": rows }))
    }
}
