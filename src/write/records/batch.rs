use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, BinaryArray, ListArray, MapArray, NullArray, RecordBatch, RecordBatchOptions, StructArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType};
use serde_json::Value as Json;

use super::cell::{short, value};
use crate::error::{Error, Result};
use crate::parquet::{Fit, Misfit, array_of};
use crate::spec::{NestedField, Schema, Type, default_value, variant_from_json};
use crate::spec::{field_to_arrow, to_arrow};

/// JSON objects, one a row, as a batch of the table's schema.
///
/// A field that is missing is null, or what the table says is written by default. Values enter exactly or not at all:
///
/// | type | JSON |
/// |---|---|
/// | `int`, `long` | a number without point or exponent |
/// | `float`, `double` | a number that the type holds to its last digit; `"NaN"`, `"Infinity"`, `"-Infinity"` |
/// | `decimal` | a number or a text like `"14.20"` |
/// | `date`, `time` | `"2026-11-01"`, `"09:30:00.123456"` |
/// | `timestamp` | `"2026-11-01T09:30:00"`, without an offset |
/// | `timestamptz` | `"2026-11-01T09:30:00Z"` or `+02:00`, with an offset |
/// | `uuid` | `"f79c3e09-677c-4bbd-a479-3f349cb785e7"` |
/// | `fixed`, `binary` | Base64 |
/// | `struct`, `list` | an object, an array |
/// | `variant` | any |
/// | `map` | an object if keys are `string`, or an array of `[key, value]` |
///
/// Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput), naming row, field and value, on anything else, on null or nothing in a
/// required field, and on fields that the table does not have.
pub fn records_to_batch<'a>(schema: &Schema, records: impl IntoIterator<Item = &'a Json>) -> Result<RecordBatch> {
    let records: Vec<Cell<'a>> = records.into_iter().map(Cell::Json).collect();
    let rows = records.len();
    let columns = fields(schema.fields(), &records).map_err(Misfit::into_error)?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(to_arrow(schema)?), columns, &options)
        .map_err(|error| Error::invalid_input("the records do not fit the table's schema").caused_by(error))
}

/// What a record has of a field.
#[derive(Clone, Copy)]
enum Cell<'a> {
    Json(&'a Json),
    /// Null was written.
    Null,
    /// Nothing was written.
    Missing,
    /// There is no such field, because what is around it is null.
    Nowhere,
}

impl<'a> Cell<'a> {
    fn of(json: Option<&'a Json>) -> Self {
        match json {
            None => Self::Missing,
            Some(Json::Null) => Self::Null,
            Some(json) => Self::Json(json),
        }
    }
}

