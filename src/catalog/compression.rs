use std::io::{Read, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

use crate::error::{Error, Result};

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// No metadata holds more bytes for each of its compressed ones, small files apart.
const RATIO: u64 = 200;
const SMALL: u64 = 16 << 20;

/// What a metadata file holds, whether it is compressed or not, whatever its name; at most `limit` bytes.
pub(crate) fn decompress(bytes: Bytes, limit: u64) -> Result<Bytes> {
    let compressed = bytes.as_ref();
    let (codec, mut reader): (_, Box<dyn Read>) = if compressed.starts_with(GZIP) {
        ("gzip", Box::new(MultiGzDecoder::new(compressed)))
    } else if compressed.starts_with(ZSTD) {
        let decoder = zstd::Decoder::with_buffer(compressed);
        ("zstd", Box::new(decoder.map_err(|error| Error::invalid_data("not valid zstd").caused_by(error))?))
    } else {
        return Ok(bytes);
    };
    let limit = limit.min((bytes.len() as u64).saturating_mul(RATIO).max(SMALL));
    let mut plain = Vec::new();
    let read = reader.by_ref().take(limit.saturating_add(1)).read_to_end(&mut plain);
    read.map_err(|error| Error::invalid_data(format!("not valid {codec}")).caused_by(error))?;
    if plain.len() as u64 > limit {
        return Err(Error::invalid_data(format!("it is longer than {limit} bytes when decompressed")));
    }
    Ok(plain.into())
}

pub(crate) fn compress(plain: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let written = encoder.write_all(plain).and_then(|()| encoder.finish());
    written.map_err(|error| Error::invalid_data("compressing the metadata").caused_by(error))
}
