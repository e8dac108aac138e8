/// Where a number stands among those that are whole multiples of 10 to the power of `-scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// It is one of them: this many.
    Exactly(i128),
    /// It lies between this many and one more.
    After(i128),
    /// Below all that can be counted.
    Below,
    /// Above all that can be counted.
    Above,
}

impl Place {
    /// Of `unscaled * 10^-from`.
    pub(crate) fn of_decimal(unscaled: i128, from: u32, scale: u32) -> Self {
        if scale >= from {
            let scaled = 10_i128.checked_pow(scale - from).and_then(|factor| unscaled.checked_mul(factor));
            return match scaled {
                Some(scaled) => Self::Exactly(scaled),
                None if unscaled < 0 => Self::Below,
                None => Self::Above,
            };
        }
        match 10_i128.checked_pow(from - scale) {
            Some(factor) if unscaled % factor == 0 => Self::Exactly(unscaled / factor),
            Some(factor) => Self::After(unscaled.div_euclid(factor)),
            None if unscaled == 0 => Self::Exactly(0),
            None => Self::After(if unscaled < 0 { -1 } else { 0 }),
        }
    }

    /// Of a number that is no NaN, taken as the shortest decimal text that means it.
    pub(crate) fn of_float(value: f64, scale: u32) -> Self {
        match decimal_of(value) {
            Some((unscaled, from)) => Self::of_decimal(unscaled, from, scale),
            None if value.abs() < 1.0 => Self::After(if value < 0.0 { -1 } else { 0 }),
            None if value < 0.0 => Self::Below,
            None => Self::Above,
        }
    }

    /// The same with what lies outside of these limits told as such.
    pub(crate) fn within(self, min: i128, max: i128) -> Self {
        match self {
            Self::Exactly(value) if value > max => Self::Above,
            Self::Exactly(value) if value < min => Self::Below,
            Self::After(value) if value >= max => Self::Above,
            Self::After(value) if value < min => Self::Below,
            other => other,
        }
    }
}

/// The decimal number that a finite number's shortest text means. `None` if it has too many digits.
fn decimal_of(value: f64) -> Option<(i128, u32)> {
    if !value.is_finite() {
        return None;
    }
    parse_decimal(&value.to_string())
}

/// A decimal number from text: `-12.340`, `5`, `.5`, `1.5e3`. `None` if it is none or has too many digits.
pub(crate) fn parse_decimal(text: &str) -> Option<(i128, u32)> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (negative, digits) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut unscaled = 0_i128;
    for digit in whole.bytes().chain(fraction.bytes()) {
        let digit = digit.is_ascii_digit().then(|| i128::from(digit - b'0'))?;
        unscaled = unscaled.checked_mul(10)?.checked_add(digit)?;
    }
    let scale = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
    let (unscaled, scale) = match u32::try_from(scale) {
        Ok(scale) => (unscaled, scale),
        Err(_) if unscaled == 0 => (0, 0),
        Err(_) => (unscaled.checked_mul(10_i128.checked_pow(scale.unsigned_abs())?)?, 0),
    };
    // A scale that no number needs would overflow what follows.
    (scale <= 1_000).then_some((if negative { -unscaled } else { unscaled }, scale))
}
