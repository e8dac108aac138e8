use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use arrow_array::{BooleanArray, RecordBatch};
use futures::TryStreamExt;

use crate::error::{Error, Result};
use crate::expr::{BoundPredicate, Predicate, evaluate};
use crate::parquet::{conform, gather_among, gather_rows, keep};
use crate::runtime::BoxFuture;
use crate::spec::{NestedField, Positions, Schema, StructType, Type};
use crate::transaction::draft::Draft;
use crate::transaction::isolation::Guard;
use crate::transaction::keyed::{KeySet, Keyed, Stays};
use crate::transaction::remove::{Mode, Removal};
use crate::transaction::row_ids;
use crate::transaction::steps::{AppendRows, MERGE_MODE, replace};
use crate::transaction::victims::{Looked, note};
use crate::transaction::work::{AppendedRows, Effect, Step};

/// What becomes of rows that have the same key as a row of a source, and of rows of the source that no row has the key of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clauses {
    /// The first whose condition, of the source's row, is true.
    pub(crate) matched: Vec<(Matched, Option<Predicate>)>,
    /// Those of which one is true are inserted.
    pub(crate) not_matched: Vec<Option<Predicate>>,
    /// Whether of several rows of the source with the same key the last counts.
    pub(crate) last_wins: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Matched {
    /// The columns that the source has take its values.
    Update,
    Delete,
}

/// Merges rows into a table.
#[derive(Debug)]
pub(super) struct MergeRows {
    batches: Vec<RecordBatch>,
    on: Vec<String>,
    clauses: Clauses,
    guard: Guard,
    /// The source as a schema has it.
    source: Option<(Arc<Schema>, MergeSource)>,
    looked: Looked,
    removal: Removal,
    /// What is written, and was prepared.
    rows: Option<(Vec<RecordBatch>, AppendRows)>,
}

impl MergeRows {
    pub(super) fn new(batches: Vec<RecordBatch>, on: Vec<String>, clauses: Clauses, guard: Guard) -> Self {
        let (looked, removal) = (Looked::default(), Removal::default());
        Self { batches, on, clauses, guard, source: None, looked, removal, rows: None }
    }
}

impl Step for MergeRows {
    fn apply<'a>(&'a mut self, draft: &'a mut Draft) -> BoxFuture<'a, Result<Effect>> {
        Box::pin(async move {
            let schema = draft.metadata.current_schema()?.clone();
            if self.source.as_ref().is_none_or(|(of, _)| !of.same_fields(&schema)) {
                let source = MergeSource::new(&schema, &self.batches, &self.on, &self.clauses)?;
                (self.source, self.rows) = (Some((schema.clone(), source)), None);
            }
            let Some((_, source)) = &self.source else { return Ok(Effect::default()) };
            // Rows that are updated keep their ids.
            let target = row_ids::with_ids(&draft.metadata, &schema)?;
            let filter = &source.keys.filter;
            let scan = draft.scan().select(source.needed(&target)).filter(filter.clone());
            let mut plan = scan.ordered().plan().await?;
            self.guard.check(draft, filter).await?;
            self.looked.again(&mut plan.tasks, &self.guard)?;
            let tasks = plan.tasks.clone();
            let (mut seen, mut gone, mut written) = (HashSet::new(), BTreeMap::new(), Vec::new());
            let mut batches = plan.stream()?;
            while let Some(batch) = batches.try_next().await? {
                written.extend(source.matched(&target, &batch, &mut seen, &mut gone)?);
            }
            written.extend(source.not_matched(&target, &seen)?);
            let victims = self.looked.victims(tasks, gone);
            self.removal.prepare(draft, &victims, Mode::of(draft, MERGE_MODE)?).await?;
            if self.rows.as_ref().is_none_or(|(same, _)| *same != written) {
                let with_ids = Some(target).filter(|target| !target.same_fields(&schema));
                let rows = AppendedRows { with_ids, ..AppendedRows::of(schema, written.clone()) };
                self.rows = Some((written, AppendRows::new(rows)));
            }
            let Some((_, rows)) = &mut self.rows else { return Ok(Effect::default()) };
            rows.prepare(draft).await?;
            replace(draft, &self.removal, Some(rows)).await
        })
    }
}

