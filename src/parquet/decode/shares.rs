//! A file's rows, read by several at a time.

use std::collections::VecDeque;
use std::ops::Range;

use bytes::Bytes;

use super::{Beyond, FileDecoder, State};
use crate::error::Result;
use crate::parquet::decode_options::DecodeReport;
use crate::parquet::dictionaries::Dictionaries;
use crate::parquet::footer::{check_pushed, check_ranges};
use crate::parquet::late::Late;
use crate::parquet::parts::{Part, group_bytes};

/// What there is to say of dividing a file.
#[derive(Debug)]
pub(crate) enum Shares {
    /// These ranges are needed first: to be [pushed](FileDecoder::push).
    Needs(Vec<Range<u64>>),
    /// These are needed by all: to be [held](FileDecoder::hold).
    Wants(Vec<Range<u64>>),
    /// Those who read what this decoder does not read any more; none where there is not enough.
    Others(Vec<FileDecoder>),
}

/// Less than this is not worth a reader.
const LEAST: u64 = 4 << 20;

impl FileDecoder {
    /// Shares what is to be read among so many decoders at most, this one among them. What would be fetched at once still is;
    /// of more, each reads whole row groups, since a row group's dictionaries would be fetched by each of its readers. To be
    /// asked before the first [`step`](Self::step), always for as many.
    pub(crate) fn share(&mut self, most: usize) -> Result<Shares> {
        if self.left.is_some() || most < 2 {
            return Ok(Shares::Others(Vec::new()));
        }
        if self.readers != most {
            self.readers = most;
            if matches!(self.state, State::PageIndex(_) | State::Rows(_) | State::Whole(_)) {
                self.state = self.first_state()?;
            }
        }
        if let Some(needs) = self.prepare()? {
            return Ok(Shares::Needs(needs));
        }
        let missing = self.wanted.iter().flatten().filter(|range| self.at_hand(range).is_none());
        let missing: Vec<_> = missing.cloned().collect();
        if !missing.is_empty() {
            check_ranges(&missing, self.file.file_size())?;
            return Ok(Shares::Wants(missing));
        }
        let all = self.part_bytes.saturating_add(self.parts.iter().map(|part| part.bytes).sum());
        let parts = std::mem::take(&mut self.parts);
        let mut shares = runs(parts, self.part_bytes, all / most as u64, self.wanted.is_none()).into_iter();
        self.parts = shares.next().unwrap_or_default();
        shares.map(|parts| self.other(parts)).collect::<Result<_>>().map(Shares::Others)
    }

    /// Keeps ranges that all who share the file want.
    pub(crate) fn hold(&mut self, ranges: Vec<Range<u64>>, bytes: Vec<Bytes>) -> Result<()> {
        check_pushed(&ranges, &bytes)?;
        self.held.extend(ranges.into_iter().zip(bytes));
        Ok(())
    }

    pub(super) fn held(&self, range: &Range<u64>) -> Option<Bytes> {
        let around = |held: &Range<u64>| held.start <= range.start && range.end <= held.end;
        let (held, bytes) = self.held.iter().find(|(held, _)| around(held))?;
        let place = |position: u64| usize::try_from(position.checked_sub(held.start)?).ok();
        let (from, to) = (place(range.start)?, place(range.end)?);
        (from <= to && to <= bytes.len()).then(|| bytes.slice(from..to))
    }

    /// About how many bytes a part has at most: fewer than are fetched at once where several share what is fetched, if the
    /// places of pages are known without a request.
    pub(super) fn most_in_part(&self) -> u64 {
        let (file, most) = (self.file.parquet(), self.options.part_bytes);
        let bytes =
            self.groups.iter().fold(0, |sum: u64, group| sum.saturating_add(group_bytes(file, &self.leaves, *group)));
        if self.readers < 2 || bytes > most {
            return most;
        }
        let columns = self.groups.iter().filter_map(|group| file.row_groups().get(*group));
        let mut columns = columns.flat_map(|group| self.leaves.iter().filter_map(|leaf| group.columns().get(*leaf)));
        let known =
            columns.all(|column| column.offset_index_range().is_some_and(|range| self.file.at_hand(&range).is_some()));
        if known { (bytes / self.readers as u64).max(LEAST).min(most) } else { most }
    }

    /// Notes what all parts need, where that is to be fetched at once.
    pub(super) fn want_at_once(&mut self) -> Result<()> {
        let bytes = self.parts.iter().fold(0, |sum: u64, part| sum.saturating_add(part.bytes));
        if self.readers < 2 || self.parts.len() < 2 || bytes > self.options.part_bytes {
            return Ok(());
        }
        let mut ranges = Vec::new();
        for part in &self.parts {
            let all = self.reading().ranges(part, None)?;
            ranges.extend(all.into_iter().filter(|range| self.at_hand(range).is_none()));
        }
        ranges.sort_unstable_by_key(|range| range.start);
        let mut wanted: Vec<Range<u64>> = Vec::new();
        for range in ranges {
            match wanted.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => wanted.push(range),
            }
        }
        self.wanted = Some(wanted);
        Ok(())
    }

    fn other(&self, parts: VecDeque<Part>) -> Result<Self> {
        let file = self.file.clone();
        let mut other = Self {
            file: if self.tail_first { file.without_tail() } else { file },
            refine: self.refine.clone(),
            leaves: self.leaves.clone(),
            options: self.options.clone(),
            groups: Vec::new(),
            reader: self.reader.clone(),
            parts,
            part_bytes: 0,
            skips: false,
            dictionaries: Dictionaries::default(),
            readers: self.readers,
            wanted: None,
            held: self.held.clone(),
            beyond: Beyond::default(),
            tail_first: false,
            late: self.late.as_ref().map(Late::anew),
            needs: Vec::new(),
            positions: VecDeque::new(),
            state: State::Done,
            left: None,
            report: DecodeReport::default(),
        };
        other.state = other.next_part()?;
        Ok(other)
    }
}

/// Parts in runs of about so many bytes, of which `begun` are before the first, each of whole row groups if that is asked for.
fn runs(parts: VecDeque<Part>, begun: u64, bytes: u64, whole: bool) -> Vec<VecDeque<Part>> {
    let (mut runs, mut run, mut size) = (Vec::new(), VecDeque::new(), begun);
    for part in parts {
        if size >= bytes.max(1) && !(whole && part.continues.is_some()) {
            runs.push(std::mem::take(&mut run));
            size = 0;
        }
        size = size.saturating_add(part.bytes);
        run.push_back(part);
    }
    runs.push(run);
    runs
}
