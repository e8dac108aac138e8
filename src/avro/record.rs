//! A decoded Avro record, taken apart by field id.

use apache_avro::schema::{RecordField, Schema};
use apache_avro::types::Value;

use crate::error::{Error, Result};

/// The fields of one record: id, name and value, taken one by one.
pub(super) struct Record<'a> {
    fields: Vec<(Option<i32>, &'a RecordField, Option<Value>)>,
}

/// A value with the schema that it was written with.
pub(super) type Typed<'a> = (&'a Schema, Value);

impl<'a> Record<'a> {
    pub(super) fn new(schema: &'a Schema, value: Value) -> Result<Self> {
        let (Schema::Record(schema), Value::Record(values)) = (schema, value) else {
            return Err(Error::invalid_data("an Avro record was expected"));
        };
        let fields = schema.fields.iter().zip(values).map(|(field, (_, value))| (field_id(field), field, Some(value)));
        Ok(Self { fields: fields.collect() })
    }

    /// The field of that id, or of that name where the file has no ids; nothing if it is null or absent.
    pub(super) fn take(&mut self, id: i32, name: &str) -> Option<Typed<'a>> {
        let mut fields = self.fields.iter_mut();
        let (_, field, value) =
            fields.find(|(own, field, _)| *own == Some(id) || (own.is_none() && field.name == name))?;
        unwrap_union(&field.schema, value.take()?)
    }

    pub(super) fn optional_i64(&mut self, id: i32, name: &str) -> Result<Option<i64>> {
        match self.take(id, name) {
            None => Ok(None),
            Some((_, Value::Long(value))) => Ok(Some(value)),
            Some((_, Value::Int(value))) => Ok(Some(value.into())),
            Some(_) => Err(wrong(name, "an integer")),
        }
    }

    pub(super) fn i64(&mut self, id: i32, name: &str) -> Result<i64> {
        self.optional_i64(id, name)?.ok_or_else(|| missing(name))
    }

    pub(super) fn optional_u64(&mut self, id: i32, name: &str) -> Result<Option<u64>> {
        self.optional_i64(id, name)?
            .map(|value| u64::try_from(value).map_err(|_| wrong(name, "no negative number")))
            .transpose()
    }

    pub(super) fn u64(&mut self, id: i32, name: &str) -> Result<u64> {
        self.optional_u64(id, name)?.ok_or_else(|| missing(name))
    }

    pub(super) fn optional_i32(&mut self, id: i32, name: &str) -> Result<Option<i32>> {
        self.optional_i64(id, name)?
            .map(|value| i32::try_from(value).map_err(|_| wrong(name, "an integer of 32 bits")))
            .transpose()
    }

    pub(super) fn optional_bool(&mut self, id: i32, name: &str) -> Result<Option<bool>> {
        match self.take(id, name) {
            None => Ok(None),
            Some((_, Value::Boolean(value))) => Ok(Some(value)),
            Some(_) => Err(wrong(name, "a boolean")),
        }
    }

    pub(super) fn optional_string(&mut self, id: i32, name: &str) -> Result<Option<String>> {
        match self.take(id, name) {
            None => Ok(None),
            Some((_, Value::String(value) | Value::Enum(_, value))) => Ok(Some(value)),
            Some(_) => Err(wrong(name, "a string")),
        }
    }

    pub(super) fn string(&mut self, id: i32, name: &str) -> Result<String> {
        self.optional_string(id, name)?.ok_or_else(|| missing(name))
    }

    pub(super) fn optional_bytes(&mut self, id: i32, name: &str) -> Result<Option<Vec<u8>>> {
        match self.take(id, name) {
            None => Ok(None),
            Some((_, Value::Bytes(value) | Value::Fixed(_, value))) => Ok(Some(value)),
            Some(_) => Err(wrong(name, "bytes")),
        }
    }

    /// The items of an array; none if it is null or absent.
    pub(super) fn array(&mut self, id: i32, name: &str) -> Result<Vec<Typed<'a>>> {
        Ok(self.optional_array(id, name)?.unwrap_or_default())
    }

    pub(super) fn optional_array(&mut self, id: i32, name: &str) -> Result<Option<Vec<Typed<'a>>>> {
        match self.take(id, name) {
            None => Ok(None),
            Some((Schema::Array(array), Value::Array(items))) => {
                Ok(Some(items.into_iter().filter_map(|item| unwrap_union(&array.items, item)).collect()))
            }
            Some(_) => Err(wrong(name, "an array")),
        }
    }

    /// All fields in order, with their ids.
    pub(super) fn into_fields(self) -> impl Iterator<Item = (Option<i32>, String, Option<Typed<'a>>)> {
        self.fields.into_iter().map(|(id, field, value)| {
            (id, field.name.clone(), value.and_then(|value| unwrap_union(&field.schema, value)))
        })
    }
}

fn field_id(field: &RecordField) -> Option<i32> {
    i32::try_from(field.custom_attributes.get("field-id")?.as_i64()?).ok()
}

fn unwrap_union(schema: &Schema, value: Value) -> Option<Typed<'_>> {
    match (schema, value) {
        (_, Value::Null) => None,
        (Schema::Union(union), Value::Union(index, inner)) => {
            let variant = union.variants().get(usize::try_from(index).ok()?)?;
            if matches!(*inner, Value::Null) { None } else { Some((variant, *inner)) }
        }
        (schema, value) => Some((schema, value)),
    }
}

pub(super) fn missing(name: &str) -> Error {
    Error::invalid_data(format!("field `{name}` is missing"))
}

pub(super) fn wrong(name: &str, wanted: &str) -> Error {
    Error::invalid_data(format!("field `{name}` must be {wanted}"))
}
