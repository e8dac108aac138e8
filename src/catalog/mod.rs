//! A table's head, and the commit: creating the next version's metadata file is the commit (DESIGN: optimistic
//! concurrency on conditional PUT).

mod compression;
mod create;
mod discover;
mod handle;
mod head;
mod location;
mod pinned;
mod publish;
mod seam;
mod store_catalog;
mod void;

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use compression::compress;
#[cfg(any(test, fuzzing))]
pub(crate) use compression::decompress;
pub(crate) use create::unknown_token;
pub(crate) use handle::{TableHandle, uuid};
pub use head::Head;
pub(crate) use location::{Allowed, Location, is_uri, key_of, uri};
pub(crate) use pinned::Pinned;
pub(crate) use publish::Backoff;
pub use seam::{Attempt, Catalog, CommitOutcome};
pub(crate) use store_catalog::StoreCatalog;
