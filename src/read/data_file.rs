use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;

use crate::error::{Error, Result, ResultExt};
use crate::expr::BoundPredicate;
use crate::parquet::{DecodeOptions, Fill, Projection, by_id, keep, project};
use crate::read::budget::Budget;
use crate::read::files::Files;
use crate::read::rows::{Limits, Rows};
use crate::read::task::{ChangeKind, Deletes, ScanTask};
use crate::spec::metadata_columns::*;
use crate::spec::{PartitionColumns, Positions, Transform, Value, ordered};

/// Of files with more rows, single ones are picked out after decoding.
const MOST_SELECTED: u64 = 1 << 32;

/// Of larger files several are read at a time only in parts that are much smaller than what may be held in all.
const MOST_AT_ONCE: u64 = 16 << 20;

/// What reading the data files of a scan has in common.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) files: Files,
    pub(crate) projection: Projection,
    pub(crate) filter: Option<BoundPredicate>,
    /// The fields of the partition, if rows are asked for theirs.
    pub(crate) partition: Option<Arc<PartitionColumns>>,
    pub(crate) limit: Option<u64>,
    pub(crate) batch_rows: usize,
    /// How many files are read at a time.
    pub(crate) concurrency: usize,
    /// How many bytes may be fetched and not yet decoded.
    pub(crate) buffer_bytes: u64,
    pub(crate) budget: Arc<Budget>,
    /// Whether a file's rows must come in their order.
    pub(crate) ordered: bool,
}

/// The rows of a data file that are wanted, as the scan wants them.
#[derive(Debug)]
pub(crate) struct DataFileRows {
    rows: Rows,
    task: ScanTask,
    projection: Projection,
    /// Positions that a change deletes; `None` if the decoder sees to them.
    removed: Option<Arc<Positions>>,
}

impl DataFileRows {
    /// `urgent` is whether all others wait for these rows.
    pub(crate) async fn open(reading: &Reading, task: ScanTask, urgent: Arc<AtomicBool>) -> Result<Self> {
        let Reading { files, projection, filter, partition, limit, batch_rows, concurrency, .. } = reading;
        let Reading { buffer_bytes, budget, .. } = reading;
        let path = &task.data_file.file_path;
        let mut deleted = load(files, &task.deletes, path, *concurrency).await?;
        let mut compared: BTreeSet<i32> = ordered(task.deletes.compared());
        let mut removed = None;
        if let Some(by) = task.removed_by() {
            let positions = load(files, by, path, *concurrency).await?;
            if by.equality.is_empty() && task.data_file.metrics.record_count <= MOST_SELECTED {
                deleted.extend(&positions.complement(task.data_file.metrics.record_count));
            } else {
                removed = Some(Arc::new(positions));
                compared.extend(by.compared());
                compared.insert(POS);
            }
        }
        let projection = projection.clone().fills(fills(&task, partition.as_deref())?);
        let wide = projection.and_also(&compared)?;
        // Rows that are left out afterwards do not count.
        let limit = if compared.is_empty() { *limit } else { None };
        let part_bytes = (buffer_bytes / 2).min(MOST_AT_ONCE);
        let (batch_size, deleted) = (*batch_rows, deleted.into());
        let any_order = !reading.ordered;
        let options = DecodeOptions { batch_size, limit, deleted, part_bytes, any_order, ..DecodeOptions::default() };
        let filter = filter.as_ref().filter(|_| !task.all_match);
        let limits = Limits { budget: budget.clone(), urgent };
        let rows = Rows::open(files, &task.data_file, &wide, filter, options, limits).await?;
        Ok(Self { rows, task, projection, removed })
    }

    /// Shares a large file among so many readers at most, this one among them; to be called before the first rows are read.
    pub(crate) async fn share(&mut self, most: usize) -> Result<Vec<Self>> {
        let others = self.rows.share(most).await?.into_iter();
        let of = |rows| {
            let (projection, removed) = (self.projection.clone(), self.removed.clone());
            Self { rows, task: self.task.clone(), projection, removed }
        };
        Ok(others.map(of).collect())
    }

