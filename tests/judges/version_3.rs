//! Tables of format version 3: what others see of deletion vectors, of an upgrade, and of the ids of rows.

use std::process::Command;

use datashard::native::FolderStore;
use datashard::spec::{NestedField, PrimitiveType, Schema};
use datashard::{Table, Warehouse};
use futures::executor::block_on;
use serde_json::{Value as Json, json};

use crate::canonical::{assert_same, rows};
use crate::judge::{Engine, Judge};
use crate::{append, scan, server, tables, warehouse};

const READERS: [Engine; 3] = [Engine::PyIceberg, Engine::DuckDb, Engine::Polars];

fn table(server: &crate::support::bucket_server::Server, name: &str, version: i32, mode: &str) -> Table {
    let create = warehouse(server).create(name).schema(tables::simple_schema()).format_version(version);
    let create = create.property("write.delete.mode", mode).property("write.merge.mode", mode);
    block_on(create.into_future()).unwrap()
}

#[test]
#[ignore = "needs Python"]
fn deletion_vectors_and_rewritten_rows_of_version_3_read_the_same_everywhere() {
    for mode in ["copy-on-write", "merge-on-read"] {
        let server = server();
        let table = table(&server, "version_3", 3, mode);
        append(&table, &[tables::simple(0..50), tables::simple(50..100), tables::simple(100..150)]);
        block_on(async {
            for filter in ["id < 10", "id >= 5 and id < 20 or id = 149", "id >= 50 and id < 100"] {
                table.delete(filter).await?;
            }
            table.upsert([tables::simple(30..35), tables::simple(500..505)], ["id"]).await?;
            table.overwrite("id >= 100 and id < 110", [tables::simple(1000..1010)]).await?;
            table.transaction().delete("id = 30").append([tables::simple(2000..2001)]).delete("id = 31").await
        })
        .unwrap();
        check(&mut Judge::start(&server), &table, mode);
    }
}

#[test]
#[ignore = "needs Python"]
fn a_table_that_was_upgraded_reads_the_same_everywhere_at_every_snapshot() {
    let server = server();
    let table = table(&server, "upgraded", 2, "merge-on-read");
    append(&table, &[tables::simple(0..50), tables::simple(50..100)]);
    block_on(async {
        table.delete("id = 7 or id = 70").await?;
        table.delete("id = 8").await?;
        table.upgrade(3).await?;
        table.delete("id = 9").await?;
        table.append([tables::simple(100..120)]).await?;
        table.delete("id = 71 or id = 101").await
    })
    .unwrap();
    check(&mut Judge::start(&server), &table, "upgraded");
}

/// Rows at each snapshot, and now the ids of rows by the engine that shows them.
fn check(judge: &mut Judge, table: &Table, what: &str) {
    for snapshot in table.snapshots() {
        let id = snapshot.snapshot_id;
        let expected = rows(&block_on(table.scan().at_snapshot(id).collect()).unwrap());
        for engine in READERS {
            let what = format!("{engine:?} after snapshot {} ({what})", snapshot.sequence_number);
            assert_same(&what, &judge.read_at(engine, table, id), &expected);
        }
    }
    let expected = scan(table);
    for engine in READERS {
        assert_same(&format!("{engine:?} ({what})"), &judge.read(engine, table), &expected);
    }
    let lineage = ["id", "_row_id", "_last_updated_sequence_number"];
    let ours = rows(&block_on(table.scan().select(lineage).collect()).unwrap());
    assert_same(&format!("lineage by DuckDB ({what})"), &judge.read_columns(Engine::DuckDb, table, &lineage), &ours);
}

