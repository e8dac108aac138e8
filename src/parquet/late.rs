//! The columns that a filter looks at first, where few rows pass it; the others are decoded only of those that do.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow_array::{BooleanArray, RecordBatch};
use arrow_schema::ArrowError;
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowPredicate, RowFilter};
use parquet::file::metadata::ParquetMetaData;

use crate::error::{Error, ErrorKind, Result};
use crate::parquet::footer::FileMetadata;
use crate::parquet::parts::{Group, Part, take};
use crate::parquet::project::leaves;
use crate::parquet::projection::Projection;
use crate::parquet::refine::Refine;

/// Few rows pass if no more than one in so many does. Where more do, they are next to one another so often that to skip
/// the others takes longer than to decode them.
const FEW: u64 = 40;

/// Ranges of a file, and their bytes.
pub(super) type Fetched = (Vec<Range<u64>>, Vec<Bytes>);

/// How a file is read whose filter few rows may pass. Of each part the first batch is decoded at once, with all columns, if it
/// is not known from the part before that few do.
#[derive(Debug)]
pub(super) struct Late {
    /// The leaf columns of what is handed out.
    pub(super) output: Vec<usize>,
    /// Whether the library filters the rows of this part.
    pub(super) filters: bool,
    test: Test,
    /// The part that is being read and what was fetched of it, until its first rows were seen.
    begun: Option<(Part, Fetched)>,
}

/// A filter that the library applies to rows before it decodes what is handed out.
#[derive(Clone, Debug)]
struct Test {
    file: FileMetadata,
    refine: Refine,
    /// The columns that the filter looks at.
    narrow: Projection,
    mask: ProjectionMask,
    sieve: Arc<Mutex<Sieve>>,
}

/// What became of a part's rows.
#[derive(Debug, Default)]
struct Sieve {
    /// The positions of rows that the filter is still to see, and of those that passed and were not handed out.
    unseen: VecDeque<Range<u64>>,
    passed: VecDeque<Range<u64>>,
    /// How many rows were seen, how many of them passed, and how many the report does not know of.
    seen: u64,
    kept: u64,
    untold: u64,
    /// Why the filter failed: what the library asks for is `Send` everywhere, which errors are not on wasm.
    failure: Option<(ErrorKind, String)>,
}

impl Late {
    /// If that may pay: where the columns that the filter does not look at take `least` bytes or more in the file. Not for
    /// lists and maps: to skip their rows takes about as long as to decode them.
    pub(super) fn new(
        file: &FileMetadata,
        refine: &Refine,
        metadata: &ParquetMetaData,
        groups: &[Group],
        least: u64,
    ) -> Result<Option<Self>> {
        let Some(predicate) = &refine.predicate else { return Ok(None) };
        let output = leaves(file.arrow_schema(), refine.projection.schema())?;
        let bytes = |leaves: &[usize]| {
            groups.iter().fold(0_u64, |sum, group| sum.saturating_add(group.bytes(metadata, leaves)))
        };
        if bytes(&output) < least.max(1) {
            return Ok(None);
        }
        let narrow = refine.wide.only(&predicate.field_ids())?;
        let tested = leaves(file.arrow_schema(), narrow.schema())?;
        let others: Vec<usize> = output.iter().copied().filter(|leaf| !tested.contains(leaf)).collect();
        let descriptor = metadata.file_metadata().schema_descr();
        let repeated = |leaf: &usize| descriptor.columns().get(*leaf).is_none_or(|column| column.max_rep_level() > 0);
        if tested.is_empty() || bytes(&others) < least.max(1) || tested.iter().chain(&output).any(repeated) {
            return Ok(None);
        }
        let mask = ProjectionMask::leaves(descriptor, tested);
        let test =
            Test { file: file.clone().without_tail(), refine: refine.clone(), narrow, mask, sieve: Arc::default() };
        Ok(Some(Self { output, filters: false, test, begun: None }))
    }

    /// The same for other parts of the file.
    pub(super) fn anew(&self) -> Self {
        let test = Test { sieve: Arc::default(), ..self.test.clone() };
        Self { output: self.output.clone(), filters: false, test, begun: None }
    }

    /// Begins with another part. Says whether none of the rows passed that were seen of the one before: of this one the other
    /// columns may never be wanted.
    pub(super) fn begin(&mut self, part: &Part) -> bool {
        let mut sieve = self.test.sieve();
        let none = sieve.seen > 0 && sieve.kept == 0;
        self.filters = sieve.few();
        *sieve = Sieve { unseen: part.positions(), ..Sieve::default() };
        drop(sieve);
        self.begun = (!self.filters).then(|| (part.clone(), Fetched::default()));
        none
    }

