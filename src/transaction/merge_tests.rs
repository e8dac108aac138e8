use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use futures::executor::block_on;
use futures::future::join_all;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::spec::{NestedField, PrimitiveType, Schema, SchemaUpdate};
use crate::store::{CountingStore, MemoryStore};
use crate::{ErrorKind, Isolation, Merge, Table, Warehouse, records_to_batch};

const MODES: [&str; 2] = ["copy-on-write", "merge-on-read"];

fn schema() -> Schema {
    Schema::new([
        NestedField::required("id", PrimitiveType::Long),
        NestedField::required("name", PrimitiveType::String),
        NestedField::optional("n", PrimitiveType::Long),
    ])
    .unwrap()
}

async fn table(store: MemoryStore, mode: &str) -> Table {
    Warehouse::new(store).create("t").schema(schema()).property("write.merge.mode", mode).await.unwrap()
}

type Row = (i64, String, Option<i64>);

fn row((id, name, n): (i64, &str, impl Into<Option<i64>>)) -> Row {
    (id, name.to_owned(), n.into())
}

async fn append(table: &Table, rows: &[(i64, &str, i64)]) {
    let records: Vec<Json> = rows.iter().map(|(id, name, n)| json!({"id": id, "name": name, "n": n})).collect();
    table.append_records(&records).await.unwrap();
}

async fn read(table: &Table) -> Vec<Row> {
    table.refresh().await.unwrap();
    let mut all = Vec::new();
    for batch in table.scan().collect().await.unwrap() {
        let (ids, names) = (column::<Int64Array>(&batch, 0), column::<StringArray>(&batch, 1));
        let n = column::<Int64Array>(&batch, 2);
        all.extend(
            ids.values()
                .iter()
                .zip(names.iter())
                .zip(n.iter())
                .map(|((id, name), n)| (*id, name.unwrap().to_owned(), n)),
        );
    }
    all.sort();
    all
}

fn column<A: Clone + 'static>(batch: &RecordBatch, at: usize) -> A {
    batch.column(at).as_any().downcast_ref::<A>().unwrap().clone()
}

/// Rows of a change log: an operation, a key, and a name.
fn log(rows: &[(&str, i64, &str)]) -> RecordBatch {
    let columns: [(&str, ArrayRef); 3] = [
        ("op", Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.0)))),
        ("id", Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.1)))),
        ("name", Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.2)))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

#[test]
fn a_log_of_changes_deletes_updates_and_inserts_as_one_snapshot_and_leaves_other_columns_as_they_are() {
    for mode in MODES {
        block_on(async {
            let table = table(MemoryStore::new(), mode).await;
            append(&table, &[(1, "a", 10), (2, "b", 20), (3, "c", 30)]).await;
            append(&table, &[(4, "d", 40), (5, "e", 50)]).await;
            let changes = [("u", 2, "B"), ("d", 3, ""), ("u", 6, "F"), ("d", 7, ""), ("u", 5, "E"), ("ignore", 4, "?")];
            let merge = Merge::new([log(&changes)], ["id"])
                .when_matched_delete_if("op = 'd'")
                .when_matched_update_if("op = 'u'")
                .when_not_matched_insert_if("op = 'u'");
            let receipt = table.merge(merge).await.unwrap();
            assert_eq!((receipt.rows, receipt.deleted, receipt.snapshot_ids.len()), (3, 3, 1), "{mode}");
            let expected =
                [(1, "a", Some(10)), (2, "B", Some(20)), (4, "d", Some(40)), (5, "E", Some(50)), (6, "F", None)];
            assert_eq!(read(&table).await, expected.map(row), "{mode}");
        });
    }
}

