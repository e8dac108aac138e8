//! Values of the type `variant` (Parquet: Variant Binary Encoding).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value as Json};

use crate::error::{Error, Result};
use crate::spec::format_uuid;
use crate::spec::time_text::{format_date, format_date_time, format_time};
use crate::spec::variant_bytes::{Names, Parts, number, take};

/// How deep values may nest.
const DEEPEST: u8 = 100;
/// How many bytes the names in the JSON may have for each of the variant's, and those of a small one.
const NAMES: usize = 100;
const SMALL: usize = 64 << 10;

/// A variant as JSON, from its two binaries.
///
/// What JSON lacks is spelled as [`records_to_batch`](crate::records_to_batch) takes it: decimals and times as text, bytes
/// in Base64, `"NaN"`. Fails with [`InvalidData`](crate::ErrorKind::InvalidData) on bytes that are no variant.
pub fn variant_to_json(metadata: &[u8], value: &[u8]) -> Result<Json> {
    let malformed = || Error::invalid_data("the variant is malformed");
    let names = Names::new(metadata).ok_or_else(malformed)?;
    let room = metadata.len().saturating_add(value.len());
    let mut reader = Reader { names, values: value.len(), text: room.saturating_mul(NAMES).saturating_add(SMALL) };
    reader.value(value, 0).ok_or_else(malformed)
}

struct Reader<'a> {
    names: Names<'a>,
    /// How many more values there can be, as each has a byte of its own; and how many more bytes of text.
    values: usize,
    text: usize,
}

impl Reader<'_> {
    /// The value at the beginning of these bytes.
    fn value(&mut self, mut bytes: &[u8], depth: u8) -> Option<Json> {
        self.values = self.values.checked_sub(1)?;
        let header = *take(&mut bytes, 1)?.first()?;
        let (kind, detail) = (header & 3, header >> 2);
        match kind {
            0 => self.primitive(detail, bytes),
            1 => self.string(bytes.get(..usize::from(detail))?),
            _ if depth >= DEEPEST => None,
            2 => {
                let mut object = Map::new();
                for part in Parts::new(header, bytes)?.iter() {
                    let (id, value) = part?;
                    let name = self.names.get(id)?;
                    self.text = self.text.checked_sub(name.len())?;
                    if object.insert(name.to_owned(), self.value(value, depth + 1)?).is_some() {
                        return None;
                    }
                }
                Some(Json::Object(object))
            }
            _ => {
                let items = Parts::new(header, bytes)?;
                let items = items.iter().map(|item| self.value(item?.1, depth + 1));
                items.collect::<Option<Vec<_>>>().map(Json::Array)
            }
        }
    }

    fn primitive(&mut self, kind: u8, mut bytes: &[u8]) -> Option<Json> {
        let mut integer = |width: usize| from_little_endian(take(&mut bytes, width)?);
        Some(match kind {
            0 => Json::Null,
            1 => true.into(),
            2 => false.into(),
            3 => i64::try_from(integer(1)?).ok()?.into(),
            4 => i64::try_from(integer(2)?).ok()?.into(),
            5 => i64::try_from(integer(4)?).ok()?.into(),
            6 => i64::try_from(integer(8)?).ok()?.into(),
            7 => float(f64::from_le_bytes(take(&mut bytes, 8)?.try_into().ok()?)),
            8..=10 => {
                let scale = usize::from(*take(&mut bytes, 1)?.first()?);
                let unscaled = from_little_endian(take(&mut bytes, 4 << (kind - 8))?)?;
                decimal(unscaled, scale)?
            }
            11 => format_date(i32::try_from(integer(4)?).ok()?).into(),
            12 => format!("{}Z", format_date_time(integer(8)?.checked_mul(1_000)?)).into(),
            13 => format_date_time(integer(8)?.checked_mul(1_000)?).into(),
            // Its shortest digits, not those of the double that is the same number.
            14 => {
                let value = f32::from_le_bytes(take(&mut bytes, 4)?.try_into().ok()?);
                if value.is_finite() { value.to_string().parse().map(float).ok()? } else { float(value.into()) }
            }
            15 | 16 => {
                let length = number(take(&mut bytes, 4)?)?;
                let content = bytes.get(..length)?;
                if kind == 16 {
                    return self.string(content);
                }
                self.text = self.text.checked_sub(content.len())?;
                BASE64_STANDARD.encode(content).into()
            }
            17 => {
                let micros = i64::try_from(integer(8)?).ok().filter(|micros| (0..86_400_000_000).contains(micros))?;
                format_time(micros.checked_mul(1_000)?).into()
            }
            18 => format!("{}Z", format_date_time(integer(8)?)).into(),
            19 => format_date_time(integer(8)?).into(),
            20 => format_uuid(u128::from_be_bytes(take(&mut bytes, 16)?.try_into().ok()?)).into(),
            _ => return None,
        })
    }

    fn string(&mut self, bytes: &[u8]) -> Option<Json> {
        self.text = self.text.checked_sub(bytes.len())?;
        Some(std::str::from_utf8(bytes).ok()?.into())
    }
}

/// A signed number of up to sixteen bytes.
fn from_little_endian(bytes: &[u8]) -> Option<i128> {
    let start = if bytes.last()? & 0x80 == 0 { 0 } else { -1 };
    Some(bytes.iter().rev().fold(start, |number, byte| number << 8 | i128::from(*byte)))
}

fn float(value: f64) -> Json {
    let special = match value {
        value if value.is_nan() => "NaN",
        f64::INFINITY => "Infinity",
        _ => "-Infinity",
    };
    serde_json::Number::from_f64(value).map_or_else(|| special.into(), Json::Number)
}

fn decimal(unscaled: i128, scale: usize) -> Option<Json> {
    if scale > 38 {
        return None;
    }
    let digits = format!("{:0width$}", unscaled.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at_checked(digits.len() - scale)?;
    let sign = if unscaled < 0 { "-" } else { "" };
    Some(if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }.into())
}
