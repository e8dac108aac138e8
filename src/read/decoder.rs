use std::ops::Range;

use bytes::Bytes;

use crate::avro::{AvroRows, AvroStep};
use crate::error::Result;
use crate::expr::BoundPredicate;
use crate::parquet::{DecodeOptions, DecodeReport, FileDecoder, Projection, Refine, Shares, Step};
use crate::spec::NameMapping;

type Ranges = Vec<Range<u64>>;

/// Reads the rows of a file of either format, asking for the bytes it needs.
#[derive(Debug)]
pub(super) enum Decoder {
    Parquet(Box<FileDecoder>),
    Avro(Box<AvroDecoder>),
}

/// Rows of an Avro file as the caller wants them, in their order.
#[derive(Debug)]
pub(super) struct AvroDecoder {
    rows: AvroRows,
    refine: Refine,
    /// The position of the next row, and how many more are wanted.
    position: u64,
    left: Option<usize>,
    report: DecodeReport,
}

impl AvroDecoder {
    pub(super) fn new(
        file_size: u64,
        mapping: Option<NameMapping>,
        projection: &Projection,
        predicate: Option<&BoundPredicate>,
        options: DecodeOptions,
    ) -> Result<Self> {
        let refine = Refine::new(projection, predicate, options.deleted)?;
        let rows = AvroRows::new(file_size, refine.wide.schema(), mapping, options.batch_size);
        let left = options.limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(Self { rows, refine, position: 0, left, report: DecodeReport::default() })
    }

    fn step(&mut self) -> Result<Step> {
        loop {
            if self.left == Some(0) {
                return Ok(Step::Done);
            }
            let batch = match self.rows.step()? {
                AvroStep::Needs(range) => return Ok(Step::Needs(vec![range])),
                AvroStep::Done => return Ok(Step::Done),
                AvroStep::Batch(batch) => batch,
            };
            let rows = batch.num_rows() as u64;
            let end = self.position.saturating_add(rows);
            self.report.rows_decoded = self.report.rows_decoded.saturating_add(rows);
            let positions = self.position..end;
            self.position = end;
            let Some(mut batch) = self.refine.apply(&batch, &[positions])? else { continue };
            if let Some(left) = &mut self.left {
                batch = batch.slice(0, batch.num_rows().min(*left));
                *left = left.saturating_sub(batch.num_rows());
            }
            self.report.rows = self.report.rows.saturating_add(batch.num_rows() as u64);
            return Ok(Step::Batch(batch));
        }
    }
}

impl Decoder {
    /// What is to be done next.
    pub(super) fn step(&mut self) -> Result<Step> {
        match self {
            Self::Parquet(decoder) => decoder.step(),
            Self::Avro(decoder) => decoder.step(),
        }
    }

    /// Who else reads what this does not read any more (see [`FileDecoder::share`]).
    pub(super) fn share(&mut self, most: usize) -> Result<Shares> {
        match self {
            Self::Parquet(decoder) => decoder.share(most),
            Self::Avro(_) => Ok(Shares::Others(Vec::new())),
        }
    }

    /// Keeps what all who share a file want.
    pub(super) fn hold(&mut self, ranges: Vec<Range<u64>>, bytes: Vec<Bytes>) -> Result<()> {
        match self {
            Self::Parquet(decoder) => decoder.hold(ranges, bytes),
            Self::Avro(_) => Ok(()),
        }
    }

    /// What will be asked for when the rows that are being read are done, and about how many bytes that is.
    pub(super) fn ahead(&self) -> Result<(Vec<Range<u64>>, u64)> {
        match self {
            Self::Parquet(decoder) => decoder.ahead(),
            Self::Avro(decoder) => {
                let range = decoder.rows.ahead();
                let bytes = range.end.saturating_sub(range.start);
                Ok(if bytes == 0 || decoder.left.is_some() { (Vec::new(), 0) } else { (vec![range], bytes) })
            }
        }
    }

    /// Whether what was fetched with the footer is needed for the first rows alone, and whether it still is.
    pub(super) fn tail_first(&self) -> (bool, bool) {
        match self {
            Self::Parquet(decoder) => decoder.tail_first(),
            Self::Avro(_) => (false, false),
        }
    }

    /// What adjoins these ranges of what comes after (see [`FileDecoder::beyond`]).
    pub(super) fn beyond(&self, ahead: usize, ranges: &[Range<u64>], most: u64) -> Result<(Ranges, Ranges)> {
        match self {
            Self::Parquet(decoder) => decoder.beyond(ahead, ranges, most),
            Self::Avro(_) => Ok(Default::default()),
        }
    }

    /// Whether any of that is kept for the next part.
    pub(super) fn keeps_beyond(&self) -> bool {
        matches!(self, Self::Parquet(decoder) if decoder.keeps_beyond())
    }

    /// Keeps that.
    pub(super) fn keep_beyond(&mut self, ranges: Vec<Range<u64>>, bytes: Vec<Bytes>) -> Result<()> {
        match self {
            Self::Parquet(decoder) => decoder.keep_beyond(ranges, bytes),
            Self::Avro(_) => Ok(()),
        }
    }

    /// About how many bytes of the file the rows take that are being read; 0 before the first.
    pub(super) fn part_bytes(&self) -> u64 {
        match self {
            Self::Parquet(decoder) => decoder.part_bytes(),
            Self::Avro(decoder) => decoder.rows.part_bytes(),
        }
    }

    /// The bytes of ranges that were asked for, in the same order.
    pub(super) fn push(&mut self, ranges: Vec<Range<u64>>, bytes: Vec<Bytes>) -> Result<()> {
        match self {
            Self::Parquet(decoder) => decoder.push(ranges, bytes),
            Self::Avro(decoder) => {
                bytes.into_iter().for_each(|bytes| decoder.rows.push(bytes));
                Ok(())
            }
        }
    }

    /// What was skipped and read so far.
    pub(super) fn report(&self) -> DecodeReport {
        match self {
            Self::Parquet(decoder) => decoder.report(),
            Self::Avro(decoder) => decoder.report,
        }
    }
}
