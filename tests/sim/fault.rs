//! What can go wrong with a request, and which of it a scenario lets happen.

use crate::world::{Op, Reply, digest};

/// What a process is told.
#[derive(Clone, Debug)]
pub enum Answer {
    Reply(Reply),
    /// No answer that tells whether it was carried out.
    Lost,
    /// It was certainly not carried out, and may be tried again.
    NotSent,
    /// Refused for want of permission.
    Denied,
}

impl Answer {
    /// What it is, without what differs from process to process.
    pub fn shape(&self) -> u64 {
        match self {
            Self::Reply(Reply::Object(_) | Reply::Listing(_)) => 0,
            other => other.digest(),
        }
    }

    pub fn digest(&self) -> u64 {
        match self {
            Self::Reply(Reply::Object(object)) => object.digest,
            Self::Reply(Reply::Listing(found)) => {
                digest(&found.iter().map(|(_, object)| object.digest).collect::<Vec<_>>())
            }
            Self::Reply(Reply::Absent) => 1,
            Self::Reply(Reply::Stored) => 2,
            Self::Reply(Reply::Exists) => 3,
            Self::Reply(Reply::Done) => 4,
            Self::Lost => 5,
            Self::NotSent => 6,
            Self::Denied => 7,
        }
    }
}

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// No answer. The request may arrive at once, later or never.
    Lost,
    /// It never left.
    NotSent,
    /// It arrives twice, and the second's answer is what is heard: a 412 caused by itself.
    Twice,
    /// It arrives, is answered, and a copy of it comes later.
    Copy,
    /// A read of the version hint is answered with what was there before.
    Stale,
    /// Credentials have expired.
    Denied,
    /// The future that waits for it is dropped. The request may still arrive.
    Cancel,
    /// The process dies. The request may still arrive.
    Crash,
}

/// The faults that a scenario lets happen.
#[derive(Clone, Debug)]
pub struct Menu(pub Vec<Fault>);

impl Menu {
    /// What can happen to a request and makes a difference.
    pub fn of(&self, op: &Op, is_local: bool, has_stale: bool) -> Vec<Fault> {
        let fits = |fault: &Fault| match fault {
            // A read that was not sent and one whose answer is lost are one to who asks.
            Fault::NotSent => matches!(op, Op::Put { .. } | Op::Delete { .. }) && !is_local,
            Fault::Lost => !matches!(op, Op::Tick { .. }),
            // What was stored under a name of its own is there, however often it came.
            Fault::Twice => matches!(op, Op::Put { if_absent: true, .. }),
            Fault::Copy => matches!(op, Op::Put { .. }) && !is_local,
            Fault::Stale => matches!(op, Op::Get { key } if key.ends_with("version-hint.text")) && has_stale,
            Fault::Denied => !op.is_read() && !matches!(op, Op::Tick { .. }),
            Fault::Cancel | Fault::Crash => !matches!(op, Op::Tick { .. }),
        };
        self.0.iter().copied().filter(fits).collect()
    }
}
