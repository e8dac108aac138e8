//! Blocks of an Avro file, decompressed within bounds.

use std::io::Read;

use flate2::Crc;
use flate2::read::DeflateDecoder;

/// How many bytes a file may hold for each that it has: ordinary manifests stay far below.
const RATIO: u64 = 300;
/// What small files may hold.
const SMALL: u64 = 1 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BlockCodec {
    Null,
    Deflate,
    Snappy,
    Zstandard,
}

impl BlockCodec {
    pub(super) fn named(name: Option<&[u8]>) -> Option<Self> {
        match name {
            None | Some(b"null") => Some(Self::Null),
            Some(b"deflate") => Some(Self::Deflate),
            Some(b"snappy") => Some(Self::Snappy),
            Some(b"zstandard") => Some(Self::Zstandard),
            Some(_) => None,
        }
    }

    /// What a block holds; `None` if it is damaged, or holds more than this many bytes.
    pub(super) fn decompress(self, block: &[u8], limit: u64) -> Option<Vec<u8>> {
        let all = |reader: &mut dyn Read| {
            let mut plain = Vec::new();
            reader.take(limit.saturating_add(1)).read_to_end(&mut plain).ok()?;
            (plain.len() as u64 <= limit).then_some(plain)
        };
        match self {
            Self::Null => Some(block.to_vec()),
            Self::Deflate => all(&mut DeflateDecoder::new(block)),
            Self::Zstandard => all(&mut zstd::Decoder::with_buffer(block).ok()?),
            Self::Snappy => {
                let (block, sum) = block.split_at_checked(block.len().checked_sub(4)?)?;
                let length = snap::raw::decompress_len(block).ok()?;
                if length as u64 > limit {
                    return None;
                }
                let plain = snap::raw::Decoder::new().decompress_vec(block).ok()?;
                let mut crc = Crc::new();
                crc.update(&plain);
                (crc.sum().to_be_bytes() == sum).then_some(plain)
            }
        }
    }
}

/// How many bytes the blocks of a file of this size may hold together.
pub(super) fn plain_limit(file: usize) -> u64 {
    (file as u64).saturating_mul(RATIO).saturating_add(SMALL)
}
