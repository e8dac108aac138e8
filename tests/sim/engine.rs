//! The executor: it polls the library's own futures, and decides at every request what happens next.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use datashard::Warehouse;
use datashard::runtime::BoxFuture;
use datashard::s3::Credentials;
use datashard::store::{S3Config, S3Store};

use crate::choice::{Choices, Random};
use crate::fault::{Answer, Fault, Menu};
use crate::http::SimFetch;
use crate::process::{Call, Late, Shared, SharedRef, SimRuntime, Sleep, State, lock};
use crate::store::{Sabotage, SimStore};
use crate::world::{Op, World, digest};

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Task {
    process: usize,
    future: Option<BoxFuture<'static, ()>>,
    woken: Arc<Flag>,
}

/// How the engine goes about a run.
#[derive(Clone)]
pub struct Rules {
    pub menu: Menu,
    /// How many things may go wrong.
    pub faults: usize,
    /// Where chance decides: of a hundred steps, how many go wrong, as long as something may.
    pub percent: u64,
    /// Nothing is deleted, so that requests for files of one's own need no order among them.
    pub still: bool,
    /// Rows may be removed.
    pub changes: bool,
    /// Of the format, that the table has.
    pub version: i32,
    /// All processes do the same one thing, but for names: which of those goes first that nobody has met makes no difference.
    pub alike: bool,
    pub sleep: Sleep,
    /// Through the library's own S3 client: the same by more steps, with all that HTTP adds. The ways in which an answer says
    /// nothing take turns, from this one on.
    pub http: Option<u64>,
    /// What a faulty client makes of its requests. For the tests of the checker.
    pub sabotage: Option<Sabotage>,
}

pub struct Engine {
    pub shared: SharedRef,
    pub rules: Rules,
    tasks: Vec<Task>,
    /// What happened, for people; empty unless asked for.
    pub trace: Vec<String>,
    pub tracing: bool,
    pub steps: usize,
    pub faults: Vec<Fault>,
}

/// What can happen next.
enum Event {
    /// A waiting request arrives, or not quite.
    Call(u64, Option<Fault>),
    /// A request that nobody waits for arrives.
    Land(usize),
}

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    Finished,
    /// From here on it would be as a run before.
    Seen,
}

/// More steps than any run of these scenarios needs.
const MANY: usize = 20_000;

impl Engine {
    pub fn new(world: World, rules: Rules) -> Self {
        let shared = Shared::new(world);
        Self { shared, rules, tasks: Vec::new(), trace: Vec::new(), tracing: false, steps: 0, faults: Vec::new() }
    }

    /// A new process, which draws the same random numbers for the same seed.
    pub fn process(&mut self, seed: u64, skew: i64) -> usize {
        let mut shared = lock(&self.shared);
        let random = Random(digest(&seed));
        shared.processes.push(State {
            random,
            collision: None,
            drawn: 0,
            skew,
            slept: Duration::ZERO,
            history: digest(&(seed, skew)),
            shape: 0,
            met: false,
        });
        shared.processes.len() - 1
    }

    /// Lets one number that a process draws be one that another draws.
    pub fn collide(&mut self, process: usize, at: u64, mut other: Random, drawn: u64) {
        let same = (0..=drawn).map(|_| other.wide()).last().unwrap_or_default();
        let state = &mut lock(&self.shared).processes[process];
        state.collision = Some((state.drawn + at + 1, same));
    }

    pub fn store(&self, process: usize) -> SimStore {
        SimStore { shared: self.shared.clone(), process, sabotage: self.rules.sabotage.clone() }
    }

    pub fn runtime(&self, process: usize) -> SimRuntime {
        SimRuntime { shared: self.shared.clone(), process, sleep: self.rules.sleep }
    }

    pub fn warehouse(&self, process: usize) -> Warehouse {
        let runtime = Arc::new(self.runtime(process));
        let Some(first) = self.rules.http else {
            return Warehouse::with_runtime(self.store(process), runtime);
        };
        let fetch = SimFetch { shared: self.shared.clone(), process, wrong: AtomicU64::new(first + process as u64) };
        let config = S3Config { endpoint: Some("http://sim".into()), ..S3Config::new("bucket") };
        let credentials = Arc::new(Credentials::new("key", "secret"));
        Warehouse::with_runtime(S3Store::new(config, credentials, Arc::new(fetch), runtime.clone()).unwrap(), runtime)
    }

    pub fn spawn(&mut self, process: usize, future: BoxFuture<'static, ()>) {
        self.tasks.push(Task { process, future: Some(future), woken: Arc::new(Flag(AtomicBool::new(true))) });
    }

