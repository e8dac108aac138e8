use std::ops::{Range, RangeInclusive};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::{fmt, mem};

use arrow_array::RecordBatch;
use bytes::Bytes;
use futures::future::{MaybeDone, maybe_done, poll_immediate};

use crate::ErrorKind;
use crate::error::{Error, Result, ResultExt};
use crate::expr::BoundPredicate;
use crate::parquet::{
    DecodeOptions, DecodeReport, FIRST_READ, FileDecoder, FileMetadata, FooterDecoder, FooterStep, Projection, Shares,
    Step,
};
use crate::read::budget::{Budget, Permit};
use crate::read::decoder::{AvroDecoder, Decoder};
use crate::read::files::Files;
use crate::runtime::BoxFuture;
use crate::spec::DataFile;
use crate::store::{MOST_IN_REQUEST, merge};

#[cfg(test)]
mod tests;

const AVRO: &str = "AVRO";

/// The rows of one file, whether of data or of deletes: columns by field id, filtered.
#[derive(Debug)]
pub(crate) struct Rows {
    files: Files,
    path: String,
    decoder: Decoder,
    /// How much of the decoder's report is in the files'.
    seen: DecodeReport,
    limits: Limits,
    /// For what was read at first, and for what is being decoded, which others may share.
    whole: Option<Arc<Permit>>,
    permit: Option<Arc<Permit>>,
    ahead: Ahead,
    /// For what was fetched of the next part with this, until there is a permit for all of that.
    beyond: Option<Permit>,
}

/// What bounds the memory that a file's reading takes.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) budget: Arc<Budget>,
    /// Whether all others wait for this file's rows.
    pub(crate) urgent: Arc<AtomicBool>,
}

/// What comes next, fetched while rows are decoded.
#[derive(Default)]
enum Ahead {
    /// Not known yet.
    #[default]
    Unknown,
    Nothing,
    /// These ranges, of so many bytes, when the budget allows it.
    Wanted(Vec<Range<u64>>, u64),
    Fetching(Fetch, MaybeDone<BoxFuture<'static, Result<Vec<Bytes>>>>, Permit),
}

/// Ranges of a part, and of the part after it those that adjoin them.
struct Fetch {
    ranges: Vec<Range<u64>>,
    beyond: Vec<Range<u64>>,
    permit: Option<Permit>,
}

impl Rows {
    pub(crate) async fn open(
        files: &Files,
        file: &DataFile,
        projection: &Projection,
        filter: Option<&BoundPredicate>,
        options: DecodeOptions,
        limits: Limits,
    ) -> Result<Self> {
        check_format(file)?;
        let path = file.file_path.clone();
        // A file of one row group would be fetched whole anyway.
        let at_once = file.metrics.split_offsets.len() == 1 && options.limit.is_none();
        let most = if at_once { options.part_bytes } else { limits.budget.total() / 16 };
        let mut first_read = first_read(file, projection, filter.is_some(), most);
        if options.any_order && options.limit.is_none() && filter.is_none() {
            first_read = first_read.max(last_group(file, projection, options.part_bytes).unwrap_or(0));
        }
        // What is read of a small file at first is held to its end.
        let whole = match first_read > FIRST_READ {
            true => Some(limits.budget.take(first_read, &limits.urgent).await.into()),
            false => None,
        };
        let decoder = decoder(files, file, first_read, projection, filter, options).await;
        let decoder = decoder.context(|| format!("reading {path}"))?;
        Ok(Self {
            files: files.clone(),
            path,
            decoder,
            seen: DecodeReport::default(),
            limits,
            whole,
            permit: None,
            ahead: Ahead::Unknown,
            beyond: None,
        })
    }

