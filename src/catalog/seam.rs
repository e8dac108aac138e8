use std::fmt::Debug;
use std::sync::Arc;

use crate::catalog::Head;
use crate::error::{Error, Result};
use crate::runtime::{BoxFuture, MaybeSend, MaybeSync, Timestamp};
use crate::spec::TableMetadata;

/// What knows a table's newest version and decides which commit becomes the next.
pub trait Catalog: Debug + MaybeSend + MaybeSync {
    /// The newest version of a table. `known` is a version that the caller has: where possible only what follows it is read.
    ///
    /// Fails with [`NotFound`](crate::ErrorKind::NotFound) if there is no table, or another one in its place.
    fn head<'a>(&'a self, table: &'a str, known: Option<&'a Head>) -> BoxFuture<'a, Result<Head>>;

    /// The metadata of one version, if it is still there and part of the table. `head` is a version that the caller has.
    fn version<'a>(
        &'a self,
        table: &'a str,
        head: &'a Head,
        version: u64,
    ) -> BoxFuture<'a, Result<Option<Arc<TableMetadata>>>>;

    /// Makes `attempt` the version after its base, unless another writer was first. `Err` means that it is certainly
    /// not committed. Called again with the same attempt it goes on where it was left, also after being dropped.
    fn publish<'a>(&'a self, table: &'a str, attempt: &'a Attempt) -> BoxFuture<'a, Result<CommitOutcome>>;

    /// Why nothing can be written to its tables, if that is so.
    fn read_only(&self) -> Option<String> {
        None
    }

    /// Tells others, as well as may be, that a version exists. Never needed for correctness; errors are swallowed.
    fn announce<'a>(&'a self, table: &'a str, head: &'a Head) -> BoxFuture<'a, ()>;
}

/// One try to commit.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The version that it follows.
    pub base: Head,
    /// The metadata to become the next version; its property `datashard.commit-id` is unique to this commit.
    pub next: Arc<TableMetadata>,
    /// When to give up trying to learn the outcome.
    pub deadline: Timestamp,
    /// Whether a request for it may have been sent before: then no answer but the store's own word means that it failed.
    pub resumed: bool,
}

/// What became of a try.
#[derive(Clone, Debug)]
#[must_use = "a commit that lost a race, or whose outcome is unknown, is not an error"]
pub enum CommitOutcome {
    /// It is the table's next version.
    Committed(Head),
    /// Another writer's commit came first; this one is certainly not in the table. With the version that won, or a later one.
    Conflict(Head),
    /// It may or may not be in the table, or may still get there.
    Unknown(Error),
}
