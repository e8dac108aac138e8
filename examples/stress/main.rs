//! Many processes append to one table at the same time, and a reader reads it all the while.
//!
//! ```text
//! cargo run --release --example stress
//! ```
//!
//! An operation is one `append` of one record, over when it is durable. Each process keeps many of them in flight on one
//! `Table`, which has them share commits. At the end every operation must be in the table, once; at no moment may the
//! table be unreadable, shrink, or lack what has been acknowledged. The exit code tells.
//!
//! The bucket is that of `DATASHARD_S3_*`, or else the server of the example `bucket` over a temporary folder.

#![allow(clippy::disallowed_methods, reason = "a program measures time and reads its environment")]

#[path = "../bucket/server/mod.rs"]
#[allow(dead_code, reason = "one of several programs that it is part of")]
mod server;

mod bucket;
mod child;
mod load;
mod reader;
mod report;
mod writer;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use bucket::Bucket;
use child::Child;
use datashard::spec::{NestedField, PrimitiveType, Schema};
use futures::future::join_all;
use load::Load;
use reader::Reader;
use report::Report;

/// The errors of a program.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> ExitCode {
    let load = match Load::from_arguments() {
        Ok(load) => load,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    match run(&load) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether all was well.
fn run(load: &Load) -> Result<bool> {
    if load.writer.is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        return runtime.block_on(writer::run(load)).map(|()| true);
    }
    let bucket = Bucket::open()?;
    tokio::runtime::Runtime::new()?.block_on(direct(load, &bucket))
}

/// Starts the writers and a reader, and looks at what they did.
async fn direct(load: &Load, bucket: &Bucket) -> Result<bool> {
    let warehouse = bucket.warehouse()?;
    let schema = Schema::new([
        NestedField::required("id", PrimitiveType::Long),
        NestedField::required("process", PrimitiveType::Long),
    ])?;
    let table = warehouse.create(&load.table).schema(schema).await?;
    println!("{} on {}", table.location(), bucket.name());
    println!("{} processes x {} appends, {} in flight each\n", load.processes, load.operations, load.in_flight);

    // How many appends have returned in any process.
    let acknowledged = Arc::new(AtomicU64::new(0));
    let starting = (0..load.processes).map(|i| Child::start(load, i, bucket.environment()));
    let children = join_all(starting).await.into_iter().collect::<Result<Vec<_>>>()?;
    let reader = Reader::start(warehouse.clone(), load.table.clone(), acknowledged.clone());
    let begun = Instant::now();
    let summaries = join_all(children.into_iter().map(|child| child.run(acknowledged.clone()))).await;
    let seconds = begun.elapsed().as_secs_f64();
    let reading = reader.stop().await;

    let last = reader::read(&warehouse, &load.table).await?;
    let snapshots = warehouse.open(&load.table).await?.snapshots().len();
    let report = Report { seconds, snapshots, acknowledged: acknowledged.load(Ordering::SeqCst), summaries, reading };
    Ok(report.print(load, &last))
}
