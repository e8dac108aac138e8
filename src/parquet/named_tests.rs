use std::sync::Arc;

use arrow_array::builder::{Int32Builder, ListBuilder, MapBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::*;
use arrow_schema::{DataType, Field};
use bytes::Bytes;

use super::decode_tests::read_footer;
use super::*;
use crate::ErrorKind;
use crate::expr::{Predicate, col};
use crate::spec::{NameMapping, NestedField, PrimitiveType, Schema, StructType, Type};

/// A table whose columns were renamed since the file was written, with a struct, a list of structs and a map inside.
fn table() -> Schema {
    let id = |field: NestedField, id: i32| field.id(id);
    let mut list = Type::list(Type::structure([id(NestedField::optional("x", PrimitiveType::Int), 5)]));
    let mut map = Type::map(PrimitiveType::String, PrimitiveType::Int);
    if let Type::List(list) = &mut list {
        list.element.id = 4;
    }
    if let Type::Map(map) = &mut map {
        (map.key.id, map.value.id) = (7, 8);
    }
    let inner = Type::structure([
        id(NestedField::optional("new", PrimitiveType::Long), 12),
        id(NestedField::optional("y", PrimitiveType::String), 11),
    ]);
    Schema::with_ids(
        0,
        StructType {
            fields: vec![
                id(NestedField::optional("key", PrimitiveType::Long), 1),
                id(NestedField::optional("items", list), 3),
                id(NestedField::optional("m", map), 6),
                id(NestedField::optional("s", inner), 10),
                id(NestedField::optional("later", PrimitiveType::Int), 20),
            ],
        },
    )
    .unwrap()
}

const MAPPING: &str = r#"[
    {"field-id": 1, "names": ["key", "old_key"]},
    {"field-id": 3, "names": ["items"], "fields": [{"field-id": 4, "names": ["element"], "fields": [{"field-id": 5, "names": ["x"]}]}]},
    {"field-id": 6, "names": ["m"], "fields": [{"field-id": 7, "names": ["key"]}, {"field-id": 8, "names": ["value"]}]},
    {"field-id": 10, "names": ["s"], "fields": [{"field-id": 11, "names": ["y", "why"]}]}]"#;

