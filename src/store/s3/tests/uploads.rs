use bytes::Bytes;
use futures::executor::block_on;

use super::scripted;
use crate::error::{ErrorKind, Result};
use crate::store::fakes::{Script, Step, answer, failure};
use crate::store::{ObjectStore, PutOptions};

const BEGUN: &str = "<InitiateMultipartUploadResult><UploadId>id+1</UploadId></InitiateMultipartUploadResult>";
const DONE: &str = "<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>";

fn upload(end: impl IntoIterator<Item = Step>) -> (Result<()>, std::sync::Arc<Script>) {
    let part = |tag| answer(200, "").header("etag", tag);
    let begin = [answer(200, BEGUN), part("\"1\""), failure(500, "InternalError"), part("\"2\"")];
    let (store, script) = scripted(begin.into_iter().chain(end));
    let result = block_on(async {
        let mut upload = store.upload("a", PutOptions::default()).await?;
        upload.part(Bytes::from_static(b"first")).await?;
        upload.part(Bytes::from_static(b"second")).await?;
        upload.complete().await
    });
    (result, script)
}

#[test]
fn an_upload_sends_its_parts_in_order_and_names_them_at_the_end() {
    let (result, script) = upload([answer(200, DONE)]);
    result.unwrap();
    let sent = script.sent();
    let queries: Vec<_> = sent.iter().map(|sent| sent.uri.query().unwrap()).collect();
    let part = "partNumber=2&uploadId=id%2B1";
    assert_eq!(queries, ["uploads=", "partNumber=1&uploadId=id%2B1", part, part, "uploadId=id%2B1"]);
    let body = std::str::from_utf8(&sent[4].body).unwrap();
    assert!(body.contains("<PartNumber>2</PartNumber><ETag>&quot;2&quot;</ETag>"), "{body}");
}

#[test]
fn an_error_in_an_answer_of_status_200_is_an_error() {
    let (result, _) = upload([failure(200, "InvalidPart")]);
    assert!(result.unwrap_err().to_string().contains("InvalidPart"));
    let (result, script) = upload([failure(200, "InternalError"), answer(200, ""), answer(200, DONE)]);
    result.unwrap();
    assert_eq!(script.sent().len(), 7);
}

#[test]
fn an_upload_that_an_unanswered_try_completed_is_recognised_by_its_object() {
    let size = |size| answer(200, "").header("content-length", size);
    let (result, _) = upload([failure(500, "InternalError"), failure(404, "NoSuchUpload"), size("11")]);
    result.unwrap();
    let (result, _) = upload([failure(500, "InternalError"), failure(404, "NoSuchUpload"), size("3")]);
    assert_eq!(result.unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn a_part_without_a_visible_tag_names_the_cors_rule() {
    let (store, _) = scripted([answer(200, BEGUN), answer(200, "")]);
    let error =
        block_on(async { store.upload("a", PutOptions::default()).await?.part(Bytes::from_static(b"x")).await });
    assert!(error.unwrap_err().to_string().contains("CORS"));
}

#[test]
fn an_upload_that_is_given_up_is_removed() {
    let (store, script) = scripted([answer(200, BEGUN), failure(404, "NoSuchUpload")]);
    block_on(async { store.upload("a", PutOptions::default()).await?.abort().await }).unwrap();
    assert_eq!(script.sent()[1].method, "DELETE");
}
