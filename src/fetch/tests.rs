use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode};

use super::*;
use crate::runtime::Timestamp;

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap()
}

#[test]
fn a_conditional_put_is_refused_only_by_statuses_that_prove_that_nothing_happened() {
    let of = |code| ConditionalAnswer::of(status(code), false);
    for code in [200, 201, 204] {
        assert_eq!(of(code), ConditionalAnswer::Done, "{code}");
    }
    for code in [400, 401, 403, 404, 405, 411, 413, 301, 307, 501] {
        assert_eq!(of(code), ConditionalAnswer::Refused, "{code}");
    }
    for code in [202, 207, 408, 409, 425, 429, 460, 499, 500, 502, 503, 504, 507, 520, 599] {
        assert_eq!(of(code), ConditionalAnswer::Unknown, "{code}");
    }
    assert_eq!(of(412), ConditionalAnswer::PreconditionFailed);
    assert_eq!(ConditionalAnswer::of(status(404), true), ConditionalAnswer::PreconditionFailed);
}

#[test]
fn an_idempotent_request_is_repeated_after_overload_and_not_after_a_refusal() {
    let of = |code| IdempotentAnswer::of(status(code));
    assert!([408, 409, 425, 429, 500, 502, 503, 504].iter().all(|code| of(*code) == IdempotentAnswer::Retry));
    assert!([301, 400, 403, 404, 412, 416, 501].iter().all(|code| of(*code) == IdempotentAnswer::Failed));
    assert_eq!(of(206), IdempotentAnswer::Done);
}

#[test]
fn pauses_double_up_to_the_cap_and_end_with_the_tries() {
    let policy = RetryPolicy {
        max_tries: 5,
        base: Duration::from_millis(100),
        cap: Duration::from_millis(350),
        deadline: Duration::from_secs(60),
    };
    let longest = |tries: u32| (0..1000).filter_map(|random| policy.pause(tries, Duration::ZERO, random, None)).max();
    let millis = |millis| Some(Duration::from_millis(millis));
    assert_eq!([1, 2, 3, 4].map(longest), [millis(100), millis(200), millis(350), millis(350)]);
    assert_eq!(policy.pause(1, Duration::ZERO, 0, None), Some(Duration::ZERO));
    assert_eq!(longest(5), None);
}

#[test]
fn the_server_s_wish_is_honoured_up_to_the_deadline() {
    let policy = RetryPolicy { deadline: Duration::from_secs(10), ..RetryPolicy::default() };
    let pause = |elapsed, asked| policy.pause(1, Duration::from_secs(elapsed), 0, Some(Duration::from_secs(asked)));
    assert_eq!(pause(0, 7), Some(Duration::from_secs(7)));
    assert_eq!(pause(4, 7), None);
    assert_eq!(pause(0, u64::MAX), None);
}

#[test]
fn retry_after_is_read_in_seconds_and_as_a_date() {
    let now = Timestamp::from_civil(2026, 11, 1, 12, 0, 0);
    let read = |value: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", HeaderValue::from_static(value));
        retry_after(&headers, now)
    };
    assert_eq!(read("120"), Some(Duration::from_secs(120)));
    assert_eq!(read("Sun, 01 Nov 2026 12:00:30 GMT"), Some(Duration::from_secs(30)));
    assert_eq!(read("Sun, 01 Nov 2026 11:00:00 GMT"), Some(Duration::ZERO));
    assert_eq!(read("soon"), None);
}
