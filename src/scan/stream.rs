use std::collections::VecDeque;
use std::ops::Range;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use bytes::Bytes;
use futures::Stream;
use futures::stream::{self, StreamExt};

use crate::error::{Result, ResultExt};
use crate::expr::BoundPredicate;
use crate::parquet::{
    DecodeOptions, DecodeReport, FIRST_READ, FileDecoder, FileMetadata, FooterDecoder, FooterStep, Projection, Step,
};
use crate::runtime::BoxStream;
use crate::scan::builder::{Resolved, Source};
use crate::scan::{ScanReport, ScanTask, plan};
use crate::spec::Transform;
use crate::store::get_ranges;

/// How many files are read at a time.
const CONCURRENCY: usize = 4;

/// The rows of a scan, as record batches in no particular order. After an error it ends.
///
/// Several files are read at a time; those that come next are begun only when these are done, so that memory is bounded
/// by a few row groups, whatever the size of the table. Dropping the stream stops its requests.
pub struct ScanStream {
    batches: BoxStream<'static, Result<RecordBatch>>,
    schema: SchemaRef,
    left: Option<u64>,
    report: Arc<Mutex<ScanReport>>,
    waiting: Arc<Mutex<VecDeque<ScanTask>>>,
}

/// What reading a file needs beside the file.
struct Reading {
    source: Source,
    projection: Projection,
    filter: Option<BoundPredicate>,
    limit: Option<u64>,
    batch_rows: usize,
    report: Arc<Mutex<ScanReport>>,
}

impl ScanStream {
    pub(super) async fn new(scan: Resolved) -> Result<Self> {
        let plan = plan::plan(&scan).await?;
        let projection = Projection::of(&scan.schema, &scan.columns)?;
        let schema = projection.arrow_schema().clone();
        let report = Arc::new(Mutex::new(plan.report));
        let waiting = Arc::new(Mutex::new(VecDeque::from(plan.tasks)));
        let limit = scan.limit;
        let reading = Arc::new(Reading {
            source: scan.source,
            projection,
            filter: scan.filter,
            limit,
            batch_rows: scan.batch_rows,
            report: report.clone(),
        });
        let tasks = waiting.clone();
        let files = stream::unfold(tasks, |tasks| async move {
            let task = tasks.lock().unwrap_or_else(PoisonError::into_inner).pop_front()?;
            Some((task, tasks))
        });
        let files = files.map(move |task| file(reading.clone(), task));
        // With a limit, the first files are likely to be enough.
        let concurrency = if limit.is_some() { 1 } else { CONCURRENCY };
        let batches = Box::pin(files.flatten_unordered(concurrency));
        Ok(Self { batches, schema, left: limit, report, waiting })
    }

    /// The schema of the batches.
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    /// What the scan did, so far.
    pub fn report(&self) -> ScanReport {
        *self.report.lock().unwrap_or_else(PoisonError::into_inner)
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
fn file(reading: Arc<Reading>, task: ScanTask) -> BoxStream<'static, Result<RecordBatch>> {
    let path = task.data_file.file_path.clone();
    let state = FileState { reading, task, decoder: None, seen: DecodeReport::default() };
    let batches = stream::try_unfold(state, move |mut state| {
        let path = path.clone();
        async move {
            let batch = state.next().await.context(|| format!("reading {path}"))?;
            Ok(batch.map(|batch| (batch, state)))
        }
    });
    Box::pin(batches)
}

struct FileState {
    reading: Arc<Reading>,
    task: ScanTask,
    decoder: Option<FileDecoder>,
    /// How much of the decoder's report is in the scan's.
    seen: DecodeReport,
}

impl FileState {
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        if self.decoder.is_none() {
            self.decoder = Some(self.open().await?);
        }
        while let Some(decoder) = &mut self.decoder {
            let step = decoder.step()?;
            let (now, seen) = (decoder.report(), std::mem::replace(&mut self.seen, decoder.report()));
            self.reading.report(|report| {
                report.row_groups += now.row_groups - seen.row_groups;
                report.row_groups_skipped += now.row_groups_skipped - seen.row_groups_skipped;
                report.rows_skipped_by_pages += now.rows_skipped_by_pages - seen.rows_skipped_by_pages;
            });
            match step {
                Step::Batch(batch) => return Ok(Some(batch)),
                Step::Done => break,
                Step::Needs(ranges) => {
                    let bytes = self.reading.get(&self.task, &ranges).await?;
                    decoder.push(ranges, bytes)?;
                }
            }
        }
        Ok(None)
    }

    async fn open(&mut self) -> Result<FileDecoder> {
        let footer = self.footer().await?;
        let Reading { projection, filter, limit, batch_rows, .. } = &*self.reading;
        // A column that the file lacks may be one that its partition says (spec: Column Projection).
        let spec = &self.task.partition_spec;
        let values = spec.fields.iter().zip(&self.task.data_file.partition);
        let identity = values.filter(|(field, _)| field.transform == Transform::Identity);
        let constants = identity.map(|(field, value)| (field.source_id, value.clone()));
        let projection = projection.clone().constants(constants);
        let options = DecodeOptions { batch_size: *batch_rows, limit: *limit, ..DecodeOptions::default() };
        FileDecoder::new(footer, &projection, filter.as_ref(), options)
    }

    async fn footer(&mut self) -> Result<FileMetadata> {
        let mut footer = FooterDecoder::new(self.task.data_file.file_size_in_bytes, FIRST_READ)?;
        loop {
            match footer.step()? {
                FooterStep::Done(metadata) => return Ok(metadata),
                FooterStep::Needs(ranges) => {
                    let bytes = self.reading.get(&self.task, &ranges).await?;
                    footer.push(ranges, bytes)?;
                }
            }
        }
    }
}

impl Reading {
    async fn get(&self, task: &ScanTask, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let handle = &self.source.handle;
        let key = handle.location.resolve(&task.data_file.file_path)?;
        let (bytes, requests) = get_ranges(&*handle.store, &key, ranges).await?;
        self.report(|report| {
            report.requests += requests.len() as u64;
            report.bytes += requests.iter().map(|range| range.end - range.start).sum::<u64>();
        });
        Ok(bytes)
    }

    fn report(&self, add: impl FnOnce(&mut ScanReport)) {
        add(&mut self.report.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