/// The columns of structs, given as objects.
fn fields(targets: &[NestedField], records: &[Cell<'_>]) -> Fit<Vec<ArrayRef>> {
    for (row, record) in records.iter().enumerate() {
        let Cell::Json(json) = record else { continue };
        let Json::Object(map) = json else { return Err(Misfit::row(row, format!("{} is no object", short(json)))) };
        if let Some(unknown) = map.keys().find(|name| !targets.iter().any(|target| target.name == **name)) {
            return Err(Misfit::row(row, "the table has no such column").inside(unknown));
        }
    }
    let column = |target: &NestedField| {
        let cells: Vec<Cell<'_>> = records
            .iter()
            .map(|record| match record {
                Cell::Json(Json::Object(map)) => Cell::of(map.get(&target.name)),
                _ => Cell::Nowhere,
            })
            .collect();
        column(target, &cells).map_err(|misfit| misfit.inside(&target.name))
    };
    targets.iter().map(column).collect()
}

fn column(target: &NestedField, cells: &[Cell<'_>]) -> Fit<ArrayRef> {
    let has_default = target.write_default.is_some() && target.field_type.as_primitive().is_some();
    if target.required {
        let absent = |cell: &Cell<'_>| matches!(cell, Cell::Null) || (matches!(cell, Cell::Missing) && !has_default);
        if let Some(row) = cells.iter().position(absent) {
            return Err(Misfit::row(row, "null or nothing in a required field"));
        }
    }
    let arrow = field_to_arrow(target).map_err(|error| Misfit::column(error.to_string()))?;
    match (&target.field_type, arrow.data_type()) {
        (Type::Primitive(primitive), _) => {
            let default = target.write_default.as_ref().map(|json| default_value(*primitive, json)).transpose();
            let default = default.map_err(|error| Misfit::column(error.to_string()))?;
            let values = cells.iter().enumerate().map(|(row, cell)| match cell {
                Cell::Json(json) => value(*primitive, json).map(Some).map_err(|why| Misfit::row(row, why)),
                Cell::Missing => Ok(default.clone()),
                Cell::Null | Cell::Nowhere => Ok(None),
            });
            let values = values.collect::<Fit<Vec<_>>>()?;
            array_of(*primitive, values).map_err(|error| Misfit::column(error.to_string()))
        }
        (Type::Variant, DataType::Struct(parts)) => {
            let variants = cells.iter().enumerate().map(|(row, cell)| match cell {
                Cell::Json(json) => variant_from_json(json)
                    .ok_or_else(|| Misfit::row(row, "it nests too deep or is too long for a variant")),
                _ => Ok(Default::default()),
            });
            let (metadata, values): (Vec<_>, Vec<_>) = variants.collect::<Fit<Vec<_>>>()?.into_iter().unzip();
            let bytes = |values: &[Vec<u8>]| {
                let total = values.iter().fold(0_usize, |total, value| total.saturating_add(value.len()));
                let too_many = |_| Misfit::column(format!("{total} bytes are too many for one batch: split it"));
                i32::try_from(total).map_err(too_many)?;
                Ok(into_array(BinaryArray::from_iter_values(values)))
            };
            let columns = vec![bytes(&metadata)?, bytes(&values)?];
            StructArray::try_new(parts.clone(), columns, nulls(cells)).map(into_array).map_err(malformed)
        }
        (Type::Unknown, _) => match cells.iter().position(|cell| matches!(cell, Cell::Json(_))) {
            Some(row) => Err(Misfit::row(row, "a column of the type unknown has no values")),
            None => Ok(Arc::new(NullArray::new(cells.len()))),
        },
        (Type::Struct(structure), DataType::Struct(arrow_fields)) => {
            let columns = fields(&structure.fields, cells)?;
            StructArray::try_new_with_length(arrow_fields.clone(), columns, nulls(cells), cells.len())
                .map(into_array)
                .map_err(malformed)
        }
        (Type::List(list), DataType::List(element)) => {
            let mut elements = Vec::new();
            let offsets = gather(cells, |row, json| {
                let Json::Array(items) = json else {
                    return Err(Misfit::row(row, format!("{} is no array", short(json))));
                };
                elements.extend(items.iter().map(|item| Cell::of(Some(item))));
                Ok(elements.len())
            })?;
            let values = nested(&list.element, &elements, &offsets)?;
            ListArray::try_new(element.clone(), offsets, values, nulls(cells)).map(into_array).map_err(malformed)
        }
        (Type::Map(map), DataType::Map(entry, sorted)) => {
            let (mut keys, mut values) = (Vec::new(), Vec::new());
            let text_keys: Vec<Vec<(Json, &Json)>> = cells.iter().map(|cell| object_entries(cell)).collect();
            let offsets = gather(cells, |row, json| {
                match json {
                    Json::Object(_) => {
                        let entries = text_keys.get(row).map(Vec::as_slice).unwrap_or_default();
                        keys.extend(entries.iter().map(|(key, _)| Cell::of(Some(key))));
                        values.extend(entries.iter().map(|(_, value)| Cell::of(Some(value))));
                    }
                    Json::Array(pairs) => {
                        let mut seen = BTreeSet::new();
                        for pair in pairs {
                            let Some([key, value]) = pair.as_array().map(Vec::as_slice) else {
                                return Err(Misfit::row(row, format!("{} is no [key, value]", short(pair))));
                            };
                            if !seen.insert(key.to_string()) {
                                return Err(Misfit::row(row, format!("the key {} is there twice", short(key))));
                            }
                            keys.push(Cell::of(Some(key)));
                            values.push(Cell::of(Some(value)));
                        }
                    }
                    other => {
                        return Err(Misfit::row(row, format!("{} is no object or array of pairs", short(other))));
                    }
                }
                Ok(keys.len())
            })?;
            let mut key = map.key.as_ref().clone();
            key.required = true;
            let columns = vec![nested(&key, &keys, &offsets)?, nested(&map.value, &values, &offsets)?];
            let DataType::Struct(entry_fields) = entry.data_type() else { return Err(Misfit::column("no map")) };
            let entries = StructArray::try_new_with_length(entry_fields.clone(), columns, None, keys.len());
            let entries = entries.map_err(malformed)?;
            MapArray::try_new(entry.clone(), offsets, entries, nulls(cells), *sorted).map(into_array).map_err(malformed)
        }
        _ => Err(Misfit::column("its type is not supported")),
    }
}

/// The entries of an object with its keys as JSON, to be read like other keys.
fn object_entries<'a>(cell: &Cell<'a>) -> Vec<(Json, &'a Json)> {
    match cell {
        Cell::Json(Json::Object(map)) => map.iter().map(|(key, value)| (Json::String(key.clone()), value)).collect(),
        _ => Vec::new(),
    }
}

/// Adds up what each row's array holds; `add` returns the number of elements so far.
fn gather<'a>(cells: &[Cell<'a>], mut add: impl FnMut(usize, &'a Json) -> Fit<usize>) -> Fit<OffsetBuffer<i32>> {
    let (mut offsets, mut total) = (vec![0_i32], 0);
    for (row, cell) in cells.iter().enumerate() {
        if let Cell::Json(json) = cell {
            total = add(row, json)?;
        }
        let offset = i32::try_from(total);
        offsets.push(offset.map_err(|_| Misfit::column("too many elements for one batch: split it"))?);
    }
    Ok(OffsetBuffer::new(ScalarBuffer::from(offsets)))
}

/// The elements of lists and maps; errors name the row of the list.
fn nested(target: &NestedField, elements: &[Cell<'_>], offsets: &OffsetBuffer<i32>) -> Fit<ArrayRef> {
    let row_of = |element: usize| {
        let after = offsets.partition_point(|offset| usize::try_from(*offset).unwrap_or(0) <= element);
        after.saturating_sub(1)
    };
    column(target, elements).map_err(|misfit| misfit.inside(&target.name).at(row_of))
}

fn nulls(cells: &[Cell<'_>]) -> Option<NullBuffer> {
    let nulls = NullBuffer::from_iter(cells.iter().map(|cell| matches!(cell, Cell::Json(_))));
    (nulls.null_count() > 0).then_some(nulls)
}

fn into_array(array: impl Array + 'static) -> ArrayRef {
    Arc::new(array)
}

fn malformed(error: ArrowError) -> Misfit {
    Misfit::column(error.to_string())
}
