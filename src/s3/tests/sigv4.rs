use std::time::Duration;

use bytes::Bytes;
use http::Request;

use crate::runtime::Timestamp;
use crate::s3::{Credentials, Signer};

/// The account, bucket and time of the examples in AWS's documentation of S3's signatures.
const HOST: &str = "https://examplebucket.s3.amazonaws.com";

fn credentials() -> Credentials {
    Credentials::new("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
}

fn signer(credentials: &Credentials) -> Signer<'_> {
    Signer { credentials, region: "us-east-1", time: Timestamp::from_civil(2013, 5, 24, 0, 0, 0) }
}

fn authorization(request: http::request::Builder, body: &'static str) -> String {
    let credentials = credentials();
    let mut request = request.body(Bytes::from_static(body.as_bytes())).unwrap();
    signer(&credentials).sign_headers(&mut request).unwrap();
    request.headers()["authorization"].to_str().unwrap().to_owned()
}

#[test]
fn get_object_with_a_range_is_signed_as_documented() {
    assert_eq!(
        authorization(Request::get(format!("{HOST}/test.txt")).header("range", "bytes=0-9"), ""),
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
         SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, \
         Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    );
}

#[test]
fn put_object_is_signed_as_documented() {
    let request = Request::put(format!("{HOST}/test%24file.text"))
        .header("date", "Fri, 24 May 2013 00:00:00 GMT")
        .header("x-amz-storage-class", "REDUCED_REDUNDANCY");
    let signed = authorization(request, "Welcome to Amazon S3.");
    assert!(signed.ends_with("=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"), "{signed}");
}

#[test]
fn get_bucket_lifecycle_is_signed_as_documented() {
    let signed = authorization(Request::get(format!("{HOST}/?lifecycle")), "");
    assert!(signed.ends_with("=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"), "{signed}");
}

#[test]
fn list_objects_is_signed_as_documented() {
    let signed = authorization(Request::get(format!("{HOST}/?max-keys=2&prefix=J")), "");
    assert!(signed.ends_with("=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"), "{signed}");
}

#[test]
fn a_presigned_get_is_as_documented() {
    let credentials = credentials();
    let mut request = Request::get(format!("{HOST}/test.txt")).body(Bytes::new()).unwrap();
    signer(&credentials).sign_query(&mut request, Duration::from_secs(86_400)).unwrap();
    assert_eq!(
        request.uri().to_string(),
        format!(
            "{HOST}/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
             &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
             &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        )
    );
}

#[test]
fn anonymous_requests_stay_as_they_are() {
    let credentials = Credentials::anonymous();
    let mut request = Request::get(format!("{HOST}/test.txt")).body(Bytes::new()).unwrap();
    signer(&credentials).sign_headers(&mut request).unwrap();
    signer(&credentials).sign_query(&mut request, Duration::from_secs(60)).unwrap();
    assert_eq!(request.uri().to_string(), format!("{HOST}/test.txt"));
    assert!(request.headers().is_empty());
}
