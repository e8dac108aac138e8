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
mod invariants;
mod ledger;
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
    covered(&scenarios::sleeper(Rules::of(&[Lost, Twice], 1), true));
}
