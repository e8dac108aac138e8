use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{
    Array, ArrayRef, FixedSizeListArray, LargeListArray, ListArray, MapArray, RecordBatch, RecordBatchOptions,
    StructArray, new_null_array,
};
use arrow_buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field};

use super::primitive::fit_primitive;
use crate::error::{Error, Result};
use crate::parquet::constant::constant_array;
use crate::parquet::misfit::{Fit, Misfit, first_null, live};
use crate::parquet::{gather, unpack};
use crate::spec::field_to_arrow;
use crate::spec::to_arrow;
use crate::spec::variant_bytes::{Names, first_value};
use crate::spec::{NestedField, PrimitiveType, Schema, Type, default_value};

/// The same rows with exactly the table's Arrow schema.
///
/// Columns and fields of structs are matched by name, case-sensitively, in any order. Optional ones that are missing
/// become null, or what the table says is to be written by default. Values are never changed: integers, decimals, dates, times and timestamps change their width or unit where
/// every value stays exactly the same; `float` becomes `double`; large, view and dictionary types become plain ones.
///
/// Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput), naming row, column and value, on anything else: other types, values that do
/// not fit, nulls in required fields, required columns that are missing, columns that the table does not have.
pub fn conform(schema: &Schema, batch: &RecordBatch) -> Result<RecordBatch> {
    let arrow_schema = Arc::new(to_arrow(schema)?);
    let from = batch.schema_ref().fields();
    let names: Vec<&str> = from.iter().map(|field| field.name().as_str()).collect();
    let columns = fit_fields(schema.fields(), &names, batch.columns(), batch.num_rows(), None);
    let columns = columns.map_err(Misfit::into_error)?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(arrow_schema, columns, &options)
        .map_err(|error| Error::invalid_input("the batch does not fit the table's schema").caused_by(error))
}

fn fit_fields(
    fields: &[NestedField],
    names: &[&str],
    columns: &[ArrayRef],
    rows: usize,
    parents: Option<&NullBuffer>,
) -> Fit<Vec<ArrayRef>> {
    for (position, name) in names.iter().enumerate() {
        if !fields.iter().any(|field| field.name == *name) {
            return Err(Misfit::column("the table has no such column").inside(name));
        }
        if names.iter().take(position).any(|earlier| earlier == name) {
            return Err(Misfit::column("the batch has two columns of this name").inside(name));
        }
    }
    let fit = |field: &NestedField| {
        let found = names.iter().position(|name| *name == field.name).and_then(|position| columns.get(position));
        match found {
            Some(array) => fit_array(array, field, parents),
            None => absent(field, rows),
        }
    };
    fields.iter().map(|field| fit(field).map_err(|misfit| misfit.inside(&field.name))).collect()
}

fn arrow_field(field: &NestedField) -> Fit<Field> {
    field_to_arrow(field).map_err(|error| Misfit::column(error.to_string()))
}

/// A column that the batch lacks: its default for writers (v3), or null.
fn absent(field: &NestedField, rows: usize) -> Fit<ArrayRef> {
    match (&field.write_default, field.field_type.as_primitive()) {
        (Some(json), Some(primitive)) => default_value(primitive, json)
            .and_then(|value| constant_array(primitive, &value, rows))
            .map_err(|error| Misfit::column(error.to_string())),
        (Some(_), None) => Err(Misfit::column("the batch lacks this column, whose default is of a nested type")),
        _ if field.required => Err(Misfit::column("the batch lacks this required column")),
        _ => null_array(field, rows),
    }
}

fn null_array(field: &NestedField, rows: usize) -> Fit<ArrayRef> {
    Ok(new_null_array(arrow_field(field)?.data_type(), rows))
}

