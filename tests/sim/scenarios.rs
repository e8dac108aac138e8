//! The scenarios.

use std::sync::Arc;
use std::time::Duration;

use datashard::{Isolation, Merge};

use crate::changes::{Adds, Change, change, note, note_keyed};
use crate::choice::Random;
use crate::engine::{Engine, Rules};
use crate::fault::Fault::{self, *};
use crate::history::TABLE;
use crate::ledger::{Fate, LedgerRef};
use crate::process::Sleep;
use crate::scenario::{Build, Check, Scenario, with_table};
use crate::tasks::*;
use crate::world::{World, digest};

/// What the network, the bucket and the machine do to one request.
pub const ALL: &[Fault] = &[Lost, NotSent, Twice, Copy, Stale, Denied, Crash];

/// A sleep as long as a commit is tried.
const IMPATIENT: Duration = Duration::from_secs(121);

fn scenario(name: &'static str, rules: Rules, build: Build) -> Scenario {
    Scenario { name, world: with_table(&rules), rules, build, check: Check::GoesOn }
}

/// Writers, each in a process of its own, that have opened the table and append a row.
pub fn writers(count: u64, mut rules: Rules) -> Scenario {
    (rules.alike, rules.sleep) = (true, Sleep::Never);
    let build: Build = Arc::new(move |engine, ledger| {
        for writer in 1..=count {
            let (process, _, table) = opened(engine, writer, 0)?;
            engine.spawn(process, Box::pin(append(table, writer as i64, ledger.clone())));
        }
        Ok(())
    });
    scenario("writers", rules, build)
}

/// Writers that give up soon and then ask what became of their append.
pub fn impatient_writers(count: u64, mut rules: Rules) -> Scenario {
    rules.sleep = Sleep::AtLeast(IMPATIENT);
    let build: Build = Arc::new(move |engine, ledger| {
        for writer in 1..=count {
            let (process, _, table) = opened(engine, writer, 0)?;
            engine.spawn(process, Box::pin(append_and_resolve(table, writer as i64, ledger.clone())));
        }
        Ok(())
    });
    scenario("impatient writers", rules, build)
}

/// Writers that append the same row under the same key, and again where they do not hear that it is there.
pub fn same_key(count: u64, mut rules: Rules) -> Scenario {
    rules.sleep = Sleep::AtLeast(IMPATIENT);
    let build: Build = Arc::new(move |engine, ledger| {
        for writer in 1..=count {
            let (process, _, table) = opened(engine, writer, 0)?;
            engine.spawn(process, Box::pin(append_once(table, 1, "key", ledger.clone())));
        }
        Ok(())
    });
    scenario("the same key", rules, build)
}

pub const COPY_ON_WRITE: &str = "copy-on-write";
pub const MERGE_ON_READ: &str = "merge-on-read";

/// One deletes rows, another puts others in their place, and a third adds to them, all in one file at first; or the first
/// `count` of them.
pub fn changers(count: usize, mode: &'static str, isolation: Isolation, rules: Rules) -> Scenario {
    changers_that_claim(isolation == Isolation::Serializable, count, mode, isolation, rules)
}

/// The same, where it is claimed that they are serializable or that they are not.
pub fn changers_that_claim(
    serializable: bool,
    count: usize,
    mode: &'static str,
    isolation: Isolation,
    mut rules: Rules,
) -> Scenario {
    (rules.changes, rules.sleep) = (true, Sleep::AtLeast(IMPATIENT));
    let begin = {
        let mut engine = Engine::new(with_table(&rules), rules.clone());
        let (process, _, table) = opened(&mut engine, 99, 0).unwrap();
        let begin = async move {
            let change = table.transaction().set_property("write.delete.mode", mode);
            change.append(rows(&[1, 2, 21])).await.map(|_| ())
        };
        engine.alone(process, begin).unwrap().unwrap();
        crate::process::lock(&engine.shared).world.clone()
    };
    let build: Build = Arc::new(move |engine, ledger| {
        begun(ledger, vec![1, 2, 21]);
        let changes = [(1, 0..2, vec![]), (2, 2..10, vec![5]), (3, 0..0, vec![0, 8])];
        for (writer, removes, adds) in changes.into_iter().take(count) {
            let (process, _, table) = opened(engine, writer, 0)?;
            let change = change(table, (removes, adds), isolation, serializable, ledger.clone());
            engine.spawn(process, Box::pin(change));
        }
        Ok(())
    });
    Scenario { world: begin, ..scenario("changers", rules, build) }
}

