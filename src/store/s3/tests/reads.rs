use std::sync::Arc;

use futures::executor::block_on;

use super::{config, scripted, store_of};
use crate::error::{ErrorKind, Result};
use crate::fetch::FetchErrorKind::{NotSent, OutcomeUnknown};
use crate::s3::Credentials;
use crate::store::fakes::{Script, Step, answer, failure, lost};
use crate::store::{GetOptions, GetResult, ObjectStore, ReadSigning, S3Config};

fn read(options: GetOptions, steps: impl IntoIterator<Item = Step>) -> (Result<GetResult>, usize) {
    let (store, script) = scripted(steps);
    let result = block_on(store.get("a/b", options));
    (result, script.sent().len())
}

fn content(result: Result<GetResult>) -> (String, u64) {
    let read = result.unwrap();
    (String::from_utf8(read.bytes.to_vec()).unwrap(), read.meta.size)
}

fn range(start: u64, end: u64) -> GetOptions {
    GetOptions::range(start..end)
}

#[test]
fn a_read_brings_content_size_tag_and_time() {
    let (store, script) = scripted([answer(200, "")
        .pieces(&["con", "te", "nt"])
        .header("content-length", "7")
        .header("etag", "\"tag\"")
        .header("last-modified", "Sun, 01 Nov 2026 11:59:58 GMT")]);
    let read = block_on(store.get("a b+c=%?ü/日本", GetOptions::fresh())).unwrap();
    assert_eq!((read.bytes.as_ref(), read.meta.size), (b"content".as_slice(), 7));
    assert_eq!(read.meta.key, "a b+c=%?ü/日本");
    assert_eq!(read.meta.etag.unwrap().as_str(), "\"tag\"");
    assert_eq!(read.meta.last_modified.unwrap().to_string(), "2026-11-01T11:59:58.000Z");
    let sent = &script.sent()[0];
    assert_eq!(sent.uri.path(), "/bucket/a%20b%2Bc%3D%25%3F%C3%BC/%E6%97%A5%E6%9C%AC");
    assert!(sent.no_store);
}

#[test]
fn reads_are_repeated_after_overload_lost_connections_and_truncated_bodies() {
    let failures: [fn() -> Step; 7] = [
        || failure(503, "SlowDown").header("retry-after", "7"),
        || failure(500, "InternalError"),
        || answer(429, ""),
        || lost(OutcomeUnknown),
        || lost(NotSent),
        || answer(200, "cont").header("content-length", "7"),
        || answer(200, "cont").header("content-length", "7").broken(),
    ];
    for step in failures {
        let (result, requests) = read(GetOptions::default(), [step(), step(), answer(200, "content")]);
        assert_eq!((content(result), requests), (("content".into(), 7), 3));
        let (result, requests) = read(GetOptions::default(), [step(), step(), step()]);
        assert_eq!((result.unwrap_err().kind(), requests), (ErrorKind::Unavailable, 3));
    }
}

#[test]
fn a_refused_read_is_not_repeated() {
    for (step, kind) in [
        (failure(404, "NoSuchKey"), ErrorKind::NotFound),
        (failure(403, "AccessDenied"), ErrorKind::PermissionDenied),
        (failure(403, "InvalidObjectState"), ErrorKind::Unsupported),
        (failure(416, "InvalidRange"), ErrorKind::InvalidInput),
    ] {
        let (result, requests) = read(range(0, 9), [step]);
        assert_eq!((result.unwrap_err().kind(), requests), (kind, 1));
    }
}

#[test]
fn a_range_is_cut_out_of_whatever_the_server_answers() {
    let partial = |status, text: &'static str, range| answer(status, text).header("content-range", range);
    let answers = [
        ("206", partial(206, "nte", "bytes 2-4/7")),
        ("200 with Content-Range", partial(200, "nte", "bytes 2-4/7")),
        ("a wider range", partial(206, "content", "bytes 0-6/7")),
        ("the whole object", answer(200, "").pieces(&["c", "on", "t", "ent"]).header("content-length", "7")),
    ];
    for (what, step) in answers {
        let (result, requests) = read(range(2, 5), [step]);
        assert_eq!((content(result), requests), (("nte".into(), 7), 1), "{what}");
    }
    let (result, _) = read(range(5, 100), [partial(206, "nt", "bytes 5-6/7")]);
    assert_eq!(content(result), ("nt".into(), 7));
    let (result, _) = read(range(5, 100), [answer(200, "content").header("content-length", "7")]);
    assert_eq!(content(result), ("nt".into(), 7));
}

