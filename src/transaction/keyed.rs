use std::collections::{BTreeMap, HashMap, HashSet};

use arrow_array::{BooleanArray, RecordBatch};

use crate::error::{Error, Result};
use crate::expr::{Literal, Predicate, col};
use crate::parquet::{conform, keep};
use crate::read::Keys;
use crate::spec::{PrimitiveType, Schema, Type, Value};

/// Where a column has more values than this among the keys, files are looked for between the least and the greatest.
const MOST_VALUES: usize = 50_000;

/// Rows of which no two have the same key.
#[derive(Debug)]
pub(super) struct Keyed {
    pub(super) batches: Vec<RecordBatch>,
    pub(super) keys: KeySet,
}

/// The values of some columns, row by row.
#[derive(Clone, Debug)]
pub(super) struct KeySet {
    /// The columns, named in full.
    pub(super) columns: Vec<String>,
    ids: Vec<i32>,
    rows: HashSet<Vec<u8>>,
    /// What every row with one of the keys satisfies.
    pub(super) filter: Predicate,
    /// Whether no other row does.
    pub(super) is_exact: bool,
}

/// Which of several rows with the same key stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stays {
    First,
    Last,
    /// None: two are an error.
    Only,
}

impl Keyed {
    /// The rows as the schema has them, one for each key. Without columns, those that identify the table's rows are the key.
    ///
    /// Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput) if a column of the key is not there, is of a type that
    /// cannot identify rows (floating point, or not of single values), or is null in a row.
    pub(super) fn new(schema: &Schema, batches: &[RecordBatch], on: &[String], stays: Stays) -> Result<Self> {
        let (columns, fields) = columns(schema, on)?;
        let ids: Vec<i32> = fields.iter().map(|(id, _)| *id).collect();
        let batches = batches.iter().map(|batch| conform(schema, batch)).collect::<Result<Vec<_>>>()?;
        let mut chosen: HashMap<Vec<u8>, (usize, usize)> = HashMap::new();
        let mut values: Vec<BTreeMap<Vec<u8>, Value>> = vec![BTreeMap::new(); ids.len()];
        for (number, batch) in batches.iter().enumerate() {
            let keys = Keys::new(batch, &ids)?;
            let mut key = Vec::new();
            for row in 0..batch.num_rows() {
                for (at, (values, (column, (_, primitive)))) in
                    values.iter_mut().zip(columns.iter().zip(&fields)).enumerate()
                {
                    let null = || Error::invalid_input(format!("row {row}: the key column `{column}` is null"));
                    let value = keys.value(at, row, *primitive)?.ok_or_else(null)?;
                    values.insert(value.to_bytes(), value);
                }
                keys.write(row, &mut key);
                let before = chosen.get(&key).copied();
                if let (Stays::Only, Some((other, other_row))) = (stays, before) {
                    let rows = if other == number {
                        format!("rows {other_row} and {row}")
                    } else {
                        format!("row {other_row} of batch {other} and row {row} of batch {number}")
                    };
                    return Err(Error::invalid_input(format!("{rows} have the same key ({})", columns.join(", "))));
                }
                if stays == Stays::Last || before.is_none() {
                    chosen.insert(key.clone(), (number, row));
                }
            }
        }
        let is_exact = matches!(values.as_slice(), [only] if only.len() <= MOST_VALUES);
        let filter = columns.iter().zip(values).map(|(column, values)| condition(column, values));
        let filter = filter.reduce(Predicate::and).unwrap_or_else(Predicate::always_false);
        let rows = chosen.keys().cloned().collect();
        let stay: HashSet<(usize, usize)> = chosen.into_values().collect();
        let batches = batches.iter().enumerate().map(|(number, batch)| {
            let mask: BooleanArray = (0..batch.num_rows()).map(|row| Some(stay.contains(&(number, row)))).collect();
            keep(batch, &mask)
        });
        Ok(Self { batches: batches.collect::<Result<_>>()?, keys: KeySet { columns, ids, rows, filter, is_exact } })
    }

    /// Leaves out the rows with these keys.
    pub(super) fn without(&mut self, keys: &HashSet<Vec<u8>>) -> Result<()> {
        for batch in &mut self.batches {
            let own = self.keys.of(batch)?;
            let mask: BooleanArray = own.iter().map(|key| Some(!keys.contains(key))).collect();
            *batch = keep(batch, &mask)?;
        }
        Ok(())
    }
}

impl KeySet {
    pub(super) fn contains(&self, key: &[u8]) -> bool {
        self.rows.contains(key)
    }

    /// The keys of a batch's rows.
    pub(super) fn of(&self, batch: &RecordBatch) -> Result<Vec<Vec<u8>>> {
        let keys = Keys::new(batch, &self.ids)?;
        let mut key = Vec::new();
        let all = (0..batch.num_rows()).map(|row| {
            keys.write(row, &mut key);
            key.clone()
        });
        Ok(all.collect())
    }
}

/// The names of the columns of a key, and their ids and types.
#[expect(clippy::type_complexity, reason = "a pair of lists of the same length")]
fn columns(schema: &Schema, on: &[String]) -> Result<(Vec<String>, Vec<(i32, PrimitiveType)>)> {
    let names: Vec<String> = match on {
        [] => schema.identifier_field_ids().iter().filter_map(|id| schema.name_of(*id)).collect(),
        names => names.to_vec(),
    };
    if names.is_empty() {
        return Err(Error::invalid_input("the key has no columns, and the table has none that identify its rows"));
    }
    let fields = names.iter().map(|name| {
        let field = schema.column(name)?;
        match &field.field_type {
            Type::Primitive(primitive) if !matches!(primitive, PrimitiveType::Float | PrimitiveType::Double) => {
                Ok((field.id, *primitive))
            }
            other => Err(Error::invalid_input(format!("the column `{name}` of type {other} cannot identify rows"))),
        }
    });
    let fields = fields.collect::<Result<_>>()?;
    Ok((names, fields))
}

/// What a column's values in the keys have in common.
fn condition(column: &str, values: BTreeMap<Vec<u8>, Value>) -> Predicate {
    let literal = |value: &Value| Literal::Value(value.clone());
    if values.len() <= MOST_VALUES {
        return col(column).is_in(values.values().map(literal));
    }
    let least = values.values().reduce(|a, b| if b.compare(a).is_some_and(|order| order.is_lt()) { b } else { a });
    let most = values.values().reduce(|a, b| if b.compare(a).is_some_and(|order| order.is_gt()) { b } else { a });
    match (least, most) {
        (Some(least), Some(most)) => col(column).between(literal(least), literal(most)),
        _ => Predicate::always_false(),
    }
}
