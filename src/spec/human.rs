use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::spec::time_text::{format_date, format_date_time, format_time};
use crate::spec::{Transform, Value};

/// A partition value as people read it: `2024-02` of a month.
pub(crate) fn human(transform: &Transform, value: &Value) -> String {
    let Value::Int(ordinal) = value else { return text(value) };
    match transform {
        Transform::Year => year(i64::from(*ordinal) + 1970),
        Transform::Month => {
            let months = i64::from(*ordinal);
            format!("{}-{:02}", year(months.div_euclid(12) + 1970), months.rem_euclid(12) + 1)
        }
        Transform::Day => format_date(*ordinal),
        Transform::Hour => format!("{}-{:02}", format_date(ordinal.div_euclid(24)), ordinal.rem_euclid(24)),
        _ => ordinal.to_string(),
    }
}

/// As in dates.
fn year(year: i64) -> String {
    match year {
        0..=9999 => format!("{year:04}"),
        10_000.. => format!("+{year}"),
        _ => format!("-{:04}", -year),
    }
}

/// Dates and times in ISO 8601, bytes in Base64.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Boolean(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Long(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::Double(value) => value.to_string(),
        Value::Decimal { unscaled, scale } => decimal(*unscaled, usize::from(*scale)),
        Value::Date(days) => format_date(*days),
        Value::Time(micros) => format_time(micros.saturating_mul(1_000)),
        Value::Timestamp(micros) => format_date_time(i128::from(*micros) * 1_000),
        Value::Timestamptz(micros) => format_date_time(i128::from(*micros) * 1_000) + "Z",
        Value::TimestampNs(nanos) => format_date_time((*nanos).into()),
        Value::TimestamptzNs(nanos) => format_date_time((*nanos).into()) + "Z",
        Value::String(value) => value.clone(),
        Value::Uuid(value) => {
            let hex = format!("{value:032x}");
            let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
            [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
        }
        Value::Fixed(bytes) | Value::Binary(bytes) => BASE64_STANDARD.encode(bytes),
    }
}

/// Dates and times in ISO 8601, bytes in Base64: as JSON records have them.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text(self))
    }
}

fn decimal(unscaled: i128, scale: usize) -> String {
    let sign = if unscaled < 0 { "-" } else { "" };
    let digits = format!("{:0width$}", unscaled.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len().saturating_sub(scale));
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}
