//! Tables of format version 3: row ids, deletion vectors, and what an upgrade does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray};
use futures::executor::block_on;
use futures::future::join_all;

use crate::avro::{decode_manifest, decode_manifest_list};
use crate::spec::{
    DataContent, DataFile, EntryStatus, ManifestContent, ManifestFile, ManifestSource, NestedField, PrimitiveType,
    Schema, SchemaUpdate,
};
use crate::store::{GetOptions, MemoryStore, ObjectStore};
use crate::{ErrorKind, Merge, Table, Warehouse};

/// The id and name of a row, its row id, and when it was last updated.
pub(super) type Row = (i64, String, Option<i64>, Option<i64>);

pub(super) fn schema() -> Schema {
    let id = NestedField::required("id", PrimitiveType::Long);
    Schema::new([id, NestedField::optional("name", PrimitiveType::String)]).unwrap()
}

pub(super) fn named(ids: impl IntoIterator<Item = i64>, name: &str) -> [RecordBatch; 1] {
    let ids = Int64Array::from_iter_values(ids);
    let names = StringArray::from_iter_values(std::iter::repeat_n(name, ids.len()));
    let columns: [(&str, ArrayRef); 2] = [("id", Arc::new(ids)), ("name", Arc::new(names))];
    [RecordBatch::try_from_iter(columns).unwrap()]
}

pub(super) async fn read(table: &Table) -> Vec<Row> {
    table.refresh().await.unwrap();
    let columns = ["id", "name", "_row_id", "_last_updated_sequence_number"];
    let mut rows = Vec::new();
    for batch in table.scan().select(columns).collect().await.unwrap() {
        let [ids, row_ids, updated] = [0, 2, 3].map(|at| batch.column(at).as_primitive::<Int64Type>().clone());
        let names = batch.column(1).as_string::<i32>();
        let some = |values: &Int64Array, row| values.is_valid(row).then(|| values.value(row));
        rows.extend(
            (0..batch.num_rows())
                .map(|row| (ids.value(row), names.value(row).to_owned(), some(&row_ids, row), some(&updated, row))),
        );
    }
    rows.sort();
    rows
}

/// By id, of a table that has each id once.
async fn lineage(table: &Table) -> BTreeMap<i64, (Option<i64>, Option<i64>)> {
    let rows = read(table).await;
    let by_id: BTreeMap<_, _> = rows.iter().map(|(id, _, row_id, updated)| (*id, (*row_id, *updated))).collect();
    assert_eq!(by_id.len(), rows.len(), "an id is there twice");
    by_id
}

pub(super) async fn table(store: &MemoryStore, version: i32, mode: &str) -> Table {
    let create = Warehouse::new(store.clone()).create("t").schema(schema()).format_version(version);
    create.property("write.delete.mode", mode).property("write.merge.mode", mode).await.unwrap()
}

pub(super) async fn open(store: &MemoryStore) -> Table {
    Warehouse::new(store.clone()).open("t").await.unwrap()
}

async fn bytes(store: &MemoryStore, uri: &str) -> Vec<u8> {
    let key = uri.strip_prefix("memory://").unwrap().split_once('/').unwrap().1;
    store.get(key, GetOptions::default()).await.unwrap().bytes.to_vec()
}

async fn manifests(store: &MemoryStore, table: &Table) -> Vec<ManifestFile> {
    let ManifestSource::List(uri) = table.metadata().current_snapshot().unwrap().manifests.clone() else { panic!() };
    decode_manifest_list(&bytes(store, &uri).await).unwrap()
}

/// The delete files that are part of the table, as manifests have them.
async fn deletes(store: &MemoryStore, table: &Table) -> Vec<DataFile> {
    let mut found = Vec::new();
    for file in manifests(store, table).await.iter().filter(|file| file.content == ManifestContent::Deletes) {
        let manifest = decode_manifest(&bytes(store, &file.manifest_path).await).unwrap();
        let live = manifest.entries.into_iter().filter(|entry| entry.status != EntryStatus::Deleted);
        found.extend(live.map(|entry| entry.data_file));
    }
    found
}

