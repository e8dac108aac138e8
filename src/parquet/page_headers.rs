//! The headers of pages, before the Parquet library trusts them: it makes room for as many bytes as they claim.

use crate::error::{Error, Result};
use crate::parquet::thrift::{COMPRESSED, DEFINITION_LEVELS, PAGE_HEADER, REPETITION_LEVELS, UNCOMPRESSED, look};

/// A page is this large when decompressed, or smaller,
const LARGE: i64 = 16 << 20;
/// unless it has a byte for so many: more than any but useless data.
const RATIO: i64 = 1100;

/// Checks the headers of whole pages that follow one another.
pub(super) fn check_page_headers(mut pages: &[u8]) -> Result<()> {
    while !pages.is_empty() {
        let next = page(pages);
        pages = next.ok_or_else(|| Error::invalid_data("the Parquet file is malformed: a page's header is damaged"))?;
    }
    Ok(())
}

/// What follows the first page; `None` if its header is none, or claims what cannot be.
fn page(mut bytes: &[u8]) -> Option<&[u8]> {
    let numbers = look(&PAGE_HEADER, &mut bytes)?;
    let number = |place: usize| numbers.get(place).copied().flatten().map(i64::from);
    let (uncompressed, compressed) = (number(UNCOMPRESSED)?, number(COMPRESSED)?);
    // The library adds these up in 32 bits.
    let (definition, repetition) = (number(DEFINITION_LEVELS).unwrap_or(0), number(REPETITION_LEVELS).unwrap_or(0));
    let plausible = (0..=compressed.saturating_mul(RATIO).max(LARGE)).contains(&uncompressed)
        && definition >= 0
        && repetition >= 0
        && definition.saturating_add(repetition) <= uncompressed;
    let rest = bytes.get(usize::try_from(compressed).ok()?..)?;
    plausible.then_some(rest)
}
