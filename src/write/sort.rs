use std::ops::Range;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;

use crate::error::{Error, Result};
use crate::parquet::gather_rows;
use crate::read::Keys;
use crate::spec::{NullOrder, PrimitiveType, Schema, SortDirection, SortOrder, Value};

/// Puts the rows of a file in a table's order (spec: Sorting).
#[derive(Debug)]
pub(super) struct Sorter {
    order: Arc<SortOrder>,
    sources: Vec<(i32, PrimitiveType)>,
}

impl Sorter {
    /// `None` for the order of rows that are in none, and for one by a column that is gone or a transform that is not known:
    /// then files say that they are not sorted.
    pub(super) fn new(order: &Arc<SortOrder>, schema: &Schema) -> Option<Self> {
        let sources = order.fields.iter().map(|field| {
            let primitive = schema.field_by_id(field.source_id)?.field_type.as_primitive()?;
            field.transform.result_type(primitive).map(|_| (field.source_id, primitive))
        });
        let sources = sources.collect::<Option<Vec<_>>>()?;
        (!order.is_unsorted()).then(|| Self { order: order.clone(), sources })
    }

    pub(super) fn order_id(&self) -> i32 {
        self.order.order_id
    }

    /// All rows as one batch, in order; those that are alike in the order that they came in.
    pub(super) fn sort(&self, batches: &[RecordBatch]) -> Result<Option<RecordBatch>> {
        let Some(first) = batches.first() else { return Ok(None) };
        let too_many = |error| Error::invalid_input("the rows are too many to be sorted").caused_by(error);
        let all = concat_batches(first.schema_ref(), batches).map_err(too_many)?;
        let ids: Vec<i32> = self.sources.iter().map(|(id, _)| *id).collect();
        let values = Keys::new(&all, &ids)?;
        let mut rows = Vec::with_capacity(all.num_rows());
        for row in 0..all.num_rows() {
            let mut key = Vec::new();
            for (at, (field, (_, primitive))) in self.order.fields.iter().zip(&self.sources).enumerate() {
                let value = values.value(at, row, *primitive)?.and_then(|value| field.transform.apply(&value));
                push(&mut key, value.as_ref(), field.direction, field.null_order);
            }
            rows.push((key, row));
        }
        if rows.is_sorted_by(|(a, _), (b, _)| a <= b) {
            return Ok(Some(all));
        }
        rows.sort();
        let mut runs: Vec<Range<usize>> = Vec::new();
        for (_, row) in rows {
            match runs.last_mut() {
                Some(run) if run.end == row => run.end += 1,
                _ => runs.push(row..row + 1),
            }
        }
        gather_rows(&all, &runs).map(Some)
    }
}

/// Adds bytes that sort as the value does.
fn push(key: &mut Vec<u8>, value: Option<&Value>, direction: SortDirection, null_order: NullOrder) {
    let Some(value) = value else {
        key.push(if null_order == NullOrder::First { 0 } else { 2 });
        return;
    };
    key.push(1);
    let start = key.len();
    match value {
        Value::Boolean(value) => key.push(u8::from(*value)),
        Value::Int(value) | Value::Date(value) => key.extend((*value ^ i32::MIN).to_be_bytes()),
        Value::Long(value)
        | Value::Time(value)
        | Value::Timestamp(value)
        | Value::Timestamptz(value)
        | Value::TimestampNs(value)
        | Value::TimestamptzNs(value) => key.extend((*value ^ i64::MIN).to_be_bytes()),
        Value::Decimal { unscaled, .. } => key.extend((*unscaled ^ i128::MIN).to_be_bytes()),
        // -NaN, if there were one, -infinity, -0.0, 0.0, infinity, NaN.
        Value::Float(value) => key.extend(total(f64::from(*value)).to_be_bytes()),
        Value::Double(value) => key.extend(total(*value).to_be_bytes()),
        Value::Uuid(value) => key.extend(value.to_be_bytes()),
        Value::String(text) => push_bytes(key, text.as_bytes()),
        Value::Fixed(bytes) | Value::Binary(bytes) => push_bytes(key, bytes),
    }
    if direction == SortDirection::Descending {
        key.iter_mut().skip(start).for_each(|byte| *byte = !*byte);
    }
}

/// With an end that is less than anything that may follow.
fn push_bytes(key: &mut Vec<u8>, bytes: &[u8]) {
    for byte in bytes {
        key.push(*byte);
        if *byte == 0 {
            key.push(1);
        }
    }
    key.extend([0, 0]);
}

fn total(value: f64) -> u64 {
    let bits = if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() };
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}
