use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use futures::executor::block_on;
use futures::future::join_all;
use proptest::prelude::*;

use crate::spec::{NestedField, Operation, PrimitiveType, Schema, SchemaUpdate};
use crate::store::{CountingStore, MemoryStore};
use crate::{ErrorKind, Table, Warehouse};

type Row = (i64, &'static str, i64);

fn schema() -> Schema {
    Schema::new([
        NestedField::required("id", PrimitiveType::Long),
        NestedField::optional("kind", PrimitiveType::String),
        NestedField::optional("value", PrimitiveType::Long),
    ])
    .unwrap()
}

fn rows(rows: impl IntoIterator<Item = Row>) -> [RecordBatch; 1] {
    let rows: Vec<Row> = rows.into_iter().collect();
    let columns: [(&str, ArrayRef); 3] = [
        ("id", Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.0)))),
        ("kind", Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.1)))),
        ("value", Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.2)))),
    ];
    [RecordBatch::try_from_iter(columns).unwrap()]
}

async fn read(table: &Table) -> Vec<(i64, String, i64)> {
    table.refresh().await.unwrap();
    let mut all = Vec::new();
    for batch in table.scan().collect().await.unwrap() {
        let (ids, values) = (batch.column(0).as_primitive::<Int64Type>(), batch.column(2).as_primitive::<Int64Type>());
        let kinds = batch.column(1).as_string::<i32>();
        all.extend((0..batch.num_rows()).map(|row| (ids.value(row), kinds.value(row).to_owned(), values.value(row))));
    }
    all.sort();
    all
}

fn owned(rows: &[Row]) -> Vec<(i64, String, i64)> {
    rows.iter().map(|(id, kind, value)| (*id, (*kind).to_owned(), *value)).collect()
}

async fn table(store: MemoryStore, mode: &str) -> Table {
    let create = Warehouse::new(store).create("t").schema(schema());
    create.property("write.merge.mode", mode).await.unwrap()
}

const MODES: [&str; 2] = ["copy-on-write", "merge-on-read"];

#[test]
fn an_upsert_replaces_what_has_the_key_and_appends_the_rest_and_the_last_of_a_key_stays() {
    for mode in MODES {
        block_on(async {
            let table = table(MemoryStore::new(), mode).await;
            table.append(rows([(1, "a", 1), (2, "a", 2), (3, "a", 3)])).await.unwrap();
            let new = rows([(2, "b", 20), (4, "b", 40), (2, "c", 21)]);
            let receipt = table.upsert(new, ["id"]).await.unwrap();
            assert_eq!((receipt.rows, receipt.deleted, receipt.snapshot_ids.len()), (2, 1, 1), "{mode}");
            let expected = owned(&[(1, "a", 1), (2, "c", 21), (3, "a", 3), (4, "b", 40)]);
            assert_eq!(read(&table).await, expected, "{mode}");
            let metadata = table.metadata();
            assert_eq!(metadata.current_snapshot().unwrap().summary.operation, Operation::Overwrite);
            let receipt = table.upsert(rows([(9, "d", 9)]), ["id"]).await.unwrap();
            assert_eq!(receipt.deleted, 0);
            assert_eq!(table.metadata().current_snapshot().unwrap().summary.operation, Operation::Append);
        });
    }
}

#[test]
fn keys_of_several_columns_are_the_same_only_where_all_of_them_are() {
    for mode in MODES {
        block_on(async {
            let table = table(MemoryStore::new(), mode).await;
            table.append(rows([(1, "a", 1), (1, "b", 2), (2, "a", 3), (2, "b", 4)])).await.unwrap();
            // Both columns of (1, b) and (2, a) are among the values, each with the other's.
            let receipt = table.upsert(rows([(1, "a", 10), (2, "b", 40)]), ["kind", "id"]).await.unwrap();
            assert_eq!(receipt.deleted, 2, "{mode}");
            assert_eq!(read(&table).await, owned(&[(1, "a", 10), (1, "b", 2), (2, "a", 3), (2, "b", 40)]), "{mode}");
        });
    }
}

#[test]
fn the_columns_that_identify_rows_are_the_key_where_none_is_said() {
    block_on(async {
        let table = table(MemoryStore::new(), MODES[0]).await;
        let none: [&str; 0] = [];
        let error = table.upsert(rows([(1, "a", 1)]), none).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        table.update_schema(SchemaUpdate::new().set_identifier_fields(["id"])).await.unwrap();
        table.append(rows([(1, "a", 1)])).await.unwrap();
        assert_eq!(table.upsert(rows([(1, "b", 2)]), none).await.unwrap().deleted, 1);
        assert_eq!(read(&table).await, owned(&[(1, "b", 2)]));
    });
}

#[test]
fn a_key_that_cannot_tell_rows_apart_is_refused_by_name() {
    block_on(async {
        let schema = Schema::new([
            NestedField::optional("id", PrimitiveType::Long),
            NestedField::optional("ratio", PrimitiveType::Double),
        ]);
        let table = Warehouse::new(MemoryStore::new()).create("t").schema(schema.unwrap()).await.unwrap();
        let ids: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None]));
        let batch = RecordBatch::try_from_iter([("id", ids)]).unwrap();
        for (on, wanted) in
            [("id", "row 1: the key column `id` is null"), ("ratio", "`ratio` of type double"), ("idd", "`idd`")]
        {
            let error = table.upsert([batch.clone()], [on]).await.unwrap_err();
            assert!(error.kind() == ErrorKind::InvalidInput && error.to_string().contains(wanted), "{error}");
            let error = table.append_new([batch.clone()], [on]).await.unwrap_err();
            assert!(error.to_string().contains(wanted), "{error}");
        }
        assert_eq!(table.version(), 1);
    });
}

