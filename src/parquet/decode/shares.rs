//! A file's rows, read by several at a time.

use std::collections::VecDeque;
use std::ops::Range;

use super::{FileDecoder, State};
use crate::error::Result;
use crate::parquet::decode_options::DecodeReport;
use crate::parquet::dictionaries::Dictionaries;
use crate::parquet::late::Late;
use crate::parquet::parts::Part;

/// What there is to say of dividing a file.
#[derive(Debug)]
pub(crate) enum Shares {
    /// These ranges are needed first, as of [`Step`](crate::parquet::Step).
    Needs(Vec<Range<u64>>),
    /// Those who read what this decoder does not read any more; none where there is not enough.
    Others(Vec<FileDecoder>),
}

impl FileDecoder {
    /// Shares what is to be read among so many decoders at most, this one among them, by row groups: one that several read
    /// would be asked for its dictionaries by each. To be asked before the first [`step`](Self::step).
    pub(crate) fn share(&mut self, most: usize) -> Result<Shares> {
        if let Some(needs) = self.prepare()? {
            return Ok(Shares::Needs(needs));
        }
        let is_begun = matches!(self.state, State::Rows(_) | State::Whole(_));
        if !is_begun || self.left.is_some() || most < 2 {
            return Ok(Shares::Others(Vec::new()));
        }
        let all = self.part_bytes.saturating_add(self.parts.iter().map(|part| part.bytes).sum());
        let mut shares = runs(std::mem::take(&mut self.parts), self.part_bytes, all / most as u64).into_iter();
        self.parts = shares.next().unwrap_or_default();
        shares.map(|parts| self.other(parts)).collect::<Result<_>>().map(Shares::Others)
    }

    fn other(&self, parts: VecDeque<Part>) -> Result<Self> {
        let mut other = Self {
            file: self.file.clone(),
            refine: self.refine.clone(),
            leaves: self.leaves.clone(),
            options: self.options.clone(),
            groups: Vec::new(),
            reader: self.reader.clone(),
            parts,
            part_bytes: 0,
            skips: false,
            dictionaries: Dictionaries::default(),
            late: self.late.as_ref().map(Late::anew),
            needs: Vec::new(),
            positions: VecDeque::new(),
            state: State::Done,
            left: None,
            report: DecodeReport::default(),
        };
        other.state = other.next_part()?;
        Ok(other)
    }
}

/// Parts in runs of about so many bytes, of which `begun` are before the first. A row group stays in one.
fn runs(parts: VecDeque<Part>, begun: u64, bytes: u64) -> Vec<VecDeque<Part>> {
    let (mut runs, mut run, mut size) = (Vec::new(), VecDeque::new(), begun);
    for part in parts {
        if part.continues.is_none() && size >= bytes.max(1) {
            runs.push(std::mem::take(&mut run));
            size = 0;
        }
        size = size.saturating_add(part.bytes);
        run.push_back(part);
    }
    runs.push(run);
    runs
}
