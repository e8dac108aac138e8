use std::sync::Arc;

use arrow_array::*;
use arrow_schema::DataType;

use crate::error::{Error, Result};
use crate::spec::primitive_to_arrow;
use crate::spec::{PrimitiveType, Value};

/// A column of these values, which must be of the type (others count as null).
pub(crate) fn array_of(primitive: PrimitiveType, values: Vec<Option<Value>>) -> Result<ArrayRef> {
    macro_rules! collect {
        ($array:ident, $variant:ident) => {{
            let natives = values.into_iter().map(|value| match value {
                Some(Value::$variant(native)) => Some(native),
                _ => None,
            });
            natives.collect::<$array>()
        }};
    }
    Ok(match primitive {
        PrimitiveType::Boolean => Arc::new(collect!(BooleanArray, Boolean)),
        PrimitiveType::Int => Arc::new(collect!(Int32Array, Int)),
        PrimitiveType::Long => Arc::new(collect!(Int64Array, Long)),
        PrimitiveType::Float => Arc::new(collect!(Float32Array, Float)),
        PrimitiveType::Double => Arc::new(collect!(Float64Array, Double)),
        PrimitiveType::Decimal { .. } => {
            let unscaled = values.into_iter().map(|value| match value {
                Some(Value::Decimal { unscaled, .. }) => Some(unscaled),
                _ => None,
            });
            let array: Decimal128Array = unscaled.collect();
            let DataType::Decimal128(precision, scale) = primitive_to_arrow(primitive)? else {
                return Err(Error::invalid_input(format!("{primitive} is no decimal")));
            };
            let array = array.with_precision_and_scale(precision, scale);
            Arc::new(array.map_err(|error| Error::invalid_input("the decimals do not fit").caused_by(error))?)
        }
        PrimitiveType::Date => Arc::new(collect!(Date32Array, Date)),
        PrimitiveType::Time => Arc::new(collect!(Time64MicrosecondArray, Time)),
        PrimitiveType::Timestamp => Arc::new(collect!(TimestampMicrosecondArray, Timestamp)),
        PrimitiveType::Timestamptz => Arc::new(collect!(TimestampMicrosecondArray, Timestamptz).with_timezone("UTC")),
        PrimitiveType::TimestampNs => Arc::new(collect!(TimestampNanosecondArray, TimestampNs)),
        PrimitiveType::TimestamptzNs => {
            Arc::new(collect!(TimestampNanosecondArray, TimestamptzNs).with_timezone("UTC"))
        }
        PrimitiveType::String => {
            let length = |value: &Option<Value>| if let Some(Value::String(text)) = value { text.len() } else { 0 };
            check_total(values.iter().map(length))?;
            Arc::new(collect!(StringArray, String))
        }
        PrimitiveType::Binary => {
            let length = |value: &Option<Value>| if let Some(Value::Binary(bytes)) = value { bytes.len() } else { 0 };
            check_total(values.iter().map(length))?;
            Arc::new(collect!(BinaryArray, Binary))
        }
        PrimitiveType::Uuid => {
            let bytes = values.into_iter().map(|value| match value {
                Some(Value::Uuid(uuid)) => Some(uuid.to_be_bytes().to_vec()),
                _ => None,
            });
            fixed(bytes, 16)?
        }
        PrimitiveType::Fixed(length) => {
            let width = i32::try_from(length).map_err(|_| Error::invalid_input(format!("{primitive} is too long")))?;
            let bytes = values.into_iter().map(|value| match value {
                Some(Value::Fixed(bytes)) => Some(bytes),
                _ => None,
            });
            fixed(bytes, width)?
        }
    })
}

fn fixed(values: impl Iterator<Item = Option<Vec<u8>>>, width: i32) -> Result<ArrayRef> {
    let array = FixedSizeBinaryArray::try_from_sparse_iter_with_size(values, width);
    Ok(Arc::new(array.map_err(|error| Error::invalid_input("bytes of another length").caused_by(error))?))
}

/// Offsets of text and bytes have 32 bits.
fn check_total(lengths: impl Iterator<Item = usize>) -> Result<()> {
    let total = lengths.fold(0_usize, usize::saturating_add);
    match i32::try_from(total) {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::invalid_input(format!("{total} bytes are too many for one batch: split it"))),
    }
}
