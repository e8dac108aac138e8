use futures::executor::block_on;
use serde_json::{Value as Json, json};

use crate::spec::{NestedField, PrimitiveType, Schema, SchemaUpdate, Type};
use crate::store::MemoryStore;
use crate::{ErrorKind, Table, Warehouse, records_to_batch};

fn schema() -> Schema {
    let place = Type::structure([NestedField::optional("city", PrimitiveType::String)]);
    Schema::new([
        NestedField::required("id", PrimitiveType::Int),
        NestedField::optional("name", PrimitiveType::String),
        NestedField::optional("place", place),
    ])
    .unwrap()
}

async fn table(store: &MemoryStore) -> Table {
    Warehouse::new(store.clone()).create("t").schema(schema()).await.unwrap()
}

/// The columns by their names, and a row of each of them as text.
async fn rows(table: &Table) -> Vec<String> {
    table.refresh().await.unwrap();
    let mut rows = Vec::new();
    for batch in table.scan().collect().await.unwrap() {
        for row in 0..batch.num_rows() {
            let cell = |column: &arrow_array::ArrayRef| {
                let column = column.slice(row, 1);
                let text = format!("{column:?}");
                let inner: String = text.lines().skip(1).map(str::trim).collect();
                inner.trim_matches(|c| c == '[' || c == ']' || c == ',').to_owned()
            };
            let schema = batch.schema();
            let cells = schema.fields().iter().zip(batch.columns());
            let cells: Vec<_> = cells.map(|(field, column)| format!("{} {}", field.name(), cell(column))).collect();
            rows.push(cells.join("; "));
        }
    }
    rows.sort();
    rows
}

fn of(schema: &Schema, row: Json) -> [arrow_array::RecordBatch; 1] {
    [records_to_batch(schema, [&row]).unwrap()]
}

#[test]
fn a_column_and_the_rows_that_have_it_come_in_one_commit() {
    block_on(async {
        let table = table(&MemoryStore::new()).await;
        table.append_records(&[json!({"id": 1, "name": "a"})]).await.unwrap();
        let wide = Schema::new([
            NestedField::required("id", PrimitiveType::Int),
            NestedField::optional("level", PrimitiveType::String),
        ]);
        let rows_of_wide = of(&wide.unwrap(), json!({"id": 2, "level": "warn"}));
        let error = table.append(rows_of_wide.clone()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "the table has no such column yet");
        let update = SchemaUpdate::new().add("level", PrimitiveType::String).move_first("level");
        let receipt = table.transaction().update_schema(update).append(rows_of_wide).await.unwrap();
        assert_eq!((receipt.version, receipt.rows), (3, 1));
        let names: Vec<String> = table.schema().unwrap().fields().iter().map(|field| field.name.clone()).collect();
        assert_eq!(names, ["level", "id", "name", "place"]);
        assert_eq!(table.scan().filter("level is null").count().await.unwrap(), 1);
        assert_eq!(table.scan().filter("level = 'warn' and id = 2").count().await.unwrap(), 1);
    });
}

#[test]
fn rows_of_before_are_read_with_the_columns_of_now_and_of_their_time() {
    block_on(async {
        let table = table(&MemoryStore::new()).await;
        let row = json!({"id": 2147483647, "name": "a", "place": {"city": "Ulm"}});
        let before = table.append_records(&[row]).await.unwrap().snapshot_id;
        let update = SchemaUpdate::new()
            .update_type("id", PrimitiveType::Long)
            .rename_column("name", "who")
            .add("place.zip", PrimitiveType::Int)
            .rename_column("place.city", "town");
        table.update_schema(update).await.unwrap();
        table.update_schema(SchemaUpdate::new().drop_column("who")).await.unwrap();
        table.update_schema(SchemaUpdate::new().add("who", PrimitiveType::String)).await.unwrap();
        table.append_records(&[json!({"id": 2147483648_i64, "who": "b", "place": {"zip": 1}})]).await.unwrap();
        // The column that was dropped is another than that of the same name.
        assert_eq!(table.scan().filter("who is null").count().await.unwrap(), 1);
        assert_eq!(table.scan().filter("id > 2147483646 and place.town = 'Ulm'").count().await.unwrap(), 1);
        assert_eq!(
            table.scan().at_snapshot(before).filter("name = 'a' and place.city = 'Ulm'").count().await.unwrap(),
            1
        );
        let all = rows(&table).await;
        assert_eq!(all.len(), 2, "{all:?}");
    });
}

