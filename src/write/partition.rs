use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::{BooleanArray, RecordBatch};
use arrow_buffer::BooleanBufferBuilder;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::parquet::{gather_rows, keep};
use crate::read::Keys;
use crate::spec::{PartitionSpec, PrimitiveType, Schema, Transform, Value, human::human};

/// The partition values of so many different source values are remembered.
const KNOWN: usize = 1 << 16;
/// No part of a path is longer.
const LONGEST: usize = 120;

/// A partition of a table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Partition {
    pub(crate) spec_id: i32,
    /// In the order of the spec's fields.
    pub(crate) values: Vec<Option<Value>>,
}

/// Divides rows into partitions.
#[derive(Debug)]
pub(crate) struct Partitioner {
    spec: Arc<PartitionSpec>,
    sources: Vec<(i32, String, PrimitiveType)>,
    /// Places of partitions by the bytes of what their values are made from, and by those of their values.
    by_source: HashMap<Vec<u8>, usize>,
    by_values: HashMap<Vec<Option<Vec<u8>>>, usize>,
    partitions: Vec<Partition>,
}

impl Partitioner {
    /// Fails with [`Unsupported`](crate::ErrorKind::Unsupported) on a transform that is not known.
    pub(crate) fn new(spec: &Arc<PartitionSpec>, schema: &Schema) -> Result<Self> {
        let sources = spec.fields.iter().map(|field| {
            let refuse = |what: &str| {
                let name = &field.name;
                Err(Error::unsupported(format!(
                    "writing to the partition field `{name}` ({}): {what}",
                    field.transform
                )))
            };
            if matches!(field.transform, Transform::Unknown(_)) {
                return refuse("its transform is not known");
            }
            let source = schema.field_by_id(field.source_id);
            let Some(primitive) = source.and_then(|source| source.field_type.as_primitive()) else {
                return refuse("its column is gone, or has no single values");
            };
            let name = schema.name_of(field.source_id).unwrap_or_default();
            Ok((field.source_id, name, primitive))
        });
        Ok(Self {
            spec: spec.clone(),
            sources: sources.collect::<Result<_>>()?,
            by_source: HashMap::new(),
            by_values: HashMap::new(),
            partitions: Vec::new(),
        })
    }

    pub(crate) fn partition(&self, place: usize) -> Partition {
        self.partitions.get(place).cloned().unwrap_or_default()
    }

    /// The rows of each partition that the batch has rows of, in the batch's order.
    pub(crate) fn divide(&mut self, batch: &RecordBatch) -> Result<Vec<(usize, RecordBatch)>> {
        let mut runs: Vec<(usize, Vec<Range<usize>>)> = Vec::new();
        let mut at: HashMap<usize, usize> = HashMap::new();
        let mut last = None;
        for (row, place) in self.places(batch)?.into_iter().enumerate() {
            let index = match last {
                Some((same, index)) if same == place => index,
                _ => *at.entry(place).or_insert_with(|| {
                    runs.push((place, Vec::new()));
                    runs.len() - 1
                }),
            };
            last = Some((place, index));
            let Some((_, runs)) = runs.get_mut(index) else { continue };
            match runs.last_mut() {
                Some(run) if run.end == row => run.end += 1,
                _ => runs.push(row..row + 1),
            }
        }
        if let [(place, _)] = runs.as_slice() {
            return Ok(vec![(*place, batch.clone())]);
        }
        runs.into_iter().map(|(place, runs)| Ok((place, some_rows(batch, &runs)?))).collect()
    }

    /// The place of each row's partition.
    pub(crate) fn places(&mut self, batch: &RecordBatch) -> Result<Vec<usize>> {
        let ids: Vec<i32> = self.sources.iter().map(|(id, ..)| *id).collect();
        let keys = Keys::new(batch, &ids)?;
        let mut key = Vec::new();
        let places = (0..batch.num_rows()).map(|row| {
            keys.write(row, &mut key);
            self.by_source.get(&key).copied().map_or_else(|| self.place(&keys, row, &key), Ok)
        });
        places.collect()
    }

    /// The place of a row's partition.
    fn place(&mut self, keys: &Keys, row: usize, key: &[u8]) -> Result<usize> {
        let mut values = Vec::with_capacity(self.sources.len());
        for (at, (field, (_, name, primitive))) in self.spec.fields.iter().zip(&self.sources).enumerate() {
            let Some(value) = keys.value(at, row, *primitive)? else {
                values.push(None);
                continue;
            };
            let result = field.transform.apply(&value);
            if field.transform != Transform::Void && result.as_ref().is_none_or(|result| !fits(result, *primitive)) {
                return Err(Error::invalid_input(format!(
                    "row {row}: {value:?} of column `{name}` has no value under the partition transform {}",
                    field.transform
                )));
            }
            values.push(result);
        }
        let bytes = values.iter().map(|value| value.as_ref().map(Value::to_bytes)).collect();
        let place = *self.by_values.entry(bytes).or_insert_with(|| {
            self.partitions.push(Partition { spec_id: self.spec.spec_id, values });
            self.partitions.len() - 1
        });
        if self.by_source.len() >= KNOWN {
            self.by_source.clear();
        }
        self.by_source.insert(key.to_owned(), place);
        Ok(place)
    }
}

/// Rows of a batch by runs of them, in order. Where there are many short ones, which are slow to copy one by one, all rows are
/// looked at instead.
fn some_rows(batch: &RecordBatch, runs: &[Range<usize>]) -> Result<RecordBatch> {
    let rows: usize = runs.iter().map(ExactSizeIterator::len).sum();
    if rows >= runs.len().saturating_mul(SHORT) || rows.saturating_mul(FEW) < batch.num_rows() {
        return gather_rows(batch, runs);
    }
    let mut mask = BooleanBufferBuilder::new(batch.num_rows());
    mask.append_n(batch.num_rows(), false);
    runs.iter().flat_map(Clone::clone).for_each(|row| mask.set_bit(row, true));
    keep(batch, &BooleanArray::new(mask.finish(), None))
}

/// So many rows in a run are copied faster than they are found.
const SHORT: usize = 8;
/// Of one row in so many, the same.
const FEW: usize = 128;

/// A decimal that was truncated may have a digit more than its type.
fn fits(value: &Value, source: PrimitiveType) -> bool {
    match (value, source) {
        (Value::Decimal { unscaled, .. }, PrimitiveType::Decimal { precision, .. }) => {
            10_u128.checked_pow(precision.into()).is_none_or(|end| unscaled.unsigned_abs() < end)
        }
        _ => true,
    }
}

/// The folder of a partition below `data/`, with a slash behind it: for people, since what counts is the manifest's word.
///
/// Any value is safe in it and distinct from others: what is not a letter, digit, `-`, `_` or `.` is `~` and its bytes in
/// hexadecimal, null is `~null`, and what is long is cut and ends with a digest.
pub(crate) fn folder(spec: &PartitionSpec, values: &[Option<Value>]) -> String {
    let parts = spec.fields.iter().zip(values).filter(|(field, _)| field.transform != Transform::Void);
    let parts = parts.map(|(field, value)| {
        let value = value.as_ref().map_or_else(|| "~null".to_owned(), |value| escaped(&human(&field.transform, value)));
        format!("{}={value}/", escaped(&field.name))
    });
    parts.collect()
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => safe.push(char::from(byte)),
            _ => safe.push_str(&format!("~{byte:02x}")),
        }
    }
    if safe.len() > LONGEST {
        let digest: String = Sha256::digest(text.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        safe.truncate(LONGEST - 17);
        safe.push_str(&format!("~~{digest}"));
    }
    safe
}
