use clap::Args;

use crate::address::Address;
use crate::at::At;
use crate::exit::Done;
use crate::output::Output;
use crate::rows::To;

/// Shows rows.
#[derive(Debug, Args)]
pub(crate) struct Cat {
    /// s3://bucket/path, a folder, or a metadata file.
    table: Address,
    #[command(flatten)]
    pub(crate) which: Which,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    to: To,
}

/// Which rows and columns.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Only these columns, in this order: id,level. Also _file, _pos, _partition, ...
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub(crate) select: Vec<String>,
    /// Only rows that satisfy this: "level in ('warn', 'error') and at >= '2026-11-01'".
    #[arg(long, value_name = "CONDITION")]
    pub(crate) filter: Option<String>,
    /// At most this many rows.
    #[arg(long, value_name = "ROWS")]
    pub(crate) limit: Option<u64>,
    /// Rows in the order of the files, which is the same each time.
    #[arg(long)]
    pub(crate) ordered: bool,
}

impl Which {
    pub(crate) fn of(self, mut scan: datashard::scan::ScanBuilder) -> datashard::scan::ScanBuilder {
        if !self.select.is_empty() {
            scan = scan.select(self.select);
        }
        if let Some(filter) = self.filter {
            scan = scan.filter(filter);
        }
        if let Some(limit) = self.limit {
            scan = scan.limit(limit);
        }
        if self.ordered { scan.ordered() } else { scan }
    }
}

impl Cat {
    pub(crate) async fn run(self, output: &Output) -> Done {
        let table = self.table.open(output).await?;
        let rows = self.which.of(self.at.scan(&table)).stream().await?;
        self.to.open(output, &rows.schema())?.write_all(rows).await
    }
}
