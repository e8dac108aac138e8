use bytes::Bytes;
use futures::executor::block_on;

use super::scripted;
use crate::error::{Error, Result};
use crate::fetch::FetchErrorKind::{self, NotSent, OutcomeUnknown};
use crate::store::fakes::{Step, answer, failure, lost};
use crate::store::{ETag, ObjectStore, Precondition, PutOptions, PutOutcome};
use crate::{ErrorKind, store::S3Store};

fn put(store: &S3Store, precondition: Precondition) -> Result<PutOutcome> {
    let options = PutOptions { precondition, ..PutOptions::default() };
    block_on(store.put("a/b", Bytes::from_static(b"content"), options))
}

fn create(steps: impl IntoIterator<Item = Step>) -> (Result<PutOutcome>, usize) {
    let (store, script) = scripted(steps);
    let outcome = put(&store, Precondition::IfAbsent);
    (outcome, script.sent().len())
}

fn cause(outcome: Result<PutOutcome>) -> Error {
    match outcome {
        Ok(PutOutcome::Unknown(cause)) => cause,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_create_that_succeeds_brings_the_tag() {
    let (store, script) = scripted([answer(200, "").header("etag", "\"tag\"")]);
    let outcome = put(&store, Precondition::IfAbsent).unwrap();
    assert!(matches!(outcome, PutOutcome::Done(Some(tag)) if tag == ETag::new("\"tag\"")));
    let [sent] = &script.sent()[..] else { panic!("more than one request") };
    assert_eq!((sent.method.as_str(), sent.uri.to_string().as_str()), ("PUT", "http://store.test/bucket/a/b"));
    assert_eq!((sent.header("if-none-match"), sent.header("content-type")), ("*", "application/octet-stream"));
    assert!(sent.header("authorization").contains("SignedHeaders=content-type;host;if-none-match;"));
    assert_eq!(sent.body, "content");
}

#[test]
fn a_create_that_was_not_the_first_is_told_so_and_not_repeated() {
    let (outcome, requests) = create([failure(412, "PreconditionFailed")]);
    assert!(matches!(outcome, Ok(PutOutcome::PreconditionFailed)));
    assert_eq!(requests, 1);
}

#[test]
fn a_conditional_put_of_unknown_outcome_is_sent_exactly_once() {
    let unknown = [
        failure(409, "ConditionalRequestConflict"),
        failure(503, "SlowDown").header("retry-after", "1"),
        failure(500, "InternalError"),
        answer(502, "<html>bad gateway</html>"),
        answer(408, ""),
        answer(429, ""),
        failure(400, "RequestTimeout"),
        answer(202, ""),
        // An error that the store came upon when it had begun to answer.
        failure(200, "InternalError"),
        failure(200, "SlowDown"),
        answer(200, "  \n").broken(),
        lost(OutcomeUnknown),
        lost(FetchErrorKind::BrokenOff),
    ];
    for step in unknown {
        let (outcome, requests) = create([step]);
        assert_eq!((cause(outcome).kind(), requests), (ErrorKind::Unavailable, 1));
    }
}

#[test]
fn a_conditional_put_that_the_store_refuses_is_an_error() {
    let refused = [
        (failure(501, "NotImplemented"), ErrorKind::Unsupported),
        (failure(403, "AccessDenied"), ErrorKind::PermissionDenied),
        (failure(403, "SignatureDoesNotMatch"), ErrorKind::PermissionDenied),
        (failure(401, "Unauthorized"), ErrorKind::PermissionDenied),
        (failure(400, "InvalidArgument"), ErrorKind::InvalidInput),
        (failure(404, "NoSuchBucket"), ErrorKind::NotFound),
        (failure(403, "QuotaExceeded"), ErrorKind::Unavailable),
        (failure(400, "EntityTooLarge"), ErrorKind::InvalidInput),
        (failure(301, "PermanentRedirect"), ErrorKind::InvalidInput),
    ];
    for (step, kind) in refused {
        let (outcome, requests) = create([step]);
        assert_eq!((outcome.unwrap_err().kind(), requests), (kind, 1));
    }
}

#[test]
fn a_put_that_was_never_sent_is_sent_again_and_in_the_end_an_error() {
    let (outcome, requests) = create([lost(NotSent), lost(NotSent), answer(200, "")]);
    assert!(matches!(outcome, Ok(PutOutcome::Done(None))));
    assert_eq!(requests, 3);
    let (outcome, requests) = create([lost(NotSent), lost(NotSent), lost(NotSent)]);
    assert_eq!((outcome.unwrap_err().kind(), requests), (ErrorKind::Unavailable, 3));
    let (outcome, requests) = create([lost(NotSent), lost(OutcomeUnknown)]);
    assert_eq!((cause(outcome).kind(), requests), (ErrorKind::Unavailable, 2));
}

#[test]
fn if_match_on_a_missing_key_fails_its_condition_by_412_or_404_but_not_for_want_of_a_bucket() {
    for step in [failure(412, "PreconditionFailed"), failure(404, "NoSuchKey")] {
        let (store, script) = scripted([step]);
        let outcome = put(&store, Precondition::IfMatch(ETag::new("\"tag\"")));
        assert!(matches!(outcome, Ok(PutOutcome::PreconditionFailed)));
        assert_eq!(script.sent()[0].header("if-match"), "\"tag\"");
    }
    let (store, _) = scripted([failure(404, "NoSuchBucket")]);
    let error = put(&store, Precondition::IfMatch(ETag::new("\"tag\""))).unwrap_err();
    assert_eq!(error.to_string(), "storing s3://bucket/a/b: the bucket does not exist (404 NoSuchBucket): Said so");
}

#[test]
fn an_unconditional_put_is_repeated_until_it_succeeds() {
    let passing =
        [lost(OutcomeUnknown), failure(503, "SlowDown"), failure(200, "InternalError"), answer(200, "").broken()];
    for step in passing {
        let (store, script) = scripted([step, answer(200, "")]);
        assert!(matches!(put(&store, Precondition::None), Ok(PutOutcome::Done(None))));
        assert_eq!(script.sent().len(), 2);
    }
    // Nothing that a store says of what it stored is taken for an error of its own.
    for said in ["<html>stored</html>", "<PutObjectResult><ETag>1</ETag></PutObjectResult>", "<Error"] {
        assert!(matches!(create([answer(200, said)]), (Ok(PutOutcome::Done(None)), 1)));
    }
    let (store, _) = scripted([lost(OutcomeUnknown), lost(OutcomeUnknown), lost(OutcomeUnknown)]);
    assert_eq!(put(&store, Precondition::None).unwrap_err().kind(), ErrorKind::Unavailable);
}