#[test]
fn where_a_browser_hides_the_size_of_the_whole_object_it_is_asked_for() {
    let (result, requests) = read(range(2, 5), [answer(206, "nte"), answer(200, "").header("content-length", "7")]);
    assert_eq!((content(result), requests), (("nte".into(), 7), 2));
    let (result, _) = read(range(2, 5), [answer(206, "nt"), answer(200, "").header("content-length", "7")]);
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Unavailable);
}

#[test]
fn a_range_that_is_not_what_was_asked_for_is_never_taken_for_it() {
    let wrong = || answer(206, "ent").header("content-range", "bytes 4-6/7");
    assert_eq!(read(range(2, 5), [wrong()]).0.unwrap_err().kind(), ErrorKind::InvalidData);
    assert_eq!(read(GetOptions::default(), [wrong()]).0.unwrap_err().kind(), ErrorKind::InvalidData);
    let short = || answer(206, "nt").header("content-range", "bytes 2-3/7");
    let (result, requests) = read(range(2, 5), [short(), short(), short()]);
    assert_eq!((result.unwrap_err().kind(), requests), (ErrorKind::Unavailable, 3));
}

#[test]
fn a_range_beyond_the_end_is_the_same_error_however_the_server_says_it() {
    for step in [failure(416, "InvalidRange"), answer(200, "content").header("content-length", "7")] {
        assert_eq!(read(range(7, 9), [step]).0.unwrap_err().kind(), ErrorKind::InvalidInput);
    }
}

#[test]
fn an_empty_range_asks_only_whether_it_is_inside() {
    let head = || answer(200, "").header("content-length", "7");
    assert_eq!(content(read(range(3, 3), [head()]).0), (String::new(), 7));
    assert_eq!(read(range(7, 7), [head()]).0.unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(
        read(GetOptions { range: Some(std::ops::Range { start: 4, end: 3 }), ..GetOptions::default() }, []).1,
        0
    );
}

#[test]
fn no_more_is_taken_into_memory_than_is_allowed_and_no_second_try_is_made() {
    let limited = || GetOptions { limit: Some(6), ..GetOptions::default() };
    for step in [answer(200, "content").header("content-length", "7"), answer(200, "").pieces(&["cont", "ent"])] {
        let (result, requests) = read(limited(), [step]);
        assert_eq!((result.unwrap_err().kind(), requests), (ErrorKind::InvalidData, 1));
    }
    assert_eq!(content(read(limited(), [answer(200, "conten")]).0).0, "conten");
}

#[test]
fn keys_that_clients_would_rewrite_are_refused_unsent() {
    let (store, script) = scripted([]);
    for key in ["", ".", "..", "a/../b", "a/./b"] {
        assert_eq!(block_on(store.head(key)).unwrap_err().kind(), ErrorKind::InvalidInput, "{key:?}");
    }
    assert!(script.sent().is_empty());
}

#[test]
fn reads_signed_in_the_query_have_no_header_and_the_same_url_for_minutes() {
    let script = Script::new((0..2).map(|_| answer(200, "content").header("content-length", "7")));
    let config = S3Config { read_signing: ReadSigning::Query, ..config() };
    let store = store_of(config, Arc::new(Credentials::new("key", "secret").session_token("t")), &script);
    for _ in 0..2 {
        block_on(store.get("a", GetOptions::range(0..7))).unwrap();
    }
    let sent = script.sent();
    assert_eq!(sent[0].uri, sent[1].uri);
    assert!(sent[0].uri.query().unwrap().contains("X-Amz-Security-Token=t&X-Amz-SignedHeaders=host&X-Amz-Signature="));
    assert_eq!(sent[0].headers.keys().map(|name| name.as_str()).collect::<Vec<_>>(), ["range"]);
}

#[test]
fn a_store_below_a_prefix_keeps_to_it() {
    let script = Script::new([answer(200, "content")]);
    let config = S3Config { prefix: "/pre/fix/".into(), ..config() };
    let store = store_of(config, Arc::new(Credentials::anonymous()), &script);
    assert_eq!(store.root(), "s3://bucket/pre/fix");
    assert_eq!(block_on(store.get("a", GetOptions::default())).unwrap().meta.key, "a");
    assert_eq!(script.sent()[0].uri.path(), "/bucket/pre/fix/a");
    assert!(script.sent()[0].headers.is_empty(), "anonymous");
}
