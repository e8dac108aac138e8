//! Avro's object container: header, blocks, sync marker.

use std::collections::HashMap;

use apache_avro::schema::Schema;
use apache_avro::types::Value;
use apache_avro::{Codec, DeflateSettings, Reader, Writer};
use serde_json::Value as Json;

use crate::error::{Error, Result};

const MAGIC: &[u8] = b"Obj\x01";

/// What a container holds.
pub(crate) struct Container {
    pub(super) schema: Schema,
    pub(super) metadata: HashMap<String, Vec<u8>>,
    pub(super) values: Vec<Value>,
}

fn malformed(error: apache_avro::Error) -> Error {
    Error::invalid_data(format!("not a valid Avro file: {error}"))
}

/// Reads a whole container.
pub(crate) fn read(bytes: &[u8]) -> Result<Container> {
    check_framing(bytes)
        .ok_or_else(|| Error::invalid_data("not a valid Avro file: it is truncated or its framing is wrong"))?;
    let reader = Reader::new(bytes).map_err(malformed)?;
    let schema = reader.writer_schema().clone();
    if takes_no_bytes(&schema) {
        return Err(Error::invalid_data("not a valid Avro file: its entries are empty"));
    }
    check_schema(&schema, &mut Vec::new())?;
    let metadata = reader.user_metadata().clone();
    let values = reader.collect::<Result<Vec<_>, _>>().map_err(malformed)?;
    Ok(Container { schema, metadata, values })
}

/// Writes a container, compressed by deflate. The header is ours, since the crate's would lose `logicalType: map`.
pub(super) fn write(schema: &Json, metadata: &[(&str, String)], values: Vec<Value>, marker: u128) -> Result<Vec<u8>> {
    let marker = marker.to_be_bytes();
    let text = schema.to_string();
    let parsed = Schema::parse(schema).map_err(malformed)?;
    let mut header = MAGIC.to_vec();
    let entries = [("avro.schema", text.as_str()), ("avro.codec", "deflate")];
    let entries = entries.into_iter().chain(metadata.iter().map(|(key, value)| (*key, value.as_str())));
    put_long(&mut header, metadata.len() + 2);
    for (key, value) in entries {
        for part in [key, value] {
            put_long(&mut header, part.len());
            header.extend_from_slice(part.as_bytes());
        }
    }
    put_long(&mut header, 0);
    header.extend_from_slice(&marker);
    let mut writer = Writer::builder()
        .schema(&parsed)
        .writer(header)
        .codec(Codec::Deflate(DeflateSettings::default()))
        .marker(marker)
        .has_header(true)
        .build()
        .map_err(malformed)?;
    for value in values {
        writer.append_value(value).map_err(malformed)?;
    }
    writer.into_inner().map_err(malformed)
}

fn put_long(into: &mut Vec<u8>, length: usize) {
    let mut rest = (length as u64) << 1;
    while rest >= 0x80 {
        into.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    into.push(rest as u8);
}

/// Walks header and blocks: every length lies within the bytes that are there, and no block claims more entries than a
/// decoder can meet. Keeps a decoder from allocating, or looping, by a number that somebody made up.
fn check_framing(bytes: &[u8]) -> Option<()> {
    let mut rest = bytes.strip_prefix(MAGIC)?;
    loop {
        let count = take_long(&mut rest)?;
        if count == 0 {
            break;
        }
        if count < 0 {
            take_long(&mut rest)?;
        }
        for _ in 0..count.checked_abs()? {
            for _ in ["key", "value"] {
                let length = usize::try_from(take_long(&mut rest)?).ok()?;
                rest = rest.get(length..)?;
            }
        }
    }
    rest = rest.get(16..)?;
    while !rest.is_empty() {
        let count = take_long(&mut rest)?;
        let size = usize::try_from(take_long(&mut rest)?).ok()?;
        // No codec packs more than about 1,000 bytes into one (zstd somewhat more), and an entry takes a byte or more.
        if count < 0 || u64::try_from(count).ok()? > (size as u64 + 64).saturating_mul(20_000) {
            return None;
        }
        rest = rest.get(size.checked_add(16)?..)?;
    }
    Some(())
}

fn take_long(bytes: &mut &[u8]) -> Option<i64> {
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

/// Refuses schemas that a decoder would follow for ever: types that contain themselves, and collections of nothing.
fn check_schema(schema: &Schema, open: &mut Vec<String>) -> Result<()> {
    let refuse = |why: &str| Err(Error::invalid_data(format!("not a valid Avro file: its schema {why}")));
    match schema {
        Schema::Record(record) => {
            open.push(record.name.to_string());
            record.fields.iter().try_for_each(|field| check_schema(&field.schema, open))?;
            open.pop();
            Ok(())
        }
        Schema::Ref { name } if open.contains(&name.to_string()) => refuse("contains itself"),
        Schema::Array(array) if takes_no_bytes(&array.items) => refuse("has an array of nothing"),
        Schema::Array(array) => check_schema(&array.items, open),
        Schema::Map(map) => check_schema(&map.types, open),
        Schema::Union(union) => union.variants().iter().try_for_each(|variant| check_schema(variant, open)),
        _ => Ok(()),
    }
}

/// Whether a value of this schema takes no bytes, so that their number is bounded by nothing.
fn takes_no_bytes(schema: &Schema) -> bool {
    match schema {
        Schema::Null => true,
        Schema::Record(record) => record.fields.iter().all(|field| takes_no_bytes(&field.schema)),
        Schema::Fixed(fixed) => fixed.size == 0,
        _ => false,
    }
}
