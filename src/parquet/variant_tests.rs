use std::collections::HashMap;
use std::future::IntoFuture;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::*;
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, Field, Fields, Schema as ArrowSchema};
use bytes::Bytes;

use super::decode_tests::read;
use super::*;
use crate::expr::col;
use crate::spec::{NestedField, PrimitiveType, Schema, StructType, Type};
use crate::{ErrorKind, Warehouse};

fn table() -> Schema {
    let fields = vec![
        NestedField::required("id", PrimitiveType::Int).id(1),
        NestedField::optional("v", Type::Variant).id(2),
        NestedField::optional("u", Type::Unknown).id(3),
        NestedField::optional("s", Type::structure([NestedField::optional("v", Type::Variant).id(5)])).id(4),
    ];
    Schema::with_ids(0, StructType { fields }).unwrap()
}

/// Three rows with a variant each, the second of them null, in columns of these names.
fn file(parts: [&str; 2], more: Option<&str>) -> Bytes {
    let with_id =
        |field: Field, id: &str| field.with_metadata(HashMap::from([("PARQUET:field_id".to_owned(), id.to_owned())]));
    let binary = |name: &str| Field::new(name, DataType::Binary, false);
    let mut fields: Vec<Field> = parts.map(binary).into();
    let metadata: ArrayRef = Arc::new(BinaryArray::from_iter_values([[1, 0, 0]; 3]));
    let value: ArrayRef = Arc::new(BinaryArray::from_iter_values([[12, 7], [12, 8], [12, 9]]));
    let mut columns = vec![metadata, value];
    if let Some(name) = more {
        fields.push(Field::new(name, DataType::Int32, true));
        columns.push(Arc::new(Int32Array::from_value(1, 3)));
    }
    let fields = Fields::from(fields);
    let nulls = NullBuffer::from(vec![true, false, true]);
    let variants: ArrayRef = Arc::new(StructArray::try_new(fields.clone(), columns, Some(nulls)).unwrap());
    let v = Field::new("v", DataType::Struct(fields), true);
    let inner = Fields::from(vec![with_id(v.clone(), "5")]);
    let structs: ArrayRef = Arc::new(StructArray::try_new(inner.clone(), vec![variants.clone()], None).unwrap());
    let schema = Arc::new(ArrowSchema::new(vec![
        with_id(Field::new("s", DataType::Struct(inner), true), "4"),
        with_id(v, "2"),
        with_id(Field::new("id", DataType::Int32, false), "1"),
    ]));
    let ids: ArrayRef = Arc::new(Int32Array::from_iter_values(0..3));
    let batch = RecordBatch::try_new(schema.clone(), vec![structs, variants, ids]).unwrap();
    let mut writer = ::parquet::arrow::ArrowWriter::try_new(Vec::new(), schema, None).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap().into()
}

#[test]
fn a_variant_is_read_as_its_two_binaries_and_an_unknown_column_as_nulls() {
    let all = Projection::all(&table()).unwrap();
    // In any order, as the specification allows.
    for parts in [["metadata", "value"], ["value", "metadata"]] {
        let (batch, ..) = read(&file(parts, None), &all, None, DecodeOptions::default(), FIRST_READ).unwrap();
        assert_eq!(batch.num_rows(), 3);
        for variants in [batch.column(1), batch.column(3).as_struct().column(0)] {
            let variants = variants.as_struct();
            assert_eq!((variants.null_count(), variants.is_null(1)), (1, true));
            let [metadata, value] = [0, 1].map(|part| variants.column(part).as_binary::<i32>().value(2).to_vec());
            let swapped = parts[0] == "value";
            assert_eq!(
                (metadata, value),
                if swapped { (vec![12, 9], vec![1, 0, 0]) } else { (vec![1, 0, 0], vec![12, 9]) }
            );
        }
        assert_eq!((batch.column(2).data_type(), batch.column(2).len()), (&DataType::Null, 3));
    }
}

#[test]
fn rows_are_found_by_whether_a_variant_or_unknown_column_is_null() {
    let some = Projection::of(&table(), ["id"]).unwrap();
    let bytes = file(["metadata", "value"], None);
    for (filter, expected) in [
        (col("v").is_null(), vec![1]),
        (col("v").is_not_null(), vec![0, 2]),
        (col("s.v").is_null(), vec![1]),
        (col("u").is_null(), vec![0, 1, 2]),
        (col("u").is_not_null(), vec![]),
    ] {
        let (batch, ..) = read(&bytes, &some, Some(&filter), DecodeOptions::default(), FIRST_READ).unwrap();
        assert_eq!(batch.column(0).as_primitive::<Int32Type>().values(), &expected[..], "{filter}");
    }
    let error = col("v").eq(1).bind(&table()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[test]
fn a_struct_of_other_parts_is_refused_by_name_and_does_not_keep_others_from_being_read() {
    let all = Projection::all(&table()).unwrap();
    let some = Projection::of(&table(), ["u", "id"]).unwrap();
    for (parts, more) in [(["metadata", "other"], None), (["metadata", "value"], Some("third"))] {
        let bytes = file(parts, more);
        let error = read(&bytes, &all, None, DecodeOptions::default(), FIRST_READ).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert!(error.to_string().contains("column `v`"), "{error}");
        let (batch, ..) = read(&bytes, &some, None, DecodeOptions::default(), FIRST_READ).unwrap();
        assert_eq!(batch.column(1).as_primitive::<Int32Type>().values(), &[0, 1, 2]);
    }
}

#[test]
fn types_of_version_3_go_through_json_and_into_no_new_table_of_version_2() {
    for field_type in [Type::Variant, Type::Unknown] {
        let schema = Schema::new([NestedField::optional("c", field_type.clone())]).unwrap();
        assert_eq!(Schema::from_json(schema.to_json(), String::new()).unwrap(), schema);
        let warehouse = Warehouse::new(crate::store::MemoryStore::new());
        let error = futures::executor::block_on(warehouse.create("t").schema(schema).into_future()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("column `c`"), "{error}");
    }
    let geometry = serde_json::json!({"type": "struct", "fields": [
        {"id": 1, "name": "g", "required": false, "type": "geometry(OGC:CRS84)"}]});
    let error = Schema::from_json(geometry, "schema".into()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("geometry"), "{error}");
}
