//! A writer: a process of its own that appends one record at a time, many at once. It tells its parent how far it is by
//! lines of JSON.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, Instant};

use datashard::{CommitReceipt, Resolution, Table, Warehouse};
use futures::StreamExt;
use futures::stream;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Result;
use crate::load::Load;

/// How often an append is done anew that has failed, which means that its record is not in the table.
const TRIES: usize = 20;

/// What a writer tells its parent.
#[derive(Debug, Deserialize, Serialize)]
pub enum Line {
    /// The table is open.
    Ready,
    /// So many more appends have returned.
    Acknowledged(u64),
    Done(Summary),
}

/// What became of a writer's appends.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Summary {
    /// How long each append took that got a receipt, in microseconds.
    pub latencies: Vec<u64>,
    /// Of the commits that these appends shared.
    pub attempts: u64,
    pub conflicts: u64,
    /// Errors of appends by their kind, and how often each came. The append was then repeated.
    pub errors: BTreeMap<String, u64>,
    /// An error of each kind.
    pub samples: BTreeMap<String, String>,
    /// Commits of unknown outcome that were settled: they were in the table.
    pub found: u64,
    /// Records whose append failed for good, or of which nobody knows whether they are in the table.
    pub failed: Vec<i64>,
    pub unknown: Vec<i64>,
}

pub async fn run(load: &Load) -> Result<()> {
    let table = Warehouse::from_env()?.open(&load.table).await?;
    tell(&Line::Ready)?;
    std::io::stdin().read_line(&mut String::new())?;
    let writer = i64::try_from(load.writer.unwrap_or_default())?;
    let operations = i64::try_from(load.operations)?;
    let first = writer * operations;
    let mut summary = Summary::default();
    let mut commits = BTreeMap::new();
    let appends = stream::iter(first..first + operations).map(|id| append(&table, id, writer));
    let mut appends = appends.buffer_unordered(load.in_flight).ready_chunks(load.in_flight);
    while let Some(outcomes) = appends.next().await {
        let mut acknowledged = 0;
        for Outcome { id, end, errors } in outcomes {
            for (kind, message) in errors {
                *summary.errors.entry(kind.clone()).or_default() += 1;
                summary.samples.entry(kind).or_insert(message);
            }
            match end {
                End::Receipt(receipt, took) => {
                    acknowledged += 1;
                    summary.latencies.push(u64::try_from(took.as_micros())?);
                    commits.insert(receipt.version, receipt);
                }
                End::Found => {
                    acknowledged += 1;
                    summary.found += 1;
                }
                End::Failed => summary.failed.push(id),
                End::Unknown => summary.unknown.push(id),
            }
        }
        tell(&Line::Acknowledged(acknowledged))?;
    }
    summary.attempts = commits.values().map(|receipt| u64::from(receipt.attempts)).sum();
    summary.conflicts = commits.values().map(|receipt| u64::from(receipt.conflicts)).sum();
    tell(&Line::Done(summary))
}

fn tell(line: &Line) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string(line)?)?;
    Ok(out.flush()?)
}

struct Outcome {
    id: i64,
    end: End,
    errors: Vec<(String, String)>,
}

enum End {
    Receipt(CommitReceipt, Duration),
    /// The outcome was unknown, and settled.
    Found,
    Failed,
    Unknown,
}

/// One operation.
async fn append(table: &Table, id: i64, writer: i64) -> Outcome {
    let begun = Instant::now();
    let record = json!({"id": id, "process": writer});
    let mut errors = Vec::new();
    for _ in 0..TRIES {
        let error = match table.append_records([&record]).await {
            Ok(receipt) => return Outcome { id, end: End::Receipt(receipt, begun.elapsed()), errors },
            Err(error) => error,
        };
        errors.push((error.kind().as_str().to_owned(), error.to_string()));
        let Some(token) = error.unknown_commit() else { continue };
        match settle(table, token).await {
            Some(Resolution::Committed { .. }) => return Outcome { id, end: End::Found, errors },
            Some(Resolution::NotCommitted) => {}
            None => return Outcome { id, end: End::Unknown, errors },
        }
    }
    Outcome { id, end: End::Failed, errors }
}

async fn settle(table: &Table, token: &str) -> Option<Resolution> {
    for _ in 0..TRIES {
        if let Ok(resolution) = table.resolve(token).await {
            return Some(resolution);
        }
    }
    None
}
