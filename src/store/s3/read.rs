use std::ops::Range;

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use http::response;

use crate::error::Error;
use crate::fetch::{Body, FetchError, FetchErrorKind};
use crate::s3::response::{ObjectHead, object_head};

/// How to read the body of an answer.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// The bytes of the object that are wanted; all of the body if `None`.
    pub(super) range: Option<Range<u64>>,
    /// More is an error.
    pub(super) limit: u64,
}

pub(super) enum ReadError {
    /// The body is not whole. The same request may bring it.
    Broken(FetchError),
    /// The same request would fail again.
    Fatal(Error),
}

impl Plan {
    /// All of a body that has at most this many bytes.
    pub(super) fn whole(limit: u64) -> Self {
        Self { range: None, limit }
    }

    /// None of the body, and no waiting for it.
    pub(super) fn nothing() -> Self {
        Self { range: Some(0..0), limit: 0 }
    }

    /// The wanted bytes. A server may answer a range with another that covers it, or with the whole object; of that no
    /// more is kept than was wanted.
    pub(super) async fn read(&self, head: &response::Parts, body: Body) -> Result<Bytes, ReadError> {
        let ObjectHead { content_length, content_range, .. } = object_head(&head.headers);
        let first = match content_range {
            Some(range) => range.start,
            // 206 without Content-Range: a browser hides the header, so the server did as it was asked.
            None if head.status.as_u16() == 206 => self.range.as_ref().map_or(0, |range| range.start),
            None => 0,
        };
        let wanted = match &self.range {
            Some(range) => range.clone(),
            None => first..u64::MAX,
        };
        // Where the body is to end: what the range says, or the length; unknown if neither is said.
        let end = content_range.map(|range| range.end).or(content_length.and_then(|length| first.checked_add(length)));
        // Where it would have to end to hold all that is wanted.
        let due = content_range.and_then(|range| range.size).or(end).map(|end| end.min(wanted.end));
        let partial =
            content_range.is_some_and(|range| range.start > 0 || range.size.is_some_and(|size| range.end < size));
        if first > wanted.start || (self.range.is_none() && partial) {
            let message = "the store answered with another range than was asked for";
            return Err(ReadError::Fatal(Error::invalid_data(message)));
        }
        let expected = due.map(|due| due.saturating_sub(wanted.start));
        if expected.is_some_and(|expected| expected > self.limit) {
            return Err(self.too_long());
        }
        let mut kept = Pieces::default();
        let mut at = first;
        let mut body = body.into_stream();
        while at < wanted.end {
            let Some(piece) = body.next().await else { break };
            let piece = piece.map_err(ReadError::Broken)?;
            let next = at.saturating_add(piece.len() as u64);
            kept.push(cut(piece, at, &wanted), expected);
            if kept.len() as u64 > self.limit {
                return Err(self.too_long());
            }
            at = next;
        }
        if let Some(due) = due.filter(|due| at < *due) {
            let message = format!("the body ended {} bytes early", due - at);
            return Err(ReadError::Broken(FetchError::new(FetchErrorKind::BrokenOff, message)));
        }
        Ok(kept.whole())
    }

    fn too_long(&self) -> ReadError {
        ReadError::Fatal(Error::invalid_data(format!(
            "the object is larger than the {} bytes allowed here",
            self.limit
        )))
    }
}

/// What of a piece that begins at `at` lies in the wanted range.
fn cut(mut piece: Bytes, at: u64, wanted: &Range<u64>) -> Bytes {
    let offset = |position: u64| usize::try_from(position.saturating_sub(at)).unwrap_or(usize::MAX);
    piece.truncate(offset(wanted.end));
    piece.split_off(offset(wanted.start).min(piece.len()))
}

/// More than this is not reserved for what has only been announced.
const RESERVED: u64 = 16 << 20;

/// One piece stays as it is; more are put together.
#[derive(Default)]
struct Pieces {
    only: Bytes,
    joined: BytesMut,
}

impl Pieces {
    fn len(&self) -> usize {
        self.only.len() + self.joined.len()
    }

    /// `expected` is how many bytes there will be, if that is known.
    fn push(&mut self, piece: Bytes, expected: Option<u64>) {
        if self.len() == 0 {
            self.only = piece;
            return;
        }
        if !self.only.is_empty() {
            let expected = expected.unwrap_or_default().min(RESERVED);
            self.joined.reserve(usize::try_from(expected).unwrap_or_default());
            self.joined.extend_from_slice(&std::mem::take(&mut self.only));
        }
        self.joined.extend_from_slice(&piece);
    }

    fn whole(self) -> Bytes {
        if self.joined.is_empty() { self.only } else { self.joined.freeze() }
    }
}
