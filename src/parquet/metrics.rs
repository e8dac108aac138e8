use std::cmp::Ordering;
use std::collections::BTreeMap;

use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};

use crate::parquet::footer::FileMetadata;
use crate::parquet::options::{EncodeOptions, MetricsMode};
use crate::parquet::physical::{self, Physical};
use crate::spec::{Metrics, PrimitiveType, Schema, Value, next_bytes, next_string};

/// What a manifest says about a file that was just written, out of its own footer.
pub(crate) fn from_footer(schema: &Schema, options: &EncodeOptions, footer: &ParquetMetaData) -> Metrics {
    let count = |n: i64| u64::try_from(n).unwrap_or(0);
    let mut metrics = Metrics { record_count: count(footer.file_metadata().num_rows()), ..Metrics::default() };
    for group in footer.row_groups() {
        let start = group.columns().iter().map(|column| column.byte_range().0).min().unwrap_or(0);
        metrics.split_offsets.push(i64::try_from(start).unwrap_or(0));
    }
    let modes = options.metrics_modes(schema);
    let in_collection = inside_collections(schema);
    let leaves = footer.file_metadata().schema_descr().columns();
    for (position, leaf) in leaves.iter().enumerate() {
        let basic = leaf.self_type().get_basic_info();
        let field = basic.has_id().then(|| schema.field_by_id(basic.id())).flatten();
        let Some((field, primitive)) = field.and_then(|field| Some((field, field.field_type.as_primitive()?))) else {
            continue;
        };
        let chunks: Vec<_> = footer.row_groups().iter().filter_map(|group| group.columns().get(position)).collect();
        let mode = modes.get(&field.id).copied().unwrap_or(MetricsMode::None);
        column(&mut metrics, field.id, primitive, &chunks, mode, in_collection.contains_key(&field.id));
    }
    metrics
}

impl FileMetadata {
    /// What a manifest might say of the file at most, by its footer: rows, and of each column that a row has one value of its
    /// values and nulls, and bounds that are not cut (but for what the footer itself has cut).
    pub(crate) fn metrics(&self, schema: &Schema) -> Metrics {
        let options = EncodeOptions::default().with_whole_bounds();
        let mut metrics = from_footer(schema, &options, self.parquet());
        let inside = inside_collections(schema);
        metrics.value_counts.retain(|id, _| !inside.contains_key(id));
        metrics.null_value_counts.retain(|id, _| !inside.contains_key(id));
        metrics
    }
}

/// The fields inside lists and maps: bounds are not kept of them, as one row has any number of their values.
pub(crate) fn inside_collections(schema: &Schema) -> BTreeMap<i32, ()> {
    let collections = schema
        .walk()
        .into_iter()
        .filter(|(_, field)| matches!(field.field_type, crate::spec::Type::List(_) | crate::spec::Type::Map(_)));
    let mut inside = BTreeMap::new();
    for (_, collection) in collections {
        let mut open = collection.field_type.children();
        while let Some(field) = open.pop() {
            inside.insert(field.id, ());
            open.extend(field.field_type.children());
        }
    }
    inside
}

fn column(
    metrics: &mut Metrics,
    id: i32,
    primitive: PrimitiveType,
    chunks: &[&ColumnChunkMetaData],
    mode: MetricsMode,
    in_collection: bool,
) {
    let count = |n: i64| u64::try_from(n).unwrap_or(0);
    metrics.column_sizes.insert(id, chunks.iter().map(|chunk| count(chunk.compressed_size())).sum());
    if mode == MetricsMode::None {
        return;
    }
    let statistics = || chunks.iter().map(|chunk| chunk.statistics());
    metrics.value_counts.insert(id, chunks.iter().map(|chunk| count(chunk.num_values())).sum());
    if let Some(nulls) = statistics().map(|s| s?.null_count_opt()).sum::<Option<u64>>() {
        metrics.null_value_counts.insert(id, nulls);
    }
    if matches!(primitive, PrimitiveType::Float | PrimitiveType::Double) {
        // A chunk of nulls only has no count of NaNs.
        let nans = statistics().map(|s| s.map(|s| s.nan_count_opt().unwrap_or(0))).sum::<Option<u64>>();
        metrics.nan_value_counts.extend(nans.map(|nans| (id, nans)));
    }
    if mode == MetricsMode::Counts || in_collection {
        return;
    }
    if let Some((lower, upper)) = merged_bounds(primitive, chunks) {
        let length = if let MetricsMode::Truncate(length) = mode { length } else { usize::MAX };
        metrics.lower_bounds.insert(id, lower_bound(lower, length).to_bytes());
        metrics.upper_bounds.extend(upper_bound(upper, length).map(|upper| (id, upper.to_bytes())));
    }
}

/// The smallest and the largest value over all row groups. Groups of nulls and NaNs only have none and do not count.
fn merged_bounds(primitive: PrimitiveType, chunks: &[&ColumnChunkMetaData]) -> Option<(Value, Value)> {
    let mut merged = None;
    for chunk in chunks {
        let statistics = chunk.statistics()?;
        let nulls = statistics.null_count_opt()?;
        let nothing = nulls.saturating_add(statistics.nan_count_opt().unwrap_or(0));
        if nothing >= u64::try_from(chunk.num_values()).ok()? {
            continue;
        }
        let (min, max) = physical::bounds(statistics);
        let value = |physical: Option<Physical<'_>>| physical?.value(primitive, chunk.column_descr());
        merged = widened(merged, value(min)?, value(max)?)?;
    }
    merged
}

/// Bounds with those of more rows; `None` if these cannot be compared.
#[expect(clippy::option_option, reason = "there may be none yet")]
pub(crate) fn widened(bounds: Option<(Value, Value)>, min: Value, max: Value) -> Option<Option<(Value, Value)>> {
    let Some((low, high)) = bounds else { return Some(Some((min, max))) };
    let is_less = min.compare(&low)? == Ordering::Less;
    let is_more = max.compare(&high)? == Ordering::Greater;
    Some(Some((if is_less { min } else { low }, if is_more { max } else { high })))
}

/// A lower bound that is no longer than so many characters or bytes. Zero is written as -0.0.
pub(crate) fn lower_bound(value: Value, length: usize) -> Value {
    match value {
        Value::Float(0.0) => Value::Float(-0.0),
        Value::Double(0.0) => Value::Double(-0.0),
        Value::String(text) => Value::String(text.chars().take(length).collect()),
        Value::Fixed(bytes) => Value::Fixed(bytes.into_iter().take(length).collect()),
        Value::Binary(bytes) => Value::Binary(bytes.into_iter().take(length).collect()),
        other => other,
    }
}

/// An upper bound that is no longer than so many characters or bytes: what was cut is made up for by making the last
/// character or byte that can grow larger. `None` when none can. Zero is written as +0.0.
pub(crate) fn upper_bound(value: Value, length: usize) -> Option<Value> {
    Some(match value {
        Value::Float(0.0) => Value::Float(0.0),
        Value::Double(0.0) => Value::Double(0.0),
        Value::String(text) => match text.char_indices().nth(length) {
            None => Value::String(text),
            Some((cut, _)) => Value::String(next_string(text.get(..cut)?)?),
        },
        Value::Fixed(bytes) if bytes.len() > length => Value::Fixed(next_bytes(bytes.get(..length)?)?),
        Value::Binary(bytes) if bytes.len() > length => Value::Binary(next_bytes(bytes.get(..length)?)?),
        other => other,
    })
}
