//! The bucket of `examples/bucket`, over HTTP.
#![cfg(all(feature = "native", not(target_family = "wasm")))]

mod support;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use bytes::Bytes;
use datashard::ErrorKind;
use datashard::fetch::Fetch;
use datashard::native::{FolderStore, ReqwestFetch};
use datashard::s3::Credentials;
use datashard::store::{GetOptions, MemoryStore, ObjectStore, PutOptions, PutOutcome, ReadSigning, S3Config};
use futures::executor::block_on;
use futures::future::join_all;
use support::Conformance;
use support::bucket_server::{Options, Server};
use support::s3::{client, config, credentials};

fn memory(options: Options) -> Server {
    Server::start(Arc::new(MemoryStore::new()), options).unwrap()
}

async fn send(request: http::request::Builder) -> http::Response<Bytes> {
    let request = request.body(Bytes::new()).unwrap();
    let (parts, body) = ReqwestFetch::new().unwrap().fetch(request).await.unwrap().into_parts();
    http::Response::from_parts(parts, body.collect(1 << 20).await.unwrap())
}

#[test]
fn a_bucket_over_memory_conforms_to_rival_clients() {
    let server = memory(Options::default());
    let [store, rival] = [(); 2].map(|()| client(config(&server), credentials()));
    block_on(Conformance::new(store, "the suite").rival(rival).run());
}

#[test]
fn a_bucket_over_a_folder_conforms_with_that_folder_as_a_rival() {
    let folder = tempfile::tempdir().unwrap();
    let files = Arc::new(FolderStore::open(folder.path()).unwrap());
    let server = Server::start(files.clone(), Options::default()).unwrap();
    block_on(Conformance::new(client(config(&server), credentials()), "the suite").rival(files).run());
}

#[test]
fn reads_signed_in_the_url_below_a_prefix_conform() {
    let server = memory(Options::default());
    let config = S3Config { read_signing: ReadSigning::Query, prefix: "pre fix/ü+".into(), ..config(&server) };
    block_on(Conformance::new(client(config, credentials()), "suite").run());
}

#[test]
fn an_object_stored_over_http_is_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(Arc::new(FolderStore::open(folder.path()).unwrap()), Options::default()).unwrap();
    let store = client(config(&server), credentials());
    let outcome = block_on(store.put("t/data/a=1%2F2/x y", Bytes::from_static(b"content"), PutOptions::if_absent()));
    assert!(matches!(outcome, Ok(PutOutcome::Done(Some(_)))), "{outcome:?}");
    assert_eq!(std::fs::read(folder.path().join("t/data/a=1%2F2/x y")).unwrap(), b"content");
}

#[test]
fn only_the_right_keys_and_session_token_open_the_bucket() {
    let server = memory(Options { session_token: Some("to/ken+=".into()), ..Options::default() });
    let read = |credentials, read_signing| {
        let store = client(S3Config { read_signing, ..config(&server) }, credentials);
        block_on(store.get("missing", GetOptions::default())).unwrap_err().kind()
    };
    let Options { access_key, .. } = Options::default();
    for signing in [ReadSigning::Header, ReadSigning::Query] {
        assert_eq!(read(credentials().session_token("to/ken+="), signing), ErrorKind::NotFound);
        assert_eq!(read(credentials().session_token("other"), signing), ErrorKind::PermissionDenied);
        assert_eq!(read(credentials(), signing), ErrorKind::PermissionDenied);
        assert_eq!(read(Credentials::new(&*access_key, "wrong"), signing), ErrorKind::PermissionDenied);
        assert_eq!(read(Credentials::new("unknown", "wrong"), signing), ErrorKind::PermissionDenied);
        assert_eq!(read(Credentials::anonymous(), signing), ErrorKind::PermissionDenied);
    }
}

