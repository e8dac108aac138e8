use std::collections::BTreeSet;

use arrow_ipc::{Message, MessageHeader, RecordBatch};
use arrow_schema::{DataType, Field, Fields, Schema};

use super::read::malformed;
use crate::error::{Error, Result};

/// Rows that take no bytes, such as those of a column of nulls: no more than these.
const FREE_ROWS: i64 = 1 << 16;

/// Refuses types that no column takes: Arrow's decoder relies on more than it checks about some of them.
pub(super) fn check_schema(schema: &Schema) -> Result<()> {
    let mut names = BTreeSet::new();
    if let Some(twice) = schema.fields().iter().find(|field| !names.insert(field.name())) {
        return Err(Error::invalid_input(format!("two columns are named `{}`", twice.name())));
    }
    schema.fields().iter().try_for_each(|field| check_field(field, false))
}

fn check_field(field: &Field, in_dictionary: bool) -> Result<()> {
    use DataType as D;
    let children = |fields: &Fields| fields.iter().try_for_each(|child| check_field(child, in_dictionary));
    match field.data_type() {
        D::List(child) | D::LargeList(child) => check_field(child, in_dictionary),
        D::Map(entry, _) if matches!(entry.data_type(), D::Struct(fields) if fields.len() == 2) => {
            check_field(entry, in_dictionary)
        }
        D::Struct(fields) if !fields.is_empty() => children(fields),
        D::FixedSizeBinary(width) if *width > 0 => Ok(()),
        D::FixedSizeList(child, length) if *length > 0 => check_field(child, in_dictionary),
        D::Dictionary(key, value) if !in_dictionary && key.is_dictionary_key_type() && !value.is_nested() => {
            check_field(&Field::new(field.name(), value.as_ref().clone(), true), true)
        }
        D::Utf8 | D::LargeUtf8 | D::Binary | D::LargeBinary | D::Null | D::Boolean => Ok(()),
        plain if plain.primitive_width().is_some() => Ok(()),
        other => Err(Error::unsupported(format!("column `{}`: Arrow's type {other}", field.name()))),
    }
}

/// Checks what Arrow's decoder relies on: that buffers lie in the body and have room for whole values.
pub(super) fn check_message(message: &Message<'_>, schema: Option<&Schema>) -> Result<()> {
    let body = message.bodyLength();
    match (message.header_type(), schema) {
        (MessageHeader::Schema, None) => Ok(()),
        (MessageHeader::RecordBatch, Some(schema)) => {
            let batch = message.header_as_record_batch().ok_or_else(|| malformed("a batch is missing"))?;
            let mut parts = Parts::new(&batch, body)?;
            schema.fields().iter().try_for_each(|field| parts.check(field.data_type()))
        }
        (MessageHeader::DictionaryBatch, Some(schema)) => {
            let dictionary =
                message.header_as_dictionary_batch().ok_or_else(|| malformed("a dictionary is missing"))?;
            let batch = dictionary.data().ok_or_else(|| malformed("a dictionary has no values"))?;
            #[expect(deprecated, reason = "nothing else tells which dictionary a field has")]
            let field = schema.fields_with_dict_id(dictionary.id()).into_iter().next();
            match field.map(Field::data_type) {
                Some(DataType::Dictionary(_, value)) => Parts::new(&batch, body)?.check(value),
                _ => Err(malformed("a dictionary belongs to no column")),
            }
        }
        _ => Err(malformed("a message stands where it may not")),
    }
}

/// The nodes and buffers of a batch that have not been checked yet: lengths and counts of nulls, offsets and lengths.
struct Parts {
    nodes: std::vec::IntoIter<(i64, i64)>,
    buffers: std::vec::IntoIter<(i64, i64)>,
    body: i64,
}

impl Parts {
    fn new(batch: &RecordBatch<'_>, body: i64) -> Result<Self> {
        if batch.compression().is_some() {
            return Err(Error::unsupported("an Arrow IPC stream with compressed buffers"));
        }
        let nodes: Vec<_> =
            batch.nodes().into_iter().flatten().map(|node| (node.length(), node.null_count())).collect();
        let buffers: Vec<_> =
            batch.buffers().into_iter().flatten().map(|buffer| (buffer.offset(), buffer.length())).collect();
        let parts = Self { nodes: nodes.into_iter(), buffers: buffers.into_iter(), body };
        parts.rows(batch.length())?;
        Ok(parts)
    }

    /// A bit of the body at least for each row.
    fn rows(&self, rows: i64) -> Result<()> {
        if (0..=self.body.saturating_mul(8).max(FREE_ROWS)).contains(&rows) {
            return Ok(());
        }
        Err(malformed("it has more rows than bytes"))
    }

    fn node(&mut self) -> Result<()> {
        let (length, nulls) = self.nodes.next().ok_or_else(|| malformed("a batch lacks columns"))?;
        self.rows(length)?;
        if (0..=length).contains(&nulls) { Ok(()) } else { Err(malformed("it has more nulls than rows")) }
    }

    /// A buffer of values of this many bytes each.
    fn buffer(&mut self, width: i64) -> Result<()> {
        let (offset, length) = self.buffers.next().ok_or_else(|| malformed("a batch lacks buffers"))?;
        let inside = offset >= 0 && length >= 0 && offset.checked_add(length).is_some_and(|end| end <= self.body);
        if inside && length % width == 0 { Ok(()) } else { Err(malformed("a buffer lies outside of its batch")) }
    }

    fn check(&mut self, data_type: &DataType) -> Result<()> {
        use DataType as D;
        self.node()?;
        if *data_type == D::Null {
            return Ok(());
        }
        // The bits that tell nulls.
        self.buffer(1)?;
        match data_type {
            D::Utf8 | D::Binary => {
                self.buffer(4)?;
                self.buffer(1)
            }
            D::LargeUtf8 | D::LargeBinary => {
                self.buffer(8)?;
                self.buffer(1)
            }
            D::List(child) | D::Map(child, _) => {
                self.buffer(4)?;
                self.check(child.data_type())
            }
            D::LargeList(child) => {
                self.buffer(8)?;
                self.check(child.data_type())
            }
            D::FixedSizeList(child, _) => self.check(child.data_type()),
            D::Struct(fields) => fields.iter().try_for_each(|child| self.check(child.data_type())),
            D::Dictionary(key, _) => self.buffer(width(key)),
            plain => self.buffer(width(plain)),
        }
    }
}

fn width(data_type: &DataType) -> i64 {
    data_type.primitive_width().and_then(|width| i64::try_from(width).ok()).unwrap_or(1).max(1)
}
