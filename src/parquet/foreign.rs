//! Files that another program wrote, as a table takes them in.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Fields};

use crate::error::{Error, Result};
use crate::expr::ColumnStats;
use crate::parquet::footer::FileMetadata;
use crate::parquet::metrics::{inside_collections, lower_bound, upper_bound, widened};
use crate::parquet::options::{EncodeOptions, MetricsMode};
use crate::parquet::project::{id_of, leaf_of, project};
use crate::parquet::projection::Projection;
use crate::parquet::stats::GroupStats;
use crate::spec::{Metrics, NameMapping, Schema, Value, has_ids};

/// A file whose columns are those of a table, and what its footer says of them.
#[derive(Debug)]
pub(crate) struct ForeignFile {
    file: FileMetadata,
    projection: Projection,
    /// Whether its columns are known by their names alone.
    pub(crate) needs_mapping: bool,
}

impl ForeignFile {
    /// Checks that every row of the file can be read as one of the table's.
    ///
    /// Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput), naming the column, where the file has one that the table has
    /// not, of another type, or lacks one that is required or may have nulls there; and where it has no rows, or the field ids of
    /// another table. Columns of which is `said` elsewhere what they hold may be missing.
    pub(crate) fn new(
        file: FileMetadata,
        schema: &Schema,
        mapping: Option<NameMapping>,
        said: &BTreeMap<i32, Option<Value>>,
    ) -> Result<Self> {
        let needs_mapping = !has_ids(file.arrow_schema().fields());
        if file.record_count() == 0 {
            return Err(Error::invalid_input("it has no rows"));
        }
        let names = NameMapping::of(schema)?;
        let by_name = if needs_mapping { mapping.unwrap_or(names) } else { names };
        if let Some(unknown) = by_name.unknown(file.arrow_schema().fields()) {
            return Err(Error::invalid_input(format!("its column `{unknown}` is none of the table")));
        }
        if !needs_mapping {
            same_ids(file.arrow_schema().fields(), &by_name.assign(file.arrow_schema().fields())?)?;
        }
        let file = file.known_by(|| Ok(Some(by_name)))?;
        let columns = schema.fields().iter().map(|field| field.name.as_str());
        let projection = Projection::of(schema, columns)?.constants(said.clone());
        let rows = RecordBatch::new_empty(file.arrow_schema().clone());
        project(&rows, &projection, Some(&[])).map_err(|error| Error::invalid_input(error.message().to_owned()))?;
        let foreign = Self { file, projection, needs_mapping };
        foreign.check_required(schema, said)?;
        Ok(foreign)
    }

    pub(crate) fn has(&self, id: i32) -> bool {
        find(self.file.arrow_schema().fields(), id).is_some()
    }

    fn check_required(&self, schema: &Schema, said: &BTreeMap<i32, Option<Value>>) -> Result<()> {
        for (name, field) in schema.walk().into_iter().filter(|(_, field)| field.required) {
            let refuse = |what: &str| Err(Error::invalid_input(format!("the required column `{name}` {what}")));
            let is_column = schema.fields().iter().any(|column| column.id == field.id);
            match find(self.file.arrow_schema().fields(), field.id) {
                Some(found) if !found.is_nullable() => {}
                Some(_) if is_column && self.null_count(field.id) == Some(0) => {}
                Some(_) => return refuse("may be null in it"),
                // Where a struct or its like is missing, so is what is in it.
                None if !is_column
                    || said.get(&field.id).is_some_and(Option::is_some)
                    || field.initial_default.is_some() => {}
                None => return refuse("is missing"),
            }
        }
        Ok(())
    }

