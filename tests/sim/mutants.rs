//! The checker checks itself: writers that break one rule of the protocol each are found out.
//!
//! A rule is broken where the library meets the bucket: what a mutant changes in a request or an answer makes the whole
//! behave as a library without the rule.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;

use crate::engine::Rules;
use crate::explore::{self, Violation};
use crate::fault::{Answer, Fault::*};
use crate::history::TABLE;
use crate::scenario::Scenario;
use crate::scenarios;
use crate::store::Saboteur;
use crate::world::{Object, Op, Reply, digest};

/// Runs within which a mutant must be found.
const BOUND: u64 = 3_000;

fn found(name: &str, mut scenario: Scenario, saboteur: impl Saboteur + 'static) -> Violation {
    scenario.rules.sabotage = Some(Arc::new(saboteur));
    match explore::exhaust(&scenario, BOUND) {
        Ok(covered) => panic!("{name} was not found: {covered:?}"),
        Err(violation) => {
            println!("{name}: {}", violation.what);
            violation
        }
    }
}

#[test]
fn a_delete_that_does_not_look_at_what_came_meanwhile_is_found() {
    let rules = Rules::of(&[Lost], 0);
    let changers =
        scenarios::changers_that_claim(true, 3, scenarios::COPY_ON_WRITE, datashard::Isolation::Snapshot, rules);
    let violation = found("snapshot isolation claimed serializable", changers, Sound);
    assert!(violation.what.contains("version"), "{violation}");
}

/// Breaks nothing.
struct Sound;

impl Saboteur for Sound {}

fn is_version(op: &Op) -> bool {
    op.key().is_some_and(|key| key.ends_with(".metadata.json"))
}

/// The commit's condition is not sent.
struct Unconditional;

impl Saboteur for Unconditional {
    fn request(&self, _: usize, op: Op) -> Op {
        match op {
            // The first version is the one by which the store is proved to honour conditions.
            Op::Put { key, body, .. } if key.ends_with(".json") && !key.ends_with("/v1.metadata.json") => {
                Op::Put { key, body, if_absent: false }
            }
            other => other,
        }
    }
}

#[test]
fn a_commit_without_its_condition_is_found() {
    let rules = Rules::of(&[Lost], 0);
    let violation = found("unconditional PUT", scenarios::writers(2, rules), Unconditional);
    assert!(violation.what.contains("is not where its receipt says"), "{violation}");
}

/// On a 412, the version that is there is taken for another's without being read.
#[derive(Default)]
struct NoReadBack(Mutex<BTreeMap<usize, String>>);

impl Saboteur for NoReadBack {
    fn answer(&self, process: usize, op: &Op, answer: Answer) -> Answer {
        match (op, &answer) {
            (Op::Put { key, if_absent: true, .. }, Answer::Reply(Reply::Exists)) if is_version(op) => {
                self.0.lock().unwrap().insert(process, key.clone());
                answer
            }
            (Op::Get { key }, Answer::Reply(Reply::Object(object))) => {
                let mut unread = self.0.lock().unwrap();
                if unread.get(&process) != Some(key) {
                    return answer;
                }
                unread.remove(&process);
                // As if the commit in it were somebody else's.
                let text = String::from_utf8(object.body.to_vec()).unwrap();
                let body = Bytes::from(text.replace("\"datashard.commit-id\":\"", "\"datashard.commit-id\":\"not-"));
                Answer::Reply(Reply::Object(Object { digest: digest(&body), body, time: object.time }))
            }
            _ => answer,
        }
    }
}

#[test]
fn a_writer_that_does_not_read_back_is_found() {
    let rules = Rules::of(&[Lost, Twice], 1);
    let violation = found("no read-back on 412", scenarios::writers(1, rules), NoReadBack::default());
    assert!(violation.what.contains("twice"), "{violation}");
}

/// What was sent under a key is sent again under the next one when no answer came.
#[derive(Default)]
struct NewKey(Mutex<BTreeMap<(usize, String), u32>>);

