//! A file's rows in parts that are fetched at once: several small row groups together, large ones divided.

use std::collections::VecDeque;
use std::ops::Range;

use parquet::DecodeResult;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, RowFilter, RowGroupSelection, RowSelection, RowSelectionPolicy,
};
use parquet::arrow::push_decoder::{ParquetPushDecoder, ParquetPushDecoderBuilder};
use parquet::file::metadata::ParquetMetaData;

use crate::error::Result;
use crate::parquet::footer::{broken, decoded};
use crate::parquet::levels::can_skip;

/// Rows that pass a filter are decoded with those between them where they are fewer than this in a row on the average, which
/// takes memory for all of them.
const SHORT: usize = 8;

/// Rows of one row group, or of several that follow one another.
#[derive(Clone, Debug)]
pub(super) struct Part {
    groups: Vec<Group>,
    /// About how many bytes they take in the file.
    pub(super) bytes: u64,
    /// Whether rows of a row group are skipped.
    pub(super) skips: bool,
    /// The row group, if the part before this has rows of it too.
    pub(super) continues: Option<usize>,
}

/// The rows that are read of a row group, as positions in the file.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) number: usize,
    pub(super) first_row: u64,
    pub(super) rows: u64,
    pub(super) positions: Vec<Range<u64>>,
}

/// How row groups are read.
pub(super) struct Reading<'a> {
    pub(super) reader: &'a ArrowReaderMetadata,
    pub(super) leaves: &'a [usize],
    pub(super) batch_size: usize,
}

/// Divides what is read into parts of so many bytes or fewer, where the file allows that. Small row groups are joined if
/// all of them will be read.
pub(super) fn divide(file: &ParquetMetaData, leaves: &[usize], groups: Vec<Group>, most: u64, join: bool) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for mut group in groups {
        if !can_skip_rows(file, leaves, group.number) {
            let whole = group.first_row..group.first_row.saturating_add(group.rows);
            group.positions = std::iter::once(whole).collect();
        }
        let selected = group.selected();
        let bytes = group.bytes(file, leaves);
        let divisible = has_pages(file, leaves, group.number) && can_skip_rows(file, leaves, group.number);
        let pieces = if divisible { bytes.div_ceil(most.max(1)).max(1) } else { 1 };
        let starts = if pieces > 1 { page_starts(file, leaves, &group) } else { Vec::new() };
        for (piece, positions) in cut(&group.positions, selected.div_ceil(pieces), &starts).into_iter().enumerate() {
            let bytes = bytes / pieces;
            let continues = (piece > 0).then_some(group.number);
            let piece = Group { positions, ..group };
            let skips = !piece.is_whole();
            match parts.last_mut() {
                Some(last) if join && pieces == 1 && last.bytes.saturating_add(bytes) <= most => {
                    last.skips |= skips;
                    last.groups.push(piece);
                    last.bytes += bytes;
                }
                _ => parts.push(Part { groups: vec![piece], bytes, skips, continues }),
            }
        }
    }
    parts
}

impl Group {
    /// How many rows are read.
    fn selected(&self) -> u64 {
        self.positions.iter().map(|range| range.end.saturating_sub(range.start)).sum()
    }

    /// About what these columns of the rows take in the file.
    pub(super) fn bytes(&self, file: &ParquetMetaData, leaves: &[usize]) -> u64 {
        let bytes = u128::from(group_bytes(file, leaves, self.number)) * u128::from(self.selected());
        u64::try_from(bytes / u128::from(self.rows.max(1))).unwrap_or(u64::MAX)
    }

    fn is_whole(&self) -> bool {
        matches!(self.positions.as_slice(), [only] if *only == (self.first_row..self.first_row.saturating_add(self.rows)))
    }