    /// The next rows, at least one; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            let Some(batch) = self.rows.next().await? else { return Ok(None) };
            let Some(batch) = self.wanted(batch)? else { continue };
            return Ok(Some(batch));
        }
    }

    fn wanted(&self, mut batch: RecordBatch) -> Result<Option<RecordBatch>> {
        let (task, removed_by) = (&self.task, self.task.removed_by());
        if task.deletes.equality.is_empty() && self.removed.is_none() {
            return Ok(Some(batch));
        }
        for equality in &task.deletes.equality {
            batch = keep(&batch, &equality.deletes.kept(&batch, task.sequence_number)?)?;
        }
        if let (Some(positions), Some(by)) = (&self.removed, removed_by) {
            let missing = || Error::invalid_data("rows have no positions");
            let at = by_id(batch.schema_ref().fields(), batch.columns(), POS).ok_or_else(missing)?;
            let at = at.as_primitive_opt::<Int64Type>().ok_or_else(missing)?;
            let is_removed =
                |at: Option<i64>| at.and_then(|at| u64::try_from(at).ok()).is_some_and(|at| positions.contains(at));
            let mut removed: Vec<bool> = at.iter().map(is_removed).collect();
            for equality in &by.equality {
                let kept = equality.deletes.kept(&batch, task.sequence_number)?;
                removed.iter_mut().zip(kept.iter()).for_each(|(removed, kept)| *removed |= kept == Some(false));
            }
            batch = keep(&batch, &removed.into())?;
        }
        if batch.num_rows() == 0 {
            return Ok(None);
        }
        project(&batch, &self.projection, None).map(Some)
    }
}

/// Loads what deletes rows of a file, and returns the positions.
async fn load(files: &Files, deletes: &Deletes, path: &str, concurrency: usize) -> Result<Positions> {
    let mut deleted = Positions::new();
    for positions in &deletes.positions {
        deleted.extend(&*positions.of(files, path).await?);
    }
    for equality in &deletes.equality {
        equality.deletes.load(files, &equality.files, concurrency).await?;
    }
    Ok(deleted)
}

/// What the columns of a file hold that it may lack (spec: Column Projection; Row Lineage).
fn fills(task: &ScanTask, partition: Option<&PartitionColumns>) -> Result<Vec<(i32, Fill)>> {
    let file = &task.data_file;
    let values = task.partition_spec.fields.iter().zip(&file.partition);
    let identity = values.filter(|(field, _)| field.transform == Transform::Identity);
    let mut fills: Vec<_> = identity.map(|(field, value)| (field.source_id, Fill::Constant(value.clone()))).collect();
    // Rows of before the table had row ids have none, and files that were rewritten then say so by having no first id.
    let (row_id, updated) = match file.first_row_id {
        Some(first) => (Fill::Position(first), Some(Value::Long(task.sequence_number))),
        None => (Fill::Constant(None), None),
    };
    fills.extend([
        (FILE, Fill::Constant(Some(Value::String(file.file_path.clone())))),
        (POS, Fill::Position(0)),
        (SPEC_ID, Fill::Constant(Some(Value::Int(task.partition_spec.spec_id)))),
        (ROW_ID, row_id),
        (LAST_UPDATED_SEQUENCE_NUMBER, Fill::Constant(updated)),
    ]);
    if let Some(change) = &task.change {
        let kind = if matches!(change.kind, ChangeKind::Insert) { "insert" } else { "delete" };
        fills.extend([
            (CHANGE_TYPE, Fill::Constant(Some(Value::String(kind.to_owned())))),
            (CHANGE_ORDINAL, Fill::Constant(Some(Value::Int(change.ordinal)))),
            (COMMIT_SNAPSHOT_ID, Fill::Constant(Some(Value::Long(change.snapshot_id)))),
        ]);
    }
    if let Some(partition) = partition {
        let values = partition.values(&task.partition_spec, &file.partition);
        let values = values.context(|| format!("the file {}", file.file_path))?;
        fills.push((PARTITION, if values.is_empty() { Fill::Constant(None) } else { Fill::Fields }));
        fills.extend(PARTITION_FIELDS.zip(values.into_iter().map(Fill::Constant)));
    }
    Ok(fills)
}
