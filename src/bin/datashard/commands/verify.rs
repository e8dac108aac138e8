use clap::Args;
use datashard::inspect::Depth;
use futures::TryStreamExt;
use serde_json::json;

use crate::address::Address;
use crate::exit::{Done, Failure};
use crate::output::Output;
use crate::progress::Progress;

/// Checks that a table is what its metadata says: that all files of all snapshots are there, with the size, rows, nulls and
/// bounds that are said. Tells each problem; the exit code is 1 if there is one.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// s3://bucket/path, a folder, or a metadata file.
    table: Address,
    /// Reads all rows, and not the footers of files alone.
    #[arg(long)]
    deep: bool,
}

impl Verify {
    pub(crate) async fn run(self, output: &Output) -> Done {
        let table = self.table.open(output).await?;
        let depth = if self.deep { Depth::Rows } else { Depth::Footers };
        let mut checks = table.inspect().verify(depth);
        let progress = Progress::count(output, "checking", None);
        let (mut checked, mut found) = (0, 0);
        while let Some(file) = checks.try_next().await? {
            checked += 1;
            progress.add(1);
            for problem in file.problems {
                found += 1;
                let json = json!({"path": file.path, "problem": problem});
                progress.pause(|| output.answer(format!("{}: {problem}", file.path), &json))?;
            }
        }
        drop(progress);
        if found > 0 {
            return Err(Failure::Problems(found));
        }
        let json = json!({"location": table.location(), "checked": checked, "problems": 0});
        output.done(format!("{} is what its metadata says: {checked} checks", table.location()), &json)
    }
}