    fn selection(&self) -> RowGroupSelection {
        let rows = usize::try_from(self.rows).unwrap_or(usize::MAX);
        let in_group = |position: u64| usize::try_from(position.saturating_sub(self.first_row)).unwrap_or(rows);
        let ranges = self.positions.iter().map(|range| in_group(range.start)..in_group(range.end));
        let selection = (!self.is_whole()).then(|| RowSelection::from_consecutive_ranges(ranges, rows));
        RowGroupSelection::new(self.number, selection)
    }
}

/// Where the pages begin of the column that takes the most, as positions in the file.
fn page_starts(file: &ParquetMetaData, leaves: &[usize], group: &Group) -> Vec<u64> {
    let largest = leaves.iter().max_by_key(|leaf| group_bytes(file, &[**leaf], group.number));
    let pages = largest.zip(file.page_index()).and_then(|(leaf, index)| index.page_locations(group.number, *leaf));
    let starts = pages.into_iter().flatten().filter_map(|page| u64::try_from(page.first_row_index).ok());
    starts.map(|start| group.first_row.saturating_add(start)).collect()
}

/// Ranges in pieces of so many rows, and of as many more as there are before one of these positions: a page that two pieces
/// share is read twice.
fn cut(positions: &[Range<u64>], rows: u64, starts: &[u64]) -> Vec<Vec<Range<u64>>> {
    let (mut pieces, mut piece, mut left, mut end) = (Vec::new(), Vec::new(), rows.max(1), None);
    for range in positions {
        let mut start = range.start;
        while start < range.end {
            if end.is_some_and(|end| start >= end) {
                pieces.push(std::mem::take(&mut piece));
                (left, end) = (rows.max(1), None);
            }
            let until = range.end.min(end.unwrap_or(start.saturating_add(left)));
            left = left.saturating_sub(until - start);
            if left == 0 && end.is_none() {
                let next = starts.partition_point(|start| *start < until);
                end = Some(starts.get(next).copied().unwrap_or(u64::MAX));
            }
            join(&mut piece, start..until);
            start = until;
        }
    }
    if !piece.is_empty() {
        pieces.push(piece);
    }
    pieces
}

/// Adds a range behind others, to the last if that ends where this begins.
fn join(ranges: &mut Vec<Range<u64>>, next: Range<u64>) {
    match ranges.last_mut() {
        Some(last) if last.end == next.start => last.end = next.end,
        _ => ranges.push(next),
    }
}

/// How many rows are in a batch at most: as many as are asked for, or fewer where rows are large, so that a batch of the
/// largest rows on average is not much more than this.
pub(super) fn batch_rows(file: &ParquetMetaData, leaves: &[usize], most: usize) -> usize {
    let rows_in = file.row_groups().iter().map(|group| {
        let columns = leaves.iter().filter_map(|leaf| group.columns().get(*leaf));
        let bytes = columns.map(|column| column.uncompressed_size().max(0)).fold(0_i64, i64::saturating_add);
        BATCH_BYTES.saturating_mul(group.num_rows().max(1)) / bytes.max(1)
    });
    usize::try_from(rows_in.min().unwrap_or(i64::MAX)).unwrap_or(most).clamp(1, most.max(1))
}

const BATCH_BYTES: i64 = 4 << 20;

/// Takes so many rows off the front of these positions.
pub(super) fn take(from: &mut VecDeque<Range<u64>>, rows: usize, mut taken: impl FnMut(Range<u64>)) {
    let mut left = u64::try_from(rows).unwrap_or(u64::MAX);
    while left > 0
        && let Some(range) = from.front_mut()
    {
        let end = range.end.min(range.start.saturating_add(left));
        taken(range.start..end);
        left = left.saturating_sub(end.saturating_sub(range.start));
        range.start = end;
        if range.start >= range.end {
            from.pop_front();
        }
    }
}

