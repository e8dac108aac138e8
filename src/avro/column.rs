//! Arrow arrays from Avro values, row by row.

use arrow_array::{ArrayRef, make_array};
use arrow_buffer::{BooleanBufferBuilder, MutableBuffer, NullBuffer};
use arrow_data::ArrayData;
use arrow_schema::{DataType, Field};

use crate::avro::measure::{take, take_counted, take_long};
use crate::avro::shape::{Kind, Shape};
use crate::error::{Error, Result};
use crate::spec::{from_big_endian, parse_uuid};

/// The values of one column, or of a part of one, so far.
#[derive(Debug)]
pub(super) struct Column {
    valid: BooleanBufferBuilder,
    nulls: usize,
    data: Data,
}

#[derive(Debug)]
enum Data {
    Nothing,
    Bits(BooleanBufferBuilder),
    /// Of so many bytes each.
    Values(usize, MutableBuffer),
    /// Where each ends, and the bytes of all.
    Bytes(MutableBuffer, MutableBuffer),
    Struct(Vec<Column>),
    /// Where each ends, and the items of all: elements, or keys and values.
    Items(MutableBuffer, Vec<Column>),
}

/// Bytes to read values from, and how many bytes of memory these may still take.
pub(super) struct Cursor<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) room: usize,
}

impl Cursor<'_> {
    fn long(&mut self) -> Option<i64> {
        take_long(&mut self.bytes)
    }

    fn take(&mut self, count: usize) -> Option<&[u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(taken)
    }

    fn counted(&mut self) -> Option<&[u8]> {
        let length = usize::try_from(self.long()?).ok()?;
        self.spend(length)?;
        self.take(length)
    }

    fn spend(&mut self, bytes: usize) -> Option<()> {
        self.room = self.room.checked_sub(bytes)?;
        Some(())
    }
}

impl Column {
    pub(super) fn new(shape: &Shape) -> Self {
        let values = |width: usize| Data::Values(width, MutableBuffer::new(0));
        let ends = || {
            let mut ends = MutableBuffer::new(0);
            ends.push(0_i32);
            ends
        };
        let data = match &shape.kind {
            Kind::Null => Data::Nothing,
            Kind::Boolean => Data::Bits(BooleanBufferBuilder::new(0)),
            Kind::Int | Kind::Float => values(4),
            Kind::Long | Kind::Double => values(8),
            Kind::UuidText | Kind::Decimal(..) => values(16),
            Kind::Fixed(width) => values(*width),
            Kind::Bytes => Data::Bytes(ends(), MutableBuffer::new(0)),
            Kind::Struct(fields) => Data::Struct(fields.iter().map(Self::new).collect()),
            Kind::List(element) => Data::Items(ends(), vec![Self::new(element)]),
            Kind::Map(value) => {
                let key = Shape { kind: Kind::Bytes, union: None };
                Data::Items(ends(), vec![Self::new(&key), Self::new(value)])
            }
            Kind::Pairs(pair) => Data::Items(ends(), pair.iter().map(Self::new).collect()),
        };
        Self { valid: BooleanBufferBuilder::new(0), nulls: 0, data }
    }

    fn len(&self) -> usize {
        self.valid.len()
    }

    /// Reads one value. `None` if the bytes are no such value, or there is no room for it.
    pub(super) fn read(&mut self, shape: &Shape, from: &mut Cursor) -> Option<()> {
        if is_null(shape, from)? {
            return self.push_null(from);
        }
        // What is kept of a value beside the value.
        from.spend(1)?;
        match (&shape.kind, &mut self.data) {
            (Kind::Boolean, Data::Bits(bits)) => bits.append(from.take(1)?.first()? & 1 == 1),
            (Kind::Int, Data::Values(_, values)) => {
                let value = i32::try_from(from.long()?).ok()?;
                from.spend(4)?;
                values.push(value);
            }
            (Kind::Long, Data::Values(_, values)) => {
                let value = from.long()?;
                from.spend(8)?;
                values.push(value);
            }
            (Kind::Float | Kind::Double | Kind::Fixed(_), Data::Values(width, values)) => {
                from.spend(*width)?;
                values.extend_from_slice(from.take(*width)?);
            }
            (Kind::UuidText, Data::Values(_, values)) => {
                let text = std::str::from_utf8(from.counted()?).ok()?;
                let uuid = parse_uuid(text)?;
                from.spend(16)?;
                values.extend_from_slice(&uuid.to_be_bytes());
            }
            (Kind::Decimal(width, below), Data::Values(_, values)) => {
                let bytes = match width {
                    Some(width) => from.take(*width)?,
                    None => from.counted()?,
                };
                let value = from_big_endian(bytes).filter(|value| value.unsigned_abs() < below.unsigned_abs())?;
                from.spend(16)?;
                values.push(value);
            }
            (Kind::Bytes, Data::Bytes(ends, values)) => {
                values.extend_from_slice(from.counted()?);
                from.spend(4)?;
                ends.push(i32::try_from(values.len()).ok()?);
            }
            (Kind::Struct(shapes), Data::Struct(columns)) => {
                columns.iter_mut().zip(shapes).try_for_each(|(column, shape)| column.read(shape, from))?;
            }
            (Kind::List(element), Data::Items(ends, items)) => {
                let [items] = items.as_mut_slice() else { return None };
                blocks(from, |from| items.read(element, from))?;
                from.spend(4)?;
                ends.push(i32::try_from(items.len()).ok()?);
            }
            (Kind::Map(shape), Data::Items(ends, items)) => {
                let [keys, values] = items.as_mut_slice() else { return None };
                let key = Shape { kind: Kind::Bytes, union: None };
                blocks(from, |from| {
                    keys.read(&key, from)?;
                    values.read(shape, from)
                })?;
                from.spend(4)?;
                ends.push(i32::try_from(values.len()).ok()?);
            }
            (Kind::Pairs(shapes), Data::Items(ends, items)) => {
                let ([keys, values], [key, value]) = (items.as_mut_slice(), shapes.as_ref()) else { return None };
                blocks(from, |from| {
                    keys.read(key, from)?;
                    values.read(value, from)
                })?;
                from.spend(4)?;
                ends.push(i32::try_from(values.len()).ok()?);
            }
            _ => return None,
        }
        self.valid.append(true);
        Some(())
    }

