use js_sys::{Array, Date, Function, Object, Reflect};
use wasm_bindgen::prelude::*;

use crate::error::{Error, Result};
use crate::runtime::Timestamp;
use crate::spec::time_text::parse_date_time;

/// An options object. Errors name the option, never its value, which may be a secret.
pub(super) struct Options {
    object: Object,
    of: &'static str,
}

impl Options {
    /// Undefined and null are no options at all. A misspelt option is an error instead of being ignored.
    pub(super) fn new(value: JsValue, of: &'static str, known: &[&str]) -> Result<Self> {
        let object = if value.is_null_or_undefined() { Object::new() } else { value.unchecked_into() };
        if !object.is_object() {
            return Err(Error::invalid_input(format!("the options of {of} must be an object")));
        }
        for name in Object::keys(&object).iter().filter_map(|name| name.as_string()) {
            if !known.contains(&name.as_str()) {
                let known = known.join("`, `");
                return Err(Error::invalid_input(format!("{of} has no option `{name}`; it has `{known}`")));
            }
        }
        Ok(Self { object, of })
    }

    pub(super) fn get(&self, name: &str) -> Option<JsValue> {
        Reflect::get(&self.object, &name.into()).ok().filter(|value| !value.is_null_or_undefined())
    }

    pub(super) fn string(&self, name: &str) -> Result<Option<String>> {
        self.read(name, "a string", |value| value.as_string())
    }

    pub(super) fn required_string(&self, name: &str) -> Result<String> {
        self.string(name)?.ok_or_else(|| self.missing(name))
    }

    fn missing(&self, name: &str) -> Error {
        Error::invalid_input(format!("{} needs the option `{name}`", self.of))
    }

    pub(super) fn bool(&self, name: &str) -> Result<Option<bool>> {
        self.read(name, "true or false", |value| value.as_bool())
    }

    pub(super) fn function(&self, name: &str) -> Result<Option<Function>> {
        self.read(name, "a function", |value| value.dyn_ref().cloned())
    }

    /// A whole number from 0 on.
    pub(super) fn count(&self, name: &str) -> Result<Option<u64>> {
        self.read(name, "a whole number from 0 on", |value| u64::try_from(integer(value)?).ok())
    }

    /// A bigint, its decimal digits, or a number that is exact.
    pub(super) fn id(&self, name: &str) -> Result<Option<i64>> {
        self.read(name, "a bigint", |value| match value.as_string() {
            Some(digits) => digits.parse().ok(),
            None => integer(value),
        })
    }

    #[cfg(feature = "js-write")]
    pub(super) fn required_id(&self, name: &str) -> Result<i64> {
        self.id(name)?.ok_or_else(|| self.missing(name))
    }

    /// An [`id`](Self::id), or null, which is not the same as nothing.
    pub(super) fn id_or_null(&self, name: &str) -> Result<Option<Option<i64>>> {
        let value = Reflect::get(&self.object, &name.into()).unwrap_or_default();
        if value.is_null() { Ok(Some(None)) } else { Ok(self.id(name)?.map(Some)) }
    }

    pub(super) fn strings(&self, name: &str) -> Result<Option<Vec<String>>> {
        self.read(name, "an array of strings", |value| {
            value.dyn_ref::<Array>()?.iter().map(|item| item.as_string()).collect()
        })
    }

    /// A `Date`, milliseconds since 1970, or a text with an offset from UTC.
    pub(super) fn time(&self, name: &str) -> Result<Option<Timestamp>> {
        self.read(name, "a Date, or a text like 2026-11-01T09:30:00Z", time)
    }

    fn read<T>(&self, name: &str, wanted: &str, read: impl Fn(&JsValue) -> Option<T>) -> Result<Option<T>> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let wrong = || Error::invalid_input(format!("the option `{name}` of {} must be {wanted}", self.of));
        read(&value).map(Some).ok_or_else(wrong)
    }
}

/// The largest number up to which every integer is exact: `Number.MAX_SAFE_INTEGER`.
const MAX_SAFE: f64 = 9_007_199_254_740_991.0;

/// A bigint of 64 bits, or a number that is an integer for sure.
pub(super) fn integer(value: &JsValue) -> Option<i64> {
    match value.as_f64() {
        Some(number) => (number.fract() == 0.0 && number.abs() <= MAX_SAFE).then_some(number as i64),
        None => value.is_bigint().then(|| i64::try_from(value.clone()).ok()).flatten(),
    }
}

pub(super) fn time(value: &JsValue) -> Option<Timestamp> {
    if let Some(text) = value.as_string() {
        let time = parse_date_time(&text).filter(|time| time.has_offset)?;
        return i64::try_from(time.nanos.div_euclid(1_000_000)).ok().map(Timestamp::from_millis);
    }
    let millis = value.dyn_ref::<Date>().map_or_else(|| value.clone(), |date| date.get_time().into());
    integer(&millis).map(Timestamp::from_millis)
}
