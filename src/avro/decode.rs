//! Avro values from their bytes. Nothing takes more room than the bytes that are there, and what is missing is no null.

use std::collections::HashMap;

use apache_avro::Uuid;
use apache_avro::types::Value;

use super::schema::Schema;
use crate::spec::parse_uuid;

/// How many values, at most, are decoded for each byte of a file, and of small files.
const VALUES: u64 = 150;
const SMALL: u64 = 10_000;
const DEEPEST: u8 = 32;

pub(super) fn budget(file: usize) -> u64 {
    (file as u64).saturating_mul(VALUES).saturating_add(SMALL)
}

/// The value at the beginning, which is left behind. `None` if it is malformed, or costs more than the rest of the budget.
/// The fields of records have no names here: they are the schema's. What is in maps is skipped.
pub(super) fn decode(schema: &Schema, bytes: &mut &[u8], budget: &mut u64) -> Option<Value> {
    value(schema, bytes, budget, 0)
}

fn value(schema: &Schema, bytes: &mut &[u8], budget: &mut u64, depth: u8) -> Option<Value> {
    *budget = budget.checked_sub(1)?;
    if depth > DEEPEST {
        return None;
    }
    let depth = depth + 1;
    Some(match schema {
        Schema::Null => Value::Null,
        Schema::Boolean => match split(bytes, 1)? {
            [0] => Value::Boolean(false),
            [1] => Value::Boolean(true),
            _ => return None,
        },
        Schema::Int(make) => make(i32::try_from(take_long(bytes)?).ok()?),
        Schema::Long(make) => make(take_long(bytes)?),
        Schema::Float => Value::Float(f32::from_le_bytes(split(bytes, 4)?.try_into().ok()?)),
        Schema::Double => Value::Double(f64::from_le_bytes(split(bytes, 8)?.try_into().ok()?)),
        Schema::Bytes => Value::Bytes(counted(bytes)?.to_vec()),
        Schema::String => Value::String(std::str::from_utf8(counted(bytes)?).ok()?.to_owned()),
        Schema::UuidText => Value::Uuid(Uuid::from_u128(parse_uuid(std::str::from_utf8(counted(bytes)?).ok()?)?)),
        Schema::Uuid => Value::Uuid(Uuid::from_bytes(split(bytes, 16)?.try_into().ok()?)),
        Schema::Fixed(size) => Value::Fixed(*size, split(bytes, *size)?.to_vec()),
        Schema::Enum(symbols) => {
            let index = u32::try_from(take_long(bytes)?).ok()?;
            Value::Enum(index, symbols.get(usize::try_from(index).ok()?)?.clone())
        }
        Schema::Array(items) => {
            let mut array = Vec::new();
            blocks(bytes, |bytes| {
                let before = bytes.len();
                array.push(value(items, bytes, budget, depth)?);
                // Items of nothing are as many as somebody says.
                (bytes.len() < before).then_some(())
            })?;
            Value::Array(array)
        }
        Schema::Map(values) => {
            blocks(bytes, |bytes| {
                take_counted(bytes)?;
                value(values, bytes, budget, depth).map(drop)
            })?;
            Value::Map(HashMap::new())
        }
        Schema::Union(branches) => {
            let index = u32::try_from(take_long(bytes)?).ok()?;
            let branch = branches.get(usize::try_from(index).ok()?)?;
            Value::Union(index, Box::new(value(branch, bytes, budget, depth)?))
        }
        Schema::Record(fields) => {
            let mut record = Vec::new();
            for field in fields {
                record.push((String::new(), value(&field.schema, bytes, budget, depth)?));
            }
            Value::Record(record)
        }
        Schema::Named => return None,
    })
}

/// Items in blocks, each with their number ahead, up to one of none.
fn blocks(bytes: &mut &[u8], mut item: impl FnMut(&mut &[u8]) -> Option<()>) -> Option<()> {
    loop {
        let count = take_long(bytes)?;
        if count == 0 {
            return Some(());
        }
        if count < 0 {
            take_long(bytes)?;
        }
        (0..count.checked_abs()?).try_for_each(|_| item(bytes))?;
    }
}

fn split<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

/// Bytes with their number ahead.
pub(super) fn counted<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(take_long(bytes)?).ok()?;
    split(bytes, length)
}

pub(super) fn take(bytes: &mut &[u8], count: usize) -> Option<()> {
    split(bytes, count).map(drop)
}

pub(super) fn take_counted(bytes: &mut &[u8]) -> Option<()> {
    counted(bytes).map(drop)
}

pub(super) fn take_long(bytes: &mut &[u8]) -> Option<i64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some((value >> 1) as i64 ^ -((value & 1) as i64));
        }
    }
    None
}
