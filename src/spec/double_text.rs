/// The double nearest to digits with an optional sign, point and exponent; beyond the largest, infinity.
///
/// By the parser of JSON, which has all that it takes: another one would add 13 KB of tables to a wasm module.
pub(crate) fn parse_double(text: &str) -> Option<f64> {
    let (sign, rest) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (number, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let power = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || power.is_empty() || ![whole, fraction, power].into_iter().all(digits) {
        return None;
    }
    // JSON has digits on both sides of a point, and no zeros ahead.
    let whole = Some(whole.trim_start_matches('0')).filter(|whole| !whole.is_empty()).unwrap_or("0");
    match serde_json::from_str::<serde_json::Value>(&format!("{sign}{whole}.{fraction}0e{exponent}")) {
        Ok(number) => number.as_f64(),
        Err(_) => Some(if sign.is_empty() { f64::INFINITY } else { f64::NEG_INFINITY }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::parse_double;

    #[test]
    fn digits_mean_what_they_mean_to_the_standard_library() {
        for text in [
            "0",
            "-0",
            "1",
            "-1.5",
            "007",
            ".5",
            "5.",
            "1e5",
            "1E+05",
            "1.e-3",
            ".5e3",
            "1e999",
            "-1e999",
            "1e-999",
            "0e999",
            "1e99999999999999999999",
            "1e-99999999999999999999",
            "0.1",
            "1.7976931348623157e308",
            "1.7976931348623159e308",
            "4.9e-324",
            "2.4e-324",
            "9007199254740993",
            "170141183460469231731687303715884105727e-38",
        ] {
            assert_eq!(parse_double(text).map(f64::to_bits), text.parse().ok().map(f64::to_bits), "{text}");
        }
        for text in ["", "-", ".", "e5", "1e", "1e+", "+1", "--1", "1.2.3", "inf", "NaN", "0x1", "1 ", "1e5e5"] {
            assert_eq!(parse_double(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn doubles_round_trip(bits: u64, digits in "-?[0-9]{0,25}\\.[0-9]{1,25}(e[+-]?[0-9]{1,3})?") {
            let double = f64::from_bits(bits);
            if double.is_finite() {
                for text in [double.to_string(), format!("{double:e}")] {
                    prop_assert_eq!(parse_double(&text).map(f64::to_bits), Some(bits));
                }
                let single = double as f32;
                if single.is_finite() {
                    let text = single.to_string();
                    prop_assert_eq!(parse_double(&text), text.parse().ok());
                }
            }
            prop_assert_eq!(parse_double(&digits), digits.parse().ok());
        }
    }
}
