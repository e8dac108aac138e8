//! Reading many ranges of one object in few requests.

use std::ops::Range;

use bytes::Bytes;
use futures::TryStreamExt;
use futures::stream::{self, StreamExt};

use crate::error::{Error, ErrorKind, Result};
use crate::runtime::BoxFuture;
use crate::store::{GetOptions, ObjectStore};

/// Ranges with no more between them than this are read in one request.
const NEAR: u64 = 256 << 10;
/// Those with no more between them than this too, about what a request's round trip costs in bytes at most,
const FAR: u64 = 2 << 20;
/// as long as what is read in vain is not more than this in all, or than an eighth of what is wanted.
const IN_VAIN: u64 = if cfg!(target_family = "wasm") { 512 << 10 } else { 4 << 20 };
/// No request asks for more than this, unless a single range does.
pub(crate) const MOST_IN_REQUEST: u64 = 16 << 20;
/// How many requests run at a time.
const CONCURRENCY: usize = 8;

/// The content of ranges, which may come in any order and overlap, and the number of requests that it took.
pub(crate) async fn get_ranges(
    store: &dyn ObjectStore,
    key: &str,
    ranges: &[Range<u64>],
) -> Result<(Vec<Bytes>, Vec<Range<u64>>)> {
    let merged = merge(ranges);
    let reads: Vec<BoxFuture<'_, Result<(u64, Bytes)>>> =
        merged.iter().map(|range| get(store, key, range.clone())).collect();
    let parts: Vec<(u64, Bytes)> = stream::iter(reads).buffered(CONCURRENCY).try_collect().await?;
    let slices = ranges.iter().map(|range| {
        let at = parts.partition_point(|(start, _)| *start <= range.start).checked_sub(1);
        let slice = at.and_then(|at| parts.get(at)).and_then(|(start, bytes)| {
            let from = usize::try_from(range.start - start).ok()?;
            let to = usize::try_from(range.end.max(range.start) - start).ok()?;
            (to <= bytes.len()).then(|| bytes.slice(from..to))
        });
        slice.ok_or_else(|| too_short(key))
    });
    Ok((slices.collect::<Result<_>>()?, merged))
}

fn get<'a>(store: &'a dyn ObjectStore, key: &'a str, range: Range<u64>) -> BoxFuture<'a, Result<(u64, Bytes)>> {
    Box::pin(async move {
        let start = range.start;
        match store.get(key, GetOptions::range(range)).await {
            Ok(result) => Ok((start, result.bytes)),
            Err(error) if error.kind() == ErrorKind::InvalidInput => Err(too_short(key)),
            Err(error) => Err(error),
        }
    })
}

fn too_short(key: &str) -> Error {
    Error::invalid_data(format!("{key} is shorter than its metadata says"))
}

/// Ranges in order that cover these, joined where little lies between them: the nearest first.
pub(crate) fn merge(ranges: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut sorted: Vec<_> = ranges.iter().filter(|range| range.start < range.end).cloned().collect();
    sorted.sort_by_key(|range| range.start);
    let near = join(sorted, |gap| gap <= NEAR);
    let wanted = near.iter().fold(0_u64, |sum, range| sum.saturating_add(range.end - range.start));
    let most = IN_VAIN.max(wanted / 8);
    let mut gaps: Vec<u64> = near.iter().zip(near.iter().skip(1)).map(|(a, b)| b.start - a.end).collect();
    gaps.sort_unstable();
    let mut left = most;
    let worth = |gap: &u64, left: &mut u64| *gap <= FAR && left.checked_sub(*gap).map(|less| *left = less).is_some();
    let Some(widest) = gaps.into_iter().take_while(|gap| worth(gap, &mut left)).last() else { return near };
    left = most;
    join(near, |gap| gap <= widest && worth(&gap, &mut left))
}

/// Joins ranges in order where what lies between them is worth it.
fn join(sorted: Vec<Range<u64>>, mut worth: impl FnMut(u64) -> bool) -> Vec<Range<u64>> {
    let mut joined: Vec<Range<u64>> = Vec::new();
    for range in sorted {
        match joined.last_mut() {
            // A range that begins inside the last one is always joined, so that a slice never spans two.
            Some(last)
                if range.start < last.end
                    || (range.end - last.start <= MOST_IN_REQUEST && worth(range.start - last.end)) =>
            {
                last.end = last.end.max(range.end);
            }
            _ => joined.push(range),
        }
    }
    joined
}
