use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use futures::stream::{self, StreamExt};
use futures::{Stream, TryFutureExt};

use crate::error::Result;
use crate::expr::BoundPredicate;
use crate::parquet::Projection;
use crate::read::{Budget, DataFileRows, Files, Reading};
use crate::runtime::BoxStream;
use crate::scan::in_order::InOrder;
use crate::scan::spread::spread;
use crate::scan::{ScanPlan, ScanReport, ScanTask};
use crate::spec::metadata_columns::PARTITION;

/// What is to be read, from the first on.
pub(super) type Waiting = Arc<Mutex<VecDeque<ScanTask>>>;

pub(super) fn next(waiting: &Waiting) -> Option<ScanTask> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
}

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
    report: Arc<Mutex<ScanReport>>,
    files: Files,
    waiting: Waiting,
}

impl ScanStream {
    pub(super) fn new(plan: ScanPlan) -> Result<Self> {
        let ScanPlan { tasks, report, scan } = plan;
        let projection = Projection::of(&scan.schema, &scan.columns)?;
        let schema = projection.arrow_schema().clone();
        let tested = scan.filter.as_ref().map(BoundPredicate::field_ids).unwrap_or_default();
        let projection = projection.tested_by(tested.clone())?;
        let partition = projection.and_also(&tested)?.schema().field_by_id(PARTITION).map(|_| scan.partition);
        let report = Arc::new(Mutex::new(report));
        let waiting = Arc::new(Mutex::new(VecDeque::from(tasks)));
        let (limit, pace) = (scan.limit, scan.pace);
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
        });
        // With a limit, the first files are likely to be enough.
        let runtime = scan.source.handle.runtime.clone();
        let concurrency = if limit.is_some() { 1 } else { pace.concurrency };
        let batches: BoxStream<'static, _> = if pace.ordered {
            Box::pin(InOrder::new(reading, waiting.clone(), concurrency, runtime))
        } else {
            let tasks = stream::unfold(waiting.clone(), |waiting| async move { Some((next(&waiting)?, waiting)) });
            let files = tasks.map(move |task| {
                let rows = rows(reading.clone(), task, Arc::default());
                // With a limit nothing is decoded before it is asked for.
                if limit.is_some() { rows } else { spread(&*runtime, rows) }
            });
            Box::pin(files.flatten_unordered(concurrency))
        };
        Ok(Self { batches, schema, left: limit, report, files, waiting })
    }

    /// The schema of the batches.
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    /// What the scan did, so far.
    pub fn report(&self) -> ScanReport {
        let report = *self.report.lock().unwrap_or_else(PoisonError::into_inner);
        report.and(&self.files.report())
    }

    /// Ends the stream, and with it everything that is still under way.
    fn finish(&mut self) {
        self.batches = Box::pin(stream::empty());
        let skipped = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).drain(..).count();
        self.report.lock().unwrap_or_else(PoisonError::into_inner).files_skipped += skipped as u64;
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
                self.report.lock().unwrap_or_else(PoisonError::into_inner).rows += batch.num_rows() as u64;
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
    task: ScanTask,
    urgent: Arc<AtomicBool>,
) -> BoxStream<'static, Result<RecordBatch>> {
    let rows = async move { DataFileRows::open(&reading, task, urgent).await };
    let batches = rows.map_ok(|rows| {
        stream::try_unfold(rows, |mut rows| async move { Ok(rows.next().await?.map(|batch| (batch, rows))) })
    });
    Box::pin(batches.try_flatten_stream())
}
