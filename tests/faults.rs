//! Writers over HTTP through a proxy that loses, repeats, delays and refuses requests and answers, on one table of the
//! `bucket` example.
#![cfg(all(feature = "native", not(target_family = "wasm")))]
#![allow(clippy::disallowed_methods, reason = "a clock that runs faster is made from the real one")]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use datashard::native::SystemRuntime;
use datashard::runtime::{BoxFuture, Runtime, Timestamp};
use datashard::spec::{NestedField, PrimitiveType, Schema};
use datashard::store::{MemoryStore, S3Config};
use datashard::{ErrorKind, Resolution, Table, Warehouse};
use futures::future::join_all;
use serde_json::json;
use support::bucket_server::{Options, Server};
use support::fault_proxy::{Fault, Plan, Proxy};
use support::s3::{client, config, credentials};

/// A clock on which the half minute for which a commit is pursued at least is half a second.
#[derive(Debug)]
struct Fast(Timestamp);

const FACTOR: u32 = 60;

impl Runtime for Fast {
    fn now(&self) -> Timestamp {
        self.0.plus(SystemRuntime.now().since(self.0) * FACTOR)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        SystemRuntime.sleep(duration / FACTOR)
    }

    fn random(&self) -> u128 {
        SystemRuntime.random()
    }
}

/// With connections of its own.
fn warehouse(config: S3Config) -> Warehouse {
    Warehouse::with_runtime(client(config, credentials()), Arc::new(Fast(SystemRuntime.now())))
}

fn through(proxy: &Proxy, server: &Server) -> S3Config {
    S3Config { endpoint: Some(proxy.endpoint()), ..config(server) }
}

async fn create(server: &Server) -> Table {
    let schema = Schema::new([NestedField::required("id", PrimitiveType::Long)]).unwrap();
    warehouse(config(server)).create("t").schema(schema).await.unwrap()
}

/// How often each id is in the table, read anew.
async fn occurrences(warehouse: &Warehouse) -> datashard::Result<BTreeMap<i64, u64>> {
    let mut count = BTreeMap::new();
    for batch in warehouse.open("t").await?.scan().collect().await? {
        for id in batch.column(0).as_primitive::<Int64Type>().values() {
            *count.entry(*id).or_default() += 1;
        }
    }
    Ok(count)
}

fn server() -> Server {
    Server::start(Arc::new(MemoryStore::with_clock(Arc::new(SystemRuntime))), Options::default()).unwrap()
}

fn threads() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// What an append said of itself.
#[derive(Debug)]
enum Fate {
    Committed,
    Failed { _why: String },
    Unknown(String),
}

async fn append(table: &Table, id: i64) -> Fate {
    match table.append_records(&[json!({"id": id})]).await {
        Ok(_) => Fate::Committed,
        Err(error) => match error.unknown_commit() {
            Some(token) => Fate::Unknown(token.to_owned()),
            None => Fate::Failed { _why: error.to_string() },
        },
    }
}

const WRITERS: i64 = 4;
const TASKS: i64 = 3;
const APPENDS: i64 = 8;

#[test]
fn whatever_the_network_does_an_append_tells_the_truth_and_readers_see_nothing_of_it() {
    let seed = SystemRuntime.random() as u64;
    let server = server();
    let proxy = Proxy::start(&server.endpoint(), Plan::Random { seed, per_mille: 250 });
    println!("seed {seed}");
    threads().block_on(async {
        create(&server).await;
        let stopped = Arc::new(AtomicBool::new(false));
        let reader = tokio::spawn(read_until(stopped.clone(), warehouse(config(&server))));
        let fates = join_all((0..WRITERS).map(|writer| write(writer, &server, &proxy))).await;
        proxy.drain().await;
        stopped.store(true, Ordering::SeqCst);
        let reads = reader.await.unwrap();

        let direct = warehouse(config(&server));
        let table = direct.open("t").await.unwrap();
        let fates: Vec<(i64, Fate)> = fates.into_iter().flatten().collect();
        let mut expected = BTreeMap::new();
        let (mut committed, mut failed, mut unknown) = (0, 0, 0);
        for (id, fate) in &fates {
            let there = match fate {
                Fate::Committed => true,
                Fate::Failed { .. } => false,
                Fate::Unknown(token) => {
                    matches!(table.resolve(token).await.unwrap(), Resolution::Committed { .. })
                }
            };
            match fate {
                Fate::Committed => committed += 1,
                Fate::Failed { .. } => failed += 1,
                Fate::Unknown(_) => unknown += 1,
            }
            if there {
                expected.insert(*id, 1);
            }
        }
        let found = occurrences(&direct).await.unwrap();
        let counts = proxy.counts();
        println!("{committed} committed, {failed} failed, {unknown} unknown; {reads} reads; {counts:?}");
        assert!(found == expected, "seed {seed}: {found:?} is there of {fates:?}");
        assert!(proxy.missing().is_empty(), "seed {seed}: {:?} of {counts:?}", proxy.missing());
        assert!(committed >= WRITERS * TASKS * APPENDS / 2, "seed {seed}: {fates:?}");
        assert!(reads > 2, "seed {seed}: {reads} reads");
    });
}

