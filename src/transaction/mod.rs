//! Changes to a table, and committing them.

mod append;
mod commit;
mod committer;
#[cfg(test)]
mod fault_tests;
mod group;
mod idempotency;
#[cfg(test)]
mod idempotency_tests;
mod receipt;
mod resolve;
#[cfg(test)]
mod tests;

pub(crate) use append::prepare;
pub(crate) use committer::Committer;
pub(crate) use idempotency::IdempotencyKey;
pub use receipt::{CommitReceipt, Resolution};
pub(crate) use resolve::resolve;
