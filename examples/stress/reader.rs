use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use datashard::Warehouse;
use futures::TryStreamExt;
use tokio::task::JoinHandle;

use crate::Result;

/// Reads the table again and again, until it is told to stop.
pub struct Reader {
    stop: Arc<AtomicBool>,
    task: JoinHandle<Reading>,
}

/// What a reader has seen.
#[derive(Debug, Default)]
pub struct Reading {
    pub reads: u64,
    pub slowest: Duration,
    /// What must not be.
    pub violations: Vec<String>,
}

/// What is in the table: its version, and how often each id is there.
pub struct Content {
    pub version: u64,
    pub rows: u64,
    pub ids: BTreeMap<i64, u64>,
}

impl Reader {
    pub fn start(warehouse: Warehouse, table: String, acknowledged: Arc<AtomicU64>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            let mut reading = Reading::default();
            let (mut rows, mut version) = (0, 0);
            while !stopped.load(Ordering::SeqCst) {
                let begun = Instant::now();
                let due = acknowledged.load(Ordering::SeqCst);
                reading.reads += 1;
                match read(&warehouse, &table).await {
                    Ok(found) => {
                        let mut must = |holds: bool, what: String| {
                            if !holds {
                                reading.violations.push(format!("version {}: {what}", found.version));
                            }
                        };
                        must(found.version >= version, format!("version {version} was there before"));
                        must(found.rows >= rows, format!("{} rows, {rows} before", found.rows));
                        must(found.rows >= due, format!("{} rows, {due} acknowledged before", found.rows));
                        must(found.rows == found.ids.len() as u64, "a record is there twice".into());
                        (rows, version) = (found.rows, found.version);
                    }
                    Err(error) => reading.violations.push(error.to_string()),
                }
                reading.slowest = reading.slowest.max(begun.elapsed());
            }
            reading
        });
        Self { stop, task }
    }

    /// Ends after the read that is under way.
    pub async fn stop(self) -> Reading {
        self.stop.store(true, Ordering::SeqCst);
        self.task.await.unwrap_or_else(|error| Reading { violations: vec![error.to_string()], ..Reading::default() })
    }
}

/// Opens the table anew, and reads every row.
pub async fn read(warehouse: &Warehouse, table: &str) -> Result<Content> {
    let table = warehouse.open(table).await?;
    let mut content = Content { version: table.version(), rows: 0, ids: BTreeMap::new() };
    let mut batches = table.scan().select(["id"]).stream().await?;
    while let Some(batch) = batches.try_next().await? {
        for id in batch.column(0).as_primitive::<Int64Type>().values() {
            content.rows += 1;
            *content.ids.entry(*id).or_default() += 1;
        }
    }
    Ok(content)
}