    fn groups(&self) -> impl Iterator<Item = GroupStats<'_>> {
        let groups = self.file.parquet().row_groups().iter();
        groups.map(|group| GroupStats::new(&self.file, &self.projection, group))
    }

    fn null_count(&self, id: i32) -> Option<u64> {
        self.groups().map(|group| group.null_count(id)).sum()
    }

    /// The smallest and the largest value, whether there are nulls, and whether there may be NaNs; `None` where the footer does
    /// not tell.
    pub(crate) fn span(&self, id: i32) -> Option<Span> {
        let (values, nulls) =
            (self.groups().map(|group| group.value_count(id)).sum::<Option<u64>>()?, self.null_count(id)?);
        if nulls == values {
            return Some(Span::Null);
        }
        let nans = self.groups().map(|group| group.nan_count(id)).sum::<Option<u64>>();
        let (low, high) = self.bounds(id)?;
        let may_be_nan = matches!(low, Value::Float(_) | Value::Double(_)) && nans != Some(0);
        (nulls == 0 && !may_be_nan).then_some(Span::Values(low, high)).or(Some(Span::Mixed))
    }

    /// Over all row groups; those of nulls alone do not count.
    fn bounds(&self, id: i32) -> Option<(Value, Value)> {
        let mut merged = None;
        for group in self.groups() {
            if group.null_count(id)? < group.value_count(id)? {
                merged = widened(merged, group.lower(id)?, group.upper(id)?)?;
            }
        }
        merged
    }

    /// What a manifest says of it.
    pub(crate) fn metrics(&self, options: &EncodeOptions) -> Metrics {
        let count = |n: i64| u64::try_from(n).unwrap_or(0);
        let parquet = self.file.parquet();
        let mut metrics = Metrics { record_count: self.file.record_count(), ..Metrics::default() };
        for group in parquet.row_groups() {
            let start = group.columns().iter().map(|column| column.byte_range().0).min().unwrap_or(0);
            metrics.split_offsets.push(i64::try_from(start).unwrap_or(0));
        }
        let schema = self.projection.table_schema();
        let (modes, in_collection) = (options.metrics_modes(schema), inside_collections(schema));
        for (_, field) in schema.walk() {
            let (id, leaf) = (field.id, leaf_of(self.file.arrow_schema(), field.id));
            let (Some(_), Some(leaf)) = (field.field_type.as_primitive(), leaf) else { continue };
            let chunks = parquet.row_groups().iter().filter_map(|group| group.columns().get(leaf));
            metrics.column_sizes.insert(id, chunks.map(|chunk| count(chunk.compressed_size())).sum());
            let mode = modes.get(&id).copied().unwrap_or(MetricsMode::None);
            if mode == MetricsMode::None {
                continue;
            }
            let total = |of: &dyn Fn(&GroupStats<'_>) -> Option<u64>| self.groups().map(|group| of(&group)).sum();
            let values: Option<u64> = total(&|group| group.value_count(id));
            metrics.value_counts.extend(values.map(|values| (id, values)));
            metrics.null_value_counts.extend(self.null_count(id).map(|nulls| (id, nulls)));
            let nans: Option<u64> = total(&|group| group.nan_count(id));
            metrics.nan_value_counts.extend(nans.map(|nans| (id, nans)));
            if mode == MetricsMode::Counts || in_collection.contains_key(&id) {
                continue;
            }
            if let Some((lower, upper)) = self.bounds(id) {
                let length = if let MetricsMode::Truncate(length) = mode { length } else { usize::MAX };
                metrics.lower_bounds.insert(id, lower_bound(lower, length).to_bytes());
                metrics.upper_bounds.extend(upper_bound(upper, length).map(|upper| (id, upper.to_bytes())));
            }
        }
        metrics
    }
}

/// What the values of a column in a file have in common.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Span {
    /// All are null.
    Null,
    /// None is null or NaN, and all are between these.
    Values(Value, Value),
    /// Some are null or NaN, or may be.
    Mixed,
}

/// Fails where a file says other ids than its names have in the table.
fn same_ids(own: &Fields, named: &Fields) -> Result<()> {
    for (own, named) in own.iter().zip(named) {
        if id_of(own) != id_of(named) {
            let name = own.name();
            return Err(Error::invalid_input(format!("its column `{name}` has the field id of another column")));
        }
        match (own.data_type(), named.data_type()) {
            (DataType::Struct(own), DataType::Struct(named)) => same_ids(own, named)?,
            (DataType::List(own), DataType::List(named)) | (DataType::Map(own, _), DataType::Map(named, _)) => {
                // The pairs of a map have no id.
                same_ids(&vec![own.clone()].into(), &vec![named.clone()].into())?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn find(fields: &Fields, id: i32) -> Option<&Field> {
    fields.iter().find_map(|field| find_in(field, id))
}

fn find_in(field: &Field, id: i32) -> Option<&Field> {
    if id_of(field) == Some(id) {
        return Some(field);
    }
    match field.data_type() {
        DataType::Struct(children) => find(children, id),
        DataType::List(child) | DataType::Map(child, _) => find_in(child, id),
        _ => None,
    }
}