    /// Runs something by itself, without faults, while all others stand still.
    pub fn alone<T: Send + 'static>(
        &mut self,
        process: usize,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, String> {
        let slot = Arc::new(std::sync::Mutex::new(None));
        let result = slot.clone();
        let others = std::mem::take(&mut self.tasks);
        self.spawn(process, Box::pin(async move { *result.lock().unwrap() = Some(future.await) }));
        let mut stuck = None;
        loop {
            self.poll();
            if self.tasks.iter().all(|task| task.future.is_none()) {
                break;
            }
            let next = lock(&self.shared).waiting().find(|call| call.process == process).map(|call| call.id);
            match next {
                Some(id) => self.happen(&Event::Call(id, None)),
                None => {
                    stuck = Some("a process waits for nothing".to_owned());
                    break;
                }
            }
        }
        self.tasks = others;
        let state = &mut lock(&self.shared).processes[process];
        (state.shape, state.met) = (0, false);
        let value = slot.lock().unwrap().take();
        value.ok_or_else(|| stuck.unwrap_or_else(|| "a process ended without a result".to_owned()))
    }

    /// Polls whatever was woken until nothing is.
    fn poll(&mut self) {
        loop {
            let mut any = false;
            for index in 0..self.tasks.len() {
                let task = &mut self.tasks[index];
                if task.future.is_none() || !task.woken.0.swap(false, Ordering::Relaxed) {
                    continue;
                }
                any = true;
                lock(&self.shared).current = index;
                let waker = Waker::from(task.woken.clone());
                let mut future = task.future.take().expect("it is there");
                if future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
                    self.tasks[index].future = Some(future);
                }
            }
            if !any {
                return;
            }
        }
    }

    /// Everything that makes a difference to what can happen from here on, as a number.
    fn state(&self) -> u64 {
        let shared = lock(&self.shared);
        // Of a process that is over, only what it was told in the end makes a difference, which is in the ledger.
        let history = |(at, state): (usize, &State)| if self.is_over(at) { 0 } else { state.history };
        let histories: Vec<_> = shared.processes.iter().enumerate().map(history).collect();
        let alive: Vec<_> = self.tasks.iter().map(|task| task.future.is_some()).collect();
        let mut late: Vec<_> = shared.late.iter().map(digest).collect();
        late.sort_unstable();
        let stale: Vec<_> = shared.stale.values().map(digest).collect();
        // Whether a file with a name of its own is there follows from its writer's history and from what is late.
        let world = if self.rules.still { shared.world.shared_digest() } else { shared.world.digest() };
        digest(&(world, histories, alive, late, stale))
    }

    fn is_over(&self, process: usize) -> bool {
        self.tasks.iter().all(|task| task.process != process || task.future.is_none())
    }

    /// What can happen next, without and with a fault; `None` if it is as in a run in which processes that are alike have
    /// each other's names.
    fn events(&self, faults_left: bool) -> Option<(Vec<Event>, Vec<Event>)> {
        let mut shared = lock(&self.shared);
        let Shared { late, world, .. } = &mut *shared;
        // Files that nobody can name any more make no difference.
        let is_lost = |late: &Late| self.rules.still && late.op.is_own() && self.is_over(late.process);
        late.retain(|late| late.op.matters(world) && !is_lost(late));
        let is_local = |call: &Call| call.op.is_local(&shared.world, self.rules.still);
        let local = shared.waiting().find(|call| is_local(call));
        let calls: Vec<_> = match local {
            Some(call) => vec![call],
            None => shared.waiting().collect(),
        };
        let mut calls = calls;
        if self.rules.alike && local.is_none() {
            let unmet: Vec<_> = shared.processes.iter().filter(|state| !state.met).map(|state| state.shape).collect();
            if !unmet.is_sorted() {
                return None;
            }
            let is_first = |at: usize| {
                let state = &shared.processes[at];
                state.met || !shared.processes[..at].iter().any(|other| !other.met && other.shape == state.shape)
            };
            calls.retain(|call| is_first(call.process));
        }
        let mut plain: Vec<_> = calls.iter().map(|call| Event::Call(call.id, None)).collect();
        if local.is_none() {
            plain.extend((0..shared.late.len()).map(Event::Land));
        }
        let mut faulty = Vec::new();
        for call in calls.iter().filter(|_| faults_left) {
            let has_stale = call.op.key().is_some_and(|key| shared.stale.contains_key(key));
            let menu = self.rules.menu.of(&call.op, is_local(call), has_stale);
            faulty.extend(menu.into_iter().map(|fault| Event::Call(call.id, Some(fault))));
        }
        Some((plain, faulty))
    }

    /// Runs all tasks to their end. `watch` looks at the bucket after every step; `seen` tells whether a run before has
    /// been in a state with so many faults left.
    pub fn run(
        &mut self,
        choices: &mut Choices,
        mut watch: impl FnMut(&World) -> Result<(), String>,
        mut seen: impl FnMut(u64, usize) -> bool,
    ) -> Result<End, String> {
        loop {
            self.poll();
            watch(&lock(&self.shared).world)?;
            if self.tasks.iter().all(|task| task.future.is_none()) {
                return Ok(End::Finished);
            }
            let left = self.rules.faults - self.faults.len();
            let Some((mut plain, faulty)) = self.events(left > 0) else { return Ok(End::Seen) };
            if plain.is_empty() {
                return Err("a task waits, and no request of anybody is under way".to_owned());
            }
            if choices.is_new() && seen(self.state(), left) {
                return Ok(End::Seen);
            }
            let chosen = choices.choose(plain.len(), faulty.len(), self.rules.percent);
            plain.extend(faulty);
            self.happen(&plain[chosen]);
            self.steps += 1;
            if self.steps > MANY {
                return Err(format!("no end after {MANY} steps"));
            }
        }
    }

    /// What was under way arrives after all.
    pub fn land_all(&mut self) {
        while !lock(&self.shared).late.is_empty() {
            self.happen(&Event::Land(0));
        }
    }

    fn happen(&mut self, event: &Event) {
        let shared = self.shared.clone();
        let mut shared = lock(&shared);
        match event {
            Event::Land(at) => {
                let Late { process, op } = shared.late.remove(*at);
                shared.processes[process].met = true;
                let reply = apply(&mut shared, &op);
                if self.tracing {
                    self.trace.push(format!("late: {op}: {reply}"));
                }
            }
            Event::Call(id, fault) => {
                let Some(call) = shared.waiting().find(|call| call.id == *id) else { return };
                let (op, process, task) = (call.op.clone(), call.process, call.task);
                let met = !op.is_local(&shared.world, self.rules.still);
                let state = &mut shared.processes[process];
                state.met |= met;
                state.shape = digest(&(state.shape, fault));
                let answer = match fault {
                    None => Some(Answer::Reply(apply(&mut shared, &op))),
                    Some(Fault::Lost) => {
                        if !op.is_read() {
                            shared.late.push(Late { process, op: op.clone() });
                        }
                        Some(Answer::Lost)
                    }
                    Some(Fault::NotSent) => Some(Answer::NotSent),
                    Some(Fault::Denied) => Some(Answer::Denied),
                    Some(Fault::Twice) => {
                        apply(&mut shared, &op);
                        Some(Answer::Reply(apply(&mut shared, &op)))
                    }
                    Some(Fault::Copy) => {
                        shared.late.push(Late { process, op: op.clone() });
                        Some(Answer::Reply(apply(&mut shared, &op)))
                    }
                    Some(Fault::Stale) => {
                        let before = op.key().and_then(|key| shared.stale.get(key)?.last().cloned());
                        let mut past = World::new();
                        before.iter().for_each(|put| drop(past.apply(put)));
                        Some(Answer::Reply(past.apply(&op)))
                    }
                    Some(Fault::Cancel | Fault::Crash) => None,
                };
                self.faults.extend(fault);
                if self.tracing {
                    let what = match (&answer, fault) {
                        (Some(Answer::Reply(reply)), None) => reply.to_string(),
                        (Some(Answer::Reply(reply)), Some(fault)) => format!("{fault:?}: {reply}"),
                        (_, Some(fault)) => format!("{fault:?}"),
                        (_, None) => String::new(),
                    };
                    self.trace.push(format!("p{process}.{task} {op}: {what}"));
                }
                match answer {
                    Some(answer) => shared.answer(*id, answer),
                    None => {
                        drop(shared);
                        self.end(process, (*fault == Some(Fault::Cancel)).then_some(task));
                    }
                }
            }
        }
    }

    /// Drops a task, or all of a process.
    fn end(&mut self, process: usize, only: Option<usize>) {
        for (index, task) in self.tasks.iter_mut().enumerate() {
            if task.process == process && only.is_none_or(|only| only == index) {
                task.future = None;
            }
        }
        let mut shared = lock(&self.shared);
        let state = &mut shared.processes[process];
        state.history = digest(&(state.history, "end", only));
        state.shape = digest(&(state.shape, "end", only.is_some()));
    }
}

fn apply(shared: &mut Shared, op: &Op) -> crate::world::Reply {
    if let Op::Put { key, if_absent: false, .. } = op {
        let before = shared.world.objects.get(key).map(|object| object.body.clone());
        let put = before.map(|body| Op::Put { key: key.clone(), body, if_absent: false });
        let stale = shared.stale.entry(key.clone()).or_default();
        *stale = put.into_iter().collect();
    }
    shared.world.apply(op)
}
