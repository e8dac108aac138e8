//! The rows of a file, part by part.

use arrow_array::RecordBatch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;
use parquet::arrow::push_decoder::ParquetPushDecoder;

use super::{FileDecoder, State, wrong};
use crate::error::Result;
use crate::parquet::dictionaries::Dictionaries;
use crate::parquet::footer::{broken, decoded};
use crate::parquet::parts::{Part, Reading, take};
use crate::parquet::project::{leaves, project};
use crate::parquet::whole::WholeGroup;

impl FileDecoder {
    /// Where the order does not matter, begins with the last part if that was fetched with the footer and the others were not:
    /// then it need not be held until they are read.
    pub(super) fn begin_with_tail(&mut self) -> Result<()> {
        let Some(last) = self.parts.back().filter(|_| self.options.any_order && self.parts.len() > 1) else {
            return Ok(());
        };
        let are_at_hand = |part: &Part| {
            let ranges = self.reading().ranges(part, None)?;
            Ok(ranges.iter().all(|range| self.file.at_hand(range).is_some()))
        };
        if are_at_hand(last)? && !self.parts.front().map(are_at_hand).transpose()?.unwrap_or(true) {
            self.parts.rotate_right(1);
            self.tail_first = true;
        }
        Ok(())
    }

    /// Whether what was fetched with the footer is needed for the first part alone, and whether it still is.
    pub(crate) fn tail_first(&self) -> (bool, bool) {
        (self.tail_first, self.file.has_tail())
    }

    pub(super) fn next_part(&mut self) -> Result<State> {
        if self.tail_first && self.part_bytes > 0 {
            self.file.drop_tail();
        }
        loop {
            let Some(part) = self.parts.pop_front() else { return Ok(State::Done) };
            self.beyond.advance();
            if part.continues.is_none() {
                self.dictionaries = Dictionaries::default();
            }
            let none_passed = self.late.as_mut().is_some_and(|late| late.begin(&part));
            let filters = self.late.as_ref().is_some_and(|late| late.filters);
            (self.part_bytes, self.skips, self.positions) = (part.bytes, part.skips, part.positions());
            if self.none_passes(&part)? {
                continue;
            }
            if let Some(rows) = self.whole(&part, &self.leaves) {
                return Ok(State::Whole(Box::new(rows)));
            }
            // Of one row group the library itself asks for what it needs: all at once, or what the filter looks at first, as
            // is best where no row may pass.
            self.needs = match part.is_of_one_group() && (!filters || none_passed) {
                true => Vec::new(),
                false => self.reading().ranges(&part, self.limit())?,
            };
            let decoder = self.part_decoder(&part)?;
            return Ok(State::Rows(Box::new(decoder)));
        }
    }

    /// These columns of a part that is a small row group, all of whose bytes are at hand and all of whose rows are wanted.
    fn whole(&self, part: &Part, leaves: &[usize]) -> Option<ParquetRecordBatchReader> {
        if self.late.is_some() || self.limit().is_some() {
            return None;
        }
        let file = self.file.parquet();
        let group = file.row_groups().get(part.whole_group()?)?;
        let group = WholeGroup::new(file, group, leaves, |range| self.at_hand(range))?;
        group.rows(leaves, self.options.batch_size)
    }

    /// Whether no row of a small row group passes the filter, as far as the columns tell that it looks at: then the others
    /// need not be decoded.
    fn none_passes(&mut self, part: &Part) -> Result<bool> {
        let Some(predicate) = &self.refine.predicate else { return Ok(false) };
        let narrow = self.refine.wide.only(&predicate.field_ids())?;
        let tested = leaves(self.file.arrow_schema(), narrow.schema())?;
        if tested.is_empty() || tested.len() == self.leaves.len() {
            return Ok(false);
        }
        let Some(mut rows) = self.whole(part, &tested) else { return Ok(false) };
        let (mut left, mut seen) = (part.positions(), 0_u64);
        while let Some(batch) = decoded(|| rows.next().transpose().map_err(wrong))? {
            let mut positions = Vec::new();
            take(&mut left, batch.num_rows(), |range| positions.push(range));
            if self.refine.passing(&self.file.with_ids(&batch)?, &narrow, &positions)?.true_count() > 0 {
                return Ok(false);
            }
            seen = seen.saturating_add(batch.num_rows() as u64);
        }
        self.report.rows_decoded = self.report.rows_decoded.saturating_add(seen);
        Ok(true)
    }

    fn part_decoder(&self, part: &Part) -> Result<ParquetPushDecoder> {
        let reading = self.reading();
        match self.late.as_ref().filter(|late| late.filters) {
            Some(late) => {
                let columns = Reading { leaves: &late.output, ..reading };
                // Whole batches are kept, for which pages would have to be fetched that no selected row is in.
                let kept = if self.skips { 0 } else { self.options.part_bytes / 4 };
                columns.late_decoder(part, self.left, late.filter(), kept)
            }
            None => reading.decoder(part, self.limit()),
        }
    }

    pub(super) fn reading(&self) -> Reading<'_> {
        Reading { reader: &self.reader, leaves: &self.leaves, batch_size: self.options.batch_size }
    }

    /// How many rows the library need not decode more than.
    fn limit(&self) -> Option<usize> {
        self.left.filter(|_| self.refine.predicate.is_none() && self.refine.deleted.is_empty())
    }

    /// What the library says, after it may have filtered rows.
    pub(super) fn filtered<T>(&mut self, next: Result<T>) -> Result<T> {
        let Some(late) = &self.late else { return next };
        let (rows, failure) = late.news();
        self.report.rows_decoded = self.report.rows_decoded.saturating_add(rows);
        next.map_err(|error| failure.unwrap_or(error))
    }

    /// A batch of the file as the caller wants it; `None` if no row is left.
    pub(super) fn finish(&mut self, batch: &RecordBatch) -> Result<Option<RecordBatch>> {
        let batch = self.file.with_ids(batch)?;
        let finished = match self.late.as_ref().filter(|late| late.filters) {
            Some(late) => {
                let positions = late.next_positions(batch.num_rows())?;
                Some(project(&batch, &self.refine.projection, Some(&positions))?)
            }
            None => self.refined(&batch)?,
        };
        let Some(mut batch) = finished else { return Ok(None) };
        if let Some(left) = &mut self.left {
            batch = batch.slice(0, batch.num_rows().min(*left));
            *left = left.saturating_sub(batch.num_rows());
        }
        self.report.rows = self.report.rows.saturating_add(batch.num_rows() as u64);
        Ok((batch.num_rows() > 0).then_some(batch))
    }

    /// Of a batch that the library did not filter what passes.
    fn refined(&mut self, batch: &RecordBatch) -> Result<Option<RecordBatch>> {
        let rows = batch.num_rows();
        self.report.rows_decoded = self.report.rows_decoded.saturating_add(rows as u64);
        let mut positions = Vec::new();
        take(&mut self.positions, rows, |range| positions.push(range));
        let refined = self.refine.apply(batch, &positions)?;
        let (kept, next) = (refined.as_ref().map_or(0, RecordBatch::num_rows), self.positions.front());
        let rest = self.late.as_mut().and_then(|late| late.rest(rows, kept, next.map(|range| range.start)));
        if let Some((part, (ranges, bytes))) = rest {
            let mut decoder = self.part_decoder(&part)?;
            decoder.push_ranges(ranges, bytes).map_err(broken)?;
            self.state = State::Rows(Box::new(decoder));
        }
        Ok(refined)
    }
}