#[test]
fn writers_that_change_columns_at_the_same_time_change_them_one_after_the_other() {
    block_on(async {
        let store = MemoryStore::new();
        let one = table(&store).await;
        let other = Warehouse::new(store.clone()).open("t").await.unwrap();
        let third = Warehouse::new(store).open("t").await.unwrap();
        one.update_schema(SchemaUpdate::new().add("a", PrimitiveType::Long)).await.unwrap();
        // It knows nothing of `a`, and its own column would have the same id.
        let update = SchemaUpdate::new().add("b", PrimitiveType::String);
        let wide = Schema::new([
            NestedField::required("id", PrimitiveType::Int),
            NestedField::optional("b", PrimitiveType::String),
        ]);
        let batch = of(&wide.unwrap(), json!({"id": 1, "b": "x"}));
        let receipt = other.transaction().update_schema(update).append(batch).await.unwrap();
        assert_eq!(receipt.conflicts, 1);
        third.append_records(&[json!({"id": 2, "name": "old"})]).await.unwrap();
        let all = rows(&one).await;
        let names: Vec<String> = one.schema().unwrap().fields().iter().map(|field| field.name.clone()).collect();
        assert_eq!(names, ["id", "name", "place", "a", "b"]);
        assert_eq!(one.scan().filter("a is null and b = 'x'").count().await.unwrap(), 1, "{all:?}");
        let ids: Vec<i32> = one.schema().unwrap().fields().iter().map(|field| field.id).collect();
        assert_eq!(ids, [1, 2, 3, 5, 6]);
        let again = other.update_schema(SchemaUpdate::new().add("a", PrimitiveType::Int)).await.unwrap_err();
        assert_eq!(again.kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn a_rewritten_file_has_the_columns_of_now() {
    block_on(async {
        let table = table(&MemoryStore::new()).await;
        let rows_of_before: Vec<Json> = (0..4).map(|id| json!({"id": id, "name": "n"})).collect();
        table.append_records(&rows_of_before).await.unwrap();
        let update = SchemaUpdate::new().update_type("id", PrimitiveType::Long).drop_column("place");
        let id = Schema::new([NestedField::required("id", PrimitiveType::Long)]).unwrap();
        let batch = of(&id, json!({"id": 9_000_000_000_i64}));
        table.transaction().update_schema(update).delete("id = 2").append(batch).await.unwrap();
        assert_eq!(table.scan().filter("id >= 3").count().await.unwrap(), 2);
        let all = rows(&table).await;
        assert!(all.len() == 4 && all.iter().all(|row| !row.contains("place")), "{all:?}");
    });
}

fn batch(columns: &[(&str, arrow_array::ArrayRef)]) -> [arrow_array::RecordBatch; 1] {
    let columns = columns.iter().map(|(name, array)| (*name, array.clone(), true));
    [arrow_array::RecordBatch::try_from_iter_with_nullable(columns).unwrap()]
}

fn longs(values: &[i64]) -> arrow_array::ArrayRef {
    std::sync::Arc::new(arrow_array::Int64Array::from(values.to_vec()))
}

fn texts(values: &[&str]) -> arrow_array::ArrayRef {
    std::sync::Arc::new(arrow_array::StringArray::from(values.to_vec()))
}

fn columns(table: &Table) -> Vec<String> {
    let schema = table.schema().unwrap();
    let name = |required: bool| if required { "required" } else { "optional" };
    schema.fields().iter().map(|f| format!("{} {} {}", f.name, f.field_type, name(f.required))).collect()
}

#[test]
fn an_append_whose_rows_have_new_columns_evolves_the_schema_where_it_may() {
    block_on(async {
        let table = table(&MemoryStore::new()).await;
        table.append_records(&[json!({"id": 1, "name": "a"})]).await.unwrap();
        let wide = batch(&[("level", texts(&["warn"])), ("id", longs(&[9_000_000_000])), ("name", texts(&["b"]))]);
        let refused = table.append(wide.clone()).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidInput);
        let receipt = table.append(wide.clone()).evolve_schema().await.unwrap();
        assert_eq!((receipt.version, receipt.rows), (3, 1));
        let found = columns(&table);
        let others = ["name string optional", "level string optional"];
        assert_eq!((found[0].as_str(), [&found[1], &found[3]].map(String::as_str)), ("id long required", others));
        assert_eq!(table.scan().filter("level is null and id = 1").count().await.unwrap(), 1);
        assert_eq!(table.scan().filter("level = 'warn' and id = 9000000000").count().await.unwrap(), 1);
        // Where there is nothing to change, it is an append like all others.
        let schemas = table.metadata().schemas.len();
        let appends = (0..3).map(|_| table.append(wide.clone()).evolve_schema());
        let receipts = futures::future::join_all(appends).await;
        assert!(receipts.into_iter().all(|receipt| receipt.unwrap().group == 3));
        assert_eq!(table.metadata().schemas.len(), schemas);
        let null: arrow_array::ArrayRef = std::sync::Arc::new(arrow_array::Int64Array::from(vec![None]));
        let refused = table.append(batch(&[("id", null), ("more", longs(&[1]))])).evolve_schema().await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidInput, "what is required stays so");
        let refused = table.append(batch(&[("id", texts(&["x"]))])).evolve_schema().await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidInput);
        assert_eq!(columns(&table).len(), 4);
    });
}

#[test]
fn writers_that_evolve_the_schema_at_the_same_time_have_each_column_once() {
    block_on(async {
        let store = MemoryStore::new();
        let first = table(&store).await;
        let wide = |name: &'static str, id: i64| batch(&[("id", longs(&[id])), (name, texts(&[name]))]);
        let mut writers = Vec::new();
        for (name, id) in [("a", 1), ("b", 2), ("a", 3), ("c", 4)] {
            let table = Warehouse::new(store.clone()).open("t").await.unwrap();
            writers.push(
                async move { table.append(wide(name, id)).evolve_schema().idempotency_key(id.to_string()).await },
            );
        }
        for receipt in futures::future::join_all(writers).await {
            assert_eq!(receipt.unwrap().rows, 1);
        }
        first.refresh().await.unwrap();
        let mut names: Vec<_> = columns(&first).into_iter().map(|column| column[..1].to_owned()).collect();
        names.sort();
        assert_eq!(names, ["a", "b", "c", "i", "n", "p"]);
        for (filter, count) in [("a = 'a' and b is null", 2), ("b = 'b' and a is null", 1), ("c = 'c'", 1)] {
            assert_eq!(first.scan().filter(filter).count().await.unwrap(), count, "{filter}");
        }
        let again = first.append(wide("d", 1)).evolve_schema().idempotency_key("1").await.unwrap();
        assert!(again.repeated);
        assert_eq!(columns(&first).len(), 6);
    });
}

/// A file names its columns by ids, and by the time it is committed another writer may have given them to other columns.
#[test]
fn files_of_new_columns_are_not_committed_where_their_ids_mean_others() {
    for (others, expected) in [("a", None), ("b", Some(ErrorKind::Conflict))] {
        block_on(async {
            let store = MemoryStore::new();
            let first = table(&store).await;
            let behind = Warehouse::new(store.clone()).open("t").await.unwrap();
            first.append(batch(&[("id", longs(&[1])), (others, texts(&["x"]))])).evolve_schema().await.unwrap();
            let append = behind.append(batch(&[("id", longs(&[2])), ("a", texts(&["y"]))])).evolve_schema();
            // In files of their own.
            let done = append.property("write.parquet.compression-codec", "snappy").await;
            assert_eq!(done.err().map(|error| error.kind()), expected);
            first.refresh().await.unwrap();
            let there = first.scan().filter(format!("{others} = 'y'")).count().await.unwrap();
            assert_eq!((there, columns(&first).len()), (u64::from(expected.is_none()), 4));
        });
    }
}
