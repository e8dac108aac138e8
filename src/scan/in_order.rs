use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use arrow_array::RecordBatch;
use futures::{Stream, StreamExt};

use crate::error::Result;
use crate::read::Reading;
use crate::runtime::BoxStream;
use crate::scan::stream::{Waiting, next, rows};

/// The batches of one file after the other, while those that come next are opened and begun.
pub(super) struct InOrder {
    reading: Arc<Reading>,
    waiting: Waiting,
    concurrency: usize,
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
    pub(super) fn new(reading: Arc<Reading>, waiting: Waiting, concurrency: usize) -> Self {
        Self { reading, waiting, concurrency, open: VecDeque::new() }
    }
}

impl Stream for InOrder {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            while self.open.len() < self.concurrency
                && let Some(task) = next(&self.waiting)
            {
                let urgent = Arc::new(AtomicBool::new(false));
                let batches = rows(self.reading.clone(), task, urgent.clone());
                self.open.push_back(File { batches, urgent, early: None });
            }
            for file in self.open.iter_mut().skip(1).filter(|file| file.early.is_none()) {
                if let Poll::Ready(item) = file.batches.poll_next_unpin(context) {
                    file.early = Some(item);
                }
            }
            let Some(first) = self.open.front_mut() else { return Poll::Ready(None) };
            first.urgent.store(true, Ordering::Relaxed);
            let item = match first.early.take() {
                Some(early) => early,
                None => match first.batches.poll_next_unpin(context) {
                    Poll::Ready(item) => item,
                    Poll::Pending => return Poll::Pending,
                },
            };
            match item {
                Some(item) => return Poll::Ready(Some(item)),
                None => self.open.pop_front(),
            };
        }
    }
}
