//! Real servers, started by `tests/servers/servers.py run NAME -- cargo test --test servers -- --ignored`, which sets the
//! environment.
#![cfg(all(feature = "native", not(target_family = "wasm")))]
#![allow(clippy::disallowed_methods, reason = "the environment says which server")]

mod support;

use std::collections::BTreeSet;
use std::env::var;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use bytes::Bytes;
use datashard::fetch::{Body, Fetch, FetchError};
use datashard::native::SystemRuntime;
use datashard::runtime::BoxFuture;
use datashard::s3::Credentials;
use datashard::spec::{NestedField, PrimitiveType, Schema};
use datashard::store::{GetOptions, ObjectStore, Precondition, PutOptions, PutOutcome, ReadSigning, S3Config, S3Store};
use datashard::{ErrorKind, Table, Warehouse};
use futures::executor::block_on;
use support::{Conformance, s3};

fn server() -> (String, S3Config) {
    let name = var("DATASHARD_TEST_SERVER").expect("run by tests/servers/servers.py");
    let mut config = S3Config::new(var("DATASHARD_S3_BUCKET").unwrap());
    config.endpoint = var("DATASHARD_S3_ENDPOINT").ok();
    (name, config)
}

fn client(config: S3Config) -> Arc<dyn ObjectStore> {
    let credentials =
        Credentials::new(var("DATASHARD_S3_ACCESS_KEY").unwrap(), var("DATASHARD_S3_SECRET_KEY").unwrap());
    s3::client(config, credentials)
}

async fn put(store: &dyn ObjectStore, precondition: Precondition) -> PutOutcome {
    let options = PutOptions { precondition, ..PutOptions::default() };
    store.put("table/metadata/v1.metadata.json", Bytes::from_static(b"content"), options).await.unwrap()
}

#[test]
#[ignore = "needs a server"]
fn the_server_conforms_or_is_caught() {
    let (name, config) = server();
    let store = client(config.clone());
    match name.as_str() {
        "rclone" => {
            // What the creation of a table must find out.
            for _ in 0..2 {
                assert!(matches!(block_on(put(&*store, Precondition::IfAbsent)), PutOutcome::Done(_)));
            }
        }
        "localbucket" => {
            assert!(matches!(block_on(put(&*store, Precondition::IfAbsent)), PutOutcome::Done(_)));
            assert!(matches!(block_on(put(&*store, Precondition::IfAbsent)), PutOutcome::PreconditionFailed));
            let read = block_on(store.get("table/metadata/v1.metadata.json", GetOptions::default())).unwrap();
            assert_eq!(read.bytes, "content");
        }
        _ => {
            let suite = |config: S3Config, prefix: &str| {
                let suite = Conformance::new(client(config.clone()), prefix).rival(client(config));
                // SeaweedFS has racers on one key wait for seconds; Ceph refuses tags in quotes.
                let suite = if name == "seaweedfs" { suite.races(2, 100) } else { suite.races(8, 40) };
                if name == "ceph" { suite.without_if_match() } else { suite }
            };
            block_on(suite(config.clone(), "the suite").run());
            let in_url = S3Config { read_signing: ReadSigning::Query, prefix: "pre fix/ü+".into(), ..config };
            block_on(suite(in_url, "suite").many(10).run());
        }
    }
}

fn schema() -> Schema {
    Schema::new([NestedField::required("id", PrimitiveType::Long)]).unwrap()
}

fn create(warehouse: &Warehouse, name: &str) -> datashard::Result<Table> {
    block_on(warehouse.create(name).schema(schema()).into_future())
}

fn append(table: &Table, id: i64) -> datashard::CommitReceipt {
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![id]));
    block_on(table.append([RecordBatch::try_from_iter([("id", ids)]).unwrap()])).unwrap()
}

fn ids(batches: &[RecordBatch]) -> Vec<i64> {
    let mut ids: Vec<i64> =
        batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec()).collect();
    ids.sort_unstable();
    ids
}

