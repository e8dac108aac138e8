use arrow_array::RecordBatch;
use clap::Args;
use datashard::spec::{NestedField, PrimitiveType, Schema};
use datashard::{Result, Table, records_to_batch};
use futures::stream;
use serde_json::{Value as Json, json};

use crate::address::Address;
use crate::exit::Done;
use crate::output::Output;
use crate::rows::To;

/// Lists the snapshots that can still be read, the oldest first.
///
/// As a table how many rows each added, deleted and left; in other formats all that it says.
#[derive(Debug, Args)]
pub(crate) struct Snapshots {
    /// s3://bucket/path, a folder, or a metadata file.
    table: Address,
    /// Which snapshot became the current one when, instead.
    #[arg(long)]
    history: bool,
    /// Branches and tags, instead.
    #[arg(long, conflicts_with = "history")]
    refs: bool,
    #[command(flatten)]
    to: To,
}

impl Snapshots {
    pub(crate) async fn run(self, output: &Output) -> Done {
        let table = self.table.open(output).await?;
        let batch = match (self.history, self.refs) {
            (true, _) => table.inspect().history()?,
            (_, true) => table.inspect().refs()?,
            _ if self.to.is_for_people(output) => for_people(&table)?,
            _ => table.inspect().snapshots()?,
        };
        let schema = batch.schema();
        self.to.open(output, &schema)?.write_all(stream::iter([Ok(batch)])).await
    }
}

/// What people want to know of snapshots.
fn for_people(table: &Table) -> Result<RecordBatch> {
    use PrimitiveType::{Long, String, Timestamptz};
    let fields = [
        ("committed_at", Timestamptz),
        ("snapshot_id", Long),
        ("operation", String),
        ("added", Long),
        ("deleted", Long),
        ("rows", Long),
        ("refs", String),
    ];
    let schema = Schema::new(fields.map(|(name, of)| NestedField::optional(name, of)))?;
    let metadata = table.metadata();
    let record = |snapshot: &std::sync::Arc<datashard::spec::Snapshot>| {
        let refs = metadata.refs.iter().filter(|(_, to)| to.snapshot_id == snapshot.snapshot_id);
        let refs: Vec<&str> = refs.map(|(name, _)| name.as_str()).collect();
        let summary = &snapshot.summary;
        json!({
            "committed_at": snapshot.timestamp.to_string(), "snapshot_id": snapshot.snapshot_id,
            "operation": summary.operation.name(), "added": summary.count("added-records"),
            "deleted": summary.count("deleted-records"), "rows": summary.count("total-records"), "refs": refs.join(" "),
        })
    };
    let records: Vec<Json> = metadata.snapshots.iter().map(record).collect();
    records_to_batch(&schema, &records)
}
