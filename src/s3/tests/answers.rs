use http::HeaderMap;
use proptest::prelude::*;

use crate::ErrorKind;
use crate::s3::response::{ContentRange, complete_multipart_upload, delete_objects, list_objects, object_head};
use crate::s3::{ServiceError, http_date, iso8601};

fn error(status: u16, body: &str) -> ServiceError {
    ServiceError::from_answer(status, &HeaderMap::new(), body.as_bytes())
}

fn message(status: u16, body: &str) -> String {
    error(status, body).into_error().to_string()
}

fn coded(code: &str) -> String {
    format!("<Error><Code>{code}</Code><Message>Words.</Message></Error>")
}

#[test]
fn errors_have_the_kind_that_says_what_to_do() {
    let kinds = [
        (404, "NoSuchKey", ErrorKind::NotFound),
        (404, "NoSuchBucket", ErrorKind::NotFound),
        (403, "AccessDenied", ErrorKind::PermissionDenied),
        (403, "SignatureDoesNotMatch", ErrorKind::PermissionDenied),
        (403, "InvalidAccessKeyId", ErrorKind::PermissionDenied),
        (400, "ExpiredToken", ErrorKind::PermissionDenied),
        (403, "RequestTimeTooSkewed", ErrorKind::PermissionDenied),
        (503, "SlowDown", ErrorKind::Unavailable),
        (400, "RequestTimeout", ErrorKind::Unavailable),
        (501, "NotImplemented", ErrorKind::Unsupported),
        (400, "EntityTooLarge", ErrorKind::InvalidInput),
        (403, "QuotaExceeded", ErrorKind::Unavailable),
        (507, "XMinioStorageFull", ErrorKind::Unavailable),
        (400, "AuthorizationHeaderMalformed", ErrorKind::InvalidInput),
        (412, "PreconditionFailed", ErrorKind::Conflict),
    ];
    for (status, code, kind) in kinds {
        assert_eq!(error(status, &coded(code)).kind(), kind, "{code}");
    }
}

#[test]
fn messages_say_what_to_check_and_quote_the_store() {
    assert_eq!(
        message(403, &coded("SignatureDoesNotMatch")),
        "the store rejects the signature: check the secret key (and the endpoint) (403 SignatureDoesNotMatch): Words"
    );
    let region = "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>";
    assert!(message(400, region).contains("(400 AuthorizationHeaderMalformed, eu-west-1)"));
    assert_eq!(message(503, "<html>busy</html>"), "the store answered with an error (503 ServiceUnavailable)");
    assert_eq!(message(403, ""), "the store denies access: these credentials may not do this here (403 Forbidden)");
}

#[test]
fn the_store_s_words_are_bounded_and_in_one_line() {
    let long = format!("<Error><Code>X</Code><Message>a\nb{}</Message></Error>", "c".repeat(10_000));
    let message = message(400, &long);
    assert!(message.len() < 500 && !message.contains('\n'), "{message}");
}

#[test]
fn content_ranges_are_read_and_nonsense_is_not() {
    let read = |text: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert("content-range", text.parse().unwrap());
        object_head(&headers).content_range
    };
    assert_eq!(read("bytes 2-4/7"), Some(ContentRange { start: 2, end: 5, size: Some(7) }));
    assert_eq!(read("bytes 2-4/*"), Some(ContentRange { start: 2, end: 5, size: None }));
    for bad in ["bytes */7", "bytes 4-2/7", "bytes 0-7/7", "bytes 0-18446744073709551615/*", "items 0-1/2", "bytes 0-1"]
    {
        assert_eq!(read(bad), None, "{bad}");
    }
}

#[test]
fn a_listing_that_is_not_escaped_keeps_its_plus_signs() {
    let page = list_objects(
        b"<ListBucketResult><IsTruncated>false</IsTruncated>\
          <Contents><Key>a+b%20c</Key><Size>1</Size></Contents></ListBucketResult>",
    );
    assert_eq!(page.unwrap().objects[0].key, "a+b%20c");
}

#[test]
fn an_answer_of_something_else_than_s3_is_named() {
    let error = list_objects(b"<html><body>Welcome</body></html>").unwrap_err();
    assert!(error.to_string().contains("is this S3?"), "{error}");
    let denied = list_objects(coded("AccessDenied").as_bytes()).unwrap_err();
    assert_eq!(denied.kind(), ErrorKind::PermissionDenied);
    assert!(
        list_objects(b"<ListBucketResult><Contents><Key>a</Key><Size>-1</Size></Contents></ListBucketResult>").is_err()
    );
}

#[test]
fn an_empty_answer_completes_a_quiet_delete_but_no_upload() {
    assert_eq!(delete_objects(b" \n").unwrap(), []);
    assert!(complete_multipart_upload(b"").unwrap_err().is_transient());
}

#[test]
fn dates_are_read_and_nonsense_is_not() {
    let time = |text: &str| http_date(text).or_else(|| iso8601(text)).map(|time| time.to_string());
    assert_eq!(time("Sun, 06 Nov 1994 08:49:37 GMT").as_deref(), Some("1994-11-06T08:49:37.000Z"));
    assert_eq!(time("2009-10-12T17:50:30.25Z").as_deref(), Some("2009-10-12T17:50:30.250Z"));
    assert_eq!(time("2009-10-12T17:50:30Z").as_deref(), Some("2009-10-12T17:50:30.000Z"));
    for bad in [
        "",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 CET",
        "Sun, 99 Nov 1994 08:49:37 GMT",
        "2009-10-12",
        "2009-13-12T00:00:00Z",
        "99999999-10-12T00:00:00Z",
        "2009-10-12T24:00:00Z",
        "2009-10-12T17:50:30.Z",
        "2009-10-12T17:50:30.äZ",
    ] {
        assert_eq!(time(bad), None, "{bad}");
    }
}

proptest! {
    #[test]
    fn any_text_is_a_date_or_not(text in "\\PC{0,40}") {
        let _ = (http_date(&text), iso8601(&text));
    }
}
