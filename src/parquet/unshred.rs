//! Variants that a file stores in columns by type, put together (Parquet: Variant Shredding).

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BinaryArray, BooleanArray, ListArray, StructArray, new_empty_array};
use arrow_buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::extension::EXTENSION_TYPE_NAME_KEY;
use arrow_schema::{DataType, Field, TimeUnit};

use crate::spec::variant_bytes::{Names, Parts, enclose, first_value};

/// What a column is or has, for an error.
type Wrong = String;

/// How deep types may nest.
const DEEPEST: u8 = 100;
const NULL: u8 = 0;
/// The longest text whose length is in the first byte.
const SHORT: usize = 63;

/// Whether a column of this type can hold variants.
pub(crate) fn check_shredded(data_type: &DataType) -> Result<(), Wrong> {
    unshred(&new_empty_array(data_type)).map(|_| ())
}

/// The metadata and values of variants, whether shredded or not.
pub(crate) fn unshred(array: &ArrayRef) -> Result<[ArrayRef; 2], Wrong> {
    let from = array.as_struct_opt().ok_or("is no variant")?;
    let parts = binary(from, "metadata")?.zip(from.column_by_name("metadata"));
    let (metadata, column) = parts.ok_or("is no variant: it has no `metadata`")?;
    let group = Group::new(from, true, 0)?;
    let missing = |row: usize| from.is_valid(row) && group.value.is_none_or(|value| value.is_null(row));
    if let (None, Some(value)) = (&group.typed, from.column_by_name("value"))
        && (value.null_count() == 0 || !(0..from.len()).any(missing))
    {
        return Ok([column.clone(), value.clone()]);
    }
    let (mut bytes, mut offsets) = (Vec::new(), vec![0]);
    for row in 0..from.len() {
        if from.is_valid(row) {
            let metadata = if metadata.is_valid(row) { metadata.value(row) } else { &[] };
            group.present(row, metadata, &mut bytes)?;
        }
        offsets.push(i32::try_from(bytes.len()).map_err(|_| "has too many bytes in one batch")?);
    }
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    let values = BinaryArray::try_new(offsets, Buffer::from_vec(bytes), None).map_err(|error| error.to_string())?;
    Ok([column.clone(), Arc::new(values)])
}

fn binary<'a>(group: &'a StructArray, name: &str) -> Result<Option<&'a BinaryArray>, Wrong> {
    let Some(column) = group.column_by_name(name) else { return Ok(None) };
    let wrong = || format!("is no variant: its `{name}` is stored as {}", column.data_type());
    column.as_binary_opt().ok_or_else(wrong).map(Some)
}

/// A value or element: what is encoded and what has a type.
struct Group<'a> {
    value: Option<&'a BinaryArray>,
    typed: Option<(&'a ArrayRef, Typed<'a>)>,
}

enum Typed<'a> {
    Boolean(&'a BooleanArray),
    /// Values of so many bytes, which are encoded as they are after this header, or the first so many of them.
    Fixed {
        head: Vec<u8>,
        data: Buffer,
        width: usize,
        take: usize,
    },
    Text,
    Binary,
    /// By name.
    Object(Vec<(&'a str, Group<'a>)>),
    List(&'a ListArray, Box<Group<'a>>),
}

impl<'a> Group<'a> {
    fn new(group: &'a StructArray, outermost: bool, depth: u8) -> Result<Self, Wrong> {
        if depth > DEEPEST {
            return Err(format!("is a variant of more than {DEEPEST} levels"));
        }
        let known = |name: &str| name == "value" || name == "typed_value" || name == "metadata" && outermost;
        if let Some(other) = group.fields().iter().find(|field| !known(field.name())) {
            return Err(format!("is no variant: it has a part `{}`", other.name()));
        }
        let typed = group.fields().iter().zip(group.columns()).find(|(field, _)| field.name() == "typed_value");
        let typed = typed.map(|(field, column)| Ok::<_, Wrong>((column, Typed::new(field, column, depth)?)));
        let (value, typed) = (binary(group, "value")?, typed.transpose()?);
        if value.is_none() && typed.is_none() {
            return Err("is no variant: it has no `value`".to_owned());
        }
        Ok(Self { value, typed })
    }

    /// Adds the value of a row, or Variant null if there is none.
    fn present(&self, row: usize, metadata: &[u8], bytes: &mut Vec<u8>) -> Result<(), Wrong> {
        if !self.add(row, metadata, bytes)? {
            bytes.push(NULL);
        }
        Ok(())
    }

