use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::TryStreamExt;

use crate::error::Result;
use crate::expr::{Literal, Predicate, col};
use crate::runtime::{BoxFuture, Timestamp};
use crate::scan::ScanTask;
use crate::spec::{PartitionField, PartitionSpec, Positions, PrimitiveType, Schema, Transform, Value};
use crate::transaction::draft::Draft;
use crate::transaction::isolation::Guard;
use crate::transaction::remove::{Mode, Removal};
use crate::transaction::steps::{AppendRows, DELETE_MODE, replace};
use crate::transaction::victims::{Doomed, Looked, Victim, note};
use crate::transaction::work::{AppendedRows, Effect, Step};
use crate::write::Partitioner;

/// Puts rows in the place of all of the partitions that they are in.
#[derive(Debug)]
pub(super) struct OverwritePartitions {
    rows: AppendRows,
    guard: Guard,
    looked: Looked,
    removal: Removal,
}

impl OverwritePartitions {
    pub(super) fn new(rows: AppendedRows, guard: Guard) -> Self {
        Self { rows: AppendRows::new(rows), guard, looked: Looked::default(), removal: Removal::default() }
    }
}

impl Step for OverwritePartitions {
    fn apply<'a>(&'a mut self, draft: &'a mut Draft) -> BoxFuture<'a, Result<Effect>> {
        Box::pin(async move {
            self.rows.prepare(draft).await?;
            let Some(partitions) = Partitions::of(draft, &self.rows)? else { return Ok(Effect::default()) };
            let victims = partitions.rows(draft, &self.guard, &mut self.looked).await?;
            self.removal.prepare(draft, &victims, Mode::of(draft, DELETE_MODE)?).await?;
            replace(draft, &self.removal, Some(&self.rows)).await
        })
    }
}

/// Some of a table's partitions.
struct Partitions {
    spec: Arc<PartitionSpec>,
    schema: Arc<Schema>,
    /// Their values, in the order of the spec's fields, as bytes.
    values: BTreeSet<Vec<Option<Vec<u8>>>>,
    /// What every row in one of them satisfies.
    filter: Predicate,
}

fn bytes(values: &[Option<Value>]) -> Vec<Option<Vec<u8>>> {
    values.iter().map(|value| value.as_ref().map(Value::to_bytes)).collect()
}

impl Partitions {
    /// Those that rows to be appended are in; `None` if there are none.
    fn of(draft: &Draft, rows: &AppendRows) -> Result<Option<Self>> {
        let Some(first) = rows.appends.files().next() else { return Ok(None) };
        let (spec, schema) = (draft.metadata.partition_spec(first.spec_id)?, draft.metadata.current_schema()?);
        let all: Vec<&[Option<Value>]> = rows.appends.files().map(|file| file.data_file.partition.as_slice()).collect();
        let of_fields = spec.fields.iter().enumerate().filter_map(|(at, field)| {
            let values = all.iter().map(|values| values.get(at).cloned().flatten());
            condition(schema, field, values.collect())
        });
        let filter = of_fields.reduce(Predicate::and).unwrap_or_else(Predicate::always_true);
        let values = all.into_iter().map(bytes).collect();
        Ok(Some(Self { spec: spec.clone(), schema: schema.clone(), values, filter }))
    }

    /// All rows of them, whatever spec their files were written by.
    async fn rows(&self, draft: &Draft, guard: &Guard, looked: &mut Looked) -> Result<Vec<Victim>> {
        let sources = self.spec.fields.iter().filter_map(|field| self.schema.name_of(field.source_id));
        let columns: BTreeSet<String> = ["_file", "_pos"].into_iter().map(str::to_owned).chain(sources).collect();
        let mut plan = draft.scan().select(columns).filter(self.filter.clone()).plan().await?;
        guard.check(draft, &self.filter).await?;
        looked.again(&mut plan.tasks, guard)?;
        let (known, unknown): (Vec<ScanTask>, _) =
            std::mem::take(&mut plan.tasks).into_iter().partition(|task| self.tells(task));
        let is_in = |task: &ScanTask| self.values.contains(&bytes(&task.data_file.partition));
        let whole = known.into_iter().filter(|task| self.spec.fields.is_empty() || is_in(task));
        let mut victims: Vec<Victim> = whole.map(|task| Victim { task, rows: Doomed::All }).collect();
        plan.tasks.clone_from(&unknown);
        let (mut rows, mut partitioner): (BTreeMap<String, Positions>, _) =
            (BTreeMap::new(), Partitioner::new(&self.spec, &self.schema)?);
        let mut batches = plan.stream()?;
        while let Some(batch) = batches.try_next().await? {
            let places = partitioner.places(&batch)?;
            let is_in: BTreeMap<usize, bool> = places
                .iter()
                .map(|place| (*place, self.values.contains(&bytes(&partitioner.partition(*place).values))))
                .collect();
            let is_meant = |row: usize| places.get(row).and_then(|place| is_in.get(place)).is_some_and(|is_in| *is_in);
            note(&batch, is_meant, &mut rows)?;
        }
        victims.extend(looked.victims(unknown, rows));
        looked.found(&victims);
        Ok(victims)
    }

