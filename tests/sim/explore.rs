//! Two drivers over one engine: every run there is, and runs at random. Both say how to see a run again.

use std::collections::{BTreeSet, HashMap};
use std::time::Instant;

use crate::choice::Choices;
use crate::engine::End;
use crate::scenario::{Run, Scenario};

/// What a search has covered.
#[derive(Debug, Default)]
pub struct Covered {
    /// Runs begun.
    pub runs: u64,
    /// Runs that went to their end; the others came to where one before had been.
    pub finished: u64,
    pub states: usize,
    pub steps: u64,
    /// Whether there is nothing left to search.
    pub whole: bool,
    pub seconds: f64,
    /// All the ways in which it ended.
    pub fates: BTreeSet<Vec<String>>,
}

/// A run in which something does not hold.
#[derive(Debug)]
pub struct Violation {
    pub what: String,
    pub choices: Vec<usize>,
    pub trace: Vec<String>,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.what)?;
        writeln!(f, "replay: {:?}", self.choices)?;
        self.trace.iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}

/// Every schedule and every placement of the faults, as far as they make a difference: a run ends where another has been
/// with the same bucket, requests under way and things told to each process, and no fewer faults to come.
pub fn exhaust(scenario: &Scenario, most_runs: u64) -> Result<Covered, Violation> {
    let begun = Instant::now();
    let (mut choices, mut covered) = (Choices::all(), Covered::default());
    let mut states: HashMap<u64, usize> = HashMap::new();
    loop {
        let run = scenario.run(&mut choices, false, |state, left| match states.get(&state) {
            Some(before) if *before >= left => true,
            _ => {
                states.insert(state, left);
                false
            }
        });
        covered.runs += 1;
        covered.steps += run.steps as u64;
        match run.end {
            Ok(End::Finished) => {
                covered.finished += 1;
                covered.fates.insert(run.fates);
            }
            Ok(End::Seen) => {}
            Err(_) => return Err(shrink(scenario, choices.taken())),
        }
        covered.whole = !choices.advance();
        if covered.runs.is_multiple_of(100_000) {
            eprintln!(
                "{}: {} runs, {} states, {:.4} %",
                scenario.name,
                covered.runs,
                states.len(),
                100.0 * choices.done()
            );
        }
        if covered.whole || covered.runs == most_runs {
            covered.states = states.len();
            covered.seconds = begun.elapsed().as_secs_f64();
            return Ok(covered);
        }
    }
}

/// One run at random. The same seed is the same run.
pub fn random(scenario: &Scenario, seed: u64) -> Result<Run, Violation> {
    let mut choices = Choices::random(seed);
    let run = scenario.run(&mut choices, false, |_, _| false);
    match run.end {
        Ok(_) => Ok(run),
        Err(_) => Err(shrink(scenario, choices.taken())),
    }
}

/// The run of these choices, with what happened in it.
pub fn replay(scenario: &Scenario, choices: &[usize]) -> Run {
    scenario.run(&mut Choices::replay(choices.to_vec()), true, |_, _| false)
}

/// A simpler run in which something does not hold either: without a tail, and with as many first choices as may be.
fn shrink(scenario: &Scenario, mut choices: Vec<usize>) -> Violation {
    let fails = |choices: &[usize]| replay(scenario, choices).end.is_err();
    let mut size = choices.len().max(1);
    while size > 0 {
        let mut at = choices.len();
        while at > 0 {
            at = at.saturating_sub(size);
            let end = (at + size).min(choices.len());
            let mut without = choices.clone();
            without.drain(at..end);
            let mut plain = choices.clone();
            plain[at..end].fill(0);
            if fails(&without) {
                choices = without;
            } else if plain != choices && fails(&plain) {
                choices = plain;
            }
        }
        size /= 2;
    }
    let run = replay(scenario, &choices);
    let what = run.end.err().unwrap_or_else(|| "it does not fail again: something is not determined".to_owned());
    Violation { what, choices, trace: run.trace }
}
