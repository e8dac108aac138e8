//! The headers of pages, before the Parquet library trusts them: it makes room for as many bytes as they claim.

use crate::error::{Error, Result};

/// A page is this large when decompressed, or smaller,
const LARGE: i64 = 16 << 20;
/// unless it has a byte for so many: more than any but useless data.
const RATIO: i64 = 1100;
/// No header nests deeper.
const DEEPEST: u8 = 16;

// Thrift's types in its compact protocol, and the structs of a page header by the number of their field.
const I32: u8 = 5;
const STRUCT: u8 = 12;
const PAGE: i16 = 0;
const DATA: i16 = 5;
const DICTIONARY: i16 = 7;
const DATA_V2: i16 = 8;
const OTHER: i16 = -1;

/// Checks the headers of whole pages that follow one another.
pub(super) fn check_page_headers(mut pages: &[u8]) -> Result<()> {
    while !pages.is_empty() {
        let next = page(pages);
        pages = next.ok_or_else(|| Error::invalid_data("the Parquet file is malformed: a page's header is damaged"))?;
    }
    Ok(())
}

#[derive(Default)]
struct Header {
    uncompressed: Option<i64>,
    compressed: Option<i64>,
    levels: i64,
}

/// What follows the first page; `None` if its header is none, or claims what cannot be.
fn page(mut bytes: &[u8]) -> Option<&[u8]> {
    let mut header = Header::default();
    structure(&mut bytes, PAGE, 0, &mut header)?;
    let (uncompressed, compressed) = (header.uncompressed?, header.compressed?);
    let plausible = (0..=compressed.saturating_mul(RATIO).max(LARGE)).contains(&uncompressed)
        && (0..=uncompressed).contains(&header.levels);
    let rest = bytes.get(usize::try_from(compressed).ok()?..)?;
    plausible.then_some(rest)
}

/// Reads a struct. The library takes the fields that it knows for what they should be, whatever type they claim: so they
/// must be that.
fn structure(bytes: &mut &[u8], kind: i16, depth: u8, header: &mut Header) -> Option<()> {
    let mut id = 0_i16;
    loop {
        let first = byte(bytes)?;
        let (delta, field_type) = (first >> 4, first & 15);
        if field_type == 0 {
            return Some(());
        }
        id = if delta == 0 { i16::try_from(number(bytes)?).ok()? } else { id.checked_add(delta.into())? };
        let expected = match (kind, id) {
            (PAGE, 1..=4) | (DATA, 1..=4) | (DATA_V2, 1..=6) | (DICTIONARY, 1..=2) => I32,
            (PAGE, 5..=8) | (DATA, 5) | (DATA_V2, 8) => STRUCT,
            _ => field_type,
        };
        if field_type != expected {
            return None;
        }
        match (kind, id) {
            (PAGE, 2) => header.uncompressed = Some(i32::try_from(number(bytes)?).ok()?.into()),
            (PAGE, 3) => header.compressed = Some(i32::try_from(number(bytes)?).ok()?.into()),
            (PAGE, DATA | DICTIONARY | DATA_V2) => structure(bytes, id, depth + 1, header)?,
            // Lengths of repetition and definition levels, whose sum the library computes in 32 bits.
            (DATA_V2, 5 | 6) => {
                let length = i32::try_from(number(bytes)?).ok().filter(|length| *length >= 0)?;
                header.levels = header.levels.checked_add(length.into())?;
            }
            _ => skip(bytes, field_type, depth + 1)?,
        }
    }
}

fn skip(bytes: &mut &[u8], field_type: u8, depth: u8) -> Option<()> {
    if depth > DEEPEST {
        return None;
    }
    match field_type {
        1 | 2 => Some(()),
        3 => byte(bytes).map(drop),
        4..=6 => number(bytes).map(drop),
        7 => take(bytes, 8),
        8 => {
            let length = usize::try_from(unsigned(bytes)?).ok()?;
            take(bytes, length)
        }
        // No page header has a list of booleans or a map; the library's way through those may be long.
        9 | 10 => {
            let first = byte(bytes)?;
            let length = if first >> 4 == 15 { unsigned(bytes)? } else { u64::from(first >> 4) };
            let element = first & 15;
            if length > 0 && element < 3 {
                return None;
            }
            (0..length).try_for_each(|_| skip(bytes, element, depth + 1))
        }
        STRUCT => structure(bytes, OTHER, depth, &mut Header::default()),
        13 => take(bytes, 16),
        _ => None,
    }
}

fn take(bytes: &mut &[u8], count: usize) -> Option<()> {
    *bytes = bytes.get(count..)?;
    Some(())
}

fn byte(bytes: &mut &[u8]) -> Option<u8> {
    let (first, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(*first)
}

fn unsigned(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let next = byte(bytes)?;
        value |= u64::from(next & 0x7f) << shift;
        if next & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn number(bytes: &mut &[u8]) -> Option<i64> {
    let value = unsigned(bytes)?;
    Some(i64::try_from(value >> 1).ok()? ^ -i64::from(value & 1 == 1))
}
