use std::collections::BTreeSet;

use arrow_array::RecordBatch;
use futures::{StreamExt, TryStreamExt, stream};

use crate::error::Result;
use crate::expr::{BoundColumn, BoundPredicate, CompareOp, Test, evaluate};
use crate::inspect::verify::{CONCURRENCY, Checked, Verified, problem};
use crate::runtime::BoxStream;
use crate::scan::{ScanPlan, ScanTask};
use crate::spec::{DataFile, PrimitiveType, Schema, TableMetadata, Type, Value};
use crate::write::Partitioner;

impl Verified {
    /// Whether the rows of these files are what is said of them. Files that delete rows are read with them.
    pub(super) async fn rows_of(
        self,
        snapshot_id: i64,
        paths: Vec<String>,
    ) -> Result<BoxStream<'static, Result<Checked>>> {
        let paths: BTreeSet<String> = paths.into_iter().collect();
        let mut plan = match self.scan(snapshot_id).plan().await {
            Ok(plan) => plan,
            Err(error) => {
                let path = format!("the rows of snapshot {snapshot_id}");
                let checked = Checked { path, problems: vec![problem(error)?] };
                return Ok(Box::pin(stream::iter([Ok(checked)])));
            }
        };
        let tasks = std::mem::take(&mut plan.tasks);
        let metadata = self.metadata.clone();
        let wanted = tasks.into_iter().filter(move |task| paths.contains(&task.data_file.file_path));
        let checks = wanted.map(move |task| {
            let (mut one, metadata) = (plan.clone(), metadata.clone());
            one.tasks = vec![task.clone()];
            async move { check(one, &task, snapshot_id, &metadata).await }
        });
        Ok(Box::pin(stream::iter(checks.collect::<Vec<_>>()).buffered(CONCURRENCY)))
    }
}

async fn check(plan: ScanPlan, task: &ScanTask, snapshot_id: i64, metadata: &TableMetadata) -> Result<Checked> {
    let mut problems = Vec::new();
    let schema = match metadata.snapshot(snapshot_id) {
        Some(snapshot) => metadata.schema_of(snapshot)?,
        None => metadata.current_schema()?,
    };
    if let Err(error) = read(plan, task, schema, &mut problems).await {
        problems.push(problem(error)?);
    }
    Ok(Checked { path: task.data_file.file_path.clone(), problems })
}

async fn read(plan: ScanPlan, task: &ScanTask, schema: &Schema, problems: &mut Vec<String>) -> Result<()> {
    let mut tests = tests(&task.data_file, schema);
    // Of a column that is gone there is nothing to divide by.
    let mut partitioner = Partitioner::new(&task.partition_spec, schema).ok();
    let (mut rows, mut misplaced) = (0, 0);
    let mut batches = plan.stream()?;
    while let Some(batch) = batches.try_next().await? {
        rows += batch.num_rows() as u64;
        for test in &mut tests {
            test.count(&batch)?;
        }
        if let Some(partitioner) = &mut partitioner {
            for (place, rows) in partitioner.divide(&batch)? {
                let values = partitioner.partition(place).values;
                if !values.iter().zip(&task.data_file.partition).all(|(value, said)| same(value, said)) {
                    misplaced += rows.num_rows();
                }
            }
        }
    }
    if let Some(said) = task.exact_rows()
        && said != rows
    {
        problems.push(format!("{rows} rows of it can be read, and its manifest says {said}"));
    }
    if misplaced > 0 {
        problems.push(format!("{misplaced} of its rows are of another partition than it"));
    }
    // Deleted rows count in what is said, and are not read.
    let is_whole = rows == task.data_file.metrics.record_count;
    problems.extend(tests.iter().filter_map(|test| test.problem(is_whole)));
    Ok(())
}

/// Whether two values are one. Of a column that was promoted since, what was said is of another type, and not looked at.
fn same(value: &Option<Value>, said: &Option<Value>) -> bool {
    match (value, said) {
        (Some(value), Some(said)) => {
            value.to_bytes() == said.to_bytes() || std::mem::discriminant(value) != std::mem::discriminant(said)
        }
        (None, None) => true,
        _ => false,
    }
}

/// Rows that are counted, and how many there may be.
struct Counted {
    predicate: BoundPredicate,
    what: String,
    said: u64,
    /// Whether there must be as many, and not fewer.
    exactly: bool,
    found: u64,
}

impl Counted {
    fn count(&mut self, batch: &RecordBatch) -> Result<()> {
        self.found += evaluate(&self.predicate, batch)?.true_count() as u64;
        Ok(())
    }

    fn problem(&self, is_whole: bool) -> Option<String> {
        let Self { what, said, found, exactly, .. } = self;
        let is_wrong = found > said || (*exactly && is_whole && found != said);
        is_wrong.then(|| format!("{what}: {found}, and its manifest says {said}"))
    }
}

/// What a file's metrics say of its rows.
fn tests(file: &DataFile, schema: &Schema) -> Vec<Counted> {
    let mut tests = Vec::new();
    let single =
        schema.walk().into_iter().filter_map(|(name, field)| Some((name, field, field.field_type.as_primitive()?)));
    let collections: Vec<_> = schema
        .walk()
        .into_iter()
        .filter(|(_, field)| matches!(field.field_type, Type::List(_) | Type::Map(_)))
        .collect();
    for (name, field, primitive) in single {
        // A row has any number of these.
        if collections.iter().any(|(_, around)| around.field_type.holds(field.id)) {
            continue;
        }
        let mut add = |test: Test, what: String, said: Option<u64>, exactly: bool| {
            let column = BoundColumn { id: field.id, name: name.clone(), primitive: Some(primitive) };
            let predicate = BoundPredicate::Column(column, test);
            tests.extend(said.map(|said| Counted { predicate, what, said, exactly, found: 0 }));
        };
        let Metrics { nulls, nans, lower, upper } = Metrics::of(file, field.id);
        add(Test::IsNull, format!("nulls in column `{name}`"), nulls, true);
        if matches!(primitive, PrimitiveType::Float | PrimitiveType::Double) {
            add(Test::IsNan, format!("NaN in column `{name}`"), nans, true);
        }
        let bound = |bytes: &[u8]| Value::from_bytes(primitive, bytes).ok().filter(|value| !value.is_nan());
        if let Some(lower) = lower.and_then(bound) {
            add(
                Test::Compare(CompareOp::Lt, lower),
                format!("values of column `{name}` below its bound"),
                Some(0),
                false,
            );
        }
        if let Some(upper) = upper.and_then(bound) {
            add(
                Test::Compare(CompareOp::Gt, upper),
                format!("values of column `{name}` above its bound"),
                Some(0),
                false,
            );
        }
    }
    tests
}

/// What is said of a column.
struct Metrics<'a> {
    nulls: Option<u64>,
    nans: Option<u64>,
    lower: Option<&'a [u8]>,
    upper: Option<&'a [u8]>,
}

impl<'a> Metrics<'a> {
    fn of(file: &'a DataFile, id: i32) -> Self {
        let metrics = &file.metrics;
        Self {
            nulls: metrics.null_value_counts.get(&id).copied(),
            nans: metrics.nan_value_counts.get(&id).copied(),
            lower: metrics.lower_bounds.get(&id).map(Vec::as_slice),
            upper: metrics.upper_bounds.get(&id).map(Vec::as_slice),
        }
    }
}
