//! Dates and times as text (ISO 8601), exactly: nothing is rounded, wrapped or guessed.

use std::str::FromStr;

use crate::error::{Error, Result};
use crate::runtime::Timestamp;

const DAY_NANOS: i128 = 86_400_000_000_000;

/// A date and time as text says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DateTime {
    /// Nanoseconds since 1970-01-01T00:00:00 in UTC, or in local time without an offset.
    pub(crate) nanos: i128,
    /// Whether the text has an offset from UTC (`Z`, `+02:00`).
    pub(crate) has_offset: bool,
    /// Whether the text has a time of day.
    pub(crate) has_time: bool,
}

/// Days since 1970-01-01 of `2026-11-01`; years beyond four digits need a sign: `-0044-03-15`, `+12026-01-01`.
pub(crate) fn parse_date(text: &str) -> Option<i32> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, text.get(1..)?),
        b'+' => (1, text.get(1..)?),
        _ => (1, text),
    };
    let mut parts = digits.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let signed = digits.len() != text.len();
    if parts.next().is_some() || year.len() < 4 || year.len() > 7 || (year.len() > 4 && !signed) {
        return None;
    }
    let (year, month, day) = (number(year)?, two_digits(month)?, two_digits(day)?);
    let year = sign * year;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if !(1..=days).contains(&day) {
        return None;
    }
    let midnight = Timestamp::from_civil(year, u8::try_from(month).ok()?, u8::try_from(day).ok()?, 0, 0, 0);
    i32::try_from(midnight.as_millis().div_euclid(86_400_000)).ok()
}

/// Nanoseconds since midnight of `09:30`, `09:30:00` or `09:30:00.123456789`.
pub(crate) fn parse_time(text: &str) -> Option<i64> {
    let (clock, fraction) = match text.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (text, None),
    };
    let mut parts = clock.split(':');
    let (hour, minute) = (two_digits(parts.next()?)?, two_digits(parts.next()?)?);
    let second = match parts.next() {
        Some(second) => two_digits(second)?,
        None if fraction.is_none() => 0,
        None => return None,
    };
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let nanos = match fraction {
        None => 0,
        Some(digits) if (1..=9).contains(&digits.len()) => {
            number(digits)? * 10_i64.pow(9 - u32::try_from(digits.len()).ok()?)
        }
        Some(_) => return None,
    };
    Some((hour * 3_600 + minute * 60 + second) * 1_000_000_000 + nanos)
}

/// `2026-11-01`, `2026-11-01T09:30:00.5`, `2026-11-01 09:30:00Z`, `2026-11-01T09:30:00+02:00`.
pub(crate) fn parse_date_time(text: &str) -> Option<DateTime> {
    let at_time = text.char_indices().find(|(_, c)| matches!(c, 'T' | 't' | ' '));
    let Some((cut, _)) = at_time else {
        let nanos = i128::from(parse_date(text)?) * DAY_NANOS;
        return Some(DateTime { nanos, has_offset: false, has_time: false });
    };
    let (date, rest) = (text.get(..cut)?, text.get(cut + 1..)?);
    let (time, offset) = match rest.find(['Z', 'z', '+', '-']) {
        Some(cut) => (rest.get(..cut)?, Some(parse_offset(rest.get(cut..)?)?)),
        None => (rest, None),
    };
    let local = i128::from(parse_date(date)?) * DAY_NANOS + i128::from(parse_time(time)?);
    let nanos = local - i128::from(offset.unwrap_or(0)) * 1_000_000_000;
    Some(DateTime { nanos, has_offset: offset.is_some(), has_time: true })
}

impl FromStr for Timestamp {
    type Err = Error;

    /// `2026-11-01T09:30:00Z`, `2026-11-01 09:30+02:00`, or a date, which is its first moment in UTC. What is finer than
    /// milliseconds is left out. A time without an offset is an error.
    fn from_str(text: &str) -> Result<Self> {
        let time = parse_date_time(text).filter(|time| time.has_offset || !time.has_time);
        let millis = time.and_then(|time| i64::try_from(time.nanos.div_euclid(1_000_000)).ok());
        millis.map(Self::from_millis).ok_or_else(|| {
            Error::invalid_input(format!("`{text}` is no point in time like 2026-11-01T09:30:00Z or 2026-11-01"))
        })
    }
}

/// Seconds east of UTC of `Z`, `+02:00`, `+0200` or `+02`.
fn parse_offset(text: &str) -> Option<i64> {
    if text.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let digits = text.get(1..)?;
    let (hour, minute) = match digits.len() {
        2 => (digits, "00"),
        4 => (digits.get(..2)?, digits.get(2..)?),
        _ => digits.split_once(':')?,
    };
    let (hour, minute) = (two_digits(hour)?, two_digits(minute)?);
    (hour <= 18 && minute <= 59).then_some(sign * (hour * 3_600 + minute * 60))
}

/// `2026-11-01`.
pub(crate) fn format_date(days: i32) -> String {
    let (year, month, day, ..) = Timestamp::from_millis(i64::from(days) * 86_400_000).civil();
    match year {
        0..=9999 => format!("{year:04}-{month:02}-{day:02}"),
        10_000.. => format!("+{year}-{month:02}-{day:02}"),
        _ => format!("-{:04}-{month:02}-{day:02}", -year),
    }
}

/// `09:30:00`, with as many digits after the point as are needed. Of nanoseconds since midnight.
pub(crate) fn format_time(nanos: i64) -> String {
    let (seconds, fraction) = (nanos.div_euclid(1_000_000_000), nanos.rem_euclid(1_000_000_000));
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if fraction == 0 {
        return clock;
    }
    let digits = format!("{fraction:09}");
    format!("{clock}.{}", digits.trim_end_matches('0'))
}

/// `2026-11-01T09:30:00`, without a zone. Of nanoseconds since 1970-01-01T00:00:00.
pub(crate) fn format_date_time(nanos: i128) -> String {
    let (days, of_day) = (nanos.div_euclid(DAY_NANOS), nanos.rem_euclid(DAY_NANOS));
    let days = i32::try_from(days).unwrap_or(if days < 0 { i32::MIN } else { i32::MAX });
    format!("{}T{}", format_date(days), format_time(i64::try_from(of_day).unwrap_or(0)))
}

fn number(digits: &str) -> Option<i64> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

fn two_digits(digits: &str) -> Option<i64> {
    (digits.len() == 2).then(|| number(digits)).flatten()
}
