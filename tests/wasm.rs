//! The wasm module in JavaScript hosts, against the bucket of `examples/bucket`, and its tables read natively after that.
//!
//! `tests/wasm/run` builds and installs what these tests need, and runs them.
#![cfg(all(feature = "native", not(target_family = "wasm")))]

#[path = "wasm/questions.rs"]
mod questions;
mod support;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType};
use datashard::Warehouse;
use datashard::native::SystemRuntime;
use datashard::spec::{NestedField, PrimitiveType, Schema};
use datashard::store::MemoryStore;
use futures::executor::block_on;
use serde_json::json;
use support::bucket_server::{Options, Server};
use support::s3::{client, config, credentials};

#[test]
#[ignore = "tests/wasm/run builds what it needs"]
fn a_table_is_shared_with_node() {
    block_on(shared_with("node"));
}

#[test]
#[ignore = "tests/wasm/run builds what it needs"]
fn a_table_is_shared_with_a_page_in_chromium() {
    block_on(shared_with("chromium"));
}

#[test]
#[ignore = "tests/wasm/run builds what it needs"]
fn the_package_works_in_every_runtime() {
    with_a_bucket("npm/runtimes.mjs");
}

#[test]
#[ignore = "tests/wasm/run builds what it needs"]
fn edge_functions_collect_logs() {
    with_a_bucket("npm/edge.mjs");
}

#[test]
#[ignore = "tests/wasm/run builds what it needs"]
fn the_module_takes_little_memory() {
    with_a_bucket("npm/memory.mjs");
}

fn with_a_bucket(script: &str) {
    let store = Arc::new(MemoryStore::with_clock(Arc::new(SystemRuntime)));
    let server = Server::start(store, Options::default()).unwrap();
    run(script, &server, &[]);
}

/// Runs `tests/wasm/{host}.mjs` beside a table that was written natively, and reads what that wrote.
async fn shared_with(host: &str) {
    let store = Arc::new(MemoryStore::with_clock(Arc::new(SystemRuntime)));
    let server = Server::start(store.clone(), Options::default()).unwrap();
    let questions = questions::ask(&store).await;
    let warehouse = Warehouse::new(client(config(&server), credentials()));
    let schema = Schema::new([
        NestedField::required("id", PrimitiveType::Long),
        NestedField::optional("level", PrimitiveType::String),
    ]);
    let native = warehouse.create("native").schema(schema.unwrap()).await.unwrap();
    let rows =
        [json!({"id": 1, "level": "a"}), json!({"id": 9_007_199_254_740_993_i64, "level": ""}), json!({"id": 3})];
    native.append_records(&rows).await.unwrap();

    run(&format!("wasm/{host}.mjs"), &server, &[("DATASHARD_QUESTIONS", questions.path())]);

    assert_eq!(native.refresh().await.unwrap(), 3);
    let theirs = native.scan().select(["id"]).filter(format!("level = '{host}'")).collect().await.unwrap();
    assert_eq!(theirs[0].column(0).as_primitive::<Int64Type>().values(), &[50]);

    let events = warehouse.open(format!("{host}/events")).await.unwrap();
    assert_eq!(events.scan().filter("level = 'load'").count().await.unwrap(), 120);
    let first = events.scan().filter("id = 9007199254740993").collect().await.unwrap().remove(0);
    let column = |name: &str| first.column_by_name(name).unwrap();
    assert_eq!(first.num_rows(), 1);
    assert_eq!(column("level").as_string::<i32>().value(0), "warn");
    assert_eq!(column("at").as_primitive::<TimestampMicrosecondType>().value(0), 1_793_525_400_250_000);
    assert_eq!(column("ratio").as_primitive::<Float64Type>().value(0).to_bits(), (-0.0_f64).to_bits());
    assert_eq!(column("price").as_primitive::<Decimal128Type>().value(0), 1420);
    assert_eq!(column("raw").as_binary::<i32>().value(0), [0, 1, 255]);
    assert_eq!(column("place").as_struct().column(0).as_string::<i32>().value(0), "Ulm");
    let counts = column("counts").as_map().value(0);
    assert_eq!(counts.column(1).as_primitive::<Int64Type>().values(), &[1]);
}

fn run(script: &str, server: &Server, environment: &[(&str, &Path)]) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(script);
    let Options { bucket, access_key, secret_key, .. } = Options::default();
    let status = Command::new("node")
        .arg("--test-reporter=spec")
        .arg(&script)
        .envs(environment.iter().copied())
        .env("DATASHARD_S3_ENDPOINT", server.endpoint())
        .env("DATASHARD_S3_BUCKET", bucket)
        .env("DATASHARD_S3_ACCESS_KEY", access_key)
        .env("DATASHARD_S3_SECRET_KEY", secret_key)
        .status()
        .unwrap();
    assert!(status.success(), "{} failed", script.display());
}
