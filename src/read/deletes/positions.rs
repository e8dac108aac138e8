use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, RecordBatch};
use futures::lock::Mutex;

use crate::error::{Error, Result, ResultExt};
use crate::expr::col;
use crate::parquet::{DecodeOptions, Projection};
use crate::read::deletes::DELETES;
use crate::read::deletion_vector;
use crate::read::files::Files;
use crate::read::rows::{Limits, Rows};
use crate::spec::metadata_columns::position_delete_schema;
use crate::spec::{DataFile, Positions};

/// Deleted positions that lie in one file, for the data files of a scan. They are loaded once, when first asked for.
#[derive(Debug)]
pub(crate) struct PositionDeletes {
    pub(crate) path: String,
    source: Source,
    loaded: Mutex<Option<Arc<ByFile>>>,
}

/// By the path of the data file.
type ByFile = HashMap<String, Arc<Positions>>;

/// Where positions are.
#[derive(Debug)]
pub(crate) enum Source {
    /// In rows of a position delete file; those of these data files are wanted, or all.
    Rows(Listed, Option<Vec<String>>),
    /// In deletion vectors that lie near each other in one file.
    Vectors(Vec<Listed>),
}

/// A delete file, or a deletion vector, and the URI of the manifest that lists it.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) file: Arc<DataFile>,
    pub(crate) manifest: Arc<str>,
}

impl PositionDeletes {
    pub(crate) fn new(path: String, source: Source) -> Self {
        Self { path, source, loaded: Mutex::default() }
    }

    /// Positions in one data file that no delete file has.
    pub(crate) fn known(data_file: String, positions: Positions) -> Self {
        let by_file = HashMap::from([(data_file, Arc::new(positions))]);
        Self { path: String::new(), source: Source::Vectors(Vec::new()), loaded: Mutex::new(Some(Arc::new(by_file))) }
    }

    /// How many rows of a data file they delete, if that is known without loading them. Rows of delete files may repeat
    /// each other.
    pub(crate) fn exact_count(&self, data_file: &str) -> Option<u64> {
        Some(self.vector(data_file)?.file.metrics.record_count)
    }

    /// Where the deletion vector of a data file is in its file.
    pub(crate) fn vector_of(&self, data_file: &str) -> Option<i64> {
        self.vector(data_file)?.file.content_offset
    }

    fn vector(&self, data_file: &str) -> Option<&Listed> {
        match &self.source {
            Source::Vectors(vectors) => vectors.iter().find(|vector| vector.is_of(data_file)),
            Source::Rows(..) => None,
        }
    }

    /// What of it is of this data file and no other.
    pub(crate) fn alone_of(&self, data_file: &str) -> Option<&Listed> {
        match &self.source {
            Source::Vectors(_) => self.vector(data_file),
            Source::Rows(listed, _) => Some(listed).filter(|listed| listed.is_of(data_file)),
        }
    }

    /// The deleted positions of a data file.
    pub(crate) async fn of(&self, files: &Files, data_file: &str) -> Result<Arc<Positions>> {
        let mut loaded = self.loaded.lock().await;
        let by_file = match &*loaded {
            Some(by_file) => by_file.clone(),
            None => {
                let by_file = match &self.source {
                    Source::Rows(listed, wanted) => rows(files, &listed.file, wanted.as_deref()).await,
                    Source::Vectors(vectors) => self.vectors(files, vectors).await,
                };
                let by_file = Arc::new(by_file.context(|| format!("reading {}", self.path))?);
                files.note(|report| report.delete_files += 1);
                *loaded = Some(by_file.clone());
                by_file
            }
        };
        Ok(by_file.get(data_file).cloned().unwrap_or_default())
    }

    async fn vectors(&self, files: &Files, vectors: &[Listed]) -> Result<ByFile> {
        let ranges = vectors.iter().map(|Listed { file: vector, .. }| {
            let start = vector.content_offset.and_then(|offset| u64::try_from(offset).ok());
            let length = vector.content_size_in_bytes.and_then(|length| u64::try_from(length).ok());
            let range = start.zip(length).and_then(|(start, length)| Some(start..start.checked_add(length)?));
            range.ok_or_else(|| Error::invalid_data("a deletion vector has no place in its file"))
        });
        let ranges = ranges.collect::<Result<Vec<_>>>()?;
        let blobs = files.get(&self.path, &ranges).await?;
        let mut by_file = HashMap::new();
        for (Listed { file: vector, .. }, blob) in vectors.iter().zip(blobs) {
            let Some(data_file) = &vector.referenced_data_file else { continue };
            let positions = deletion_vector::decode(&blob).context(|| format!("for {data_file}"))?;
            if positions.len() != vector.metrics.record_count {
                return Err(Error::invalid_data(format!(
                    "the deletion vector for {data_file} has {} positions, and should have {}",
                    positions.len(),
                    vector.metrics.record_count
                )));
            }
            by_file.insert(data_file.clone(), Arc::new(positions));
        }
        Ok(by_file)
    }
}

impl Listed {
    /// Whether it is of this data file alone, as it says itself.
    fn is_of(&self, data_file: &str) -> bool {
        self.file.referenced_data_file.as_deref() == Some(data_file)
    }
}

async fn rows(files: &Files, file: &DataFile, wanted: Option<&[String]>) -> Result<ByFile> {
    let schema = position_delete_schema()?;
    let projection = Projection::all(&schema)?;
    // Rows are in the order of paths, so this rules out row groups and pages.
    let filter = wanted.map(|wanted| {
        let least = wanted.iter().min().map(String::as_str).unwrap_or_default();
        let greatest = wanted.iter().max().map(String::as_str).unwrap_or_default();
        col("file_path").between(least, greatest).bind(&schema)
    });
    let (filter, options) = (filter.transpose()?, DecodeOptions::default());
    let mut rows = Rows::open(files, file, &projection, filter.as_ref(), options, Limits::of(DELETES)).await?;
    let mut found: HashMap<String, Positions> =
        wanted.into_iter().flatten().map(|path| (path.clone(), Positions::new())).collect();
    while let Some(batch) = rows.next().await? {
        collect(&batch, &mut found, wanted.is_none())?;
    }
    Ok(found.into_iter().map(|(path, positions)| (path, Arc::new(positions))).collect())
}

fn collect(batch: &RecordBatch, found: &mut HashMap<String, Positions>, is_all: bool) -> Result<()> {
    let broken = || Error::invalid_data("the position delete file has a column of another type");
    let paths =
        batch.column_by_name("file_path").and_then(|column| column.as_string_opt::<i32>()).ok_or_else(broken)?;
    let positions = batch.column_by_name("pos").and_then(|column| column.as_primitive_opt::<Int64Type>());
    let positions = positions.ok_or_else(broken)?;
    let mut row = 0;
    while row < paths.len() {
        let path = paths.value(row);
        // Rows of one file follow each other.
        let end = (row..paths.len()).find(|next| paths.value(*next) != path).unwrap_or(paths.len());
        if is_all && !found.contains_key(path) {
            found.insert(path.to_owned(), Positions::new());
        }
        if let Some(set) = found.get_mut(path) {
            for position in positions.slice(row, end - row).iter() {
                let position = position.and_then(|position| u64::try_from(position).ok());
                set.insert(position.ok_or_else(|| Error::invalid_data("a deleted position is negative or null"))?);
            }
        }
        row = end;
    }
    Ok(())
}
