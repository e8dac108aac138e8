//! A small row group whose bytes are all at hand, as it is of most files that are small themselves. For each column of each the
//! Parquet library makes a decompressor for Zstandard, and a compressor, which takes longer than to decode some hundreds of rows:
//! here pages are decompressed before, all by one decompressor.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, RowGroups};
use parquet::arrow::{ProjectionMask, parquet_to_arrow_field_levels};
use parquet::basic::Compression;
use parquet::column::page::{PageIterator, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};
use parquet::file::reader::SerializedPageReader;
use zstd::bulk::Decompressor;

use crate::parquet::footer::decoded;
use crate::parquet::page_headers::{Page, check_page_headers, page};
use crate::parquet::thrift::unsigned;

/// Larger row groups, in bytes of the file or decompressed, are read page by page.
const MOST: usize = 1 << 20;

thread_local! {
    static DECOMPRESSOR: RefCell<Decompressor<'static>> = RefCell::default();
}

/// The columns of a row group that are read, by number.
pub(super) struct WholeGroup<'a> {
    file: &'a ParquetMetaData,
    group: &'a RowGroupMetaData,
    chunks: Vec<(usize, Chunk)>,
}

/// A column chunk, described as if it were a file of its own.
struct Chunk {
    column: ColumnChunkMetaData,
    pages: Arc<Bytes>,
}

impl<'a> WholeGroup<'a> {
    /// If it is small and its columns' bytes are at hand, and as they should be. What is wrong with them is the library's to say.
    pub(super) fn new(
        file: &'a ParquetMetaData,
        group: &'a RowGroupMetaData,
        leaves: &[usize],
        at_hand: impl Fn(&Range<u64>) -> Option<Bytes>,
    ) -> Option<Self> {
        let descriptor = file.file_metadata().schema_descr();
        // Parts of structs are left to the usual way.
        let is_flat = descriptor.root_schema().get_fields().len() == descriptor.num_columns();
        let is_whole = |leaf: usize| {
            let root = descriptor.get_column_root_idx(leaf);
            (0..descriptor.num_columns())
                .all(|other| descriptor.get_column_root_idx(other) != root || leaves.contains(&other))
        };
        if leaves.is_empty() || !(is_flat || leaves.iter().all(|leaf| is_whole(*leaf))) {
            return None;
        }
        let (mut chunks, mut room) = (Vec::new(), MOST);
        for leaf in leaves {
            let column = group.columns().get(*leaf)?;
            let (start, length) = column.byte_range();
            let pages = at_hand(&(start..start.checked_add(length)?))?;
            room = room.checked_sub(pages.len())?;
            chunks.push((*leaf, Chunk::new(column, pages, &mut room)?));
        }
        Some(Self { file, group, chunks })
    }

    /// Its rows; `None` if the library cannot read them so.
    pub(super) fn rows(&self, leaves: &[usize], batch_size: usize) -> Option<ParquetRecordBatchReader> {
        let descriptor = self.file.file_metadata().schema_descr();
        let rows = decoded(|| {
            let mask = ProjectionMask::leaves(descriptor, leaves.iter().copied());
            let levels = parquet_to_arrow_field_levels(descriptor, mask, None)?;
            let batch_size = batch_size.min(self.num_rows()).max(1);
            ParquetRecordBatchReader::try_new_with_row_groups(&levels, self, batch_size, None)
        });
        rows.ok()
    }
}

impl Chunk {
    fn new(column: &ColumnChunkMetaData, pages: Bytes, room: &mut usize) -> Option<Self> {
        check_page_headers(&pages).ok()?;
        let (pages, codec) = match column.compression() {
            Compression::ZSTD(_) => (decompressed(&pages, room)?.into(), Compression::UNCOMPRESSED),
            other => (pages, other),
        };
        let column = ColumnChunkMetaData::builder(column.column_descr_ptr())
            .set_compression(codec)
            .set_num_values(column.num_values())
            .set_total_compressed_size(i64::try_from(pages.len()).ok()?)
            .set_total_uncompressed_size(column.uncompressed_size())
            .set_data_page_offset(0)
            .set_dictionary_page_offset(column.dictionary_page_offset().map(|_| 0))
            .build();
        Some(Self { column: column.ok()?, pages: Arc::new(pages) })
    }
}

/// Pages of Zstandard, each decompressed, with headers that say so.
fn decompressed(mut pages: &[u8], room: &mut usize) -> Option<Vec<u8>> {
    let mut to = Vec::new();
    while !pages.is_empty() {
        let (next, rest) = page(pages)?;
        let header = pages.get(..pages.len().checked_sub(rest.len())?.checked_sub(next.body.len())?)?;
        pages = rest;
        if !matches!(next.kind, Page::DATA | Page::DATA_V2 | Page::DICTIONARY) {
            return None;
        }
        let plain = if next.is_compressed { next.levels } else { next.body.len() };
        let (plain, compressed) = next.body.split_at_checked(plain)?;
        let size = next.uncompressed.checked_sub(plain.len())?;
        *room = room.checked_sub(next.uncompressed)?;
        put_header(&mut to, header, next.uncompressed)?;
        to.extend_from_slice(plain);
        if size > 0 {
            let values = DECOMPRESSOR.with_borrow_mut(|decompressor| decompressor.decompress(compressed, size)).ok()?;
            if values.len() != size {
                return None;
            }
            to.extend_from_slice(&values);
        }
    }
    Some(to)
}

/// A page's header with another length of what follows: the third field, of which the first three are numbers.
fn put_header(to: &mut Vec<u8>, header: &[u8], length: usize) -> Option<()> {
    const NEXT_NUMBER: u8 = 0x15;
    let mut rest = header;
    for _ in 0..2 {
        rest = rest.strip_prefix(&[NEXT_NUMBER])?;
        unsigned(&mut rest)?;
    }
    rest = rest.strip_prefix(&[NEXT_NUMBER])?;
    to.extend_from_slice(header.get(..header.len().checked_sub(rest.len())?)?);
    unsigned(&mut rest)?;
    let mut left = length.checked_mul(2)?;
    loop {
        let seven = u8::try_from(left & 0x7f).ok()?;
        left >>= 7;
        to.push(if left > 0 { seven | 0x80 } else { seven });
        if left == 0 {
            break;
        }
    }
    to.extend_from_slice(rest);
    Some(())
}

impl RowGroups for WholeGroup<'_> {
    fn num_rows(&self) -> usize {
        usize::try_from(self.group.num_rows()).unwrap_or(0)
    }

    fn column_chunks(&self, leaf: usize) -> Result<Box<dyn PageIterator>> {
        let chunk = self.chunks.iter().find(|(number, _)| *number == leaf).map(|(_, chunk)| chunk);
        let chunk = chunk.ok_or_else(|| ParquetError::General("a column was not read".to_owned()))?;
        let pages = SerializedPageReader::new(chunk.pages.clone(), &chunk.column, self.num_rows(), None)?;
        Ok(Box::new(Once(Some(Box::new(pages)))))
    }

    fn row_groups(&self) -> Box<dyn Iterator<Item = &RowGroupMetaData> + '_> {
        Box::new(std::iter::once(self.group))
    }

    fn metadata(&self) -> &ParquetMetaData {
        self.file
    }
}

/// The pages of one row group.
struct Once(Option<Box<dyn PageReader>>);

impl Iterator for Once {
    type Item = Result<Box<dyn PageReader>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.take().map(Ok)
    }
}

impl PageIterator for Once {}
