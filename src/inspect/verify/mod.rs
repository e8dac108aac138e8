//! Whether a table is what its metadata says.

mod file;
mod listing;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};

use crate::error::{Error, ErrorKind, Result};
use crate::inspect::Inspect;
use crate::inspect::verify::file::Listed;
use crate::inspect::verify::listing::Listing;
use crate::read::Files;
use crate::runtime::BoxStream;
use crate::scan::{ScanBuilder, Source};
use crate::spec::{Snapshot, TableMetadata};

/// How many files are looked at at a time.
const CONCURRENCY: usize = 8;

/// How thoroughly a table is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// All metadata, and of each file its size and, if it is a Parquet file, its footer.
    Footers,
    /// Also all rows.
    Rows,
}

/// A file that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Its URI; or what else is wrong, if it is no file.
    pub path: String,
    /// What is wrong with it, each a sentence without a full stop. None if all is well.
    pub problems: Vec<String>,
}

impl Inspect {
    /// Checks that the table is what its metadata says, over all snapshots that can still be read, with what
    /// [`at_snapshot`](Self::at_snapshot) says left aside. Each file is told once, with what is wrong with it:
    ///
    /// - branches and tags, and the schemas of snapshots, are there;
    /// - manifest lists and manifests can be read, have the length that is said, and as many files and rows; the totals of
    ///   snapshots are those of their files, no file is in a snapshot twice, and partitions are within their summaries;
    /// - data and delete files are there with the size that is said, and the footers of Parquet files have as many rows and
    ///   nulls, and no values beyond the bounds;
    /// - with [`Depth::Rows`], that all data files can be read, and that their rows are as many, within the bounds, and of
    ///   the partition.
    ///
    /// What is listed is held in memory. An error ends it: the store cannot be asked.
    pub fn verify(&self, depth: Depth) -> BoxStream<'static, Result<Checked>> {
        let table = Verified {
            source: self.source.clone(),
            metadata: self.head.metadata.clone(),
            files: Files::new(self.source.handle.clone()),
        };
        Box::pin(stream::once(async move { table.run(depth).await }).try_flatten())
    }
}

/// A table that is looked at.
#[derive(Clone)]
struct Verified {
    source: Source,
    metadata: Arc<TableMetadata>,
    files: Files,
}

impl Verified {
    async fn run(self, depth: Depth) -> Result<BoxStream<'static, Result<Checked>>> {
        let mut listing = Listing::default();
        listing.checked.push(self.references());
        // The newest first: its files are read with its columns.
        for snapshot in self.metadata.snapshots.iter().rev() {
            listing.add(&self, snapshot).await?;
        }
        let Listing { checked, files, .. } = listing;
        let mut by_snapshot: BTreeMap<i64, Vec<String>> = BTreeMap::new();
        for file in files.values() {
            by_snapshot.entry(file.snapshot_id).or_default().push(file.data_file.file_path.clone());
        }
        let table = self.clone();
        let footers = files.into_values().map(move |file: Listed| {
            let table = table.clone();
            async move { table.file(&file).await }
        });
        let footers = stream::iter(footers.collect::<Vec<_>>()).buffered(CONCURRENCY);
        let all = stream::iter(checked).map(Ok).chain(footers);
        if depth == Depth::Footers {
            return Ok(Box::pin(all));
        }
        let rows = stream::iter(by_snapshot).then(move |(snapshot_id, paths)| {
            let table = self.clone();
            async move { table.rows_of(snapshot_id, paths).await }
        });
        Ok(Box::pin(all.chain(rows.try_flatten())))
    }

    /// What the metadata says of itself.
    fn references(&self) -> Checked {
        let mut problems = Vec::new();
        for (name, to) in &self.metadata.refs {
            if self.metadata.snapshot(to.snapshot_id).is_none() {
                problems.push(format!("`{name}` is of snapshot {}, which is not there", to.snapshot_id));
            }
        }
        for snapshot in &self.metadata.snapshots {
            if let Err(error) = self.metadata.schema_of(snapshot) {
                problems.push(format!("snapshot {}: {error}", snapshot.snapshot_id));
            }
        }
        Checked { path: "the table's metadata".into(), problems }
    }

    fn scan(&self, snapshot_id: i64) -> ScanBuilder {
        ScanBuilder::of(self.source.clone(), self.metadata.clone()).at_snapshot(snapshot_id)
    }
}

/// What an error says of the table; one of the store's is none of its problems.
fn problem(error: Error) -> Result<String> {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::Unsupported => {
            Ok(error.to_string())
        }
        _ => Err(error),
    }
}

/// What a list of manifests is called.
fn list_of(snapshot: &Snapshot) -> String {
    match &snapshot.manifests {
        crate::spec::ManifestSource::List(uri) => uri.clone(),
        crate::spec::ManifestSource::Inline(_) => format!("the manifests of snapshot {}", snapshot.snapshot_id),
    }
}