/// Writers at the same time, each with connections of its own; nothing is lost or doubled, and each snapshot shows one
/// append more than the one before.
#[test]
#[ignore = "needs a server"]
fn writers_of_one_table_lose_nothing_or_the_store_is_refused() {
    let (name, config) = server();
    let warehouse = || Warehouse::new(client(config.clone())).prefix("warehouse");
    if name == "rclone" {
        let refused = create(&warehouse(), "refused").unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Unsupported, "{refused}");
        assert!(refused.to_string().contains("If-None-Match"), "{refused}");
        assert_eq!(block_on(warehouse().open("refused")).unwrap_err().kind(), ErrorKind::NotFound);
        return;
    }
    let table = create(&warehouse(), "table").unwrap();
    assert_eq!(create(&warehouse(), "table").unwrap_err().kind(), ErrorKind::AlreadyExists);
    // SeaweedFS has three and more racers wait for seconds; localbucket is slow.
    let (writers, rounds) = match name.as_str() {
        "ceph" => (4, 15),
        "seaweedfs" => (2, 40),
        _ => (2, 10),
    };
    std::thread::scope(|scope| {
        for writer in 0..writers {
            let warehouse = warehouse();
            scope.spawn(move || {
                let table = block_on(warehouse.open("table")).unwrap();
                for round in 0..rounds {
                    append(&table, writer * rounds + round);
                }
            });
        }
    });
    block_on(table.refresh()).unwrap();
    let count = writers * rounds;
    assert_eq!(ids(&block_on(table.scan().collect()).unwrap()), (0..count).collect::<Vec<_>>());
    let snapshots = table.snapshots();
    assert_eq!(snapshots.len() as i64, count);
    let mut before = BTreeSet::new();
    for (i, snapshot) in snapshots.iter().enumerate() {
        let then = ids(&block_on(table.scan().at_snapshot(snapshot.snapshot_id).collect()).unwrap());
        assert_eq!(then.len(), i + 1);
        let then = BTreeSet::from_iter(then);
        assert!(before.is_subset(&then) && then.len() == i + 1);
        before = then;
    }
    let fresh = block_on(warehouse().open("table")).unwrap();
    assert_eq!(fresh.version(), table.version());
}

#[test]
#[ignore = "needs a server"]
fn the_environment_opens_the_bucket() {
    let (name, _) = server();
    if name != "rclone" {
        let warehouse = Warehouse::from_env().unwrap();
        let table = create(&warehouse, "from the environment").unwrap();
        append(&table, 1);
        assert_eq!(block_on(block_on(warehouse.open("from the environment")).unwrap().scan().count()).unwrap(), 1);
    }
}

/// Ceph is the one server here that issues tokens, and checks them.
#[test]
#[ignore = "needs Ceph"]
fn a_session_token_of_ceph_opens_the_bucket_and_a_wrong_one_does_not() {
    let Ok(token) = var("DATASHARD_TEST_SESSION_TOKEN") else {
        let (name, _) = server();
        assert_ne!(name, "ceph", "Ceph issues tokens");
        println!("{name} issues no session tokens");
        return;
    };
    let (_, config) = server();
    let keys = || {
        let key = var("DATASHARD_TEST_SESSION_ACCESS_KEY").unwrap();
        Credentials::new(key, var("DATASHARD_TEST_SESSION_SECRET_KEY").unwrap())
    };
    for (name, read_signing) in [("header", ReadSigning::Header), ("query", ReadSigning::Query)] {
        let config = S3Config { read_signing, ..config.clone() };
        let warehouse = Warehouse::new(s3::client(config.clone(), keys().session_token(&*token)));
        let table = create(&warehouse, name).unwrap();
        append(&table, 7);
        assert_eq!(ids(&block_on(table.scan().collect()).unwrap()), [7]);
        for wrong in [keys(), keys().session_token("bm90IGEgdG9rZW4=")] {
            let warehouse = Warehouse::new(s3::client(config.clone(), wrong));
            assert_eq!(block_on(warehouse.open(name)).unwrap_err().kind(), ErrorKind::PermissionDenied);
        }
    }
}

/// Has no objects, and does not implement conditional writes.
#[derive(Debug)]
struct Unconditional;

impl Fetch for Unconditional {
    fn fetch(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Body>, FetchError>> {
        let listing = request.uri().query().is_some_and(|query| query.contains("list-type"));
        let (status, text) = match *request.method() {
            http::Method::PUT if request.headers().contains_key("if-none-match") => {
                (501, "<Error><Code>NotImplemented</Code><Message>A header is not supported</Message></Error>")
            }
            http::Method::GET if listing => {
                (200, "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>")
            }
            http::Method::GET => (404, "<Error><Code>NoSuchKey</Code><Message>It is not there</Message></Error>"),
            _ => (200, ""),
        };
        let response = http::Response::builder().status(status).body(Body::from(Bytes::from(text))).unwrap();
        Box::pin(async { Ok(response) })
    }
}

#[test]
fn a_store_without_conditional_writes_is_refused_by_that_name() {
    let config = S3Config { endpoint: Some("http://localhost".into()), ..S3Config::new("bucket") };
    let keys = Arc::new(Credentials::new("key", "secret"));
    let store = S3Store::new(config, keys, Arc::new(Unconditional), Arc::new(SystemRuntime)).unwrap();
    let refused = create(&Warehouse::new(store), "table").unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unsupported, "{refused}");
    assert!(refused.to_string().contains("If-None-Match"), "{refused}");
}
