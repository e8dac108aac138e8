use std::collections::BTreeMap;

use crate::Result;
use crate::load::Load;
use crate::reader::{Content, Reading};
use crate::writer::Summary;

/// What happened.
pub struct Report {
    pub seconds: f64,
    pub snapshots: usize,
    pub acknowledged: u64,
    pub summaries: Vec<Result<Summary>>,
    pub reading: Reading,
}

impl Report {
    /// Prints it, beside what is in the table at last. Returns whether all is as it must be.
    pub fn print(self, load: &Load, last: &Content) -> bool {
        let mut wrong = Vec::new();
        let mut latencies = Vec::new();
        let (mut attempts, mut conflicts, mut found) = (0, 0, 0);
        let mut errors: BTreeMap<String, (u64, String)> = BTreeMap::new();
        for (writer, summary) in self.summaries.into_iter().enumerate() {
            let summary = match summary {
                Ok(summary) => summary,
                Err(error) => {
                    wrong.push(format!("writer {writer}: {error}"));
                    continue;
                }
            };
            latencies.extend(summary.latencies);
            attempts += summary.attempts;
            conflicts += summary.conflicts;
            found += summary.found;
            for (kind, count) in summary.errors {
                let sample = summary.samples.get(&kind).cloned().unwrap_or_default();
                errors.entry(kind).or_insert((0, sample)).0 += count;
            }
            if !summary.failed.is_empty() {
                wrong.push(format!("writer {writer}: {} appends failed for good", summary.failed.len()));
            }
            if !summary.unknown.is_empty() {
                wrong.push(format!("writer {writer}: {} appends could not be settled", summary.unknown.len()));
            }
            wrong.extend(
                summary
                    .failed
                    .iter()
                    .filter(|id| last.ids.contains_key(id))
                    .map(|id| format!("record {id} is in the table, though its append failed")),
            );
        }
        latencies.sort_unstable();
        let per_commit = self.acknowledged as f64 / self.snapshots.max(1) as f64;
        println!(
            "appends      {} in {:.1} s: {:.0} a second",
            self.acknowledged,
            self.seconds,
            self.acknowledged as f64 / self.seconds
        );
        println!(
            "latency      p50 {}, p99 {}, longest {}",
            at(&latencies, 0.5),
            at(&latencies, 0.99),
            at(&latencies, 1.0)
        );
        println!("commits      {}, of {per_commit:.0} appends each", self.snapshots);
        println!("attempts     {attempts}, of which {conflicts} found another writer's commit before them");
        println!(
            "errors       {}; {found} appends of unknown outcome found in the table",
            errors.values().map(|(count, _)| count).sum::<u64>()
        );
        for (kind, (count, sample)) in &errors {
            println!("             {count} x {kind}, such as: {sample}");
        }
        let Reading { reads, slowest, violations } = self.reading;
        println!(
            "reads        {reads} of the whole table, opened anew, meanwhile; {} wrong; the longest {:.1} s",
            violations.len(),
            slowest.as_secs_f64()
        );
        wrong.extend(violations);

        let all = 0..i64::try_from(load.total()).unwrap_or(i64::MAX);
        let lost = all.clone().filter(|id| !last.ids.contains_key(id)).count();
        let twice = last.ids.values().filter(|count| **count > 1).count();
        let strange = last.ids.keys().filter(|id| !all.contains(id)).count();
        println!("records      {} in version {}; {lost} lost, {twice} there twice", last.rows, last.version);
        if lost + twice + strange > 0 {
            wrong.push(format!("{lost} records are lost, {twice} are there twice, {strange} were never appended"));
        }
        if self.acknowledged != load.total() {
            wrong.push(format!("{} of {} appends have returned", self.acknowledged, load.total()));
        }
        if reads == 0 {
            wrong.push("nothing was read meanwhile".into());
        }
        println!();
        for line in wrong.iter().take(20) {
            println!("WRONG: {line}");
        }
        if wrong.is_empty() {
            println!("every append is there, none twice, and the table could be read at every moment");
        }
        wrong.is_empty()
    }
}

fn at(sorted: &[u64], share: f64) -> String {
    let index = ((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1));
    sorted.get(index).map_or("none".into(), |micros| format!("{:.2} s", *micros as f64 / 1e6))
}
