//! What the processes do. A new operation of the library joins here: a task, and what it must be told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use datashard::spec::{NestedField, PrimitiveType, Schema};
use datashard::{Resolution, Table, Warehouse};

use crate::choice::Choices;
use crate::engine::{End, Engine, Rules};
use crate::fault::{Fault, Menu};
use crate::history::TABLE;
use crate::invariants::Watch;
use crate::ledger::{Fate, Ledger, LedgerRef, Seen};
use crate::world::World;

/// A set of processes and what may go wrong with them.
#[derive(Clone)]
pub struct Scenario {
    pub name: &'static str,
    pub rules: Rules,
    /// The bucket at the beginning, with an empty table.
    pub world: World,
    pub build: Build,
    /// What a sound table must not show may be looked for in a faulty library: see `mutants`.
    pub check: Check,
}

pub type Build = Arc<dyn Fn(&mut Engine, &LedgerRef) -> Result<(), String> + Send + Sync>;

/// What is checked beside the invariants when all is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The table goes on: it can be opened, appended to and read.
    GoesOn,
    /// The table may be gone.
    MayBeGone,
}

pub fn rows(ids: &[i64]) -> [RecordBatch; 1] {
    let ids: ArrayRef = Arc::new(Int64Array::from(ids.to_vec()));
    [RecordBatch::try_from_iter([("id", ids)]).unwrap()]
}

pub fn schema() -> Schema {
    Schema::new([NestedField::required("id", PrimitiveType::Long)]).unwrap()
}

impl Rules {
    pub fn of(menu: &[Fault], faults: usize) -> Self {
        let menu = Menu(menu.to_vec());
        Self { menu, faults, percent: 0, still: true, least_sleep: Duration::ZERO }
    }
}

/// A bucket with an empty table.
pub fn with_table(rules: &Rules) -> World {
    let mut engine = Engine::new(World::new(), rules.clone());
    let process = engine.process(u64::MAX, 0);
    let warehouse = engine.warehouse(process);
    let create = async move {
        let plain = ("write.parquet.compression-codec", "uncompressed");
        warehouse.create(TABLE).schema(schema()).property(plain.0, plain.1).await.map(|table| table.metadata())
    };
    engine.alone(process, create).unwrap().unwrap();
    let world = crate::process::lock(&engine.shared).world.clone();
    world
}

/// A process that has opened the table, before anything goes wrong.
pub fn opened(engine: &mut Engine, seed: u64, skew: i64) -> Result<(usize, Warehouse, Table), String> {
    let process = engine.process(seed, skew);
    let warehouse = engine.warehouse(process);
    let opening = warehouse.clone();
    let table = engine.alone(process, async move { opening.open(TABLE).await })?;
    Ok((process, warehouse, table.map_err(|error| error.to_string())?))
}

/// Appends one row, and notes what came of it.
pub async fn append(table: Table, row: i64, ledger: LedgerRef) {
    let at = ledger.lock().unwrap().begin(row);
    let result = table.append(rows(&[row])).await;
    ledger.lock().unwrap().end(at, result);
}

/// Scans, and notes what was there.
pub async fn scan(table: Table, ledger: LedgerRef) {
    if table.refresh().await.is_err() {
        return;
    }
    let (version, scan) = (table.version(), table.scan().stream().await);
    let Ok(scan) = scan else { return };
    let Ok(batches) = futures::TryStreamExt::try_collect::<Vec<_>>(scan).await else { return };
    ledger.lock().unwrap().scans.push(Seen { version, rows: ids(&batches) });
}

fn ids(batches: &[RecordBatch]) -> Vec<i64> {
    let ids = batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().iter().copied());
    let mut ids: Vec<i64> = ids.collect();
    ids.sort_unstable();
    ids
}

/// How a run went.
pub struct Run {
    pub end: Result<End, String>,
    pub trace: Vec<String>,
    pub steps: usize,
    pub faults: Vec<Fault>,
    pub ledger: Ledger,
}

impl Scenario {
    pub fn run(&self, choices: &mut Choices, tracing: bool, mut seen: impl FnMut(u64, usize) -> bool) -> Run {
        let mut engine = Engine::new(self.world.clone(), self.rules.clone());
        engine.tracing = tracing;
        let ledger: LedgerRef = Arc::new(Mutex::new(Ledger::default()));
        let mut watch = Watch::new(!self.rules.still);
        let end = (self.build)(&mut engine, &ledger)
            .and_then(|()| engine.run(choices, |world| watch.look(world), &mut seen))
            .and_then(|end| {
                if end == End::Seen { Ok(end) } else { self.finish(&mut engine, &ledger, &mut watch).map(|()| end) }
            });
        let (trace, steps, faults) = (std::mem::take(&mut engine.trace), engine.steps, engine.faults.clone());
        drop(engine);
        let ledger = std::mem::take(&mut *ledger.lock().unwrap());
        Run { end, trace, steps, faults, ledger }
    }

    /// Nothing goes wrong any more: what is unknown can be settled, the table goes on, and all is where it must be.
    fn finish(&self, engine: &mut Engine, ledger: &LedgerRef, watch: &mut Watch) -> Result<(), String> {
        let process = engine.process(0xf1a1, 0);
        let (warehouse, told, check) = (engine.warehouse(process), ledger.clone(), self.check);
        let after = async move {
            let table = match warehouse.open(TABLE).await {
                Ok(table) => table,
                Err(_) if check == Check::MayBeGone => return Ok(()),
                Err(error) => return Err(format!("the table cannot be opened: {error}")),
            };
            let unknown = told.lock().unwrap().unknown();
            for (at, token) in unknown.into_iter().filter(|(_, token)| !token.is_empty()) {
                let resolution = table.resolve(&token).await.map_err(|error| format!("resolve({token}): {error}"))?;
                let committed = match resolution {
                    Resolution::Committed { version } => Some(version),
                    Resolution::NotCommitted => None,
                };
                told.lock().unwrap().appends[at].fate = Fate::Settled { committed };
            }
            append(table.clone(), 1_000_000, told.clone()).await;
            let last = told.lock().unwrap().appends.last().map(|append| append.fate.clone());
            if !matches!(last, Some(Fate::Committed { .. })) && check == Check::GoesOn {
                return Err(format!("the table does not go on: {last:?}"));
            }
            scan(table, told.clone()).await;
            Ok(())
        };
        engine.alone(process, after)??;
        engine.land_all();
        let world = crate::process::lock(&engine.shared).world.clone();
        watch.look(&world)?;
        ledger.lock().unwrap().verify(&world)
    }
}

/// Writers, each in a process of its own, that have opened the table and append a row.
pub fn writers(count: u64, rules: Rules) -> Scenario {
    let world = with_table(&rules);
    let build: Build = Arc::new(move |engine, ledger| {
        for writer in 1..=count {
            let (process, _, table) = opened(engine, writer, 0)?;
            engine.spawn(process, Box::pin(append(table, writer as i64, ledger.clone())));
        }
        Ok(())
    });
    Scenario { name: "writers", rules, world, build, check: Check::GoesOn }
}
