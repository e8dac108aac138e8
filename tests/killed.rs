//! Writers that are killed with SIGKILL, round after round, and the bucket with them. `DATASHARD_TEST_ROUNDS` sets how many
//! rounds there are.
#![cfg(all(feature = "native", not(target_family = "wasm")))]
#![allow(clippy::disallowed_methods, reason = "the children are told by their environment; kills come at any time")]

mod support;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
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
    reader: Option<JoinHandle<()>>,
}

impl Process {
    /// `tell` gets what stands behind a word in the lines that begin with it.
    fn start(
        test: &str,
        environment: &[(&str, String)],
        word: &'static str,
        tell: impl Fn(String) + Send + 'static,
    ) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--ignored", "--exact", "--nocapture", test]).env_remove("WRITER_FOLDER");
        command.envs(environment.iter().map(|(name, value)| (*name, value.as_str())));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let reader = std::thread::spawn(move || {
            lines.map_while(Result::ok).filter_map(|line| line.strip_prefix(word).map(str::to_owned)).for_each(tell);
        });
        Self { child, reader: Some(reader) }
    }

    /// SIGKILL. Returns when all that it has printed was told.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.reader.take().unwrap().join().unwrap();
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
        let environment = [("BUCKET_FOLDER", folder.to_str().unwrap().to_owned())];
        let (tell, told) = mpsc::channel();
        let process = Process::start("bucket_process", &environment, "serving ", move |at| tell.send(at).unwrap());
        let endpoint = told.recv().unwrap();
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
        let (tell, told) = mpsc::channel();
        let first = |writer: u64| i64::try_from(round * WRITERS + writer).unwrap() * IDS;
        let start = |writer: u64| {
            let mut environment = here.environment.clone();
            environment.push(("WRITER_FIRST", first(writer).to_string()));
            let (tell, first) = (tell.clone(), first(writer));
            Process::start("writer_process", &environment, "appended ", move |_| tell.send(first).unwrap())
        };
        let writers: Vec<_> = (0..WRITERS).map(start).collect();
        returned.extend((0..WRITERS).map(|writer| (first(writer), 0)));
        for (i, mut writer) in (0..WRITERS).zip(writers) {
            let random = mix(seed ^ mix(round * WRITERS + i));
            // Whosever appends they are: some writers may not even have begun.
            for _ in 0..random % 8 {
                let first = told.recv_timeout(Duration::from_secs(100)).expect("the writers do not get on");
                *returned.get_mut(&first).unwrap() += 1;
            }
            // Somewhere in an append, which takes some milliseconds.
            std::thread::sleep(Duration::from_micros(random / 8 % 20_000));
            // In every other round, the bucket is killed before the last writer.
            if let (Some(bucket), true, true) = (&mut here.bucket, i + 1 == WRITERS, round % 2 == 1) {
                bucket.kill();
            }
            writer.kill();
        }
        for first in told.try_iter() {
            *returned.get_mut(&first).unwrap() += 1;
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