#[test]
fn rows_get_ids_in_the_order_of_commits_and_keep_them() {
    block_on(async {
        let store = MemoryStore::new();
        let table = table(&store, 3, "copy-on-write").await;
        assert_eq!((table.metadata().format_version, table.metadata().next_row_id), (3, Some(0)));
        table.append(named(0..3, "a")).await.unwrap();
        table.append(named(10..12, "b")).await.unwrap();
        let rows = lineage(&table).await;
        assert_eq!(rows[&0], (Some(0), Some(1)));
        assert_eq!(rows[&2], (Some(2), Some(1)));
        assert_eq!(rows[&11], (Some(4), Some(2)));
        let snapshots = table.snapshots();
        let ids: Vec<_> = snapshots.iter().map(|snapshot| (snapshot.first_row_id, snapshot.added_rows)).collect();
        assert_eq!(ids, [(Some(0), Some(3)), (Some(3), Some(2))]);
        assert_eq!(table.metadata().next_row_id, Some(5));
        let list: Vec<_> = manifests(&store, &table).await.iter().map(|file| file.first_row_id).collect();
        assert_eq!(list, [Some(3), Some(0)]);
        assert_eq!(lineage(&open(&store).await).await, rows);
    });
}

#[test]
fn writers_at_once_never_give_two_rows_the_same_id() {
    block_on(async {
        let store = MemoryStore::new();
        let first = table(&store, 3, "copy-on-write").await;
        let others = [open(&store).await, open(&store).await, first.clone()];
        let appends =
            (0..24).map(|n| others[n as usize % 3].append(named(n * 10..n * 10 + 1 + n % 4, "a")).into_future());
        let receipts = join_all(appends).await;
        assert!(receipts.iter().any(|receipt| receipt.as_ref().unwrap().conflicts > 0));
        let rows = lineage(&first).await;
        let ids: BTreeSet<_> = rows.values().map(|(row_id, _)| row_id.unwrap()).collect();
        assert_eq!((rows.len(), ids.len()), (60, 60));
        assert_eq!((ids.first(), ids.last()), (Some(&0), Some(&59)));
        assert_eq!(first.metadata().next_row_id, Some(60));
    });
}

