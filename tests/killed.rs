//! Writers that are killed with SIGKILL, round after round, and the bucket with them. `DATASHARD_TEST_ROUNDS` sets how many
//! rounds there are.
#![cfg(all(feature = "native", not(target_family = "wasm")))]
#![allow(clippy::disallowed_methods, reason = "the children are told by their environment; kills come at any time")]

mod support;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use datashard::Warehouse;
use datashard::native::{FolderStore, SystemRuntime};
use datashard::runtime::Runtime;
use datashard::spec::{NestedField, PrimitiveType, Schema};
use datashard::store::S3Config;
use futures::executor::block_on;
use serde_json::json;
use support::bucket_server::{Options, Server};
use support::fault_proxy::mix;
use support::s3::{client, credentials};

const WRITERS: u64 = 3;
/// Ids that a writer has for itself.
const IDS: i64 = 100_000;

#[test]
#[ignore = "the child process of other tests"]
fn writer_process() {
    let Ok(first) = std::env::var("WRITER_FIRST") else { return };
    let warehouse = match std::env::var("WRITER_FOLDER") {
        Ok(folder) => Warehouse::new(FolderStore::open(folder).unwrap()),
        Err(_) => Warehouse::from_env().unwrap(),
    };
    let first: i64 = first.parse().unwrap();
    block_on(async {
        let table = warehouse.open("t").await.unwrap();
        for id in first..first + IDS {
            table.append_records(&[json!({"id": id})]).await.unwrap();
            println!("\nappended {id}");
            std::io::stdout().flush().unwrap();
        }
    });
}

#[test]
#[ignore = "the child process of other tests"]
fn bucket_process() {
    let Ok(folder) = std::env::var("BUCKET_FOLDER") else { return };
    let server = Server::start(Arc::new(FolderStore::open(folder).unwrap()), Options::default()).unwrap();
    println!("\nserving {}", server.endpoint());
    server.wait();
}

/// A test of this file in a process of its own, killed at the end at the latest.
struct Process {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    fn start(test: &str, environment: &[(&str, String)]) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--ignored", "--exact", "--nocapture", test]).env_remove("WRITER_FOLDER");
        command.envs(environment.iter().map(|(name, value)| (*name, value.as_str())));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next line that begins with a word, without it; `None` at the end.
    fn next(&mut self, word: &str) -> Option<String> {
        self.lines.by_ref().map_while(Result::ok).find_map(|line| line.strip_prefix(word).map(str::to_owned))
    }

