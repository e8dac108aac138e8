use std::ops::Range;

use bytes::Bytes;
use parquet::file::metadata::ParquetMetaData;

use crate::error::{Error, Result};
use crate::expr::{BoundPredicate, might_match};
use crate::parquet::footer::FileMetadata;
use crate::parquet::project::leaf_of;
use crate::parquet::projection::Projection;
use crate::parquet::stats::{GroupStats, PageColumn, PageStats};
use crate::parquet::thrift::{COLUMN_INDEX, OFFSET_INDEX, look};
use crate::spec::Positions;

/// The rows of a row group whose pages may hold rows that satisfy the predicate, as ranges in ascending order.
/// `indexed` is the file's metadata with its page index.
pub(crate) fn rows_to_read(
    file: &FileMetadata,
    indexed: &ParquetMetaData,
    projection: &Projection,
    group: usize,
    predicate: &BoundPredicate,
) -> Vec<Range<usize>> {
    let Some(metadata) = indexed.row_groups().get(group) else { return Vec::new() };
    let rows = usize::try_from(metadata.num_rows()).unwrap_or(0);
    let ids = predicate.field_ids();
    let pages: Vec<_> = ids.into_iter().filter_map(|id| columns(file, indexed, projection, group, id, rows)).collect();
    if pages.is_empty() {
        return std::iter::once(0..rows).collect();
    }
    let mut cuts: Vec<usize> = pages.iter().flat_map(|column| column.starts.iter().copied()).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let stats = GroupStats::new(file, projection, metadata);
    let mut kept: Vec<Range<usize>> = Vec::new();
    for (row, end) in cuts.iter().copied().zip(cuts.iter().skip(1).copied()) {
        if !might_match(predicate, &PageStats { group: &stats, pages: &pages, row }) {
            continue;
        }
        match kept.last_mut() {
            Some(last) if last.end == row => last.end = end,
            _ => kept.push(row..end),
        }
    }
    kept
}

/// The pages of a field's column, if its index is there and makes sense.
fn columns<'a>(
    file: &FileMetadata,
    indexed: &'a ParquetMetaData,
    projection: &Projection,
    group: usize,
    id: i32,
    rows: usize,
) -> Option<PageColumn<'a>> {
    let primitive = projection.table_schema().field_by_id(id)?.field_type.as_primitive()?;
    let leaf = leaf_of(file.arrow_schema(), id)?;
    let provider = indexed.page_index()?;
    let (index, offsets) = (provider.column_index(group, leaf)?, provider.offset_index(group, leaf)?);
    let column = indexed.row_groups().get(group)?.columns().get(leaf)?.column_descr_ptr();
    let mut starts = Vec::with_capacity(offsets.page_locations().len().saturating_add(1));
    for location in offsets.page_locations() {
        starts.push(usize::try_from(location.first_row_index).ok()?);
    }
    starts.push(rows);
    let ascending = starts.is_sorted_by(|a, b| a < b);
    let complete = starts.first() == Some(&0) && usize::try_from(index.num_pages()) == Ok(starts.len() - 1);
    (ascending && complete && column.max_rep_level() == 0).then_some(PageColumn {
        id,
        primitive,
        column,
        index,
        starts,
    })
}

/// Deleted rows that are fewer than this in a row are read and then left out, which is cheaper than to skip them.
const LEAST_SKIPPED: u64 = 64;

/// Ranges of a row group's rows, as positions in the file, without long runs of deleted ones.
pub(crate) fn without(ranges: Vec<Range<usize>>, first_row: u64, deleted: &Positions) -> Vec<Range<u64>> {
    let at = |row: usize| first_row.saturating_add(u64::try_from(row).unwrap_or(u64::MAX));
    let mut kept: Vec<Range<u64>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        // Rows between two ranges are not deleted, but ruled out: they are not joined.
        let mut joins = false;
        for gap in deleted.gaps_in(at(range.start)..at(range.end)) {
            match kept.last_mut() {
                Some(last) if joins && gap.start.saturating_sub(last.end) < LEAST_SKIPPED => last.end = gap.end,
                _ => kept.push(gap),
            }
            joins = true;
        }
    }
    kept
}

/// Looks at the page indexes in these ranges, before the Parquet library decodes them.
pub(crate) fn check_page_index(metadata: &ParquetMetaData, ranges: &[Range<u64>], bytes: &[Bytes]) -> Result<()> {
    let columns = || metadata.row_groups().iter().flat_map(|group| group.columns());
    let indexes = columns().filter_map(|column| Some((column.column_index_range()?, &COLUMN_INDEX)));
    let indexes = indexes.chain(columns().filter_map(|column| Some((column.offset_index_range()?, &OFFSET_INDEX))));
    for (index, kind) in indexes {
        for (range, bytes) in ranges.iter().zip(bytes) {
            let part = index
                .start
                .checked_sub(range.start)
                .zip(index.end.checked_sub(range.start))
                .and_then(|(a, b)| bytes.get(usize::try_from(a).ok()?..usize::try_from(b).ok()?));
            if part.is_some_and(|mut part| look(kind, &mut part).is_none()) {
                return Err(Error::invalid_data("the Parquet file is malformed: its page index is damaged"));
            }
        }
    }
    Ok(())
}
