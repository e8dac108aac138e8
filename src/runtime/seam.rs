use std::fmt::Debug;
use std::time::Duration;

use crate::runtime::{BoxFuture, MaybeSend, MaybeSync, Timestamp};

/// Time and randomness. Everything else in the crate is a function of its inputs and of what the store answers.
pub trait Runtime: Debug + MaybeSend + MaybeSync {
    /// The wall clock. It may be wrong and may step: the protocol depends on it for nothing but politeness
    /// (backoff, deadlines) and for the times it shows to people.
    fn now(&self) -> Timestamp;

    /// Completes after at least this long.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;

    /// 128 random bits from a cryptographic source. Names of files and commits rely on their never repeating.
    fn random(&self) -> u128;

    /// Runs a task on another thread, and returns `None`; or gives it back, where there is no other thread, which is the
    /// default: then it runs in place.
    fn spawn(&self, task: BoxFuture<'static, ()>) -> Option<BoxFuture<'static, ()>> {
        Some(task)
    }
}