    /// SIGKILL. Returns how many more such lines it had printed.
    fn kill(&mut self, word: &str) -> i64 {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::iter::from_fn(|| self.next(word)).count() as i64
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where the table is, in one round.
struct Place {
    warehouse: Warehouse,
    environment: Vec<(&'static str, String)>,
    bucket: Option<Process>,
}

impl Place {
    fn folder(folder: &Path) -> Self {
        let environment = vec![("WRITER_FOLDER", folder.to_str().unwrap().to_owned())];
        Self { warehouse: Warehouse::new(FolderStore::open(folder).unwrap()), environment, bucket: None }
    }

    /// Behind a bucket whose process is new.
    fn bucket(folder: &Path) -> Self {
        let mut process = Process::start("bucket_process", &[("BUCKET_FOLDER", folder.to_str().unwrap().to_owned())]);
        let endpoint = process.next("serving ").unwrap();
        let Options { bucket, access_key, secret_key, .. } = Options::default();
        let config = S3Config { endpoint: Some(endpoint.clone()), ..S3Config::new(&*bucket) };
        let environment = vec![
            ("DATASHARD_S3_ENDPOINT", endpoint),
            ("DATASHARD_S3_BUCKET", bucket),
            ("DATASHARD_S3_ACCESS_KEY", access_key),
            ("DATASHARD_S3_SECRET_KEY", secret_key),
        ];
        Self { warehouse: Warehouse::new(client(config, credentials())), environment, bucket: Some(process) }
    }
}

/// Opens the table and compares it with how many appends of each writer had returned: they are there, once, and of each
/// writer at most the one that it was at when it was killed. Returns the table's version.
fn check(warehouse: &Warehouse, returned: &BTreeMap<i64, i64>) -> u64 {
    let table = block_on(warehouse.open("t")).unwrap();
    let batches = block_on(table.scan().collect()).unwrap();
    let mut found: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for id in batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values()) {
        found.entry(id / IDS * IDS).or_default().push(*id);
    }
    for (first, count) in returned {
        let mut ids = found.remove(first).unwrap_or_default();
        ids.sort_unstable();
        let extra = ids.len() as i64 - count;
        assert!((0..=1).contains(&extra), "{count} appends have returned, and {ids:?} are there");
        assert_eq!(ids, Vec::from_iter(*first..first + count + extra), "{count} appends have returned");
    }
    assert!(found.is_empty(), "{found:?} are of nobody");
    table.version()
}

fn run(place: impl Fn() -> Place) {
    let seed = SystemRuntime.random() as u64;
    println!("seed {seed}");
    let rounds = std::env::var("DATASHARD_TEST_ROUNDS").map_or(8, |rounds| rounds.parse().unwrap());
    let mut here = place();
    let schema = Schema::new([NestedField::required("id", PrimitiveType::Long)]).unwrap();
    block_on(here.warehouse.create("t").schema(schema).into_future()).unwrap();
    let (mut returned, mut version) = (BTreeMap::new(), 1);
    for round in 0..rounds {
        let mut writers = Vec::new();
        for writer in 0..WRITERS {
            let first = i64::try_from(round * WRITERS + writer).unwrap() * IDS;
            let mut environment = here.environment.clone();
            environment.push(("WRITER_FIRST", first.to_string()));
            writers.push((first, Process::start("writer_process", &environment)));
        }
        for (i, (first, writer)) in writers.iter_mut().enumerate() {
            let random = mix(seed ^ mix(round * WRITERS + i as u64));
            // The first one writes for a while; the others have, by then.
            let wait_for = random % if i == 0 { 8 } else { 2 };
            let before = (0..wait_for).filter(|_| writer.next("appended ").is_some()).count() as i64;
            assert_eq!(before as u64, wait_for, "a writer ended by itself");
            // Somewhere in an append, which takes some milliseconds.
            std::thread::sleep(Duration::from_micros(random / 8 % 20_000));
            // In every other round, the bucket is killed before the last writer.
            if i + 1 == WRITERS as usize && round % 2 == 1 {
                here.bucket.as_mut().map(|bucket| bucket.kill(""));
            }
            returned.insert(*first, before + writer.kill("appended "));
        }
        drop(here);
        here = place();
        let newest = check(&here.warehouse, &returned);
        assert!(newest >= version, "version {newest} after {version}");
        version = newest;
    }
    let appends: i64 = returned.values().sum();
    println!("{rounds} rounds, {} writers killed after {appends} appends, version {version}", returned.len());
    assert!(appends > 0 && version > 1);
    // The table is as good as new: what comes next is appended.
    let table = block_on(here.warehouse.open("t")).unwrap();
    block_on(table.append_records(&[json!({"id": -1})])).unwrap();
    let last = block_on(table.scan().filter("id = -1").count()).unwrap();
    assert_eq!(last, 1);
}

#[test]
fn of_writers_killed_in_a_folder_round_after_round_every_acknowledged_append_is_there_once() {
    let folder = tempfile::tempdir().unwrap();
    run(|| Place::folder(folder.path()));
}

#[test]
fn of_writers_killed_with_their_bucket_round_after_round_every_acknowledged_append_is_there_once() {
    let folder = tempfile::tempdir().unwrap();
    run(|| Place::bucket(folder.path()));
}
