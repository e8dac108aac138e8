use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, ListArray, MapArray, PrimitiveArray, RecordBatch, RecordBatchOptions,
    StructArray,
};
use arrow_schema::{DataType, Field, Fields, Schema as ArrowSchema, TimeUnit};
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;

use crate::error::{Error, Result};
use crate::parquet::constant::null_column;
use crate::parquet::defaults::missing;
use crate::parquet::fill::{coalesce, filled};
use crate::parquet::projection::{Fill, Projection, misfit};
use crate::parquet::unshred::{check_shredded, unshred};
use crate::spec::field_to_arrow;
use crate::spec::metadata_columns::{is_inherited, is_metadata_column};
use crate::spec::{NestedField, Schema, Type};

/// The field id of an Arrow field.
pub(crate) fn id_of(field: &Field) -> Option<i32> {
    field.metadata().get(PARQUET_FIELD_ID_META_KEY)?.parse().ok()
}

/// The leaf columns of a file, by number, that these columns are read from.
pub(crate) fn leaves(file: &ArrowSchema, output: &Schema) -> Result<Vec<usize>> {
    let (mut next, mut chosen) = (0, Vec::new());
    for field in file.fields() {
        let target = id_of(field).and_then(|id| output.fields().iter().find(|target| target.id == id));
        choose(field, target, &mut next, &mut chosen)?;
    }
    Ok(chosen)
}

/// The leaf column of each primitive field outside of lists and maps, by field id.
pub(crate) fn leaf_of(file: &ArrowSchema, id: i32) -> Option<usize> {
    fn search(field: &Field, id: i32, next: &mut usize) -> Option<usize> {
        if let DataType::Struct(children) = field.data_type() {
            return children.iter().find_map(|child| search(child, id, next));
        }
        let first = *next;
        *next += count(field);
        (id_of(field) == Some(id) && !field.data_type().is_nested()).then_some(first)
    }
    let mut next = 0;
    file.fields().iter().find_map(|field| search(field, id, &mut next))
}

/// Leaves of a field.
fn count(field: &Field) -> usize {
    match field.data_type() {
        DataType::Struct(children) => children.iter().map(|child| count(child)).sum(),
        DataType::List(element) => count(element),
        DataType::Map(entries, _) => count(entries),
        _ => 1,
    }
}

fn choose(field: &Field, target: Option<&NestedField>, next: &mut usize, chosen: &mut Vec<usize>) -> Result<()> {
    let Some(target) = target.filter(|target| target.field_type != Type::Unknown) else {
        *next += count(field);
        return Ok(());
    };
    let first = *next;
    match (field.data_type(), &target.field_type) {
        (DataType::Struct(children), Type::Struct(structure)) => {
            let before = chosen.len();
            for child in children {
                let target = id_of(child).and_then(|id| structure.fields.iter().find(|target| target.id == id));
                choose(child, target, next, chosen)?;
            }
            // None of the fields is in the file, but whether the struct is null is: any of its columns tells.
            if chosen.len() == before && *next > first {
                chosen.push(first);
            }
        }
        (DataType::List(element), Type::List(list)) => choose(element, Some(&list.element), next, chosen)?,
        (DataType::Map(entries, _), Type::Map(map)) => {
            let DataType::Struct(children) = entries.data_type() else { return Err(misfit(&target.name, "is no map")) };
            for (child, target) in children.iter().zip([&map.key, &map.value]) {
                choose(child, Some(target), next, chosen)?;
            }
        }
        (stored, Type::Variant) => {
            check_shredded(stored).map_err(|what| misfit(&target.name, what))?;
            *next += count(field);
            chosen.extend(first..*next);
        }
        (other, Type::Primitive(_)) if !other.is_nested() => {
            chosen.push(first);
            *next += 1;
        }
        (other, _) => return Err(misfit(&target.name, format!("is stored as {other}, which its type does not allow"))),
    }
    Ok(())
}

