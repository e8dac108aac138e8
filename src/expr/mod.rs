//! Conditions on rows: written, bound to a schema, decided from statistics, evaluated on batches. Pure.

mod bind;
mod display;
mod eval;
mod literal;
mod metrics;
mod parse;
mod predicate;
#[cfg(test)]
mod tests;
mod token;

pub(crate) use bind::unknown as unknown_column;
pub use bind::{BoundColumn, BoundPredicate, Test};
pub use eval::evaluate;
pub use metrics::{ColumnStats, FileStats, might_match, must_match};
pub use predicate::{Column, CompareOp, Literal, Predicate, col};
