//! The bucket as an [`ObjectStore`]: what a lost answer means is known here, so that few steps go far.

use std::sync::Arc;

use bytes::Bytes;
use datashard::runtime::{BoxFuture, BoxStream};
use datashard::store::{GetOptions, GetResult, ObjectMeta, ObjectStore, Precondition, PutOptions, PutOutcome, Upload};
use datashard::{Error, Result};
use futures::{StreamExt, TryStreamExt, stream};

use crate::fault::Answer;
use crate::process::{SharedRef, request};
use crate::world::{Object, Op, Reply};

/// What a faulty client makes of a request and of its answer.
pub type Sabotage = Arc<dyn Saboteur>;

pub trait Saboteur: Send + Sync {
    fn request(&self, process: usize, op: Op) -> Op {
        let _ = process;
        op
    }

    fn answer(&self, process: usize, op: &Op, answer: Answer) -> Answer {
        let _ = (process, op);
        answer
    }
}

#[derive(Clone)]
pub struct SimStore {
    pub shared: SharedRef,
    pub process: usize,
    /// What a faulty client makes of its requests. For the tests of the checker.
    pub sabotage: Option<Sabotage>,
}

impl std::fmt::Debug for SimStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SimStore({})", self.process)
    }
}

impl SimStore {
    async fn ask(&self, op: Op) -> Answer {
        let Some(saboteur) = &self.sabotage else { return request(self.shared.clone(), self.process, op).await };
        let changed = saboteur.request(self.process, op.clone());
        let answer = request(self.shared.clone(), self.process, changed).await;
        saboteur.answer(self.process, &op, answer)
    }

    /// For what has no condition: lost and not sent are one.
    async fn settled(&self, op: Op) -> Result<Reply> {
        match self.ask(op).await {
            Answer::Reply(reply) => Ok(reply),
            Answer::Denied => Err(Error::new(datashard::ErrorKind::PermissionDenied, "the credentials have expired")),
            Answer::Lost | Answer::NotSent => Err(unavailable()),
        }
    }
}

fn unavailable() -> Error {
    Error::new(datashard::ErrorKind::Unavailable, "the connection was reset")
}

fn absent(key: &str) -> Error {
    Error::new(datashard::ErrorKind::NotFound, format!("there is no {key}"))
}

fn meta(key: &str, object: &Object) -> ObjectMeta {
    ObjectMeta { key: key.to_owned(), size: object.body.len() as u64, etag: None, last_modified: Some(object.time) }
}

impl ObjectStore for SimStore {
    fn root(&self) -> &str {
        "s3://bucket"
    }

    fn get<'a>(&'a self, key: &'a str, options: GetOptions) -> BoxFuture<'a, Result<GetResult>> {
        Box::pin(async move {
            match self.settled(Op::Get { key: key.to_owned() }).await? {
                Reply::Object(object) => {
                    let size = object.body.len() as u64;
                    let range = options.range.unwrap_or(0..size);
                    let (start, end) = (range.start.min(size) as usize, range.end.min(size) as usize);
                    Ok(GetResult { bytes: object.body.slice(start..end.max(start)), meta: meta(key, &object) })
                }
                _ => Err(absent(key)),
            }
        })
    }

    fn head<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<ObjectMeta>> {
        Box::pin(async move {
            match self.settled(Op::Head { key: key.to_owned() }).await? {
                Reply::Object(object) => Ok(meta(key, &object)),
                _ => Err(absent(key)),
            }
        })
    }

    fn put<'a>(&'a self, key: &'a str, body: Bytes, options: PutOptions) -> BoxFuture<'a, Result<PutOutcome>> {
        Box::pin(async move {
            let if_absent = options.precondition == Precondition::IfAbsent;
            let op = Op::Put { key: key.to_owned(), body, if_absent };
            if !if_absent {
                return self.settled(op).await.map(|_| PutOutcome::Done(None));
            }
            match self.ask(op).await {
                Answer::Reply(Reply::Exists) => Ok(PutOutcome::PreconditionFailed),
                Answer::Reply(_) => Ok(PutOutcome::Done(None)),
                Answer::Lost => Ok(PutOutcome::Unknown(unavailable())),
                Answer::NotSent => Err(unavailable()),
                Answer::Denied => {
                    Err(Error::new(datashard::ErrorKind::PermissionDenied, "the credentials have expired"))
                }
            }
        })
    }

    fn upload<'a>(&'a self, _: &'a str, _: PutOptions) -> BoxFuture<'a, Result<Box<dyn Upload>>> {
        unimplemented!("the tables here are small")
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { self.settled(Op::Delete { key: key.to_owned() }).await.map(drop) })
    }

    fn list<'a>(&'a self, prefix: &'a str, start_after: Option<&'a str>) -> BoxStream<'a, Result<ObjectMeta>> {
        let op = Op::List { prefix: prefix.to_owned(), after: start_after.map(str::to_owned) };
        let found = async move {
            let reply = self.settled(op).await?;
            let Reply::Listing(found) = reply else { return Ok(stream::empty().boxed()) };
            let metas: Vec<_> = found.iter().map(|(key, object)| Ok(meta(key, object))).collect();
            Ok(stream::iter(metas).boxed())
        };
        stream::once(found).try_flatten().boxed()
    }
}
