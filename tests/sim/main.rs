//! The commit protocol under a simulator: the library's own code, over a bucket on which everything goes wrong that can.
//!
//!     cargo test --test sim                              one to two minutes
//!     cargo test --release --test sim -- --ignored       all of it
#![cfg(not(target_family = "wasm"))]
#![allow(clippy::disallowed_methods, reason = "seeds come from the environment, and searches are timed")]

mod changes;
mod choice;
mod engine;
mod explore;
mod fault;
mod history;
mod http;
mod invariants;
mod ledger;
mod mutants;
mod process;
mod scenario;
mod scenarios;
mod store;
mod tasks;
mod world;

use datashard::Isolation;
use engine::Rules;
use fault::Fault::*;
use scenarios::{ALL, COPY_ON_WRITE, MERGE_ON_READ};

fn covered(scenario: &scenario::Scenario) -> explore::Covered {
    match explore::exhaust(scenario, u64::MAX) {
        Ok(covered) => {
            let explore::Covered { runs, finished, states, steps, seconds, ref fates, .. } = covered;
            let fates = fates.len();
            println!(
                "{}: {runs} runs, {finished} to {fates} different ends, {states} states, {steps} steps, {seconds:.1} s",
                scenario.name
            );
            assert!(covered.whole && covered.finished > 0, "{}: nothing was searched", scenario.name);
            covered
        }
        Err(violation) => panic!("{}: {violation}", scenario.name),
    }
}

#[test]
fn two_writers_with_one_fault_lose_and_double_nothing() {
    covered(&scenarios::writers(2, Rules::of(ALL, 1)));
}

/// What the searches leave out because it makes no difference makes none.
#[test]
fn a_search_without_shortcuts_ends_in_no_other_ways() {
    let short = scenarios::writers(2, Rules::of(&[Lost, Twice, Stale, Crash], 1));
    let mut long = short.clone();
    (long.rules.alike, long.rules.still) = (false, false);
    let (short, long) = (covered(&short), covered(&long));
    assert!(long.runs > 2 * short.runs, "{} runs of {}", short.runs, long.runs);
    assert_eq!(short.fates, long.fates);
}

#[test]
fn three_writers_lose_and_double_nothing() {
    covered(&scenarios::writers(3, Rules::of(ALL, 0)));
}

#[test]
fn what_is_unknown_is_settled_truthfully() {
    covered(&scenarios::impatient_writers(1, Rules::of(ALL, 3)));
    covered(&scenarios::impatient_writers(2, Rules::of(&[Lost], 2)));
}

#[test]
fn the_same_key_appends_once() {
    covered(&scenarios::same_key(1, Rules::of(&[Lost, NotSent, Twice, Copy, Denied], 2)));
    covered(&scenarios::same_key(2, Rules::of(&[Lost], 1)));
}

#[test]
fn changes_of_rows_are_made_one_after_the_other() {
    for mode in [COPY_ON_WRITE, MERGE_ON_READ] {
        covered(&scenarios::changers(3, mode, Isolation::Serializable, Rules::of(&[], 0)));
        covered(&scenarios::changers(2, mode, Isolation::Serializable, Rules::of(&[Lost, Crash], 1)));
    }
    covered(&scenarios::changers(3, COPY_ON_WRITE, Isolation::Snapshot, Rules::of(&[], 0)));
}

#[test]
fn rows_of_version_3_keep_their_ids_while_others_delete_and_append() {
    let third = |menu, faults| Rules { version: 3, ..Rules::of(menu, faults) };
    for mode in [COPY_ON_WRITE, MERGE_ON_READ] {
        covered(&scenarios::changers(2, mode, Isolation::Serializable, third(&[Lost, Crash], 1)));
    }
    covered(&scenarios::deleters(third(&[], 0)));
    covered(&scenarios::writers(2, third(&[Lost, Crash], 1)));
}

#[test]
fn rows_are_merged_by_what_is_there_and_files_added_once() {
    for mode in [COPY_ON_WRITE, MERGE_ON_READ] {
        covered(&scenarios::mergers(&[0, 1, 2], mode, Rules::of(&[], 0)));
        covered(&scenarios::mergers(&[0, 2], mode, Rules::of(&[Lost, Crash], 1)));
    }
    covered(&scenarios::mergers(&[1, 3, 4], MERGE_ON_READ, Rules::of(&[], 0)));
    covered(&scenarios::mergers(&[4, 4], COPY_ON_WRITE, Rules::of(&[Lost, Crash], 1)));
}

#[test]
fn branches_are_moved_as_if_one_after_the_other() {
    covered(&scenarios::branchers(&[0, 1, 2], Rules::of(&[], 0)));
    for two in [&[0, 1], &[0, 2], &[1, 2]] {
        covered(&scenarios::branchers(two, Rules::of(&[Lost, Crash], 1)));
    }
}