    /// Adds the value of a row, if there is one.
    fn add(&self, row: usize, metadata: &[u8], bytes: &mut Vec<u8>) -> Result<bool, Wrong> {
        let value = self.value.filter(|value| value.is_valid(row)).map(|value| value.value(row));
        match (value, self.typed.as_ref().filter(|(column, _)| column.is_valid(row))) {
            (None, None) => return Ok(false),
            (Some(value), None) => bytes.extend(first_value(value).ok_or("has a malformed variant")?),
            (value, Some((_, Typed::Object(fields)))) => add_object(fields, value, row, metadata, bytes)?,
            (Some(_), Some(_)) => return Err("has variants with both a value and a typed value".to_owned()),
            (None, Some((column, typed))) => typed.add(column, row, metadata, bytes)?,
        }
        Ok(true)
    }
}

impl<'a> Typed<'a> {
    fn new(field: &'a Field, column: &'a ArrayRef, depth: u8) -> Result<Self, Wrong> {
        let uuid = field.metadata().get(EXTENSION_TYPE_NAME_KEY).is_some_and(|name| name == "arrow.uuid");
        let fixed = |kind: u8, width| {
            let data = column.to_data();
            // From where the array begins in its buffer.
            let start = data.offset().saturating_mul(width).min(data.buffers().first().map_or(0, Buffer::len));
            let data = data.buffers().first().map(|buffer| buffer.slice(start)).unwrap_or_default();
            Self::Fixed { head: vec![kind << 2], data, width, take: width }
        };
        Ok(match (field.data_type(), column.as_struct_opt(), column.as_list_opt()) {
            (DataType::Boolean, ..) => Self::Boolean(column.as_boolean()),
            (DataType::Int8, ..) => fixed(3, 1),
            (DataType::Int16, ..) => fixed(4, 2),
            (DataType::Int32, ..) => fixed(5, 4),
            (DataType::Int64, ..) => fixed(6, 8),
            (DataType::Float64, ..) => fixed(7, 8),
            (DataType::Date32, ..) => fixed(11, 4),
            (DataType::Timestamp(TimeUnit::Microsecond, Some(_)), ..) => fixed(12, 8),
            (DataType::Timestamp(TimeUnit::Microsecond, None), ..) => fixed(13, 8),
            (DataType::Float32, ..) => fixed(14, 4),
            (DataType::Time64(TimeUnit::Microsecond), ..) => fixed(17, 8),
            (DataType::Timestamp(TimeUnit::Nanosecond, Some(_)), ..) => fixed(18, 8),
            (DataType::Timestamp(TimeUnit::Nanosecond, None), ..) => fixed(19, 8),
            (DataType::FixedSizeBinary(16), ..) if uuid => fixed(20, 16),
            (DataType::Decimal128(precision, scale @ 0..=38), ..) => {
                let (kind, short) = match precision {
                    ..=9 => (8, 4),
                    10..=18 => (9, 8),
                    _ => (10, 16),
                };
                match fixed(kind, 16) {
                    Self::Fixed { mut head, data, width, .. } => {
                        head.push(scale.unsigned_abs());
                        Self::Fixed { head, data, width, take: short }
                    }
                    other => other,
                }
            }
            (DataType::Utf8, ..) => Self::Text,
            (DataType::Binary, ..) => Self::Binary,
            (DataType::Struct(children), Some(columns), _) => {
                let mut fields: Vec<(&str, Group<'_>)> = Vec::with_capacity(children.len());
                for (field, column) in children.iter().zip(columns.columns()) {
                    let name = field.name().as_str();
                    let Err(place) = fields.binary_search_by(|(other, _)| (*other).cmp(name)) else {
                        return Err(format!("is a variant with two fields `{name}`"));
                    };
                    fields.insert(place, (name, inner(field, column, depth)?));
                }
                Self::Object(fields)
            }
            (DataType::List(element), _, Some(list)) => {
                Self::List(list, Box::new(inner(element, list.values(), depth)?))
            }
            (other, ..) => return Err(format!("is a variant shredded as {other}, which variants cannot be")),
        })
    }

    fn add(&self, column: &ArrayRef, row: usize, metadata: &[u8], bytes: &mut Vec<u8>) -> Result<(), Wrong> {
        let malformed = || "has a malformed variant".to_owned();
        match self {
            Self::Boolean(values) => bytes.push(if values.value(row) { 1 << 2 } else { 2 << 2 }),
            Self::Fixed { head, data, width, take } => {
                let start = row.checked_mul(*width).ok_or_else(malformed)?;
                let value = data.get(start..).and_then(|rest| rest.get(..*width)).ok_or_else(malformed)?;
                let (kept, cut) = value.split_at_checked(*take).ok_or_else(malformed)?;
                let sign = if kept.last().is_some_and(|last| last & 0x80 != 0) { 0xff } else { 0 };
                if cut.iter().any(|byte| *byte != sign) {
                    return Err("has a variant decimal of more digits than its precision".to_owned());
                }
                bytes.extend(head);
                bytes.extend(kept);
            }
            Self::Text => {
                let text = column.as_string::<i32>().value(row).as_bytes();
                match u8::try_from(text.len()) {
                    Ok(length) if text.len() <= SHORT => bytes.push(length << 2 | 1),
                    _ => add_length(16, text, bytes)?,
                }
                bytes.extend(text);
            }
            Self::Binary => {
                let binary = column.as_binary::<i32>().value(row);
                add_length(15, binary, bytes)?;
                bytes.extend(binary);
            }
            Self::Object(fields) => add_object(fields, None, row, metadata, bytes)?,
            Self::List(list, element) => {
                let bounds = list.value_offsets().get(row..).and_then(|offsets| offsets.get(..2));
                let bounds = bounds.and_then(|bounds| match bounds {
                    [from, to] => Some(usize::try_from(*from).ok()?..usize::try_from(*to).ok()?),
                    _ => None,
                });
                let (start, mut offsets) = (bytes.len(), Vec::new());
                for item in bounds.ok_or_else(malformed)? {
                    offsets.push(bytes.len().saturating_sub(start));
                    element.present(item, metadata, bytes)?;
                }
                enclose(bytes, start, &offsets, None).ok_or("has too long a variant")?;
            }
        }
        Ok(())
    }
}

/// A field of an object or the elements of a list.
fn inner<'a>(field: &Field, column: &'a ArrayRef, depth: u8) -> Result<Group<'a>, Wrong> {
    match column.as_struct_opt() {
        Some(group) if !field.is_nullable() => Group::new(group, false, depth.saturating_add(1)),
        _ => Err(format!("is a variant whose part `{}` is no required group", field.name())),
    }
}