#[test]
fn only_files_that_may_hold_a_key_are_read() {
    let store = CountingStore::new(Arc::new(MemoryStore::new()));
    block_on(async {
        let table = Warehouse::new(store.clone()).create("t").schema(schema()).await.unwrap();
        for file in 0..20 {
            table.append(rows((file * 100..file * 100 + 100).map(|id| (id, "a", 0)))).await.unwrap();
        }
        table.scan().plan().await.unwrap();
        store.take();
        let receipt = table.upsert(rows([(150, "b", 1), (1_950, "b", 1), (9_999, "b", 1)]), ["id"]).await.unwrap();
        assert_eq!((receipt.rows, receipt.deleted), (3, 2));
        // Two files of twenty: each looked through for the key, and read for the rows that stay.
        let counts = store.take();
        assert!(counts.gets <= 4, "{counts:?}");
    });
}

#[test]
fn rows_that_are_there_are_not_appended_again_and_of_new_ones_the_first() {
    block_on(async {
        let table = table(MemoryStore::new(), MODES[0]).await;
        table.append(rows([(1, "a", 1), (2, "a", 2)])).await.unwrap();
        let receipt = table.append_new(rows([(2, "b", 9), (3, "b", 3), (3, "c", 4)]), ["id"]).await.unwrap();
        assert_eq!((receipt.rows, receipt.deleted), (1, 0));
        assert_eq!(read(&table).await, owned(&[(1, "a", 1), (2, "a", 2), (3, "b", 3)]));
        let version = table.version();
        let receipt = table.append_new(rows([(3, "d", 3)]), ["id"]).await.unwrap();
        assert_eq!((receipt.rows, receipt.version), (0, version), "nothing is new, nothing is committed");
    });
}

#[test]
fn writers_that_append_the_same_new_rows_at_once_append_each_once() {
    block_on(async {
        let store = MemoryStore::new();
        let first = table(store.clone(), MODES[0]).await;
        let writers = (0..6).map(|writer: i64| {
            let warehouse = Warehouse::new(store.clone());
            async move {
                let table = warehouse.open("t").await.unwrap();
                let own = rows((writer..writer + 4).map(|id| (id, "x", writer)));
                table.append_new(own, ["id"]).await.unwrap().rows
            }
        });
        let appended: u64 = join_all(writers).await.into_iter().sum();
        let ids: Vec<i64> = read(&first).await.into_iter().map(|(id, ..)| id).collect();
        assert_eq!((ids, appended), ((0..9).collect(), 9));
    });
}

#[test]
fn writers_that_upsert_the_same_keys_at_once_leave_one_row_for_each() {
    for mode in MODES {
        block_on(async {
            let store = MemoryStore::new();
            let first = table(store.clone(), mode).await;
            first.append(rows((0..10).map(|id| (id, "old", 0)))).await.unwrap();
            let writers = (1..=5).map(|writer: i64| {
                let warehouse = Warehouse::new(store.clone());
                async move {
                    let table = warehouse.open("t").await.unwrap();
                    table.upsert(rows((5..15).map(|id| (id, "new", writer))), ["id"]).await.unwrap();
                }
            });
            join_all(writers).await;
            let all = read(&first).await;
            assert_eq!(all.iter().map(|(id, ..)| *id).collect::<Vec<_>>(), (0..15).collect::<Vec<_>>(), "{mode}");
            let by: Vec<i64> = all.iter().filter(|(id, ..)| *id >= 5).map(|(.., value)| *value).collect();
            assert!(by.windows(2).all(|pair| pair[0] == pair[1]), "one of them was the last, whole: {by:?}");
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_upserts_leave_what_a_map_would(
        upserts in prop::collection::vec(
            (prop::collection::vec((0..30_i64, 0..2_usize, any::<i64>()), 1..12), any::<bool>(), any::<bool>()),
            1..8,
        ),
    ) {
        block_on(async {
            let kinds = ["a", "b"];
            let table = table(MemoryStore::new(), MODES[0]).await;
            let mut model: BTreeMap<(i64, &str), i64> = BTreeMap::new();
            for (batch, merge_on_read, only_new) in upserts {
                let batch: Vec<Row> = batch.into_iter().map(|(id, kind, value)| (id, kinds[kind], value)).collect();
                let mode = MODES[usize::from(merge_on_read)];
                let change = table.transaction().set_property("write.merge.mode", mode);
                if only_new {
                    batch.iter().for_each(|(id, kind, value)| {
                        model.entry((*id, kind)).or_insert(*value);
                    });
                    change.append_new(rows(batch), ["id", "kind"]).await.unwrap();
                } else {
                    model.extend(batch.iter().map(|(id, kind, value)| ((*id, *kind), *value)));
                    change.upsert(rows(batch), ["id", "kind"]).await.unwrap();
                }
                let expected: Vec<Row> = model.iter().map(|((id, kind), value)| (*id, *kind, *value)).collect();
                assert_eq!(read(&table).await, owned(&expected));
            }
        });
    }
}
