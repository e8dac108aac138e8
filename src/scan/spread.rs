use std::panic::AssertUnwindSafe;
use std::task::{Poll, ready};

use arrow_array::RecordBatch;
use futures::channel::{mpsc, oneshot};
use futures::future::{FutureExt, select};
use futures::{SinkExt, StreamExt, stream};

use crate::error::{Error, Result};
use crate::runtime::{BoxFuture, BoxStream, Runtime};

/// The same batches, made on another thread where the runtime has one. What makes them stops when the stream is dropped.
pub(super) fn spread(
    runtime: &dyn Runtime,
    mut batches: BoxStream<'static, Result<RecordBatch>>,
) -> BoxStream<'static, Result<RecordBatch>> {
    if cfg!(target_family = "wasm") {
        return batches;
    }
    let (mut sender, mut receiver) = mpsc::channel(0);
    let (alive, dropped) = oneshot::channel::<()>();
    let send = Box::pin(async move {
        while let Some(batch) = batches.next().await {
            if sender.send(Some(batch)).await.is_err() {
                return;
            }
        }
        let _ = sender.send(None).await;
    });
    let task = AssertUnwindSafe(select(send, dropped).map(drop)).catch_unwind().map(drop);
    let task: BoxFuture<'static, ()> = Box::pin(task);
    let mut in_place = runtime.spawn(task);
    let mut ended = false;
    Box::pin(stream::poll_fn(move |context| {
        let _alive = &alive;
        if ended {
            return Poll::Ready(None);
        }
        if let Some(task) = &mut in_place
            && let Poll::Ready(()) = task.as_mut().poll(context)
        {
            in_place = None;
        }
        let received = ready!(receiver.poll_next_unpin(context));
        ended = !matches!(received, Some(Some(_)));
        Poll::Ready(match received {
            Some(batch) => batch,
            // Rows that are missing must not pass for the end.
            None => Some(Err(Error::unavailable("the thread that read a file ended before the file did"))),
        })
    }))
}
