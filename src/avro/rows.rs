use std::mem;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Field, Schema as ArrowSchema, SchemaRef};
use bytes::{Bytes, BytesMut};
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;

use crate::avro::block::BlockCodec;
use crate::avro::column::{Column, Cursor, skip};
use crate::avro::container::{Metadata, codec_of, damaged, header};
use crate::avro::measure::take_long;
use crate::avro::shape::{Shape, columns};
use crate::error::{Error, Result};
use crate::spec::{NameMapping, Schema, has_ids, no_field_ids};

/// How much of a file is read at a time.
const READ: u64 = 4 << 20;
/// No header is longer: a schema of some ten thousand columns.
const HEADER: usize = 8 << 20;
/// No block is longer as it is stored.
const BLOCK: u64 = 256 << 20;
/// How much a block may hold for each of its bytes, and a small one. Writers begin a new one after some ten kilobytes.
const RATIO: u64 = 300;
const SMALL: u64 = 64 << 20;
/// A batch is done when its rows take so many bytes of memory; one row may take more, but not without end.
const BATCH: usize = 16 << 20;
const ROW: usize = 64 << 20;

/// Reads the rows of an Avro data file (spec: Appendix A), asking for the bytes it needs, from the first to the last.
///
/// Columns carry their field ids as those of Parquet files do.
#[derive(Debug)]
pub(crate) struct AvroRows {
    file_size: u64,
    /// The columns wanted, by id; the others are passed over.
    wanted: Vec<i32>,
    mapping: Option<NameMapping>,
    batch_rows: usize,
    /// What was read and not used yet, and where in the file it ends.
    at_hand: Bytes,
    end: u64,
    header: Option<Header>,
    block: Block,
    columns: Vec<Option<Column>>,
    rows: usize,
    held: usize,
}

/// What [`AvroRows`] says.
#[derive(Debug)]
pub(crate) enum AvroStep {
    /// Fetch this range of the file and [`push`](AvroRows::push) it.
    Needs(Range<u64>),
    /// Rows, at least one.
    Batch(RecordBatch),
    /// There are no more rows.
    Done,
}

#[derive(Debug)]
struct Header {
    shapes: Vec<Shape>,
    fields: Vec<Arc<Field>>,
    /// Of the columns that are wanted.
    schema: SchemaRef,
    codec: BlockCodec,
    marker: [u8; 16],
}

/// The block that is being read.
#[derive(Debug, Default)]
struct Block {
    plain: Vec<u8>,
    used: usize,
    rows: u64,
}

impl AvroRows {
    /// Of a file of this size, of which the columns of `wanted` are read. The name mapping is for a file without ids.
    pub(crate) fn new(file_size: u64, wanted: &Schema, mapping: Option<NameMapping>, batch_rows: usize) -> Self {
        Self {
            file_size,
            wanted: wanted.fields().iter().map(|field| field.id).collect(),
            mapping,
            batch_rows: batch_rows.max(1),
            at_hand: Bytes::new(),
            end: 0,
            header: None,
            block: Block::default(),
            columns: Vec::new(),
            rows: 0,
            held: 0,
        }
    }

    /// The bytes of the range that was asked for.
    pub(crate) fn push(&mut self, bytes: Bytes) {
        self.end = self.end.saturating_add(bytes.len() as u64);
        self.at_hand = if self.at_hand.is_empty() {
            bytes
        } else {
            let mut both = BytesMut::with_capacity(self.at_hand.len().saturating_add(bytes.len()));
            both.extend_from_slice(&self.at_hand);
            both.extend_from_slice(&bytes);
            both.freeze()
        };
    }

    /// What is likely to be asked for next; empty at the end of the file.
    pub(crate) fn ahead(&self) -> Range<u64> {
        self.end..self.end.saturating_add(READ).min(self.file_size)
    }

    /// How many bytes of the file are read at a time, most of the time.
    pub(crate) fn part_bytes(&self) -> u64 {
        READ.min(self.file_size)
    }

    /// What is to be done next.
    ///
    /// Fails with [`InvalidData`](crate::ErrorKind::InvalidData) on a damaged file, and with
    /// [`Unsupported`](crate::ErrorKind::Unsupported) naming a type or codec, or columns that cannot be told.
    pub(crate) fn step(&mut self) -> Result<AvroStep> {
        loop {
            let Some(header) = &self.header else {
                let Some((header, length)) = self.header()? else { return self.needs(1) };
                self.columns = header.empty(&self.wanted);
                self.header = Some(header);
                self.at_hand = self.at_hand.slice(length..);
                continue;
            };
            if self.block.rows > 0 {
                let Self { block, columns, .. } = self;
                let taken = block.row(&header.shapes, columns).ok_or_else(damaged)?;
                self.held = self.held.saturating_add(taken);
                self.rows += 1;
                if self.rows >= self.batch_rows || self.held >= BATCH {
                    return self.batch();
                }
                continue;
            }
            if self.block.used < self.block.plain.len() {
                return Err(damaged());
            }
            if self.at_hand.is_empty() && self.end == self.file_size {
                return if self.rows > 0 { self.batch() } else { Ok(AvroStep::Done) };
            }
            match self.next_block(header.codec, &header.marker)? {
                Ok((block, length)) => {
                    self.block = block;
                    self.at_hand = self.at_hand.slice(length..);
                }
                Err(missing) => return self.needs(missing),
            }
        }
    }