/// Tasks that share a handle, each with its appends one after the other, until every kind of fault has occurred. The
/// last writer has no proxy.
async fn write(writer: i64, server: &Server, proxy: &Proxy) -> Vec<(i64, Fate)> {
    let config = if writer == WRITERS - 1 { config(server) } else { through(proxy, server) };
    let warehouse = warehouse(config);
    let table = loop {
        match warehouse.open("t").await {
            Ok(table) => break table,
            Err(error) => assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}"),
        }
    };
    let task = |task: i64| {
        let table = &table;
        async move {
            let mut fates = Vec::new();
            for i in 0..200 {
                if i >= APPENDS && proxy.missing().is_empty() {
                    break;
                }
                let id = (writer * TASKS + task) * 1000 + i;
                fates.push((id, append(table, id).await));
            }
            fates
        }
    };
    join_all((0..TASKS).map(task)).await.into_iter().flatten().collect()
}

/// Reads with no proxy between; returns how often.
async fn read_until(stopped: Arc<AtomicBool>, warehouse: Warehouse) -> u64 {
    let (mut before, mut reads) = (0, 0);
    while !stopped.load(Ordering::SeqCst) {
        let found = occurrences(&warehouse).await.unwrap();
        assert!(found.values().all(|count| *count == 1), "{found:?}");
        assert!(found.len() >= before, "{} rows after {before}", found.len());
        before = found.len();
        reads += 1;
    }
    reads
}

fn is_metadata(path: &str) -> bool {
    path.ends_with(".metadata.json")
}

/// An append during which the proxy does something to the metadata's requests alone, whose outcome is then unknown.
async fn unknown(server: &Server, proxy: &Proxy, plan: Plan) -> (Warehouse, String) {
    let table = warehouse(through(proxy, server)).open("t").await.unwrap();
    // The first commit of a writer may prove things of the store.
    table.append_records(&[json!({"id": 0})]).await.unwrap();
    proxy.plan(plan);
    let fate = append(&table, 1).await;
    let Fate::Unknown(token) = fate else { panic!("{fate:?}") };
    proxy.plan(Plan::NONE);
    (warehouse(config(server)), token)
}

#[test]
fn a_commit_whose_answers_are_all_lost_resolves_as_committed() {
    let server = server();
    let proxy = Proxy::start(&server.endpoint(), Plan::NONE);
    threads().block_on(async {
        create(&server).await;
        let plan = Plan::Where(|_, path| is_metadata(path).then_some(Fault::LoseAnswer));
        let (elsewhere, token) = unknown(&server, &proxy, plan).await;
        let resolution = elsewhere.open("t").await.unwrap().resolve(&token).await.unwrap();
        assert_eq!(resolution, Resolution::Committed { version: 3 });
        assert_eq!(occurrences(&elsewhere).await.unwrap(), BTreeMap::from([(0, 1), (1, 1)]));
    });
}

#[test]
fn a_commit_that_the_store_refuses_and_yet_carries_out_resolves_as_committed() {
    let server = server();
    let proxy = Proxy::start(&server.endpoint(), Plan::NONE);
    threads().block_on(async {
        create(&server).await;
        let plan = Plan::Where(|_, path| is_metadata(path).then_some(Fault::DoneAndRefuse));
        let (elsewhere, token) = unknown(&server, &proxy, plan).await;
        let resolution = elsewhere.open("t").await.unwrap().resolve(&token).await.unwrap();
        assert_eq!(resolution, Resolution::Committed { version: 3 });
        assert_eq!(occurrences(&elsewhere).await.unwrap(), BTreeMap::from([(0, 1), (1, 1)]));
    });
}

#[test]
fn a_commit_that_was_resolved_as_not_committed_stays_so_though_its_requests_arrive_late() {
    let server = server();
    let proxy = Proxy::start(&server.endpoint(), Plan::NONE);
    threads().block_on(async {
        create(&server).await;
        let plan = Plan::Where(|_, path| is_metadata(path).then_some(Fault::Hold));
        let (elsewhere, token) = unknown(&server, &proxy, plan).await;
        let table = elsewhere.open("t").await.unwrap();
        assert_eq!(table.resolve(&token).await.unwrap(), Resolution::NotCommitted);
        let answers = proxy.deliver_held().await;
        assert!(!answers.is_empty() && answers.iter().all(|status| *status == 412), "{answers:?}");
        assert_eq!(table.resolve(&token).await.unwrap(), Resolution::NotCommitted);
        table.append_records(&[json!({"id": 2})]).await.unwrap();
        assert_eq!(occurrences(&elsewhere).await.unwrap(), BTreeMap::from([(0, 1), (2, 1)]));
    });
}
