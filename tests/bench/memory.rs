//! `cargo bench --bench memory`: how much memory a scan of 10 GB takes, and that it is less than 256 MiB.
//!
//! ```text
//! cargo bench --bench memory -- [--files 100] [--concurrency default,1,64] [--property write.parquet.row-group-size-bytes=16777216]
//! ```
//!
//! The table has 100 data files of 105 MB, of random numbers and of text, in row groups as this crate makes them by default: of
//! a million rows, 79 MB. The files are equal to the byte, so that the server, which is this process, keeps one of them. Each scan is a process
//! of its own, that opens the table and drops the batches as they come. The exit code says whether one took too much.
//!
//! With `--serve` nothing is read: the table is there for `node tests/bench/memory.mjs`, which reads it with the wasm module.
#![allow(clippy::disallowed_methods, reason = "a benchmark measures time")]

#[path = "../../examples/bucket/server/mod.rs"]
#[allow(dead_code)]
mod server;
mod support;

use std::process::{Command, ExitCode};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use bytes::Bytes;
use datashard::Result;
use datashard::Warehouse;
use datashard::runtime::{BoxFuture, BoxStream};
use datashard::spec::{NestedField, PrimitiveType, Schema, to_arrow};
use datashard::store::{
    CountingStore, GetOptions, GetResult, MemoryStore, ObjectMeta, ObjectStore, PutOptions, PutOutcome, Upload,
};
use futures::StreamExt;
use futures::executor::block_on;
use serde_json::{Value as Json, json};
use server::{Options, Server};
use support::{client, peak};

/// Of one file.
const ROWS: u64 = 1_350_000;
const BATCH: u64 = 50_000;
const MOST: f64 = 256.0;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [mode, endpoint, query, concurrency] = &arguments[..]
        && mode == "--read"
    {
        read(endpoint, query, concurrency);
        return ExitCode::SUCCESS;
    }
    let option = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name);
        at.and_then(|at| arguments.get(at + 1)).map(String::as_str)
    };
    let files = option("--files").unwrap_or("100").parse().unwrap();
    let store = CountingStore::new(Arc::new(Once::default()));
    make(Arc::new(store.clone()), files, option("--property").and_then(|property| property.split_once('=')));
    let server = Server::start(Arc::new(store.clone()), Options::default()).unwrap();
    println!("{} rows in {files} files", files * ROWS);
    if arguments.iter().any(|argument| argument == "--serve") {
        println!("DATASHARD_S3_ENDPOINT={}", server.endpoint());
        server.wait();
        return ExitCode::SUCCESS;
    }
    println!(
        "{:>9} {:>11} {:>11} {:>13} {:>8} {:>8} {:>11}",
        "", "concurrency", "rows", "bytes", "seconds", "peak MiB", "of 256 MiB"
    );
    let mut enough = true;
    for query in ["full", "ordered", "filtered"] {
        for concurrency in option("--concurrency").unwrap_or("default,1,64").split(',') {
            store.take();
            let begin = Instant::now();
            let said = child(&server.endpoint(), query, concurrency);
            let (seconds, bytes) = (begin.elapsed().as_secs_f64(), store.take().bytes_read);
            let (rows, peak) = (said["rows"].as_u64().unwrap(), said["megabytes"].as_f64().unwrap());
            println!(
                "{query:>9} {concurrency:>11} {rows:>11} {bytes:>13} {seconds:>8.1} {peak:>8.0} {:>11.2}",
                peak / MOST
            );
            assert_eq!(rows, if query == "filtered" { files * ROWS / 1000 } else { files * ROWS }, "rows");
            enough &= peak <= MOST;
        }
    }
    if enough { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A table of so many files, which are the same.
fn make(store: Arc<dyn ObjectStore>, files: u64, property: Option<(&str, &str)>) {
    let schema = Schema::new([
        NestedField::required("id", PrimitiveType::Long),
        NestedField::required("key", PrimitiveType::Long),
        NestedField::optional("value", PrimitiveType::Double),
        NestedField::optional("level", PrimitiveType::String),
        NestedField::optional("message", PrimitiveType::String),
    ])
    .unwrap();
    let arrow = Arc::new(to_arrow(&schema).unwrap());
    let create = Warehouse::new(store).create("t").schema(schema);
    let create = property.into_iter().fold(create, |create, (name, value)| create.property(name, value));
    let table = block_on(create.into_future()).unwrap();
    let batches: Vec<RecordBatch> = (0..ROWS).step_by(BATCH as usize).map(|first| batch(&arrow, first)).collect();
    // Encoding is what takes time.
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let (table, batches) = (table.clone(), &batches);
            scope.spawn(move || {
                for _ in (thread..files).step_by(2) {
                    let _ = block_on(table.append(batches.iter().cloned())).unwrap();
                }
            });
        }
    });
}