/// `parents` tells the rows that do not exist because something around them is null.
fn fit_array(array: &ArrayRef, field: &NestedField, parents: Option<&NullBuffer>) -> Fit<ArrayRef> {
    if field.required
        && let Some(row) = first_null(array, parents)
    {
        return Err(Misfit::row(row, "null in a required column"));
    }
    if array.data_type() == &DataType::Null {
        return null_array(field, array.len());
    }
    if let Some(dictionary) = array.as_any_dictionary_opt() {
        let plain = unpack(dictionary).map_err(|error| Misfit::column(error.to_string()))?;
        return fit_array(&plain, field, parents);
    }
    let wrong = || Misfit::column(format!("Arrow's {} is not {}", array.data_type(), kind(&field.field_type)));
    match &field.field_type {
        Type::Primitive(primitive) => fit_primitive(array, *primitive, live(array, parents)),
        Type::Unknown => Err(wrong()),
        Type::Variant => {
            let from = array.as_struct_opt().ok_or_else(wrong)?;
            let nulls = live(array, parents);
            let part = |name: &str| NestedField::required(name, PrimitiveType::Binary);
            let names: Vec<&str> = from.fields().iter().map(|field| field.name().as_str()).collect();
            let parts = [part("metadata"), part("value")];
            let columns = fit_fields(&parts, &names, from.columns(), from.len(), nulls.as_ref())?;
            check_variants(&columns, nulls.as_ref())?;
            let DataType::Struct(fields) = arrow_field(field)?.data_type().clone() else { return Err(wrong()) };
            StructArray::try_new_with_length(fields, columns, nulls, from.len()).map(into_array).map_err(broken)
        }
        Type::Struct(structure) => {
            let from = array.as_struct_opt().ok_or_else(wrong)?;
            let nulls = live(array, parents);
            let names: Vec<&str> = from.fields().iter().map(|field| field.name().as_str()).collect();
            let columns = fit_fields(&structure.fields, &names, from.columns(), from.len(), nulls.as_ref())?;
            let DataType::Struct(fields) = arrow_field(field)?.data_type().clone() else { return Err(wrong()) };
            StructArray::try_new_with_length(fields, columns, nulls, from.len()).map(into_array).map_err(broken)
        }
        Type::List(list) => {
            let (values, spans) = elements(array).ok_or_else(wrong)?;
            let nulls = live(array, parents);
            let (values, offsets) = compact(&values, spans, nulls.as_ref())?;
            let fitted = fit_array(&values, &list.element, None)
                .map_err(|misfit| misfit.inside("element").at(|element| row_of(&offsets, element)))?;
            let DataType::List(element) = arrow_field(field)?.data_type().clone() else { return Err(wrong()) };
            ListArray::try_new(element, offsets, fitted, nulls).map(into_array).map_err(broken)
        }
        Type::Map(map) => {
            let from = array.as_map_opt().ok_or_else(wrong)?;
            let nulls = live(array, parents);
            let entries: ArrayRef = Arc::new(from.entries().clone());
            let (entries, offsets) = compact(&entries, spans_of(from.value_offsets()), nulls.as_ref())?;
            let [keys, values] = entries.as_struct_opt().ok_or_else(wrong)?.columns() else { return Err(wrong()) };
            let fit = |column: &ArrayRef, field: &NestedField| {
                fit_array(column, field, None)
                    .map_err(|misfit| misfit.inside(&field.name).at(|entry| row_of(&offsets, entry)))
            };
            let mut key = map.key.as_ref().clone();
            key.required = true;
            let columns = vec![fit(keys, &key)?, fit(values, &map.value)?];
            let DataType::Map(entry, sorted) = arrow_field(field)?.data_type().clone() else { return Err(wrong()) };
            let DataType::Struct(fields) = entry.data_type().clone() else { return Err(wrong()) };
            let length = columns.first().map_or(0, |column| column.len());
            let entries = StructArray::try_new_with_length(fields, columns, None, length).map_err(broken)?;
            MapArray::try_new(entry, offsets, entries, nulls, sorted).map(into_array).map_err(broken)
        }
    }
}

