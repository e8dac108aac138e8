//! `cargo bench --bench readers`: scans beside DuckDB, PyIceberg, Polars and the `iceberg` crate, of the same table on the same
//! bucket, in one run.
//!
//! ```text
//! cargo bench --bench readers -- [--rows 1000000] [--files 1,100,10000] [--runs 5]
//! ```
//!
//! Needs `DATASHARD_TEST_PYTHON`, a Python with tests/judges/requirements.txt, for the first three; and for the last the program
//! that `cargo build --release --manifest-path tests/bench/iceberg/Cargo.toml` makes. What is missing is left out, and said.
//!
//! Each reader is a process of its own, and reads the table so many times, opening it anew; the median counts. All are told the
//! metadata file; to find the newest takes this crate two requests more. Requests and bytes are counted behind the server, for
//! one time. `raw` fetches the files whole and decodes them with the `parquet` crate.
#![allow(clippy::disallowed_methods, reason = "a benchmark measures time")]

#[path = "../../examples/bucket/server/mod.rs"]
#[allow(dead_code)]
mod server;
mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use bytes::Bytes;
use datashard::runtime::{BoxFuture, BoxStream};
use datashard::spec::{NestedField, PrimitiveType, Schema, to_arrow};
use datashard::store::{GetOptions, GetResult, MemoryStore, ObjectMeta, ObjectStore, PutOptions, PutOutcome, Upload};
use datashard::{Result, Table, Warehouse};
use futures::StreamExt;
use futures::executor::block_on;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value as Json, json};
use server::{Options, Server};
use support::{client, cpu, peak};

const BATCH: usize = 65_536;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [mode, engine, metadata, endpoint, query, runs] = &arguments[..]
        && mode == "--read"
    {
        return child(engine, metadata, endpoint, query, runs.parse().unwrap());
    }
    let option = |name: &str, default: &str| {
        let at = arguments.iter().position(|argument| argument == name);
        at.and_then(|at| arguments.get(at + 1)).map_or(default, |value| value).to_owned()
    };
    let rows: usize = option("--rows", "1000000").parse().unwrap();
    let runs = option("--runs", "5");
    for files in option("--files", "1,100,10000").split(',') {
        compare(rows, files.parse().unwrap(), &runs);
    }
}

/// A table of so many rows in about so many files.
fn make(store: Arc<dyn ObjectStore>, rows: usize, files: usize) -> Table {
    let schema = Schema::new([
        NestedField::required("id", PrimitiveType::Long),
        NestedField::required("at", PrimitiveType::Timestamptz),
        NestedField::optional("value", PrimitiveType::Double),
        NestedField::optional("level", PrimitiveType::String),
        NestedField::optional("message", PrimitiveType::String),
    ])
    .unwrap();
    let arrow = Arc::new(to_arrow(&schema).unwrap());
    let create = Warehouse::new(store).create("t").schema(schema);
    // Each batch becomes a file.
    let create = if files == 1 { create } else { create.property("write.target-file-size-bytes", "1") };
    let table = block_on(create.into_future()).unwrap();
    let per_file = rows.div_ceil(files);
    let batch = |from: usize, to: usize| {
        let ids = || (from..to).map(|id| id as i64);
        let level = |id: i64| match id.wrapping_mul(2_654_435_761) % 1_000 {
            0 => "fatal",
            1..=30 => "error",
            31..=200 => "warn",
            _ => "info",
        };
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from_iter_values(ids())),
            Arc::new(
                TimestampMicrosecondArray::from_iter_values(ids().map(|id| 1_790_000_000_000_000 + id * 1_000))
                    .with_timezone("UTC"),
            ),
            Arc::new(Float64Array::from_iter_values(
                ids().map(|id| (id.wrapping_mul(0x9e37_79b9) % 100_003) as f64 / 7.0),
            )),
            Arc::new(StringArray::from_iter_values(ids().map(level))),
            Arc::new(StringArray::from_iter_values(
                ids().map(|id| format!("request {:x} took {} ms", id.wrapping_mul(0x9e37_79b9_7f4a), id % 977)),
            )),
        ];
        RecordBatch::try_new(arrow.clone(), columns).unwrap()
    };
    let step = if files == 1 { BATCH } else { per_file };
    let batches = (0..rows).step_by(step).map(|from| batch(from, rows.min(from + step)));
    block_on(table.append(batches)).unwrap();
    table
}

