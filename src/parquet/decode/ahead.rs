//! What comes after the rows that are being read, fetched in advance.

use std::ops::Range;

use bytes::Bytes;

use super::{FileDecoder, State};
use crate::error::Result;
use crate::parquet::footer::{check_pushed, check_ranges};
use crate::parquet::late::Late;

type Ranges = Vec<Range<u64>>;

impl FileDecoder {
    /// What [`step`](Self::step) will ask for when the rows that it is at are done, to be fetched in advance; empty if
    /// nothing, or not known yet, as with a limit. And about how many bytes that is.
    pub fn ahead(&self) -> Result<(Vec<Range<u64>>, u64)> {
        let next = self.parts.front().filter(|_| self.left.is_none());
        let (State::Rows(_) | State::Whole(_), Some(part)) = (&self.state, next) else { return Ok((Vec::new(), 0)) };
        let mut ranges = self.reading().ranges(part, None)?;
        check_ranges(&ranges, self.file.file_size())?;
        ranges.retain(|range| self.at_hand(range).is_none());
        Ok((ranges, part.bytes))
    }

    /// What of the part that is `ahead` of those to come begins where these ranges end, up to so many bytes, and the rest of it: what
    /// is better fetched with them, in one request, and [kept](Self::keep_beyond) until it is asked for.
    pub(crate) fn beyond(&self, ahead: usize, ranges: &[Range<u64>], most: u64) -> Result<(Ranges, Ranges)> {
        // What comes after a part of which nothing may be wanted is not known to be wanted.
        let is_certain = self.left.is_none() && self.late.as_ref().is_none_or(Late::some_passed);
        let next = self.parts.get(ahead).filter(|part| is_certain && !(part.skips && self.late.is_some()));
        let (State::Rows(_) | State::Whole(_), Some(part)) = (&self.state, next) else { return Ok(Default::default()) };
        let Some(end) = ranges.iter().map(|range| range.end).max() else { return Ok(Default::default()) };
        if ahead == 0 && self.keeps_beyond() {
            return Ok(Default::default());
        }
        Ok(adjoining(end, self.reading().ranges(part, None)?, most))
    }

    /// Whether some of the next part was fetched with this.
    pub(crate) fn keeps_beyond(&self) -> bool {
        !self.beyond.next.is_empty()
    }

    /// Keeps what was fetched of the part after the one that is fetched.
    pub(crate) fn keep_beyond(&mut self, ranges: Vec<Range<u64>>, bytes: Vec<Bytes>) -> Result<()> {
        check_pushed(&ranges, &bytes)?;
        self.beyond.keep(ranges, bytes);
        Ok(())
    }
}

/// What was fetched with a part of a file and belongs to the next, since it begins where that ends.
#[derive(Debug, Default)]
pub(super) struct Beyond {
    /// Of the part that is being read, and of the one after it.
    now: Vec<(Range<u64>, Bytes)>,
    next: Vec<(Range<u64>, Bytes)>,
}

impl Beyond {
    pub(super) fn keep(&mut self, ranges: Vec<Range<u64>>, bytes: Vec<Bytes>) {
        self.next.extend(ranges.into_iter().zip(bytes));
    }

    pub(super) fn get(&self, range: &Range<u64>) -> Option<Bytes> {
        let mut all = self.now.iter().chain(&self.next);
        all.find(|(kept, _)| kept == range).map(|(_, bytes)| bytes.clone())
    }

    /// The next part is begun.
    pub(super) fn advance(&mut self) {
        self.now = std::mem::take(&mut self.next);
    }
}

/// Of these ranges those that follow on a position without a gap, up to so many bytes, and the others.
fn adjoining(mut end: u64, mut ranges: Ranges, most: u64) -> (Ranges, Ranges) {
    ranges.sort_unstable_by_key(|range| range.start);
    let (mut left, mut follow) = (most, 0);
    for range in &ranges {
        let bytes = range.end.saturating_sub(range.start);
        if range.start != end || bytes > left {
            break;
        }
        (end, left, follow) = (range.end, left - bytes, follow + 1);
    }
    let rest = ranges.split_off(follow);
    (ranges, rest)
}
