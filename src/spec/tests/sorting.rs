//! Sort orders.

use serde_json::json;

use super::new_table;
use crate::ErrorKind;
use crate::spec::*;

fn table() -> TableMetadata {
    let schema = Schema::new([
        NestedField::required("id", PrimitiveType::Long),
        NestedField::optional("ts", PrimitiveType::Timestamptz),
        NestedField::optional("tags", Type::list(PrimitiveType::String)),
    ]);
    new_table(2, schema.unwrap(), PartitionSpec::unpartitioned())
}

fn order(table: &TableMetadata, terms: impl IntoIterator<Item = SortTerm>) -> SortOrder {
    SortOrder::new(table.current_schema().unwrap(), terms).unwrap()
}

#[test]
fn orders_are_written_as_the_specification_has_them() {
    let table = table();
    let terms = [asc(day("ts")), desc("id"), asc(bucket(4, "id")).nulls_last(), desc("ts").nulls_first()];
    let json = order(&table, terms).to_json();
    let field = |source: i32, transform: &str, direction: &str, nulls: &str| json!({"source-id": source, "transform": transform, "direction": direction, "null-order": nulls});
    let expected = json!({"order-id": 1, "fields": [
        field(2, "day", "asc", "nulls-first"),
        field(1, "identity", "desc", "nulls-last"),
        field(1, "bucket[4]", "asc", "nulls-last"),
        field(2, "identity", "desc", "nulls-first"),
    ]});
    assert_eq!(json, expected);
    assert_eq!(SortOrder::from_json(json, String::new()).unwrap().to_json(), expected);
}

#[test]
fn an_order_of_a_later_version_is_read_and_written_back_as_it_is() {
    let json = json!({"order-id": 7, "new": 1, "fields": [
        {"source-ids": [1, 2], "transform": "zorder(8)", "direction": "asc", "null-order": "nulls-last", "more": {}},
        {"source-id": 1, "transform": "later[3]", "direction": "desc", "null-order": "nulls-first"},
    ]});
    let order = SortOrder::from_json(json.clone(), "sort-orders[0]".into()).unwrap();
    assert_eq!(order.to_json(), json);
    assert_eq!(order.fields[0].sources(), [1, 2]);
    let wrong = json!({"order-id": 1, "fields": [
        {"source-id": 1, "transform": "identity", "direction": "up", "null-order": "nulls-first"}]});
    let error = SortOrder::from_json(wrong, "sort-orders[1]".into()).unwrap_err();
    assert_eq!(error.to_string(), "field `sort-orders[1].fields[0].direction`: `up` is not known");
}

#[test]
fn what_cannot_be_sorted_by_is_refused() {
    let table = table();
    let schema = table.current_schema().unwrap();
    for (terms, message) in [
        (vec![asc("gone")], "the table has no column `gone`"),
        (vec![asc("tags")], "column `tags`: identity is for single values"),
        (vec![asc(hour("id"))], "column `id`: hour is not for values of type long"),
        (vec![asc("id"), desc("id")], "column `id`: rows are sorted by its identity twice"),
    ] {
        let error = SortOrder::new(schema, terms).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(message), "{error}, not {message}");
    }
}

#[test]
fn an_order_that_the_table_had_is_the_same_order() {
    let mut table = table();
    let set = |table: &mut TableMetadata, terms: Vec<SortTerm>| {
        let before = table.clone();
        table.set_sort_order(order(table, terms)).unwrap();
        validate::step(&before, table).unwrap();
        table.default_sort_order_id
    };
    assert_eq!(set(&mut table, vec![asc("id")]), 1);
    assert_eq!(set(&mut table, vec![desc("id")]), 2);
    assert_eq!(set(&mut table, vec![asc("id")]), 1);
    assert_eq!(set(&mut table, vec![]), 0);
    assert!(table.sort_order().unwrap().is_unsorted());
    assert_eq!(table.sort_orders.len(), 3);
    assert_eq!(TableMetadata::from_json_bytes(&table.to_json_bytes()).unwrap(), table);
    let mut missing = table.clone();
    missing.default_sort_order_id = 9;
    let error = TableMetadata::from_json_bytes(&missing.to_json_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "field `default-sort-order-id`: there is no sort order with the id 9");
}
