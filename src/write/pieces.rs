use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

/// Bytes on their way from where they come in pieces of any size to where they are wanted in pieces of another. Copies only
/// what lies in more than one.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    pieces: VecDeque<Bytes>,
    len: usize,
}

impl Pieces {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn push(&mut self, piece: Bytes) {
        if !piece.is_empty() {
            self.len += piece.len();
            self.pieces.push_back(piece);
        }
    }

    /// The next `len` bytes, or all that there are.
    pub(super) fn take(&mut self, len: usize) -> Bytes {
        let len = len.min(self.len);
        self.len -= len;
        match self.pieces.front_mut() {
            Some(first) if first.len() > len => return first.split_to(len),
            Some(first) if first.len() == len => return self.pieces.pop_front().unwrap_or_default(),
            _ => {}
        }
        let mut bytes = BytesMut::with_capacity(len);
        while bytes.len() < len {
            let Some(mut first) = self.pieces.pop_front() else { break };
            let rest = first.split_off(first.len().min(len - bytes.len()));
            bytes.extend_from_slice(&first);
            if !rest.is_empty() {
                self.pieces.push_front(rest);
            }
        }
        bytes.freeze()
    }
}