    fn push_null(&mut self, from: &mut Cursor) -> Option<()> {
        from.spend(1)?;
        match &mut self.data {
            Data::Nothing => {}
            Data::Bits(bits) => bits.append(false),
            Data::Values(width, values) => {
                from.spend(*width)?;
                values.extend_zeros(*width);
            }
            Data::Bytes(ends, values) => {
                from.spend(4)?;
                ends.push(i32::try_from(values.len()).ok()?);
            }
            Data::Struct(columns) => columns.iter_mut().try_for_each(|column| column.push_null(from))?,
            Data::Items(ends, items) => {
                from.spend(4)?;
                ends.push(i32::try_from(items.first()?.len()).ok()?);
            }
        }
        self.valid.append(false);
        self.nulls += 1;
        Some(())
    }

    /// The values as an array of this type.
    pub(super) fn finish(self, field: &Field) -> Result<ArrayRef> {
        let data = self.into_data(field.data_type());
        data.map(make_array).map_err(|error| error.context(format!("column `{}` of the data file", field.name())))
    }

    fn into_data(mut self, data_type: &DataType) -> Result<ArrayData> {
        let wrong = || Error::invalid_data("its type does not fit its values");
        let length = self.len();
        let nulls = (self.nulls > 0).then(|| NullBuffer::new(self.valid.finish()));
        let array = ArrayData::builder(data_type.clone()).len(length);
        let array = match (self.data, data_type) {
            (Data::Nothing, _) => return Ok(ArrayData::new_null(data_type, length)),
            (Data::Bits(mut bits), _) => array.add_buffer(bits.finish().into_inner()),
            (Data::Values(_, values), _) => array.add_buffer(values.into()),
            (Data::Bytes(ends, values), _) => array.add_buffer(ends.into()).add_buffer(values.into()),
            (Data::Struct(columns), DataType::Struct(fields)) => {
                let parts = columns.into_iter().zip(fields).map(|(column, field)| column.into_data(field.data_type()));
                array.child_data(parts.collect::<Result<_>>()?)
            }
            (Data::Items(ends, items), DataType::List(element)) => {
                let item = items.into_iter().next().ok_or_else(wrong)?;
                array.add_buffer(ends.into()).add_child_data(item.into_data(element.data_type())?)
            }
            (Data::Items(ends, items), DataType::Map(entries, _)) => {
                let length = items.first().map_or(0, Self::len);
                let bits = BooleanBufferBuilder::new(0);
                let pairs = Self { valid: bits, nulls: 0, data: Data::Struct(items) };
                array.add_buffer(ends.into()).add_child_data(pairs.with_length(length).into_data(entries.data_type())?)
            }
            _ => return Err(wrong()),
        };
        array.nulls(nulls).build().map_err(|error| Error::invalid_data("the values are malformed").caused_by(error))
    }

    fn with_length(mut self, length: usize) -> Self {
        self.valid.append_n(length, true);
        self
    }
}

/// Passes over one value.
pub(super) fn skip(shape: &Shape, from: &mut Cursor) -> Option<()> {
    if is_null(shape, from)? {
        return Some(());
    }
    match &shape.kind {
        Kind::Null => Some(()),
        Kind::Boolean => take(&mut from.bytes, 1),
        Kind::Int | Kind::Long => from.long().map(drop),
        Kind::Float => take(&mut from.bytes, 4),
        Kind::Double => take(&mut from.bytes, 8),
        Kind::Bytes | Kind::UuidText | Kind::Decimal(None, _) => take_counted(&mut from.bytes),
        Kind::Fixed(width) | Kind::Decimal(Some(width), _) => take(&mut from.bytes, *width),
        Kind::Struct(shapes) => shapes.iter().try_for_each(|shape| skip(shape, from)),
        Kind::List(element) => blocks(from, |from| skip(element, from)),
        Kind::Map(value) => blocks(from, |from| {
            take_counted(&mut from.bytes)?;
            skip(value, from)
        }),
        Kind::Pairs(pair) => blocks(from, |from| pair.iter().try_for_each(|shape| skip(shape, from))),
    }
}

/// Whether the value that comes is null; the number of its branch in a union is read.
fn is_null(shape: &Shape, from: &mut Cursor) -> Option<bool> {
    let Some((null, value)) = shape.union else { return Some(matches!(shape.kind, Kind::Null)) };
    match from.long()? {
        branch if Some(branch) == null => Some(true),
        branch if branch == value => Some(matches!(shape.kind, Kind::Null)),
        _ => None,
    }
}

/// Items in blocks, each with their number ahead, up to one of none.
fn blocks(from: &mut Cursor, mut item: impl FnMut(&mut Cursor) -> Option<()>) -> Option<()> {
    loop {
        let count = from.long()?;
        if count == 0 {
            return Some(());
        }
        if count < 0 {
            from.long()?;
        }
        for _ in 0..count.checked_abs()? {
            let before = from.bytes.len();
            item(from)?;
            // Items of nothing are as many as somebody says.
            if from.bytes.len() == before {
                return None;
            }
        }
    }
}