/// A store that counts what a server asks of it: one `head` for each request that reads.
#[derive(Clone, Debug, Default)]
struct Counted {
    inner: MemoryStore,
    requests: Arc<AtomicU64>,
    bytes: Arc<AtomicU64>,
}

impl Counted {
    /// Requests and bytes read since the last time.
    fn take(&self) -> (u64, u64) {
        (self.requests.swap(0, Ordering::Relaxed), self.bytes.swap(0, Ordering::Relaxed))
    }
}

impl ObjectStore for Counted {
    fn root(&self) -> &str {
        self.inner.root()
    }

    fn get<'a>(&'a self, key: &'a str, options: GetOptions) -> BoxFuture<'a, Result<GetResult>> {
        Box::pin(async move {
            let result = self.inner.get(key, options).await?;
            self.bytes.fetch_add(result.bytes.len() as u64, Ordering::Relaxed);
            Ok(result)
        })
    }

    fn head<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<ObjectMeta>> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.inner.head(key)
    }

    fn put<'a>(&'a self, key: &'a str, body: Bytes, options: PutOptions) -> BoxFuture<'a, Result<PutOutcome>> {
        self.inner.put(key, body, options)
    }

    fn upload<'a>(&'a self, key: &'a str, options: PutOptions) -> BoxFuture<'a, Result<Box<dyn Upload>>> {
        self.inner.upload(key, options)
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<()>> {
        self.inner.delete(key)
    }

    fn list<'a>(&'a self, prefix: &'a str, start_after: Option<&'a str>) -> BoxStream<'a, Result<ObjectMeta>> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.inner.list(prefix, start_after)
    }
}

/// What a reader took.
struct Took {
    name: &'static str,
    rows: u64,
    seconds: f64,
    /// Processor time of all threads.
    cpu: f64,
    requests: u64,
    bytes: u64,
    megabytes: f64,
}

fn compare(rows: usize, files: usize, runs: &str) {
    let store = Counted::default();
    let server = Server::start(Arc::new(store.clone()), Options::default()).unwrap();
    let table = make(client(&server.endpoint()), rows, files);
    let metadata = format!("s3://demo/t/metadata/v{}.metadata.json", table.version());
    let middle = rows / 2;
    for (title, query) in [
        ("full scan", "full".to_owned()),
        ("one row in a thousand", "rare".to_owned()),
        ("range of 100 rows", format!("range:{middle}:{}", middle + 99)),
    ] {
        println!("\n{title}: {rows} rows in {files} files, {runs} runs");
        println!(
            "{:>12} {:>9} {:>9} {:>7} {:>9} {:>9} {:>13} {:>8}",
            "", "rows", "seconds", "ratio", "CPU s", "requests", "bytes", "peak MB"
        );
        let mut all = Vec::new();
        for name in ["datashard", "raw", "iceberg", "duckdb", "pyiceberg", "polars"] {
            if name == "raw" && query != "full" {
                continue;
            }
            match read(name, &store, &server.endpoint(), &metadata, &query, runs) {
                Ok(took) => all.push(took),
                Err(message) => println!("{name:>12} {message}"),
            }
        }
        let Some(own) = all.first().map(|own| (own.seconds, own.rows)) else { continue };
        for took in &all {
            assert_eq!(took.rows, own.1, "{} has other rows", took.name);
            let ratio = took.seconds / own.0;
            println!(
                "{:>12} {:>9} {:>9.3} {ratio:>7.2} {:>9.3} {:>9} {:>13} {:>8.0}",
                took.name, took.rows, took.seconds, took.cpu, took.requests, took.bytes, took.megabytes
            );
        }
    }
}