/// What no reader could tell apart is not written.
fn check_variants(columns: &[ArrayRef], nulls: Option<&NullBuffer>) -> Fit<()> {
    let [metadata, values] = columns else { return Ok(()) };
    let (metadata, values) = (metadata.as_binary::<i32>(), values.as_binary::<i32>());
    let is_whole = |row: usize| {
        let value = values.value(row);
        Names::new(metadata.value(row)).is_some() && first_value(value).is_some_and(|first| first.len() == value.len())
    };
    match (0..values.len()).find(|row| nulls.is_none_or(|nulls| nulls.is_valid(*row)) && !is_whole(*row)) {
        Some(row) => Err(Misfit::row(row, "the variant is malformed")),
        None => Ok(()),
    }
}

fn into_array(array: impl Array + 'static) -> ArrayRef {
    Arc::new(array)
}

fn broken(error: arrow_schema::ArrowError) -> Misfit {
    Misfit::column(format!("the array is malformed: {error}"))
}

fn kind(field_type: &Type) -> String {
    match field_type {
        Type::Primitive(primitive) => format!("of type {primitive}"),
        Type::Struct(_) => "a struct".to_owned(),
        Type::List(_) => "a list".to_owned(),
        Type::Map(_) => "a map".to_owned(),
        Type::Variant => "a variant".to_owned(),
        Type::Unknown => "null".to_owned(),
    }
}

/// The elements of a list array of any kind, and where each row's begin and end.
fn elements(array: &ArrayRef) -> Option<(ArrayRef, Vec<(usize, usize)>)> {
    let any = array.as_any();
    if let Some(list) = any.downcast_ref::<ListArray>() {
        Some((list.values().clone(), spans_of(list.value_offsets())))
    } else if let Some(list) = any.downcast_ref::<LargeListArray>() {
        let offset = |offset: &i64| usize::try_from(*offset).unwrap_or(0);
        let pairs = list.value_offsets().windows(2);
        let spans = pairs.filter_map(|pair| Some((offset(pair.first()?), offset(pair.last()?)))).collect();
        Some((list.values().clone(), spans))
    } else {
        let list = any.downcast_ref::<FixedSizeListArray>()?;
        let size = usize::try_from(list.value_length()).ok()?;
        let spans = (0..list.len()).map(|row| (row.saturating_mul(size), row.saturating_add(1).saturating_mul(size)));
        Some((list.values().clone(), spans.collect()))
    }
}

fn spans_of(offsets: &[i32]) -> Vec<(usize, usize)> {
    let offset = |offset: &i32| usize::try_from(*offset).unwrap_or(0);
    let pairs = offsets.windows(2);
    pairs.filter_map(|pair| Some((offset(pair.first()?), offset(pair.last()?)))).collect()
}

/// The elements of rows that are not null and nothing else: what lies between or under nulls may be anything.
fn compact(
    values: &ArrayRef,
    spans: Vec<(usize, usize)>,
    nulls: Option<&NullBuffer>,
) -> Fit<(ArrayRef, OffsetBuffer<i32>)> {
    let alive = |row: usize| nulls.is_none_or(|nulls| nulls.is_valid(row));
    let mut offsets: Vec<i32> = vec![0];
    let (mut end, mut dense, mut total) = (spans.first().map_or(0, |span| span.0), true, 0_usize);
    let begin = end;
    for (row, (from, to)) in spans.iter().enumerate() {
        let length = to.saturating_sub(*from);
        if alive(row) {
            dense &= *from == end;
            total = total.saturating_add(length);
        } else {
            dense &= length == 0;
        }
        end = *to;
        offsets.push(i32::try_from(total).map_err(|_| Misfit::column("too many elements for one batch: split it"))?);
    }
    let values = if dense && begin.saturating_add(total) <= values.len() {
        values.slice(begin, total)
    } else {
        let rows = spans.iter().enumerate().filter(|(row, _)| alive(*row));
        let runs: Vec<_> = rows.map(|(_, (from, to))| *from..*to).collect();
        gather(values, &runs).map_err(|error| Misfit::column(error.to_string()))?
    };
    Ok((values, OffsetBuffer::new(ScalarBuffer::from(offsets))))
}

/// The row of an element.
fn row_of(offsets: &OffsetBuffer<i32>, element: usize) -> usize {
    let after = offsets.partition_point(|offset| usize::try_from(*offset).unwrap_or(0) <= element);
    after.saturating_sub(1)
}