/// The rows of a source, one for each key, and what is to be done with each.
#[derive(Debug)]
struct MergeSource {
    schema: Schema,
    batches: Vec<RecordBatch>,
    keys: KeySet,
    /// Batch and row, by key.
    places: HashMap<Vec<u8>, (usize, usize)>,
    /// Batch by batch and row by row.
    if_matched: Vec<Vec<Option<Matched>>>,
    if_not_matched: Vec<Vec<bool>>,
    /// Whether rows of the table may be updated.
    updates: bool,
}

impl MergeSource {
    fn new(schema: &Schema, batches: &[RecordBatch], on: &[String], clauses: &Clauses) -> Result<Self> {
        let own = source_schema(schema, batches)?;
        let on: Vec<String> = match on {
            [] => schema.identifier_field_ids().iter().filter_map(|id| schema.name_of(*id)).collect(),
            names => names.to_vec(),
        };
        let bound = |condition: &Option<Predicate>| condition.as_ref().map(|it| it.bind(&own)).transpose();
        let matched = clauses.matched.iter().map(|(then, condition)| Ok((*then, bound(condition)?)));
        let matched: Vec<(Matched, Option<BoundPredicate>)> = matched.collect::<Result<_>>()?;
        let not_matched = clauses.not_matched.iter().map(bound).collect::<Result<Vec<_>>>()?;
        let conditions = || matched.iter().map(|(_, condition)| condition).chain(&not_matched).flatten();
        let tested: BTreeSet<i32> = conditions().flat_map(BoundPredicate::field_ids).collect();
        let is_known = |field: &&NestedField| schema.field_by_id(field.id).is_some() || tested.contains(&field.id);
        if let Some(field) = own.fields().iter().find(|field| !is_known(field)) {
            let message = format!("`{}` is neither a column of the table nor in a condition", field.name);
            return Err(Error::invalid_input(message));
        }
        let stays = if clauses.last_wins { Stays::Last } else { Stays::Only };
        let Keyed { batches, keys } = Keyed::new(&own, batches, &on, stays)?;
        let mut places = HashMap::new();
        let (mut if_matched, mut if_not_matched) = (Vec::new(), Vec::new());
        for (number, batch) in batches.iter().enumerate() {
            places.extend(keys.of(batch)?.into_iter().enumerate().map(|(row, key)| (key, (number, row))));
            let rows = batch.num_rows();
            let mut then = vec![None; rows];
            for (what, condition) in matched.iter().rev() {
                let holds = holds(condition.as_ref(), batch)?;
                then.iter_mut().zip(holds).filter(|(_, holds)| *holds).for_each(|(then, _)| *then = Some(*what));
            }
            let mut insert = vec![false; rows];
            for condition in &not_matched {
                insert.iter_mut().zip(holds(condition.as_ref(), batch)?).for_each(|(insert, holds)| *insert |= holds);
            }
            if_matched.push(then);
            if_not_matched.push(insert);
        }
        let updates = if_matched.iter().flatten().any(|then| *then == Some(Matched::Update));
        Ok(Self { schema: own, batches, keys, places, if_matched, if_not_matched, updates })
    }

    /// The columns of the table that are read: those of the key, and those that updated rows keep.
    fn needed(&self, schema: &Schema) -> BTreeSet<String> {
        let kept = schema.fields().iter().filter(|field| self.updates && self.schema.field_by_id(field.id).is_none());
        let of_key = self.keys.columns.iter().cloned();
        let kept = kept.map(|field| field.name.clone());
        ["_file".to_owned(), "_pos".to_owned()].into_iter().chain(of_key).chain(kept).collect()
    }

