//! What is asked of tables that Spark wrote, with the answers that they have natively.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::SchemaRef;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use datashard::inspect::Inspect;
use datashard::scan::ScanBuilder;
use datashard::store::{MemoryStore, ObjectStore, PutOptions};
use datashard::{Table, Warehouse};
use futures::TryStreamExt;
use serde_json::{Value as Json, json};
use tempfile::NamedTempFile;

const TABLES: [(&str, &[&str]); 3] = [
    (
        "spark",
        &["all_types", "gz_many", "part_evo", "refs", "schema_evo", "v1_cow", "v2_mor", "v2_to_v3_upgraded", "v3_mor"],
    ),
    ("positions", &["mor_branches", "mor_specs_v3"]),
    ("equality", &["eq_evolved", "eq_partitioned", "eq_types"]),
];
const LINEAGE: [&str; 5] = ["id", "_row_id", "_last_updated_sequence_number", "_pos", "_spec_id"];

/// Puts the tables into the store, and the questions into a file: of each the table, the method, its arguments, and the
/// answer as an Arrow IPC stream.
pub async fn ask(store: &Arc<MemoryStore>) -> NamedTempFile {
    let mut questions = Vec::new();
    for (group, tables) in TABLES {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(group).join("wh/db");
        for name in tables {
            for file in files(&folder.join(name)) {
                let key = format!("wh/db/{}", file.strip_prefix(&folder).unwrap().to_str().unwrap());
                let bytes = fs::read(&file).unwrap().into();
                let _ = store.put(&key, bytes, PutOptions::default()).await.unwrap();
            }
            let table = Warehouse::new(store.clone()).open(format!("wh/db/{name}")).await.unwrap();
            of(&table, &mut questions).await;
        }
    }
    assert!(questions.len() > 150, "{}", questions.len());
    let file = NamedTempFile::new().unwrap();
    fs::write(file.path(), Json::from(questions).to_string()).unwrap();
    file
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

async fn of(table: &Table, questions: &mut Vec<Json>) {
    let mut ask = |method: &str, arguments: Json, answer: Vec<u8>| {
        let answer = BASE64_STANDARD.encode(answer);
        questions.push(json!({ "table": table.name(), "method": method, "arguments": arguments, "answer": answer }));
    };
    let scan = || table.scan();
    ask("scan", json!([{ "ordered": true, "concurrency": 3, "bufferBytes": 50_000 }]), rows(scan().ordered()).await);
    ask("scan", json!([{ "filter": "id > 10", "batchRows": 7 }]), rows(scan().filter("id > 10")).await);
    if table.metadata().format_version == 3 {
        ask("scan", json!([{ "select": LINEAGE }]), rows(scan().select(LINEAGE)).await);
    }
    ask("scan", json!([{ "select": ["id", "_partition"] }]), rows(scan().select(["id", "_partition"])).await);
    let snapshots = table.snapshots();
    for snapshot in &snapshots {
        let id = snapshot.snapshot_id;
        ask("scan", json!([{ "snapshotId": id.to_string() }]), rows(scan().at_snapshot(id)).await);
    }
    for name in table.metadata().refs.keys() {
        ask("scan", json!([{ "ref": name }]), rows(scan().at_ref(name)).await);
    }
    let first = snapshots[0].snapshot_id;
    let arguments = json!([{ "changesSince": first.to_string() }]);
    ask("scan", arguments, rows(scan().changes_since(first)).await);
    let (changes, part) = (scan().changes_since(first), ["id", "_change_type", "_partition"]);
    let arguments = json!([{ "changesSince": first.to_string(), "select": part }]);
    ask("scan", arguments, rows(changes.select(part)).await);
    let arguments = json!([{ "appendsSince": first.to_string() }]);
    ask("scan", arguments, rows(scan().appends_since(first)).await);
    if snapshots[0].parent_snapshot_id.is_none() {
        let arguments = json!([{ "changesSince": null, "snapshotId": first.to_string() }]);
        ask("scan", arguments, rows(scan().at_snapshot(first).changes_since(None)).await);
    }
    for name in ["snapshots", "history", "refs", "metadataLog", "manifests", "files", "partitions"] {
        ask("inspect", json!([name]), inspect(table.inspect(), name).await);
        let arguments = json!([name, { "snapshotId": first.to_string() }]);
        ask("inspect", arguments, inspect(table.inspect().at_snapshot(first), name).await);
    }
}

async fn rows(scan: ScanBuilder) -> Vec<u8> {
    let rows = scan.stream().await.unwrap();
    ipc(rows.schema(), rows.try_collect().await.unwrap())
}

async fn inspect(inspect: Inspect, table: &str) -> Vec<u8> {
    let batch = match table {
        "snapshots" => inspect.snapshots(),
        "history" => inspect.history(),
        "refs" => inspect.refs(),
        "metadataLog" => inspect.metadata_log(),
        "manifests" => inspect.manifests().await,
        "partitions" => inspect.partitions().await,
        _ => {
            let files = inspect.files().await.unwrap();
            return ipc(files.schema(), files.try_collect().await.unwrap());
        }
    };
    let batch = batch.unwrap();
    ipc(batch.schema(), vec![batch])
}

fn ipc(schema: SchemaRef, batches: Vec<RecordBatch>) -> Vec<u8> {
    let mut writer = StreamWriter::try_new(Vec::new(), &schema).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.into_inner().unwrap()
}
