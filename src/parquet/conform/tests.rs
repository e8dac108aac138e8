use std::sync::Arc;

use arrow_array::builder::{Int32Builder, ListBuilder, StringDictionaryBuilder};
use arrow_array::types::{Int8Type, Int32Type};
use arrow_array::*;
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType, Field, Fields};

use super::conform;
use crate::spec::{NestedField, PrimitiveType, Schema, Type};

fn table(fields: impl IntoIterator<Item = NestedField>) -> Schema {
    Schema::new(fields).unwrap()
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

fn one(wanted: PrimitiveType, array: ArrayRef) -> Result<ArrayRef, String> {
    let schema = table([NestedField::optional("c", wanted)]);
    let fitted = conform(&schema, &batch(vec![("c", array)])).map_err(|error| error.to_string())?;
    assert_eq!(fitted.schema().as_ref(), &crate::spec::to_arrow(&schema).unwrap());
    Ok(fitted.column(0).clone())
}

#[test]
fn columns_are_matched_by_name_and_missing_optional_ones_are_null() {
    let schema = table([
        NestedField::required("a", PrimitiveType::Long),
        NestedField::optional("b", PrimitiveType::String),
        NestedField::optional("c", PrimitiveType::Date),
    ]);
    let from = batch(vec![
        ("b", Arc::new(LargeStringArray::from(vec![Some("x"), None]))),
        ("a", Arc::new(Int32Array::from(vec![1, 2]))),
    ]);
    let fitted = conform(&schema, &from).unwrap();
    assert_eq!(fitted.column(0).as_ref(), &Int64Array::from(vec![1, 2]));
    assert_eq!(fitted.column(1).as_ref(), &StringArray::from(vec![Some("x"), None]));
    assert_eq!(fitted.column(2).null_count(), 2);
}

#[test]
fn unknown_missing_and_doubled_columns_are_errors_that_name_the_column() {
    let schema = table([NestedField::required("a", PrimitiveType::Long)]);
    let number = || -> ArrayRef { Arc::new(Int64Array::from(vec![1])) };
    let error = |columns| conform(&schema, &batch(columns)).unwrap_err().to_string();
    assert_eq!(error(vec![("b", number())]), "column `b`: the table has no such column");
    assert_eq!(error(vec![("a", number()), ("a", number())]), "column `a`: the batch has two columns of this name");
    let empty = RecordBatch::try_new_with_options(
        Arc::new(arrow_schema::Schema::empty()),
        vec![],
        &RecordBatchOptions::new().with_row_count(Some(1)),
    );
    let error = conform(&schema, &empty.unwrap()).unwrap_err().to_string();
    assert_eq!(error, "column `a`: the batch lacks this required column");
}

#[test]
fn a_null_in_a_required_column_is_an_error_that_names_the_row() {
    let schema = table([NestedField::required("a", PrimitiveType::Long)]);
    let from = batch(vec![("a", Arc::new(Int64Array::from(vec![Some(1), None])))]);
    assert_eq!(conform(&schema, &from).unwrap_err().to_string(), "row 1, column `a`: null in a required column");
}

/// The Python package datashard 0.11.2 stored 1 for 1.5 in a long column, and rounded doubles into float columns.
#[test]
fn a_double_enters_neither_a_long_nor_a_float() {
    let doubles = || -> ArrayRef { Arc::new(Float64Array::from(vec![None, Some(1.5)])) };
    let error = one(PrimitiveType::Long, doubles()).unwrap_err();
    assert_eq!(error, "row 1, column `c`: 1.5: Arrow's Float64 is never converted to type long");
    assert!(one(PrimitiveType::Float, doubles()).unwrap_err().contains("never converted to type float"));
    assert_eq!(
        one(PrimitiveType::Double, Arc::new(Float32Array::from(vec![1.5]))).unwrap().as_ref(),
        &Float64Array::from(vec![1.5])
    );
}

/// The Python package datashard 0.11.2 shifted times with a zone into naive columns and took naive ones for UTC.
#[test]
fn points_in_time_and_local_times_are_never_mixed() {
    let naive: ArrayRef = Arc::new(TimestampMillisecondArray::from(vec![1]));
    let aware: ArrayRef = Arc::new(TimestampMillisecondArray::from(vec![1]).with_timezone("Europe/Berlin"));
    assert!(one(PrimitiveType::Timestamptz, naive.clone()).unwrap_err().contains("give it a time zone first"));
    assert!(one(PrimitiveType::Timestamp, aware.clone()).unwrap_err().contains("convert it first"));
    let micros = TimestampMicrosecondArray::from(vec![1000]);
    assert_eq!(one(PrimitiveType::Timestamp, naive).unwrap().as_ref(), &micros);
    assert_eq!(one(PrimitiveType::Timestamptz, aware).unwrap().as_ref(), &micros.with_timezone("UTC"));
}

#[test]
fn units_and_widths_change_only_when_every_value_stays_exact() {
    let ok = one(PrimitiveType::Int, Arc::new(Int64Array::from(vec![7, -8]))).unwrap();
    assert_eq!(ok.as_ref(), &Int32Array::from(vec![7, -8]));
    let error = one(PrimitiveType::Int, Arc::new(Int64Array::from(vec![7, 1 << 40]))).unwrap_err();
    assert_eq!(error, "row 1, column `c`: 1099511627776 does not fit type int exactly");
    assert!(one(PrimitiveType::Long, Arc::new(UInt64Array::from(vec![u64::MAX]))).is_err());
    let nanos = |n| -> ArrayRef { Arc::new(TimestampNanosecondArray::from(vec![n])) };
    assert!(one(PrimitiveType::Timestamp, nanos(5000)).is_ok());
    assert!(one(PrimitiveType::Timestamp, nanos(5001)).unwrap_err().contains("5001"));
    let seconds = |n| -> ArrayRef { Arc::new(TimestampSecondArray::from(vec![n])) };
    assert!(one(PrimitiveType::Timestamp, seconds(i64::MAX / 1000)).is_err());
    assert!(one(PrimitiveType::Date, Arc::new(Date64Array::from(vec![86_400_000]))).is_ok());
    assert!(one(PrimitiveType::Date, Arc::new(Date64Array::from(vec![86_400_001]))).is_err());
}

#[test]
fn decimals_change_scale_only_exactly() {
    let wanted = PrimitiveType::Decimal { precision: 5, scale: 2 };
    let decimal = |value: i128, precision, scale| -> ArrayRef {
        Arc::new(Decimal128Array::from(vec![value]).with_precision_and_scale(precision, scale).unwrap())
    };
    let expected = Decimal128Array::from(vec![150]).with_precision_and_scale(5, 2).unwrap();
    assert_eq!(one(wanted, decimal(15, 3, 1)).unwrap().as_ref(), &expected);
    assert_eq!(one(wanted, decimal(1500, 9, 3)).unwrap().as_ref(), &expected);
    assert!(one(wanted, decimal(1501, 9, 3)).is_err());
    assert!(one(wanted, decimal(10_000, 9, 1)).is_err());
    assert!(one(wanted, decimal(100_000, 5, 2)).is_err());
}

#[test]
fn views_and_dictionaries_become_plain() {
    let mut builder = StringDictionaryBuilder::<Int8Type>::new();
    builder.append_value("x");
    builder.append_null();
    builder.append_value("x");
    let plain = StringArray::from(vec![Some("x"), None, Some("x")]);
    assert_eq!(one(PrimitiveType::String, Arc::new(builder.finish())).unwrap().as_ref(), &plain);
    let view = StringViewArray::from(vec![Some("x"), None, Some("x")]);
    assert_eq!(one(PrimitiveType::String, Arc::new(view)).unwrap().as_ref(), &plain);
    let bytes = BinaryViewArray::from(vec![Some(b"x".as_slice()), None]);
    assert_eq!(
        one(PrimitiveType::Binary, Arc::new(bytes)).unwrap().as_ref(),
        &BinaryArray::from(vec![Some(b"x".as_slice()), None])
    );
}

#[test]
fn what_lies_under_a_null_does_not_matter() {
    let array = Int64Array::new(vec![1_i64 << 40, 5].into(), Some(NullBuffer::from(vec![false, true])));
    assert_eq!(one(PrimitiveType::Int, Arc::new(array)).unwrap().as_ref(), &Int32Array::from(vec![None, Some(5)]));
}

fn structured(required: bool) -> Schema {
    table([NestedField::optional(
        "s",
        Type::structure([
            NestedField::new("x", PrimitiveType::Long, required),
            NestedField::optional("y", PrimitiveType::String),
        ]),
    )])
}

#[test]
fn fields_of_structs_are_matched_by_name_and_checked_where_the_struct_is_not_null() {
    let make = |x: Vec<Option<i32>>, valid: Vec<bool>| -> RecordBatch {
        let fields = Fields::from(vec![Field::new("x", DataType::Int32, true)]);
        let s = StructArray::new(fields, vec![Arc::new(Int32Array::from(x))], Some(NullBuffer::from(valid)));
        batch(vec![("s", Arc::new(s))])
    };
    let fitted = conform(&structured(true), &make(vec![Some(1), None], vec![true, false])).unwrap();
    let s = fitted.column(0).as_any().downcast_ref::<StructArray>().unwrap();
    assert_eq!((s.num_columns(), s.null_count(), s.column(1).null_count()), (2, 1, 2));
    let error = conform(&structured(true), &make(vec![Some(1), None], vec![true, true])).unwrap_err();
    assert_eq!(error.to_string(), "row 1, column `s.x`: null in a required column");
}

#[test]
fn errors_inside_of_lists_name_the_row_and_garbage_under_null_lists_is_left_out() {
    let schema = table([NestedField::optional("l", Type::list(PrimitiveType::Int))]);
    let make = |nulls: Option<Vec<bool>>| {
        let values = Int64Array::from(vec![1, 2, 1 << 40, 3]);
        let field = Arc::new(Field::new("item", DataType::Int64, true));
        let offsets = OffsetBuffer::new(vec![0_i32, 2, 3, 4].into());
        let list = ListArray::new(field, offsets, Arc::new(values), nulls.map(NullBuffer::from));
        batch(vec![("l", Arc::new(list))])
    };
    let error = conform(&schema, &make(None)).unwrap_err().to_string();
    assert_eq!(error, "row 1, column `l.element`: 1099511627776 does not fit type int exactly");
    let fitted = conform(&schema, &make(Some(vec![true, false, true]))).unwrap();
    let list = fitted.column(0).as_any().downcast_ref::<ListArray>().unwrap();
    let mut expected = ListBuilder::new(Int32Builder::new()).with_field(match list.data_type() {
        DataType::List(field) => field.clone(),
        _ => unreachable!(),
    });
    expected.append_value([Some(1), Some(2)]);
    expected.append_null();
    expected.append_value([Some(3)]);
    assert_eq!(list, &expected.finish());
    // A slice in the middle has offsets that do not begin at 0.
    assert_eq!(conform(&schema, &make(None).slice(2, 1)).unwrap().num_rows(), 1);
}

#[test]
fn maps_and_lists_of_fixed_size_fit_whatever_their_inner_names() {
    let schema = table([
        NestedField::optional("m", Type::map(PrimitiveType::String, PrimitiveType::Long)),
        NestedField::optional("l", Type::list(PrimitiveType::Int)),
    ]);
    let mut map = arrow_array::builder::MapBuilder::new(
        None,
        arrow_array::builder::LargeStringBuilder::new(),
        Int32Builder::new(),
    );
    map.keys().append_value("k");
    map.values().append_value(4);
    map.append(true).unwrap();
    map.append(false).unwrap();
    let fixed = FixedSizeListArray::from_iter_primitive::<Int32Type, _, _>(
        vec![Some(vec![Some(1), Some(2)]), Some(vec![Some(3), None])],
        2,
    );
    let fitted = conform(&schema, &batch(vec![("m", Arc::new(map.finish())), ("l", Arc::new(fixed))])).unwrap();
    assert_eq!(fitted.column(0).null_count(), 1);
    assert_eq!(fitted.num_rows(), 2);
}

#[test]
fn a_dictionary_without_values_is_nulls_and_one_with_some_is_their_rows() {
    use arrow_array::cast::AsArray;

    let schema = table([NestedField::optional("s", PrimitiveType::String)]);
    let column = |keys: Vec<Option<i8>>, values: Vec<Option<&str>>| {
        let values = Arc::new(StringArray::from(values));
        let array = DictionaryArray::<Int8Type>::try_new(keys.into(), values).unwrap();
        let batch = RecordBatch::try_from_iter([("s", Arc::new(array) as ArrayRef)]).unwrap();
        conform(&schema, &batch).unwrap().column(0).as_string::<i32>().clone()
    };
    assert_eq!(column(vec![None, None], vec![]), StringArray::from(vec![None::<&str>, None]));
    let plain = column(vec![Some(1), None, Some(0), Some(2), Some(1)], vec![Some("a"), Some("b"), None]);
    assert_eq!(plain, StringArray::from(vec![Some("b"), None, Some("a"), None, Some("b")]));
}
