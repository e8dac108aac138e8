//! The commit protocol under a simulator: the library's own code, over a bucket on which everything goes wrong that can.
//!
//!     cargo test --test sim                              one to two minutes
//!     cargo test --release --test sim -- --ignored       all of it
#![cfg(not(target_family = "wasm"))]

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

use engine::Rules;
use fault::Fault::*;
use scenarios::ALL;

fn covered(scenario: &scenario::Scenario) -> explore::Covered {
    match explore::exhaust(scenario, u64::MAX) {
        Ok(covered) => {
            println!("{}: {covered:?}", scenario.name);
            covered
        }
        Err(violation) => panic!("{}: {violation}", scenario.name),
    }
}

#[test]
fn two_writers() {
    covered(&scenarios::writers(2, Rules::of(ALL, 1)));
}

#[test]
fn impatient() {
    covered(&scenarios::impatient_writers(2, Rules::of(&[Lost, Twice, Crash], 2)));
}

#[test]
fn shared_handle() {
    covered(&scenarios::shared_handle(Rules::of(&[Lost, Twice, Cancel, Crash], 1)));
}

#[test]
fn newcomers() {
    covered(&scenarios::newcomers(Rules::of(ALL, 1)));
}

#[test]
fn creators() {
    covered(&scenarios::creators(Rules::of(ALL, 1)));
}

#[test]
fn drop_and_create() {
    covered(&scenarios::drop_and_create(Rules::of(ALL, 1)));
}

#[test]
fn sleeper() {
    covered(&scenarios::sleeper(Rules::of(&[], 0)));
}

/// Seeds for the swarm: `SIM_SEEDS=1000..2000`, or a few.
fn seeds() -> std::ops::Range<u64> {
    let set = std::env::var("SIM_SEEDS").unwrap_or_else(|_| "0..150".to_owned());
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