    /// Shares a large file among so many readers at most, this one among them; to be called before the first rows are read.
    pub(crate) async fn share(&mut self, most: usize) -> Result<Vec<Self>> {
        loop {
            match self.decoder.share(most).context(|| format!("reading {}", self.path))? {
                Shares::Needs(ranges) => {
                    let bytes = self.fetch(&ranges).await.context(|| format!("reading {}", self.path))?;
                    self.decoder.push(ranges, bytes).context(|| format!("reading {}", self.path))?;
                }
                Shares::Wants(ranges) => {
                    let bytes = self.fetch(&ranges).await.context(|| format!("reading {}", self.path))?;
                    self.decoder.hold(ranges, bytes)?;
                }
                Shares::Others(others) => {
                    let of_one = self.decoder.tail_first().0;
                    let whole = if of_one { None } else { self.whole.clone() };
                    let of = |decoder| Self {
                        files: self.files.clone(),
                        path: self.path.clone(),
                        decoder: Decoder::Parquet(Box::new(decoder)),
                        seen: DecodeReport::default(),
                        limits: self.limits.clone(),
                        whole: whole.clone(),
                        permit: self.permit.clone(),
                        ahead: Ahead::Unknown,
                        beyond: None,
                    };
                    return Ok(others.into_iter().map(of).collect());
                }
            }
        }
    }

    /// The next rows, at least one; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            let step = self.decoder.step().context(|| format!("reading {}", self.path))?;
            self.report();
            if self.whole.is_some() && self.decoder.tail_first() == (true, false) {
                self.whole = None;
            }
            match step {
                Step::Batch(batch) => {
                    self.look_ahead().await?;
                    return Ok(Some(batch));
                }
                Step::Done => {
                    (self.permit, self.whole) = (None, None);
                    return Ok(None);
                }
                Step::Needs(ranges) => {
                    let bytes = self.fetch(&ranges).await.context(|| format!("reading {}", self.path))?;
                    self.decoder.push(ranges, bytes).context(|| format!("reading {}", self.path))?;
                }
            }
        }
    }

    /// What the decoder needs, of which some may have been fetched already.
    async fn fetch(&mut self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let bytes = self.decoder.part_bytes();
        let bytes = if bytes > 0 { bytes.max(sum(ranges)) } else { 0 };
        self.permit = None;
        if let Ahead::Fetching(fetch, mut fetching, permit) = mem::take(&mut self.ahead)
            && fetch.ranges == ranges
        {
            (&mut fetching).await;
            self.permit = Some(permit.into());
            if let Some(fetched) = Pin::new(&mut fetching).take_output() {
                return self.keep_beyond(fetch, fetched?);
            }
        }
        if bytes > 0 && self.permit.is_none() {
            // Who waits must hold nothing, or all might wait for one another. A file is larger than its manifest says if this holds any.
            self.whole = None;
            self.permit = Some(self.limits.budget.take(bytes, &self.limits.urgent).await.into());
            if !self.decoder.keeps_beyond() {
                self.beyond = None;
            }
        }
        let fetch = self.with_beyond(0, ranges.to_vec(), bytes)?;
        let fetched = self.files.get(&self.path, &fetch.all()).await?;
        self.keep_beyond(fetch, fetched)
    }

    /// Ranges of a part of so many bytes with what adjoins them of the part that is `ahead` of those to come, if there is room, and if
    /// that saves a request.
    fn with_beyond(&self, ahead: usize, ranges: Vec<Range<u64>>, bytes: u64) -> Result<Fetch> {
        let budget = &self.limits.budget;
        let last = merge(&ranges).pop().map_or(MOST_IN_REQUEST, |range| range.end - range.start);
        let most = budget.beyond().min(MOST_IN_REQUEST.saturating_sub(last));
        if bytes > 0 && most > 0 {
            let (beyond, rest) = self.decoder.beyond(ahead, &ranges, most)?;
            let all: Vec<_> = beyond.iter().chain(&rest).cloned().collect();
            if merge(&rest).len() < merge(&all).len()
                && let Some(permit) = budget.try_take_beyond(sum(&beyond))
            {
                return Ok(Fetch { ranges, beyond, permit: Some(permit) });
            }
        }
        Ok(Fetch { ranges, beyond: Vec::new(), permit: None })
    }

    /// Lets the decoder keep what belongs to the next part, and returns the rest.
    fn keep_beyond(&mut self, fetch: Fetch, mut fetched: Vec<Bytes>) -> Result<Vec<Bytes>> {
        let beyond = fetched.split_off(fetch.ranges.len().min(fetched.len()));
        self.decoder.keep_beyond(fetch.beyond, beyond)?;
        if fetch.permit.is_some() {
            self.beyond = fetch.permit;
        }
        Ok(fetched)
    }

    /// Begins to fetch what comes next, if the budget allows it, and lets that go on.
    async fn look_ahead(&mut self) -> Result<()> {
        if let Ahead::Unknown = self.ahead {
            let (ranges, bytes) = self.decoder.ahead().context(|| format!("reading {}", self.path))?;
            let bytes = bytes.max(sum(&ranges));
            self.ahead = if ranges.is_empty() { Ahead::Nothing } else { Ahead::Wanted(ranges, bytes) };
        }
        if let Ahead::Wanted(ranges, bytes) = &mut self.ahead
            && let Some(permit) = self.limits.budget.try_take(*bytes)
        {
            let (ranges, bytes) = (mem::take(ranges), *bytes);
            self.beyond = None;
            let fetch = self.with_beyond(1, ranges, bytes)?;
            let (files, path, wanted) = (self.files.clone(), self.path.clone(), fetch.all());
            let fetching: BoxFuture<'static, _> = Box::pin(async move { files.get(&path, &wanted).await });
            self.ahead = Ahead::Fetching(fetch, maybe_done(fetching), permit);
        }
        if let Ahead::Fetching(_, fetching, _) = &mut self.ahead {
            poll_immediate(fetching).await;
        }
        Ok(())
    }

    fn report(&mut self) {
        let now = self.decoder.report();
        let before = mem::replace(&mut self.seen, now);
        self.files.note(|report| {
            report.row_groups += now.row_groups - before.row_groups;
            report.row_groups_skipped += now.row_groups_skipped - before.row_groups_skipped;
            report.row_groups_skipped_by_bloom_filter +=
                now.row_groups_skipped_by_bloom_filter - before.row_groups_skipped_by_bloom_filter;
            report.rows_skipped_by_pages += now.rows_skipped_by_pages - before.rows_skipped_by_pages;
        });
    }
}

