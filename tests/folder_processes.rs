//! A folder store among several processes, and after one was killed. The processes are this test binary, asked for one
//! of its ignored tests.
#![cfg(all(feature = "native", not(target_family = "wasm")))]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use bytes::Bytes;
use datashard::native::FolderStore;
use datashard::store::{GetOptions, ObjectStore, PutOptions, PutOutcome};
use futures::TryStreamExt;
use futures::executor::block_on;

const FOLDER: &str = "DATASHARD_TEST_FOLDER";
const KEYS: usize = 200;

/// Content that shows whose it is and whether it is whole.
fn content(owner: u32, key: &str) -> Bytes {
    format!("{owner} {key}\n").repeat(5_000).into()
}

struct Process {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    fn start(test: &str, folder: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", "--test-threads=1", test])
            .env(FOLDER, folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().ends_with("ready")), "the process ended early");
        Self { child, lines }
    }

    fn go(&mut self) {
        self.child.stdin.as_mut().unwrap().write_all(b"go\n").unwrap();
    }

    /// The keys that the process was told it has stored.
    fn stored(&mut self) -> impl Iterator<Item = String> {
        self.lines.by_ref().map_while(Result::ok).filter_map(|line| line.strip_prefix("stored ").map(String::from))
    }
}

fn begin() -> Option<FolderStore> {
    let store = FolderStore::open(std::env::var_os(FOLDER)?).unwrap();
    println!("ready");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    Some(store)
}

#[test]
#[ignore = "a process that other tests start"]
fn racing_process() {
    let Some(store) = begin() else { return };
    for key in (0..KEYS).map(|i| format!("key/{i}")) {
        let body = content(std::process::id(), &key);
        match block_on(store.put(&key, body, PutOptions::if_absent())).unwrap() {
            PutOutcome::Done(_) => println!("stored {key}"),
            PutOutcome::PreconditionFailed => {}
            PutOutcome::Unknown(error) => panic!("{error}"),
        }
    }
}

#[test]
#[ignore = "a process that other tests start"]
fn writing_process() {
    let Some(store) = begin() else { return };
    for key in (0_u64..).map(|i| format!("{}/{i}", i % 5)) {
        let outcome = block_on(store.put(&key, content(0, &key), PutOptions::if_absent())).unwrap();
        assert!(matches!(outcome, PutOutcome::Done(_)), "{outcome:?}");
        println!("stored {key}");
    }
}

#[test]
fn of_several_processes_exactly_one_creates_each_object() {
    let folder = tempfile::tempdir().unwrap();
    let mut processes: Vec<_> = (0..4).map(|_| Process::start("racing_process", folder.path())).collect();
    processes.iter_mut().for_each(Process::go);
    let mut owners = BTreeMap::new();
    for process in &mut processes {
        let id = process.child.id();
        for key in process.stored().collect::<Vec<_>>() {
            assert_eq!(owners.insert(key, id), None, "two winners");
        }
        assert!(process.child.wait().unwrap().success());
    }
    assert_eq!(owners.len(), KEYS);
    let store = FolderStore::open(folder.path()).unwrap();
    for (key, owner) in owners {
        assert!(block_on(store.get(&key, GetOptions::default())).unwrap().bytes == content(owner, &key), "{key}");
    }
}

#[test]
fn a_killed_process_leaves_whole_objects_and_all_that_it_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    for acknowledged in [1, 7, 30] {
        let folder = folder.path().join(acknowledged.to_string());
        let mut process = Process::start("writing_process", &folder);
        process.go();
        let mut stored: Vec<_> = process.stored().take(acknowledged).collect();
        process.child.kill().unwrap();
        process.child.wait().unwrap();
        stored.extend(process.stored());
        let store = FolderStore::open(&folder).unwrap();
        let listed: Vec<_> = block_on(store.list("", None).map_ok(|meta| meta.key).try_collect()).unwrap();
        for key in &listed {
            assert!(block_on(store.get(key, GetOptions::default())).unwrap().bytes == content(0, key), "{key}");
        }
        assert!(stored.iter().all(|key| listed.contains(key)), "{stored:?} and {listed:?}");
        assert!(listed.len() <= stored.len() + 1, "{stored:?} and {listed:?}");
    }
}