#[test]
fn a_public_bucket_is_read_without_keys_but_not_written() {
    let server = memory(Options { public: true, ..Options::default() });
    let (owner, guest) = (client(config(&server), credentials()), client(config(&server), Credentials::anonymous()));
    let _ = block_on(owner.put("a", Bytes::from_static(b"content"), PutOptions::default())).unwrap();
    assert_eq!(block_on(guest.get("a", GetOptions::default())).unwrap().bytes, "content");
    let refused = block_on(guest.put("b", Bytes::new(), PutOptions::default())).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::PermissionDenied, "{refused}");
    assert_eq!(block_on(guest.delete("a")).unwrap_err().kind(), ErrorKind::PermissionDenied);
}

#[test]
fn another_bucket_is_not_there() {
    let server = memory(Options::default());
    let store = client(S3Config { bucket: "other".into(), ..config(&server) }, credentials());
    let missing = block_on(store.put("a", Bytes::new(), PutOptions::default())).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound, "{missing}");
}

#[test]
fn pages_of_every_origin_may_ask_and_see_what_they_need() {
    let server = memory(Options::default());
    let url = format!("{}/demo/key", server.endpoint());
    let preflight = http::Request::options(&url)
        .header("Origin", "https://example.com")
        .header("Access-Control-Request-Method", "PUT")
        .header("Access-Control-Request-Headers", "authorization,if-none-match,x-amz-date");
    let answer = block_on(send(preflight));
    assert!(answer.status().is_success());
    assert_eq!(answer.headers()["access-control-allow-origin"], "*");
    assert!(answer.headers()["access-control-allow-methods"].to_str().unwrap().contains("PUT"));
    let allowed = answer.headers()["access-control-allow-headers"].to_str().unwrap();
    assert_eq!(allowed, "authorization,if-none-match,x-amz-date");
    let answer = block_on(send(http::Request::get(&url).header("Origin", "https://example.com")));
    assert_eq!(answer.status(), 403);
    assert_eq!(answer.headers()["access-control-allow-origin"], "*", "errors are readable, too");
    assert!(answer.headers().contains_key("date") && answer.headers().contains_key("x-amz-request-id"));
    let exposed = answer.headers()["access-control-expose-headers"].to_str().unwrap();
    assert!(["ETag", "Date", "Content-Range"].iter().all(|name| exposed.contains(name)), "{exposed}");
}

#[test]
fn conditional_and_ranged_reads_answer_as_s3_does() {
    let server = memory(Options { public: true, ..Options::default() });
    let store = client(config(&server), credentials());
    let _ = block_on(store.put("key", Bytes::from_static(b"content"), PutOptions::default())).unwrap();
    let get = || http::Request::get(format!("{}/demo/key", server.endpoint()));
    let whole = block_on(send(get()));
    assert_eq!((whole.status().as_u16(), &**whole.body()), (200, &b"content"[..]));
    let tag = &whole.headers()["etag"];
    let same = block_on(send(get().header("If-None-Match", tag)));
    assert_eq!((same.status().as_u16(), same.body().len(), &same.headers()["etag"]), (304, 0, tag));
    assert_eq!(block_on(send(get().header("If-None-Match", "\"other\""))).status(), 200);
    assert_eq!(block_on(send(get().header("If-Match", "\"other\""))).status(), 412);
    let part = block_on(send(get().header("Range", "bytes=1-3")));
    assert_eq!((part.status().as_u16(), &**part.body()), (206, &b"ont"[..]));
    assert_eq!(part.headers()["content-range"], "bytes 1-3/7");
    assert_eq!(block_on(send(get().header("Range", "bytes=7-"))).status(), 416);
    let tail = block_on(send(get().header("Range", "bytes=-2")));
    assert_eq!((&**tail.body(), &tail.headers()["content-range"]), (&b"nt"[..], &"bytes 5-6/7".parse().unwrap()));
}

