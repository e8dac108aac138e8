use std::sync::Arc;

use arrow_array::RecordBatch;
use futures::stream::{self, StreamExt, TryStreamExt};

use crate::catalog::TableHandle;
use crate::error::{Error, Result};
use crate::parquet::conform;
use crate::runtime::BoxStream;
use crate::spec::{Schema, TableMetadata, properties};
use crate::transaction::idempotency::IdempotencyKey;
use crate::write::{PreparedFile, write_batches};

/// Appends smaller than this are written by whoever commits them, so that those that share a commit share a file.
const SMALL: usize = 4 << 20;

/// What one append brings to a commit.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) schema: Arc<Schema>,
    pub(crate) rows: u64,
    pub(crate) key: Option<IdempotencyKey>,
    pub(crate) payload: Payload,
}

#[derive(Debug)]
pub(crate) enum Payload {
    /// Few rows, not encoded yet.
    Batches(Vec<RecordBatch>),
    /// Files.
    Files(Vec<PreparedFile>),
}

/// Checks an append's rows against the table's schema, and writes them to files if they are many.
pub(crate) async fn prepare(
    table: &TableHandle,
    metadata: &TableMetadata,
    mut batches: BoxStream<'_, Result<RecordBatch>>,
    key: Option<IdempotencyKey>,
) -> Result<Work> {
    refuse_unwritable(table, metadata)?;
    let schema = metadata.current_schema()?.clone();
    let mut small = Vec::new();
    let (mut bytes, mut rows) = (0, 0_u64);
    while bytes < SMALL {
        let Some(batch) = batches.try_next().await? else {
            return Ok(Work { schema, rows, key, payload: Payload::Batches(small) });
        };
        if batch.num_rows() > 0 {
            let batch = conform(&schema, &batch)?;
            bytes += batch.get_array_memory_size();
            rows += batch.num_rows() as u64;
            small.push(batch);
        }
    }
    let rest = batches.map(|batch| conform(&schema, &batch?));
    let all = stream::iter(small).map(Ok).chain(rest);
    let files = write_batches(table, metadata, &schema, Box::pin(all)).await?;
    let rows = files.iter().map(|file| file.data_file.metrics.record_count).sum();
    Ok(Work { schema: schema.clone(), rows, key, payload: Payload::Files(files) })
}

/// Refuses, by name, tables that this version cannot write to.
pub(crate) fn refuse_unwritable(table: &TableHandle, metadata: &TableMetadata) -> Result<()> {
    let refuse = |what: String| Err(Error::unsupported(format!("writing to the table `{}`: {what}", table.name)));
    if let Some(why) = table.catalog.read_only() {
        return refuse(why);
    }
    if metadata.format_version != 2 {
        return refuse(format!("its format version is {}; 2 is supported", metadata.format_version));
    }
    if table.head().version == 0 {
        return refuse("its metadata files have no version numbers, so commits could not be told apart".into());
    }
    if !table.location.is_original() {
        return refuse(format!(
            "it lies at {} but says {}: a moved or copied table is read-only",
            table.location.actual(),
            table.location.recorded()
        ));
    }
    if !metadata.partition_spec(metadata.default_spec_id)?.is_unpartitioned() {
        return refuse("it is partitioned".into());
    }
    for property in ["write.data.path", properties::METADATA_PATH] {
        if metadata.property(property).is_some() {
            return refuse(format!("its property `{property}` puts files outside of it"));
        }
    }
    Ok(())
}
