use arrow_array::RecordBatch;
use bytes::Bytes;
use futures::StreamExt;

use crate::catalog::TableHandle;
use crate::error::{Result, ResultExt};
use crate::parquet::{EncodeOptions, FileEncoder};
use crate::runtime::BoxStream;
use crate::spec::{Schema, TableMetadata, properties};
use crate::store::{PutOptions, Upload};
use crate::write::PreparedFile;
use crate::write::pieces::Pieces;

/// The size of data files to aim for by default (`write.target-file-size-bytes`).
const TARGET: u64 = 512 << 20;
/// The size of the parts in which large files are sent. S3 allows 10,000 parts.
const PART: usize = 8 << 20;
/// Rows are given to the encoder so many at a time, so that sizes are looked at often enough.
const SLICE: usize = 65_536;

/// Writes batches, which have exactly the schema's columns, into as many files as their size asks for. Memory is
/// bounded by a row group and a part; a file smaller than a part is left to be sent with its commit.
pub(crate) async fn write_batches(
    table: &TableHandle,
    metadata: &TableMetadata,
    schema: &Schema,
    mut batches: BoxStream<'_, Result<RecordBatch>>,
) -> Result<Vec<PreparedFile>> {
    let options = EncodeOptions::from_properties(&metadata.properties)?;
    let target = metadata.number(properties::TARGET_FILE_SIZE, TARGET)?.max(1);
    let name = table.unique();
    let mut files = Vec::new();
    let mut open: Option<OpenFile> = None;
    while let Some(batch) = batches.next().await {
        let batch = match batch {
            Ok(batch) => batch,
            Err(error) => return Err(give_up(open, error).await),
        };
        for start in (0..batch.num_rows()).step_by(SLICE) {
            let slice = batch.slice(start, SLICE.min(batch.num_rows() - start));
            let mut file = match open.take() {
                Some(file) => file,
                None => OpenFile::new(format!("data/{name}-{}.parquet", files.len()), schema, &options)?,
            };
            if let Err(error) = file.write(table, &slice).await {
                return Err(give_up(Some(file), error).await);
            }
            if file.size() >= target {
                files.push(file.finish(table).await?);
            } else {
                open = Some(file);
            }
        }
    }
    if let Some(file) = open {
        files.push(file.finish(table).await?);
    }
    Ok(files)
}

/// Removes the parts of a file that will not be completed, as well as may be.
async fn give_up(file: Option<OpenFile>, error: crate::Error) -> crate::Error {
    if let Some(upload) = file.and_then(|file| file.upload) {
        let _ = upload.abort().await;
    }
    error
}

struct OpenFile {
    relative: String,
    encoder: FileEncoder,
    ready: Pieces,
    upload: Option<Box<dyn Upload>>,
}

impl OpenFile {
    fn new(relative: String, schema: &Schema, options: &EncodeOptions) -> Result<Self> {
        Ok(Self { relative, encoder: FileEncoder::new(schema, options)?, ready: Pieces::default(), upload: None })
    }

    /// Encoded so far, and what is waiting to be encoded.
    fn size(&self) -> u64 {
        self.encoder.bytes_written() + self.encoder.buffered_bytes()
    }

    async fn write(&mut self, table: &TableHandle, batch: &RecordBatch) -> Result<()> {
        self.encoder.write(batch)?;
        let ready = self.encoder.take_ready();
        self.take(table, ready).await
    }

    async fn take(&mut self, table: &TableHandle, bytes: Bytes) -> Result<()> {
        self.ready.push(bytes);
        while self.ready.len() >= PART {
            let part = self.ready.take(PART);
            if self.upload.is_none() {
                let key = table.location.key(&self.relative);
                let upload = table.store.upload(&key, PutOptions::default()).await;
                self.upload = Some(upload.context(|| format!("writing {key}"))?);
            }
            if let Some(upload) = &mut self.upload {
                upload.part(part).await.context(|| format!("writing {}", self.relative))?;
            }
        }
        Ok(())
    }

    async fn finish(mut self, table: &TableHandle) -> Result<PreparedFile> {
        let (rest, metrics, size) = self.encoder.finish()?;
        self.ready.push(rest);
        let ready = self.ready.take(self.ready.len());
        let Some(mut upload) = self.upload else {
            return Ok(PreparedFile::new(table, &self.relative, size, metrics, Some(ready)));
        };
        if !ready.is_empty() {
            upload.part(ready).await.context(|| format!("writing {}", self.relative))?;
        }
        upload.complete().await.context(|| format!("writing {}", self.relative))?;
        Ok(PreparedFile::new(table, &self.relative, size, metrics, None))
    }
}
