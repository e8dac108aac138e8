use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::{FutureExt, Shared, WeakShared};

use crate::error::Result;
use crate::read::Cost;
use crate::runtime::BoxFuture;

/// A value and its size in bytes, once it is read.
pub(super) type Read<V> = BoxFuture<'static, Result<(V, u64)>>;

/// The most recent values that were read, up to a size, and those that are being read, each of them once however many want
/// it.
pub(super) struct Kept<V: Clone> {
    most_bytes: u64,
    state: Mutex<State<V>>,
}

struct State<V: Clone> {
    known: VecDeque<(String, V, u64)>,
    /// All who wait for a read have a part in it: it goes on while one of them asks for it, and ends when all have left.
    reads: Vec<(String, WeakShared<Read<V>>)>,
}

/// A value, or a part in reading it.
pub(super) enum Wanted<V: Clone> {
    Known(V),
    Read { shared: Shared<Read<V>>, is_first: bool },
}

impl<V: Clone> Wanted<V> {
    /// The value, and what it cost: that of a read is the first one's.
    pub(super) async fn value(self) -> Result<(V, Cost)> {
        match self {
            Self::Known(value) => Ok((value, Cost::default())),
            Self::Read { shared, is_first } => {
                let (value, bytes) = shared.await?;
                Ok((value, if is_first { Cost { requests: 1, bytes } } else { Cost::default() }))
            }
        }
    }
}

impl<V: Clone + Send + Sync + 'static> Kept<V> {
    pub(super) fn new(most_bytes: u64) -> Arc<Self> {
        let state = State { known: VecDeque::new(), reads: Vec::new() };
        Arc::new(Self { most_bytes, state: Mutex::new(state) })
    }

    /// The value of a key: the one that is known, or is being read, or else it is read. Errors are not kept.
    pub(super) fn get(self: &Arc<Self>, key: &str, read: impl FnOnce() -> Read<V>) -> Wanted<V> {
        let mut state = self.lock();
        if let Some(value) = state.find(key) {
            return Wanted::Known(value);
        }
        state.reads.retain(|(_, read)| read.upgrade().is_some());
        if let Some(shared) = state.reads.iter().find(|(own, _)| own == key).and_then(|(_, read)| read.upgrade()) {
            return Wanted::Read { shared, is_first: false };
        }
        let shared = self.clone().keep(key.to_owned(), read()).shared();
        state.reads.extend(shared.downgrade().map(|read| (key.to_owned(), read)));
        Wanted::Read { shared, is_first: true }
    }

    /// Reads, and keeps what was read.
    fn keep(self: Arc<Self>, key: String, read: Read<V>) -> Read<V> {
        Box::pin(async move {
            let result = read.await;
            if let Ok((value, size)) = &result {
                self.put(&key, value.clone(), *size);
            }
            self.lock().reads.retain(|(own, _)| *own != key);
            result
        })
    }

    /// The value of a key, if it is known.
    pub(super) fn known(&self, key: &str) -> Option<V> {
        self.lock().find(key)
    }

    pub(super) fn put(&self, key: &str, value: V, size: u64) {
        let mut state = self.lock();
        let known = &mut state.known;
        known.retain(|(own, _, _)| own != key);
        known.push_back((key.to_owned(), value, size));
        let mut total: u64 = known.iter().map(|(_, _, size)| size).sum();
        while total > self.most_bytes && known.len() > 1 {
            total -= known.pop_front().map_or(0, |(_, _, size)| size);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<V>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V: Clone> State<V> {
    fn find(&mut self, key: &str) -> Option<V> {
        let at = self.known.iter().position(|(own, _, _)| own == key)?;
        let entry = self.known.remove(at)?;
        let value = entry.1.clone();
        self.known.push_back(entry);
        Some(value)
    }
}

impl<V: Clone> fmt::Debug for Kept<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").finish_non_exhaustive()
    }
}