fn add_length(kind: u8, content: &[u8], bytes: &mut Vec<u8>) -> Result<(), Wrong> {
    let length = u32::try_from(content.len()).map_err(|_| "has too long a variant")?;
    bytes.push(kind << 2);
    bytes.extend(length.to_le_bytes());
    Ok(())
}

/// Adds the object of these fields and those of `rest`, if there is one, both in the order of their names.
fn add_object(
    fields: &[(&str, Group<'_>)],
    rest: Option<&[u8]>,
    row: usize,
    metadata: &[u8],
    bytes: &mut Vec<u8>,
) -> Result<(), Wrong> {
    let names = Names::new(metadata).ok_or("has variants with malformed metadata")?;
    let rest = match rest {
        Some(value) => {
            let object = Parts::of_object(value).ok_or("has variants with fields beside a value that is no object")?;
            unshredded(&object, &names).ok_or("has a malformed variant")?
        }
        None => Vec::new(),
    };
    let mut rest = rest.into_iter().peekable();
    let (start, mut ids, mut offsets) = (bytes.len(), Vec::new(), Vec::new());
    for (name, group) in fields {
        while let Some((_, id, value)) = rest.next_if(|(other, ..)| other < name) {
            ids.push(id);
            offsets.push(bytes.len().saturating_sub(start));
            bytes.extend(value);
        }
        if rest.peek().is_some_and(|(other, ..)| other == name) {
            return Err(format!("has a variant whose field `{name}` is in the value and in the typed value"));
        }
        let offset = bytes.len().saturating_sub(start);
        if group.add(row, metadata, bytes)? {
            ids.push(names.find(name).ok_or_else(|| format!("has a variant whose metadata lacks the field `{name}`"))?);
            offsets.push(offset);
        }
    }
    for (_, id, value) in rest {
        ids.push(id);
        offsets.push(bytes.len().saturating_sub(start));
        bytes.extend(value);
    }
    enclose(bytes, start, &offsets, Some((&ids, names.count))).ok_or("has too long a variant")?;
    Ok(())
}

/// The fields of an object, if they are in order and do not overlap so as to be longer than it.
fn unshredded<'a>(object: &Parts<'a>, names: &Names<'a>) -> Option<Vec<(&'a str, usize, &'a [u8])>> {
    let (mut fields, mut room): (Vec<(&str, usize, &[u8])>, _) = (Vec::new(), object.data.len());
    for part in object.iter() {
        let (id, bytes) = part?;
        let (name, value) = (names.get(id)?, first_value(bytes)?);
        room = room.checked_sub(value.len())?;
        if fields.last().is_some_and(|(last, ..)| *last >= name) {
            return None;
        }
        fields.push((name, id, value));
    }
    Some(fields)
}
