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
