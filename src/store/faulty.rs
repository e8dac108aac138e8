//! A store that goes wrong where a test says, and a clock that moves only by sleeping.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;

use crate::error::{Error, Result};
use crate::runtime::{BoxFuture, BoxStream, Runtime, Timestamp};
use crate::store::{GetOptions, GetResult, MemoryStore, ObjectMeta, ObjectStore, PutOptions, PutOutcome, Upload};

/// What goes wrong with a put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is stored, and the answer is lost.
    ResponseLost,
    /// It is not stored, and nobody can tell.
    RequestLost,
    /// The answer never comes; it is stored.
    HangsStored,
    /// The answer never comes; it is not stored.
    HangsLost,
    /// It is refused, for want of permission.
    Refused,
}

/// The key of a request, and what happens to the store before it arrives.
type Stall = (String, Box<dyn FnOnce() + Send>);

/// A memory store with faults. Clones share everything.
#[derive(Clone, Default)]
pub struct FaultyStore {
    pub inner: MemoryStore,
    puts: Arc<Mutex<Vec<(String, Fault)>>>,
    puts_stalled: Arc<Mutex<Vec<Stall>>>,
    gets_stalled: Arc<Mutex<Vec<Stall>>>,
    unreadable: Arc<Mutex<Option<String>>>,
    withheld: Arc<Mutex<Option<String>>>,
    /// Keys that were read.
    read: Arc<Mutex<Vec<String>>>,
    /// How many reads are under way, and the most that were.
    reads: Arc<Mutex<(usize, usize)>>,
    ignores_conditions: bool,
    parts: Arc<Mutex<Parts>>,
}

/// What became of uploads.
#[derive(Debug, Default)]
pub struct Parts {
    /// Bytes of each part that was sent.
    pub sizes: Vec<usize>,
    /// How many more are taken. None is refused where it is not set.
    pub left: Option<usize>,
    /// Uploads that were given up.
    pub aborted: usize,
}

impl FaultyStore {
    /// A store that says by this clock when objects were stored.
    pub fn on(clock: Arc<dyn Runtime>) -> Self {
        Self { inner: MemoryStore::with_clock(clock), ..Self::default() }
    }

    /// A store with this content.
    pub fn over(inner: MemoryStore) -> Self {
        Self { inner, ..Self::default() }
    }

    /// A store that overwrites whatever the condition.
    pub fn ignoring_conditions() -> Self {
        Self { ignores_conditions: true, ..Self::default() }
    }

    /// The next put of a key that contains this text goes wrong.
    pub fn next_put(&self, key: &str, fault: Fault) {
        self.puts.lock().unwrap().push((key.to_owned(), fault));
    }

    /// The next put of a key that contains this text arrives only after something else has happened.
    pub fn stall_put(&self, key: &str, meanwhile: impl FnOnce() + Send + 'static) {
        self.puts_stalled.lock().unwrap().push((key.to_owned(), Box::new(meanwhile)));
    }

    /// The same of the next get.
    pub fn stall_get(&self, key: &str, meanwhile: impl FnOnce() + Send + 'static) {
        self.gets_stalled.lock().unwrap().push((key.to_owned(), Box::new(meanwhile)));
    }

    /// Reads of keys that contain this text fail, until it is `None`.
    pub fn unreadable(&self, key: Option<&str>) {
        *self.unreadable.lock().unwrap() = key.map(str::to_owned);
    }

    /// Reads of keys that contain this text have no answer. Those that wait for one never get it.
    pub fn withhold(&self, key: Option<&str>) {
        *self.withheld.lock().unwrap() = key.map(str::to_owned);
    }

    /// The keys that were read since this was asked last, in their order.
    pub fn take_read(&self) -> Vec<String> {
        std::mem::take(&mut self.read.lock().unwrap())
    }

    /// After so many more parts the next is refused.
    pub fn refuse_part(&self, after: usize) {
        self.parts.lock().unwrap().left = Some(after);
    }

    /// What became of uploads since this was asked last.
    pub fn take_parts(&self) -> Parts {
        std::mem::take(&mut self.parts.lock().unwrap())
    }

    /// The most reads that were under way at a time since this was asked last.
    pub fn most_reads(&self) -> usize {
        std::mem::take(&mut self.reads.lock().unwrap().1)
    }
}

impl std::fmt::Debug for FaultyStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FaultyStore({:?})", self.inner)
    }
}

/// Takes out what was meant for a key.
fn take<T>(meant: &Mutex<Vec<(String, T)>>, key: &str) -> Option<T> {
    let mut meant = meant.lock().unwrap();
    let at = meant.iter().position(|(part, _)| key.contains(part))?;
    Some(meant.remove(at).1)
}

struct Reading<'a>(&'a Mutex<(usize, usize)>);

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.0.lock().unwrap().0 -= 1;
    }
}

impl ObjectStore for FaultyStore {
    fn root(&self) -> &str {
        self.inner.root()
    }

