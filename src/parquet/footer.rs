use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_schema::SchemaRef;
use bytes::Bytes;
use parquet::DecodeResult;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataPushDecoder};

use crate::error::{Error, Result};
use crate::parquet::thrift::{FILE, look};
use crate::spec::NameMapping;

/// What is read of a file at first: small files whole, of larger ones the footer and the page index most of the time.
pub const FIRST_READ: u64 = 64 << 10;

/// Reads a Parquet file's footer, asking for the bytes it needs.
#[derive(Debug)]
pub struct FooterDecoder {
    inner: ParquetMetaDataPushDecoder,
    file_size: u64,
    first: Option<Range<u64>>,
    tail: Option<(u64, Bytes)>,
    /// Where the metadata is, until it was looked at.
    unseen: Option<Range<u64>>,
}

/// What a [`FooterDecoder`] says.
#[derive(Debug)]
pub enum FooterStep {
    /// Fetch these ranges of the file and [`push`](FooterDecoder::push) them.
    Needs(Vec<Range<u64>>),
    /// The footer is read.
    Done(FileMetadata),
}

/// The footer of a data file: its schema, row groups and statistics, checked against the size of the file.
#[derive(Clone, Debug)]
pub struct FileMetadata {
    pub(crate) reader: ArrowReaderMetadata,
    /// The file's columns with their field ids.
    pub(super) schema: SchemaRef,
    /// What gave them their ids, if not the file.
    pub(super) mapping: Option<Arc<NameMapping>>,
    file_size: u64,
    tail: Option<(u64, Bytes)>,
}

impl FooterDecoder {
    /// Of a file of this size. The first read is of its last `first_read` bytes ([`FIRST_READ`] is a good number).
    ///
    /// Fails with [`InvalidData`](crate::ErrorKind::InvalidData) on a file that is too short for Parquet.
    pub fn new(file_size: u64, first_read: u64) -> Result<Self> {
        let inner = ParquetMetaDataPushDecoder::try_new(file_size).map_err(broken)?;
        // The page index is read later, by a decoder that has a filter.
        let inner = inner.with_page_index_policy(PageIndexPolicy::Skip);
        let first = file_size.saturating_sub(first_read.max(8))..file_size;
        Ok(Self { inner, file_size, first: Some(first), tail: None, unseen: None })
    }

    /// What is to be done next.
    pub fn step(&mut self) -> Result<FooterStep> {
        if let Some(first) = &self.first {
            return Ok(FooterStep::Needs(vec![first.clone()]));
        }
        if let Some(unseen) = &self.unseen {
            return Ok(FooterStep::Needs(vec![unseen.clone()]));
        }
        match decoded(|| self.inner.try_decode())? {
            DecodeResult::NeedsData(ranges) => {
                check_ranges(&ranges, self.file_size)?;
                Ok(FooterStep::Needs(ranges))
            }
            DecodeResult::Data(metadata) => {
                FileMetadata::new(metadata, self.file_size, self.tail.take()).map(FooterStep::Done)
            }
            DecodeResult::Finished => Err(Error::invalid_data("the footer was read already")),
        }
    }

    /// The bytes of ranges that were asked for, in the same order.
    pub fn push(&mut self, ranges: Vec<Range<u64>>, bytes: Vec<Bytes>) -> Result<()> {
        check_pushed(&ranges, &bytes)?;
        if let (Some(range), Some(first), Some(_)) = (ranges.first(), bytes.first(), self.first.take()) {
            self.tail = Some((range.start, first.clone()));
            self.unseen = metadata_range(first, self.file_size);
        }
        self.look_at_metadata(&ranges, &bytes)?;
        self.inner.push_ranges(ranges, bytes).map_err(broken)
    }
}

impl FooterDecoder {
    fn look_at_metadata(&mut self, ranges: &[Range<u64>], bytes: &[Bytes]) -> Result<()> {
        let Some(unseen) = &self.unseen else { return Ok(()) };
        let metadata = ranges.iter().zip(bytes).find_map(|(range, bytes)| {
            let from = usize::try_from(unseen.start.checked_sub(range.start)?).ok()?;
            let to = usize::try_from(unseen.end.checked_sub(range.start)?).ok()?;
            bytes.get(from..to)
        });
        if let Some(mut metadata) = metadata {
            look(&FILE, &mut metadata)
                .ok_or_else(|| Error::invalid_data("the Parquet file is malformed: its metadata is damaged"))?;
            self.unseen = None;
        }
        Ok(())
    }
}

/// Where the last eight bytes say that the metadata is; `None` if they do not, which is an error of the library's.
fn metadata_range(tail: &[u8], file_size: u64) -> Option<Range<u64>> {
    let (length, magic) = tail.last_chunk::<8>()?.split_first_chunk::<4>()?;
    let end = file_size.checked_sub(8)?;
    let start = end.checked_sub(u32::from_le_bytes(*length).into())?;
    (magic == b"PAR1").then_some(start..end)
}

impl FileMetadata {
    fn new(metadata: ParquetMetaData, file_size: u64, tail: Option<(u64, Bytes)>) -> Result<Self> {
        validate(&metadata, file_size)?;
        // The Arrow schema that other writers embed is advice that may contradict the file.
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let reader = ArrowReaderMetadata::try_new(Arc::new(metadata), options).map_err(broken)?;
        let schema = reader.schema().clone();
        Ok(Self { reader, schema, mapping: None, file_size, tail })
    }

    /// The size of the file in bytes.
    pub fn file_size(&self) -> u64 {
        self.file_size
    }

    /// Rows in the file.
    pub fn record_count(&self) -> u64 {
        u64::try_from(self.parquet().file_metadata().num_rows()).unwrap_or(0)
    }

