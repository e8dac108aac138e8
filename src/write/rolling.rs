use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::RecordBatch;
use bytes::Bytes;
use futures::StreamExt;

use crate::catalog::TableHandle;
use crate::error::{Result, ResultExt};
use crate::parquet::{EncodeOptions, FileEncoder};
use crate::runtime::BoxStream;
use crate::spec::{PartitionSpec, Schema, TableMetadata, properties};
use crate::store::{PutOptions, Upload};
use crate::write::PreparedFile;
use crate::write::partition::{Partition, Partitioner, folder};
use crate::write::send_all;
use crate::write::sort::Sorter;

/// The size of data files to aim for by default (`write.target-file-size-bytes`).
const TARGET: u64 = 512 << 20;
/// The size of the parts in which large files are sent. S3 allows 10,000 parts.
const PART: usize = 8 << 20;
/// Rows are given to the encoder so many at a time, so that sizes are looked at often enough.
const SLICE: usize = 65_536;

/// How much of files that are being written, one in each partition, is held in memory. Beyond it the largest is ended.
const MOST_OPEN: u64 = if cfg!(target_family = "wasm") { 24 << 20 } else { 256 << 20 };

/// How much of files that are written, and are left to be sent with their commit, is held in memory.
const MOST_UNSENT: u64 = if cfg!(target_family = "wasm") { 8 << 20 } else { 64 << 20 };

/// How much of a file's rows is held until they are sorted: files of sorted tables are as large at most.
const MOST_SORTED: usize = if cfg!(target_family = "wasm") { 4 << 20 } else { 64 << 20 };

/// Writes batches, which have exactly the schema's columns, into as many files as the default partition spec and the files'
/// size ask for, each sorted as the table is. Memory is bounded by a row group and a part, of partitioned and sorted
/// tables by a fixed size; files smaller than a part are left to be sent with their commit, up to another.
pub(crate) async fn write_batches(
    table: &TableHandle,
    metadata: &TableMetadata,
    schema: &Schema,
    mut batches: BoxStream<'_, Result<RecordBatch>>,
) -> Result<Vec<PreparedFile>> {
    let mut writer = Writer::new(table, metadata, schema)?;
    while let Some(batch) = batches.next().await {
        let written = match batch {
            Ok(batch) => writer.write(&batch).await,
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            return Err(writer.give_up(error).await);
        }
    }
    writer.finish().await
}

struct Writer<'a> {
    table: &'a TableHandle,
    schema: &'a Schema,
    options: EncodeOptions,
    target: u64,
    most_rows: u64,
    name: String,
    spec: Arc<PartitionSpec>,
    /// `None` where rows are not divided.
    partitioner: Option<Partitioner>,
    /// By the place of their partition.
    open: BTreeMap<usize, OpenFile>,
    /// `None` where rows stay in the order in which they come.
    sorter: Option<Sorter>,
    /// Rows to be sorted, and their bytes, by the place of their partition.
    unsorted: BTreeMap<usize, (Vec<RecordBatch>, usize)>,
    begun: usize,
    files: Vec<PreparedFile>,
    /// The bytes of those that are not sent.
    unsent: u64,
}

impl<'a> Writer<'a> {
    fn new(table: &'a TableHandle, metadata: &TableMetadata, schema: &'a Schema) -> Result<Self> {
        let spec = metadata.partition_spec(metadata.default_spec_id)?.clone();
        let partitioner = match spec.is_unpartitioned() {
            true => None,
            false => Some(Partitioner::new(&spec, schema)?),
        };
        Ok(Self {
            table,
            schema,
            options: EncodeOptions::from_properties(&metadata.properties)?,
            target: metadata.number(properties::TARGET_FILE_SIZE, TARGET)?.max(1),
            most_rows: metadata.number(properties::MAX_ROWS_PER_FILE, u64::MAX)?.max(1),
            name: table.unique(),
            spec,
            partitioner,
            open: BTreeMap::new(),
            sorter: Sorter::new(metadata.sort_order()?, schema),
            unsorted: BTreeMap::new(),
            begun: 0,
            files: Vec::new(),
            unsent: 0,
        })
    }

