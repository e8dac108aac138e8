use arrow_array::RecordBatch;
use arrow_select::filter::filter_record_batch;

use crate::error::{Error, Result};
use crate::expr::BoundPredicate;
use crate::parquet::{DecodeOptions, Fill, Projection, project};
use crate::read::files::Files;
use crate::read::rows::Rows;
use crate::read::task::ScanTask;
use crate::spec::metadata_columns::{FILE, LAST_UPDATED_SEQUENCE_NUMBER, POS, ROW_ID, SPEC_ID};
use crate::spec::{Positions, Transform, Value};

/// What reading the data files of a scan has in common.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) files: Files,
    pub(crate) projection: Projection,
    pub(crate) filter: Option<BoundPredicate>,
    pub(crate) limit: Option<u64>,
    pub(crate) batch_rows: usize,
}

/// The rows of a data file that are left, as the scan wants them.
#[derive(Debug)]
pub(crate) struct DataFileRows {
    rows: Rows,
    task: ScanTask,
    projection: Projection,
}

impl DataFileRows {
    pub(crate) async fn open(reading: &Reading, task: ScanTask) -> Result<Self> {
        let Reading { files, projection, filter, limit, batch_rows } = reading;
        let path = &task.data_file.file_path;
        let mut deleted = Positions::new();
        for deletes in &task.positions {
            deleted.extend(&*deletes.of(files, path).await?);
        }
        for equality in &task.equality {
            equality.deletes.load(files, &equality.files).await?;
        }
        let projection = projection.clone().fills(fills(&task));
        let compared = task.equality.iter().flat_map(|equality| equality.deletes.ids.iter().copied());
        let wide = projection.and_also(&compared.collect())?;
        // Rows that equality deletes remove do not count.
        let limit = if task.equality.is_empty() { *limit } else { None };
        let options = DecodeOptions { batch_size: *batch_rows, limit, deleted: deleted.into() };
        let rows = Rows::open(files, &task.data_file, &wide, filter.as_ref(), options).await?;
        Ok(Self { rows, task, projection })
    }

    /// The next rows, at least one; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            let Some(mut batch) = self.rows.next().await? else { return Ok(None) };
            if self.task.equality.is_empty() {
                return Ok(Some(batch));
            }
            for equality in &self.task.equality {
                let kept = equality.deletes.kept(&batch, self.task.sequence_number)?;
                batch = filter_record_batch(&batch, &kept)
                    .map_err(|error| Error::invalid_data("the rows cannot be filtered").caused_by(error))?;
            }
            if batch.num_rows() > 0 {
                return project(&batch, &self.projection, None).map(Some);
            }
        }
    }
}

/// What the columns of a file hold that it may lack (spec: Column Projection; Row Lineage).
fn fills(task: &ScanTask) -> Vec<(i32, Fill)> {
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
    fills
}