/// A batch of a file, or of a wider projection, as the projection's: matched by field id, whatever the names. The
/// positions are those of its rows in the file, where they may be asked for.
pub(crate) fn project(
    batch: &RecordBatch,
    projection: &Projection,
    positions: Option<&[Range<u64>]>,
) -> Result<RecordBatch> {
    let rows = batch.num_rows();
    let fields = batch.schema_ref().fields();
    let columns = projection.schema().fields().iter().map(|target| {
        let fill = projection.fill(target.id);
        match (by_id(fields, batch.columns(), target.id), fill) {
            (found, Some(fill)) if positions.is_some() && is_metadata_column(target.id) => {
                let filled = filled(fill, target, rows, positions, projection)?;
                match found {
                    Some(array) if is_inherited(target.id) && *fill != Fill::Constant(None) => {
                        coalesce(&fit(array, target, projection)?, &filled)
                    }
                    _ => Ok(filled),
                }
            }
            (Some(array), _) => fit(array, target, projection),
            (None, Some(fill)) => filled(fill, target, rows, positions, projection),
            (None, None) => missing(target, rows),
        }
    });
    let columns = columns.collect::<Result<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(projection.arrow_schema().clone(), columns, &options)
        .map_err(|error| Error::invalid_data("the data file does not fit the table's schema").caused_by(error))
}

/// The column with a field id.
pub(crate) fn by_id<'a>(fields: &Fields, columns: &'a [ArrayRef], id: i32) -> Option<&'a ArrayRef> {
    fields.iter().zip(columns).find(|(field, _)| id_of(field) == Some(id)).map(|(_, column)| column)
}

fn fit(array: &ArrayRef, target: &NestedField, projection: &Projection) -> Result<ArrayRef> {
    let arrow = field_to_arrow(target)?;
    let broken = |error| misfit(&target.name, "is malformed").caused_by(error);
    match (&target.field_type, arrow.data_type()) {
        (Type::Primitive(_), wanted) => promote(array, wanted)
            .ok_or_else(|| misfit(&target.name, format!("is stored as {}, not {wanted}", array.data_type()))),
        (Type::Unknown, _) => Ok(null_column(&arrow, array.len())),
        (Type::Variant, DataType::Struct(fields)) => {
            let parts = unshred(array).map_err(|what| misfit(&target.name, what))?;
            let variant = StructArray::try_new(fields.clone(), parts.into(), array.nulls().cloned());
            Ok(Arc::new(variant.map_err(broken)?))
        }
        (Type::Struct(structure), DataType::Struct(fields)) => {
            let from = array.as_struct_opt().ok_or_else(|| misfit(&target.name, "is no struct"))?;
            let columns = structure.fields.iter().map(|child| {
                match (by_id(from.fields(), from.columns(), child.id), projection.fill(child.id)) {
                    (Some(column), _) => fit(column, child, projection),
                    (None, Some(fill)) => filled(fill, child, from.len(), None, projection),
                    (None, None) => missing(child, from.len()),
                }
            });
            let columns = columns.collect::<Result<Vec<_>>>()?;
            let nulls = from.nulls().cloned();
            Ok(Arc::new(StructArray::try_new_with_length(fields.clone(), columns, nulls, from.len()).map_err(broken)?))
        }
        (Type::List(list), DataType::List(element)) => {
            let from = array.as_list_opt::<i32>().ok_or_else(|| misfit(&target.name, "is no list"))?;
            let values = fit(from.values(), &list.element, projection)?;
            let list = ListArray::try_new(element.clone(), from.offsets().clone(), values, from.nulls().cloned());
            Ok(Arc::new(list.map_err(broken)?))
        }
        (Type::Map(map), DataType::Map(entry, sorted)) => {
            let from = array.as_map_opt().ok_or_else(|| misfit(&target.name, "is no map"))?;
            let DataType::Struct(fields) = entry.data_type() else { return Err(misfit(&target.name, "is no map")) };
            let columns = vec![fit(from.keys(), &map.key, projection)?, fit(from.values(), &map.value, projection)?];
            let entries = StructArray::try_new(fields.clone(), columns, None).map_err(broken)?;
            let (offsets, nulls) = (from.offsets().clone(), from.nulls().cloned());
            Ok(Arc::new(MapArray::try_new(entry.clone(), offsets, entries, nulls, *sorted).map_err(broken)?))
        }
        _ => Err(misfit(&target.name, "has another type")),
    }
}

