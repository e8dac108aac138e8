//! The metadata column `_partition`.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_schema::DataType;
use futures::executor::block_on;

use super::ids;
use crate::scan::ScanBuilder;
use crate::scan::fakes::{Made, partition_field};
use crate::spec::*;
use crate::store::MemoryStore;
use crate::{ErrorKind, Warehouse};

/// Of which one column has the id that partition fields begin with.
fn schema(name: PrimitiveType) -> Schema {
    let fields = vec![
        NestedField::required("id", PrimitiveType::Long).id(1),
        NestedField::optional("name", name).id(2),
        NestedField::optional("n", PrimitiveType::Long).id(1000),
    ];
    Schema::with_ids(0, StructType { fields }).unwrap()
}

fn rows(ids: std::ops::Range<i64>) -> RecordBatch {
    let name: ArrayRef = Arc::new(StringArray::from_iter_values(ids.clone().map(|id| format!("n{id}"))));
    let id: ArrayRef = Arc::new(Int64Array::from_iter_values(ids));
    RecordBatch::try_from_iter([("id", id.clone()), ("name", name), ("n", id)]).unwrap()
}

fn field(field_id: i32, name: &str, source_id: i32, transform: Transform) -> PartitionField {
    PartitionField { field_id, name: name.to_owned(), ..partition_field(source_id, transform) }
}

fn texts(array: &dyn Array) -> Vec<Option<&str>> {
    array.as_string::<i32>().iter().collect()
}

#[test]
fn a_partition_field_that_was_dropped_and_added_again_is_one_by_its_newest_name() {
    let again = vec![field(1000, "new", 2, Transform::Identity), field(1001, "old", 1, Transform::Bucket(4))];
    let specs = vec![vec![field(1000, "old", 2, Transform::Identity)], vec![], again];
    let mut made = Made::new(schema(PrimitiveType::String), specs);
    let text = |text: &str| Some(Value::String(text.to_owned()));
    made.data(1, 0, vec![text("a")], &rows(0..2));
    made.data(1, 1, vec![], &rows(2..4));
    made.data(1, 2, vec![None, Some(Value::Int(3))], &rows(4..6));
    made.data(1, 2, vec![text("b"), Some(Value::Int(1))], &rows(6..7));
    let table = made.table(None);
    let one = |scan: ScanBuilder| {
        let batches = block_on(scan.ordered().collect()).unwrap();
        arrow_select::concat::concat_batches(&batches[0].schema(), &batches).unwrap()
    };
    let all = one(table.scan().select(["n", "_partition"]));
    assert_eq!(all.column(0).as_ref(), rows(0..7).column(0).as_ref());
    let partition = all.column(1).as_struct();
    assert_eq!(partition.column_names(), ["new", "old"]);
    assert_eq!(partition.null_count(), 0);
    assert_eq!(texts(partition.column(0)), [Some("a"), Some("a"), None, None, None, None, Some("b")]);
    let old: Vec<_> = partition.column(1).as_primitive::<arrow_array::types::Int32Type>().iter().collect();
    assert_eq!(old, [None, None, None, None, Some(3), Some(3), Some(1)]);

    let part = one(table.scan().select(["_partition.old"]));
    assert_eq!(part.column(0).as_struct().column_names(), ["old"]);
    let found = |filter: &str| {
        let rows = ids(&block_on(table.scan().select(["id"]).filter(filter).ordered().collect()).unwrap());
        assert_eq!(block_on(table.scan().filter(filter).count()).unwrap(), rows.len() as u64, "{filter}");
        rows
    };
    assert_eq!(found("_partition.new = 'a'"), [0, 1]);
    assert_eq!(found("_partition.new is null"), [2, 3, 4, 5]);
    assert_eq!(found("_partition.new is not null and id > 0"), [1, 6]);
    assert_eq!(found("_partition.old = 3 and id > 4"), [5]);
    assert_eq!(found("_partition is null"), [0_i64; 0]);
    let error = block_on(table.scan().select(["_partition.none"]).collect()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[test]
fn a_table_that_was_never_partitioned_has_a_partition_of_null() {
    block_on(async {
        let table = Warehouse::new(MemoryStore::new()).create("t").schema(schema(PrimitiveType::String)).await.unwrap();
        table.append([rows(0..3)]).await.unwrap();
        let batches = table.scan().select(["_partition", "id"]).collect().await.unwrap();
        assert_eq!(batches[0].column(0).data_type(), &DataType::Null);
        assert_eq!(batches[0].num_rows(), 3);
        assert_eq!(table.scan().filter("_partition is null").count().await.unwrap(), 3);
        assert_eq!(table.scan().filter("_partition is not null").count().await.unwrap(), 0);
    });
}

#[test]
fn a_partition_value_of_another_type_fails_those_alone_who_ask_for_it() {
    let mut made = Made::new(schema(PrimitiveType::String), vec![vec![partition_field(2, Transform::Identity)]]);
    let file = made.data(1, 0, vec![Some(Value::String("a".to_owned()))], &rows(0..2));
    let table = made.table(Some(schema(PrimitiveType::Boolean)));
    assert_eq!(ids(&block_on(table.scan().select(["id"]).collect()).unwrap()), [0, 1]);
    let error = block_on(table.scan().select(["id", "_partition"]).collect()).unwrap_err();
    assert!(error.to_string().contains(&file) && error.to_string().contains("p2_identity"), "{error}");
}
