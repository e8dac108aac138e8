use crate::error::{Error, Result};
use crate::spec::Positions;

/// What a deletion vector begins with, behind its length.
pub(crate) const MAGIC: [u8; 4] = [0xd1, 0xd3, 0x39, 0x64];

/// The deleted positions of a deletion vector (Puffin spec: `deletion-vector-v1`), whether it lies in a Puffin file or bare.
///
/// Fails with [`InvalidData`](crate::ErrorKind::InvalidData) on bytes that are none, or whose checksum is another.
pub(crate) fn decode(blob: &[u8]) -> Result<Positions> {
    let broken = |what: &str| Error::invalid_data(format!("the deletion vector is malformed: {what}"));
    let (length, rest) = blob.split_first_chunk::<4>().ok_or_else(|| broken("it is too short"))?;
    let (vector, checksum) = rest.split_last_chunk::<4>().ok_or_else(|| broken("it is too short"))?;
    if usize::try_from(u32::from_be_bytes(*length)) != Ok(vector.len()) {
        return Err(broken("it has another length than it says"));
    }
    let bitmap = vector.strip_prefix(&MAGIC).ok_or_else(|| broken("it does not begin as one"))?;
    if crc32fast::hash(vector) != u32::from_be_bytes(*checksum) {
        return Err(broken("its checksum is another"));
    }
    Positions::from_portable(bitmap)
}
