//! Rows as the fixtures' goldens spell them: one JSON object a row, keys and lines sorted. What JSON lacks is
//! `{"$dec": text}`, `{"$hex": bytes}`, `{"$ts": …}`, `{"$tstz": …}`, `{"$date": …}`, `{"$time": …}`, and the texts `NaN`,
//! `Infinity` and `-Infinity`; a map is a list of pairs.

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, TimeUnit};
use serde_json::{Map, Value as Json, json};

/// The rows of batches, a sorted line each.
pub fn lines(batches: &[RecordBatch]) -> Vec<String> {
    let mut lines: Vec<_> = batches.iter().flat_map(rows).map(|row| row.to_string()).collect();
    lines.sort_unstable();
    lines
}

/// The lines of a golden file, spelled and sorted as [`lines`] does.
pub fn expected(text: &str) -> Vec<String> {
    let parse = |line: &str| serde_json::from_str::<Json>(&exact(line)).unwrap().to_string();
    let mut lines: Vec<_> = text.lines().map(parse).collect();
    lines.sort_unstable();
    lines
}

/// JSON with its floating-point numbers as texts: the JSON parser may miss the nearest double.
pub fn exact(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit()) {
        let (before, token) = rest.split_at(at);
        out += before;
        let end = match token.strip_prefix('"') {
            Some(text) => {
                let mut escaped = false;
                let closes = |c: char| {
                    let closes = c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                    closes
                };
                text.find(closes).unwrap() + 2
            }
            None => token.find(|c: char| !"+-.eE".contains(c) && !c.is_ascii_digit()).unwrap_or(token.len()),
        };
        let (token, after) = token.split_at(end);
        if token.contains(['.', 'e', 'E']) && !token.starts_with('"') {
            out += &float(token.parse().unwrap()).to_string();
        } else {
            out += token;
        }
        rest = after;
    }
    out + rest
}

/// The first difference between two sorted lists of lines, if they do not have the same lines, each as often.
pub fn difference(found: &[String], expected: &[String]) -> Option<String> {
    let i = (0..found.len().max(expected.len())).find(|&i| found.get(i) != expected.get(i))?;
    let (rows, wanted) = (found.len(), expected.len());
    Some(format!("{rows} rows, expected {wanted}; first\n{:?}\nexpected\n{:?}", found.get(i), expected.get(i)))
}

/// The rows of a batch, in its order.
pub fn rows(batch: &RecordBatch) -> Vec<Json> {
    let schema = batch.schema();
    let row = |row| {
        let named = schema.fields().iter().zip(batch.columns());
        Json::Object(named.map(|(field, column)| (field.name().clone(), value(column, row))).collect::<Map<_, _>>())
    };
    (0..batch.num_rows()).map(row).collect()
}

fn value(array: &dyn Array, row: usize) -> Json {
    if array.is_null(row) {
        return Json::Null;
    }
    match array.data_type() {
        DataType::Null => Json::Null,
        DataType::Boolean => array.as_boolean().value(row).into(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).into(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).into(),
        DataType::Float32 => float(array.as_primitive::<Float32Type>().value(row).into()),
        DataType::Float64 => float(array.as_primitive::<Float64Type>().value(row)),
        DataType::Decimal128(_, scale) => json!({
            "$dec": decimal(array.as_primitive::<Decimal128Type>().value(row), i32::from(*scale))
        }),
        DataType::Date32 => {
            json!({ "$date": array.as_primitive::<Date32Type>().value_as_date(row).unwrap().to_string() })
        }
        DataType::Time64(TimeUnit::Microsecond) => {
            let time = array.as_primitive::<Time64MicrosecondType>().value_as_time(row).unwrap();
            json!({ "$time": time.format("%H:%M:%S%.6f").to_string() })
        }
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            let time = array.as_primitive::<TimestampMicrosecondType>().value_as_datetime(row).unwrap();
            json!({ tag(zone.as_deref()): time.format("%Y-%m-%dT%H:%M:%S%.6f").to_string() })
        }
        DataType::Timestamp(TimeUnit::Nanosecond, zone) => {
            let time = array.as_primitive::<TimestampNanosecondType>().value_as_datetime(row).unwrap();
            let text = time.format("%Y-%m-%dT%H:%M:%S%.9f").to_string();
            json!({ tag(zone.as_deref()): text.strip_suffix("000").unwrap_or(&text) })
        }
        DataType::Utf8 => array.as_string::<i32>().value(row).into(),
        DataType::LargeUtf8 => array.as_string::<i64>().value(row).into(),
        DataType::Binary => hex(array.as_binary::<i32>().value(row)),
        DataType::LargeBinary => hex(array.as_binary::<i64>().value(row)),
        DataType::FixedSizeBinary(_) => hex(array.as_fixed_size_binary().value(row)),
        DataType::Struct(fields) => {
            let columns = fields.iter().zip(array.as_struct().columns());
            Json::Object(columns.map(|(field, column)| (field.name().clone(), value(column, row))).collect())
        }
        DataType::List(_) => {
            let elements = array.as_list::<i32>().value(row);
            (0..elements.len()).map(|i| value(&elements, i)).collect()
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(row);
            let (keys, values) = (entries.column(0), entries.column(1));
            (0..entries.len()).map(|i| json!([value(keys, i), value(values, i)])).collect()
        }
        other => panic!("no golden form of {other}"),
    }
}

fn tag(zone: Option<&str>) -> &'static str {
    if zone.is_some() { "$tstz" } else { "$ts" }
}

fn float(value: f64) -> Json {
    match value {
        _ if value.is_nan() => "NaN".into(),
        f64::INFINITY => "Infinity".into(),
        f64::NEG_INFINITY => "-Infinity".into(),
        _ => json!({ "$f": value.to_string() }),
    }
}

fn hex(bytes: &[u8]) -> Json {
    json!({ "$hex": bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>() })
}

/// As Python's `Decimal` spells it: with an exponent where there would be more than five zeros after the point.
fn decimal(unscaled: i128, scale: i32) -> String {
    let sign = if unscaled < 0 { "-" } else { "" };
    let digits = unscaled.unsigned_abs().to_string();
    let exponent = i32::try_from(digits.len()).unwrap() - 1 - scale;
    let whole = usize::try_from(exponent + 1).unwrap_or(0);
    let text = if scale == 0 {
        digits
    } else if exponent >= 0 {
        format!("{}.{}", &digits[..whole], &digits[whole..])
    } else if exponent >= -6 {
        format!("0.{digits:0>width$}", width = usize::try_from(scale).unwrap())
    } else if digits.len() == 1 {
        format!("{digits}E{exponent}")
    } else {
        format!("{}.{}E{exponent}", &digits[..1], &digits[1..])
    };
    format!("{sign}{text}")
}
