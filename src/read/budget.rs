use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

/// How many bytes may be fetched and not yet decoded, shared by the files of a scan.
#[derive(Debug)]
pub(crate) struct Budget {
    total: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    taken: u64,
    /// What was taken beside it.
    beyond: u64,
    waiting: VecDeque<Waker>,
}

/// Bytes of a budget, until it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    budget: Arc<Budget>,
    bytes: u64,
    is_beyond: bool,
}

/// Of the budget so many parts may be taken beside it.
const BEYOND: u64 = 4;

impl Budget {
    pub(crate) fn new(total: u64) -> Arc<Self> {
        Arc::new(Self { total, state: Mutex::default() })
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes so many bytes if they are left. What is more than all is granted when nothing else is taken.
    pub(crate) fn try_take(self: &Arc<Self>, bytes: u64) -> Option<Permit> {
        let mut state = self.lock();
        let fits = state.taken == 0 || state.taken.saturating_add(bytes) <= self.total;
        fits.then(|| {
            state.taken = state.taken.saturating_add(bytes);
            Permit { budget: self.clone(), bytes, is_beyond: false }
        })
    }

    /// How much may be taken beside the budget, for what is held while more of it is waited for.
    pub(crate) fn beyond(&self) -> u64 {
        (self.total / BEYOND).saturating_sub(self.lock().beyond)
    }

    /// Takes so many bytes of that, if they are left.
    pub(crate) fn try_take_beyond(self: &Arc<Self>, bytes: u64) -> Option<Permit> {
        let mut state = self.lock();
        let fits = state.beyond.saturating_add(bytes) <= self.total / BEYOND;
        fits.then(|| {
            state.beyond = state.beyond.saturating_add(bytes);
            Permit { budget: self.clone(), bytes, is_beyond: true }
        })
    }

    /// Takes so many bytes when they are left; or at once, if all others wait for this.
    pub(crate) async fn take(self: &Arc<Self>, bytes: u64, urgent: &AtomicBool) -> Permit {
        let now = || if urgent.load(Ordering::SeqCst) { Some(self.overdraw(bytes)) } else { self.try_take(bytes) };
        poll_fn(|context| {
            if let Some(permit) = now() {
                return Poll::Ready(permit);
            }
            self.lock().waiting.push_back(context.waker().clone());
            // Something may have changed in between.
            now().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    /// Lets all who wait look again whether they are urgent.
    pub(crate) fn wake(&self) {
        let waiting = std::mem::take(&mut self.lock().waiting);
        waiting.into_iter().for_each(Waker::wake);
    }

    fn overdraw(self: &Arc<Self>, bytes: u64) -> Permit {
        let mut state = self.lock();
        state.taken = state.taken.saturating_add(bytes);
        Permit { budget: self.clone(), bytes, is_beyond: false }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.budget.lock();
        if self.is_beyond {
            state.beyond = state.beyond.saturating_sub(self.bytes);
            return;
        }
        state.taken = state.taken.saturating_sub(self.bytes);
        drop(state);
        self.budget.wake();
    }
}
