//! A look at Parquet's Thrift structs before the library decodes them. It takes the fields that it knows for what they
//! should be, whatever type they claim, so they must be that; and it may pass over those that it does not know for
//! minutes, since it takes a list of two billion booleans to be five bytes.

/// What a field should be.
pub(super) enum Kind {
    Bool,
    /// A boolean that is looked at, as 0 or 1: the place that it goes to.
    Flag(usize),
    Byte,
    Int,
    /// A number that is looked at: the place that it goes to.
    Number(usize),
    Double,
    Bytes,
    List(&'static Kind),
    /// The fields that are known, by id.
    Struct(&'static [(i16, Kind)]),
}

use Kind::{Bool, Byte, Bytes, Double, Flag, Int, List, Number, Struct};

/// No struct of Parquet's nests deeper.
const DEEPEST: u8 = 32;

pub(super) const NUMBERS: usize = 8;

pub(super) static FILE: Kind = Struct(&[
    (1, Int),
    (2, List(&SCHEMA_ELEMENT)),
    (3, Int),
    (4, List(&ROW_GROUP)),
    (5, List(&KEY_VALUE)),
    (6, Bytes),
    (7, List(&Struct(&[]))),
]);
static SCHEMA_ELEMENT: Kind = Struct(&[
    (1, Int),
    (2, Int),
    (3, Int),
    (4, Bytes),
    (5, Int),
    (6, Int),
    (7, Int),
    (8, Int),
    (9, Int),
    (10, Struct(LOGICAL_TYPE)),
]);
const LOGICAL_TYPE: &[(i16, Kind)] = &[
    (1, EMPTY),
    (2, EMPTY),
    (3, EMPTY),
    (4, EMPTY),
    (5, Struct(&[(1, Int), (2, Int)])),
    (6, EMPTY),
    (7, Struct(&[(1, Bool), (2, UNIT)])),
    (8, Struct(&[(1, Bool), (2, UNIT)])),
    (10, Struct(&[(1, Byte), (2, Bool)])),
    (11, EMPTY),
    (12, EMPTY),
    (13, EMPTY),
    (14, EMPTY),
    (15, EMPTY),
    (16, Struct(&[(1, Byte)])),
    (17, Struct(&[(1, Bytes)])),
    (18, Struct(&[(1, Bytes), (2, Int)])),
    (19, EMPTY),
];
const EMPTY: Kind = Struct(&[]);
const UNIT: Kind = Struct(&[(1, EMPTY), (2, EMPTY), (3, EMPTY)]);
static KEY_VALUE: Kind = Struct(&[(1, Bytes), (2, Bytes)]);
static ROW_GROUP: Kind = Struct(&[
    (1, List(&COLUMN)),
    (2, Int),
    (3, Int),
    (4, List(&Struct(&[(1, Int), (2, Bool), (3, Bool)]))),
    (5, Int),
    (6, Int),
    (7, Int),
]);
static COLUMN: Kind =
    Struct(&[(1, Bytes), (2, Int), (3, Struct(COLUMN_METADATA)), (4, Int), (5, Int), (6, Int), (7, Int)]);
const COLUMN_METADATA: &[(i16, Kind)] = &[
    (1, Int),
    (2, List(&Int)),
    (3, List(&Bytes)),
    (4, Int),
    (5, Int),
    (6, Int),
    (7, Int),
    (8, List(&KEY_VALUE)),
    (9, Int),
    (10, Int),
    (11, Int),
    (12, Struct(STATISTICS)),
    (13, List(&Struct(&[(1, Int), (2, Int), (3, Int)]))),
    (14, Int),
    (15, Int),
    (16, Struct(&[(1, Int), (2, List(&Int)), (3, List(&Int))])),
    (17, Struct(&[(1, Struct(BOX)), (2, List(&Int))])),
];
const STATISTICS: &[(i16, Kind)] =
    &[(1, Bytes), (2, Bytes), (3, Int), (4, Int), (5, Bytes), (6, Bytes), (7, Bool), (8, Bool), (9, Int)];
const BOX: &[(i16, Kind)] =
    &[(1, Double), (2, Double), (3, Double), (4, Double), (5, Double), (6, Double), (7, Double), (8, Double)];

pub(super) static COLUMN_INDEX: Kind = Struct(&[
    (1, List(&Bool)),
    (2, List(&Bytes)),
    (3, List(&Bytes)),
    (4, Int),
    (5, List(&Int)),
    (6, List(&Int)),
    (7, List(&Int)),
    (8, List(&Int)),
]);
pub(super) static OFFSET_INDEX: Kind = Struct(&[(1, List(&Struct(&[(1, Int), (2, Int), (3, Int)]))), (2, List(&Int))]);

pub(super) const UNCOMPRESSED: usize = 0;
pub(super) const COMPRESSED: usize = 1;
pub(super) const DEFINITION_LEVELS: usize = 2;
pub(super) const REPETITION_LEVELS: usize = 3;
pub(super) const PAGE_TYPE: usize = 4;
pub(super) const VALUES: usize = 5;
pub(super) const REPETITION_ENCODING: usize = 6;
pub(super) const IS_COMPRESSED: usize = 7;
pub(super) static PAGE_HEADER: Kind = Struct(&[
    (1, Number(PAGE_TYPE)),
    (2, Number(UNCOMPRESSED)),
    (3, Number(COMPRESSED)),
    (4, Int),
    (5, Struct(&[(1, Number(VALUES)), (2, Int), (3, Int), (4, Number(REPETITION_ENCODING)), (5, Struct(STATISTICS))])),
    (6, EMPTY),
    (7, Struct(&[(1, Int), (2, Int), (3, Bool)])),
    (
        8,
        Struct(&[
            (1, Number(VALUES)),
            (2, Int),
            (3, Int),
            (4, Int),
            (5, Number(DEFINITION_LEVELS)),
            (6, Number(REPETITION_LEVELS)),
            (7, Flag(IS_COMPRESSED)),
            (8, Struct(STATISTICS)),
        ]),
    ),
]);

/// The numbers that are looked at in a struct of this kind at the beginning of the bytes, which go on behind it; `None` if
/// there is no such struct.
pub(super) fn look(kind: &Kind, bytes: &mut &[u8]) -> Option<[Option<i32>; NUMBERS]> {
    let mut look = Look { bytes, numbers: [None; NUMBERS] };
    look.value(12, Some(kind), 0)?;
    Some(look.numbers)
}

struct Look<'a, 'b> {
    bytes: &'a mut &'b [u8],
    numbers: [Option<i32>; NUMBERS],
}

impl Look<'_, '_> {
    /// A value that says to be of this type, but for booleans in structs, which are their types.
    fn value(&mut self, wire: u8, kind: Option<&Kind>, depth: u8) -> Option<()> {
        let fits = match kind {
            None => true,
            Some(Bool | Flag(_)) => matches!(wire, 1 | 2),
            Some(Byte) => wire == 3,
            Some(Int | Number(_)) => matches!(wire, 4..=6),
            Some(Double) => wire == 7,
            Some(Bytes) => wire == 8,
            Some(List(_)) => wire == 9,
            Some(Struct(_)) => wire == 12,
        };
        if !fits || depth > DEEPEST {
            return None;
        }
        match wire {
            1 | 2 => {
                if let Some(Flag(place)) = kind {
                    *self.numbers.get_mut(*place)? = Some(i32::from(wire == 1));
                }
                Some(())
            }
            3 => self.take(1),
            4..=6 => {
                let number = self.number()?;
                if let Some(Number(place)) = kind {
                    *self.numbers.get_mut(*place)? = Some(i32::try_from(number).ok()?);
                }
                Some(())
            }
            7 => self.take(8),
            8 => {
                let length = usize::try_from(self.unsigned()?).ok()?;
                self.take(length)
            }
            9 | 10 => self.list(kind, depth),
            11 => self.map(depth),
            12 => self.fields(if let Some(Struct(fields)) = kind { fields } else { &[] }, depth),
            13 => self.take(16),
            _ => None,
        }
    }

    fn fields(&mut self, known: &[(i16, Kind)], depth: u8) -> Option<()> {
        let mut id = 0_i16;
        loop {
            let first = self.byte()?;
            let (delta, wire) = (first >> 4, first & 15);
            if wire == 0 {
                return Some(());
            }
            id = if delta == 0 { i16::try_from(self.number()?).ok()? } else { id.checked_add(delta.into())? };
            let kind = known.iter().find(|(known, _)| *known == id).map(|(_, kind)| kind);
            self.value(wire, kind, depth + 1)?;
        }
    }

    fn list(&mut self, kind: Option<&Kind>, depth: u8) -> Option<()> {
        let first = self.byte()?;
        let count = if first >> 4 == 15 { self.unsigned()? } else { u64::from(first >> 4) };
        let wire = first & 15;
        // Each takes a byte or more, and the library makes room for all.
        if count == 0 {
            return Some(());
        } else if count > self.bytes.len() as u64 {
            return None;
        }
        match kind {
            Some(List(Bool)) if matches!(wire, 1 | 2) => self.take(usize::try_from(count).ok()?),
            _ if matches!(wire, 1 | 2) => None,
            Some(List(element)) => (0..count).try_for_each(|_| self.value(wire, Some(element), depth + 1)),
            _ => (0..count).try_for_each(|_| self.value(wire, None, depth + 1)),
        }
    }

    fn map(&mut self, depth: u8) -> Option<()> {
        let count = self.unsigned()?;
        if count == 0 {
            return Some(());
        }
        let wires = self.byte()?;
        let (key, value) = (wires >> 4, wires & 15);
        if key < 3 && value < 3 {
            return None;
        }
        (0..count).try_for_each(|_| {
            self.value(key, None, depth + 1)?;
            self.value(value, None, depth + 1)
        })
    }

    fn take(&mut self, count: usize) -> Option<()> {
        *self.bytes = self.bytes.get(count..)?;
        Some(())
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        *self.bytes = rest;
        Some(*first)
    }

    fn unsigned(&mut self) -> Option<u64> {
        unsigned(self.bytes)
    }

    fn number(&mut self) -> Option<i64> {
        let value = self.unsigned()?;
        Some(i64::try_from(value >> 1).ok()? ^ -i64::from(value & 1 == 1))
    }
}

/// A number in groups of seven bits, the lowest first.
pub(super) fn unsigned(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (next, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(next & 0x7f) << shift;
        if next & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