fn batch(schema: &arrow_schema::SchemaRef, first: u64) -> RecordBatch {
    let rows = || first..first + BATCH;
    let level = |row: u64| {
        if row.is_multiple_of(1000) { "fatal" } else { ["info", "warn", "error"][(random(row) % 3) as usize] }
    };
    let message = |row: u64| {
        let [a, b, c, d, e, f] = [0, 1, 2, 3, 4, 5].map(|part| random(row * 7 + part));
        format!(
            "request {a:016x}{b:016x} of {c:016x}{d:016x}{e:016x}{f:016x}{:08x} took {} ms",
            a as u32 ^ d as u32,
            b % 977
        )
    };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(rows().map(|row| row as i64))),
        Arc::new(Int64Array::from_iter_values(rows().map(|row| random(row) as i64))),
        Arc::new(Float64Array::from_iter_values(rows().map(|row| (random(!row) >> 11) as f64 / 7.0))),
        Arc::new(StringArray::from_iter_values(rows().map(level))),
        Arc::new(StringArray::from_iter_values(rows().map(message))),
    ];
    RecordBatch::try_new(schema.clone(), columns).unwrap()
}

/// SplitMix64.
fn random(of: u64) -> u64 {
    let mixed = of.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn child(endpoint: &str, query: &str, concurrency: &str) -> Json {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let output = command.args(["--read", endpoint, query, concurrency]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let said = text.lines().last().and_then(|line| serde_json::from_str(line).ok());
    said.unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// Reads in a process of its own.
fn read(endpoint: &str, query: &str, concurrency: &str) {
    let rows = block_on(async {
        let table = Warehouse::new(client(endpoint)).open("t").await.unwrap();
        let scan = table.scan();
        let scan = match query {
            "filtered" => scan.filter("level = 'fatal'"),
            "ordered" => scan.ordered(),
            _ => scan,
        };
        let scan = match concurrency.parse() {
            Ok(files) => scan.concurrency(files),
            Err(_) => scan,
        };
        let batches = scan.stream().await.unwrap();
        batches.fold(0, |rows, batch| async move { rows + batch.unwrap().num_rows() }).await
    });
    println!("{}", json!({"rows": rows, "megabytes": peak()}));
}

/// Keeps one copy of what has the same content.
#[derive(Debug, Default)]
struct Once {
    inner: MemoryStore,
    large: Arc<Mutex<Vec<Bytes>>>,
}

impl Once {
    fn one(&self, body: Bytes) -> Bytes {
        if body.len() < 1 << 20 {
            return body;
        }
        let mut large = self.large.lock().unwrap();
        if let Some(same) = large.iter().find(|same| **same == body) {
            return same.clone();
        }
        large.push(body.clone());
        body
    }
}

impl ObjectStore for Once {
    fn root(&self) -> &str {
        "s3://demo"
    }

    fn get<'a>(&'a self, key: &'a str, options: GetOptions) -> BoxFuture<'a, Result<GetResult>> {
        self.inner.get(key, options)
    }

    fn head<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<ObjectMeta>> {
        self.inner.head(key)
    }

    fn put<'a>(&'a self, key: &'a str, body: Bytes, options: PutOptions) -> BoxFuture<'a, Result<PutOutcome>> {
        self.inner.put(key, self.one(body), options)
    }

    fn upload<'a>(&'a self, key: &'a str, _: PutOptions) -> BoxFuture<'a, Result<Box<dyn Upload>>> {
        let store = Self { inner: self.inner.clone(), large: self.large.clone() };
        let upload = Joined { store, key: key.to_owned(), parts: Vec::new() };
        Box::pin(async { Ok(Box::new(upload) as Box<dyn Upload>) })
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<()>> {
        self.inner.delete(key)
    }

    fn list<'a>(&'a self, prefix: &'a str, start_after: Option<&'a str>) -> BoxStream<'a, Result<ObjectMeta>> {
        self.inner.list(prefix, start_after)
    }
}

#[derive(Debug)]
struct Joined {
    store: Once,
    key: String,
    parts: Vec<u8>,
}

impl Upload for Joined {
    fn part(&mut self, bytes: Bytes) -> BoxFuture<'_, Result<()>> {
        self.parts.extend_from_slice(&bytes);
        Box::pin(async { Ok(()) })
    }

    fn complete(self: Box<Self>) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            let Self { store, key, parts } = *self;
            store.put(&key, parts.into(), PutOptions::default()).await.map(|_| ())
        })
    }

    fn abort(self: Box<Self>) -> BoxFuture<'static, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}