    /// What rows of the table become, by their keys.
    fn matched(
        &self,
        schema: &Schema,
        batch: &RecordBatch,
        seen: &mut HashSet<Vec<u8>>,
        gone: &mut BTreeMap<String, Positions>,
    ) -> Result<Option<RecordBatch>> {
        let mut is_gone = Vec::with_capacity(batch.num_rows());
        // Of rows that are updated: where they are, and where their new values are.
        let (mut kept, mut taken) = (Vec::new(), Vec::new());
        for (row, key) in self.keys.of(batch)?.into_iter().enumerate() {
            let place = self.places.get(&key).copied();
            let then = place.and_then(|(number, row)| self.if_matched.get(number)?.get(row).copied().flatten());
            is_gone.push(then.is_some());
            if let (Some((number, from)), Some(Matched::Update)) = (place, then) {
                kept.push(row..row + 1);
                taken.push((number, from..from + 1));
            }
            if place.is_some() {
                seen.insert(key);
            }
        }
        note(batch, |row| is_gone.get(row).copied().unwrap_or(false), gone)?;
        if kept.is_empty() {
            return Ok(None);
        }
        let old = gather_rows(batch, &kept)?;
        let columns = schema.fields().iter().map(|field| {
            let column = match self.schema.field_by_id(field.id) {
                None => old.column_by_name(&field.name).cloned(),
                Some(_) => {
                    let from: Option<Vec<_>> =
                        self.batches.iter().map(|batch| batch.column_by_name(&field.name).cloned()).collect();
                    from.map(|from| gather_among(&from, &taken)).transpose()?
                }
            };
            let column = column.ok_or_else(|| Error::invalid_data(format!("the column `{}` is gone", field.name)))?;
            Ok((field.name.as_str(), column, true))
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let new = RecordBatch::try_from_iter_with_nullable(columns);
        let new = new.map_err(|error| Error::invalid_data("updated rows do not fit together").caused_by(error))?;
        conform(schema, &new).map(Some)
    }

    /// The rows to insert, whose keys were not seen.
    fn not_matched(&self, schema: &Schema, seen: &HashSet<Vec<u8>>) -> Result<Vec<RecordBatch>> {
        let mut new = Vec::new();
        for (batch, insert) in self.batches.iter().zip(&self.if_not_matched) {
            let keys = self.keys.of(batch)?;
            let mask = keys.iter().zip(insert).map(|(key, insert)| Some(*insert && !seen.contains(key)));
            let mask: BooleanArray = mask.collect();
            if mask.true_count() == 0 {
                continue;
            }
            let fields = self.schema.fields().iter().enumerate();
            let known = fields.filter(|(_, field)| schema.field_by_id(field.id).is_some()).map(|(at, _)| at);
            let known = batch.project(&known.collect::<Vec<_>>());
            let known = known.map_err(|error| Error::invalid_data("a column is gone").caused_by(error))?;
            new.push(conform(schema, &keep(&known, &mask)?)?);
        }
        Ok(new)
    }
}

/// Which rows satisfy a condition, if there is one.
fn holds(condition: Option<&BoundPredicate>, batch: &RecordBatch) -> Result<Vec<bool>> {
    let Some(condition) = condition else { return Ok(vec![true; batch.num_rows()]) };
    Ok(evaluate(condition, batch)?.iter().map(|holds| holds == Some(true)).collect())
}

/// The columns of a source: those of the table as the table has them, and others, which only conditions may name.
fn source_schema(table: &Schema, batches: &[RecordBatch]) -> Result<Schema> {
    let Some(first) = batches.first() else { return Schema::new([]) };
    let names = |batch: &RecordBatch| -> BTreeSet<String> {
        batch.schema_ref().fields().iter().map(|field| field.name().clone()).collect()
    };
    if batches.iter().any(|batch| names(batch) != names(first)) {
        return Err(Error::invalid_input("the batches of the source have different columns"));
    }
    let mut last_id = table.highest_field_id();
    let mut fields = Vec::new();
    for (at, field) in first.schema_ref().fields().iter().enumerate() {
        if let Some(own) = table.fields().iter().find(|own| own.name == *field.name()) {
            fields.push(own.clone());
            continue;
        }
        let alone = first.schema_ref().project(&[at]);
        let alone = alone.map_err(|error| Error::invalid_input("a column is gone").caused_by(error))?;
        let of_source = Schema::try_from(&alone)?;
        let Some(Type::Primitive(primitive)) = of_source.fields().first().map(|field| field.field_type.clone()) else {
            return Err(Error::invalid_input(format!("the table has no column `{}`", field.name())));
        };
        last_id = last_id.saturating_add(1);
        let extra = NestedField::optional(field.name(), primitive);
        fields.push(NestedField { id: last_id, ..extra });
    }
    Schema::with_ids(0, StructType { fields })
}