#[test]
fn appends_that_share_a_commit_survive_each_other() {
    covered(&scenarios::shared_handle(Rules::of(&[Lost, Twice, Cancel, Crash], 1)));
}

#[test]
fn who_opens_a_moving_table_finds_its_head() {
    covered(&scenarios::newcomers(Rules::of(ALL, 0)));
}

#[test]
fn of_two_creators_one_wins() {
    covered(&scenarios::creators(Rules::of(&[Denied], 1)));
}

#[test]
fn a_dropped_table_stays_dropped() {
    covered(&scenarios::drop_and_create(Rules::of(&[Lost, Crash], 1)));
}

#[test]
fn a_writer_asleep_for_hours_harms_nothing() {
    covered(&scenarios::sleeper(Rules::of(&[], 0)));
}

/// The whole, which takes an hour or so: `cargo test --release --test sim -- --ignored --nocapture`.
mod whole {
    use super::*;

    #[test]
    #[ignore = "takes long"]
    fn two_writers_with_three_faults() {
        covered(&scenarios::writers(2, Rules::of(ALL, 3)));
    }

    #[test]
    #[ignore = "takes long"]
    fn three_writers_with_two_faults() {
        covered(&scenarios::writers(3, Rules::of(ALL, 2)));
    }

    #[test]
    #[ignore = "takes long"]
    fn all_others_with_more_faults() {
        covered(&scenarios::sleeper(Rules::of(&[Lost, Twice, Crash], 1)));
        covered(&scenarios::impatient_writers(2, Rules::of(&[Lost, Twice, Crash], 3)));
        covered(&scenarios::same_key(2, Rules::of(ALL, 2)));
        covered(&scenarios::shared_handle(Rules::of(&[Lost, NotSent, Twice, Copy, Cancel, Crash], 2)));
        covered(&scenarios::drop_and_create(Rules::of(ALL, 1)));
        covered(&scenarios::newcomers(Rules::of(ALL, 1)));
        for mode in [COPY_ON_WRITE, MERGE_ON_READ] {
            covered(&scenarios::changers(2, mode, Isolation::Serializable, Rules::of(ALL, 2)));
            covered(&scenarios::changers(3, mode, Isolation::Serializable, Rules::of(&[Lost, Crash], 1)));
            covered(&scenarios::changers(3, mode, Isolation::Snapshot, Rules::of(&[Lost], 1)));
        }
        for mode in [COPY_ON_WRITE, MERGE_ON_READ] {
            let rules = Rules { version: 3, ..Rules::of(&[Lost, Crash], 1) };
            covered(&scenarios::changers(3, mode, Isolation::Serializable, rules));
        }
        covered(&scenarios::deleters(Rules { version: 3, ..Rules::of(&[Lost], 1) }));
        covered(&scenarios::branchers(&[0, 1, 2], Rules::of(&[Lost, Crash], 1)));
        covered(&scenarios::branchers(&[0, 1], Rules::of(ALL, 2)));
        for mode in [COPY_ON_WRITE, MERGE_ON_READ] {
            covered(&scenarios::mergers(&[0, 1, 2], mode, Rules::of(&[Lost], 1)));
            covered(&scenarios::mergers(&[1, 3], mode, Rules::of(ALL, 2)));
            covered(&scenarios::mergers(&[0, 4], mode, Rules { version: 3, ..Rules::of(&[Lost, Crash], 1) }));
        }
        covered(&scenarios::creators(Rules::of(ALL, 1)));
    }
}

/// Seeds for the swarm: `SIM_SEEDS=1000..2000`, or a few.
fn seeds() -> std::ops::Range<u64> {
    let set = std::env::var("SIM_SEEDS").unwrap_or_else(|_| "0..300".to_owned());
    let (from, to) = set.split_once("..").expect("SIM_SEEDS is a range such as 0..100");
    from.parse().unwrap()..to.parse().unwrap()
}

#[test]
fn a_swarm_of_processes_on_a_bad_day() {
    let (mut steps, mut faults) = (0, 0);
    for seed in seeds() {
        match explore::random(&scenarios::swarm(seed), seed) {
            Ok(run) => (steps, faults) = (steps + run.steps, faults + run.faults.len()),
            Err(violation) => panic!("SIM_SEEDS={seed}..{}: {violation}", seed + 1),
        }
    }
    println!("{} runs, {steps} steps, {faults} faults", seeds().count());
    assert!(faults > seeds().count(), "too little went wrong: {faults} faults");
}

#[test]
fn the_same_seed_is_the_same_run() {
    let scenario = scenarios::swarm(7);
    let choices = explore::random(&scenario, 7).unwrap();
    let run = |_: usize| {
        let mut choices = choice::Choices::random(7);
        let run = scenario.run(&mut choices, true, |_, _| false);
        (run.trace, choices.taken())
    };
    assert!(choices.steps > 20);
    assert_eq!(run(0), run(1));
}
