use std::cell::RefCell;

use futures::future::{AbortHandle, Abortable};
use futures::{Stream, StreamExt};

use crate::error::Result;

/// A stream that JavaScript pulls and may stop at any time, also while it waits.
pub(super) struct Pull<S> {
    stream: RefCell<Option<S>>,
    pending: RefCell<Option<AbortHandle>>,
}

impl<T, S: Stream<Item = Result<T>> + Unpin> Pull<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream: RefCell::new(Some(stream)), pending: RefCell::default() }
    }

    /// The next item; none at the end, after it was stopped, and while another call waits.
    pub(super) async fn next(&self) -> Result<Option<T>> {
        let Some(mut stream) = self.stream.take() else { return Ok(None) };
        let (handle, registration) = AbortHandle::new_pair();
        self.pending.replace(Some(handle));
        let Ok(Some(item)) = Abortable::new(stream.next(), registration).await else { return Ok(None) };
        self.stream.replace(Some(stream));
        item.map(Some)
    }

    /// What the stream says of itself, unless it has ended or a call waits.
    pub(super) fn ask<A>(&self, question: impl Fn(&S) -> A) -> Option<A> {
        self.stream.borrow().as_ref().map(question)
    }

    /// Ends the stream, and with it everything that is still under way.
    pub(super) fn stop(&self) {
        self.stream.take();
        if let Some(pending) = self.pending.take() {
            pending.abort();
        }
    }
}
