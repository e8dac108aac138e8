use std::iter;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::task::{Context, Poll, ready};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use futures::stream::{self, StreamExt};
use futures::{Stream, TryFutureExt};

use crate::error::Result;
use crate::expr::BoundPredicate;
use crate::parquet::Projection;
use crate::read::{Budget, DataFileRows, Files, Reading};
use crate::runtime::{BoxStream, Runtime};
use crate::scan::in_order::InOrder;
use crate::scan::planner::{Planner, Progress};
use crate::scan::spread::spread;
use crate::scan::{ScanReport, ScanTask};
use crate::spec::metadata_columns::PARTITION;

/// How many read one file at a time at most.
const MOST_READERS: usize = 4;

/// The rows of a scan, as record batches; in no particular order, unless the scan is
/// [ordered](crate::scan::ScanBuilder::ordered). After an error it ends.
///
/// Several files are read at a time, and what comes next is fetched while rows are decoded. The scan's
/// [`concurrency`](crate::scan::ScanBuilder::concurrency) and [`buffer_bytes`](crate::scan::ScanBuilder::buffer_bytes)
/// bound the memory, whatever the size of the table. Dropping the stream stops its requests.
pub struct ScanStream {
    batches: BoxStream<'static, Result<RecordBatch>>,
    schema: SchemaRef,
    left: Option<u64>,
    progress: Progress,
    files: Files,
}

impl ScanStream {
    pub(super) fn new(planner: Planner) -> Result<Self> {
        let (scan, progress) = (planner.scan.clone(), planner.progress());
        let (limit, pace, concurrency) = (scan.limit, scan.pace, scan.files_at_once());
        let projection = Projection::of(&scan.schema, &scan.columns)?;
        let schema = projection.arrow_schema().clone();
        let tested = scan.filter.as_ref().map(BoundPredicate::field_ids).unwrap_or_default();
        let projection = projection.tested_by(tested.clone())?;
        let partition = projection.and_also(&tested)?.schema().field_by_id(PARTITION).map(|_| scan.partition);
        let files = Files::new(scan.source.handle.clone());
        let reading = Arc::new(Reading {
            files: files.clone(),
            projection,
            filter: scan.filter,
            partition,
            limit,
            batch_rows: pace.batch_rows,
            concurrency: pace.concurrency,
            buffer_bytes: pace.buffer_bytes,
            budget: Budget::new(pace.buffer_bytes),
            ordered: pace.ordered,
        });
        let runtime = scan.source.handle.runtime.clone();
        let batches: BoxStream<'static, _> = if pace.ordered {
            Box::pin(InOrder::new(reading, planner, concurrency, runtime))
        } else {
            let (planned, threads) = (progress.clone(), pace.concurrency.min(MOST_READERS));
            let files = planner.map(move |task| {
                // Where there are fewer files than could be read at a time, there may be several readers of each. Without
                // threads they would gain nothing.
                let readers = if cfg!(target_family = "wasm") { 1 } else { threads / planned.files_at_most().max(1) };
                // With a limit nothing is decoded before it is asked for.
                if limit.is_some() {
                    rows(reading.clone(), task, Arc::default())
                } else if readers > 1 {
                    shared(reading.clone(), task, readers, runtime.clone())
                } else {
                    spread(&*runtime, rows(reading.clone(), task, Arc::default()))
                }
            });
            Box::pin(files.flatten_unordered(concurrency))
        };
        Ok(Self { batches, schema, left: limit, progress, files })
    }

    /// The schema of the batches.
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    /// What the scan did, so far.
    pub fn report(&self) -> ScanReport {
        self.progress.report().and(&self.files.report())
    }

    /// Ends the stream, and with it everything that is still under way.
    fn finish(&mut self) {
        self.batches = Box::pin(stream::empty());
        self.progress.end();
    }
}

impl Stream for ScanStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.left == Some(0) {
            self.finish();
        }
        let mut item = ready!(self.batches.as_mut().poll_next(context));
        match &mut item {
            Some(Ok(batch)) => {
                if let Some(left) = &mut self.left {
                    let rows = usize::try_from(*left).unwrap_or(usize::MAX).min(batch.num_rows());
                    *batch = batch.slice(0, rows);
                    *left -= rows as u64;
                }
                self.progress.note(|report| report.rows += batch.num_rows() as u64);
            }
            Some(Err(_)) => self.finish(),
            None => {}
        }
        Poll::Ready(item)
    }
}

impl std::fmt::Debug for ScanStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ScanStream({:?})", self.report())
    }
}

/// One file's batches.
pub(super) fn rows(
    reading: Arc<Reading>,
    task: Result<ScanTask>,
    urgent: Arc<AtomicBool>,
) -> BoxStream<'static, Result<RecordBatch>> {
    let rows = async move { DataFileRows::open(&reading, task?, urgent).await };
    Box::pin(rows.map_ok(batches).try_flatten_stream())
}

/// One file's batches, in no particular order, by so many readers at most.
fn shared(
    reading: Arc<Reading>,
    task: Result<ScanTask>,
    readers: usize,
    runtime: Arc<dyn Runtime>,
) -> BoxStream<'static, Result<RecordBatch>> {
    let shares = async move {
        let mut first = DataFileRows::open(&reading, task?, Arc::default()).await?;
        let others = first.share(readers).await?;
        let shares = iter::once(first).chain(others);
        let shares: Vec<_> = shares.map(|rows| spread(&*runtime, batches(rows))).collect();
        Ok(stream::iter(shares).flatten_unordered(None))
    };
    Box::pin(shares.try_flatten_stream())
}

fn batches(rows: DataFileRows) -> BoxStream<'static, Result<RecordBatch>> {
    Box::pin(stream::try_unfold(rows, |mut rows| async move { Ok(rows.next().await?.map(|batch| (batch, rows))) }))
}
