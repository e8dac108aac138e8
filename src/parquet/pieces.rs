use std::collections::VecDeque;
use std::io;

use bytes::{Bytes, BytesMut};

/// The most of a file that lies in one piece of memory: large ones are hard to find room for where memory is little.
const PIECE: usize = 1 << 20;

/// A file on its way from the encoder, which writes it in pieces of any size, to the store, which wants it in parts of
/// another. Memory that was taken out is free at once.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    whole: VecDeque<Bytes>,
    /// What comes after them, and grows.
    last: Vec<u8>,
    len: usize,
}

impl Pieces {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The next `len` bytes, or all that there are. Copied unless they lie in one piece.
    pub(super) fn take(&mut self, len: usize) -> Bytes {
        let len = len.min(self.len);
        if len == 0 {
            return Bytes::new();
        }
        if len > self.len - self.last.len() {
            self.end_piece();
        }
        self.len -= len;
        match self.whole.front_mut() {
            Some(first) if first.len() > len => return first.split_to(len),
            Some(first) if first.len() == len => return self.whole.pop_front().unwrap_or_default(),
            _ => {}
        }
        let mut bytes = BytesMut::with_capacity(len);
        while bytes.len() < len {
            let Some(mut first) = self.whole.pop_front() else { break };
            let rest = first.split_off(first.len().min(len - bytes.len()));
            bytes.extend_from_slice(&first);
            if !rest.is_empty() {
                self.whole.push_front(rest);
            }
        }
        bytes.freeze()
    }

    fn end_piece(&mut self) {
        let piece = std::mem::take(&mut self.last);
        if !piece.is_empty() {
            self.whole.push_back(piece.into());
        }
    }
}

impl io::Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.last.len() >= PIECE {
            self.end_piece();
            self.last.reserve_exact(PIECE);
        }
        let some = bytes.get(..PIECE - self.last.len()).unwrap_or(bytes);
        self.last.extend_from_slice(some);
        self.len += some.len();
        Ok(some.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
