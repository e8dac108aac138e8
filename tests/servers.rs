//! Real servers, started by `tests/servers/servers.py run NAME -- cargo test --test servers -- --ignored`, which sets the
//! environment.
#![cfg(all(feature = "native", not(target_family = "wasm")))]
#![allow(clippy::disallowed_methods, reason = "the environment says which server")]

mod support;

use std::env::var;
use std::sync::Arc;

use bytes::Bytes;
use datashard::s3::Credentials;
use datashard::store::{GetOptions, ObjectStore, Precondition, PutOptions, PutOutcome, ReadSigning, S3Config};
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
