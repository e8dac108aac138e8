use futures::TryStreamExt;
use futures::executor::block_on;

use super::scripted;
use crate::ErrorKind;
use crate::store::fakes::{Step, answer, failure};
use crate::store::{ObjectMeta, ObjectStore};

fn page(keys: &[&str], more: &str) -> Step {
    let objects: String = keys
        .iter()
        .map(|key| {
            format!(
                "<Contents><Key>{key}</Key><LastModified>2026-11-01T09:30:00.125Z</LastModified>\
                 <ETag>&quot;tag&quot;</ETag><Size>7</Size><StorageClass>STANDARD</StorageClass></Contents>"
            )
        })
        .collect();
    answer(
        200,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n<Name>bucket</Name>\
             <EncodingType>url</EncodingType>{more}{objects}</ListBucketResult>"
        ),
    )
}

fn keys(listed: Vec<ObjectMeta>) -> Vec<String> {
    listed.into_iter().map(|meta| meta.key).collect()
}

#[test]
fn a_listing_turns_its_pages_and_unescapes_its_keys() {
    let (store, script) = scripted([
        page(
            &["p/a+b%2Bc%3D%25%3F%C3%BC/%E6%97%A5%E6%9C%AC"],
            "<IsTruncated>true</IsTruncated><NextContinuationToken>1/+=</NextContinuationToken>",
        ),
        page(&[], "<IsTruncated>true</IsTruncated><NextContinuationToken>2</NextContinuationToken>"),
        failure(503, "SlowDown"),
        page(&["p/b"], "<IsTruncated>false</IsTruncated>"),
    ]);
    let listed: Vec<_> = block_on(store.list("p/", None).try_collect()).unwrap();
    assert_eq!((listed[0].size, listed[0].etag.as_ref().unwrap().as_str()), (7, "\"tag\""));
    assert_eq!(listed[0].last_modified.unwrap().to_string(), "2026-11-01T09:30:00.125Z");
    assert_eq!(keys(listed), ["p/a b+c=%?ü/日本", "p/b"]);
    let queries: Vec<_> = script.sent().iter().map(|sent| sent.uri.to_string()).collect();
    let first = "http://store.test/bucket?list-type=2&encoding-type=url&prefix=p%2F";
    let next = |token| format!("{first}&continuation-token={token}");
    assert_eq!(queries, [first.to_owned(), next("1%2F%2B%3D"), next("2"), next("2")]);
    assert!(script.sent().iter().all(|sent| sent.no_store));
}

#[test]
fn what_lies_before_the_start_or_outside_the_prefix_is_left_out_whatever_the_server_lists() {
    let (store, script) = scripted([page(&["p/x/a", "p/x/b", "p/x/c", "q"], "")]);
    let listed = block_on(store.list("p/", Some("p/x/b")).try_collect()).unwrap();
    assert_eq!(keys(listed), ["p/x/c"]);
    assert!(script.sent()[0].uri.query().unwrap().ends_with("&start-after=p%2Fx%2F"));
}

#[test]
fn a_server_that_gives_no_token_is_asked_for_what_comes_behind_the_last_key() {
    let more = "<IsTruncated>true</IsTruncated>";
    let (store, script) = scripted([page(&["a", "b"], more), page(&["c"], "")]);
    let listed = block_on(store.list("", None).try_collect()).unwrap();
    assert_eq!(keys(listed), ["a", "b", "c"]);
    assert!(script.sent()[1].uri.query().unwrap().ends_with("&start-after=b"));
}

#[test]
fn a_listing_that_does_not_get_on_ends_in_an_error() {
    let stuck = || page(&[], "<IsTruncated>true</IsTruncated><NextContinuationToken>1</NextContinuationToken>");
    let (store, _) = scripted([stuck(), stuck()]);
    let error = block_on(store.list("", None).try_collect::<Vec<_>>()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
}

#[test]
fn deleting_what_is_not_there_is_no_error_but_a_missing_bucket_is() {
    for step in [answer(204, ""), failure(404, "NoSuchKey"), answer(404, "")] {
        assert!(block_on(scripted([step]).0.delete("a")).is_ok());
    }
    let (store, _) = scripted([failure(404, "NoSuchBucket")]);
    assert_eq!(block_on(store.delete("a")).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn many_deletions_go_in_one_request_and_return_those_that_failed() {
    let (store, script) = scripted([
        answer(
            200,
            "<DeleteResult><Error><Key>b</Key><Code>AccessDenied</Code><Message>No</Message></Error>\
             <Error><Key>c&amp;d</Key><Code>InternalError</Code></Error>\
             <Error><Key>gone</Key><Code>NoSuchKey</Code></Error></DeleteResult>",
        ),
        answer(200, "<DeleteResult/>"),
    ]);
    let failed = block_on(store.delete_many(["a", "b", "c&d", "gone"].map(String::from).into())).unwrap();
    assert_eq!(failed.len(), 1);
    assert_eq!((failed[0].0.as_str(), failed[0].1.kind()), ("b", ErrorKind::PermissionDenied));
    assert!(failed[0].1.to_string().starts_with("deleting s3://bucket/b: the store denies access"));
    let sent = script.sent();
    assert_eq!(sent[0].uri.to_string(), "http://store.test/bucket?delete=");
    assert!(!sent[0].header("content-md5").is_empty());
    let body = std::str::from_utf8(&sent[1].body).unwrap();
    assert!(body.contains("<Object><Key>c&amp;d</Key></Object></Delete>") && !body.contains("<Key>a<"), "{body}");
}

#[test]
fn a_store_without_multi_object_delete_is_asked_one_by_one() {
    let (store, script) = scripted([failure(501, "NotImplemented"), answer(204, ""), failure(403, "AccessDenied")]);
    let failed = block_on(store.delete_many(["a", "b"].map(String::from).into())).unwrap();
    assert_eq!((failed.len(), failed[0].0.as_str(), script.sent().len()), (1, "b", 3));
}

#[test]
fn a_key_that_xml_cannot_say_is_deleted_by_itself() {
    let (store, script) = scripted([answer(204, "")]);
    assert!(block_on(store.delete_many(vec!["a\u{1}".into()])).unwrap().is_empty());
    assert_eq!(script.sent()[0].uri.path(), "/bucket/a%01");
}