/// 100 rows as a writer has them that knows nothing of Iceberg.
fn file() -> Bytes {
    let element = Field::new("x", DataType::Int32, true);
    let structs = arrow_array::builder::StructBuilder::new(vec![element], vec![Box::new(Int32Builder::new())]);
    let mut items = ListBuilder::new(structs);
    let mut map = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    for i in 0..100 {
        for j in 0..i % 3 {
            items.values().field_builder::<Int32Builder>(0).unwrap().append_value(i * 10 + j);
            items.values().append(true);
        }
        items.append(i % 5 != 4);
        map.keys().append_value(format!("k{i}"));
        map.values().append_value(i);
        map.append(true).unwrap();
    }
    let why: ArrayRef = Arc::new(StringArray::from_iter_values((0..100).map(|i| format!("w{i}"))));
    let inner = StructArray::try_from(vec![("why", why)]).unwrap();
    let columns: [(&str, ArrayRef); 5] = [
        ("unknown", Arc::new(Int32Array::from_value(9, 100))),
        ("s", Arc::new(inner)),
        ("m", Arc::new(map.finish())),
        ("items", Arc::new(items.finish())),
        ("old_key", Arc::new(Int64Array::from_iter_values(0..100))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let properties =
        ::parquet::file::properties::WriterProperties::builder().set_max_row_group_row_count(Some(50)).build();
    let mut writer = ::parquet::arrow::ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap().into()
}

fn read(
    file: &Bytes,
    mapping: Option<&str>,
    projection: &Projection,
    filter: Option<&Predicate>,
) -> crate::Result<(RecordBatch, DecodeReport)> {
    let footer = read_footer(file, FIRST_READ)?.0.known_by(|| mapping.map(NameMapping::parse).transpose())?;
    let predicate = filter.map(|filter| filter.bind(projection.table_schema())).transpose()?;
    let mut decoder = FileDecoder::new(footer, projection, predicate.as_ref(), DecodeOptions::default())?;
    let mut batches = Vec::new();
    loop {
        match decoder.step()? {
            Step::Needs(ranges) => {
                let bytes = ranges.iter().map(|range| file.slice(range.start as usize..range.end as usize));
                let bytes = bytes.collect();
                decoder.push(ranges, bytes)?;
            }
            Step::Batch(batch) => batches.push(batch),
            Step::Done => break,
        }
    }
    Ok((arrow_select::concat::concat_batches(projection.arrow_schema(), &batches).unwrap(), decoder.report()))
}

#[test]
fn columns_of_a_file_without_ids_are_known_by_the_names_they_had() {
    let (file, table) = (file(), table());
    let all = Projection::all(&table).unwrap();
    let (batch, _) = read(&file, Some(MAPPING), &all, None).unwrap();
    assert_eq!(&batch.schema(), all.arrow_schema());
    assert_eq!(batch.num_rows(), 100);
    assert_eq!(batch.column(0).as_primitive::<Int64Type>().value(99), 99);
    let items = batch.column(1).as_list::<i32>();
    let second = items.value(2);
    assert_eq!(second.as_struct().column(0).as_primitive::<Int32Type>().values(), &[20, 21]);
    assert!(items.is_null(4));
    let map = batch.column(2).as_map();
    assert_eq!(map.keys().as_string::<i32>().value(7), "k7");
    assert_eq!(map.values().as_primitive::<Int32Type>().value(7), 7);
    let s = batch.column(3).as_struct();
    assert_eq!((s.column(0).null_count(), s.column(1).as_string::<i32>().value(5)), (100, "w5"));
    assert_eq!(batch.column(4).null_count(), 100);
}

#[test]
fn filters_and_parts_of_columns_work_on_a_file_without_ids() {
    let (file, table) = (file(), table());
    let some = Projection::of(&table, ["s.y", "items"]).unwrap();
    let (batch, report) =
        read(&file, Some(MAPPING), &some, Some(&col("key").ge(98).and(col("s.y").ne("w98")))).unwrap();
    assert_eq!(batch.num_rows(), 1);
    assert_eq!(batch.column(0).as_struct().column(0).as_string::<i32>().value(0), "w99");
    assert_eq!((report.row_groups, report.row_groups_skipped), (2, 1), "statistics are used");
}

#[test]
fn a_file_whose_columns_cannot_be_told_is_refused_with_what_is_missing() {
    let (file, all) = (file(), Projection::all(&table()).unwrap());
    let refused = |mapping: Option<&str>| read(&file, mapping, &all, None).unwrap_err();
    let error = refused(None);
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("schema.name-mapping.default"), "{error}");
    let error = refused(Some(r#"[{"field-id": 1, "names": ["KEY"]}]"#));
    assert!(error.to_string().contains("knows none of its columns"), "{error}");
    let error = refused(Some(r#"[{"field-id": 1, "names": ["old_key", "unknown"]}]"#));
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert!(error.to_string().contains("`unknown` and `old_key`"), "{error}");
}

#[test]
fn a_file_with_an_id_never_goes_by_names() {
    let metadata = std::collections::HashMap::from([("PARQUET:field_id".to_owned(), "77".to_owned())]);
    let fields = vec![
        Field::new("key", DataType::Int64, true),
        Field::new("other", DataType::Int64, true).with_metadata(metadata),
    ];
    let longs = || Arc::new(Int64Array::from(vec![1])) as ArrayRef;
    let schema = Arc::new(arrow_schema::Schema::new(fields));
    let batch = RecordBatch::try_new(schema.clone(), vec![longs(), longs()]).unwrap();
    let mut writer = ::parquet::arrow::ArrowWriter::try_new(Vec::new(), schema, None).unwrap();
    writer.write(&batch).unwrap();
    let file = writer.into_inner().unwrap().into();
    let all = Projection::of(&table(), ["key"]).unwrap();
    let (batch, _) = read(&file, Some(MAPPING), &all, None).unwrap();
    assert_eq!(batch.column(0).null_count(), 1);
}
