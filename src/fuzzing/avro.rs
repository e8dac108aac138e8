use super::allocations::within;
use crate::avro::{decode_manifest, decode_manifest_list, encode_manifest, encode_manifest_list, read_container};

pub fn avro_container(bytes: &[u8]) {
    let _ = within(bytes, 2000, 4 << 20, || read_container(bytes)?.decode(|_, _| Ok(())));
}

/// What was read can be written, and is the same when it is read again.
pub fn manifest(bytes: &[u8]) {
    if let Ok(manifest) = within(bytes, 2000, 4 << 20, || decode_manifest(bytes))
        && let Ok(written) = encode_manifest(&manifest, 1)
    {
        let again = decode_manifest(&written).expect("what we wrote");
        assert_eq!(format!("{manifest:?}"), format!("{again:?}"));
    }
}

pub fn manifest_list(bytes: &[u8]) {
    if let Ok(list) = within(bytes, 2000, 4 << 20, || decode_manifest_list(bytes))
        && let Ok(written) = encode_manifest_list(&list, 1, None, 1, 1)
    {
        assert_eq!(decode_manifest_list(&written).expect("what we wrote").len(), list.len());
    }
}
