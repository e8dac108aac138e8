//! Reading JSON objects field by field, with errors that name the field and without losing fields that are not known.

use serde_json::{Map, Value as Json};

use crate::error::{Error, Result};
use crate::spec::try_ordered;

/// A JSON object being taken apart. What is left at the end is what this version does not know.
pub(crate) struct Fields {
    map: Map<String, Json>,
    path: String,
}

impl Fields {
    /// `path` is where the object stands, for messages: `` (the document), `schemas[0]`.
    pub(crate) fn new(value: Json, path: impl Into<String>) -> Result<Self> {
        let path = path.into();
        match value {
            Json::Object(map) => Ok(Self { map, path }),
            other => Err(Error::invalid_data(format!("field `{path}` must be an object, not {}", kind(&other)))),
        }
    }

    /// The full name of a field of this object.
    pub(crate) fn name(&self, field: &str) -> String {
        if self.path.is_empty() { field.to_owned() } else { format!("{}.{field}", self.path) }
    }

    /// A field's value; null counts as absent.
    pub(crate) fn optional(&mut self, field: &str) -> Option<Json> {
        self.map.remove(field).filter(|value| !value.is_null())
    }

    pub(crate) fn required(&mut self, field: &str) -> Result<Json> {
        self.optional(field).ok_or_else(|| Error::invalid_data(format!("field `{}` is missing", self.name(field))))
    }

    pub(crate) fn peek(&self, field: &str) -> Option<&Json> {
        self.map.get(field).filter(|value| !value.is_null())
    }

    pub(crate) fn wrong(&self, field: &str, wanted: &str, found: &Json) -> Error {
        let found = match found {
            Json::Number(number) => format!("{number}"),
            other => kind(other).to_owned(),
        };
        Error::invalid_data(format!("field `{}` must be {wanted}, not {found}", self.name(field)))
    }

    pub(crate) fn optional_string(&mut self, field: &str) -> Result<Option<String>> {
        match self.optional(field) {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(field, "a string", &other)),
        }
    }

    pub(crate) fn string(&mut self, field: &str) -> Result<String> {
        let value = self.required(field)?;
        match value {
            Json::String(text) => Ok(text),
            other => Err(self.wrong(field, "a string", &other)),
        }
    }

    pub(crate) fn optional_i64(&mut self, field: &str) -> Result<Option<i64>> {
        match self.optional(field) {
            None => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or_else(|| self.wrong(field, "an integer of 64 bits", &value)),
        }
    }

    pub(crate) fn i64(&mut self, field: &str) -> Result<i64> {
        let value = self.required(field)?;
        value.as_i64().ok_or_else(|| self.wrong(field, "an integer of 64 bits", &value))
    }

    pub(crate) fn optional_i32(&mut self, field: &str) -> Result<Option<i32>> {
        match self.optional_i64(field)? {
            None => Ok(None),
            Some(wide) => {
                i32::try_from(wide).map(Some).map_err(|_| self.wrong(field, "an integer of 32 bits", &Json::from(wide)))
            }
        }
    }

    pub(crate) fn i32(&mut self, field: &str) -> Result<i32> {
        let value = self.required(field)?;
        let narrow = value.as_i64().and_then(|wide| i32::try_from(wide).ok());
        narrow.ok_or_else(|| self.wrong(field, "an integer of 32 bits", &value))
    }

    pub(crate) fn optional_bool(&mut self, field: &str) -> Result<Option<bool>> {
        match self.optional(field) {
            None => Ok(None),
            Some(Json::Bool(value)) => Ok(Some(value)),
            Some(other) => Err(self.wrong(field, "true or false", &other)),
        }
    }

    pub(crate) fn optional_array(&mut self, field: &str) -> Result<Option<Vec<Json>>> {
        match self.optional(field) {
            None => Ok(None),
            Some(Json::Array(items)) => Ok(Some(items)),
            Some(other) => Err(self.wrong(field, "an array", &other)),
        }
    }

    /// Each item of an array, with its path, made into a `T`. An absent array is empty.
    pub(crate) fn items<T>(&mut self, field: &str, make: impl Fn(Json, String) -> Result<T>) -> Result<Vec<T>> {
        let name = self.name(field);
        let items = self.optional_array(field)?.unwrap_or_default();
        items.into_iter().enumerate().map(|(i, item)| make(item, format!("{name}[{i}]"))).collect()
    }

    /// An object whose values are strings. An absent one is empty.
    pub(crate) fn string_map(&mut self, field: &str) -> Result<std::collections::BTreeMap<String, String>> {
        let name = self.name(field);
        let Some(value) = self.optional(field) else { return Ok(Default::default()) };
        let Json::Object(map) = value else { return Err(self.wrong(field, "an object", &value)) };
        try_ordered(map.into_iter().map(|(key, value)| match value {
            Json::String(text) => Ok((key, text)),
            // Some writers put numbers and booleans there: their text is what is meant.
            Json::Number(_) | Json::Bool(_) => Ok((key, value.to_string())),
            _ => Err(Error::invalid_data(format!("field `{name}.{key}` must be a string"))),
        }))
    }

    /// What has not been taken: fields of later versions, to be written back as they are.
    pub(crate) fn rest(self) -> Map<String, Json> {
        self.map
    }
}

fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    }
}