/// What these columns of a row group take in the file.
pub(super) fn group_bytes(file: &ParquetMetaData, leaves: &[usize], group: usize) -> u64 {
    let Some(group) = file.row_groups().get(group) else { return 0 };
    let columns = leaves.iter().filter_map(|leaf| group.columns().get(*leaf));
    columns.fold(0, |sum, column| sum.saturating_add(column.byte_range().1))
}

/// Whether the places of all of the columns' pages are known, so that some of them can be read without the others.
fn has_pages(file: &ParquetMetaData, leaves: &[usize], group: usize) -> bool {
    let Some(index) = file.page_index() else { return false };
    leaves.iter().all(|leaf| index.page_locations(group, *leaf).is_some())
}

fn can_skip_rows(file: &ParquetMetaData, leaves: &[usize], group: usize) -> bool {
    let Some(group) = file.row_groups().get(group) else { return false };
    leaves.iter().filter_map(|leaf| group.columns().get(*leaf)).all(can_skip)
}

impl Part {
    /// The positions of the rows in the file.
    pub(super) fn positions(&self) -> VecDeque<Range<u64>> {
        self.groups.iter().flat_map(|group| group.positions.iter().cloned()).collect()
    }

    pub(super) fn rows(&self) -> u64 {
        self.groups.iter().map(Group::selected).sum()
    }

    /// What is left of it from this position on.
    pub(super) fn from(&self, position: u64) -> Self {
        let left = |range: &Range<u64>| Some(range.start.max(position)..range.end).filter(|left| !left.is_empty());
        let groups = self.groups.iter().map(|group| {
            let positions = group.positions.iter().filter_map(left).collect();
            Group { positions, ..*group }
        });
        Self { groups: groups.filter(|group| !group.positions.is_empty()).collect(), ..*self }
    }

    /// The row group that this is, if it is one with all of its rows.
    pub(super) fn whole_group(&self) -> Option<usize> {
        match self.groups.as_slice() {
            [group] if group.is_whole() => Some(group.number),
            _ => None,
        }
    }

    pub(super) fn is_of_one_group(&self) -> bool {
        self.groups.len() == 1
    }
}

impl Reading<'_> {
    pub(super) fn decoder(&self, part: &Part, limit: Option<usize>) -> Result<ParquetPushDecoder> {
        self.builder(&part.groups, limit).build().map_err(broken)
    }

    /// One that decodes of the rows that pass a filter what these columns hold. What was decoded for the filter is kept for
    /// that, up to so many bytes.
    pub(super) fn late_decoder(
        &self,
        part: &Part,
        limit: Option<usize>,
        filter: RowFilter,
        most: u64,
    ) -> Result<ParquetPushDecoder> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let builder = self.builder(&part.groups, limit).with_row_filter(filter);
        let builder = builder.with_row_selection_policy(RowSelectionPolicy::Auto { threshold: SHORT });
        builder.with_max_predicate_cache_size(most).build().map_err(broken)
    }

    /// What of the file a part needs. The library asks for one row group after the other; this is all.
    pub(super) fn ranges(&self, part: &Part, limit: Option<usize>) -> Result<Vec<Range<u64>>> {
        let mut ranges = Vec::new();
        for group in &part.groups {
            let mut probe = self.builder(std::slice::from_ref(group), limit).build().map_err(broken)?;
            if let DecodeResult::NeedsData(needed) = decoded(|| probe.try_decode())? {
                ranges.extend(needed);
            }
        }
        Ok(ranges)
    }

    fn builder(&self, groups: &[Group], limit: Option<usize>) -> ParquetPushDecoderBuilder {
        let builder = ParquetPushDecoderBuilder::new_with_metadata(self.reader.clone());
        let mask = ProjectionMask::leaves(builder.parquet_schema(), self.leaves.iter().copied());
        let builder = builder
            .with_projection(mask)
            .with_batch_size(self.batch_size.max(1))
            .with_row_group_selections(groups.iter().map(Group::selection).collect());
        match limit {
            Some(limit) => builder.with_limit(limit),
            None => builder,
        }
    }
}