fn read(
    name: &'static str,
    store: &Counted,
    endpoint: &str,
    metadata: &str,
    query: &str,
    runs: &str,
) -> std::result::Result<Took, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let command = |runs: &str| -> std::result::Result<Command, String> {
        let Options { access_key, secret_key, .. } = Options::default();
        Ok(match name {
            "datashard" | "raw" => {
                let mut command = Command::new(std::env::current_exe().unwrap());
                command.args(["--read", name, metadata, endpoint, query, runs]);
                command
            }
            "iceberg" => {
                let program = root.join("tests/bench/iceberg/target/release/read");
                let mut command = Command::new(Some(program).filter(|program| program.exists()).ok_or("is not built")?);
                command.args([metadata, endpoint, &access_key, &secret_key, query, runs]);
                command
            }
            engine => {
                let python: PathBuf =
                    std::env::var_os("DATASHARD_TEST_PYTHON").ok_or("needs DATASHARD_TEST_PYTHON")?.into();
                let mut command = Command::new(python);
                command.arg(root.join("tests/bench/readers/read.py"));
                command.args([engine, "s3://demo/t", metadata, endpoint, &access_key, &secret_key, query, runs]);
                command
            }
        })
    };
    let run = |runs: &str| -> std::result::Result<Json, String> {
        let output = command(runs)?.stderr(Stdio::piped()).output().map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&output.stdout);
        let said = text.lines().last().and_then(|line| serde_json::from_str(line).ok());
        said.ok_or_else(|| {
            let error = String::from_utf8_lossy(&output.stderr);
            format!("fails: {}", error.lines().last().unwrap_or("without a word"))
        })
    };
    store.take();
    run("1")?;
    let (requests, bytes) = store.take();
    let said = run(runs)?;
    let median = |of: &str| {
        let mut seconds: Vec<f64> = said[of].as_array().into_iter().flatten().filter_map(Json::as_f64).collect();
        seconds.sort_by(f64::total_cmp);
        seconds.get(seconds.len() / 2).copied().unwrap_or(f64::NAN)
    };
    Ok(Took {
        name,
        rows: said["rows"].as_u64().unwrap(),
        seconds: median("seconds"),
        cpu: median("cpu"),
        requests,
        bytes,
        megabytes: said["megabytes"].as_f64().unwrap(),
    })
}

/// Reads in a process of its own.
fn child(engine: &str, metadata: &str, endpoint: &str, query: &str, runs: usize) {
    let store = client(endpoint);
    let (mut rows, mut seconds, mut processor) = (0, Vec::new(), Vec::new());
    for _ in 0..runs {
        let (begin, busy) = (Instant::now(), cpu());
        rows = block_on(async {
            let table = Warehouse::new(store.clone()).open_metadata(metadata).await.unwrap();
            if engine == "raw" { raw(&*store, &table).await } else { scan(&table, query).await }
        });
        seconds.push(begin.elapsed().as_secs_f64());
        processor.push(cpu() - busy);
    }
    println!("{}", json!({"rows": rows, "seconds": seconds, "cpu": processor, "megabytes": peak()}));
}

async fn scan(table: &Table, query: &str) -> usize {
    let scan = table.scan().batch_rows(BATCH);
    let scan = match query.split(':').collect::<Vec<_>>()[..] {
        ["rare"] => scan.filter("level = 'fatal'").select(["id", "message"]),
        ["range", low, high] => scan.filter(format!("id >= {low} and id <= {high}")),
        _ => scan,
    };
    let mut stream = scan.stream().await.unwrap();
    let mut rows = 0;
    while let Some(batch) = stream.next().await {
        rows += batch.unwrap().num_rows();
    }
    rows
}

async fn raw(store: &dyn ObjectStore, table: &Table) -> usize {
    let plan = table.scan().plan().await.unwrap();
    let mut rows = 0;
    for task in plan.tasks {
        let key = task.data_file.file_path.strip_prefix("s3://demo/").unwrap().to_owned();
        let file = store.get(&key, GetOptions::default()).await.unwrap().bytes;
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().with_batch_size(BATCH).build().unwrap();
        rows += reader.map(|batch| batch.unwrap().num_rows()).sum::<usize>();
    }
    rows
}
