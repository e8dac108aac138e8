//! Avro's object container: header, blocks, sync marker.

use std::collections::HashMap;

use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::schema::Schema;
use apache_avro::types::Value;
use apache_avro::{Codec, DeflateSettings, Writer};
use serde_json::Value as Json;

use super::block::{BlockCodec, plain_limit};
use super::measure::{Measure, budget, take, take_long};
use crate::error::{Error, Result};

const MAGIC: &[u8] = b"Obj\x01";

pub(super) type Metadata = HashMap<String, Vec<u8>>;

/// An Avro file, whose header is read.
pub(crate) struct Container<'a> {
    pub(super) schema: Schema,
    pub(super) metadata: Metadata,
    codec: BlockCodec,
    marker: &'a [u8],
    blocks: &'a [u8],
    size: usize,
}

fn malformed(error: apache_avro::Error) -> Error {
    Error::invalid_data(format!("not a valid Avro file: {error}"))
}

pub(super) fn damaged() -> Error {
    Error::invalid_data("not a valid Avro file: it is truncated, or does not hold what it says")
}

/// Reads the header of a container.
pub(crate) fn read(bytes: &[u8]) -> Result<Container<'_>> {
    let (metadata, rest) = header(bytes).ok_or_else(damaged)?;
    let (marker, blocks) = rest.split_at_checked(16).ok_or_else(damaged)?;
    let text = metadata.get("avro.schema").ok_or_else(damaged)?;
    let mut schema = serde_json::from_slice(text)
        .map_err(|error| Error::invalid_data("the Avro schema is no valid JSON").caused_by(error))?;
    rename(&mut schema);
    let schema = Schema::parse(&schema).map_err(malformed)?;
    let codec = codec_of(&metadata)?;
    Ok(Container { schema, metadata, codec, marker, blocks, size: bytes.len() })
}

/// Gives fields names that the library takes: Java's letters are not ASCII's alone. Fields are known by their ids.
fn rename(schema: &mut Json) {
    match schema {
        Json::Array(branches) => branches.iter_mut().for_each(rename),
        Json::Object(object) => {
            if let Some(Json::Array(fields)) = object.get_mut("fields") {
                for (i, field) in fields.iter_mut().enumerate() {
                    if let Some(Json::String(name)) = field.get_mut("name")
                        && !name.is_ascii()
                    {
                        *name = format!("{}_{i}", name.replace(|c: char| !c.is_ascii_alphanumeric(), "_"));
                    }
                    rename(field);
                }
            }
            for key in ["type", "items", "values"] {
                object.get_mut(key).into_iter().for_each(rename);
            }
        }
        _ => {}
    }
}

/// How the blocks of a file are compressed.
pub(super) fn codec_of(metadata: &Metadata) -> Result<BlockCodec> {
    let codec = metadata.get("avro.codec");
    BlockCodec::named(codec.map(Vec::as_slice)).ok_or_else(|| {
        let name = codec.map(|name| String::from_utf8_lossy(name).chars().take(40).collect::<String>());
        Error::unsupported(format!("an Avro file compressed by {:?}", name.unwrap_or_default()))
    })
}

/// The metadata, and what follows it.
pub(super) fn header(bytes: &[u8]) -> Option<(Metadata, &[u8])> {
    let mut rest = bytes.strip_prefix(MAGIC)?;
    let mut metadata = HashMap::new();
    loop {
        let count = take_long(&mut rest)?;
        if count == 0 {
            return Some((metadata, rest));
        }
        if count < 0 {
            take_long(&mut rest)?;
        }
        for _ in 0..count.checked_abs()? {
            let key = String::from_utf8(counted(&mut rest)?.to_vec()).ok()?;
            metadata.insert(key, counted(&mut rest)?.to_vec());
        }
    }
}

impl Container<'_> {
    /// Decodes the entries one by one. What they take in memory and time is bounded by the size of the file.
    pub(crate) fn decode<T>(&self, mut entry: impl FnMut(usize, Value) -> Result<T>) -> Result<Vec<T>> {
        let reader = GenericDatumReader::builder(&self.schema).build().map_err(malformed)?;
        let measure = Measure::new(&self.schema);
        let (mut plain_left, mut budget) = (plain_limit(self.size), budget(self.size));
        let mut blocks = self.blocks;
        let mut entries = Vec::new();
        while !blocks.is_empty() {
            let (count, block) = self.next_block(&mut blocks).ok_or_else(damaged)?;
            let plain = self.codec.decompress(block, plain_left).ok_or_else(damaged)?;
            plain_left = plain_left.saturating_sub(plain.len() as u64);
            let mut rest = plain.as_slice();
            for _ in 0..count {
                let length = measure.entry(rest, &mut budget).ok_or_else(damaged)?;
                let (mut one, behind) = rest.split_at_checked(length).ok_or_else(damaged)?;
                entries.push(entry(entries.len(), reader.read_value(&mut one).map_err(malformed)?)?);
                rest = behind;
            }
            if !rest.is_empty() {
                return Err(damaged());
            }
        }
        Ok(entries)
    }

    /// The next block's number of entries, and its bytes.
    fn next_block<'b>(&self, blocks: &mut &'b [u8]) -> Option<(u64, &'b [u8])> {
        let count = u64::try_from(take_long(blocks)?).ok()?;
        let block = counted(blocks)?;
        let marker = blocks.get(..16)?;
        take(blocks, 16)?;
        (marker == self.marker).then_some((count, block))
    }
}

fn counted<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let before: &'a [u8] = bytes;
    let length = usize::try_from(take_long(bytes)?).ok()?;
    let (taken, rest) = before.get(before.len().checked_sub(bytes.len())?..)?.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
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