    /// Whether rows of the part that is being read have passed, as far as is known: then some of the next may.
    pub(super) fn some_passed(&self) -> bool {
        let sieve = self.test.sieve();
        sieve.seen == 0 || sieve.kept > 0
    }

    /// Keeps what was fetched of a part, as long as it may have to be read anew.
    pub(super) fn hold(&mut self, ranges: &[Range<u64>], bytes: &[Bytes]) {
        if let Some((_, held)) = &mut self.begun {
            held.0.extend(ranges.iter().cloned());
            held.1.extend(bytes.iter().cloned());
        }
    }

    /// After rows were decoded at once, of which so many passed: what is better left of the part to the library's filter, if
    /// few did, and what was fetched of it. The next row has this position.
    pub(super) fn rest(&mut self, rows: usize, kept: usize, next: Option<u64>) -> Option<(Part, Fetched)> {
        let mut sieve = self.test.sieve();
        sieve.seen = sieve.seen.saturating_add(rows as u64);
        sieve.kept = sieve.kept.saturating_add(kept as u64);
        let (part, held) = self.begun.take()?;
        let rest = part.from(next?);
        if !sieve.few() || rest.rows() < sieve.seen {
            return None;
        }
        self.filters = true;
        sieve.unseen = rest.positions();
        Some((rest, held))
    }

    pub(super) fn filter(&self) -> RowFilter {
        RowFilter::new(vec![Box::new(self.test.clone())])
    }

    /// The positions of the next so many rows that passed.
    pub(super) fn next_positions(&self, rows: usize) -> Result<Vec<Range<u64>>> {
        let (mut taken, mut count) = (Vec::new(), 0);
        take(&mut self.test.sieve().passed, rows, |range| {
            count += range.end.saturating_sub(range.start);
            taken.push(range);
        });
        match usize::try_from(count) == Ok(rows) {
            true => Ok(taken),
            false => Err(Error::invalid_data("a Parquet file has other rows than passed the filter")),
        }
    }

    /// How many rows the filter has seen since this was asked last, and why it failed, if it did.
    pub(super) fn news(&self) -> (u64, Option<Error>) {
        let mut sieve = self.test.sieve();
        let failure = sieve.failure.take().map(|(kind, message)| Error::new(kind, message));
        (std::mem::take(&mut sieve.untold), failure)
    }
}

impl Sieve {
    fn few(&self) -> bool {
        self.seen > 0 && self.kept.saturating_mul(FEW) <= self.seen
    }

    /// Takes down which of these rows have passed.
    fn note(&mut self, mut positions: VecDeque<Range<u64>>, passed: &BooleanArray) {
        let rows = passed.len() as u64;
        self.seen = self.seen.saturating_add(rows);
        self.untold = self.untold.saturating_add(rows);
        self.kept = self.kept.saturating_add(passed.true_count() as u64);
        let mut at = 0;
        for (start, end) in passed.values().set_slices() {
            take(&mut positions, start.saturating_sub(at), drop);
            take(&mut positions, end.saturating_sub(start), |range| self.passed.push_back(range));
            at = end;
        }
    }
}

impl Test {
    fn sieve(&self) -> MutexGuard<'_, Sieve> {
        self.sieve.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn passing(&self, batch: &RecordBatch, positions: &[Range<u64>]) -> Result<BooleanArray> {
        self.refine.passing(&self.file.with_ids(batch)?, &self.narrow, positions)
    }
}

impl ArrowPredicate for Test {
    fn projection(&self) -> &ProjectionMask {
        &self.mask
    }

    fn evaluate(&mut self, batch: RecordBatch) -> Result<BooleanArray, ArrowError> {
        let mut sieve = self.sieve();
        let mut positions = VecDeque::new();
        take(&mut sieve.unseen, batch.num_rows(), |range| positions.push_back(range));
        match self.passing(&batch, positions.make_contiguous()) {
            Ok(passed) => {
                sieve.note(positions, &passed);
                Ok(passed)
            }
            Err(error) => {
                sieve.failure = Some((error.kind(), error.to_string()));
                Err(ArrowError::ComputeError("the filter failed".to_owned()))
            }
        }
    }
}
