//! A set of processes, what may go wrong with them, and what must be so in the end.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::choice::Choices;
use crate::engine::{End, Engine, Rules};
use crate::fault::{Fault, Menu};
use crate::history::TABLE;
use crate::invariants::Watch;
use crate::ledger::{Fate, Ledger, LedgerRef};
use crate::process::Sleep;
use crate::tasks::{PLAIN, append, resolve, scan, schema};
use crate::world::{World, digest};

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

impl Rules {
    pub fn of(menu: &[Fault], faults: usize) -> Self {
        let menu = Menu(menu.to_vec());
        Self {
            menu,
            faults,
            percent: 0,
            still: true,
            changes: false,
            version: 2,
            alike: false,
            sleep: Sleep::AtLeast(Duration::ZERO),
            http: None,
            sabotage: None,
        }
    }
}

/// A bucket with an empty table.
pub fn with_table(rules: &Rules) -> World {
    let mut engine = Engine::new(World::new(), rules.clone());
    let process = engine.process(u64::MAX, 0);
    let (warehouse, version) = (engine.warehouse(process), rules.version);
    let create = async move {
        let create = warehouse.create(TABLE).schema(schema()).property(PLAIN.0, PLAIN.1);
        create.format_version(version).await.map(|table| table.metadata())
    };
    engine.alone(process, create).unwrap().unwrap();
    crate::process::lock(&engine.shared).world.clone()
}

/// How a run went.
pub struct Run {
    pub end: Result<End, String>,
    pub trace: Vec<String>,
    pub steps: usize,
    pub faults: Vec<Fault>,
    /// What became of the appends, in no order.
    pub fates: Vec<String>,
}

impl Scenario {
    pub fn run(&self, choices: &mut Choices, tracing: bool, mut seen: impl FnMut(u64, usize) -> bool) -> Run {
        let mut engine = Engine::new(self.world.clone(), self.rules.clone());
        engine.tracing = tracing;
        let ledger: LedgerRef = Arc::new(Mutex::new(Ledger::default()));
        let mut watch = Watch::new(!self.rules.still, self.rules.changes);
        let told = ledger.clone();
        let seen = |state, left| seen(digest(&(state, told.lock().unwrap().digest())), left);
        let end = (self.build)(&mut engine, &ledger)
            .and_then(|()| engine.run(choices, |world| watch.look(world), seen))
            .and_then(|end| {
                if end == End::Seen { Ok(end) } else { self.finish(&mut engine, &ledger, &mut watch).map(|()| end) }
            });
        let (trace, steps, faults) = (std::mem::take(&mut engine.trace), engine.steps, engine.faults.clone());
        let fates = ledger.lock().unwrap().fates();
        Run { end, trace, steps, faults, fates }
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
            resolve(table.clone(), told.clone()).await?;
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
