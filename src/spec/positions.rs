use std::fmt;
use std::ops::Range;

use roaring::{RoaringBitmap, RoaringTreemap};

use crate::error::{Error, Result};

/// Positions of rows in a data file, counted from 0: a compressed set, small where they are few or close to each other.
#[derive(Clone, Default, PartialEq)]
pub struct Positions(RoaringTreemap);

impl Positions {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// From the 64-bit portable format of Roaring bitmaps.
    ///
    /// Fails with [`InvalidData`](crate::ErrorKind::InvalidData) on bytes that are none, or that have more behind them.
    pub fn from_portable(mut bytes: &[u8]) -> Result<Self> {
        let broken = |cause| Error::invalid_data("the positions of deleted rows are malformed").caused_by(cause);
        let set = RoaringTreemap::deserialize_from(&mut bytes).map_err(broken)?;
        if !bytes.is_empty() {
            return Err(Error::invalid_data("behind the positions of deleted rows there are more bytes"));
        }
        Ok(Self(set))
    }

    /// Appends them in the 64-bit portable format of Roaring bitmaps.
    pub(crate) fn write_portable(&self, bytes: &mut Vec<u8>) {
        // Writing to memory cannot fail.
        let _ = self.0.serialize_into(bytes);
    }

    /// Adds a position. Returns whether it is new.
    pub fn insert(&mut self, position: u64) -> bool {
        self.0.insert(position)
    }

    /// Adds all of another set.
    pub fn extend(&mut self, other: &Self) {
        self.0 |= &other.0;
    }

    /// All before this position that are not among them.
    #[must_use]
    pub fn complement(&self, end: u64) -> Self {
        let mut others = RoaringTreemap::new();
        others.insert_range(0..end);
        Self(others - &self.0)
    }

    /// Whether a position is among them.
    pub fn contains(&self, position: u64) -> bool {
        self.0.contains(position)
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many lie in a range.
    pub fn count_in(&self, range: Range<u64>) -> u64 {
        let before = |end: u64| end.checked_sub(1).map_or(0, |last| self.0.rank(last));
        before(range.end.max(range.start)).saturating_sub(before(range.start))
    }

    /// All of them in order, so many at a time.
    pub(crate) fn chunks(&self, size: usize) -> impl Iterator<Item = Vec<i64>> {
        let mut all = self.0.iter().map(|position| i64::try_from(position).unwrap_or(i64::MAX));
        std::iter::from_fn(move || {
            let chunk: Vec<i64> = all.by_ref().take(size).collect();
            (!chunk.is_empty()).then_some(chunk)
        })
    }

    /// The parts of a range that are not among them, in order.
    pub fn gaps_in(&self, range: Range<u64>) -> Vec<Range<u64>> {
        let (mut gaps, mut from) = (Vec::new(), range.start);
        for (high, bitmap) in self.0.bitmaps() {
            let base = u64::from(high) << 32;
            // What of the range lies in this bitmap.
            let (start, end) = (range.start.max(base), range.end.min(base.saturating_add(1 << 32)));
            if start >= end {
                continue;
            }
            for_runs(bitmap, (start - base) as u32..=(end - 1 - base) as u32, |first, last| {
                let (first, last) = (base + u64::from(first), base + u64::from(last));
                if first > from {
                    gaps.push(from..first);
                }
                from = last.saturating_add(1);
            });
        }
        if from < range.end {
            gaps.push(from..range.end);
        }
        gaps
    }
}

/// The runs of consecutive values in a part of a bitmap.
fn for_runs(bitmap: &RoaringBitmap, part: std::ops::RangeInclusive<u32>, mut run: impl FnMut(u32, u32)) {
    let mut values = bitmap.range(part);
    while let Some(values) = values.next_range() {
        run(*values.start(), *values.end());
    }
}

impl FromIterator<u64> for Positions {
    fn from_iter<I: IntoIterator<Item = u64>>(positions: I) -> Self {
        let mut all = Self::new();
        for position in positions {
            all.insert(position);
        }
        all
    }
}

impl fmt::Debug for Positions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Positions({})", self.len())
    }
}
