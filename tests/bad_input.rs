//! What users meet when something is wrong with the bucket, the keys, the clock or the table: one clear error, and
//! nothing lost.
#![cfg(all(feature = "native", not(target_family = "wasm")))]
#![allow(clippy::disallowed_methods, reason = "tests may look at the clock")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use bytes::Bytes;
use datashard::fetch::{Body, Fetch, FetchError};
use datashard::native::{ReqwestFetch, SystemRuntime};
use datashard::runtime::{BoxFuture, Runtime, Timestamp};
use datashard::s3::Credentials;
use datashard::spec::{NestedField, PrimitiveType, Schema};
use datashard::store::{GetOptions, MemoryStore, ObjectStore, PutOptions, S3Config, S3Store};
use datashard::{Error, ErrorKind, Warehouse};
use futures::StreamExt;
use futures::executor::block_on;
use support::bucket_server::{Options, Server};
use support::s3::{client, config, credentials};

fn schema() -> Schema {
    Schema::new([NestedField::required("id", PrimitiveType::Long)]).unwrap()
}

fn rows(count: i64) -> [RecordBatch; 1] {
    let array: ArrayRef = Arc::new(Int64Array::from_iter_values(0..count));
    [RecordBatch::try_from_iter([("id", array)]).unwrap()]
}

fn server() -> Server {
    Server::start(Arc::new(MemoryStore::new()), Options::default()).unwrap()
}

fn create(config: S3Config, credentials: Credentials) -> Result<datashard::Table, Error> {
    block_on(Warehouse::new(client(config, credentials)).create("t").schema(schema()).into_future())
}

#[test]
fn a_bucket_that_is_not_there_is_not_found_by_name() {
    let server = server();
    let error = create(S3Config { bucket: "absent".into(), ..config(&server) }, credentials()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    assert!(error.to_string().contains("absent"), "{error}");
}

#[test]
fn wrong_keys_are_permission_denied_and_the_secret_is_not_shown() {
    let server = server();
    for keys in [Credentials::new("demo-key", "not-the-secret"), Credentials::new("nobody", "not-the-secret")] {
        let error = create(config(&server), keys).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
        assert!(!format!("{error} {error:?}").contains("not-the-secret"), "{error:?}");
    }
}

#[test]
fn a_server_that_is_not_there_is_unavailable_in_the_end() {
    let endpoint = server().endpoint();
    let config = S3Config { endpoint: Some(endpoint), ..S3Config::new("demo") };
    let runtime = Arc::new(Hurried::default());
    let fetch = Arc::new(ReqwestFetch::new().unwrap());
    let store = S3Store::new(config, Arc::new(credentials()), fetch, runtime.clone()).unwrap();
    let warehouse = Warehouse::with_runtime(store, runtime);
    let error = block_on(warehouse.create("t").schema(schema()).into_future()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
}

#[test]
fn a_clock_a_day_off_is_corrected_and_does_not_get_into_the_table() {
    for days in [-1, 1] {
        let server = server();
        let runtime = Arc::new(Hurried { ahead_millis: days * 86_400_000 });
        let fetch = Arc::new(ReqwestFetch::new().unwrap());
        let store = S3Store::new(config(&server), Arc::new(credentials()), fetch, runtime.clone()).unwrap();
        let warehouse = Warehouse::with_runtime(store, runtime);
        let table = block_on(warehouse.create("t").schema(schema()).into_future()).unwrap();
        block_on(table.append(rows(3))).unwrap();
        assert_eq!(block_on(table.scan().count()).unwrap(), 3);
        let time = table.snapshots()[0].timestamp;
        let (real, tolerance) = (SystemRuntime.now(), Duration::from_secs(300));
        assert!(real.since(time) < tolerance && time.since(real) < tolerance, "{time} instead of {real}");
    }
}

/// The system's clock, set ahead, for a program that is in a hurry.
#[derive(Debug, Default)]
struct Hurried {
    ahead_millis: i64,
}

impl Runtime for Hurried {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(SystemRuntime.now().as_millis() + self.ahead_millis)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        SystemRuntime.sleep(duration.min(Duration::from_millis(1)))
    }

    fn random(&self) -> u128 {
        SystemRuntime.random()
    }
}

/// A bucket that takes no more writes, with the answer that a store gives then.
#[derive(Debug)]
struct Closed {
    inner: ReqwestFetch,
    closed: AtomicBool,
    status: u16,
    code: &'static str,
}

impl Fetch for Closed {
    fn fetch(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Body>, FetchError>> {
        if request.method() == http::Method::PUT && self.closed.load(Ordering::Relaxed) {
            let body = format!("<Error><Code>{}</Code><Message>no more</Message></Error>", self.code);
            let response = http::Response::builder().status(self.status).body(Body::from(Bytes::from(body))).unwrap();
            return Box::pin(async { Ok(response) });
        }
        self.inner.fetch(request)
    }
}

#[test]
fn a_full_or_read_only_bucket_refuses_an_append_and_shows_nothing_of_it() {
    let cases = [
        (403, "AccessDenied", ErrorKind::PermissionDenied),
        (403, "QuotaExceeded", ErrorKind::Unavailable),
        (507, "InsufficientStorage", ErrorKind::Unavailable),
    ];
    for (status, code, kind) in cases {
        let server = server();
        let inner = ReqwestFetch::new().unwrap();
        let fetch = Arc::new(Closed { inner, closed: false.into(), status, code });
        let runtime = Arc::new(Hurried::default());
        let store = S3Store::new(config(&server), Arc::new(credentials()), fetch.clone(), runtime.clone()).unwrap();
        let warehouse = Warehouse::with_runtime(store, runtime);
        block_on(async {
            let table = warehouse.create("t").schema(schema()).await.unwrap();
            table.append(rows(3)).await.unwrap();
            fetch.closed.store(true, Ordering::Relaxed);
            let error = table.append(rows(4)).await.unwrap_err();
            assert_eq!(error.kind(), kind, "{error}");
            assert_eq!(warehouse.open("t").await.unwrap().scan().count().await.unwrap(), 3);
            fetch.closed.store(false, Ordering::Relaxed);
            table.append(rows(5)).await.unwrap();
            assert_eq!(warehouse.open("t").await.unwrap().scan().count().await.unwrap(), 8);
        });
    }
}

async fn keys(store: &MemoryStore, suffix: &str) -> Vec<String> {
    let listing: Vec<_> = store.list("t/", None).collect().await;
    listing.into_iter().map(|object| object.unwrap().key).filter(|key| key.ends_with(suffix)).collect()
}

async fn replace(store: &MemoryStore, key: &str, bytes: impl Into<Bytes>) {
    let _ = store.put(key, bytes.into(), PutOptions::default()).await.unwrap();
}

/// Each file of the table, cut short or overwritten: never a wrong row, always an error that names the file.
#[test]
fn damaged_files_are_invalid_data_that_names_them() {
    block_on(async {
        for suffix in ["-m0.avro", ".parquet", "snap"] {
            let store = MemoryStore::new();
            let warehouse = Warehouse::new(store.clone());
            warehouse.create("t").schema(schema()).await.unwrap().append(rows(5000)).await.unwrap();
            let all = keys(&store, "").await;
            let key = all
                .into_iter()
                .find(|key| key.ends_with(suffix) || key.contains("/snap-") && suffix == "snap")
                .unwrap();
            let whole = store.get(&key, GetOptions::default()).await.unwrap().bytes;
            let mut garbled = whole.to_vec();
            let (from, to) = (whole.len() / 2, whole.len() / 2 + 40);
            garbled[from..to.min(whole.len())].fill(0xff);
            let tail: Bytes = [&whole[..whole.len() - 8], &[0xff; 8]].concat().into();
            for bytes in [whole.slice(..whole.len() / 2), Bytes::new(), tail, "not what it was".into()] {
                replace(&store, &key, bytes).await;
                let error = warehouse.open("t").await.unwrap().scan().collect().await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
                assert!(error.to_string().contains(key.rsplit('/').next().unwrap()), "{error}");
            }
            // Garbled in the middle: an error, or the rows that were there, never others.
            replace(&store, &key, garbled).await;
            if let Ok(batches) = warehouse.open("t").await.unwrap().scan().collect().await {
                assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 5000, "{suffix}");
            }
        }
    });
}

#[test]
fn a_table_whose_files_are_gone_says_which() {
    block_on(async {
        let store = MemoryStore::new();
        let warehouse = Warehouse::new(store.clone());
        warehouse.create("t").schema(schema()).await.unwrap().append(rows(5)).await.unwrap();
        let key = keys(&store, ".parquet").await.remove(0);
        store.delete(&key).await.unwrap();
        let error = warehouse.open("t").await.unwrap().scan().collect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.to_string().contains(&key), "{error}");
    });
}

