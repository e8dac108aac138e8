use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type};
use arrow_array::{Array, ArrayRef, BinaryArray, BooleanArray, RecordBatch, StringArray, make_array};
use arrow_buffer::NullBuffer;
use arrow_data::ArrayData;
use arrow_schema::{DataType, Fields};

use crate::error::{Error, Result};
use crate::parquet::id_of;
use crate::spec::{PrimitiveType, Value};

/// The values of some columns, row by row, as bytes that are equal where the values are (spec: Equality Delete Files: null
/// equals null; as in Iceberg's own readers NaN equals NaN, and -0.0 is not 0.0).
#[derive(Debug)]
pub(crate) struct Keys {
    columns: Vec<Column>,
}

#[derive(Debug)]
enum Column {
    Boolean(BooleanArray),
    /// Values of so many bytes each, in one buffer.
    Fixed {
        array: ArrayData,
        width: usize,
    },
    String(StringArray),
    Binary(BinaryArray),
}

impl Keys {
    /// Of these fields, wherever in structs they are.
    pub(crate) fn new(batch: &RecordBatch, ids: &[i32]) -> Result<Self> {
        let columns = ids.iter().map(|id| {
            let found = find(batch.schema_ref().fields(), batch.columns(), None, *id);
            let array = found.ok_or_else(|| Error::invalid_data(format!("no column has the field id {id}")))?;
            Column::new(&one_nan(array))
        });
        Ok(Self { columns: columns.collect::<Result<_>>()? })
    }

    /// A row's value of the column at a place among the ids.
    pub(crate) fn value(&self, at: usize, row: usize, primitive: PrimitiveType) -> Result<Option<Value>> {
        let mut bytes = Vec::new();
        let Some(column) = self.columns.get(at) else { return Ok(None) };
        column.write(row, &mut bytes);
        let value = match (bytes.split_first(), column) {
            (Some((1, value)), Column::String(_) | Column::Binary(_)) => value.get(size_of::<usize>()..),
            (Some((1, value)), _) => Some(value),
            _ => None,
        };
        let value = value.map(|value| match (primitive, <[u8; 16]>::try_from(value)) {
            (PrimitiveType::Decimal { scale, .. }, Ok(native)) => {
                Ok(Value::Decimal { unscaled: i128::from_le_bytes(native), scale })
            }
            _ => Value::from_bytes(primitive, value),
        });
        value.transpose()
    }

    /// Writes a row's key over what is there.
    pub(crate) fn write(&self, row: usize, key: &mut Vec<u8>) {
        key.clear();
        self.columns.iter().for_each(|column| column.write(row, key));
    }
}

impl Column {
    fn new(array: &ArrayRef) -> Result<Self> {
        let width = match array.data_type() {
            DataType::Boolean => return Ok(Self::Boolean(array.as_boolean().clone())),
            DataType::Utf8 => return Ok(Self::String(array.as_string().clone())),
            DataType::Binary => return Ok(Self::Binary(array.as_binary().clone())),
            DataType::FixedSizeBinary(width) => usize::try_from(*width).ok(),
            primitive => primitive.primitive_width(),
        };
        match width {
            Some(width) => Ok(Self::Fixed { array: array.to_data(), width }),
            None => Err(Error::unsupported(format!("equality deletes by a column of type {}", array.data_type()))),
        }
    }

    fn write(&self, row: usize, key: &mut Vec<u8>) {
        let is_null = match self {
            Self::Boolean(array) => array.is_null(row),
            Self::Fixed { array, .. } => array.is_null(row),
            Self::String(array) => array.is_null(row),
            Self::Binary(array) => array.is_null(row),
        };
        key.push(u8::from(!is_null));
        if is_null {
            return;
        }
        match self {
            Self::Boolean(array) => key.push(array.value(row).into()),
            Self::Fixed { array, width } => {
                let start = (array.offset() + row) * width;
                let bytes = array.buffers().first().and_then(|buffer| buffer.get(start..start + width));
                key.extend_from_slice(bytes.unwrap_or_default());
            }
            Self::String(array) => push_bytes(key, array.value(row).as_bytes()),
            Self::Binary(array) => push_bytes(key, array.value(row)),
        }
    }
}

fn push_bytes(key: &mut Vec<u8>, bytes: &[u8]) {
    key.extend_from_slice(&bytes.len().to_le_bytes());
    key.extend_from_slice(bytes);
}

/// The column of a field, null also where a struct around it is.
fn find(fields: &Fields, columns: &[ArrayRef], nulls: Option<&NullBuffer>, id: i32) -> Option<ArrayRef> {
    fields.iter().zip(columns).find_map(|(field, column)| {
        if id_of(field) == Some(id) {
            let nulls = NullBuffer::union(nulls, column.nulls());
            let data = column.to_data().into_builder().nulls(nulls).build().ok()?;
            return Some(make_array(data));
        }
        let structure = column.as_struct_opt()?;
        let nulls = NullBuffer::union(nulls, structure.nulls());
        find(structure.fields(), structure.columns(), nulls.as_ref(), id)
    })
}

/// The same with one bit pattern for NaN.
fn one_nan(array: ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::Float32 => {
            let floats = array.as_primitive::<Float32Type>();
            Arc::new(floats.unary::<_, Float32Type>(|value| if value.is_nan() { f32::NAN } else { value }))
        }
        DataType::Float64 => {
            let floats = array.as_primitive::<Float64Type>();
            Arc::new(floats.unary::<_, Float64Type>(|value| if value.is_nan() { f64::NAN } else { value }))
        }
        _ => array,
    }
}
