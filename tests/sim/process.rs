//! A process under test: the library's seams, behind which every request waits until the engine answers it.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Poll, Waker};
use std::time::Duration;

use datashard::runtime::{BoxFuture, Runtime, Timestamp};

use crate::choice::Random;
use crate::fault::Answer;
use crate::world::{Op, World, digest};

/// What the engine and all processes share.
pub struct Shared {
    pub world: World,
    /// Requests that wait for an answer, in the order in which they were made.
    pub calls: Vec<Call>,
    /// Requests that nobody waits for any more, and that may still arrive.
    pub late: Vec<Late>,
    /// Former contents of the version hints.
    pub stale: BTreeMap<String, Vec<Op>>,
    pub processes: Vec<State>,
    /// The task that is being polled.
    pub current: usize,
    pub next_call: u64,
}

/// A request that nobody waits for.
#[derive(Clone, Debug, Hash)]
pub struct Late {
    pub process: usize,
    pub op: Op,
}

/// A request that waits.
pub struct Call {
    pub id: u64,
    pub process: usize,
    pub task: usize,
    pub op: Op,
    answer: Option<Answer>,
    waker: Option<Waker>,
}

/// What a process has of its own.
#[derive(Debug)]
pub struct State {
    pub random: Random,
    /// How many numbers are drawn before one comes that another process has drawn too.
    pub collision: Option<(u64, u128)>,
    pub drawn: u64,
    /// How far its clock is from the bucket's, in milliseconds.
    pub skew: i64,
    pub slept: Duration,
    /// Of everything that it has been told, in order: what it does next depends on nothing else.
    pub history: u64,
    /// The same without names: two processes of one kind that were told the same differ by names only.
    pub shape: u64,
    /// Whether a request of it has met what others see too, or may have.
    pub met: bool,
}

pub type SharedRef = Arc<Mutex<Shared>>;

pub fn lock(shared: &SharedRef) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap()
}

impl Shared {
    pub fn new(world: World) -> SharedRef {
        Arc::new(Mutex::new(Self {
            world,
            calls: Vec::new(),
            late: Vec::new(),
            stale: BTreeMap::new(),
            processes: Vec::new(),
            current: 0,
            next_call: 0,
        }))
    }

    /// Gives a waiting call its answer, which the process will see when it is polled.
    pub fn answer(&mut self, id: u64, answer: Answer) {
        let now = self.world.now.as_millis();
        let Some(call) = self.calls.iter_mut().find(|call| call.id == id) else { return };
        let state = &mut self.processes[call.process];
        state.history = digest(&(state.history, call.task, &call.op, answer.digest(), now));
        state.shape = digest(&(state.shape, call.op.shape(), answer.shape()));
        call.answer = Some(answer);
        if let Some(waker) = call.waker.take() {
            waker.wake();
        }
    }

    /// The calls that wait for an answer.
    pub fn waiting(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(|call| call.answer.is_none())
    }
}

/// Asks the bucket. When the future is dropped before the answer, the request may arrive all the same.
pub async fn request(shared: SharedRef, process: usize, op: Op) -> Answer {
    let mut call = Pending { shared, id: None };
    let mut op = Some(op);
    poll_fn(move |context| {
        let shared = call.shared.clone();
        let mut shared = lock(&shared);
        let id = *call.id.get_or_insert_with(|| {
            let (id, task) = (shared.next_call, shared.current);
            shared.next_call += 1;
            let op = op.take().expect("a request is made once");
            shared.calls.push(Call { id, process, task, op, answer: None, waker: None });
            id
        });
        let at = shared.calls.iter().position(|call| call.id == id).expect("a call stays until it is answered");
        match shared.calls[at].answer.take() {
            Some(answer) => {
                shared.calls.remove(at);
                call.id = Some(u64::MAX);
                Poll::Ready(answer)
            }
            None => {
                shared.calls[at].waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    })
    .await
}

struct Pending {
    shared: SharedRef,
    id: Option<u64>,
}

impl Drop for Pending {
    fn drop(&mut self) {
        let Some(id) = self.id else { return };
        let mut shared = lock(&self.shared);
        let Some(at) = shared.calls.iter().position(|call| call.id == id) else { return };
        let call = shared.calls.remove(at);
        if call.answer.is_none() && !call.op.is_read() {
            shared.late.push(Late { process: call.process, op: call.op });
        }
    }
}

/// How far a sleep moves the clock of who sleeps.
#[derive(Clone, Copy, Debug)]
pub enum Sleep {
    /// Not at all: what was done after a sleep is the same as without it.
    Never,
    /// By as much as was asked for, and never by less than this.
    AtLeast(Duration),
}

/// A clock that moves with the bucket's and by sleeping, which takes no time.
#[derive(Clone)]
pub struct SimRuntime {
    pub shared: SharedRef,
    pub process: usize,
    pub sleep: Sleep,
}

impl std::fmt::Debug for SimRuntime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SimRuntime({})", self.process)
    }
}

impl Runtime for SimRuntime {
    fn now(&self) -> Timestamp {
        let shared = lock(&self.shared);
        let state = &shared.processes[self.process];
        let now = shared.world.now.plus(state.slept).as_millis().saturating_add(state.skew);
        Timestamp::from_millis(now)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let mut shared = lock(&self.shared);
        shared.processes[self.process].slept += match self.sleep {
            Sleep::Never => Duration::ZERO,
            Sleep::AtLeast(least) => duration.max(least),
        };
        Box::pin(std::future::ready(()))
    }

    fn random(&self) -> u128 {
        let mut shared = lock(&self.shared);
        let state = &mut shared.processes[self.process];
        let number = state.random.wide();
        state.drawn += 1;
        match state.collision {
            Some((at, same)) if at == state.drawn => same,
            _ => number,
        }
    }
}