    /// Asks for more of the file: at least so many bytes.
    fn needs(&self, missing: u64) -> Result<AvroStep> {
        let end = self.end.saturating_add(missing);
        if end > self.file_size {
            return Err(damaged());
        }
        Ok(AvroStep::Needs(self.end..end.max(self.end.saturating_add(READ)).min(self.file_size)))
    }

    /// The header and its length, if all of it is at hand.
    fn header(&self) -> Result<Option<(Header, usize)>> {
        let whole =
            header(&self.at_hand).and_then(|(metadata, rest)| Some((metadata, rest.split_first_chunk::<16>()?)));
        let Some((metadata, (marker, rest))) = whole else {
            return if self.at_hand.len() > HEADER { Err(damaged()) } else { Ok(None) };
        };
        let length = self.at_hand.len().saturating_sub(rest.len());
        Ok(Some((Header::new(&metadata, *marker, &self.wanted, self.mapping.as_ref())?, length)))
    }

    /// The next block and its length in the file; or how many more bytes are needed to have it whole.
    fn next_block(&self, codec: BlockCodec, marker: &[u8; 16]) -> Result<Result<(Block, usize), u64>> {
        let mut rest = self.at_hand.as_ref();
        let numbers = take_long(&mut rest).and_then(|rows| Some((rows, take_long(&mut rest)?)));
        let Some((rows, length)) = numbers else {
            // Two numbers take no more.
            return if self.at_hand.len() >= 20 { Err(damaged()) } else { Ok(Err(1)) };
        };
        let (Ok(rows), Ok(stored)) = (u64::try_from(rows), u64::try_from(length)) else { return Err(damaged()) };
        if stored > BLOCK {
            return Err(Error::unsupported(format!("an Avro block of {stored} bytes")));
        }
        let missing = stored.saturating_add(16).saturating_sub(rest.len() as u64);
        if missing > 0 {
            return Ok(Err(missing));
        }
        let (block, rest) =
            usize::try_from(stored).ok().and_then(|at| rest.split_at_checked(at)).ok_or_else(damaged)?;
        let rest = rest.strip_prefix(marker).ok_or_else(damaged)?;
        let limit = stored.saturating_mul(RATIO).max(SMALL);
        let plain = codec.decompress(block, limit).ok_or_else(damaged)?;
        // Rows without bytes are as many as somebody says.
        if plain.is_empty() && rows > SMALL {
            return Err(damaged());
        }
        let length = self.at_hand.len().saturating_sub(rest.len());
        Ok(Ok((Block { plain, used: 0, rows }, length)))
    }

    /// The rows so far, as a batch.
    fn batch(&mut self) -> Result<AvroStep> {
        let Some(header) = &self.header else { return Err(damaged()) };
        let columns = mem::replace(&mut self.columns, header.empty(&self.wanted));
        let rows = mem::take(&mut self.rows);
        self.held = 0;
        let arrays = columns.into_iter().flatten().zip(header.schema.fields());
        let arrays = arrays.map(|(column, field)| column.finish(field)).collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(header.schema.clone(), arrays, &options);
        batch.map(AvroStep::Batch).map_err(|error| damaged().caused_by(error))
    }
}

impl Header {
    fn new(metadata: &Metadata, marker: [u8; 16], wanted: &[i32], mapping: Option<&NameMapping>) -> Result<Self> {
        let schema = metadata.get("avro.schema").ok_or_else(damaged)?;
        let schema = serde_json::from_slice(schema)
            .map_err(|error| Error::invalid_data("the Avro schema is no valid JSON").caused_by(error))?;
        let (shapes, mut fields) = columns(&schema)?;
        if !has_ids(&fields) && !fields.is_empty() {
            fields = mapping.map(|mapping| mapping.assign(&fields)).transpose()?.unwrap_or(fields);
            if !has_ids(&fields) {
                return Err(no_field_ids(mapping.is_some()));
            }
        }
        let kept: Vec<_> = fields.iter().filter(|field| is_wanted(field, wanted)).cloned().collect();
        let (codec, schema) = (codec_of(metadata)?, Arc::new(ArrowSchema::new(kept)));
        Ok(Self { shapes, fields: fields.to_vec(), schema, codec, marker })
    }

    /// A column for each that is wanted.
    fn empty(&self, wanted: &[i32]) -> Vec<Option<Column>> {
        let columns = self.shapes.iter().zip(&self.fields);
        columns.map(|(shape, field)| is_wanted(field, wanted).then(|| Column::new(shape))).collect()
    }
}

fn is_wanted(field: &Field, wanted: &[i32]) -> bool {
    let id = field.metadata().get(PARQUET_FIELD_ID_META_KEY).and_then(|id| id.parse().ok());
    // What was always null is as good as absent: the column may have any type by now.
    id.is_some_and(|id| wanted.contains(&id)) && field.data_type() != &DataType::Null
}

impl Block {
    /// Reads a row. How much memory it takes; `None` if it is damaged, or takes too much.
    fn row(&mut self, shapes: &[Shape], columns: &mut [Option<Column>]) -> Option<usize> {
        let room = ROW.saturating_add(self.plain.len().saturating_mul(4));
        let mut from = Cursor { bytes: self.plain.get(self.used..)?, room };
        for (shape, column) in shapes.iter().zip(columns) {
            match column {
                Some(column) => column.read(shape, &mut from)?,
                None => skip(shape, &mut from)?,
            }
        }
        self.used = self.plain.len().checked_sub(from.bytes.len())?;
        self.rows -= 1;
        Some(room.saturating_sub(from.room))
    }
}
