use http::Method;

/// What may happen to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The connection ends, and the server has not seen the request.
    LoseRequest,
    /// The server carries it out, and the connection ends without an answer.
    LoseAnswer,
    /// The connection ends, and the server gets the request some time later.
    DeliverLater,
    /// The connection ends, and the server gets the request when [`Proxy::deliver_held`](super::Proxy::deliver_held) is called.
    Hold,
    /// The connection ends in the middle of the answer's body.
    CutBody,
    /// The answer takes its time.
    Delay,
    /// The server gets it twice, and the second answer is given.
    Repeat,
    /// The server gets it a second time, later; that answer is thrown away.
    RepeatLater,
    /// 503 `SlowDown`, to this request and some that follow it.
    SlowDown,
    /// The same with `Retry-After`.
    SlowDownRetryAfter,
    /// 429.
    TooMany,
    /// 500, and nothing done.
    Refuse,
    /// 500, though the server has carried it out.
    DoneAndRefuse,
}

impl Fault {
    /// Those that a random plan chooses from: all but `Hold`.
    pub const ALL: [Self; 12] = [
        Self::LoseRequest,
        Self::LoseAnswer,
        Self::DeliverLater,
        Self::CutBody,
        Self::Delay,
        Self::Repeat,
        Self::RepeatLater,
        Self::SlowDown,
        Self::SlowDownRetryAfter,
        Self::TooMany,
        Self::Refuse,
        Self::DoneAndRefuse,
    ];

    /// Those after which a client cannot know whether its request was carried out, or finds that it was already.
    pub const DOUBTFUL: [Self; 5] =
        [Self::LoseAnswer, Self::DeliverLater, Self::Repeat, Self::RepeatLater, Self::DoneAndRefuse];
}

/// Whether a request is a commit.
pub(super) fn is_commit(method: &Method, path: &str) -> bool {
    method == Method::PUT && path.ends_with(".metadata.json")
}

/// Which faults occur.
#[derive(Clone, Copy, Debug)]
pub enum Plan {
    /// So many of a thousand requests meet one. The nth request's depends on the seed and n alone.
    Random { seed: u64, per_mille: u64 },
    /// As a function of method and path says.
    Where(fn(&Method, &str) -> Option<Fault>),
}

impl Plan {
    pub const NONE: Self = Self::Where(|_, _| None);

    /// What happens to the nth request.
    pub(super) fn fault(&self, n: u64, method: &Method, path: &str) -> Option<Fault> {
        match self {
            Self::Where(chosen) => chosen(method, path),
            Self::Random { seed, per_mille } => {
                let random = mix(seed.wrapping_add(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
                let all = Fault::ALL.len() as u64;
                let index = |count: u64| usize::try_from((random >> 32) % count).unwrap();
                let mut chosen = Fault::ALL[index(all)];
                // Bodies worth cutting are those of reads, and doubt is worst on commits: both are few.
                if method == Method::GET && random >> 62 == 0 {
                    chosen = Fault::CutBody;
                } else if is_commit(method, path) && random >> 63 == 0 {
                    chosen = Fault::DOUBTFUL[index(Fault::DOUBTFUL.len() as u64)];
                }
                let possible = chosen != Fault::CutBody || method == Method::GET;
                (random % 1000 < *per_mille && possible).then_some(chosen)
            }
        }
    }
}

/// Spreads a number over all 64 bits (the finalizer of SplitMix64).
pub fn mix(number: u64) -> u64 {
    let a = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let b = (a ^ (a >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    b ^ (b >> 31)
}
