use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use arrow_schema::ArrowError;
use bytes::Bytes;
use parquet::DecodeResult;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader};
use parquet::arrow::push_decoder::ParquetPushDecoder;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMask, PageIndexPolicy, ParquetMetaData, ParquetMetaDataPushDecoder};

use crate::error::Result;
use crate::expr::{BoundPredicate, might_match, must_match};
use crate::parquet::bloom::BloomFilters;
use crate::parquet::decode_options::{DecodeOptions, DecodeReport, Step};
use crate::parquet::dictionaries::Dictionaries;
use crate::parquet::footer::{FileMetadata, broken, check_pushed, check_ranges, decoded, validate_pages};
use crate::parquet::late::Late;
use crate::parquet::levels::check_levels;
use crate::parquet::page_headers::check_page_headers;
use crate::parquet::pages::{check_page_index, rows_to_read, without};
use crate::parquet::parts::{Group, Part, batch_rows, divide, group_bytes};
use crate::parquet::project::{leaf_of, leaves};
use crate::parquet::projection::Projection;
use crate::parquet::refine::Refine;
use crate::parquet::stats::GroupStats;

mod ahead;
mod rows;
mod shares;

use ahead::Beyond;
pub(crate) use shares::Shares;

/// Reads a data file's rows, asking for the bytes it needs: row groups and pages that statistics rule out are skipped,
/// rows are filtered exactly, and batches have the projection's schema whatever the file's own names and types.
#[derive(Debug)]
pub struct FileDecoder {
    file: FileMetadata,
    refine: Refine,
    leaves: Vec<usize>,
    options: DecodeOptions,
    /// The row groups to read, and whether the predicate must be evaluated on their rows.
    groups: Vec<usize>,
    /// The file's metadata, with its page index if that was read.
    reader: ArrowReaderMetadata,
    /// What is still to be read, and of what is being read the bytes and the positions of rows to come.
    parts: VecDeque<Part>,
    part_bytes: u64,
    /// Whether rows of a row group are skipped.
    skips: bool,
    dictionaries: Dictionaries,
    /// How many decoders share the file, what is to be fetched for all of them at once, if all is, and what was of that.
    readers: usize,
    wanted: Option<Vec<Range<u64>>>,
    held: Vec<(Range<u64>, Bytes)>,
    beyond: Beyond,
    /// Whether the first part is the last in the file, which was fetched with the footer and is let go when it is read.
    tail_first: bool,
    /// How columns are decoded that the filter does not look at, if not with the others.
    late: Option<Late>,
    needs: Vec<Range<u64>>,
    positions: VecDeque<Range<u64>>,
    state: State,
    left: Option<usize>,
    report: DecodeReport,
}

#[derive(Debug)]
enum State {
    BloomFilters(BloomFilters),
    PageIndex(Box<ParquetMetaDataPushDecoder>),
    Rows(Box<ParquetPushDecoder>),
    Whole(Box<ParquetRecordBatchReader>),
    Done,
}

/// The places of two pages take more than this: of one alone the index says no more than the row group's statistics.
const ONE_PAGE: u64 = 18;

impl FileDecoder {
    /// Of a file whose footer was read. The predicate is one bound to the projection's table schema.
    ///
    /// Fails with [`Unsupported`](crate::ErrorKind::Unsupported) on a file without field ids, and with
    /// [`InvalidData`](crate::ErrorKind::InvalidData) on one that contradicts the table's schema.
    pub fn new(
        file: FileMetadata,
        projection: &Projection,
        predicate: Option<&BoundPredicate>,
        options: DecodeOptions,
    ) -> Result<Self> {
        file.check_ids()?;
        let refine = Refine::new(projection, predicate, options.deleted.clone())?;
        let leaves = leaves(file.arrow_schema(), refine.wide.schema())?;
        let left = options.limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let batch_size = batch_rows(file.parquet(), &leaves, options.batch_size);
        let options = DecodeOptions { batch_size, ..options };
        let mut decoder = Self {
            refine,
            leaves,
            options,
            groups: Vec::new(),
            reader: file.reader.clone(),
            parts: VecDeque::new(),
            part_bytes: 0,
            skips: false,
            dictionaries: Dictionaries::default(),
            readers: 1,
            wanted: None,
            held: Vec::new(),
            beyond: Beyond::default(),
            tail_first: false,
            late: None,
            needs: Vec::new(),
            positions: VecDeque::new(),
            state: State::Done,
            left,
            report: DecodeReport::default(),
            file,
        };
        decoder.choose_groups();
        let Self { file, refine, leaves, groups, .. } = &decoder;
        let filters = refine.predicate.as_ref();
        let filters = filters.and_then(|predicate| BloomFilters::of(file, &refine.wide, leaves, groups, predicate));
        decoder.state = match filters {
            Some(filters) => State::BloomFilters(filters),
            None => decoder.first_state()?,
        };
        Ok(decoder)
    }