#[test]
fn a_listing_with_a_delimiter_shows_each_common_prefix_once_across_pages() {
    let server = memory(Options { public: true, ..Options::default() });
    let store = client(config(&server), credentials());
    for key in ["a", "b/1", "b/2", "b-", "c/d/e", "c/f"] {
        let _ = block_on(store.put(key, Bytes::new(), PutOptions::default())).unwrap();
    }
    let list = |rest: &str| {
        let url = format!("{}/demo?list-type=2&delimiter=%2F{rest}", server.endpoint());
        String::from_utf8(block_on(send(http::Request::get(url))).body().to_vec()).unwrap()
    };
    let between = |text: &str, tag: &str| -> Vec<String> {
        let open = format!("<{tag}>");
        text.split(&open).skip(1).map(|part| part.split("</").next().unwrap().to_owned()).collect()
    };
    let (mut seen, mut rest) = (Vec::new(), String::from("&max-keys=1"));
    loop {
        let page = list(&rest);
        seen.extend(between(&page, "Key"));
        seen.extend(page.split_once("<CommonPrefixes>").map(|(_, after)| between(after, "Prefix")).unwrap_or_default());
        let Some(token) = between(&page, "NextContinuationToken").pop() else { break };
        rest = format!("&max-keys=1&continuation-token={}", token.replace('/', "%2F"));
    }
    assert_eq!(seen, ["a", "b-", "b/", "c/"]);
    let below = list("&prefix=c%2F");
    assert_eq!((between(&below, "Key"), below.contains("<Prefix>c/d/</Prefix>")), (vec!["c/f".into()], true));
}

/// The bucket in a process of its own, which can be killed.
struct Process {
    child: Child,
    endpoint: String,
}

const FOLDER: &str = "DATASHARD_TEST_FOLDER";

impl Process {
    fn start(folder: &std::path::Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", "serving_process"])
            .env(FOLDER, folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let endpoint =
            lines.find_map(|line| line.unwrap().split_once("serving ").map(|(_, at)| at.to_owned())).unwrap();
        Self { child, endpoint }
    }
}

#[test]
#[ignore = "a process that other tests start"]
fn serving_process() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let server = Server::start(Arc::new(FolderStore::open(folder).unwrap()), Options::default()).unwrap();
    println!("serving {}", server.endpoint());
    server.wait();
}

#[test]
fn a_bucket_killed_while_it_is_written_keeps_every_acknowledged_object() {
    let content = |key: &str| Bytes::from(key.repeat(5_000));
    let folder = tempfile::tempdir().unwrap();
    for acknowledged in [5, 50] {
        let mut process = Process::start(folder.path());
        let config = S3Config { endpoint: Some(process.endpoint.clone()), ..S3Config::new(Options::default().bucket) };
        let store = client(config, credentials());
        let writer = |writer: usize| {
            let store = store.clone();
            async move {
                let mut stored = Vec::new();
                for key in (0..).map(|i| format!("{acknowledged}/{writer}/{i}")) {
                    match store.put(&key, content(&key), PutOptions::if_absent()).await {
                        Ok(PutOutcome::Done(_)) => stored.push(key),
                        Ok(PutOutcome::PreconditionFailed) => panic!("{key} was not there"),
                        Ok(PutOutcome::Unknown(_)) | Err(_) => break,
                    }
                }
                stored
            }
        };
        // Killed by one of the writers, in the middle of what the others do.
        let killer = async {
            for key in (0..acknowledged).map(|i| format!("{acknowledged}/killer/{i}")) {
                let _ = store.put(&key, content(&key), PutOptions::if_absent()).await.unwrap();
            }
            process.child.kill().unwrap();
        };
        let (stored, ()) = block_on(futures::future::join(join_all((0..4).map(writer)), killer));
        process.child.wait().unwrap();

        let process = Process::start(folder.path());
        let config = S3Config { endpoint: Some(process.endpoint.clone()), ..S3Config::new(Options::default().bucket) };
        let store = client(config, credentials());
        let mut child = process.child;
        for key in stored.iter().flatten() {
            let read = block_on(store.get(key, GetOptions::default())).unwrap();
            assert!(read.bytes == content(key), "{key}");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(stored.iter().flatten().count() > 0);
    }
}
