//! The bucket: objects under keys, changed by one operation at a time.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use bytes::Bytes;
use datashard::runtime::Timestamp;

#[derive(Clone, Debug)]
pub struct Object {
    pub body: Bytes,
    pub time: Timestamp,
    /// Of the key and the body.
    pub digest: u64,
}

/// What a request asks of the bucket.
#[derive(Clone, Debug, Hash)]
pub enum Op {
    Get {
        key: String,
    },
    Head {
        key: String,
    },
    Put {
        key: String,
        body: Bytes,
        if_absent: bool,
    },
    Delete {
        key: String,
    },
    List {
        prefix: String,
        after: Option<String>,
    },
    /// No request: time passes.
    Tick {
        by: Duration,
    },
}

/// What the bucket says.
#[derive(Clone, Debug)]
pub enum Reply {
    Object(Object),
    Absent,
    Stored,
    Exists,
    Done,
    Listing(Vec<(String, Object)>),
}

#[derive(Clone, Debug)]
pub struct World {
    pub objects: BTreeMap<String, Object>,
    pub now: Timestamp,
    pub ignores_conditions: bool,
}

fn is_own(key: &str) -> bool {
    key.contains("/data/") || key.ends_with(".avro")
}

pub fn digest(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

impl World {
    pub fn new() -> Self {
        let now = Timestamp::from_civil(2026, 11, 1, 12, 0, 0);
        Self { objects: BTreeMap::new(), now, ignores_conditions: false }
    }

    pub fn apply(&mut self, op: &Op) -> Reply {
        match op {
            Op::Get { key } | Op::Head { key } => match self.objects.get(key) {
                Some(object) => Reply::Object(object.clone()),
                None => Reply::Absent,
            },
            Op::Put { key, if_absent: true, .. } if !self.ignores_conditions && self.objects.contains_key(key) => {
                Reply::Exists
            }
            Op::Put { key, body, .. } => {
                let object = Object { body: body.clone(), time: self.now, digest: digest(&(key, body)) };
                self.objects.insert(key.clone(), object);
                Reply::Stored
            }
            Op::Delete { key } => {
                self.objects.remove(key);
                Reply::Done
            }
            Op::List { prefix, after } => {
                let after = after.clone().unwrap_or_default();
                let found = self.objects.range(prefix.clone()..).take_while(|(key, _)| key.starts_with(prefix));
                let found = found.filter(|(key, _)| **key > after);
                Reply::Listing(found.map(|(key, object)| (key.clone(), object.clone())).collect())
            }
            Op::Tick { by } => {
                self.now = self.now.plus(*by);
                Reply::Done
            }
        }
    }

    /// The same for the same content, whatever way it came about, but for files with names of their own.
    pub fn shared_digest(&self) -> u64 {
        let shared = self.objects.iter().filter(|(key, _)| !is_own(key));
        let objects: Vec<_> = shared.map(|(_, object)| object.digest).collect();
        digest(&(objects, self.now.as_millis()))
    }

    /// The same for the same content, whatever way it came about.
    pub fn digest(&self) -> u64 {
        let objects = self.objects.values().fold(0_u64, |all, object| all ^ object.digest);
        digest(&(objects, self.objects.len(), self.now.as_millis()))
    }
}

impl Op {
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Get { key } | Self::Head { key } | Self::Put { key, .. } | Self::Delete { key } => Some(key),
            Self::List { .. } | Self::Tick { .. } => None,
        }
    }

    pub fn is_read(&self) -> bool {
        matches!(self, Self::Get { .. } | Self::Head { .. } | Self::List { .. })
    }

    /// Whether it is about a file with a name of its own, which only its writer knows until it is in a version.
    pub fn is_own(&self) -> bool {
        self.key().is_some_and(is_own)
    }

    /// What it is, without the names and numbers that differ from process to process.
    pub fn shape(&self) -> (std::mem::Discriminant<Self>, Option<String>) {
        let shared = self.key().filter(|key| !is_own(key)).map(str::to_owned);
        (std::mem::discriminant(self), shared)
    }

    /// Whether it has the same effect and answer before and after whatever others do: files with names of their own, and,
    /// as long as nothing is deleted (`still`), metadata files that are there.
    pub fn is_local(&self, world: &World, still: bool) -> bool {
        let there = |key: &str| still && key.ends_with(".metadata.json") && world.objects.contains_key(key);
        match self {
            Self::Get { key } | Self::Head { key } => is_own(key) || there(key),
            Self::Put { key, if_absent, .. } => is_own(key) || (*if_absent && there(key)),
            Self::Delete { .. } | Self::List { .. } | Self::Tick { .. } => false,
        }
    }

    /// Whether it could still change anything if it came now.
    pub fn matters(&self, world: &World) -> bool {
        match self {
            Self::Put { key, if_absent: true, .. } => world.ignores_conditions || !world.objects.contains_key(key),
            Self::Put { .. } => true,
            Self::Delete { key } => world.objects.contains_key(key),
            _ => false,
        }
    }
}

impl std::fmt::Display for Op {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Get { key } => write!(f, "GET {key}"),
            Self::Head { key } => write!(f, "HEAD {key}"),
            Self::Put { key, body, if_absent } => {
                let short = String::from_utf8(body[..body.len().min(12)].to_vec()).ok().filter(|_| body.len() <= 12);
                let condition = if *if_absent { " if absent" } else { "" };
                write!(f, "PUT {key} {}{condition}", short.unwrap_or(format!("({} bytes)", body.len())))
            }
            Self::Delete { key } => write!(f, "DELETE {key}"),
            Self::List { prefix, .. } => write!(f, "LIST {prefix}"),
            Self::Tick { by } => write!(f, "{} s pass", by.as_secs()),
        }
    }
}

impl std::fmt::Display for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Object(object) => match std::str::from_utf8(&object.body) {
                Ok(text) if text.len() <= 12 => write!(f, "`{text}`"),
                _ => write!(f, "{} bytes", object.body.len()),
            },
            Self::Absent => f.write_str("absent"),
            Self::Stored => f.write_str("stored"),
            Self::Exists => f.write_str("412, it exists"),
            Self::Done => f.write_str("done"),
            Self::Listing(found) => write!(f, "{} objects", found.len()),
        }
    }
}
