use std::time::Duration;

use http::header::{HeaderMap, RETRY_AFTER};

use crate::runtime::Timestamp;
use crate::s3::http_date;

/// When to repeat a request that failed, as data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How often a request is sent at most. 1: never again.
    pub max_tries: u32,
    /// The longest pause before the second try; it doubles with each try.
    pub base: Duration,
    /// The longest pause before any try.
    pub cap: Duration,
    /// No try begins later than this after the first one began.
    pub deadline: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_tries: 8,
            base: Duration::from_millis(100),
            cap: Duration::from_secs(10),
            deadline: Duration::from_secs(180),
        }
    }
}

impl RetryPolicy {
    /// A policy that never repeats.
    pub const NEVER: Self = Self { max_tries: 1, base: Duration::ZERO, cap: Duration::ZERO, deadline: Duration::ZERO };

    /// How long to wait after the `tries`th try (1 for the first), `elapsed` after the first one began; `None` to give
    /// up. The pause is random between nothing and the bound of its try ("full jitter"), and comes on top of what the
    /// server asked for.
    pub fn pause(&self, tries: u32, elapsed: Duration, random: u128, asked: Option<Duration>) -> Option<Duration> {
        if tries >= self.max_tries {
            return None;
        }
        let doublings = tries.saturating_sub(1).min(31);
        let bound = self.base.saturating_mul(1 << doublings).min(self.cap);
        let millis = random % (bound.as_millis() + 1);
        let jitter = Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX));
        let pause = asked.unwrap_or_default().saturating_add(jitter);
        (elapsed.saturating_add(pause) <= self.deadline).then_some(pause)
    }
}

/// How long an answer asks to wait: the header `Retry-After`, in seconds or as a date by the server's clock.
pub fn retry_after(headers: &HeaderMap, server_now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => http_date(text).map(|date| date.since(server_now)),
    }
}
