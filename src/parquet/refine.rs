use std::ops::Range;
use std::sync::Arc;

use arrow_array::{BooleanArray, RecordBatch};
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder};
use arrow_select::filter::filter_record_batch;

use crate::error::{Error, Result};
use crate::expr::{BoundPredicate, evaluate};
use crate::parquet::project::project;
use crate::parquet::projection::Projection;
use crate::spec::Positions;

/// What becomes of the rows of a file, whatever its format: columns by field id, without deleted rows and those that do
/// not satisfy the predicate.
#[derive(Clone, Debug)]
pub(crate) struct Refine {
    pub(super) projection: Projection,
    /// The columns to read: those of the projection and of the predicate.
    pub(crate) wide: Projection,
    pub(crate) predicate: Option<BoundPredicate>,
    pub(crate) deleted: Arc<Positions>,
}

impl Refine {
    pub(crate) fn new(
        projection: &Projection,
        predicate: Option<&BoundPredicate>,
        deleted: Arc<Positions>,
    ) -> Result<Self> {
        let predicate = predicate.filter(|predicate| **predicate != BoundPredicate::AlwaysTrue).cloned();
        let wide = match &predicate {
            Some(predicate) => projection.and_also(&predicate.field_ids())?,
            None => projection.clone(),
        };
        Ok(Self { projection: projection.clone(), wide, predicate, deleted })
    }

    /// A batch of the file as the caller wants it; `None` if no row is left. `positions` are those of its rows in the
    /// file, in order.
    pub(crate) fn apply(&self, batch: &RecordBatch, positions: &[Range<u64>]) -> Result<Option<RecordBatch>> {
        let mut batch = project(batch, &self.wide, Some(positions))?;
        let deleted = positions.iter().any(|range| self.deleted.count_in(range.clone()) > 0);
        if deleted {
            batch = keep(&batch, &self.kept(positions))?;
        }
        let Some(predicate) = &self.predicate else { return Ok((batch.num_rows() > 0).then_some(batch)) };
        let passed = evaluate(predicate, &batch)?;
        if passed.true_count() == 0 {
            return Ok(None);
        }
        if passed.true_count() < batch.num_rows() {
            batch = keep(&batch, &passed)?;
        }
        project(&batch, &self.projection, None).map(Some)
    }

    /// Which rows of a batch with what the predicate looks at are left and satisfy it.
    pub(super) fn passing(
        &self,
        batch: &RecordBatch,
        narrow: &Projection,
        positions: &[Range<u64>],
    ) -> Result<BooleanArray> {
        let batch = project(batch, narrow, Some(positions))?;
        let passed = match &self.predicate {
            Some(predicate) => evaluate(predicate, &batch)?,
            None => BooleanArray::new(BooleanBuffer::new_set(batch.num_rows()), None),
        };
        match positions.iter().any(|range| self.deleted.count_in(range.clone()) > 0) {
            true => Ok(BooleanArray::new(passed.values() & self.kept(positions).values(), None)),
            false => Ok(passed),
        }
    }

    fn kept(&self, positions: &[Range<u64>]) -> BooleanArray {
        let length = |range: &Range<u64>| usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(0);
        let mut kept = BooleanBufferBuilder::new(positions.iter().map(length).sum());
        for range in positions {
            let mut from = range.start;
            for gap in self.deleted.gaps_in(range.clone()) {
                kept.append_n(length(&(from..gap.start)), false);
                kept.append_n(length(&gap), true);
                from = gap.end;
            }
            kept.append_n(length(&(from..range.end)), false);
        }
        BooleanArray::new(kept.finish(), None)
    }
}

/// These rows of a batch.
pub(crate) fn keep(batch: &RecordBatch, rows: &BooleanArray) -> Result<RecordBatch> {
    filter_record_batch(batch, rows)
        .map_err(|error| Error::invalid_data("the rows cannot be filtered").caused_by(error))
}