    /// What is to be done next.
    pub fn step(&mut self) -> Result<Step> {
        loop {
            if self.left == Some(0) {
                self.state = State::Done;
            }
            match &mut self.state {
                State::Done => return Ok(Step::Done),
                State::BloomFilters(_) | State::PageIndex(_) => {
                    if let Some(missing) = self.prepare()? {
                        return Ok(Step::Needs(missing));
                    }
                }
                State::Rows(_) if !self.needs.is_empty() => {
                    let needs = std::mem::take(&mut self.needs);
                    if let Some(missing) = self.provide(needs)? {
                        return Ok(Step::Needs(missing));
                    }
                }
                State::Rows(rows) => {
                    let next = decoded(|| rows.try_decode());
                    match self.filtered(next)? {
                        DecodeResult::NeedsData(ranges) => {
                            if let Some(missing) = self.provide(ranges)? {
                                return Ok(Step::Needs(missing));
                            }
                        }
                        DecodeResult::Data(batch) => {
                            if let Some(batch) = self.finish(&batch)? {
                                return Ok(Step::Batch(batch));
                            }
                        }
                        DecodeResult::Finished => self.state = self.next_part()?,
                    }
                }
                State::Whole(rows) => match decoded(|| rows.next().transpose().map_err(wrong))? {
                    Some(batch) => {
                        if let Some(batch) = self.finish(&batch)? {
                            return Ok(Step::Batch(batch));
                        }
                    }
                    None => self.state = self.next_part()?,
                },
            }
        }
    }

    /// Finds out which rows are to be read. `Some` are ranges that are needed for that.
    fn prepare(&mut self) -> Result<Option<Vec<Range<u64>>>> {
        loop {
            let ranges = match &mut self.state {
                State::BloomFilters(filters) => filters.ranges(),
                State::PageIndex(index) => match decoded(|| index.try_decode())? {
                    DecodeResult::NeedsData(ranges) => ranges,
                    DecodeResult::Data(indexed) => {
                        self.state = self.rows_state(Some(indexed))?;
                        continue;
                    }
                    DecodeResult::Finished => {
                        self.state = self.rows_state(None)?;
                        continue;
                    }
                },
                State::Rows(_) | State::Whole(_) | State::Done => return Ok(None),
            };
            if ranges.is_empty() && matches!(self.state, State::BloomFilters(_)) {
                self.filter_groups();
                self.state = self.first_state()?;
            } else if let Some(missing) = self.provide(ranges)? {
                return Ok(Some(missing));
            }
        }
    }

    /// About how many bytes of the file the rows take that are being read; 0 before the first.
    pub fn part_bytes(&self) -> u64 {
        self.part_bytes
    }