/// Pages that are only partly of rows that are wanted are read too, and what lies between ranges, so that this may be more
/// than the decoder says.
fn sum(ranges: &[Range<u64>]) -> u64 {
    merge(ranges).iter().map(|range| range.end.saturating_sub(range.start)).fold(0, u64::saturating_add)
}

impl Fetch {
    fn all(&self) -> Vec<Range<u64>> {
        self.ranges.iter().chain(&self.beyond).cloned().collect()
    }
}

impl Limits {
    /// Of so many bytes.
    pub(crate) fn of(bytes: u64) -> Self {
        Self { budget: Budget::new(bytes), urgent: Arc::default() }
    }
}

impl fmt::Debug for Ahead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ahead")
    }
}

async fn decoder(
    files: &Files,
    file: &DataFile,
    first_read: u64,
    projection: &Projection,
    filter: Option<&BoundPredicate>,
    options: DecodeOptions,
) -> Result<Decoder> {
    if file.file_format == AVRO {
        let (size, mapping) = (file.file_size_in_bytes, files.name_mapping(projection)?);
        return Ok(Decoder::Avro(AvroDecoder::new(size, mapping, projection, filter, options)?.into()));
    }
    let footer = footer(files, file, first_read).await?.known_by(|| files.name_mapping(projection))?;
    Ok(Decoder::Parquet(FileDecoder::new(footer, projection, filter, options)?.into()))
}

