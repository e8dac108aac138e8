//! The headers of pages, before the Parquet library trusts them: it makes room for as many bytes as they claim.

use crate::error::{Error, Result};
use crate::parquet::thrift::{
    COMPRESSED, DEFINITION_LEVELS, IS_COMPRESSED, PAGE_HEADER, PAGE_TYPE, REPETITION_ENCODING, REPETITION_LEVELS,
    UNCOMPRESSED, VALUES, look,
};

/// A page is this large when decompressed, or smaller,
const LARGE: i64 = 16 << 20;
/// unless it has a byte for so many: more than any but useless data.
const RATIO: i64 = 1100;

/// A page, as its header says.
pub(super) struct Page<'a> {
    pub(super) kind: i64,
    /// Values with nulls, or entries of a dictionary.
    pub(super) values: i64,
    pub(super) repetition_encoding: i64,
    /// In the second version of pages: how many bytes of repetition levels it begins with.
    pub(super) repetition: usize,
    /// The same for levels of both kinds, which are not compressed; and whether what follows them is.
    pub(super) levels: usize,
    pub(super) is_compressed: bool,
    /// Its size when it is not compressed.
    pub(super) uncompressed: usize,
    pub(super) body: &'a [u8],
}

impl Page<'_> {
    pub(super) const DATA: i64 = 0;
    pub(super) const DICTIONARY: i64 = 2;
    pub(super) const DATA_V2: i64 = 3;
    /// The encoding of levels of old.
    pub(super) const BIT_PACKED: i64 = 4;
}

/// Checks the headers of whole pages that follow one another.
pub(super) fn check_page_headers(mut pages: &[u8]) -> Result<()> {
    while !pages.is_empty() {
        let next = page(pages);
        let damaged = || Error::invalid_data("the Parquet file is malformed: a page's header is damaged");
        (_, pages) = next.ok_or_else(damaged)?;
    }
    Ok(())
}

/// The first page, and what follows; `None` if its header is none, or claims what cannot be.
pub(super) fn page(mut bytes: &[u8]) -> Option<(Page<'_>, &[u8])> {
    let numbers = look(&PAGE_HEADER, &mut bytes)?;
    let number = |place: usize| numbers.get(place).copied().flatten().map(i64::from);
    let (uncompressed, compressed) = (number(UNCOMPRESSED)?, number(COMPRESSED)?);
    // The library adds these up in 32 bits.
    let (definition, repetition) = (number(DEFINITION_LEVELS).unwrap_or(0), number(REPETITION_LEVELS).unwrap_or(0));
    let plausible = (0..=compressed.saturating_mul(RATIO).max(LARGE)).contains(&uncompressed)
        && definition >= 0
        && repetition >= 0
        && definition.saturating_add(repetition) <= uncompressed;
    let (body, rest) = bytes.split_at_checked(usize::try_from(compressed).ok()?)?;
    let page = Page {
        kind: number(PAGE_TYPE)?,
        values: number(VALUES).unwrap_or(0),
        repetition_encoding: number(REPETITION_ENCODING).unwrap_or(0),
        repetition: usize::try_from(repetition).ok()?,
        levels: usize::try_from(definition.saturating_add(repetition)).ok()?,
        is_compressed: number(IS_COMPRESSED) != Some(0),
        uncompressed: usize::try_from(uncompressed).ok()?,
        body,
    };
    plausible.then_some((page, rest))
}
