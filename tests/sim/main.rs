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
mod store;
mod world;

use engine::Rules;
use fault::Fault::*;

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
fn two_writers_two_faults() {
    covered(&scenario::writers(2, Rules::of(&[Lost, NotSent, Twice, Copy, Denied, Crash], 2)));
}