/// Fails on a file that this crate cannot read, by name.
pub(crate) fn check_format(file: &DataFile) -> Result<()> {
    if file.file_format != "PARQUET" && file.file_format != AVRO {
        let message = format!("files of the format {} ({})", file.file_format, file.file_path);
        return Err(Error::unsupported(message));
    }
    if file.key_metadata.as_ref().is_some_and(|key| !key.is_empty()) {
        return Err(Error::unsupported(format!("the encrypted file {}", file.file_path)));
    }
    Ok(())
}

/// How much of a file's end is read at first. Of a file of up to `most` bytes all, if a request saved is worth what is read in
/// vain; of others the footer and the indexes before it, which is what the manifest does not count among the columns.
fn first_read(file: &DataFile, projection: &Projection, filtered: bool, most: u64) -> u64 {
    if file.file_format == AVRO {
        return 0;
    }
    let size = file.file_size_in_bytes;
    let sizes = &file.metrics.column_sizes;
    let wanted = match sizes.is_empty() {
        true => size,
        false => projection.schema().walk().iter().filter_map(|(_, field)| sizes.get(&field.id)).sum(),
    };
    // A filter may leave out most of it.
    let in_vain = if filtered { size } else { size.saturating_sub(wanted) };
    if size <= most && in_vain <= WORTH_A_REQUEST {
        return size;
    }
    let columns = sizes.values().fold(MAGIC, |sum, size| sum.saturating_add(*size));
    Some(size.saturating_sub(columns)).filter(|rest| FOOTERS.contains(rest)).unwrap_or(FIRST_READ)
}

/// How much of a file's end its last row group is, if that is a part of its own and worth being fetched with the footer.
fn last_group(file: &DataFile, projection: &Projection, most: u64) -> Option<u64> {
    let [.., before, last] = file.metrics.split_offsets.as_slice() else { return None };
    let to_end = |offset: &i64| file.file_size_in_bytes.checked_sub(u64::try_from(*offset).ok()?);
    let (before, last) = (to_end(before)?, to_end(last)?);
    let sizes = &file.metrics.column_sizes;
    let wanted: u64 = projection.schema().walk().iter().filter_map(|(_, field)| sizes.get(&field.id)).sum();
    let all = sizes.values().fold(0_u64, |sum, size| sum.saturating_add(*size));
    (wanted == all && all > 0 && last <= most && before > most).then_some(last)
}

/// About what a request's round trip costs, in bytes.
const WORTH_A_REQUEST: u64 = if cfg!(target_family = "wasm") { 256 << 10 } else { 1 << 20 };
/// What a Parquet file begins with.
const MAGIC: u64 = 4;
/// How large footers with indexes are. If less is left the manifest is wrong about columns, and if more, it does not know all
/// of them, or most of that are Bloom filters.
const FOOTERS: RangeInclusive<u64> = 256..=256 << 10;

/// A manifest may be wrong about a file's size, where another program has put a file in its place: then the store knows.
async fn footer(files: &Files, file: &DataFile, first_read: u64) -> Result<FileMetadata> {
    let (path, recorded) = (&file.file_path, file.file_size_in_bytes);
    let error = match footer_of(files, path, recorded, first_read).await {
        Err(error) if error.kind() == ErrorKind::InvalidData => error,
        read => return read,
    };
    match files.size(path).await {
        Ok(size) if size != recorded => footer_of(files, path, size, first_read).await,
        _ => Err(error),
    }
}

/// The footer of a file of this size.
pub(crate) async fn footer_of(files: &Files, path: &str, size: u64, first_read: u64) -> Result<FileMetadata> {
    let mut footer = FooterDecoder::new(size, first_read)?;
    loop {
        match footer.step()? {
            FooterStep::Done(metadata) => return Ok(metadata),
            FooterStep::Needs(ranges) => {
                let bytes = files.get(path, &ranges).await?;
                footer.push(ranges, bytes)?;
            }
        }
    }
}