/// The same values in the type that the column has now. `None` where Iceberg has no such promotion.
fn promote(array: &ArrayRef, wanted: &DataType) -> Option<ArrayRef> {
    let from = array.data_type();
    if from == wanted {
        return Some(array.clone());
    }
    Some(match (from, wanted) {
        (DataType::Int32, DataType::Int64) => widen::<Int32Type, Int64Type>(array, i64::from),
        (DataType::Float32, DataType::Float64) => widen::<Float32Type, Float64Type>(array, f64::from),
        (DataType::Decimal128(narrow, scale), DataType::Decimal128(precision, same))
            if scale == same && narrow < precision =>
        {
            let decimals = array.as_primitive::<Decimal128Type>().clone();
            Arc::new(decimals.with_precision_and_scale(*precision, *scale).ok()?)
        }
        // Writers of times without a zone of their own, and the 96-bit timestamps of old, leave the flag to the reader.
        (DataType::Timestamp(unit, _), DataType::Timestamp(to, zone)) => timestamps(array, *unit, *to, zone.clone())?,
        (DataType::Date32, DataType::Timestamp(to, None)) => midnights(array, *to)?,
        (DataType::Time32(TimeUnit::Millisecond), DataType::Time64(TimeUnit::Microsecond)) => {
            widen::<Time32MillisecondType, Time64MicrosecondType>(array, |millis| i64::from(millis) * 1_000)
        }
        (DataType::Utf8, DataType::Binary) => {
            Arc::new(arrow_array::BinaryArray::from(array.as_string::<i32>().clone()))
        }
        (DataType::Binary, DataType::Utf8) => {
            Arc::new(arrow_array::StringArray::try_from_binary(array.as_binary::<i32>().clone()).ok()?)
        }
        (DataType::Binary, DataType::FixedSizeBinary(_)) | (DataType::FixedSizeBinary(_), DataType::Binary) => {
            return None;
        }
        _ => return None,
    })
}

fn widen<F: ArrowPrimitiveType, T: ArrowPrimitiveType>(
    array: &ArrayRef,
    convert: impl Fn(F::Native) -> T::Native,
) -> ArrayRef {
    Arc::new(array.as_primitive::<F>().unary::<_, T>(convert))
}

/// Days as the moments when they begin (v3's promotion of date).
fn midnights(array: &ArrayRef, to: TimeUnit) -> Option<ArrayRef> {
    let days = array.as_primitive::<Date32Type>();
    let nulls = array.null_count();
    let array: ArrayRef = match to {
        TimeUnit::Microsecond => {
            let moments: PrimitiveArray<TimestampMicrosecondType> = days.unary(|day| i64::from(day) * 86_400_000_000);
            Arc::new(moments)
        }
        TimeUnit::Nanosecond => {
            let moments: PrimitiveArray<TimestampNanosecondType> =
                days.unary_opt(|day| i64::from(day).checked_mul(86_400_000_000_000));
            Arc::new(moments)
        }
        _ => return None,
    };
    (array.null_count() == nulls).then_some(array)
}

fn timestamps(array: &ArrayRef, unit: TimeUnit, to: TimeUnit, zone: Option<Arc<str>>) -> Option<ArrayRef> {
    let nulls = array.null_count();
    macro_rules! into {
        ($from:ident, $to:ident, $convert:expr) => {{
            let array: PrimitiveArray<$to> = array.as_primitive::<$from>().unary_opt($convert);
            // A value that the finer unit cannot hold would have become null.
            if array.null_count() != nulls {
                return None;
            }
            Arc::new(array.with_timezone_opt(zone))
        }};
    }
    Some(match (unit, to) {
        (TimeUnit::Microsecond, TimeUnit::Microsecond) => {
            into!(TimestampMicrosecondType, TimestampMicrosecondType, Some)
        }
        (TimeUnit::Nanosecond, TimeUnit::Nanosecond) => into!(TimestampNanosecondType, TimestampNanosecondType, Some),
        (TimeUnit::Millisecond, TimeUnit::Microsecond) => {
            into!(TimestampMillisecondType, TimestampMicrosecondType, |t| t.checked_mul(1_000))
        }
        (TimeUnit::Microsecond, TimeUnit::Nanosecond) => {
            into!(TimestampMicrosecondType, TimestampNanosecondType, |t| t.checked_mul(1_000))
        }
        (TimeUnit::Nanosecond, TimeUnit::Microsecond) => {
            into!(TimestampNanosecondType, TimestampMicrosecondType, |t| Some(t.div_euclid(1_000)))
        }
        _ => return None,
    })
}
