use std::sync::Arc;

use arrow_array::{ArrayRef, ListArray, MapArray, RecordBatch, RecordBatchOptions, StructArray};
use arrow_buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType};

use crate::error::{Error, Result};
use crate::parquet::array_of;
use crate::runtime::Timestamp;
use crate::spec::{NestedField, Schema, Type, Value, field_to_arrow, to_arrow};

/// What a row has in a column. It must be of the column's type.
#[derive(Clone, Debug)]
pub(super) enum Cell {
    Null,
    Value(Value),
    /// A value for each field.
    Struct(Vec<Cell>),
    List(Vec<Cell>),
    /// Keys, and as many values.
    Map(Vec<Cell>, Vec<Cell>),
}

impl Cell {
    /// A count, which is a `long`; beyond that it is not known.
    pub(super) fn count(count: u64) -> Self {
        i64::try_from(count).ok().into()
    }

    /// A struct of these values.
    pub(super) fn row(values: &[Option<Value>]) -> Self {
        Self::Struct(values.iter().map(|value| value.clone().into()).collect())
    }

    /// A map with a value for each key; null if it is empty.
    pub(super) fn map(pairs: impl Iterator<Item = (Self, Self)>) -> Self {
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        for (key, value) in pairs {
            keys.push(key);
            values.push(value);
        }
        if keys.is_empty() { Self::Null } else { Self::Map(keys, values) }
    }

    /// A list; null if it is empty.
    pub(super) fn list(items: Vec<Self>) -> Self {
        if items.is_empty() { Self::Null } else { Self::List(items) }
    }
}

impl From<Value> for Cell {
    fn from(value: Value) -> Self {
        Self::Value(value)
    }
}

impl From<bool> for Cell {
    fn from(value: bool) -> Self {
        Self::Value(Value::Boolean(value))
    }
}

impl From<i32> for Cell {
    fn from(value: i32) -> Self {
        Self::Value(Value::Int(value))
    }
}

impl From<i64> for Cell {
    fn from(value: i64) -> Self {
        Self::Value(Value::Long(value))
    }
}

impl From<&str> for Cell {
    fn from(value: &str) -> Self {
        Self::Value(Value::String(value.to_owned()))
    }
}

impl From<&[u8]> for Cell {
    fn from(value: &[u8]) -> Self {
        Self::Value(Value::Binary(value.to_owned()))
    }
}

impl From<Timestamp> for Cell {
    fn from(value: Timestamp) -> Self {
        value.as_millis().checked_mul(1_000).map(Value::Timestamptz).into()
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A batch of rows, each a struct of the schema's columns.
pub(super) fn batch(schema: &Schema, rows: Vec<Cell>) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    let columns = columns(schema.fields(), rows)?;
    RecordBatch::try_new_with_options(Arc::new(to_arrow(schema)?), columns, &options).map_err(malformed)
}

/// The columns of structs.
fn columns(fields: &[NestedField], rows: Vec<Cell>) -> Result<Vec<ArrayRef>> {
    let mut rows: Vec<_> = rows
        .into_iter()
        .map(|row| match row {
            Cell::Struct(cells) => cells.into_iter(),
            _ => Vec::new().into_iter(),
        })
        .collect();
    let mut next = || rows.iter_mut().map(|row| row.next().unwrap_or(Cell::Null)).collect();
    fields.iter().map(|field| column(field, next())).collect()
}

fn column(field: &NestedField, cells: Vec<Cell>) -> Result<ArrayRef> {
    let arrow = field_to_arrow(field)?;
    let rows = cells.len();
    let nulls = NullBuffer::from_iter(cells.iter().map(|cell| !matches!(cell, Cell::Null)));
    let nulls = (nulls.null_count() > 0).then_some(nulls);
    match (&field.field_type, arrow.data_type()) {
        (Type::Primitive(primitive), _) => {
            let value = |cell| match cell {
                Cell::Value(value) => Some(value),
                _ => None,
            };
            array_of(*primitive, cells.into_iter().map(value).collect())
        }
        (Type::Struct(structure), DataType::Struct(fields)) => {
            let columns = columns(&structure.fields, cells)?;
            let array = StructArray::try_new_with_length(fields.clone(), columns, nulls, rows);
            Ok(Arc::new(array.map_err(malformed)?))
        }
        (Type::List(list), DataType::List(element)) => {
            let (mut elements, mut ends) = (Vec::new(), Vec::with_capacity(rows));
            for cell in cells {
                if let Cell::List(items) = cell {
                    elements.extend(items);
                }
                ends.push(elements.len());
            }
            let array = ListArray::try_new(element.clone(), offsets(&ends)?, column(&list.element, elements)?, nulls);
            Ok(Arc::new(array.map_err(malformed)?))
        }
        (Type::Map(map), DataType::Map(entry, sorted)) => {
            let (mut keys, mut values, mut ends) = (Vec::new(), Vec::new(), Vec::with_capacity(rows));
            for cell in cells {
                if let Cell::Map(own_keys, own_values) = cell {
                    keys.extend(own_keys);
                    values.extend(own_values);
                }
                ends.push(keys.len());
            }
            let DataType::Struct(fields) = entry.data_type() else { return Err(unsupported(field)) };
            let length = keys.len();
            let columns = vec![column(&map.key, keys)?, column(&map.value, values)?];
            let entries = StructArray::try_new_with_length(fields.clone(), columns, None, length).map_err(malformed)?;
            let array = MapArray::try_new(entry.clone(), offsets(&ends)?, entries, nulls, *sorted);
            Ok(Arc::new(array.map_err(malformed)?))
        }
        _ => Err(unsupported(field)),
    }
}

/// Where the lists of each row begin and end, by how many elements there are up to each row.
fn offsets(ends: &[usize]) -> Result<OffsetBuffer<i32>> {
    let too_many = |_| Error::unsupported("so many elements in one batch of a metadata table");
    let mut offsets = vec![0];
    for end in ends {
        offsets.push(i32::try_from(*end).map_err(too_many)?);
    }
    Ok(OffsetBuffer::new(ScalarBuffer::from(offsets)))
}

fn unsupported(field: &NestedField) -> Error {
    Error::unsupported(format!("the column `{}` of a metadata table", field.name))
}

fn malformed(error: ArrowError) -> Error {
    Error::invalid_data("a metadata table cannot be put together").caused_by(error)
}