#[test]
fn the_first_clause_that_holds_counts_and_without_one_nothing_happens() {
    block_on(async {
        let table = table(MemoryStore::new(), MODES[0]).await;
        append(&table, &[(1, "a", 1), (2, "b", 2)]).await;
        let version = table.version();
        let nothing = Merge::new([log(&[("x", 1, "X"), ("x", 9, "X")])], ["id"]).when_matched_delete_if("op = 'd'");
        let receipt = table.merge(nothing).await.unwrap();
        assert_eq!((receipt.rows, receipt.deleted, receipt.version), (0, 0, version), "nothing is committed");
        let merge = Merge::new([log(&[("d", 1, "X"), ("d", 2, "X")])], ["id"]);
        let merge = merge.when_matched_update_if("id = 1").when_matched_delete_if("op = 'd'");
        table.merge(merge).await.unwrap();
        assert_eq!(read(&table).await, [row((1, "X", 1))]);
    });
}

#[test]
fn a_source_with_two_rows_of_one_key_is_refused_by_their_numbers_or_the_last_wins() {
    block_on(async {
        let table = table(MemoryStore::new(), MODES[0]).await;
        append(&table, &[(1, "a", 1)]).await;
        let source = || Merge::new([log(&[("u", 1, "X"), ("u", 2, "Y"), ("u", 1, "Z")])], ["id"]).when_matched_update();
        let error = table.merge(source()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("`op` is neither"), "{error}");
        let plain = || log(&[("u", 1, "X"), ("u", 2, "Y"), ("u", 1, "Z")]).project(&[1, 2]).unwrap();
        let source = || Merge::new([plain()], ["id"]).when_matched_update();
        let error = table.merge(source()).await.unwrap_err();
        assert!(error.to_string().contains("rows 0 and 2 have the same key (id)"), "{error}");
        assert_eq!(read(&table).await, [row((1, "a", 1))]);
        table.merge(source().last_wins()).await.unwrap();
        assert_eq!(read(&table).await, [row((1, "Z", 1))]);
    });
}

#[test]
fn what_cannot_be_merged_is_said_and_nothing_is_changed() {
    block_on(async {
        let table = table(MemoryStore::new(), MODES[0]).await;
        append(&table, &[(1, "a", 1)]).await;
        let version = table.version();
        let ids: ArrayRef = Arc::new(Int64Array::from(vec![Some(5), None]));
        let nulls = RecordBatch::try_from_iter([("id", ids.clone())]).unwrap();
        let five = RecordBatch::try_from_iter([("id", ids.slice(0, 1))]).unwrap();
        let of = |batch: &RecordBatch| Merge::new([batch.clone()], ["id"]);
        let log = log(&[("u", 1, "X")]);
        let cases = [
            (of(&nulls).when_matched_delete(), "row 1, column `id`: null"),
            (of(&five).when_not_matched_insert(), "name"),
            (of(&log).when_matched_update_if("op = "), "a literal was expected"),
            (of(&log).when_matched_update_if("opp = 'u'"), "opp"),
            (Merge::new([log.clone()], ["key"]).when_matched_update_if("op = 'u'"), "key"),
            (Merge::new([log.clone(), five.clone()], ["id"]).when_matched_delete(), "different columns"),
        ];
        for (merge, wanted) in cases {
            let error = table.merge(merge).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
            assert!(error.to_string().contains(wanted), "{wanted}: {error}");
        }
        assert_eq!((table.refresh().await.unwrap(), read(&table).await), (version, vec![row((1, "a", 1))]));
    });
}

