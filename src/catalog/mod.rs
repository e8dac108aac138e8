//! A table's head, and the commit: creating the next version's metadata file is the commit (DESIGN: optimistic
//! concurrency on conditional PUT).

mod create;
mod discover;
mod gzip;
mod handle;
mod head;
mod location;
mod publish;
mod seam;
mod store_catalog;
mod void;

pub(crate) use create::unknown_token;
pub(crate) use handle::{TableHandle, uuid};
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use gzip::compress;
#[cfg(any(test, fuzzing))]
pub(crate) use gzip::decompress;
pub use head::Head;
pub(crate) use location::{Location, uri};
pub(crate) use publish::Backoff;
pub use seam::{Attempt, Catalog, CommitOutcome};
pub(crate) use store_catalog::StoreCatalog;
