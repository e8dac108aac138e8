use super::allocations::within;
use crate::spec::variant_to_json;

/// The first byte says how long the metadata is.
pub fn variant(bytes: &[u8]) {
    let Some((length, rest)) = bytes.split_first() else { return };
    let (metadata, value) = rest.split_at(rest.len().min(usize::from(*length)));
    if let Ok(json) = within(bytes, 4000, 1 << 20, || variant_to_json(metadata, value)) {
        assert!(!json.to_string().is_empty());
    }
}
