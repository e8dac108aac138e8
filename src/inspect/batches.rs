use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use futures::{Stream, StreamExt, stream};

use crate::error::Result;
use crate::runtime::{BoxFuture, BoxStream};
use crate::scan::Source;
use crate::spec::{Manifest, ManifestFile};

/// How many manifests are read at a time.
const CONCURRENCY: usize = 8;

/// A manifest, and what its list says of it.
pub(super) type Listed = (ManifestFile, Arc<Manifest>);

/// The manifests that may have live files, in their order.
pub(super) fn read(source: &Source, list: &[ManifestFile]) -> BoxStream<'static, Result<Listed>> {
    let live = list.iter().filter(|file| file.has_live_files()).cloned();
    let reads: Vec<_> = live.map(|file| one(source.clone(), file)).collect();
    Box::pin(stream::iter(reads).buffered(CONCURRENCY))
}

fn one(source: Source, file: ManifestFile) -> BoxFuture<'static, Result<Listed>> {
    Box::pin(async move {
        let (manifest, _) = source.manifests.manifest(&source.handle, &file).await?;
        Ok((file, manifest))
    })
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
