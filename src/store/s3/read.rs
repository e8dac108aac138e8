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
        if due.is_some_and(|due| due.saturating_sub(wanted.start) > self.limit) {
            return Err(self.too_long());
        }
        let mut kept = Pieces::default();
        let mut at = first;
        let mut body = body.into_stream();
        while at < wanted.end {
            let Some(piece) = body.next().await else { break };
            let piece = piece.map_err(ReadError::Broken)?;
            let next = at.saturating_add(piece.len() as u64);
            kept.push(cut(piece, at, &wanted));
            if kept.len as u64 > self.limit {
                return Err(self.too_long());
            }
            at = next;
        }
        if let Some(due) = due.filter(|due| at < *due) {
            let message = format!("the body ended {} bytes early", due - at);
            return Err(ReadError::Broken(FetchError::new(FetchErrorKind::BrokenOff, message)));
        }
        Ok(kept.join())
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

/// One piece stays as it is; more are joined.
#[derive(Default)]
struct Pieces {
    first: Bytes,
    rest: BytesMut,
    len: usize,
}

impl Pieces {
    fn push(&mut self, piece: Bytes) {
        self.len += piece.len();
        if self.first.is_empty() {
            self.first = piece;
        } else {
            self.rest.extend_from_slice(&piece);
        }
    }

    fn join(self) -> Bytes {
        if self.rest.is_empty() {
            return self.first;
        }
        let mut whole = BytesMut::with_capacity(self.len);
        whole.extend_from_slice(&self.first);
        whole.extend_from_slice(&self.rest);
        whole.freeze()
    }
}
