//! Variants from JSON (Parquet: Variant Binary Encoding).

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::spec::variant_bytes::enclose;

/// As deep as variants are read.
const DEEPEST: u8 = 100;

/// JSON as a variant: its two binaries, metadata and value. Numbers are integers of the least width that holds them, or
/// doubles; of other types JSON has none. `None` if it nests too deep or is too long for the encoding.
pub fn variant_from_json(json: &Json) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut names = BTreeSet::new();
    collect(json, &mut names, 0)?;
    let names: Vec<&str> = names.into_iter().collect();
    let text: usize = names.iter().map(|name| name.len()).sum();
    let width = (1..=4_u8).find(|width| text.max(names.len()) >> (u32::from(*width) * 8 - 1) <= 1)?;
    // Version 1, with names that are sorted.
    let mut metadata = vec![0x11 | (width - 1) << 6];
    let mut put = |number: usize| metadata.extend(number.to_le_bytes().iter().take(width.into()));
    put(names.len());
    let mut end = 0;
    for length in [0].into_iter().chain(names.iter().map(|name| name.len())) {
        end += length;
        put(end);
    }
    names.iter().for_each(|name| metadata.extend_from_slice(name.as_bytes()));
    let mut value = Vec::new();
    write(json, &names, &mut value)?;
    Some((metadata, value))
}

fn collect<'a>(json: &'a Json, names: &mut BTreeSet<&'a str>, depth: u8) -> Option<()> {
    match json {
        _ if depth > DEEPEST => None,
        Json::Array(items) => items.iter().try_for_each(|item| collect(item, names, depth + 1)),
        Json::Object(fields) => fields.iter().try_for_each(|(name, value)| {
            names.insert(name);
            collect(value, names, depth + 1)
        }),
        _ => Some(()),
    }
}

fn write(json: &Json, names: &[&str], bytes: &mut Vec<u8>) -> Option<()> {
    let start = bytes.len();
    match json {
        Json::Null => bytes.push(0),
        Json::Bool(value) => bytes.push(if *value { 1 << 2 } else { 2 << 2 }),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(value), _) => {
                let (kind, width) = match value {
                    -0x80..=0x7f => (3, 1),
                    -0x8000..=0x7fff => (4, 2),
                    -0x8000_0000..=0x7fff_ffff => (5, 4),
                    _ => (6, 8),
                };
                bytes.push(kind << 2);
                bytes.extend(value.to_le_bytes().iter().take(width));
            }
            // A decimal of 16 bytes and no digits behind the point.
            (None, Some(value)) => {
                bytes.extend_from_slice(&[10 << 2, 0]);
                bytes.extend_from_slice(&i128::from(value).to_le_bytes());
            }
            (None, None) => {
                bytes.push(7 << 2);
                bytes.extend_from_slice(&number.as_f64()?.to_le_bytes());
            }
        },
        Json::String(text) => {
            match u8::try_from(text.len()) {
                Ok(length @ ..64) => bytes.push(1 | length << 2),
                _ => {
                    bytes.push(16 << 2);
                    bytes.extend_from_slice(&u32::try_from(text.len()).ok()?.to_le_bytes());
                }
            }
            bytes.extend_from_slice(text.as_bytes());
        }
        Json::Array(items) => {
            let mut offsets = Vec::with_capacity(items.len());
            for item in items {
                offsets.push(bytes.len() - start);
                write(item, names, bytes)?;
            }
            enclose(bytes, start, &offsets, None)?;
        }
        Json::Object(fields) => {
            // In the order of names, whatever the map's is.
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by_key(|(name, _)| *name);
            let (mut offsets, mut ids) = (Vec::with_capacity(fields.len()), Vec::with_capacity(fields.len()));
            for (name, value) in fields {
                ids.push(names.binary_search(&name.as_str()).ok()?);
                offsets.push(bytes.len() - start);
                write(value, names, bytes)?;
            }
            enclose(bytes, start, &offsets, Some((&ids, names.len())))?;
        }
    }
    Some(())
}