#[test]
#[ignore = "needs Python"]
fn types_of_version_3_read_the_same_everywhere_where_they_are_known() {
    let server = server();
    let schema = Schema::new([
        NestedField::required("id", PrimitiveType::Long),
        NestedField::optional("at", PrimitiveType::TimestampNs),
    ]);
    let create = warehouse(&server).create("types_3").schema(schema.unwrap()).format_version(3);
    let table = block_on(create.into_future()).unwrap();
    let records = [json!({"id": 1, "at": "2026-11-01T09:30:00.123456"}), json!({"id": 2})];
    block_on(table.append_records(&records).into_future()).unwrap();
    let mut level = NestedField::required("level", PrimitiveType::Int);
    level.initial_default = Some(json!(7));
    block_on(table.update_schema(datashard::spec::SchemaUpdate::new().add_field("", level)).into_future()).unwrap();
    block_on(table.append_records(&[json!({"id": 3, "level": 1})]).into_future()).unwrap();
    let at = json!({"$ts": 1_793_525_400_123_456_i64});
    let expected: Vec<Json> = vec![
        json!({"id": 1, "at": at, "level": 7}),
        json!({"id": 2, "at": null, "level": 7}),
        json!({"id": 3, "at": null, "level": 1}),
    ];
    let mut judge = Judge::start(&server);
    for engine in READERS {
        assert_same(&format!("{engine:?}"), &judge.read(engine, &table), &expected);
    }
}

/// `[id, s, _row_id, _last_updated_sequence_number]` of each row, in order.
fn lineage(table: &Table) -> Json {
    block_on(table.refresh()).unwrap();
    let columns = ["id", "s", "_row_id", "_last_updated_sequence_number"];
    let found = rows(&block_on(table.scan().select(columns).collect()).unwrap());
    let mut found: Vec<Vec<Json>> =
        found.iter().map(|row| columns.iter().map(|name| row[name].clone()).collect()).collect();
    found.sort_by_key(|row| row[0].as_i64());
    json!(found)
}

/// `DATASHARD_TEST_SPARK=.tools/spark/bin/python`, which `tests/fixtures/make/run` makes.
#[test]
#[ignore = "needs Spark"]
fn spark_reads_the_ids_of_rows_as_we_do_and_goes_on_as_we_do_after_it() {
    let Some(python) = std::env::var_os("DATASHARD_TEST_SPARK") else { return };
    let folder = tempfile::tempdir().unwrap();
    let warehouse = Warehouse::new(FolderStore::open(folder.path()).unwrap()).prefix("db");
    let make = |name: &str, version: i32, mode: &str| {
        let create = warehouse.create(name).schema(tables::simple_schema()).format_version(version);
        let create = create.property("write.delete.mode", mode).property("write.merge.mode", mode);
        let create = create.property("write.update.mode", mode);
        block_on(create.into_future()).unwrap()
    };
    let made =
        [make("written", 3, "copy-on-write"), make("marked", 3, "merge-on-read"), make("upgraded", 2, "merge-on-read")];
    for table in &made {
        append(table, &[tables::simple(0..50), tables::simple(50..100)]);
        block_on(async {
            table.delete("id < 5 or id = 60").await?;
            table.delete("id = 6").await?;
            table.upgrade(3).await?;
            table.delete("id = 7 or id = 61").await?;
            table.upsert([tables::simple(30..32), tables::simple(200..202)], ["id"]).await
        })
        .unwrap();
    }
    let ours: Vec<Json> = made.iter().map(lineage).collect();
    let names = ["written", "marked", "upgraded"];
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/judges/read_spark.py");
    let output = Command::new(python).arg(script).arg(folder.path()).args(names).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let printed: Vec<Json> = text
        .lines()
        .filter_map(|line| line.split_once("ROWS ").map(|(_, rows)| serde_json::from_str(rows).unwrap()))
        .collect();
    assert_eq!(printed.len(), 6, "{}", String::from_utf8_lossy(&output.stderr));
    for ((table, name), (ours, spark)) in made.iter().zip(names).zip(ours.iter().zip(printed.chunks(2))) {
        assert_eq!(spark[0], *ours, "{name}");
        assert_eq!(lineage(table), spark[1], "{name} after Spark");
        block_on(async {
            table.delete("id = 22 or id = 62").await?;
            table.upsert([tables::simple(21..23)], ["id"]).await
        })
        .unwrap();
    }
}
