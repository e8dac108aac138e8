use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use futures::{Stream, StreamExt, stream};

use crate::error::Result;
use crate::runtime::BoxStream;
use crate::scan::{self, CONCURRENCY, ManifestRead, Source};
use crate::spec::ManifestFile;

/// The manifests that may have live files, in their order.
pub(super) fn read(source: &Source, list: &[ManifestFile]) -> BoxStream<'static, Result<ManifestRead>> {
    let live = list.iter().filter(|file| file.has_live_files()).cloned();
    let reads: Vec<_> = live.map(|file| scan::read(source.clone(), file)).collect();
    Box::pin(stream::iter(reads).buffered(CONCURRENCY))
}

/// The table of a snapshot's files, batch by batch. Dropping it stops its requests.
pub struct FileBatches {
    schema: SchemaRef,
    batches: BoxStream<'static, Result<RecordBatch>>,
}

impl FileBatches {
    pub(super) fn new(schema: SchemaRef, batches: BoxStream<'static, Result<RecordBatch>>) -> Self {
        Self { schema, batches }
    }

    /// The schema of the batches.
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}

impl Stream for FileBatches {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.batches.as_mut().poll_next(context)
    }
}

impl fmt::Debug for FileBatches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileBatches").finish_non_exhaustive()
    }
}
