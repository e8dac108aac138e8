use crate::runtime::Timestamp;
use crate::spec::murmur3::murmur3;
use crate::spec::value::minimal_big_endian;
use crate::spec::{PrimitiveType, Transform, Value, next_bytes, next_string, promoted};

const DAY: i64 = 86_400;
const HOUR: i64 = 3_600;
/// No date or timestamp is of a later year, or of an earlier one with a minus.
const LAST_YEAR: i64 = 6_000_000;

/// Partition values of a column's values, and what they say of these. Null becomes null under every transform.
impl Transform {
    /// The partition value of a column's value. `None` if there is none (void, and transforms that are not known), if the
    /// transform is not for values of this type, and where the result is too large for its type: integers truncated
    /// below the least, hours of timestamps beyond the year 246,000.
    pub fn apply(&self, value: &Value) -> Option<Value> {
        let days = || seconds(value).map(|(seconds, _)| seconds.div_euclid(DAY));
        let civil = || Some(Timestamp::from_millis(days()?.checked_mul(DAY * 1_000)?).civil());
        match self {
            Self::Identity => Some(value.clone()),
            Self::Bucket(count) => {
                let bucket = (murmur3(&hashed(value)?) & 0x7fff_ffff).checked_rem(*count)?;
                i32::try_from(bucket).ok().map(Value::Int)
            }
            Self::Truncate(width) => truncate(value, *width),
            Self::Year => civil().and_then(|(year, ..)| int(year - 1970)),
            Self::Month => civil().and_then(|(year, month, ..)| int((year - 1970) * 12 + i64::from(month) - 1)),
            Self::Day => i32::try_from(days()?).ok().map(Value::Date),
            Self::Hour => match seconds(value)? {
                (seconds, true) => int(seconds.div_euclid(HOUR)),
                _ => None,
            },
            Self::Void | Self::Unknown(_) => None,
        }
    }

    /// Bounds of a column's values, of which the column has this type now, out of bounds of their partition values, which
    /// may be older than a promotion. `None` where there are none.
    ///
    /// They are a little wider than the transform has it, for the sake of writers that cut dates before 1970 towards zero
    /// or let integers wrap around.
    pub(crate) fn behind(
        &self,
        lower: Option<&Value>,
        upper: Option<&Value>,
        primitive: PrimitiveType,
    ) -> (Option<Value>, Option<Value>) {
        match self {
            Self::Identity => {
                (lower.and_then(|value| promoted(value, primitive)), upper.and_then(|value| promoted(value, primitive)))
            }
            Self::Truncate(width) => {
                let wrapped = [i64::from(i32::MAX), i64::MAX].into_iter().any(|most| {
                    let after = most.saturating_sub((*width).into());
                    // Among these may be values that were truncated below the least.
                    matches!(primitive, PrimitiveType::Int | PrimitiveType::Long)
                        && lower.and_then(integer).is_none_or(|lower| lower <= most)
                        && upper.and_then(integer).is_none_or(|upper| upper > after)
                });
                let first = lower.filter(|_| !wrapped).and_then(|value| promoted(value, primitive));
                (first, upper.and_then(|value| last_truncated(&promoted(value, primitive)?, *width)))
            }
            Self::Year | Self::Month | Self::Day | Self::Hour => {
                let (mut first, mut last) = (lower.and_then(integer), upper.and_then(integer));
                if *self == Self::Hour {
                    // From here on hours may be those of the other end of time.
                    const FAR: i64 = 1_700_000_000;
                    let (low, high) = (first, last);
                    first = first.filter(|_| high.is_some_and(|high| high < FAR));
                    last = last.filter(|_| low.is_some_and(|low| low > -FAR));
                }
                let first = first.and_then(|first| self.begin(if first <= 0 { first - 1 } else { first }));
                let end = last.and_then(|last| self.begin(last + 1));
                (first.and_then(|first| time(first, 0, primitive)), end.and_then(|end| time(end, -1, primitive)))
            }
            Self::Bucket(_) | Self::Void | Self::Unknown(_) => (None, None),
        }
    }

    /// When a year, month, day or hour begins, in seconds since 1970.
    fn begin(&self, ordinal: i64) -> Option<i64> {
        let month = |year: i64, month: u8| {
            let year = year.clamp(-LAST_YEAR, LAST_YEAR);
            Some(Timestamp::from_civil(year, month, 1, 0, 0, 0).as_millis().div_euclid(1_000))
        };
        match self {
            Self::Year => month(ordinal + 1970, 1),
            Self::Month => month(ordinal.div_euclid(12) + 1970, u8::try_from(ordinal.rem_euclid(12)).ok()? + 1),
            Self::Day => ordinal.checked_mul(DAY),
            Self::Hour => ordinal.checked_mul(HOUR),
            _ => None,
        }
    }
}

