use std::collections::BTreeMap;

use crate::inspect::cell::Cell;
use crate::spec::{Metrics, NestedField, PrimitiveType, Schema, Type, Value, ordered};

/// The columns of a table that have metrics, nested ones too, by their full names.
pub(super) struct ReadableMetrics(BTreeMap<String, (i32, PrimitiveType)>);

impl ReadableMetrics {
    pub(super) fn of(schema: &Schema) -> Self {
        let leaf = |(name, field): (String, &NestedField)| Some((name, (field.id, field.field_type.as_primitive()?)));
        Self(ordered(schema.walk().into_iter().filter_map(leaf)))
    }

    /// The column `readable_metrics`: a struct for each column.
    pub(super) fn field(&self) -> Option<NestedField> {
        let column = |(name, (_, primitive)): (&String, &(i32, PrimitiveType))| {
            let long = |name| NestedField::optional(name, PrimitiveType::Long);
            let bound = |name| NestedField::optional(name, *primitive);
            let counts = ["column_size", "value_count", "null_value_count", "nan_value_count"].map(long);
            let bounds = ["lower_bound", "upper_bound"].map(bound);
            NestedField::optional(name.as_str(), Type::structure(counts.into_iter().chain(bounds)))
        };
        let structure = || Type::structure(self.0.iter().map(column));
        (!self.0.is_empty()).then(|| NestedField::optional("readable_metrics", structure()))
    }

    /// Bounds that cannot be read count as not known: their bytes are in a column of their own.
    pub(super) fn cell(&self, metrics: &Metrics) -> Cell {
        let column = |(id, primitive): &(i32, PrimitiveType)| {
            let count = |counts: &BTreeMap<i32, u64>| counts.get(id).map_or(Cell::Null, |count| Cell::count(*count));
            let bound = |bounds: &BTreeMap<i32, Vec<u8>>| {
                let value = bounds.get(id).and_then(|bytes| Value::from_bytes(*primitive, bytes).ok());
                // One of another length would not fit into the column.
                value.filter(|value| match (value, primitive) {
                    (Value::Fixed(bytes), PrimitiveType::Fixed(length)) => u32::try_from(bytes.len()) == Ok(*length),
                    _ => true,
                })
            };
            Cell::Struct(vec![
                count(&metrics.column_sizes),
                count(&metrics.value_counts),
                count(&metrics.null_value_counts),
                count(&metrics.nan_value_counts),
                bound(&metrics.lower_bounds).into(),
                bound(&metrics.upper_bounds).into(),
            ])
        };
        Cell::Struct(self.0.values().map(column).collect())
    }
}