#[test]
fn what_identifies_rows_is_the_key_where_none_is_said_and_nested_columns_are_kept() {
    block_on(async {
        let schema = Schema::try_from(&arrow_schema::Schema::new(vec![
            arrow_schema::Field::new("id", arrow_schema::DataType::Int64, false),
            arrow_schema::Field::new("n", arrow_schema::DataType::Int64, true),
            arrow_schema::Field::new_list(
                "tags",
                arrow_schema::Field::new("element", arrow_schema::DataType::Utf8, true),
                true,
            ),
        ]));
        let table = Warehouse::new(MemoryStore::new()).create("t").schema(schema.unwrap()).await.unwrap();
        table.update_schema(SchemaUpdate::new().set_identifier_fields(["id"])).await.unwrap();
        table
            .append_records(&[json!({"id": 1, "n": 1, "tags": ["a", "b"]}), json!({"id": 2, "tags": []})])
            .await
            .unwrap();
        let source =
            records_to_batch(&table.schema().unwrap(), &[json!({"id": 2, "n": 22}), json!({"id": 1, "n": 11})])
                .unwrap();
        let none: [&str; 0] = [];
        let merge = Merge::new([source.project(&[0, 1]).unwrap()], none).when_matched_update();
        table.merge(merge).await.unwrap();
        let batches = table.scan().filter("n = 11").collect().await.unwrap();
        let tags = batches[0].column_by_name("tags").unwrap();
        let tags: &arrow_array::ListArray = tags.as_any().downcast_ref().unwrap();
        assert_eq!(
            format!("{:?}", tags.value(0)),
            format!("{:?}", Arc::new(StringArray::from(vec!["a", "b"])) as ArrayRef)
        );
        assert_eq!(table.scan().filter("n = 22").count().await.unwrap(), 1);
    });
}

#[test]
fn every_row_of_the_table_with_the_key_matches() {
    for mode in MODES {
        block_on(async {
            let table = table(MemoryStore::new(), mode).await;
            append(&table, &[(1, "a", 1), (1, "b", 2), (2, "c", 3)]).await;
            let source = log(&[("u", 1, "X")]).project(&[1, 2]).unwrap();
            table.merge(Merge::new([source], ["id"]).when_matched_update()).await.unwrap();
            assert_eq!(read(&table).await, [row((1, "X", 1)), row((1, "X", 2)), row((2, "c", 3))], "{mode}");
        });
    }
}

#[test]
fn a_writer_that_was_overtaken_merges_into_what_the_other_left() {
    for mode in MODES {
        block_on(async {
            let store = MemoryStore::new();
            let first = table(store.clone(), mode).await;
            append(&first, &[(1, "a", 1)]).await;
            let late = Warehouse::new(store).open("t").await.unwrap();
            append(&first, &[(2, "b", 2)]).await;
            first.delete("id = 1").await.unwrap();
            let source = log(&[("u", 1, "X"), ("u", 2, "Y")]).project(&[1, 2]).unwrap();
            let merge = Merge::new([source], ["id"]).when_matched_update().when_not_matched_insert();
            let receipt = late.merge(merge).await.unwrap();
            assert_eq!((receipt.rows, receipt.deleted), (2, 1), "{mode}");
            assert_eq!(read(&first).await, [row((1, "X", None)), row((2, "Y", 2))], "{mode}");
        });
    }
}

#[test]
fn under_snapshot_isolation_rows_that_others_added_meanwhile_are_left_alone_and_removed_files_conflict() {
    block_on(async {
        let store = MemoryStore::new();
        let first = table(store.clone(), MODES[0]).await;
        append(&first, &[(1, "a", 1)]).await;
        let merge = || {
            let source = log(&[("u", 1, "X"), ("u", 2, "Y")]).project(&[1, 2]).unwrap();
            Merge::new([source], ["id"]).when_matched_update().when_not_matched_insert()
        };
        let late = Warehouse::new(store.clone()).open("t").await.unwrap();
        append(&first, &[(2, "b", 2)]).await;
        late.merge(merge()).isolation(Isolation::Snapshot).await.unwrap();
        assert_eq!(read(&first).await, [row((1, "X", 1)), row((2, "Y", None)), row((2, "b", 2))]);
        let late = Warehouse::new(store).open("t").await.unwrap();
        first.delete("id = 1").await.unwrap();
        let error = late.merge(merge()).isolation(Isolation::Snapshot).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    });
}