fn int(value: i64) -> Option<Value> {
    i32::try_from(value).ok().map(Value::Int)
}

/// The bytes that are hashed (spec: Appendix B).
fn hashed(value: &Value) -> Option<Vec<u8>> {
    let long = |value: i64| Some(value.to_le_bytes().to_vec());
    match value {
        Value::Int(value) | Value::Date(value) => long((*value).into()),
        Value::Long(value) | Value::Time(value) | Value::Timestamp(value) | Value::Timestamptz(value) => long(*value),
        Value::TimestampNs(value) | Value::TimestamptzNs(value) => long(value.div_euclid(1_000)),
        Value::Decimal { unscaled, .. } => Some(minimal_big_endian(*unscaled)),
        Value::String(_) | Value::Uuid(_) | Value::Fixed(_) | Value::Binary(_) => Some(value.to_bytes()),
        Value::Boolean(_) | Value::Float(_) | Value::Double(_) => None,
    }
}

fn truncate(value: &Value, width: u32) -> Option<Value> {
    let length = usize::try_from(width).ok()?;
    let cut = |value: i128| value.checked_sub(value.checked_rem_euclid(width.into())?);
    Some(match value {
        Value::Int(value) => Value::Int(i32::try_from(cut((*value).into())?).ok()?),
        Value::Long(value) => Value::Long(i64::try_from(cut((*value).into())?).ok()?),
        Value::Decimal { unscaled, scale } => Value::Decimal { unscaled: cut(*unscaled)?, scale: *scale },
        Value::String(text) => Value::String(text.chars().take(length).collect()),
        Value::Binary(bytes) => Value::Binary(bytes.iter().take(length).copied().collect()),
        _ => return None,
    })
}

/// The last of the values that are truncated to this one, or one after it.
fn last_truncated(value: &Value, width: u32) -> Option<Value> {
    let length = usize::try_from(width).ok()?;
    let more = i64::from(width).checked_sub(1)?;
    match value {
        Value::Int(value) => {
            Some(Value::Int(i32::try_from(i64::from(*value).saturating_add(more)).unwrap_or(i32::MAX)))
        }
        Value::Long(value) => Some(Value::Long(value.saturating_add(more))),
        Value::Decimal { unscaled, scale } => {
            Some(Value::Decimal { unscaled: unscaled.saturating_add(more.into()), scale: *scale })
        }
        // What is shorter than the width was not cut.
        Value::String(text) if text.chars().count() < length => Some(value.clone()),
        Value::String(text) => next_string(text).map(Value::String),
        Value::Binary(bytes) if bytes.len() < length => Some(value.clone()),
        Value::Binary(bytes) => next_bytes(bytes).map(Value::Binary),
        _ => None,
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Int(value) | Value::Date(value) => Some((*value).into()),
        Value::Long(value) => Some(*value),
        _ => None,
    }
}

/// Whole seconds since 1970 of a date or timestamp, and whether it has a time of day.
fn seconds(value: &Value) -> Option<(i64, bool)> {
    match value {
        Value::Date(days) => Some((i64::from(*days) * DAY, false)),
        Value::Timestamp(micros) | Value::Timestamptz(micros) => Some((micros.div_euclid(1_000_000), true)),
        Value::TimestampNs(nanos) | Value::TimestamptzNs(nanos) => Some((nanos.div_euclid(1_000_000_000), true)),
        _ => None,
    }
}

/// So many seconds since 1970 and some of its units as a value of a type, or the type's value that is closest.
fn time(seconds: i64, plus: i128, primitive: PrimitiveType) -> Option<Value> {
    let seconds = i128::from(seconds);
    let wide = |units: i128| {
        let count = seconds * units + plus;
        i64::try_from(count).unwrap_or(if count < 0 { i64::MIN } else { i64::MAX })
    };
    Some(match primitive {
        PrimitiveType::Date => {
            let days = seconds.div_euclid(DAY.into()) + plus;
            Value::Date(i32::try_from(days).unwrap_or(if days < 0 { i32::MIN } else { i32::MAX }))
        }
        PrimitiveType::Timestamp => Value::Timestamp(wide(1_000_000)),
        PrimitiveType::Timestamptz => Value::Timestamptz(wide(1_000_000)),
        PrimitiveType::TimestampNs => Value::TimestampNs(wide(1_000_000_000)),
        PrimitiveType::TimestamptzNs => Value::TimestamptzNs(wide(1_000_000_000)),
        _ => return None,
    })
}
