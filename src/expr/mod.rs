//! Conditions on rows: written, bound to a schema, decided from statistics, evaluated on batches. Pure.

mod bind;
mod both;
mod display;
mod eval;
mod literal;
mod metrics;
mod parse;
mod partition_stats;
mod predicate;
#[cfg(test)]
mod tests;
mod token;

pub use bind::{BoundColumn, BoundPredicate, Test};
pub use both::Both;
pub use eval::evaluate;
pub use metrics::{ColumnStats, FileStats, might_match, must_match};
pub use partition_stats::PartitionStats;
pub use predicate::{Column, CompareOp, Literal, Predicate, col};
