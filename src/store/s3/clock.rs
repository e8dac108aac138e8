use std::sync::atomic::{AtomicI64, Ordering};

use http::header::{AGE, DATE, HeaderMap};
use http::{Method, Request};

use crate::fetch::NoStore;
use crate::runtime::Timestamp;
use crate::s3::http_date;

/// Differences below this are latency, and harm nothing.
const TOLERANCE_MILLIS: u64 = 60_000;

/// How far the store's clock is ahead of the runtime's.
#[derive(Debug, Default)]
pub(super) struct ClockOffset(AtomicI64);

impl ClockOffset {
    pub(super) fn millis(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// The store's time at this time of the runtime.
    pub(super) fn apply(&self, now: Timestamp) -> Timestamp {
        Timestamp::from_millis(now.as_millis().saturating_add(self.millis()))
    }

    /// Whether a request signed with that offset may do better with the present one.
    pub(super) fn has_moved_since(&self, offset: i64) -> bool {
        offset.abs_diff(self.millis()) > TOLERANCE_MILLIS
    }

    /// Learns from the store's clock.
    pub(super) fn learn(&self, now: Timestamp, server: Timestamp) {
        let offset = server.as_millis().saturating_sub(now.as_millis());
        if self.has_moved_since(offset) {
            self.0.store(offset, Ordering::Relaxed);
        }
    }

    /// Learns from an ordinary answer, unless it can have come from a cache, where its date is that of the first answer.
    pub(super) fn learn_from<T>(&self, now: Timestamp, request: &Request<T>, answer: &HeaderMap) {
        let cacheable =
            matches!(*request.method(), Method::GET | Method::HEAD) && request.extensions().get::<NoStore>().is_none();
        if cacheable || answer.contains_key(AGE) {
            return;
        }
        let date = answer.get(DATE).and_then(|value| value.to_str().ok()).and_then(http_date);
        if let Some(date) = date {
            self.learn(now, date);
        }
    }
}
