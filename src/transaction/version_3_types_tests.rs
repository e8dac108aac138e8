//! Columns that only tables of format version 3 have, written.

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampNanosecondType};
use arrow_array::{Array, RecordBatch};
use futures::executor::block_on;
use serde_json::{Value as Json, json};

use crate::spec::{NestedField, PrimitiveType, Schema, SchemaUpdate, Type, variant_to_json};
use crate::store::MemoryStore;
use crate::{ErrorKind, Table, Warehouse};

fn schema() -> Schema {
    Schema::new([
        NestedField::required("id", PrimitiveType::Long),
        NestedField::optional("at", PrimitiveType::TimestamptzNs),
        NestedField::optional("v", Type::Variant),
        NestedField::optional("u", Type::Unknown),
        NestedField::optional("s", Type::structure([NestedField::optional("v", Type::Variant)])),
        NestedField::optional("l", Type::list(Type::Variant)),
    ])
    .unwrap()
}

async fn table(store: &MemoryStore) -> Table {
    let create = Warehouse::new(store.clone()).create("t").schema(schema());
    create.property("format-version", "3").property("write.delete.mode", "copy-on-write").await.unwrap()
}

fn variant(column: &dyn Array, row: usize) -> Option<Json> {
    let parts = column.as_struct();
    let [metadata, value] = [0, 1].map(|part| parts.column(part).as_binary::<i32>());
    parts.is_valid(row).then(|| variant_to_json(metadata.value(row), value.value(row)).unwrap())
}

type Row = (i64, Option<i64>, Option<Json>, Option<Json>, Vec<Option<Json>>);

/// Id, nanoseconds, and the variants.
fn rows(batches: &[RecordBatch]) -> Vec<Row> {
    let mut rows = Vec::new();
    for batch in batches {
        assert_eq!(batch.column(3).null_count() + batch.column(3).logical_null_count(), batch.num_rows());
        for row in 0..batch.num_rows() {
            let at = batch.column(1).as_primitive::<TimestampNanosecondType>();
            let (inner, list) = (batch.column(4).as_struct(), batch.column(5).as_list::<i32>());
            let items = if list.is_valid(row) { list.value(row) } else { list.values().slice(0, 0) };
            rows.push((
                batch.column(0).as_primitive::<Int64Type>().value(row),
                at.is_valid(row).then(|| at.value(row)),
                variant(batch.column(2), row),
                inner.is_valid(row).then(|| variant(inner.column(0), row)).flatten(),
                (0..items.len()).map(|item| variant(&items, item)).collect(),
            ));
        }
    }
    rows.sort_by_key(|row| row.0);
    rows
}

#[test]
fn types_of_version_3_are_written_and_rewritten() {
    block_on(async {
        let store = MemoryStore::new();
        let table = table(&store).await;
        assert!(table.metadata().property("format-version").is_none());
        let value = json!({"a": [1, 2.5, "x", null, true], "b": {"a": -70_000}});
        let records = [
            json!({"id": 1, "at": "2026-11-01T09:30:00.123456789Z", "v": value, "s": {"v": "é"}, "l": [1, null, {"k": 0}]}),
            json!({"id": 2, "u": null}),
            json!({"id": 3, "v": [], "s": {"v": null}, "l": []}),
        ];
        table.append_records(&records).await.unwrap();
        let nanos = 1_793_525_400_123_456_789;
        let first = (1, Some(nanos), Some(value), Some(json!("é")), vec![Some(json!(1)), None, Some(json!({"k": 0}))]);
        let third = (3, None, Some(json!([])), None, vec![]);
        let expected = [first.clone(), (2, None, None, None, vec![]), third.clone()];
        let found = table.scan().collect().await.unwrap();
        assert_eq!(rows(&found), expected);
        // As Arrow has them, too, and in a file that is written anew.
        table.append(found).await.unwrap();
        table.delete("id = 2").await.unwrap();
        let twice = [first.clone(), first, third.clone(), third];
        assert_eq!(rows(&Warehouse::new(store).open("t").await.unwrap().scan().collect().await.unwrap()), twice);
    });
}

#[test]
fn values_that_are_none_of_the_type_are_refused_by_name() {
    block_on(async {
        let table = table(&MemoryStore::new()).await;
        let unknown = table.append_records(&[json!({"id": 1, "u": 5})]).await.unwrap_err();
        assert_eq!(unknown.kind(), ErrorKind::InvalidInput);
        assert!(unknown.to_string().contains("column `u`"), "{unknown}");
        table.append_records(&[json!({"id": 1, "v": 5})]).await.unwrap();
        let batch = table.scan().collect().await.unwrap().remove(0);
        let variants = batch.column(2).as_struct();
        let broken = arrow_array::BinaryArray::from_iter_values([[2_u8 << 2, 0]]);
        let parts = vec![variants.column(0).clone(), std::sync::Arc::new(broken) as _];
        let broken = arrow_array::StructArray::new(variants.fields().clone(), parts, None);
        let columns = [("id", batch.column(0).clone()), ("v", std::sync::Arc::new(broken) as _)];
        let error = table.append([RecordBatch::try_from_iter(columns).unwrap()]).await.unwrap_err();
        assert!(error.to_string().contains("column `v`") && error.to_string().contains("malformed"), "{error}");
        let nested = Schema::new([NestedField::optional("l", Type::list(Type::Unknown))]).unwrap();
        let nested = Warehouse::new(MemoryStore::new()).create("t").schema(nested).format_version(3).await.unwrap();
        let error = nested.append_records(&[json!({"l": []})]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    });
}

#[test]
fn a_column_that_is_added_with_a_default_has_it_in_the_rows_that_are_there() {
    block_on(async {
        let store = MemoryStore::new();
        let table = table(&store).await;
        table.append_records(&[json!({"id": 1})]).await.unwrap();
        let mut level = NestedField::required("level", PrimitiveType::Int);
        level.initial_default = Some(json!(7));
        let update = SchemaUpdate::new().add_field("", level).set_default("level", 8);
        table.update_schema(update).await.unwrap();
        table.append_records(&[json!({"id": 2}), json!({"id": 3, "level": 9})]).await.unwrap();
        for (level, expected) in [(7, 1), (8, 2), (9, 3)] {
            let found = table.scan().select(["id"]).filter(format!("level = {level}")).collect().await.unwrap();
            let ids: Vec<i64> =
                found.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec()).collect();
            assert_eq!(ids, [expected]);
        }
        let version_2 = Warehouse::new(store)
            .create("u")
            .schema(Schema::new([NestedField::optional("a", PrimitiveType::Int)]).unwrap())
            .await
            .unwrap();
        let error = version_2.update_schema(SchemaUpdate::new().set_default("a", 1)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        version_2.transaction().upgrade(3).update_schema(SchemaUpdate::new().set_default("a", 1)).await.unwrap();
    });
}
