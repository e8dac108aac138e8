use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use bytes::Bytes;
use serde_json::json;

use super::{parquet_to_batches, records_to_batch};
use crate::ErrorKind;
use crate::parquet::{EncodeOptions, FileEncoder};
use crate::spec::{ListType, NestedField, PrimitiveType, Schema, StructType, Type};

fn columns(fields: Vec<NestedField>) -> Schema {
    Schema::new(fields).unwrap()
}

/// A Parquet file with the ids that a table of these columns would have.
fn file(schema: &Schema, records: &[serde_json::Value]) -> Bytes {
    let mut encoder = FileEncoder::new(schema, &EncodeOptions::default()).unwrap();
    encoder.write(&records_to_batch(schema, records).unwrap()).unwrap();
    encoder.finish().unwrap().0
}

fn ids(batches: &[RecordBatch], column: &str) -> Vec<i64> {
    batches[0].column_by_name(column).unwrap().as_primitive::<Int64Type>().values().to_vec()
}

#[test]
fn columns_are_those_of_the_table_by_their_names_whatever_ids_the_file_says() {
    let table = columns(vec![
        NestedField::required("id", PrimitiveType::Long),
        NestedField::optional("name", PrimitiveType::String),
        NestedField::optional("count", PrimitiveType::Long),
    ]);
    // Its first column has the id that is another column's in the table, and a type that widens.
    let other = columns(vec![
        NestedField::optional("count", PrimitiveType::Int),
        NestedField::required("id", PrimitiveType::Long),
    ]);
    let bytes = file(&other, &[json!({"id": 7, "count": 1}), json!({"id": 8, "count": 2})]);
    let batches = parquet_to_batches(&table, bytes).unwrap();
    assert_eq!(ids(&batches, "id"), [7, 8]);
    assert_eq!(ids(&batches, "count"), [1, 2]);
    assert!(batches[0].column_by_name("name").is_none());
}

#[test]
fn a_column_that_the_table_lacks_is_refused_by_its_name_also_inside_of_others() {
    let inside = |fields: Vec<NestedField>| {
        let element = NestedField::optional("element", Type::Struct(StructType { fields }));
        let list = Type::List(ListType { element: Box::new(element) });
        columns(vec![NestedField::optional("list", list)])
    };
    let a = NestedField::optional("a", PrimitiveType::Int);
    let (table, other) = (inside(vec![a.clone()]), inside(vec![a, NestedField::optional("b", PrimitiveType::Int)]));
    let bytes = file(&other, &[json!({"list": [{"a": 1, "b": 2}]})]);
    let error = parquet_to_batches(&table, bytes.clone()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("`list.element.b`: the table has no such column"), "{error}");
    let batches = parquet_to_batches(&other, bytes).unwrap();
    let list = batches[0].column(0).as_list::<i32>().value(0);
    assert_eq!(list.as_struct().column(1).as_primitive::<Int32Type>().value(0), 2);
}

#[test]
fn a_type_that_would_change_values_is_refused() {
    let table = columns(vec![NestedField::optional("id", PrimitiveType::Int)]);
    let other = columns(vec![NestedField::optional("id", PrimitiveType::String)]);
    let error = parquet_to_batches(&table, file(&other, &[json!({"id": "1"})])).unwrap_err();
    assert!(error.to_string().contains("`id`"), "{error}");
}

#[test]
fn damaged_files_are_errors_or_batches_and_never_a_panic() {
    let table = columns(vec![
        NestedField::required("id", PrimitiveType::Long),
        NestedField::optional("name", PrimitiveType::String),
    ]);
    let records: Vec<_> = (0..50).map(|id| json!({"id": id, "name": format!("name {}", id % 7)})).collect();
    let bytes = file(&table, &records);
    assert_eq!(parquet_to_batches(&table, bytes.clone()).unwrap()[0].num_rows(), 50);
    for at in 0..bytes.len() {
        let _ = parquet_to_batches(&table, bytes.slice(..at));
        let mut damaged = bytes.to_vec();
        damaged[at] ^= 0xff;
        let _ = parquet_to_batches(&table, damaged.into());
    }
}