    /// Row groups in the file.
    pub fn row_group_count(&self) -> usize {
        self.parquet().num_row_groups()
    }

    /// The same without the bytes of the file's end, which otherwise are kept so as not to be fetched again: for a cache
    /// of footers.
    #[must_use]
    pub fn without_tail(mut self) -> Self {
        self.drop_tail();
        self
    }

    pub(crate) fn drop_tail(&mut self) {
        self.tail = None;
    }

    pub(crate) fn has_tail(&self) -> bool {
        self.tail.is_some()
    }

    pub(crate) fn parquet(&self) -> &Arc<ParquetMetaData> {
        self.reader.metadata()
    }

    pub(crate) fn arrow_schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// A range of the file, if it is among the bytes at hand.
    pub(crate) fn at_hand(&self, range: &Range<u64>) -> Option<Bytes> {
        let (start, bytes) = self.tail.as_ref()?;
        let from = usize::try_from(range.start.checked_sub(*start)?).ok()?;
        let to = usize::try_from(range.end.checked_sub(*start)?).ok()?;
        (from <= to && to <= bytes.len()).then(|| bytes.slice(from..to))
    }
}

/// Offsets and counts in a footer are a stranger's: what the Parquet library takes for granted is checked here.
fn validate(metadata: &ParquetMetaData, file_size: u64) -> Result<()> {
    let wrong = |what: &str| Err(Error::invalid_data(format!("the Parquet footer is malformed: {what}")));
    let descriptor = metadata.file_metadata().schema_descr();
    let within = |start: i64, length: i64| {
        let end = u64::try_from(start).ok().zip(u64::try_from(length).ok()).and_then(|(s, l)| s.checked_add(l));
        end.is_some_and(|end| end <= file_size)
    };
    let mut total = 0_i64;
    for group in metadata.row_groups() {
        if group.num_rows() < 0 {
            return wrong("a negative number of rows");
        }
        total = total.saturating_add(group.num_rows());
        if group.num_columns() != descriptor.num_columns() {
            return wrong("a row group lacks columns");
        }
        for column in group.columns() {
            let start = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
            if !within(start, column.compressed_size()) || column.data_page_offset() < start {
                return wrong("a column lies outside of the file");
            }
            if column.num_values() < 0 || column.uncompressed_size() < 0 {
                return wrong("a negative number of values");
            }
            let index = [
                (column.column_index_offset(), column.column_index_length()),
                (column.offset_index_offset(), column.offset_index_length()),
            ];
            for (offset, length) in index {
                if let (Some(offset), Some(length)) = (offset, length)
                    && !within(offset, length.into())
                {
                    return wrong("a page index lies outside of the file");
                }
            }
        }
    }
    if metadata.file_metadata().num_rows() != total {
        return wrong("the number of rows is not the sum of those of the row groups");
    }
    Ok(())
}

/// The same for the places of pages.
pub(crate) fn validate_pages(metadata: &ParquetMetaData) -> Result<()> {
    let Some(index) = metadata.page_index() else { return Ok(()) };
    for (number, group) in metadata.row_groups().iter().enumerate() {
        for (leaf, column) in group.columns().iter().enumerate() {
            let Some(pages) = index.page_locations(number, leaf) else { continue };
            let (start, length) = column.byte_range();
            let (mut end, mut next_row) = (start, 0);
            for page in pages {
                let from = u64::try_from(page.offset).ok();
                let to =
                    from.zip(u64::try_from(page.compressed_page_size).ok()).and_then(|(from, n)| from.checked_add(n));
                let fits = from.is_some_and(|from| from >= end)
                    && to.is_some_and(|to| to <= start.saturating_add(length))
                    && page.first_row_index >= next_row
                    && page.first_row_index < group.num_rows().max(1);
                if !fits {
                    return Err(Error::invalid_data(
                        "the Parquet file is malformed: a page lies outside of its column",
                    ));
                }
                (end, next_row) = (to.unwrap_or(end), page.first_row_index.saturating_add(1));
            }
            if pages.first().is_some_and(|page| page.first_row_index != 0) || (pages.is_empty() && group.num_rows() > 0)
            {
                return Err(Error::invalid_data("the Parquet file is malformed: the page index lacks the first rows"));
            }
        }
    }
    Ok(())
}

/// Lets the library decode. On hostile values it may panic (split streams that are too short for their number of values),
/// which is an error like others: the decoder is not used any more. Where panics abort, as on wasm32, they still do.
pub(crate) fn decoded<T>(decode: impl FnOnce() -> parquet::errors::Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(decode))
        .unwrap_or_else(|_| Err(parquet::errors::ParquetError::General("the decoder panicked".to_owned())))
        .map_err(broken)
}

pub(crate) fn broken(error: parquet::errors::ParquetError) -> Error {
    Error::invalid_data("the Parquet file is malformed").caused_by(error)
}

pub(crate) fn check_ranges(ranges: &[Range<u64>], file_size: u64) -> Result<()> {
    match ranges.iter().find(|range| range.start > range.end || range.end > file_size) {
        Some(range) => Err(Error::invalid_data(format!(
            "the Parquet file is malformed: bytes {}..{} of {file_size}",
            range.start, range.end
        ))),
        None => Ok(()),
    }
}

pub(crate) fn check_pushed(ranges: &[Range<u64>], bytes: &[Bytes]) -> Result<()> {
    let fits = |(range, bytes): (&Range<u64>, &Bytes)| {
        range.end.checked_sub(range.start).is_some_and(|length| u64::try_from(bytes.len()) == Ok(length))
    };
    if ranges.len() == bytes.len() && ranges.iter().zip(bytes).all(fits) {
        Ok(())
    } else {
        Err(Error::invalid_data("the store answered with another number of bytes than the Parquet file should have"))
    }
}
