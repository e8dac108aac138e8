use arrow_array::RecordBatch;
use futures::stream::{self, StreamExt, TryStreamExt};

use crate::catalog::TableHandle;
use crate::error::{Error, Result};
use crate::parquet::conform;
use crate::runtime::BoxStream;
use crate::spec::{Operation, Schema, TableMetadata, properties};
use crate::transaction::draft::{Changes, Draft, Removed};
use crate::transaction::manifest::NewManifest;
use crate::transaction::work::{AppendedRows, Content};
use crate::write::{PreparedFile, write_batches};

/// Appends smaller than this are written by whoever commits them, so that those that share a commit share a file.
pub(crate) const SMALL: usize = 4 << 20;

/// Files to append, and their manifests, once they are made.
#[derive(Debug, Default)]
pub(super) struct Appends {
    files: Option<Vec<PreparedFile>>,
    manifests: Option<Vec<NewManifest>>,
}

impl Appends {
    pub(super) fn files(&self) -> impl Iterator<Item = &PreparedFile> {
        self.files.iter().flatten()
    }

    pub(super) fn manifests(&self) -> impl Iterator<Item = &NewManifest> {
        self.manifests.iter().flatten()
    }

    /// Makes the files of rows of one schema, unless they are made.
    pub(super) async fn prepare(&mut self, draft: &Draft, rows: &[&AppendedRows]) -> Result<()> {
        let table = draft.table();
        let Some(mut schema) = rows.first().map(|rows| rows.schema.clone()) else { return Ok(()) };
        still_there(&draft.metadata, &schema)?;
        if self.files.is_none() {
            let (mut files, mut batches) = (Vec::new(), Vec::new());
            for rows in rows {
                match &rows.content {
                    Content::Files(own) => files.extend(own.iter().cloned()),
                    Content::Batches(own) => batches.extend(own.iter().cloned().map(Ok)),
                }
            }
            let metadata = &draft.metadata;
            if files.is_empty() && !metadata.partition_spec(metadata.default_spec_id)?.has_sources(&schema) {
                // Another writer has added the column that rows are now divided by.
                schema = metadata.current_schema()?.clone();
                batches = batches.into_iter().map(|batch| conform(&schema, &batch?)).collect();
            }
            let batches = Box::pin(stream::iter(batches));
            let written = rows.first().and_then(|rows| rows.with_ids.clone()).unwrap_or_else(|| schema.clone());
            files.extend(write_batches(table, &draft.metadata, &written, batches).await?);
            self.files = Some(files);
        }
        if self.manifests.is_none() {
            let files = self.files.as_deref().unwrap_or_default();
            self.manifests = Some(NewManifest::all_adding(table, &draft.metadata, &schema, files)?);
        }
        Ok(())
    }

    /// Appends them as one snapshot.
    pub(super) async fn add_snapshot(&self, draft: &mut Draft) -> Result<()> {
        let changes = Changes {
            operation: Operation::Append,
            added: self.files().collect(),
            manifests: self.manifests().collect(),
            removed: &Removed::default(),
            notes: Vec::new(),
        };
        draft.add_snapshot(changes).await
    }
}

/// An append relies on its schema and partition spec, and on nothing else that others may have changed.
fn still_there(metadata: &TableMetadata, schema: &Schema) -> Result<()> {
    match metadata.schemas.iter().any(|there| there.same_fields(schema)) {
        true => Ok(()),
        false => Err(Error::conflict(format!("the schema {} that the rows were made for is gone", schema.schema_id()))),
    }
}

/// Checks rows against a schema, and writes them to files if they are many.
pub(super) async fn prepare(
    table: &TableHandle,
    metadata: &TableMetadata,
    batches: BoxStream<'_, Result<RecordBatch>>,
) -> Result<AppendedRows> {
    prepare_beyond(SMALL, table, metadata, batches).await
}

/// The same of rows of so many bytes or more: fewer are left to be written with their commit, as the table says then.
pub(crate) async fn prepare_beyond(
    most: usize,
    table: &TableHandle,
    metadata: &TableMetadata,
    mut batches: BoxStream<'_, Result<RecordBatch>>,
) -> Result<AppendedRows> {
    refuse_unwritable(table, metadata)?;
    refuse_version_1(metadata)?;
    let schema = metadata.current_schema()?.clone();
    let mut small = Vec::new();
    let (mut bytes, mut rows) = (0, 0_u64);
    while bytes < most {
        let Some(batch) = batches.try_next().await? else {
            return Ok(AppendedRows { schema, rows, content: Content::Batches(small), with_ids: None });
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
    Ok(AppendedRows { schema: schema.clone(), rows, content: Content::Files(files), with_ids: None })
}

/// Refuses what is of format version 1: before it is written to it is upgraded, which its owner has to want.
pub(super) fn refuse_version_1(metadata: &TableMetadata) -> Result<()> {
    match metadata.format_version {
        ..2 => Err(Error::unsupported("writing to a table of format version 1; it can be upgraded to 2 or 3")),
        _ => Ok(()),
    }
}

/// Refuses, by name, tables that this version cannot write to.
pub(crate) fn refuse_unwritable(table: &TableHandle, metadata: &TableMetadata) -> Result<()> {
    let refuse = |what: String| Err(Error::unsupported(format!("writing to the table `{}`: {what}", table.name)));
    if let Some(why) = table.catalog.read_only() {
        return refuse(why);
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
    for property in [properties::DATA_PATH, properties::METADATA_PATH] {
        if metadata.property(property).is_some() {
            return refuse(format!("its property `{property}` puts files outside of it"));
        }
    }
    Ok(())
}