#[test]
fn an_upgrade_touches_no_file_and_the_next_commit_gives_rows_ids() {
    block_on(async {
        let store = MemoryStore::new();
        let table = table(&store, 2, "merge-on-read").await;
        table.append(named(0..4, "a")).await.unwrap();
        table.delete("id = 1").await.unwrap();
        let receipt = table.upgrade(3).await.unwrap();
        assert_eq!((receipt.version, table.metadata().format_version), (4, 3));
        assert!(table.metadata().property("format-version").is_none());
        assert_eq!(lineage(&table).await[&0], (None, None));
        table.append(named(10..11, "b")).await.unwrap();
        let rows = lineage(&table).await;
        let ids: BTreeSet<_> = rows.values().map(|(row_id, _)| row_id.unwrap()).collect();
        assert_eq!((rows.len(), ids.len()), (4, 4));
        assert_eq!((rows[&0].1, rows[&10].1), (Some(1), Some(3)));
        // What was given once stays.
        table.append(named(20..21, "c")).await.unwrap();
        assert_eq!(lineage(&table).await.into_iter().filter(|(id, _)| *id < 20).collect::<BTreeMap<_, _>>(), rows);
        table.upgrade(3).await.unwrap();
        let error = table.transaction().set_property("format-version", "2").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert_eq!(table.upgrade(4).await.unwrap_err().kind(), ErrorKind::InvalidInput);
        assert_eq!(
            table.transaction().set_property("format-version", "x").await.unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
        assert!(table.transaction().remove_property("format-version").await.is_err());
    });
}

#[test]
fn a_table_is_upgraded_and_written_to_in_one_commit() {
    block_on(async {
        let store = MemoryStore::new();
        let table = table(&store, 2, "merge-on-read").await;
        table.append(named(0..4, "a")).await.unwrap();
        table
            .transaction()
            .append(named(4..5, "b"))
            .upgrade(3)
            .delete("id = 0")
            .append(named(5..6, "c"))
            .await
            .unwrap();
        let ids: BTreeSet<_> = lineage(&table).await.values().map(|(row_id, _)| row_id.unwrap()).collect();
        assert_eq!(ids.len(), 5);
        assert_eq!(deletes(&store, &table).await.len(), 1);
    });
}

#[test]
fn deletes_are_written_as_one_vector_for_each_file_which_absorbs_what_was_before() {
    block_on(async {
        let store = MemoryStore::new();
        let table = table(&store, 3, "merge-on-read").await;
        table.append(named(0..10, "a")).await.unwrap();
        table.append(named(10..20, "b")).await.unwrap();
        table.delete("id = 3 or id = 13 or id = 14").await.unwrap();
        let before = lineage(&table).await;
        let vectors = deletes(&store, &table).await;
        let counts: BTreeSet<_> = vectors.iter().map(|vector| vector.metrics.record_count).collect();
        assert_eq!((vectors.len(), counts), (2, BTreeSet::from([1, 2])));
        assert!(
            vectors
                .iter()
                .all(|vector| vector.file_format == "PUFFIN" && vector.content == DataContent::PositionDeletes)
        );
        assert_eq!(vectors[0].file_path, vectors[1].file_path, "one file for all");
        let receipt = table.delete("id = 4 or id = 3").await.unwrap();
        assert_eq!(receipt.deleted, 1);
        let vectors = deletes(&store, &table).await;
        assert_eq!(vectors.len(), 2, "the vector that was replaced is gone");
        let counts: BTreeSet<_> =
            vectors.iter().map(|vector| (vector.metrics.record_count, vector.referenced_data_file.clone())).collect();
        assert_eq!(counts.iter().map(|(count, _)| *count).collect::<Vec<_>>(), [2, 2]);
        assert_eq!(counts.len(), 2);
        let expected: BTreeMap<_, _> = before.into_iter().filter(|(id, _)| *id != 4).collect();
        assert_eq!(lineage(&table).await, expected);
        assert_eq!(table.scan().count().await.unwrap(), 16);
        let summary = &table.metadata().current_snapshot().unwrap().summary.properties.clone();
        let counts = ["total-delete-files", "total-position-deletes", "added-dvs", "removed-dvs", "total-records"];
        assert_eq!(counts.map(|name| summary[name].as_str()), ["2", "4", "1", "1", "20"]);
    });
}

#[test]
fn a_vector_takes_in_the_position_deletes_of_before_an_upgrade() {
    block_on(async {
        let store = MemoryStore::new();
        let table = table(&store, 2, "merge-on-read").await;
        table.append(named(0..10, "a")).await.unwrap();
        table.append(named(10..20, "a")).await.unwrap();
        // Of both files in one delete file, and of one alone.
        table.delete("id = 1 or id = 11").await.unwrap();
        table.delete("id = 2").await.unwrap();
        table.upgrade(3).await.unwrap();
        assert_eq!(table.delete("id = 3").await.unwrap().deleted, 1);
        let formats: Vec<_> = deletes(&store, &table)
            .await
            .iter()
            .map(|file| (file.file_format.clone(), file.metrics.record_count))
            .collect();
        let expected = [("PUFFIN", 3), ("PARQUET", 2)].map(|(format, count)| (format.to_owned(), count));
        assert_eq!(formats, expected, "what is of another file too stays");
        let ids: Vec<_> = lineage(&table).await.into_keys().collect();
        assert_eq!(ids, (0..20).filter(|id| ![1, 2, 3, 11].contains(id)).collect::<Vec<_>>());
    });
}

#[test]
fn a_file_that_goes_takes_its_vector_along() {
    for mode in ["copy-on-write", "merge-on-read"] {
        block_on(async {
            let store = MemoryStore::new();
            let table = table(&store, 3, "merge-on-read").await;
            table.append(named(0..10, "a")).await.unwrap();
            table.delete("id = 3").await.unwrap();
            let before = lineage(&table).await;
            let change = table.transaction().set_property("write.delete.mode", mode);
            let filter = if mode == "copy-on-write" { "id = 4" } else { "id < 10" };
            change.delete(filter).await.unwrap();
            assert!(deletes(&store, &table).await.is_empty(), "{mode}");
            let expected = before.into_iter().filter(|(id, _)| mode == "copy-on-write" && *id != 4).collect();
            assert_eq!(lineage(&table).await, expected, "{mode}");
            let totals = table.metadata().current_snapshot().unwrap().summary.totals().unwrap();
            assert_eq!((totals.delete_files, totals.position_deletes), (0, 0), "{mode}");
        });
    }
}

#[test]
fn two_who_delete_from_one_file_at_once_both_have_their_way() {
    block_on(async {
        let store = MemoryStore::new();
        let one = table(&store, 3, "merge-on-read").await;
        one.append(named(0..10, "a")).await.unwrap();
        let before = lineage(&one).await;
        let other = open(&store).await;
        one.delete("id = 3").await.unwrap();
        let receipt = other.delete("id = 3 or id = 7").await.unwrap();
        assert_eq!((receipt.conflicts, receipt.deleted), (1, 1));
        let vectors = deletes(&store, &other).await;
        assert_eq!((vectors.len(), vectors[0].metrics.record_count), (1, 2));
        let expected: BTreeMap<_, _> = before.into_iter().filter(|(id, _)| ![3, 7].contains(id)).collect();
        assert_eq!(lineage(&one).await, expected);
    });
}

#[test]
fn rows_that_are_rewritten_keep_their_ids_and_when_they_were_updated() {
    block_on(async {
        let store = MemoryStore::new();
        let table = table(&store, 3, "copy-on-write").await;
        table.append(named(0..5, "a")).await.unwrap();
        table.append(named(5..10, "b")).await.unwrap();
        let before = lineage(&table).await;
        table.delete("id = 3 or id = 8").await.unwrap();
        // Of what was rewritten once.
        table.delete("id = 9").await.unwrap();
        table.append(named(20..22, "c")).await.unwrap();
        let rows = lineage(&table).await;
        let old: BTreeMap<_, _> = rows.iter().filter(|(id, _)| **id < 20).map(|(id, own)| (*id, *own)).collect();
        assert_eq!(old, before.into_iter().filter(|(id, _)| ![3, 8, 9].contains(id)).collect());
        let ids: BTreeSet<_> = rows.values().map(|(row_id, _)| row_id.unwrap()).collect();
        assert_eq!(ids.len(), rows.len());
    });
}

#[test]
fn a_row_that_is_upserted_keeps_its_id_and_is_updated() {
    for mode in ["copy-on-write", "merge-on-read"] {
        block_on(async {
            let store = MemoryStore::new();
            let table = table(&store, 3, mode).await;
            table.append(named(0..5, "a")).await.unwrap();
            let before = lineage(&table).await;
            table.upsert(named([1, 3, 50], "b"), ["id"]).await.unwrap();
            table.upsert(named([3], "c"), ["id", "name"]).await.unwrap();
            let rows = read(&table).await;
            let now = |id: i64, name: &str| rows.iter().find(|row| row.0 == id && row.1 == name).unwrap().clone();
            assert_eq!(now(0, "a"), (0, "a".into(), before[&0].0, Some(1)), "{mode}");
            assert_eq!(now(1, "b"), (1, "b".into(), before[&1].0, Some(2)), "{mode}");
            assert_eq!(now(3, "b"), (3, "b".into(), before[&3].0, Some(2)), "{mode}");
            assert!(now(50, "b").2 >= Some(5) && now(3, "c").2 >= Some(5), "{mode}: new rows have new ids");
            let ids: BTreeSet<_> = rows.iter().map(|row| row.2.unwrap()).collect();
            assert_eq!((ids.len(), rows.len()), (7, 7), "{mode}");
        });
    }
}

/// What was prepared for version 2 was committed to a table that another writer had upgraded meanwhile.
#[test]
fn what_was_prepared_for_version_2_is_prepared_anew_for_version_3() {
    for mode in ["copy-on-write", "merge-on-read"] {
        block_on(async {
            let store = MemoryStore::new();
            let other = table(&store, 2, mode).await;
            other.append(named(0..10, "a")).await.unwrap();
            let deleting = open(&store).await;
            let upserting = open(&store).await;
            let appending = open(&store).await;
            other.transaction().upgrade(3).append(named(10..11, "b")).await.unwrap();
            let before = lineage(&other).await;
            assert_eq!(deleting.delete("id < 3").await.unwrap().conflicts, 1);
            assert_eq!(upserting.upsert(named([5], "c"), ["id"]).await.unwrap().conflicts, 1);
            assert_eq!(appending.append(named(30..31, "d")).await.unwrap().conflicts, 1);
            let rows = lineage(&other).await;
            for (id, own) in &rows {
                match id {
                    30 => assert!(own.0.is_some_and(|row_id| before.values().all(|old| old.0 != Some(row_id)))),
                    5 => assert_eq!((own.0, own.1), (before[id].0, Some(4)), "{mode}"),
                    _ => assert_eq!(*own, before[id], "{mode}: {id}"),
                }
            }
            assert!(deletes(&store, &other).await.iter().all(|file| file.file_format == "PUFFIN"), "{mode}");
        });
    }
}

/// A transaction appended a file and wrote it anew, when another was first. What it had written said the number that the other
/// then had, and was committed since the rows were the same.
#[test]
fn rows_that_a_transaction_appends_and_rewrites_say_its_own_number() {
    block_on(async {
        let store = MemoryStore::new();
        let other = table(&store, 3, "merge-on-read").await;
        other.append(named(0..3, "a")).await.unwrap();
        let own = open(&store).await;
        other.delete("id = 0").await.unwrap();
        let change = own.transaction().set_property("write.delete.mode", "copy-on-write");
        assert_eq!(change.append(named(10..13, "b")).delete("id = 11").await.unwrap().conflicts, 1);
        assert_eq!(lineage(&own).await[&10], (Some(3), Some(3)));
    });
}

/// Another writer changed a comment alone: rows to be merged were the same, and were refused for the column of their ids.
#[test]
fn a_merge_goes_on_where_another_changes_what_rows_do_not_show() {
    block_on(async {
        let store = MemoryStore::new();
        let other = table(&store, 3, "merge-on-read").await;
        other.append(named(0..3, "a")).await.unwrap();
        let before = lineage(&other).await;
        let own = open(&store).await;
        other.update_schema(SchemaUpdate::new().set_doc("name", Some("what it is called"))).await.unwrap();
        let merge = Merge::new(named([1, 5], "b"), ["id"]).when_matched_update().when_not_matched_insert();
        assert_eq!(own.merge(merge).await.unwrap().conflicts, 1);
        let rows = lineage(&own).await;
        assert_eq!((rows[&1], rows[&0], rows.len()), ((before[&1].0, Some(2)), before[&0], 4));
    });
}

/// Rows that had no ids were written anew for the version before. Another writer's commit then gave them ids, which what was
/// written did not have: they got others.
#[test]
fn rows_that_get_ids_while_they_are_rewritten_keep_those() {
    for mode in ["copy-on-write", "merge-on-read"] {
        block_on(async {
            let store = MemoryStore::new();
            let other = table(&store, 2, mode).await;
            other.append(named(0..10, "a")).await.unwrap();
            other.upgrade(3).await.unwrap();
            let (deleting, upserting) = (open(&store).await, open(&store).await);
            other.append(named(10..11, "b")).await.unwrap();
            let before = lineage(&other).await;
            assert_eq!(deleting.delete("id < 3").await.unwrap().conflicts, 1);
            assert_eq!(upserting.upsert(named([5], "c"), ["id"]).await.unwrap().conflicts, 1);
            for (id, own) in lineage(&other).await {
                let updated = if id == 5 { Some(4) } else { before[&id].1 };
                assert_eq!(own, (before[&id].0, updated), "{mode}: {id}");
            }
        });
    }
}
