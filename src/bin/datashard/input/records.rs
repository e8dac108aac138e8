use std::sync::Arc;

use arrow_array::RecordBatch;
use datashard::spec::Schema;
use datashard::{Error, Result, records_to_batch};
use serde_json::Value as Json;

use crate::exit::invalid;

/// So many records, or so many bytes of text, are made a batch.
const ROWS: usize = 8_192;
const BYTES: u64 = 1 << 20;

/// What has one record after the other.
pub(super) trait Reader: Send {
    /// The next, as the table's schema has it.
    fn record(&mut self) -> Result<Option<Json>>;

    /// The line that it is on, from 1.
    fn line(&self) -> u64;

    /// Bytes of text so far.
    fn bytes(&self) -> u64;
}

/// Records as batches of a schema.
pub(super) struct Records<R> {
    name: String,
    schema: Arc<Schema>,
    reader: R,
    is_done: bool,
}

impl<R: Reader> Records<R> {
    pub(super) fn new(name: String, schema: Arc<Schema>, reader: R) -> Self {
        Self { name, schema, reader, is_done: false }
    }

    fn batch(&mut self) -> Result<Option<RecordBatch>> {
        let (mut records, mut lines) = (Vec::new(), Vec::new());
        let begin = self.reader.bytes();
        while records.len() < ROWS && self.reader.bytes() - begin < BYTES {
            let Some(record) = self.reader.record().map_err(|error| error.context(&self.name))? else { break };
            records.push(record);
            lines.push(self.reader.line());
        }
        if records.is_empty() {
            return Ok(None);
        }
        records_to_batch(&self.schema, &records).map(Some).map_err(|error| self.misfit(&records, &lines, error))
    }

    /// Which line it is that does not fit.
    fn misfit(&self, records: &[Json], lines: &[u64], error: Error) -> Error {
        let alone = |record| records_to_batch(&self.schema, [record]).err();
        let found = records.iter().zip(lines).find_map(|(record, line)| Some((alone(record)?, line)));
        let Some((error, line)) = found else { return error.context(&self.name) };
        invalid(format!("{}, line {line}: {}", self.name, without_row(error.message())))
    }
}

impl<R: Reader> Iterator for Records<R> {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_done {
            return None;
        }
        let batch = self.batch().transpose();
        self.is_done = !matches!(batch, Some(Ok(_)));
        batch
    }
}

/// Of a row that was looked at alone, the number says nothing.
pub(super) fn without_row(message: &str) -> &str {
    let rest = message.strip_prefix("row 0");
    rest.and_then(|rest| rest.strip_prefix(", ").or_else(|| rest.strip_prefix(": "))).unwrap_or(message)
}
