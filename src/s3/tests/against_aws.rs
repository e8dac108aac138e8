//! Signatures for anything at all, compared with those of AWS's own library.

use std::time::{Duration, SystemTime};

use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SessionTokenMode, SignableBody, SignableRequest, SignatureLocation,
    SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use bytes::Bytes;
use http::Request;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::runtime::Timestamp;
use crate::s3::{Address, Credentials, Signer};

/// What was drawn.
#[derive(Clone, Debug)]
struct Case {
    key: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    token: Option<String>,
    secret: String,
    body: Vec<u8>,
    seconds: u32,
    method: &'static str,
    path_style: bool,
}

prop_compose! {
    fn case()(
        key in "[ -~äß日😀]{0,20}(/[ -~]{1,9}){0,3}x",
        query in vec(("[a-zA-Z-]{1,9}", "[ -~ü]{0,12}"), 0..4),
        headers in vec(("x-amz-meta-[a-z]{1,6}", "[!-~]([ -~]{0,12}[!-~])?"), 0..3),
        token in option::of("[A-Za-z0-9+/=]{1,60}"),
        secret in "[A-Za-z0-9+/]{40}",
        body in vec(any::<u8>(), 0..50),
        seconds in 0u32..4_000_000_000,
        method in prop::sample::select(vec!["GET", "HEAD", "PUT", "POST", "DELETE"]),
        path_style in any::<bool>(),
    ) -> Case {
        Case { key, query, headers, token, secret, body, seconds, method, path_style }
    }
}

impl Case {
    fn request(&self) -> Option<Request<Bytes>> {
        let at = Address::new(Some("https://s3.test:8443/base"), "eu-central-1", "bucket", self.path_style).unwrap();
        let query: Vec<_> = self.query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut request = Request::builder().method(self.method).uri(at.object(&self.key, &query).ok()?);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        Some(request.body(self.body.clone().into()).unwrap())
    }

    fn credentials(&self) -> Credentials {
        let credentials = Credentials::new("AKIDEXAMPLE", self.secret.as_str());
        match &self.token {
            Some(token) => credentials.session_token(token.as_str()),
            None => credentials,
        }
    }

    /// The same request, signed by the other library.
    fn signed_by_aws(&self, settings: SigningSettings, body: SignableBody<'_>) -> Request<Bytes> {
        let identity =
            aws_credential_types::Credentials::new("AKIDEXAMPLE", &self.secret, self.token.clone(), None, "test");
        let identity = identity.into();
        let params = SigningParams::builder()
            .identity(&identity)
            .region("eu-central-1")
            .name("s3")
            .time(SystemTime::UNIX_EPOCH + Duration::from_secs(self.seconds.into()))
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let mut request = self.request().unwrap();
        let uri = request.uri().to_string();
        let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
        let signable = SignableRequest::new(self.method, uri, headers, body).unwrap();
        let (instructions, _) = sign(signable, &params).unwrap().into_parts();
        instructions.apply_to_request_http1x(&mut request);
        request
    }
}

fn settings(location: SignatureLocation) -> SigningSettings {
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings.session_token_mode = SessionTokenMode::Include;
    settings.signature_location = location;
    settings
}

fn signature(query: &str) -> Option<&str> {
    query.split('&').find_map(|pair| pair.strip_prefix("X-Amz-Signature="))
}

proptest! {
    #[test]
    fn header_signatures_are_those_of_aws(case in case()) {
        let Some(mut ours) = case.request() else { return Ok(()) };
        let time = Timestamp::from_millis(i64::from(case.seconds) * 1000);
        let credentials = case.credentials();
        Signer { credentials: &credentials, region: "eu-central-1", time }.sign_headers(&mut ours).unwrap();
        let mut settings = settings(SignatureLocation::Headers);
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        let theirs = case.signed_by_aws(settings, SignableBody::Bytes(&case.body));
        for name in ["authorization", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token"] {
            prop_assert_eq!(ours.headers().get(name), theirs.headers().get(name));
        }
    }

    #[test]
    fn query_signatures_are_those_of_aws(case in case()) {
        let Some(mut ours) = case.request() else { return Ok(()) };
        let time = Timestamp::from_millis(i64::from(case.seconds) * 1000);
        let credentials = case.credentials();
        let valid = Duration::from_secs(900);
        Signer { credentials: &credentials, region: "eu-central-1", time }.sign_query(&mut ours, valid).unwrap();
        let mut settings = settings(SignatureLocation::QueryParams);
        settings.expires_in = Some(valid);
        let theirs = case.signed_by_aws(settings, SignableBody::UnsignedPayload);
        let (ours, theirs) = (ours.uri().query().unwrap(), theirs.uri().query().unwrap());
        prop_assert!(signature(ours).is_some());
        prop_assert_eq!(signature(ours), signature(theirs), "{} and {}", ours, theirs);
    }
}
