//! The bytes of variants: how they are taken apart and put together (Parquet: Variant Binary Encoding).

use std::cmp::Ordering;

/// The names of fields, by number.
pub(crate) struct Names<'a> {
    pub(crate) count: usize,
    sorted: bool,
    width: usize,
    offsets: &'a [u8],
    text: &'a [u8],
}

impl<'a> Names<'a> {
    pub(crate) fn new(mut metadata: &'a [u8]) -> Option<Self> {
        let header = take(&mut metadata, 1)?.first()?;
        if header & 0x0f != 1 {
            return None;
        }
        let width = usize::from(header >> 6) + 1;
        let count = number(take(&mut metadata, width)?)?;
        let offsets = take(&mut metadata, count.checked_add(1)?.checked_mul(width)?)?;
        Some(Self { count, sorted: header & 0x10 != 0, width, offsets, text: metadata })
    }

    pub(crate) fn get(&self, index: usize) -> Option<&'a str> {
        let offset = |index: usize| number(self.offsets.get(index.checked_mul(self.width)?..)?.get(..self.width)?);
        let name = (index < self.count).then(|| self.text.get(offset(index)?..offset(index + 1)?))??;
        std::str::from_utf8(name).ok()
    }

    /// The number of a name.
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        let (mut from, mut to) = if self.sorted { (0, self.count) } else { (0, 0) };
        while from < to {
            let middle = from.midpoint(to);
            match self.get(middle)?.cmp(name) {
                Ordering::Less => from = middle + 1,
                Ordering::Equal => return Some(middle),
                Ordering::Greater => to = middle,
            }
        }
        // It may only say that it is sorted.
        (0..self.count).find(|index| self.get(*index) == Some(name))
    }
}

/// The parts of an object or array.
pub(crate) struct Parts<'a> {
    id_width: usize,
    ids: &'a [u8],
    offset_width: usize,
    offsets: &'a [u8],
    pub(crate) data: &'a [u8],
}

impl<'a> Parts<'a> {
    /// Of one with this first byte, from the bytes after it.
    pub(crate) fn new(header: u8, mut bytes: &'a [u8]) -> Option<Self> {
        let detail = header >> 2;
        let (id_width, large) = match header & 3 {
            2 => (usize::from(detail >> 2 & 3) + 1, detail & 16 != 0),
            3 => (0, detail & 4 != 0),
            _ => return None,
        };
        let offset_width = usize::from(detail & 3) + 1;
        let count = number(take(&mut bytes, if large { 4 } else { 1 })?)?;
        let ids = take(&mut bytes, count.checked_mul(id_width)?)?;
        let offsets = take(&mut bytes, count.checked_add(1)?.checked_mul(offset_width)?)?;
        Some(Self { id_width, ids, offset_width, offsets, data: bytes })
    }

    /// Of an object.
    pub(crate) fn of_object(value: &'a [u8]) -> Option<Self> {
        let (header, rest) = value.split_first()?;
        if header & 3 == 2 { Self::new(*header, rest) } else { None }
    }

    /// The number of the name (in arrays, 0) of each part, and the bytes from its beginning on.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Option<(usize, &'a [u8])>> {
        let count = (self.offsets.len() / self.offset_width).saturating_sub(1);
        let offsets = self.offsets.chunks_exact(self.offset_width).take(count);
        offsets.enumerate().map(|(index, offset)| {
            let start = index.checked_mul(self.id_width)?;
            let id = self.ids.get(start..start.checked_add(self.id_width)?)?;
            Some((number(id)?, self.data.get(number(offset)?..)?))
        })
    }

    /// How many bytes come after the numbers, of which the last offset says how many belong to the parts.
    fn after(&self) -> Option<(usize, usize)> {
        Some((self.data.len(), number(self.offsets.chunks_exact(self.offset_width).next_back()?)?))
    }
}

/// The value that these bytes begin with, without those after it.
pub(crate) fn first_value(bytes: &[u8]) -> Option<&[u8]> {
    let (header, rest) = bytes.split_first()?;
    let detail = header >> 2;
    let length = match header & 3 {
        0 => match detail {
            0..=2 => 0,
            3 => 1,
            4 => 2,
            5 | 11 | 14 => 4,
            6 | 7 | 12 | 13 | 17..=19 => 8,
            8 => 5,
            9 => 9,
            10 => 17,
            15 | 16 => number(rest.get(..4)?)?.checked_add(4)?,
            20 => 16,
            _ => return None,
        },
        1 => detail.into(),
        _ => {
            let (after, own) = Parts::new(*header, rest)?.after()?;
            rest.len().checked_sub(after)?.checked_add(own)?
        }
    };
    bytes.get(..length.checked_add(1)?)
}

/// Makes an object of the values that `bytes` has from `start` on, or without ids an array. The offsets say where each
/// of them begins after `start`; the ids are among this many names. `None` if it is too long for the encoding.
pub(crate) fn enclose(
    bytes: &mut Vec<u8>,
    start: usize,
    offsets: &[usize],
    ids: Option<(&[usize], usize)>,
) -> Option<()> {
    let width = |number: usize| (1..=4_u8).find(|width| number >> (u32::from(*width) * 8 - 1) <= 1);
    let length = bytes.len().checked_sub(start)?;
    let (offset_width, id_width) = (width(length)?, width(ids.map_or(0, |(_, names)| names))?);
    let large = u8::from(offsets.len() > 255);
    let header = match ids {
        Some(_) => 2 | (large << 4 | (id_width - 1) << 2 | (offset_width - 1)) << 2,
        None => 3 | (large << 2 | (offset_width - 1)) << 2,
    };
    let mut head = vec![header];
    let mut put = |number: usize, width: u8| head.extend(number.to_le_bytes().iter().take(width.into()));
    put(offsets.len(), if large == 1 { 4 } else { 1 });
    ids.map_or(&[][..], |(ids, _)| ids).iter().for_each(|id| put(*id, id_width));
    offsets.iter().chain([&length]).for_each(|offset| put(*offset, offset_width));
    bytes.splice(start..start, head);
    Some(())
}

pub(crate) fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

/// An unsigned number of up to four bytes.
pub(crate) fn number(bytes: &[u8]) -> Option<usize> {
    let number = bytes.iter().rev().fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    usize::try_from(number).ok()
}
