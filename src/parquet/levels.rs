//! Repetition levels, before the Parquet library skips rows of lists and maps: where a page has fewer levels than its header
//! says, the library never comes to an end.

use std::io::Read;

use parquet::basic::Compression;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};

use crate::error::{Error, Result};
use crate::parquet::page_headers::{Page, page};
use crate::parquet::thrift::unsigned;

/// Whether rows of a column can be skipped safely: it has one value a row, or a look at its levels is possible.
pub(super) fn can_skip(column: &ColumnChunkMetaData) -> bool {
    column.column_descr().max_rep_level() == 0
        || matches!(
            column.compression(),
            Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::GZIP(_) | Compression::ZSTD(_)
        )
}

/// Checks the levels of whole pages that begin at this place in the file, if they are of a column with many values a row.
pub(super) fn check_levels(file: &ParquetMetaData, leaves: &[usize], start: u64, mut pages: &[u8]) -> Result<()> {
    let columns =
        file.row_groups().iter().flat_map(|group| leaves.iter().filter_map(|leaf| group.columns().get(*leaf)));
    let column = columns.filter(|column| column.column_descr().max_rep_level() > 0).find(|column| {
        let (first, length) = column.byte_range();
        (first..first.saturating_add(length)).contains(&start)
    });
    let Some(column) = column else { return Ok(()) };
    while !pages.is_empty() {
        let checked = page(pages).and_then(|(page, rest)| has_levels(column, &page).then_some(rest));
        pages = checked.ok_or_else(|| {
            Error::invalid_data("the Parquet file is malformed: a page has fewer values than its header says")
        })?;
    }
    Ok(())
}

fn has_levels(column: &ColumnChunkMetaData, page: &Page<'_>) -> bool {
    let levels = i16::cast_unsigned(column.column_descr().max_rep_level());
    let width = usize::try_from(u16::BITS - levels.leading_zeros()).unwrap_or(0);
    match (page.kind, usize::try_from(page.values)) {
        (Page::DICTIONARY, _) => true,
        (Page::DATA_V2, Ok(values)) => {
            page.body.get(..page.repetition).is_some_and(|levels| count(levels, width, values))
        }
        (Page::DATA, Ok(values)) => first_version(column, page, width, values).unwrap_or(false),
        _ => false,
    }
}

/// In the first version of pages levels are compressed with the values, and come first.
fn first_version(column: &ColumnChunkMetaData, page: &Page<'_>, width: usize, values: usize) -> Option<bool> {
    let snappy;
    let mut body: Box<dyn Read + '_> = match column.compression() {
        Compression::UNCOMPRESSED => Box::new(page.body),
        Compression::SNAPPY => {
            snappy = snap::raw::Decoder::new().decompress_vec(page.body).ok()?;
            Box::new(snappy.as_slice())
        }
        Compression::GZIP(_) => Box::new(flate2::read::MultiGzDecoder::new(page.body)),
        Compression::ZSTD(_) => Box::new(zstd::Decoder::with_buffer(page.body).ok()?),
        _ => return None,
    };
    if page.repetition_encoding == Page::BIT_PACKED {
        return Some(values.checked_mul(width)?.div_ceil(8) <= page.uncompressed);
    }
    let mut length = [0; 4];
    body.read_exact(&mut length).ok()?;
    let length = u64::from(u32::from_le_bytes(length));
    let mut levels = Vec::new();
    body.take(length.min(u64::try_from(page.uncompressed).ok()?)).read_to_end(&mut levels).ok()?;
    Some(count(&levels, width, values))
}

/// Whether there are so many levels in runs and packed groups of eight (Parquet spec: RLE).
fn count(mut bytes: &[u8], width: usize, values: usize) -> bool {
    let mut found = 0_usize;
    while found < values {
        let Some(header) = unsigned(&mut bytes) else { return false };
        let Ok(length) = usize::try_from(header >> 1) else { return false };
        let (levels, taken) = if header & 1 == 1 {
            let taken = length.saturating_mul(width).min(bytes.len());
            (taken.saturating_mul(8) / width.max(1), taken)
        } else {
            (length, width.div_ceil(8))
        };
        let Some(rest) = bytes.get(taken..) else { return false };
        (bytes, found) = (rest, found.saturating_add(levels));
    }
    true
}