/// A table from a stranger must not make us sign requests elsewhere.
#[test]
fn a_manifest_list_outside_the_table_is_not_followed() {
    block_on(async {
        let store = MemoryStore::new();
        let warehouse = Warehouse::new(store.clone());
        warehouse.create("t").schema(schema()).await.unwrap().append(rows(5)).await.unwrap();
        let key = "t/metadata/v2.metadata.json";
        let text = String::from_utf8(store.get(key, GetOptions::default()).await.unwrap().bytes.to_vec()).unwrap();
        for elsewhere in ["memory://store/secrets/", "s3://other/t/metadata/", "memory://store/t/../secrets/"] {
            replace(&store, key, text.replace("memory://store/t/metadata/snap", &format!("{elsewhere}snap"))).await;
            let table = warehouse.open("t").await.unwrap();
            for error in [table.scan().collect().await.unwrap_err(), table.append(rows(1)).await.unwrap_err()] {
                assert_eq!(error.kind(), ErrorKind::InvalidData);
                assert!(error.to_string().contains(elsewhere), "{error}");
            }
        }
    });
}

#[test]
fn rows_that_do_not_fit_are_refused_whole_and_name_column_and_row() {
    block_on(async {
        let warehouse = Warehouse::new(MemoryStore::new());
        let table = warehouse.create("t").schema(schema()).await.unwrap();
        let doubles: ArrayRef = Arc::new(arrow_array::Float64Array::from(vec![1.0, 1.5]));
        let nulls: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None]));
        for (column, array) in [("id", doubles), ("id", nulls.clone()), ("other", nulls)] {
            let batch = RecordBatch::try_from_iter_with_nullable([(column, array, true)]).unwrap();
            let error = table.append([rows(1)[0].clone(), batch]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
            assert!(error.to_string().contains(&format!("`{column}`")), "{error}");
        }
        table.refresh().await.unwrap();
        assert_eq!((table.version(), table.scan().count().await.unwrap()), (1, 0));
    });
}
