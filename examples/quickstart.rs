//! Twelve writers append to one table at the same time; nothing is lost, nothing is there twice.
//!
//! `cargo run --release --example quickstart` keeps the table in the folder `./bucket` (`--memory`: in memory alone; a
//! path as argument: in that folder). With `DATASHARD_S3_BUCKET` and its fellows set, it uses that bucket.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use datashard::native::FolderStore;
use datashard::scan::{ScanReport, ScanStream};
use datashard::spec::{NestedField, PrimitiveType, Schema};
use datashard::store::{MemoryStore, ObjectStore};
use datashard::{Result, Table, Warehouse};
use futures::StreamExt;

const WRITERS: i64 = 12;
const APPENDS: i64 = 5;
const ROWS: i64 = 100;

#[tokio::main]
async fn main() -> Result<()> {
    let warehouse = warehouse()?;
    let schema = Schema::new([
        NestedField::required("id", PrimitiveType::Long),
        NestedField::required("level", PrimitiveType::String),
    ])?;
    let name = format!("quickstart-{}", std::process::id());
    let table = warehouse.create(&name).schema(schema).await?;
    println!("created {} (version {})\n", table.location(), table.version());

    // Each writer opens the table by itself, as a process of its own would.
    let writers = (0..WRITERS).map(|writer| tokio::spawn(write(warehouse.clone(), name.clone(), writer)));
    let writers: Vec<_> = writers.collect();
    println!("writer  appends  attempts  conflicts");
    for (writer, running) in writers.into_iter().enumerate() {
        let (attempts, conflicts) = running.await.expect("the writer panicked")?;
        println!("{writer:>6}  {APPENDS:>7}  {attempts:>8}  {conflicts:>9}");
    }

    table.refresh().await?;
    let ids = ids(&table).await?;
    let distinct: BTreeSet<i64> = ids.iter().copied().collect();
    let expected = WRITERS * APPENDS * ROWS;
    println!("\nversion {}: {} rows, {} distinct, {expected} expected", table.version(), ids.len(), distinct.len());
    assert!(ids.len() as i64 == expected && distinct.len() as i64 == expected, "a row was lost or doubled");

    let errors = table.scan().select(["id"]).filter("level = 'error' and id < 1000").stream().await?;
    let (rows, report) = drain(errors).await?;
    println!("\nlevel = 'error' and id < 1000: {rows} rows");
    println!(
        "  {} of {} files read, {} requests, {} bytes",
        report.files - report.files_skipped,
        report.files,
        report.requests,
        report.bytes
    );

    let half = table.snapshots()[table.snapshots().len() / 2].clone();
    let then = table.scan().at_snapshot(half.snapshot_id).count().await?;
    println!("\nas of snapshot {} ({}): {then} rows", half.snapshot_id, half.timestamp);
    Ok(())
}

async fn write(warehouse: Warehouse, name: String, writer: i64) -> Result<(u32, u32)> {
    let table = warehouse.open(&name).await?;
    let (mut attempts, mut conflicts) = (0, 0);
    for append in 0..APPENDS {
        let first = (writer * APPENDS + append) * ROWS;
        let receipt = table.append([batch(first)]).await?;
        attempts += receipt.attempts;
        conflicts += receipt.conflicts;
    }
    Ok((attempts, conflicts))
}

fn batch(first: i64) -> RecordBatch {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(first..first + ROWS));
    let levels = (first..first + ROWS).map(|id| if id % 10 == 0 { "error" } else { "info" });
    let levels: ArrayRef = Arc::new(StringArray::from_iter_values(levels));
    RecordBatch::try_from_iter([("id", ids), ("level", levels)]).expect("two columns of one length")
}

async fn ids(table: &Table) -> Result<Vec<i64>> {
    let batches = table.scan().select(["id"]).collect().await?;
    Ok(batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec()).collect())
}

async fn drain(mut stream: ScanStream) -> Result<(usize, ScanReport)> {
    let mut rows = 0;
    while let Some(batch) = stream.next().await {
        rows += batch?.num_rows();
    }
    Ok((rows, stream.report()))
}

/// The bucket of the environment if it names one, else a folder or memory as the arguments say.
fn warehouse() -> Result<Warehouse> {
    if std::env::var_os("DATASHARD_S3_BUCKET").is_some() {
        return Warehouse::from_env();
    }
    let store: Arc<dyn ObjectStore> = match std::env::args().nth(1).as_deref() {
        Some("--memory") => Arc::new(MemoryStore::new()),
        folder => Arc::new(FolderStore::open(folder.unwrap_or("./bucket"))?),
    };
    Ok(Warehouse::new(store))
}
