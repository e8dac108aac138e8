use arrow_array::RecordBatch;
use clap::Args;
use futures::StreamExt;

use crate::address::Address;
use crate::at::At;
use crate::exit::Done;
use crate::output::Output;
use crate::rows::To;

/// What people are shown of a file.
const SHOWN: [&str; 5] = ["content", "file_path", "partition", "record_count", "file_size_in_bytes"];

/// Lists the data and delete files of a snapshot: content is 0 of data, 1 of position deletes, 2 of equality deletes.
///
/// As a table their paths, partitions, rows and bytes; in other formats all that is known, metrics and bounds too.
#[derive(Debug, Args)]
pub(crate) struct Files {
    /// s3://bucket/path, a folder, or a metadata file.
    table: Address,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    to: To,
}

impl Files {
    pub(crate) async fn run(self, output: &Output) -> Done {
        let table = self.table.open(output).await?;
        let inspect = match self.at.snapshot(&table)? {
            Some(snapshot) => table.inspect().at_snapshot(snapshot.snapshot_id),
            None => table.inspect(),
        };
        let files = inspect.files().await?;
        let schema = files.schema();
        let all = (0..schema.fields().len()).collect::<Vec<_>>();
        let kept: Vec<usize> = match self.to.is_for_people(output) {
            true => SHOWN.iter().filter_map(|name| schema.index_of(name).ok()).collect(),
            false => all,
        };
        let none = RecordBatch::new_empty(schema).project(&kept);
        let malformed = |error| datashard::Error::new(datashard::ErrorKind::InvalidData, "the files").caused_by(error);
        let schema = none.map_err(malformed)?.schema();
        let files = files.map(move |batch| batch?.project(&kept).map_err(malformed));
        self.to.open(output, &schema)?.write_all(files).await
    }
}