impl Saboteur for NewKey {
    fn request(&self, process: usize, op: Op) -> Op {
        let retries = |key: &str| self.0.lock().unwrap().get(&(process, key.to_owned())).copied().unwrap_or(0);
        match op {
            Op::Put { key, body, if_absent: true } if key.ends_with(".metadata.json") && retries(&key) > 0 => {
                let number: u32 = key.rsplit_once("/v").unwrap().1.split('.').next().unwrap().parse().unwrap();
                let next = format!("{TABLE}/metadata/v{}.metadata.json", number + retries(&key));
                Op::Put { key: next, body, if_absent: true }
            }
            other => other,
        }
    }

    fn answer(&self, process: usize, op: &Op, answer: Answer) -> Answer {
        if let (Op::Put { key, if_absent: true, .. }, Answer::Lost, true) = (op, &answer, is_version(op)) {
            *self.0.lock().unwrap().entry((process, key.clone())).or_default() += 1;
        }
        answer
    }
}

#[test]
fn a_retry_under_a_new_key_is_found() {
    let rules = Rules::of(&[Lost], 1);
    found("a new key on retry", scenarios::writers(1, rules), NewKey::default());
}

/// The version that the hint names is the newest: nothing is looked for behind it.
#[derive(Default)]
struct HintIsTruth(Mutex<BTreeMap<usize, u64>>);

impl Saboteur for HintIsTruth {
    fn answer(&self, process: usize, op: &Op, answer: Answer) -> Answer {
        let Op::Get { key } = op else { return answer };
        let mut hints = self.0.lock().unwrap();
        match &answer {
            Answer::Reply(Reply::Object(object)) if key.ends_with("version-hint.text") => {
                let hint = std::str::from_utf8(&object.body).unwrap().parse().unwrap();
                hints.insert(process, hint);
                answer
            }
            _ => match hints.get(&process) {
                Some(hint) if *key == format!("{TABLE}/metadata/v{}.metadata.json", hint + 1) => {
                    Answer::Reply(Reply::Absent)
                }
                _ => answer,
            },
        }
    }
}

#[test]
fn a_hint_taken_for_the_truth_is_found() {
    let rules = Rules::of(&[Lost, Stale], 1);
    found("the hint taken as truth", scenarios::newcomers(rules), HintIsTruth::default());
}

#[test]
fn files_deleted_after_an_unknown_outcome_are_missed() {
    let mut scenario = scenarios::deletes_on_unknown(Rules::of(&[Lost], 2));
    scenario.rules.still = false;
    let violation = explore::exhaust(&scenario, BOUND).expect_err("deleting after an unknown outcome was not found");
    println!("delete on unknown: {}", violation.what);
    assert!(violation.what.contains("is gone") || violation.what.contains("is not there"), "{violation}");
}

#[test]
fn a_cleaner_that_does_not_look_at_the_time_is_found() {
    let scenario = scenarios::hasty_cleaner(Rules::of(&[], 0));
    let violation = explore::exhaust(&scenario, BOUND).expect_err("cleaning without looking at the time was not found");
    println!("metadata cleanup without R3: {}", violation.what);
}

#[test]
fn a_table_removed_without_a_tombstone_is_found() {
    let mut scenario = scenarios::removes_and_creates(Rules::of(&[], 0));
    scenario.rules.still = false;
    let violation = explore::exhaust(&scenario, BOUND).expect_err("dropping without a tombstone was not found");
    println!("drop without tombstone: {}", violation.what);
}

#[test]
fn a_store_that_ignores_conditions_is_refused_before_any_row_is_at_risk() {
    for faults in 0..2 {
        let mut scenario = scenarios::creators(Rules::of(&[Lost, Crash], faults));
        scenario.world.ignores_conditions = true;
        scenario.rules.still = false;
        let covered = explore::exhaust(&scenario, BOUND).unwrap_or_else(|violation| panic!("{violation}"));
        assert!(covered.finished > 0);
    }
}
