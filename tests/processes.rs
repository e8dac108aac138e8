//! Writers in processes of their own, some of them killed, on one table in a folder and behind the `bucket` example.
#![cfg(all(feature = "native", not(target_family = "wasm")))]
#![allow(clippy::disallowed_methods, reason = "the children find the table through their environment")]

mod support;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use datashard::native::FolderStore;
use datashard::spec::{NestedField, PrimitiveType, Schema};
use datashard::store::{MemoryStore, ObjectStore};
use datashard::{Table, Warehouse};
use futures::executor::block_on;
use support::bucket_server::{Options, Server};

const APPENDS: i64 = 15;

/// Not a test by itself: what the tests below run in other processes. Prints each id once its append has returned.
#[test]
#[ignore = "the child process of other tests"]
fn writer_process() {
    let warehouse = match std::env::var("WRITER_FOLDER") {
        Ok(folder) => Warehouse::new(FolderStore::open(folder).unwrap()),
        Err(_) => Warehouse::from_env().unwrap(),
    };
    let first: i64 = std::env::var("WRITER_FIRST").unwrap().parse().unwrap();
    block_on(async {
        let table = warehouse.open("t").await.unwrap();
        for id in first..first + APPENDS {
            let ids: ArrayRef = Arc::new(Int64Array::from_iter_values([id]));
            table.append([RecordBatch::try_from_iter([("id", ids)]).unwrap()]).await.unwrap();
            println!("\nappended {id}");
            std::io::stdout().flush().unwrap();
        }
    });
}

fn spawn(first: i64, environment: &[(&str, String)]) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "writer_process", "--nocapture"]).env("WRITER_FIRST", first.to_string());
    command.envs(environment.iter().map(|(name, value)| (*name, value.as_str())));
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

/// Reads the ids that a writer reports, and kills it with SIGKILL after so many.
fn acknowledged(mut child: Child, kill_after: usize) -> Vec<i64> {
    let mut ids = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        if let Some(id) = line.unwrap().strip_prefix("appended ") {
            ids.push(id.parse().unwrap());
            if ids.len() == kill_after {
                child.kill().unwrap();
            }
        }
    }
    child.wait().unwrap();
    ids
}

fn run(warehouse: &Warehouse, environment: &[(&str, String)]) {
    let schema = Schema::new([NestedField::required("id", PrimitiveType::Long)]).unwrap();
    let table = block_on(warehouse.create("t").schema(schema).into_future()).unwrap();
    let lives = [usize::MAX, 3, usize::MAX, 7, 1];
    let children: Vec<_> = (0..).zip(lives).map(|(i, life)| (spawn(i * 1000, environment), life)).collect();
    let readers =
        children.into_iter().map(|(child, life)| std::thread::spawn(move || (life, acknowledged(child, life))));
    let readers: Vec<_> = readers.collect();
    let mut reported = Vec::new();
    for reader in readers {
        let (life, ids) = reader.join().unwrap();
        assert!(ids.len() >= life.min(APPENDS as usize), "a writer with the life {life} appended {ids:?}");
        reported.extend(ids);
    }
    block_on(check(&table, &reported, lives.len()));
}

/// Every acknowledged row is there once; beyond those, at most the one that each killed writer was at.
async fn check(table: &Table, reported: &[i64], writers: usize) {
    table.refresh().await.unwrap();
    let batches = table.scan().collect().await.unwrap();
    let ids: Vec<i64> =
        batches.iter().flat_map(|b| b.column(0).as_primitive::<Int64Type>().values().to_vec()).collect();
    let distinct: BTreeSet<i64> = ids.iter().copied().collect();
    assert_eq!(ids.len(), distinct.len(), "a row is there twice");
    for id in reported {
        assert!(distinct.contains(id), "{id} is lost");
    }
    assert!(ids.len() <= reported.len() + writers, "{} rows for {} acknowledged", ids.len(), reported.len());
}

#[test]
fn processes_that_append_to_one_folder_lose_and_double_nothing_though_some_are_killed() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = Warehouse::new(FolderStore::open(folder.path()).unwrap());
    run(&warehouse, &[("WRITER_FOLDER", folder.path().to_str().unwrap().to_owned())]);
}

#[test]
fn processes_that_append_over_http_lose_and_double_nothing_though_some_are_killed() {
    let store: Arc<dyn ObjectStore> = Arc::new(MemoryStore::new());
    let server = Server::start(store, Options::default()).unwrap();
    let Options { bucket, access_key, secret_key, .. } = Options::default();
    let environment = [
        ("DATASHARD_S3_ENDPOINT", server.endpoint()),
        ("DATASHARD_S3_BUCKET", bucket),
        ("DATASHARD_S3_ACCESS_KEY", access_key),
        ("DATASHARD_S3_SECRET_KEY", secret_key),
    ];
    let store = support::s3::client(support::s3::config(&server), support::s3::credentials());
    run(&Warehouse::new(store), &environment);
}
