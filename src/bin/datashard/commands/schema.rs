use clap::Args;

use crate::address::Address;
use crate::at::At;
use crate::exit::Done;
use crate::output::Output;
use crate::schema_text;

/// Shows the columns: as `create --schema` takes them, or with --json as `create --schema-file` does.
#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// s3://bucket/path, a folder, or a metadata file.
    table: Address,
    #[command(flatten)]
    at: At,
}

impl Schema {
    pub(crate) async fn run(self, output: &Output) -> Done {
        let table = self.table.open(output).await?;
        let metadata = table.metadata();
        let schema = match self.at.snapshot(&table)? {
            Some(snapshot) if !self.at.is_branch(&table) => metadata.schema_of(&snapshot)?.clone(),
            _ => table.schema()?,
        };
        output.answer(schema_text::format(&schema, "\n"), &schema.to_json())
    }
}