/// Two delete rows of one file, beside it, and a third appends.
pub fn deleters(mut rules: Rules) -> Scenario {
    (rules.changes, rules.sleep) = (true, Sleep::AtLeast(IMPATIENT));
    let mut engine = Engine::new(with_table(&rules), rules.clone());
    let (process, _, table) = opened(&mut engine, 99, 0).unwrap();
    let begin = async move {
        let change = table.transaction().set_property("write.delete.mode", MERGE_ON_READ);
        change.append(rows(&[1, 2, 3, 4])).await.map(|_| ())
    };
    engine.alone(process, begin).unwrap().unwrap();
    let begin = crate::process::lock(&engine.shared).world.clone();
    let build: Build = Arc::new(|engine, ledger| {
        begun(ledger, vec![1, 2, 3, 4]);
        for (writer, what) in [(1, (1..3, vec![])), (2, (2..4, vec![])), (3, (0..0, vec![7]))] {
            let (process, _, table) = opened(engine, writer, 0)?;
            let change = change(table, what, Isolation::Serializable, true, ledger.clone());
            engine.spawn(process, Box::pin(change));
        }
        Ok(())
    });
    Scenario { world: begin, ..scenario("deleters", rules, build) }
}

/// Notes the rows that were there before.
fn begun(ledger: &LedgerRef, rows: Vec<i64>) {
    let (how, fate) = (Adds::All, Fate::Untold);
    ledger.lock().unwrap().changes.push(Change { how, removes: 0..0, adds: rows, serializable: true, fate });
}

/// Of these `which`: two merge so that what is there goes and what is not there comes, one appends what is new, and one replaces
/// all; and some add the same file. All meet in one key.
pub fn mergers(which: &'static [usize], mode: &'static str, mut rules: Rules) -> Scenario {
    (rules.changes, rules.sleep) = (true, Sleep::AtLeast(IMPATIENT));
    let mut engine = Engine::new(with_table(&rules), rules.clone());
    let (process, _, table) = opened(&mut engine, 99, 0).unwrap();
    let begin = async move {
        table.append(rows(&[8])).await?;
        let file = table.scan().plan().await?.tasks.remove(0).data_file.file_path;
        let change = table.transaction().set_property("write.merge.mode", mode).set_property("write.delete.mode", mode);
        change.replace_all(rows(&[1, 2, 6])).await.map(|_| file)
    };
    let file = engine.alone(process, begin).unwrap().unwrap();
    let begin = crate::process::lock(&engine.shared).world.clone();
    let build: Build = Arc::new(move |engine, ledger| {
        begun(ledger, vec![8]);
        let (how, fate) = (Adds::All, Fate::Untold);
        let replaced = Change { how, removes: 0..100, adds: vec![1, 2, 6], serializable: true, fate };
        ledger.lock().unwrap().changes.push(replaced);
        for (writer, which) in (1..).zip(which) {
            let (process, _, table) = opened(engine, writer, 0)?;
            let toggle = |ids: &[i64]| {
                table.merge(Merge::new(rows(ids), ["id"]).when_matched_delete().when_not_matched_insert())
            };
            let ledger = ledger.clone();
            match which {
                0 => engine.spawn(process, Box::pin(note_keyed(toggle(&[5, 6]), Adds::Other, vec![5, 6], ledger))),
                1 => engine.spawn(process, Box::pin(note_keyed(toggle(&[5]), Adds::Other, vec![5], ledger))),
                2 => {
                    let change = table.append_new(rows(&[5, 7]), ["id"]);
                    engine.spawn(process, Box::pin(note_keyed(change, Adds::New, vec![5, 7], ledger)));
                }
                3 => {
                    let change = table.overwrite_partitions(rows(&[5]));
                    engine.spawn(process, Box::pin(note(change, (0..100, vec![5]), true, ledger)));
                }
                _ => {
                    let change = table.add_files([file.clone()]);
                    engine.spawn(process, Box::pin(note(change, (0..0, vec![8]), true, ledger)));
                }
            }
        }
        Ok(())
    });
    Scenario { world: begin, ..scenario("mergers", rules, build) }
}