    /// The bytes of ranges that were asked for, in the same order.
    pub fn push(&mut self, ranges: Vec<Range<u64>>, bytes: Vec<Bytes>) -> Result<()> {
        check_pushed(&ranges, &bytes)?;
        match &mut self.state {
            State::BloomFilters(filters) => {
                filters.push(&ranges, &bytes);
                Ok(())
            }
            State::PageIndex(index) => {
                check_page_index(self.file.parquet(), &ranges, &bytes)?;
                index.push_ranges(ranges, bytes).map_err(broken)
            }
            State::Rows(rows) => {
                bytes.iter().try_for_each(|pages| check_page_headers(pages))?;
                if self.skips {
                    let (file, leaves) = (self.file.parquet(), &self.leaves);
                    let mut pages = ranges.iter().zip(&bytes);
                    pages.try_for_each(|(range, pages)| check_levels(file, leaves, range.start, pages))?;
                }
                if let Some(group) = self.parts.front().and_then(|part| part.continues) {
                    let (file, most) = (self.file.parquet(), self.options.part_bytes / 4);
                    let fetched = ranges.iter().zip(&bytes);
                    fetched.for_each(|(range, bytes)| self.dictionaries.keep(file, group, most, range, bytes));
                }
                if let Some(late) = &mut self.late {
                    late.hold(&ranges, &bytes);
                }
                rows.push_ranges(ranges, bytes).map_err(broken)
            }
            State::Whole(_) | State::Done => Ok(()),
        }
    }

    /// What was skipped and read so far.
    pub fn report(&self) -> DecodeReport {
        self.report
    }

    /// Pushes what is at hand of these ranges; `Some` are those that are not.
    fn provide(&mut self, ranges: Vec<Range<u64>>) -> Result<Option<Vec<Range<u64>>>> {
        check_ranges(&ranges, self.file.file_size())?;
        let (mut have, mut bytes, mut missing) = (Vec::new(), Vec::new(), Vec::new());
        for range in ranges {
            match self.at_hand(&range) {
                Some(at_hand) => {
                    have.push(range);
                    bytes.push(at_hand);
                }
                None => missing.push(range),
            }
        }
        self.push(have, bytes)?;
        Ok((!missing.is_empty()).then_some(missing))
    }

    fn at_hand(&self, range: &Range<u64>) -> Option<Bytes> {
        let fetched = || self.dictionaries.get(range).or_else(|| self.beyond.get(range)).or_else(|| self.held(range));
        self.file.at_hand(range).or_else(fetched)
    }

    fn choose_groups(&mut self) {
        let groups = self.file.parquet().row_groups();
        let mut first_row = 0_u64;
        for (number, group) in groups.iter().enumerate() {
            let rows = u64::try_from(group.num_rows()).unwrap_or(0);
            let stats = GroupStats::new(&self.file, &self.refine.wide, group);
            let ruled_out = self.refine.predicate.as_ref().is_some_and(|predicate| !might_match(predicate, &stats));
            let deleted = self.refine.deleted.count_in(first_row..first_row.saturating_add(rows));
            if rows > 0 && !ruled_out && deleted != rows {
                self.groups.push(number);
            }
            first_row = first_row.saturating_add(rows);
        }
        self.report.row_groups = groups.len() as u64;
        self.report.row_groups_skipped = groups.len().saturating_sub(self.groups.len()) as u64;
    }

    /// Leaves out the row groups that Bloom filters rule out.
    fn filter_groups(&mut self) {
        let (State::BloomFilters(filters), Some(predicate)) = (&self.state, &self.refine.predicate) else { return };
        let before = self.groups.len();
        self.groups.retain(|number| !filters.rule_out(&self.file, &self.refine.wide, *number, predicate));
        let skipped = before.saturating_sub(self.groups.len()) as u64;
        self.report.row_groups_skipped += skipped;
        self.report.row_groups_skipped_by_bloom_filter = skipped;
    }

