//! Avro values to their bytes.

use apache_avro::types::Value;

use crate::error::{Error, Result};

/// Appends a value that was made for its schema: Avro's bytes say nothing of types.
pub(super) fn encode(value: &Value, into: &mut Vec<u8>) -> Result<()> {
    match value {
        Value::Null => {}
        Value::Boolean(value) => into.push((*value).into()),
        Value::Int(value) | Value::Date(value) => put_long(into, (*value).into()),
        Value::Long(value)
        | Value::TimeMicros(value)
        | Value::TimestampMicros(value)
        | Value::TimestampNanos(value) => {
            put_long(into, *value);
        }
        Value::Float(value) => into.extend(value.to_le_bytes()),
        Value::Double(value) => into.extend(value.to_le_bytes()),
        Value::Bytes(bytes) => put_bytes(into, bytes),
        Value::String(text) => put_bytes(into, text.as_bytes()),
        Value::Fixed(_, bytes) => into.extend_from_slice(bytes),
        Value::Uuid(uuid) => into.extend(uuid.as_bytes()),
        Value::Union(index, value) => {
            put_long(into, (*index).into());
            encode(value, into)?;
        }
        Value::Array(items) => {
            if !items.is_empty() {
                put_length(into, items.len());
            }
            for item in items {
                encode(item, into)?;
            }
            put_length(into, 0);
        }
        Value::Record(fields) => {
            for (_, field) in fields {
                encode(field, into)?;
            }
        }
        _ => return Err(Error::unsupported("writing an Avro value of this type")),
    }
    Ok(())
}

pub(super) fn put_bytes(into: &mut Vec<u8>, bytes: &[u8]) {
    put_length(into, bytes.len());
    into.extend_from_slice(bytes);
}

pub(super) fn put_length(into: &mut Vec<u8>, length: usize) {
    put_long(into, i64::try_from(length).unwrap_or(i64::MAX));
}

fn put_long(into: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while rest >= 0x80 {
        into.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    into.push(rest as u8);
}
