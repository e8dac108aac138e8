use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use futures_executor::{ThreadPool, ThreadPoolBuilder};

use crate::runtime::{BoxFuture, Runtime, Timestamp};

/// The operating system's clock and random numbers, and as many threads as there are processors, on which scans decode.
/// Works under any executor.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRuntime;

impl Runtime for SystemRuntime {
    #[allow(clippy::disallowed_methods, reason = "this is where time is injected from")]
    fn now(&self) -> Timestamp {
        match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => Timestamp::default().plus(since),
            Err(before) => Timestamp::from_millis(-i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX)),
        }
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(futures_timer::Delay::new(duration))
    }

    #[allow(clippy::disallowed_methods, clippy::expect_used, reason = "this is where randomness is injected from")]
    fn random(&self) -> u128 {
        let mut bytes = [0; 16];
        // Names that must never repeat are made of it: there is nothing to fall back on.
        getrandom::fill(&mut bytes).expect("the operating system has no random numbers");
        u128::from_le_bytes(bytes)
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) -> Option<BoxFuture<'static, ()>> {
        match &*POOL {
            Some(pool) => {
                pool.spawn_ok(task);
                None
            }
            None => Some(task),
        }
    }
}

/// Begun when it is first needed; `None` if the system has no threads to give.
static POOL: LazyLock<Option<ThreadPool>> =
    LazyLock::new(|| ThreadPoolBuilder::new().name_prefix("datashard-").create().ok());
