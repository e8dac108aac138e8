//! Avro's object container: header, blocks, sync marker.

use std::collections::HashMap;

use apache_avro::types::Value;
use serde_json::Value as Json;

use super::block::{BlockCodec, deflate, plain_limit};
use super::decode::{budget, counted, decode, take, take_long};
use super::encode::{encode, put_bytes, put_length};
use super::schema::Schema;
use crate::error::{Error, Result};

const MAGIC: &[u8] = b"Obj\x01";
/// A block ends when it has this many bytes.
const BLOCK_BYTES: usize = 16_000;

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

pub(super) fn damaged() -> Error {
    Error::invalid_data("not a valid Avro file: it is truncated, or does not hold what it says")
}

/// Reads the header of a container.
pub(crate) fn read(bytes: &[u8]) -> Result<Container<'_>> {
    let (metadata, rest) = header(bytes).ok_or_else(damaged)?;
    let (marker, blocks) = rest.split_at_checked(16).ok_or_else(damaged)?;
    let text = metadata.get("avro.schema").ok_or_else(damaged)?;
    let schema = serde_json::from_slice(text)
        .map_err(|error| Error::invalid_data("the Avro schema is no valid JSON").caused_by(error))?;
    let schema = Schema::parse(&schema)?;
    let codec = codec_of(&metadata)?;
    Ok(Container { schema, metadata, codec, marker, blocks, size: bytes.len() })
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
        let (mut plain_left, mut budget) = (plain_limit(self.size), budget(self.size));
        let mut blocks = self.blocks;
        let mut entries = Vec::new();
        while !blocks.is_empty() {
            let (count, block) = self.next_block(&mut blocks).ok_or_else(damaged)?;
            let plain = self.codec.decompress(block, plain_left).ok_or_else(damaged)?;
            plain_left = plain_left.saturating_sub(plain.len() as u64);
            let mut rest = plain.as_slice();
            for _ in 0..count {
                let value = decode(&self.schema, &mut rest, &mut budget).ok_or_else(damaged)?;
                entries.push(entry(entries.len(), value)?);
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

/// Writes a container, compressed by deflate. The values are made for the schema.
pub(super) fn write(schema: &Json, metadata: &[(&str, String)], values: Vec<Value>, marker: u128) -> Result<Vec<u8>> {
    let marker = marker.to_be_bytes();
    let text = schema.to_string();
    let mut file = MAGIC.to_vec();
    let entries = [("avro.schema", text.as_str()), ("avro.codec", "deflate")];
    let entries = entries.into_iter().chain(metadata.iter().map(|(key, value)| (*key, value.as_str())));
    put_length(&mut file, metadata.len() + 2);
    for (key, value) in entries {
        put_bytes(&mut file, key.as_bytes());
        put_bytes(&mut file, value.as_bytes());
    }
    put_length(&mut file, 0);
    file.extend(marker);
    let (mut count, mut block) = (0, Vec::new());
    let mut values = values.iter().peekable();
    while let Some(value) = values.next() {
        encode(value, &mut block)?;
        count += 1;
        if block.len() >= BLOCK_BYTES || values.peek().is_none() {
            put_length(&mut file, std::mem::take(&mut count));
            let deflated = deflate(&std::mem::take(&mut block));
            let deflated = deflated.map_err(|error| Error::invalid_input("a block of Avro").caused_by(error))?;
            put_bytes(&mut file, &deflated);
            file.extend(marker);
        }
    }
    Ok(file)
}