    async fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        for start in (0..batch.num_rows()).step_by(SLICE) {
            let slice = batch.slice(start, SLICE.min(batch.num_rows() - start));
            let divided = match &mut self.partitioner {
                None => vec![(0, slice)],
                Some(partitioner) => partitioner.divide(&slice)?,
            };
            for (place, rows) in divided {
                match self.sorter {
                    None => self.write_to(place, &rows).await?,
                    Some(_) => self.hold(place, rows).await?,
                }
            }
        }
        Ok(())
    }

    /// Holds rows until a file of them is sorted.
    async fn hold(&mut self, place: usize, rows: RecordBatch) -> Result<()> {
        let (held, bytes) = self.unsorted.entry(place).or_default();
        *bytes += rows.get_array_memory_size();
        held.push(rows);
        if *bytes >= MOST_SORTED {
            self.write_sorted(place).await?;
        }
        let total: usize = self.unsorted.values().map(|(_, bytes)| bytes).sum();
        if total as u64 > MOST_OPEN {
            let largest = self.unsorted.iter().max_by_key(|(_, (_, bytes))| *bytes).map(|(place, _)| *place);
            self.write_sorted(largest.unwrap_or_default()).await?;
        }
        Ok(())
    }

    /// Writes what is held of a partition as a file, in order.
    async fn write_sorted(&mut self, place: usize) -> Result<()> {
        let (held, _) = self.unsorted.remove(&place).unwrap_or_default();
        let sorted = self.sorter.as_ref().map(|sorter| sorter.sort(&held)).transpose()?;
        if let Some(rows) = sorted.flatten() {
            self.write_to(place, &rows).await?;
            self.end(place).await?;
        }
        Ok(())
    }

    async fn write_to(&mut self, place: usize, rows: &RecordBatch) -> Result<()> {
        let mut start = 0;
        while start < rows.num_rows() {
            let mut file = match self.open.remove(&place) {
                Some(file) => file,
                None => self.begin(place)?,
            };
            let room = usize::try_from(self.most_rows - file.rows).unwrap_or(usize::MAX);
            let some = rows.slice(start, room.min(rows.num_rows() - start));
            start += some.num_rows();
            let written = file.write(self.table, &some).await;
            let is_full = file.size() >= self.target || file.rows >= self.most_rows;
            self.open.insert(place, file);
            written?;
            if is_full {
                self.end(place).await?;
            }
        }
        while let Some(place) = self.too_large() {
            self.end(place).await?;
        }
        Ok(())
    }

    /// The largest of several files if they hold too much.
    fn too_large(&self) -> Option<usize> {
        let held: u64 = self.open.values().map(OpenFile::held).sum();
        let largest = || self.open.iter().max_by_key(|(_, file)| file.held()).map(|(place, _)| *place);
        (self.open.len() > 1 && held > MOST_OPEN).then(largest)?
    }

    fn first(&self) -> Option<usize> {
        self.open.keys().next().copied()
    }

    fn begin(&mut self, place: usize) -> Result<OpenFile> {
        let partition = match &self.partitioner {
            Some(partitioner) => partitioner.partition(place),
            None => Partition { spec_id: self.spec.spec_id, values: vec![None; self.spec.fields.len()] },
        };
        let folder = folder(&self.spec, &partition.values);
        let relative = format!("data/{folder}{}-{}.parquet", self.name, self.begun);
        self.begun += 1;
        let encoder = FileEncoder::new(self.schema, &self.options)?;
        Ok(OpenFile { relative, partition, encoder, rows: 0, upload: None })
    }

    async fn end(&mut self, place: usize) -> Result<()> {
        if let Some(file) = self.open.get_mut(&place) {
            let mut file = file.finish(self.table).await?;
            file.data_file.sort_order_id = Some(self.sorter.as_ref().map_or(0, Sorter::order_id));
            self.unsent += file.unsent().map_or(0, |(_, bytes)| bytes.len() as u64);
            self.files.push(file);
            self.open.remove(&place);
        }
        if self.unsent > MOST_UNSENT {
            send_all(self.files.iter_mut().map(|file| file.send(self.table)).collect()).await?;
            self.unsent = 0;
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<Vec<PreparedFile>> {
        while let Some(place) = self.unsorted.keys().next().copied() {
            if let Err(error) = self.write_sorted(place).await {
                return Err(self.give_up(error).await);
            }
        }
        while let Some(place) = self.first() {
            if let Err(error) = self.end(place).await {
                return Err(self.give_up(error).await);
            }
        }
        Ok(self.files)
    }

    /// Removes the parts of files that will not be completed, as well as may be.
    async fn give_up(self, error: crate::Error) -> crate::Error {
        for upload in self.open.into_values().filter_map(|file| file.upload) {
            let _ = upload.abort().await;
        }
        error
    }
}

struct OpenFile {
    relative: String,
    partition: Partition,
    encoder: FileEncoder,
    rows: u64,
    upload: Option<Box<dyn Upload>>,
}

impl OpenFile {
    /// Encoded so far, and what is waiting to be encoded.
    fn size(&self) -> u64 {
        self.encoder.bytes_written() + self.encoder.buffered_bytes()
    }

    /// Bytes of memory held.
    fn held(&self) -> u64 {
        self.encoder.buffered_bytes()
    }

    async fn write(&mut self, table: &TableHandle, batch: &RecordBatch) -> Result<()> {
        self.encoder.write(batch)?;
        self.rows += batch.num_rows() as u64;
        while let Some(part) = self.encoder.take_part(PART) {
            if self.upload.is_none() {
                let key = table.location.key(&self.relative);
                let upload = table.store.upload(&key, PutOptions::default()).await;
                self.upload = Some(upload.context(|| format!("writing {key}"))?);
            }
            self.send(part).await?;
        }
        Ok(())
    }

    async fn send(&mut self, part: Bytes) -> Result<()> {
        match &mut self.upload {
            Some(upload) if !part.is_empty() => {
                upload.part(part).await.context(|| format!("writing {}", self.relative))
            }
            _ => Ok(()),
        }
    }

    /// Ends it. Where that fails, an upload may be left to be given up.
    async fn finish(&mut self, table: &TableHandle) -> Result<PreparedFile> {
        let (metrics, size) = self.encoder.end()?;
        let mut whole = None;
        if self.upload.is_none() {
            whole = Some(self.encoder.rest());
        } else {
            // No part is larger than those before it, as R2 wants.
            while let Some(part) = self.encoder.take_part(PART) {
                self.send(part).await?;
            }
            let last = self.encoder.rest();
            self.send(last).await?;
        }
        if let Some(upload) = self.upload.take() {
            upload.complete().await.context(|| format!("writing {}", self.relative))?;
        }
        Ok(PreparedFile::new(table, &self.relative, self.partition.clone(), size, metrics, whole))
    }
}