    /// Whether the partition of a file tells which rows are meant: all or none.
    fn tells(&self, task: &ScanTask) -> bool {
        self.spec.fields.is_empty() || task.partition_spec.spec_id == self.spec.spec_id
    }
}

/// With more values than this files are looked for by other fields.
const MOST_VALUES: usize = 1_000;

/// What the rows have in common that have one of these values in a field of a partition, if that can be said of a column.
fn condition(schema: &Schema, field: &PartitionField, values: Vec<Option<Value>>) -> Option<Predicate> {
    let (name, source) = (schema.name_of(field.source_id)?, schema.field_by_id(field.source_id)?);
    let primitive = source.field_type.as_primitive()?;
    let is_null = values.contains(&None).then(|| col(&name).is_null());
    let values: Vec<Value> = values.into_iter().flatten().collect();
    let among = match field.transform {
        _ if values.is_empty() => None,
        // What is equal may be in two partitions, and what is in one may be equal to nothing.
        Transform::Identity if matches!(primitive, PrimitiveType::Float | PrimitiveType::Double) => return None,
        Transform::Identity => {
            let distinct: BTreeMap<Vec<u8>, Value> =
                values.into_iter().map(|value| (value.to_bytes(), value)).collect();
            if distinct.len() > MOST_VALUES {
                return None;
            }
            Some(col(&name).is_in(distinct.into_values().map(Literal::Value)))
        }
        Transform::Year | Transform::Month | Transform::Day | Transform::Hour => {
            let units = values.iter().map(|value| match value {
                Value::Int(unit) | Value::Date(unit) => Some(i64::from(*unit)),
                _ => None,
            });
            let units = units.collect::<Option<Vec<i64>>>()?;
            let (least, most) = (*units.iter().min()?, *units.iter().max()?);
            let from = start(&field.transform, least, primitive)?;
            let to = start(&field.transform, most.checked_add(1)?, primitive)?;
            Some(col(&name).ge(Literal::Value(from)).and(col(&name).lt(Literal::Value(to))))
        }
        _ => return None,
    };
    match (among, is_null) {
        (Some(among), Some(is_null)) => Some(among.or(is_null)),
        (among, is_null) => among.or(is_null),
    }
}

/// The first moment of a unit of time.
fn start(transform: &Transform, unit: i64, of: PrimitiveType) -> Option<Value> {
    let civil = |year: i64, month: i64| {
        let month = u8::try_from(month.checked_add(1)?).ok()?;
        Some(Timestamp::from_civil(year.checked_add(1970)?, month, 1, 0, 0, 0).as_millis())
    };
    let millis = match transform {
        Transform::Year => civil(unit, 0)?,
        Transform::Month => civil(unit.div_euclid(12), unit.rem_euclid(12))?,
        Transform::Day => unit.checked_mul(86_400_000)?,
        _ => unit.checked_mul(3_600_000)?,
    };
    let micros = || millis.checked_mul(1_000);
    Some(match of {
        PrimitiveType::Date => Value::Date(i32::try_from(millis.div_euclid(86_400_000)).ok()?),
        PrimitiveType::Timestamp => Value::Timestamp(micros()?),
        PrimitiveType::Timestamptz => Value::Timestamptz(micros()?),
        PrimitiveType::TimestampNs => Value::TimestampNs(micros()?.checked_mul(1_000)?),
        PrimitiveType::TimestamptzNs => Value::TimestamptzNs(micros()?.checked_mul(1_000)?),
        _ => return None,
    })
}
