//! A look at Avro values before they are decoded: the decoder makes room for whatever length it reads, and takes what is
//! missing at the end of a block for null.

use std::collections::HashMap;

use apache_avro::schema::{InnerDecimalSchema, Name, Schema, UuidSchema};

/// Values of a file's schema.
pub(super) struct Measure<'a> {
    schema: &'a Schema,
    /// Named types that take bytes and contain no other.
    named: HashMap<&'a Name, &'a Schema>,
}

/// How many values, at most, are decoded for each byte of a file, and of small files.
const VALUES: u64 = 150;
const SMALL: u64 = 10_000;
/// A name in an entry that is longer counts for more than one value, since each value has a copy.
const NAME: u64 = 64;
const DEEPEST: u8 = 32;

pub(super) fn budget(file: usize) -> u64 {
    (file as u64).saturating_mul(VALUES).saturating_add(SMALL)
}

impl<'a> Measure<'a> {
    pub(super) fn new(schema: &'a Schema) -> Self {
        let mut named = HashMap::new();
        name_leaves(schema, &mut named);
        Self { schema, named }
    }

    /// The length of the entry at the beginning. `None` if it is malformed, or costs more than the rest of the budget.
    pub(super) fn entry(&self, bytes: &[u8], budget: &mut u64) -> Option<usize> {
        let mut rest = bytes;
        self.value(self.schema, &mut rest, budget, 0)?;
        bytes.len().checked_sub(rest.len())
    }

    fn value(&self, schema: &Schema, bytes: &mut &[u8], budget: &mut u64, depth: u8) -> Option<()> {
        *budget = budget.checked_sub(1)?;
        if depth > DEEPEST {
            return None;
        }
        let depth = depth + 1;
        match schema {
            Schema::Null => Some(()),
            Schema::Boolean => take(bytes, 1),
            Schema::Float => take(bytes, 4),
            Schema::Double => take(bytes, 8),
            Schema::Bytes | Schema::String | Schema::BigDecimal => take_counted(bytes),
            Schema::Decimal(decimal) => match &decimal.inner {
                InnerDecimalSchema::Bytes => take_counted(bytes),
                InnerDecimalSchema::Fixed(fixed) => take(bytes, fixed.size),
            },
            Schema::Uuid(UuidSchema::Bytes | UuidSchema::String) => take_counted(bytes),
            Schema::Uuid(UuidSchema::Fixed(fixed)) | Schema::Fixed(fixed) | Schema::Duration(fixed) => {
                take(bytes, fixed.size)
            }
            Schema::Array(array) => self.blocks(bytes, budget, |bytes, budget| {
                let before = bytes.len();
                self.value(&array.items, bytes, budget, depth)?;
                // Items of nothing are as many as somebody says.
                (bytes.len() < before).then_some(())
            }),
            Schema::Map(map) => self.blocks(bytes, budget, |bytes, budget| {
                take_counted(bytes)?;
                self.value(&map.types, bytes, budget, depth)
            }),
            Schema::Union(union) => {
                let index = usize::try_from(take_long(bytes)?).ok()?;
                self.value(union.variants().get(index)?, bytes, budget, depth)
            }
            Schema::Record(record) => record.fields.iter().try_for_each(|field| {
                *budget = budget.checked_sub(field.name.len() as u64 / NAME)?;
                self.value(&field.schema, bytes, budget, depth)
            }),
            Schema::Ref { name } => self.value(self.named.get(name)?, bytes, budget, depth),
            _ => take_long(bytes).map(drop),
        }
    }

    /// Items in blocks, each with their number ahead, up to one of none.
    fn blocks(
        &self,
        bytes: &mut &[u8],
        budget: &mut u64,
        mut item: impl FnMut(&mut &[u8], &mut u64) -> Option<()>,
    ) -> Option<()> {
        loop {
            let count = take_long(bytes)?;
            if count == 0 {
                return Some(());
            }
            if count < 0 {
                take_long(bytes)?;
            }
            (0..count.checked_abs()?).try_for_each(|_| item(bytes, budget))?;
        }
    }
}

/// References to records would let a short schema mean values without end; Iceberg's writers need none.
fn name_leaves<'a>(schema: &'a Schema, named: &mut HashMap<&'a Name, &'a Schema>) {
    match schema {
        Schema::Record(record) => record.fields.iter().for_each(|field| name_leaves(&field.schema, named)),
        Schema::Array(array) => name_leaves(&array.items, named),
        Schema::Map(map) => name_leaves(&map.types, named),
        Schema::Union(union) => union.variants().iter().for_each(|variant| name_leaves(variant, named)),
        Schema::Fixed(fixed) | Schema::Duration(fixed) | Schema::Uuid(UuidSchema::Fixed(fixed)) => {
            named.insert(&fixed.name, schema);
        }
        Schema::Decimal(decimal) => {
            if let InnerDecimalSchema::Fixed(fixed) = &decimal.inner {
                named.insert(&fixed.name, schema);
            }
        }
        Schema::Enum(symbols) => {
            named.insert(&symbols.name, schema);
        }
        _ => {}
    }
}

pub(super) fn take(bytes: &mut &[u8], count: usize) -> Option<()> {
    *bytes = bytes.get(count..)?;
    Some(())
}

/// Bytes with their number ahead.
pub(super) fn take_counted(bytes: &mut &[u8]) -> Option<()> {
    let length = usize::try_from(take_long(bytes)?).ok()?;
    take(bytes, length)
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
