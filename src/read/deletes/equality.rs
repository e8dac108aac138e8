use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::{BooleanArray, RecordBatch};
use futures::{StreamExt, lock, stream};

use crate::error::Result;
use crate::parquet::{DecodeOptions, Projection};
use crate::read::deletes::DELETES;
use crate::read::deletes::keys::Keys;
use crate::read::files::Files;
use crate::read::rows::{Limits, Rows};
use crate::runtime::BoxFuture;
use crate::spec::DataFile;

/// Values of the same columns whose rows are deleted, from the delete files of one partition, or those for all partitions.
/// A row is deleted if a file has its values and is newer than the row (spec: Scan Planning). Files are loaded when the
/// first data file needs them, and once.
#[derive(Debug)]
pub(crate) struct EqualityDeletes {
    /// The columns compared.
    pub(crate) ids: Vec<i32>,
    projection: Projection,
    files: Vec<(Arc<DataFile>, i64)>,
    loaded: lock::Mutex<Vec<bool>>,
    /// The newest sequence number with which each key was deleted.
    keys: Mutex<HashMap<Box<[u8]>, i64>>,
}

impl EqualityDeletes {
    /// Of files and their sequence numbers; the projection has the columns compared.
    pub(crate) fn new(ids: Vec<i32>, projection: Projection, files: Vec<(Arc<DataFile>, i64)>) -> Self {
        let loaded = lock::Mutex::new(vec![false; files.len()]);
        Self { ids, projection, files, loaded, keys: Mutex::default() }
    }

    pub(crate) fn paths(&self, chosen: &[usize]) -> impl Iterator<Item = &str> {
        chosen.iter().filter_map(|chosen| self.files.get(*chosen)).map(|(file, _)| file.file_path.as_str())
    }

    /// Loads these files, if they are not yet, so many at a time.
    pub(crate) async fn load(&self, files: &Files, chosen: &[usize], concurrency: usize) -> Result<()> {
        let mut loaded = self.loaded.lock().await;
        let limits = Limits::of(DELETES);
        let missing = chosen.iter().filter(|chosen| loaded.get(**chosen) == Some(&false));
        let loads: Vec<BoxFuture<'_, Result<usize>>> =
            missing.map(|chosen| self.load_one(files, *chosen, limits.clone())).collect();
        // In order, so that of several errors it is always the same.
        let mut loads = stream::iter(loads).buffered(concurrency.max(1));
        while let Some(done) = loads.next().await {
            if let Some(done) = loaded.get_mut(done?) {
                *done = true;
            }
        }
        Ok(())
    }

    fn load_one<'a>(&'a self, files: &'a Files, chosen: usize, limits: Limits) -> BoxFuture<'a, Result<usize>> {
        Box::pin(async move {
            let Some((file, sequence_number)) = self.files.get(chosen) else { return Ok(chosen) };
            let options = DecodeOptions { part_bytes: DELETES / 4, ..DecodeOptions::default() };
            let mut rows = Rows::open(files, file, &self.projection, None, options, limits).await?;
            while let Some(batch) = rows.next().await? {
                self.add(&batch, *sequence_number)?;
            }
            files.note(|report| report.delete_files += 1);
            Ok(chosen)
        })
    }

    fn add(&self, batch: &RecordBatch, sequence_number: i64) -> Result<()> {
        let keys = Keys::new(batch, &self.ids)?;
        let mut deleted = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = Vec::new();
        for row in 0..batch.num_rows() {
            keys.write(row, &mut key);
            match deleted.get_mut(key.as_slice()) {
                Some(newest) => *newest = (*newest).max(sequence_number),
                None => {
                    deleted.insert(key.as_slice().into(), sequence_number);
                }
            }
        }
        Ok(())
    }

    /// Which rows of a batch, all of one sequence number, are not deleted. All files that apply are loaded; what others
    /// delete is older, or applies too.
    pub(crate) fn kept(&self, batch: &RecordBatch, sequence_number: i64) -> Result<BooleanArray> {
        let keys = Keys::new(batch, &self.ids)?;
        let deleted = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = Vec::new();
        let kept = (0..batch.num_rows()).map(|row| {
            keys.write(row, &mut key);
            deleted.get(key.as_slice()).is_none_or(|newest| *newest <= sequence_number)
        });
        Ok(kept.collect::<Vec<_>>().into())
    }
}
