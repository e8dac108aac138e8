use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use arrow_array::RecordBatch;
use futures::stream::Fuse;
use futures::{Stream, StreamExt};

use crate::error::Result;
use crate::read::Reading;
use crate::runtime::{BoxStream, Runtime};
use crate::scan::planner::Planner;
use crate::scan::spread::spread;
use crate::scan::stream::rows;

/// The batches of one file after the other, while those that come next are opened and begun.
pub(super) struct InOrder {
    reading: Arc<Reading>,
    planner: Fuse<Planner>,
    concurrency: usize,
    runtime: Arc<dyn Runtime>,
    open: VecDeque<File>,
}

struct File {
    batches: BoxStream<'static, Result<RecordBatch>>,
    /// Whether this is the first, for which all others wait.
    urgent: Arc<AtomicBool>,
    /// What it had when it was not the first.
    early: Option<Option<Result<RecordBatch>>>,
}

impl InOrder {
    pub(super) fn new(reading: Arc<Reading>, planner: Planner, concurrency: usize, runtime: Arc<dyn Runtime>) -> Self {
        let planner = planner.fuse();
        Self { reading, planner, concurrency, runtime, open: VecDeque::new() }
    }
}

impl Stream for InOrder {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            while self.open.len() < self.concurrency
                && let Poll::Ready(Some(task)) = self.planner.poll_next_unpin(context)
            {
                let urgent = Arc::new(AtomicBool::new(false));
                let rows = rows(self.reading.clone(), task, urgent.clone());
                let batches = if self.concurrency == 1 { rows } else { spread(&*self.runtime, rows) };
                self.open.push_back(File { batches, urgent, early: None });
            }
            for file in self.open.iter_mut().skip(1).filter(|file| file.early.is_none()) {
                if let Poll::Ready(item) = file.batches.poll_next_unpin(context) {
                    file.early = Some(item);
                }
            }
            let Self { reading, planner, open, .. } = &mut *self;
            let Some(first) = open.front_mut() else {
                return if planner.is_done() { Poll::Ready(None) } else { Poll::Pending };
            };
            if !first.urgent.swap(true, Ordering::SeqCst) {
                reading.budget.wake();
            }
            let item = match first.early.take() {
                Some(early) => early,
                None => match first.batches.poll_next_unpin(context) {
                    Poll::Ready(item) => item,
                    Poll::Pending => return Poll::Pending,
                },
            };
            match item {
                Some(item) => return Poll::Ready(Some(item)),
                None => open.pop_front(),
            };
        }
    }
}
