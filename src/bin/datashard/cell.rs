//! Values of Arrow arrays as text and as JSON, spelled so that they can be appended again.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int32Type, Int64Type, Time64MicrosecondType,
    TimestampMicrosecondType, TimestampNanosecondType,
};
use arrow_array::{Array, ArrowPrimitiveType};
use arrow_schema::{DataType, Field, TimeUnit};
use datashard::spec::{Value, variant_to_json};
use datashard::{Error, ErrorKind, Result};
use serde::Serialize;

const EXTENSION: &str = "ARROW:extension:name";

/// A value as text, nested ones as JSON; `None` of null.
pub(crate) fn text(field: &Field, array: &dyn Array, row: usize) -> Result<Option<String>> {
    if array.is_null(row) || *array.data_type() == DataType::Null {
        return Ok(None);
    }
    Ok(Some(match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().value(row).to_owned(),
        // As JSON has them: with all digits that are needed, and no more.
        DataType::Float32 | DataType::Float64 => {
            let mut out = Vec::new();
            json(field, array, row, &mut out)?;
            String::from_utf8_lossy(&out).trim_matches('"').to_owned()
        }
        _ => match value(field, array, row) {
            Some(value) => value.to_string(),
            None => {
                let mut out = Vec::new();
                json(field, array, row, &mut out)?;
                String::from_utf8_lossy(&out).into_owned()
            }
        },
    }))
}

/// Writes a value as JSON.
pub(crate) fn json(field: &Field, array: &dyn Array, row: usize, out: &mut Vec<u8>) -> Result<()> {
    if array.is_null(row) {
        out.extend_from_slice(b"null");
        return Ok(());
    }
    match array.data_type() {
        DataType::Null => out.extend_from_slice(b"null"),
        DataType::Boolean => put(out, &array.as_boolean().value(row)),
        DataType::Int32 => put(out, &native::<Int32Type>(array, row)),
        DataType::Int64 => put(out, &native::<Int64Type>(array, row)),
        DataType::Float32 => number(out, native::<Float32Type>(array, row), f32::is_finite),
        DataType::Float64 => number(out, native::<Float64Type>(array, row), f64::is_finite),
        DataType::Utf8 => put(out, array.as_string::<i32>().value(row)),
        DataType::Struct(fields) => {
            let array = array.as_struct();
            if field.metadata().get(EXTENSION).is_some_and(|name| name == "arrow.parquet.variant") {
                let part = |at: usize| Some(array.columns().get(at)?.as_binary_opt::<i32>()?.value(row));
                let (Some(metadata), Some(value)) = (part(0), part(1)) else { return Err(unknown(field)) };
                put(out, &variant_to_json(metadata, value)?);
                return Ok(());
            }
            object(fields.iter().map(|field| &**field).zip(array.columns().iter().map(|column| &**column)), row, out)?;
        }
        DataType::List(element) => {
            let items = array.as_list::<i32>().value(row);
            sequence(out, *b"[]", items.len(), |at, out| json(element, &*items, at, out))?;
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(row);
            let (DataType::Struct(fields), [keys, values]) = (entries.data_type(), entries.columns()) else {
                return Err(unknown(field));
            };
            let [key, value] = &**fields else { return Err(unknown(field)) };
            let named = *keys.data_type() == DataType::Utf8;
            sequence(out, if named { *b"{}" } else { *b"[]" }, entries.len(), |at, out| {
                if named {
                    json(key, &**keys, at, out)?;
                    out.push(b':');
                    return json(value, &**values, at, out);
                }
                out.push(b'[');
                json(key, &**keys, at, out)?;
                out.push(b',');
                json(value, &**values, at, out)?;
                out.push(b']');
                Ok(())
            })?;
        }
        _ => match value(field, array, row) {
            Some(value) => put(out, &value.to_string()),
            None => return Err(unknown(field)),
        },
    }
    Ok(())
}

/// Writes a row as an object.
pub(crate) fn object<'a>(
    columns: impl Iterator<Item = (&'a Field, &'a dyn Array)>,
    row: usize,
    out: &mut Vec<u8>,
) -> Result<()> {
    out.push(b'{');
    for (at, (field, column)) in columns.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        put(out, field.name());
        out.push(b':');
        json(field, column, row, out)?;
    }
    out.push(b'}');
    Ok(())
}

/// A single value; `None` of nested types.
fn value(field: &Field, array: &dyn Array, row: usize) -> Option<Value> {
    Some(match array.data_type() {
        DataType::Boolean => Value::Boolean(array.as_boolean().value(row)),
        DataType::Int32 => Value::Int(native::<Int32Type>(array, row)),
        DataType::Int64 => Value::Long(native::<Int64Type>(array, row)),
        DataType::Decimal128(_, scale) => {
            Value::Decimal { unscaled: native::<Decimal128Type>(array, row), scale: u8::try_from(*scale).ok()? }
        }
        DataType::Date32 => Value::Date(native::<Date32Type>(array, row)),
        DataType::Time64(TimeUnit::Microsecond) => Value::Time(native::<Time64MicrosecondType>(array, row)),
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            let micros = native::<TimestampMicrosecondType>(array, row);
            if zone.is_some() { Value::Timestamptz(micros) } else { Value::Timestamp(micros) }
        }
        DataType::Timestamp(TimeUnit::Nanosecond, zone) => {
            let nanos = native::<TimestampNanosecondType>(array, row);
            if zone.is_some() { Value::TimestamptzNs(nanos) } else { Value::TimestampNs(nanos) }
        }
        DataType::FixedSizeBinary(_) => {
            let bytes = array.as_fixed_size_binary().value(row);
            let uuid = field.metadata().get(EXTENSION).is_some_and(|name| name == "arrow.uuid");
            match <[u8; 16]>::try_from(bytes) {
                Ok(bytes) if uuid => Value::Uuid(u128::from_be_bytes(bytes)),
                _ => Value::Fixed(bytes.to_vec()),
            }
        }
        DataType::Binary => Value::Binary(array.as_binary::<i32>().value(row).to_vec()),
        _ => return None,
    })
}

fn native<T: ArrowPrimitiveType>(array: &dyn Array, row: usize) -> T::Native {
    array.as_primitive::<T>().value(row)
}

fn number<T: Copy + Into<f64> + Serialize>(out: &mut Vec<u8>, value: T, is_finite: fn(T) -> bool) {
    let wide: f64 = value.into();
    match is_finite(value) {
        true => put(out, &value),
        false if wide.is_nan() => put(out, "NaN"),
        false => put(out, if wide > 0.0 { "Infinity" } else { "-Infinity" }),
    }
}

fn put<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    // Writing plain values into memory cannot fail.
    let _ = serde_json::to_writer(out, value);
}

fn sequence(
    out: &mut Vec<u8>,
    [open, close]: [u8; 2],
    length: usize,
    mut item: impl FnMut(usize, &mut Vec<u8>) -> Result<()>,
) -> Result<()> {
    out.push(open);
    for at in 0..length {
        if at > 0 {
            out.push(b',');
        }
        item(at, out)?;
    }
    out.push(close);
    Ok(())
}

fn unknown(field: &Field) -> Error {
    let message = format!("showing column `{}`: its type is {}", field.name(), field.data_type());
    Error::new(ErrorKind::Unsupported, message)
}