/// Of these `which`: one appends to `main`, another moves it forward to a branch that has a row more, and a third sets it back
/// to where the branch began.
pub fn branchers(which: &'static [usize], mut rules: Rules) -> Scenario {
    (rules.changes, rules.sleep) = (true, Sleep::AtLeast(IMPATIENT));
    let mut engine = Engine::new(with_table(&rules), rules.clone());
    let (process, _, table) = opened(&mut engine, 99, 0).unwrap();
    let begin = async move {
        let first = table.append(rows(&[1])).await?.snapshot_id;
        table.create_branch("audit").await?;
        table.append(rows(&[2])).to_branch("audit").await.map(|_| first)
    };
    let first = engine.alone(process, begin).unwrap().unwrap();
    let begin = crate::process::lock(&engine.shared).world.clone();
    let build: Build = Arc::new(move |engine, ledger| {
        begun(ledger, vec![1]);
        for (writer, which) in (1..).zip(which) {
            let (process, _, table) = opened(engine, writer, 0)?;
            let (change, what) = match which {
                0 => (table.transaction().append(rows(&[3])), (0..0, vec![3])),
                1 => (table.fast_forward("main", "audit"), (0..0, vec![2])),
                _ => (table.rollback_to(first), (2..100, vec![])),
            };
            engine.spawn(process, Box::pin(note(change, what, true, ledger.clone())));
        }
        Ok(())
    });
    Scenario { world: begin, ..scenario("branchers", rules, build) }
}

/// Two appends that share a handle, and so a commit, beside a writer in another process.
pub fn shared_handle(rules: Rules) -> Scenario {
    let build: Build = Arc::new(|engine, ledger| {
        let (process, _, table) = opened(engine, 1, 0)?;
        for row in [11, 12] {
            engine.spawn(process, Box::pin(append(table.clone(), row, ledger.clone())));
        }
        let (process, _, table) = opened(engine, 2, 0)?;
        engine.spawn(process, Box::pin(append(table, 21, ledger.clone())));
        Ok(())
    });
    scenario("a shared handle", rules, build)
}

/// A writer and a reader that open the table while another writer appends: hints are stale, heads move.
pub fn newcomers(rules: Rules) -> Scenario {
    let build: Build = Arc::new(|engine, ledger| {
        let (process, _, table) = opened(engine, 1, 0)?;
        engine.spawn(process, Box::pin(append(table, 1, ledger.clone())));
        let process = engine.process(2, 0);
        engine.spawn(process, Box::pin(open_and_append(engine.warehouse(process), 2, ledger.clone())));
        let process = engine.process(3, 0);
        engine.spawn(process, Box::pin(open_and_scan(engine.warehouse(process), ledger.clone())));
        Ok(())
    });
    scenario("newcomers", rules, build)
}

/// Two processes create the same table and append to it.
pub fn creators(rules: Rules) -> Scenario {
    let build: Build = Arc::new(|engine, ledger| {
        for creator in 1..=2 {
            let process = engine.process(creator, 0);
            engine.spawn(process, Box::pin(create(engine.warehouse(process), creator as i64, ledger.clone())));
        }
        Ok(())
    });
    Scenario { name: "creators", world: World::new(), rules, build, check: Check::MayBeGone }
}

/// A table is dropped, and created again, beside a writer.
pub fn drop_and_create(rules: Rules) -> Scenario {
    let build: Build = Arc::new(|engine, ledger| {
        let (process, _, table) = opened(engine, 1, 0)?;
        engine.spawn(process, Box::pin(append(table, 1, ledger.clone())));
        let process = engine.process(2, 0);
        let (warehouse, ledger) = (engine.warehouse(process), ledger.clone());
        engine.spawn(
            process,
            Box::pin(async move {
                drop_table(warehouse.clone()).await;
                create(warehouse, 2, ledger).await;
            }),
        );
        Ok(())
    });
    Scenario { check: Check::MayBeGone, ..scenario("drop and create", rules, build) }
}

/// A writer is asleep for hours between any two requests, while others go on and old metadata is cleaned away (R3).
pub fn sleeper(rules: Rules) -> Scenario {
    cleaned("a sleeper", rules, Duration::from_secs(7_200), true)
}

/// The same with a cleaner that does not look at the time, while nobody sleeps.
pub fn hasty_cleaner(rules: Rules) -> Scenario {
    cleaned("a hasty cleaner", rules, Duration::from_secs(1), false)
}

