use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array, StructArray};
use arrow_schema::DataType;

use crate::error::Result;
use crate::parquet::constant::{constant_array, null_column};
use crate::parquet::defaults::missing;
use crate::parquet::projection::{Fill, Projection, misfit};
use crate::spec::{NestedField, Type, field_to_arrow};

/// A column that a file does not have.
pub(crate) fn filled(
    fill: &Fill,
    target: &NestedField,
    rows: usize,
    positions: Option<&[Range<u64>]>,
    projection: &Projection,
) -> Result<ArrayRef> {
    match (fill, target.field_type.as_primitive()) {
        (Fill::Constant(Some(value)), Some(primitive)) => constant_array(primitive, value, rows),
        (Fill::Constant(None), _) if !target.required => Ok(null_column(&field_to_arrow(target)?, rows)),
        (Fill::Constant(_), _) => missing(target, rows),
        (Fill::Position(first), _) => {
            let Some(positions) = positions else { return Err(misfit(&target.name, "has no positions")) };
            let count = |position: u64| i64::try_from(position).ok().and_then(|position| first.checked_add(position));
            let counted = positions.iter().cloned().flatten().map(count);
            Ok(Arc::new(Int64Array::from_iter(counted)))
        }
        (Fill::Fields, _) => {
            let arrow = field_to_arrow(target)?;
            let (Type::Struct(structure), DataType::Struct(fields)) = (&target.field_type, arrow.data_type()) else {
                return Err(misfit(&target.name, "is no struct"));
            };
            let columns = structure.fields.iter().map(|child| match projection.fill(child.id) {
                Some(fill) => filled(fill, child, rows, positions, projection),
                None => missing(child, rows),
            });
            let columns = columns.collect::<Result<Vec<_>>>()?;
            let array = StructArray::try_new_with_length(fields.clone(), columns, None, rows);
            Ok(Arc::new(array.map_err(|error| misfit(&target.name, "is malformed").caused_by(error))?))
        }
    }
}

/// The one where it has values, elsewhere the other.
pub(crate) fn coalesce(array: &ArrayRef, other: &ArrayRef) -> Result<ArrayRef> {
    let (Some(array), Some(other)) = (array.as_primitive_opt::<Int64Type>(), other.as_primitive_opt::<Int64Type>())
    else {
        return Ok(array.clone());
    };
    Ok(Arc::new(Int64Array::from_iter(array.iter().zip(other).map(|(own, other)| own.or(other)))))
}
