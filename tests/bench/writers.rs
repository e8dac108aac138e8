//! `cargo bench --bench writers`: changes beside PyIceberg, delta-rs, and the Python packages datashard and shackleton, of the same
//! rows on one bucket, in one run.
//!
//! ```text
//! cargo bench --bench writers -- [--rows 1000000]
//! ```
//!
//! Needs `DATASHARD_BENCH_PYTHON`, a Python with tests/bench/writers/requirements.txt, for the others; without it they are left out, and
//! said. Each is a process, which has made its rows and its tables before a step begins. Requests are those that the server took, bytes
//! those that it read and wrote. shackleton writes to this machine's disk, as it can nothing else.
#![allow(clippy::disallowed_methods, reason = "a benchmark measures time")]

#[path = "../../examples/bucket/server/mod.rs"]
#[allow(dead_code)]
mod server;
mod support;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use arrow_array::{
    ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use datashard::spec::{NestedField, PrimitiveType, Schema, identity, to_arrow};
use datashard::store::{CountingStore, MemoryStore};
use datashard::{Table, Warehouse};
use futures::executor::block_on;
use serde_json::{Value as Json, json};
use server::{Options, Server};
use support::{client, peak};

const STEPS: [&str; 6] = ["append", "append of 100", "upsert", "delete", "26 partitions", "64 partitions"];
const ENGINES: [&str; 5] = ["datashard", "pyiceberg", "delta-rs", "datashard-py", "shackleton"];
const BATCH: i64 = 65_536;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [mode, endpoint, rows] = &arguments[..]
        && mode == "--write"
    {
        return child(endpoint, rows.parse().unwrap());
    }
    let at = arguments.iter().position(|argument| argument == "--rows");
    let rows = at.and_then(|at| arguments.get(at + 1)).map_or("1000000", |rows| rows).to_owned();
    let all: Vec<(&str, Result<Vec<Step>, String>)> = ENGINES.iter().map(|name| (*name, run(name, &rows))).collect();
    for (at, title) in STEPS.iter().enumerate() {
        let what = match *title {
            "append" => format!("{rows} rows in one append"),
            "append of 100" => "ten appends of 100 rows each".to_owned(),
            "upsert" => "10,000 rows by key, of which half are there".to_owned(),
            "delete" => "one row in a thousand by a filter".to_owned(),
            partitions => format!("{rows} rows in one append into {partitions}"),
        };
        println!("\n{title}: {what}");
        println!(
            "{:>14} {:>9} {:>9} {:>7} {:>9} {:>13} {:>13}",
            "", "rows after", "seconds", "ratio", "requests", "bytes read", "written"
        );
        let mut own = None;
        for (name, steps) in &all {
            match steps.as_ref().map(|steps| &steps[at]) {
                Err(why) => println!("{name:>14} {why}"),
                Ok(Step::Cannot(why)) => println!("{name:>14} {why}"),
                Ok(Step::Took { seconds, rows, requests, read, written }) => {
                    let (own_seconds, own_rows) = *own.get_or_insert((*seconds, *rows));
                    assert_eq!(*rows, own_rows, "{name} has other rows after {title}");
                    let ratio = seconds / own_seconds;
                    println!("{name:>14} {rows:>9} {seconds:>9.3} {ratio:>7.2} {requests:>9} {read:>13} {written:>13}");
                }
            }
        }
    }
}

enum Step {
    Took { seconds: f64, rows: u64, requests: u64, read: u64, written: u64 },
    Cannot(String),
}

/// All steps of an engine, in a process of its own on a bucket of its own.
fn run(name: &str, rows: &str) -> Result<Vec<Step>, String> {
    let store = CountingStore::new(Arc::new(MemoryStore::new()));
    let server = Server::start(Arc::new(store.clone()), Options::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut command = if name == "datashard" {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--write", &server.endpoint(), rows]);
        command
    } else {
        let python: PathBuf = std::env::var_os("DATASHARD_BENCH_PYTHON").ok_or("needs DATASHARD_BENCH_PYTHON")?.into();
        let Options { access_key, secret_key, .. } = Options::default();
        let mut command = Command::new(python);
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench/writers/write.py"));
        command.args([name, &server.endpoint(), &access_key, &secret_key]).arg(folder.path()).arg(rows);
        command
    };
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let (mut to, mut from) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()).lines());
    let mut said = || -> Result<Json, String> {
        loop {
            let line = from.next().and_then(Result::ok).ok_or("ended without a word")?;
            if let Ok(json) = serde_json::from_str(&line) {
                return Ok(json);
            }
        }
    };
    let steps = steps(&server, &store, &mut to, &mut said);
    let _ = child.kill();
    let _ = child.wait();
    steps
}