fn cleaned(name: &'static str, mut rules: Rules, pause: Duration, careful: bool) -> Scenario {
    rules.still = false;
    let build: Build = Arc::new(move |engine, ledger| {
        let (process, _, table) = opened(engine, 1, 0)?;
        engine.spawn(process, Box::pin(append(table, 1, ledger.clone())));
        let (process, _, table) = opened(engine, 2, 0)?;
        let (store, ledger) = (engine.store(process), ledger.clone());
        engine.spawn(
            process,
            Box::pin(async move {
                append(table.clone(), 2, ledger.clone()).await;
                append(table, 3, ledger).await;
                wait(store.clone(), pause).await;
                clean(store, careful).await;
            }),
        );
        Ok(())
    });
    scenario(name, rules, build)
}

/// A writer that removes what it wrote when it does not know whether it was committed. It must not (R1).
pub fn deletes_on_unknown(mut rules: Rules) -> Scenario {
    rules.sleep = Sleep::AtLeast(IMPATIENT);
    let build: Build = Arc::new(|engine, ledger| {
        let (process, _, table) = opened(engine, 1, 0)?;
        engine.spawn(process, Box::pin(append_and_tidy(table, engine.store(process), 1, ledger.clone())));
        Ok(())
    });
    scenario("deletes on unknown", rules, build)
}

/// A table's files are removed and it is created again, beside a writer that has it open. A table must be dropped (R7).
pub fn removes_and_creates(rules: Rules) -> Scenario {
    let build: Build = Arc::new(|engine, ledger| {
        let (process, _, table) = opened(engine, 1, 0)?;
        engine.spawn(process, Box::pin(append(table, 1, ledger.clone())));
        let process = engine.process(2, 0);
        let (warehouse, store, ledger) = (engine.warehouse(process), engine.store(process), ledger.clone());
        engine.spawn(
            process,
            Box::pin(async move {
                remove(store, &format!("{TABLE}/")).await;
                create(warehouse, 2, ledger).await;
            }),
        );
        Ok(())
    });
    Scenario { check: Check::MayBeGone, ..scenario("removes and creates", rules, build) }
}

/// Everything at once, put together by chance: processes that do this and that, on a bad day. The same for the same seed.
pub fn swarm(seed: u64) -> Scenario {
    let mut random = Random(seed);
    let mut menu: Vec<Fault> = [ALL, &[Cancel]].concat();
    menu.retain(|_| random.percent(70));
    let mut rules = Rules::of(&menu, random.below(16) as usize);
    rules.percent = 1 + random.below(30);
    rules.http = random.percent(50).then(|| random.below(9));
    let (drops, sleeps, collides) = (random.percent(15), random.percent(25), random.percent(15));
    // Nobody sleeps for hours while answers take minutes: a request is valid for fifteen.
    rules.sleep = Sleep::AtLeast(if random.percent(20) && !sleeps { IMPATIENT } else { Duration::ZERO });
    rules.still = !sleeps && !drops;
    let steps = random.percent(30);
    let build: Build = Arc::new(move |engine, ledger| {
        let mut random = Random(seed ^ 0xbad_da7);
        let mut row = 0;
        let processes = 2 + random.below(3);
        for writer in 1..=processes {
            let skew = if random.percent(20) { random.below(172_800_000) as i64 - 86_400_000 } else { 0 };
            let (process, warehouse, table) = opened(engine, writer, skew)?;
            if collides && writer > 1 {
                engine.collide(process, random.below(20), Random(digest(&1_u64)), random.below(20));
            }
            for _ in 0..1 + random.below(3) {
                row += 10;
                let (kind, rows) = (random.below(10), 1 + random.below(3) as i64);
                let (warehouse, table, ledger) = (warehouse.clone(), table.clone(), ledger.clone());
                let (store, row) = (engine.store(process), row);
                engine.spawn(
                    process,
                    Box::pin(async move {
                        match kind {
                            0..5 => {
                                for row in row..row + rows {
                                    append_and_resolve(table.clone(), row, ledger.clone()).await;
                                }
                            }
                            5 => open_and_append(warehouse, row, ledger).await,
                            6 => open_and_scan(warehouse, ledger).await,
                            7 => scan(table, ledger).await,
                            8 if steps => step_clock(store, -(row * 1_000_000)).await,
                            _ if sleeps => {
                                wait(store.clone(), Duration::from_secs(7_200)).await;
                                clean(store, true).await;
                            }
                            _ if drops => {
                                drop_table(warehouse.clone()).await;
                                create(warehouse, row, ledger).await;
                            }
                            _ => append(table, row, ledger).await,
                        }
                    }),
                );
            }
        }
        Ok(())
    });
    let check = if drops { Check::MayBeGone } else { Check::GoesOn };
    Scenario { check, ..scenario("swarm", rules, build) }
}
