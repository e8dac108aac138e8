//! Columns that a file does not have, as their defaults say (spec: Default values; JSON single-value serialization).

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, ListArray, MapArray, StructArray};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{ArrowError, DataType};
use arrow_select::concat::concat;
use serde_json::{Map, Value as Json};

use crate::error::{Error, Result, ResultExt};
use crate::parquet::constant::{constant_array, null_column};
use crate::parquet::gather;
use crate::parquet::projection::misfit;
use crate::spec::{NestedField, StructType, Type, default_value, field_to_arrow};

/// A column of a file that was written before the column existed.
pub(crate) fn missing(target: &NestedField, rows: usize) -> Result<ArrayRef> {
    let context = || format!("the default of column `{}`", target.name);
    match (&target.initial_default, &target.field_type) {
        (None, _) if target.required => Err(misfit(&target.name, "is missing, and is required")),
        (None, _) => Ok(null_column(&field_to_arrow(target)?, rows)),
        (Some(json), Type::Primitive(primitive)) => constant_array(*primitive, &default_value(*primitive, json)?, rows),
        // The only default of a struct: its fields have defaults of their own.
        (Some(Json::Object(values)), Type::Struct(structure)) if values.is_empty() => {
            structs(target, structure, values, rows)
        }
        (Some(json), Type::Struct(_)) => {
            let message = format!("{json} is not empty, although its fields have defaults of their own");
            Err(Error::invalid_data(message)).context(context)
        }
        (Some(json), _) => {
            let one = one(target, json).context(context)?;
            gather(&one, &vec![0..1; rows])
        }
    }
}

/// One value.
fn one(field: &NestedField, json: &Json) -> Result<ArrayRef> {
    let wrong = || Error::invalid_data(format!("{json} is no value of `{}`", field.name));
    let arrow = field_to_arrow(field)?;
    match (&field.field_type, arrow.data_type(), json) {
        (_, _, Json::Null) if !field.required => Ok(null_column(&arrow, 1)),
        (Type::Primitive(primitive), ..) => constant_array(*primitive, &default_value(*primitive, json)?, 1),
        (Type::Struct(structure), _, Json::Object(values)) => structs(field, structure, values, 1),
        (Type::List(list), DataType::List(element), Json::Array(items)) => {
            let offsets = OffsetBuffer::from_lengths([items.len()]);
            let lists = ListArray::try_new(element.clone(), offsets, all(&list.element, items)?, None);
            Ok(Arc::new(lists.map_err(|error| broken(field, error))?))
        }
        (Type::Map(map), DataType::Map(entry, sorted), Json::Object(object)) => {
            let (Some(Json::Array(keys)), Some(Json::Array(values)), 2) =
                (object.get("keys"), object.get("values"), object.len())
            else {
                return Err(wrong());
            };
            let DataType::Struct(fields) = entry.data_type() else { return Err(wrong()) };
            let offsets = OffsetBuffer::from_lengths([keys.len()]);
            let columns = vec![all(&map.key, keys)?, all(&map.value, values)?];
            let maps = StructArray::try_new(fields.clone(), columns, None)
                .and_then(|entries| MapArray::try_new(entry.clone(), offsets, entries, None, *sorted));
            Ok(Arc::new(maps.map_err(|error| broken(field, error))?))
        }
        _ => Err(wrong()),
    }
}

/// Values of a list or a map, one after the other.
fn all(field: &NestedField, items: &[Json]) -> Result<ArrayRef> {
    let ones = items.iter().map(|item| one(field, item)).collect::<Result<Vec<_>>>()?;
    let ones: Vec<&dyn Array> = ones.iter().map(|one| one.as_ref()).collect();
    if ones.is_empty() {
        return Ok(null_column(&field_to_arrow(field)?, 0));
    }
    concat(&ones).map_err(|error| broken(field, error))
}

/// The same struct in every row: values by the ids of their fields, and the defaults of the others.
fn structs(field: &NestedField, structure: &StructType, values: &Map<String, Json>, rows: usize) -> Result<ArrayRef> {
    let known = structure.fields.iter().filter(|child| values.contains_key(&child.id.to_string())).count();
    let DataType::Struct(fields) = field_to_arrow(field)?.data_type().clone() else {
        return Err(misfit(&field.name, "is no struct"));
    };
    if known != values.len() {
        return Err(Error::invalid_data(format!("`{}` has a value for a field that it does not have", field.name)));
    }
    let columns = structure.fields.iter().map(|child| match values.get(&child.id.to_string()) {
        Some(json) => one(child, json),
        None => missing(child, rows),
    });
    let columns = columns.collect::<Result<Vec<_>>>()?;
    let structs = StructArray::try_new_with_length(fields, columns, None, rows);
    Ok(Arc::new(structs.map_err(|error| broken(field, error))?))
}

fn broken(field: &NestedField, error: ArrowError) -> Error {
    Error::invalid_data(format!("the default of `{}` is malformed", field.name)).caused_by(error)
}
