use http::StatusCode;

/// What a status means for a request that may be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdempotentAnswer {
    /// It was carried out.
    Done,
    /// The same request may succeed later.
    Retry,
    /// The same request will fail again.
    Failed,
}

impl IdempotentAnswer {
    /// 2xx; 408, 409, 425, 429 and what proxies say of lost servers; all else.
    pub fn of(status: StatusCode) -> Self {
        match status.as_u16() {
            200..=299 => Self::Done,
            408 | 409 | 425 | 429 | 460 | 499 => Self::Retry,
            // Not implemented, and no room: neither passes within the time of a retry.
            501 | 505 | 507 => Self::Failed,
            500.. => Self::Retry,
            _ => Self::Failed,
        }
    }
}

/// What a status means for a request that must not take effect twice. Proxies answer in a server's name and repeat
/// requests, so only statuses by which the server itself refuses the request prove that it did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConditionalAnswer {
    /// It took effect.
    Done,
    /// The condition did not hold.
    PreconditionFailed,
    /// It was refused, and had no effect.
    Refused,
    /// It may have taken effect, or may do so a little later.
    Unknown,
}

impl ConditionalAnswer {
    /// `if_match` tells which condition it was: without an object, `If-Match` fails with 412 or 404.
    pub fn of(status: StatusCode, if_match: bool) -> Self {
        match status.as_u16() {
            200 | 201 | 204 => Self::Done,
            304 | 412 => Self::PreconditionFailed,
            404 if if_match => Self::PreconditionFailed,
            300..=399 => Self::Refused,
            400..=407 | 410 | 411 | 413..=417 | 421 | 422 | 426 | 428 | 431 | 451 | 501 => Self::Refused,
            _ => Self::Unknown,
        }
    }
}
