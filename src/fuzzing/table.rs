use bytes::Bytes;

use super::allocations::within;
use crate::catalog::decompress;
use crate::error::Result;
use crate::spec::TableMetadata;

/// The limit of what a compressed file may hold is checked with a smaller one.
const LIMIT: u64 = 1 << 20;

/// What was read can be written, and is the same when it is read again.
pub fn table_metadata(bytes: &[u8]) {
    let plain = within(bytes, 2, 3 * LIMIT as usize, || decompress(Bytes::copy_from_slice(bytes), LIMIT));
    let Ok(plain) = plain else { return };
    assert!(plain.len() as u64 <= LIMIT.max(bytes.len() as u64));
    let read = |bytes: &[u8]| -> Result<TableMetadata> { TableMetadata::from_json_bytes(bytes) };
    if let Ok(metadata) = within(&plain, 300, 64 << 10, || read(&plain)) {
        let again = read(&metadata.to_json_bytes()).expect("what we wrote");
        assert_eq!(metadata, again);
    }
}