    /// Reads the page index first if it can rule out pages, or serves to read large row groups in parts.
    fn first_state(&mut self) -> Result<State> {
        let parquet = self.file.parquet();
        let predicate = self.refine.predicate.as_ref();
        let ids = predicate.map(BoundPredicate::field_ids).unwrap_or_default();
        let schema = self.file.arrow_schema();
        let tested: Vec<usize> = ids.into_iter().filter_map(|id| leaf_of(schema, id)).collect();
        let undecided = self.groups.iter().copied().filter(|number| {
            parquet.row_groups().get(*number).is_some_and(|group| {
                let indexed = |leaf: &usize| {
                    group.columns().get(*leaf).is_some_and(|column| {
                        let places =
                            column.offset_index_range().is_some_and(|range| range.end - range.start > ONE_PAGE);
                        places && column.column_index_range().is_some()
                    })
                };
                let stats = GroupStats::new(&self.file, &self.refine.wide, group);
                tested.iter().any(indexed) && predicate.is_some_and(|predicate| !must_match(predicate, &stats))
            })
        });
        let undecided: Vec<usize> = undecided.collect();
        let most = self.most_in_part();
        let large = |number: &usize| group_bytes(parquet, &self.leaves, *number) > most;
        let large: Vec<usize> = self.groups.iter().copied().filter(large).collect();
        if undecided.is_empty() && large.is_empty() {
            return self.rows_only();
        }
        let metadata = ParquetMetaData::clone(parquet);
        let index = ParquetMetaDataPushDecoder::try_new_with_metadata(self.file.file_size(), metadata)
            .map_err(broken)?
            .with_page_index_policy(PageIndexPolicy::Optional)
            .with_column_index_mask(ColumnChunkMask::row_groups_and_columns(undecided.iter().copied(), tested))
            .with_offset_index_mask(ColumnChunkMask::row_groups_and_columns(
                undecided.into_iter().chain(large),
                self.leaves.iter().copied(),
            ));
        Ok(State::PageIndex(Box::new(index)))
    }

    fn rows_only(&mut self) -> Result<State> {
        let whole = |number: usize| std::iter::once(0..self.rows_of(number)).collect::<Vec<_>>();
        let groups = self.groups.iter().filter_map(|number| self.group(*number, whole(*number))).collect();
        self.read(groups)
    }

    /// With the page index, if the file has one.
    fn rows_state(&mut self, indexed: Option<ParquetMetaData>) -> Result<State> {
        let Some(indexed) = indexed else { return self.rows_only() };
        validate_pages(&indexed)?;
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let indexed = Arc::new(indexed);
        self.reader = ArrowReaderMetadata::try_new(indexed.clone(), options).map_err(broken)?;
        let Some(predicate) = &self.refine.predicate else { return self.rows_only() };
        let mut groups = Vec::new();
        let mut skipped = 0_usize;
        for number in &self.groups {
            let ranges = rows_to_read(&self.file, &indexed, &self.refine.wide, *number, predicate);
            let rows = ranges.iter().map(|range| range.len()).sum();
            skipped = skipped.saturating_add(self.rows_of(*number).saturating_sub(rows));
            groups.extend(self.group(*number, ranges));
        }
        self.report.rows_skipped_by_pages = skipped as u64;
        self.read(groups)
    }

    fn rows_of(&self, group: usize) -> usize {
        let rows = self.file.parquet().row_groups().get(group).map_or(0, |group| group.num_rows());
        usize::try_from(rows).unwrap_or(0)
    }

    /// These rows of a group but the deleted ones; `None` if none is left.
    fn group(&self, number: usize, ranges: Vec<Range<usize>>) -> Option<Group> {
        let before = self.file.parquet().row_groups().iter().take(number).map(|group| group.num_rows());
        let first_row = before.fold(0_u64, |sum, rows| sum.saturating_add(u64::try_from(rows).unwrap_or(0)));
        let positions = without(ranges, first_row, &self.refine.deleted);
        let rows = u64::try_from(self.rows_of(number)).unwrap_or(0);
        (!positions.is_empty()).then_some(Group { number, first_row, rows, positions })
    }

    fn read(&mut self, groups: Vec<Group>) -> Result<State> {
        // A reader that learns that it has others begins anew.
        (self.part_bytes, self.tail_first) = (0, false);
        let join = self.left.is_none();
        self.late = Late::new(&self.file, &self.refine, self.reader.metadata(), &groups, self.options.late_bytes)?;
        self.parts = divide(self.reader.metadata(), &self.leaves, groups, self.most_in_part(), join).into();
        self.want_at_once()?;
        self.begin_with_tail()?;
        self.next_part()
    }
}

fn wrong(error: ArrowError) -> ParquetError {
    ParquetError::ArrowError(error.to_string())
}