    fn get<'a>(&'a self, key: &'a str, options: GetOptions) -> BoxFuture<'a, Result<GetResult>> {
        if self.unreadable.lock().unwrap().as_ref().is_some_and(|part| key.contains(part)) {
            return Box::pin(async { Err(Error::unavailable("the store is down")) });
        }
        let is_withheld = self.withheld.lock().unwrap().as_ref().is_some_and(|part| key.contains(part));
        Box::pin(async move {
            self.read.lock().unwrap().push(key.to_owned());
            {
                let (now, most) = &mut *self.reads.lock().unwrap();
                *now += 1;
                *most = (*most).max(*now);
            }
            let reading = Reading(&self.reads);
            let mut asked = false;
            // Others have their turn.
            poll_fn(|context| {
                context.waker().wake_by_ref();
                if std::mem::replace(&mut asked, true) { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
            if is_withheld {
                std::future::pending::<()>().await;
            }
            drop(reading);
            if let Some(meanwhile) = take(&self.gets_stalled, key) {
                meanwhile();
            }
            self.inner.get(key, options).await
        })
    }

    fn head<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<ObjectMeta>> {
        self.inner.head(key)
    }

    fn put<'a>(&'a self, key: &'a str, body: Bytes, mut options: PutOptions) -> BoxFuture<'a, Result<PutOutcome>> {
        if self.ignores_conditions {
            options.precondition = Default::default();
        }
        let (fault, stall) = (take(&self.puts, key), take(&self.puts_stalled, key));
        Box::pin(async move {
            if let Some(meanwhile) = stall {
                meanwhile();
            }
            let Some(fault) = fault else { return self.inner.put(key, body, options).await };
            if fault == Fault::Refused {
                return Err(Error::permission_denied("the credentials have expired"));
            }
            if matches!(fault, Fault::ResponseLost | Fault::HangsStored) {
                let _ = self.inner.put(key, body, options).await?;
            }
            if matches!(fault, Fault::HangsStored | Fault::HangsLost) {
                std::future::pending::<()>().await;
            }
            Ok(PutOutcome::Unknown(Error::unavailable("the connection was reset")))
        })
    }

    fn upload<'a>(&'a self, key: &'a str, options: PutOptions) -> BoxFuture<'a, Result<Box<dyn Upload>>> {
        Box::pin(async move {
            let inner = self.inner.upload(key, options).await?;
            Ok(Box::new(FaultyUpload { inner, parts: self.parts.clone() }) as Box<dyn Upload>)
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<()>> {
        self.inner.delete(key)
    }

    fn list<'a>(&'a self, prefix: &'a str, start_after: Option<&'a str>) -> BoxStream<'a, Result<ObjectMeta>> {
        self.inner.list(prefix, start_after)
    }
}

#[derive(Debug)]
struct FaultyUpload {
    inner: Box<dyn Upload>,
    parts: Arc<Mutex<Parts>>,
}

impl Upload for FaultyUpload {
    fn part(&mut self, bytes: Bytes) -> BoxFuture<'_, Result<()>> {
        let mut parts = self.parts.lock().unwrap();
        match &mut parts.left {
            Some(0) => return Box::pin(async { Err(Error::permission_denied("the credentials have expired")) }),
            Some(left) => *left -= 1,
            None => {}
        }
        parts.sizes.push(bytes.len());
        self.inner.part(bytes)
    }

    fn complete(self: Box<Self>) -> BoxFuture<'static, Result<()>> {
        self.inner.complete()
    }

    fn abort(self: Box<Self>) -> BoxFuture<'static, Result<()>> {
        self.parts.lock().unwrap().aborted += 1;
        self.inner.abort()
    }
}

/// A clock that moves only by sleeping, which takes no time; random numbers that never repeat and are the same each run.
#[derive(Debug)]
pub struct TestRuntime {
    now: Mutex<Timestamp>,
    random: Mutex<u128>,
    /// After how many draws which number comes instead.
    repeated: Mutex<Option<(usize, u128)>>,
}

impl TestRuntime {
    pub fn new(seed: u128) -> Arc<Self> {
        let now = Timestamp::from_civil(2026, 11, 1, 12, 0, 0);
        Arc::new(Self { now: Mutex::new(now), random: Mutex::new(seed), repeated: Mutex::default() })
    }

    /// One whose `draw`th number, counted from 0, was drawn by another before.
    pub fn repeating(seed: u128, draw: usize, number: u128) -> Arc<Self> {
        let runtime = Self::new(seed);
        *runtime.repeated.lock().unwrap() = Some((draw, number));
        runtime
    }

    /// Sets the clock, forwards or backwards.
    pub fn set(&self, now: Timestamp) {
        *self.now.lock().unwrap() = now;
    }
}

impl Runtime for TestRuntime {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let mut now = self.now.lock().unwrap();
        *now = now.plus(duration).plus(Duration::from_millis(1));
        Box::pin(std::future::ready(()))
    }

    fn random(&self) -> u128 {
        let mut repeated = self.repeated.lock().unwrap();
        *repeated = match *repeated {
            Some((0, number)) => {
                *repeated = None;
                return number;
            }
            Some((draws, number)) => Some((draws - 1, number)),
            None => None,
        };
        let mut state = self.random.lock().unwrap();
        *state = state
            .wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645)
            .wrapping_add(0x5851_f42d_4c95_7f2d_1405_7b7e_f767_814f);
        let mixed = *state ^ (*state >> 64);
        mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
    }
}