/// Goes through the steps of a process, and counts what each takes.
fn steps(
    server: &Server,
    store: &CountingStore,
    to: &mut ChildStdin,
    said: &mut dyn FnMut() -> Result<Json, String>,
) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    for _ in STEPS {
        let begun = said()?;
        if let Some(why) = begun["cannot"].as_str() {
            steps.push(Step::Cannot(why.to_owned()));
            continue;
        }
        store.take();
        let before = server.answers();
        writeln!(to).map_err(|error| error.to_string())?;
        let done = said()?;
        let (requests, counts) = (server.answers() - before, store.take());
        if let Some(why) = done["cannot"].as_str() {
            steps.push(Step::Cannot(why.to_owned()));
            continue;
        }
        writeln!(to).map_err(|error| error.to_string())?;
        let rows = said()?["rows"].as_u64().unwrap_or_default();
        let (read, written) = (counts.bytes_read, counts.bytes_written);
        steps.push(Step::Took { seconds: done["seconds"].as_f64().unwrap_or(f64::NAN), rows, requests, read, written });
    }
    Ok(steps)
}

fn schema() -> Schema {
    Schema::new([
        NestedField::optional("id", PrimitiveType::Long),
        NestedField::optional("at", PrimitiveType::Timestamptz),
        NestedField::optional("value", PrimitiveType::Double),
        NestedField::optional("level", PrimitiveType::String),
        NestedField::optional("message", PrimitiveType::String),
        NestedField::optional("letter", PrimitiveType::String),
        NestedField::optional("shard", PrimitiveType::Int),
    ])
    .unwrap()
}

/// The rows that tests/bench/writers/write.py makes too.
fn batches(begin: i64, end: i64, name: &str) -> Vec<RecordBatch> {
    let arrow = Arc::new(to_arrow(&schema()).unwrap());
    let level = |id: i64| match id.wrapping_mul(2_654_435_761) % 1_000 {
        0 => "fatal",
        1..=30 => "error",
        31..=200 => "warn",
        _ => "info",
    };
    let batch = |from: i64| {
        let ids = || from..end.min(from + BATCH);
        let at = ids().map(|id| 1_790_000_000_000_000 + id * 1_000);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from_iter_values(ids())),
            Arc::new(TimestampMicrosecondArray::from_iter_values(at).with_timezone("UTC")),
            Arc::new(Float64Array::from_iter_values(ids().map(|id| (id % 100_003) as f64 / 7.0))),
            Arc::new(StringArray::from_iter_values(ids().map(level))),
            Arc::new(StringArray::from_iter_values(ids().map(|id| format!("{name} {id} took {} ms", id % 977)))),
            Arc::new(StringArray::from_iter_values(ids().map(|id| char::from(b'a' + (id % 26) as u8).to_string()))),
            Arc::new(Int32Array::from_iter_values(ids().map(|id| ((id * 7) % 64) as i32))),
        ];
        RecordBatch::try_new(arrow.clone(), columns).unwrap()
    };
    (begin..end).step_by(BATCH as usize).map(batch).collect()
}

fn child(endpoint: &str, count: i64) {
    let warehouse = Warehouse::new(client(endpoint));
    let create = |name: &'static str| warehouse.create(name).schema(schema());
    let (plain, letters, shards) = block_on(async {
        let letters = create("letters").partition_by([identity("letter")]).await.unwrap();
        (create("plain").await.unwrap(), letters, create("shards").partition_by([identity("shard")]).await.unwrap())
    });
    let rows = batches(0, count, "request");
    let small: Vec<_> = (0..10).map(|n| batches(count + n * 100, count + n * 100 + 100, "request")).collect();
    let changed = batches(count - 4_000, count + 6_000, "changed");
    for step in STEPS {
        say(&json!({"step": step}));
        wait();
        let begin = Instant::now();
        let table = block_on(async {
            match step {
                "append" => append(&plain, &rows).await,
                "append of 100" => {
                    for rows in &small {
                        append(&plain, rows).await;
                    }
                    &plain
                }
                "upsert" => {
                    plain.upsert(changed.clone(), ["id"]).await.unwrap();
                    &plain
                }
                "delete" => {
                    plain.delete("level = 'fatal'").await.unwrap();
                    &plain
                }
                "26 partitions" => append(&letters, &rows).await,
                _ => append(&shards, &rows).await,
            }
        });
        say(&json!({"seconds": begin.elapsed().as_secs_f64(), "megabytes": peak()}));
        wait();
        say(&json!({"rows": block_on(table.scan().count()).unwrap()}));
    }
}

async fn append<'a>(table: &'a Table, rows: &[RecordBatch]) -> &'a Table {
    table.append(rows.to_vec()).await.unwrap();
    table
}

fn say(json: &Json) {
    println!("{json}");
}

fn wait() {
    std::io::stdin().read_line(&mut String::new()).unwrap();
}