#[test]
fn writers_that_merge_the_same_keys_at_once_leave_one_row_for_each() {
    for mode in MODES {
        block_on(async {
            let store = MemoryStore::new();
            let first = table(store.clone(), mode).await;
            let writers = (1..=5).map(|writer: i64| {
                let warehouse = Warehouse::new(store.clone());
                async move {
                    let table = warehouse.open("t").await.unwrap();
                    let records: Vec<Json> = (0..10).map(|id| json!({"id": id, "name": "x", "n": writer})).collect();
                    let source = records_to_batch(&table.schema().unwrap(), &records).unwrap();
                    let merge = Merge::new([source], ["id"]).when_matched_update().when_not_matched_insert();
                    table.merge(merge).await.unwrap();
                }
            });
            join_all(writers).await;
            let all = read(&first).await;
            assert_eq!(all.iter().map(|(id, ..)| *id).collect::<Vec<_>>(), (0..10).collect::<Vec<_>>(), "{mode}");
            assert!(all.windows(2).all(|pair| pair[0].2 == pair[1].2), "one of them was the last, whole: {all:?}");
        });
    }
}

#[test]
fn only_files_that_may_hold_a_key_are_read() {
    block_on(async {
        let store = CountingStore::new(Arc::new(MemoryStore::new()));
        let create = Warehouse::new(store.clone()).create("t").schema(schema());
        let table = create.property("write.merge.mode", MODES[1]).await.unwrap();
        for file in 0..20 {
            append(&table, &[(file * 10, "a", 1), (file * 10 + 5, "b", 2)]).await;
        }
        let source = log(&[("u", 75, "X")]).project(&[1, 2]).unwrap();
        table.scan().plan().await.unwrap();
        store.take();
        table.merge(Merge::new([source], ["id"]).when_matched_update()).await.unwrap();
        let reads = store.take().gets;
        assert!(reads <= 2, "{reads} reads for one key in one of 20 files, whose manifests are known");
    });
}

#[derive(Clone, Debug)]
enum Does {
    Update,
    Delete,
    Insert,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_merges_leave_what_a_map_would(
        merges in prop::collection::vec(
            (
                prop::collection::btree_map(0..25_i64, (0..4_usize, any::<i16>()), 1..12),
                prop::collection::vec(
                    (prop::sample::select(vec![Does::Update, Does::Delete, Does::Insert]), prop::option::of(0..4_usize)), 1..5),
                any::<bool>(),
            ),
            1..7,
        ),
    ) {
        block_on(async {
            let table = table(MemoryStore::new(), MODES[0]).await;
            let mut model: BTreeMap<i64, Row> = BTreeMap::new();
            for (source, clauses, merge_on_read) in merges {
                let ops = ["a", "b", "c", "d"];
                let rows: Vec<(&str, i64, String)> =
                    source.iter().map(|(id, (op, name))| (ops[*op], *id, name.to_string())).collect();
                let rows: Vec<(&str, i64, &str)> = rows.iter().map(|(op, id, name)| (*op, *id, name.as_str())).collect();
                // The column must be in a condition.
                let mut merge = Merge::new([log(&rows)], ["id"]).when_matched_update_if("op = 'none'");
                for (does, op) in &clauses {
                    let condition = op.map_or("op != 'none'".to_owned(), |op| format!("op = '{}'", ops[op]));
                    merge = match does {
                        Does::Update => merge.when_matched_update_if(condition),
                        Does::Delete => merge.when_matched_delete_if(condition),
                        Does::Insert => merge.when_not_matched_insert_if(condition),
                    };
                }
                let mode = MODES[usize::from(merge_on_read)];
                table.transaction().set_property("write.merge.mode", mode).merge(merge).await.unwrap();
                for (op, id, name) in rows {
                    let holds = |condition: &Option<usize>| condition.is_none_or(|condition| ops[condition] == op);
                    let there = model.contains_key(&id);
                    let first = clauses.iter().find(|(does, condition)| {
                        matches!(does, Does::Insert) != there && holds(condition)
                    });
                    match first {
                        Some((Does::Update, _)) => name.clone_into(&mut model.get_mut(&id).unwrap().1),
                        Some((Does::Delete, _)) => drop(model.remove(&id)),
                        Some((Does::Insert, _)) => drop(model.insert(id, (id, name.to_owned(), None))),
                        None => {}
                    }
                }
                assert_eq!(read(&table).await, model.values().cloned().collect::<Vec<_>>());
            }
        });
    }
}
