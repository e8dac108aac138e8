use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::executor::block_on;
use http::{Request, Response};

use super::settings::Settings;
use crate::ErrorKind;
use crate::error::Result;
use crate::fetch::{Body, Fetch, FetchError};
use crate::native::SystemRuntime;
use crate::runtime::BoxFuture;
use crate::s3::Credentials;

/// Answers like every credential service at once, and says by the key which of them was asked.
#[derive(Debug)]
struct Services;

impl Fetch for Services {
    fn fetch(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Body>, FetchError>> {
        let uri = request.uri().to_string();
        let header = |name| request.headers().get(name).map_or("", |value| value.to_str().unwrap());
        let answer = if uri.contains("api/token") {
            "token".into()
        } else if uri.ends_with("security-credentials/") {
            "role".into()
        } else if uri.contains("sts") {
            let body = String::from_utf8(request.body().to_vec()).unwrap();
            let credentials = format!(
                "<AccessKeyId>{uri} {}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
                 <SessionToken>t</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration>",
                body.replace('&', " ")
            );
            format!(
                "<R><AssumeRoleWithWebIdentityResult><Credentials>{credentials}</Credentials></AssumeRoleWithWebIdentityResult></R>"
            )
        } else {
            format!(r#"{{"AccessKeyId": "{uri} {}", "SecretAccessKey": "s"}}"#, header("authorization"))
        };
        Box::pin(async move { Ok(Response::new(Body::from(Bytes::from(answer)))) })
    }
}

fn lookup(variables: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> {
    let variables: BTreeMap<_, _> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    move |name| variables.get(name).cloned()
}

fn credentials(variables: &[(&str, &str)]) -> Result<Credentials> {
    let mut all = vec![("DATASHARD_S3_BUCKET", "b")];
    all.extend(variables);
    let lookup = lookup(&all);
    let settings = Settings::new(&lookup);
    let config = settings.config()?;
    block_on(settings.credentials(&config, Arc::new(Services), Arc::new(SystemRuntime))?.credentials())
}

fn asked(variables: &[(&str, &str)]) -> String {
    credentials(variables).unwrap().access_key().to_owned()
}

#[test]
fn our_names_come_before_those_of_aws() {
    let all = lookup(&[
        ("DATASHARD_S3_BUCKET", "bucket"),
        ("DATASHARD_S3_PREFIX", "pre/fix"),
        ("DATASHARD_S3_ENDPOINT", "https://ours"),
        ("AWS_ENDPOINT_URL", "https://theirs"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_DEFAULT_REGION", "eu-west-2"),
    ]);
    let config = Settings::new(&all).config().unwrap();
    assert_eq!((config.bucket.as_str(), config.prefix.as_str()), ("bucket", "pre/fix"));
    assert_eq!((config.endpoint.as_deref(), config.region.as_str()), (Some("https://ours"), "eu-west-1"));
}

#[test]
fn without_a_bucket_the_error_names_the_variable() {
    let error = Settings::new(&lookup(&[("DATASHARD_S3_BUCKET", " ")])).config().unwrap_err();
    assert!(error.to_string().contains("DATASHARD_S3_BUCKET"), "{error}");
}

#[test]
fn keys_in_the_environment_come_first_and_keep_their_own_token() {
    let aws = [("AWS_ACCESS_KEY_ID", "aws"), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_SESSION_TOKEN", "t")];
    assert_eq!(credentials(&aws).unwrap(), Credentials::new("aws", "s").session_token("t"));
    let mut both = aws.to_vec();
    both.extend([("DATASHARD_S3_ACCESS_KEY", "ours"), ("DATASHARD_S3_SECRET_KEY", "s")]);
    assert_eq!(credentials(&both).unwrap(), Credentials::new("ours", "s"));
}

#[test]
fn half_of_a_pair_of_keys_is_an_error_that_names_both_and_shows_neither() {
    let error = credentials(&[("AWS_SECRET_ACCESS_KEY", "hidden")]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(error.to_string(), "AWS_SECRET_ACCESS_KEY is set without AWS_ACCESS_KEY_ID");
}

#[test]
fn a_container_is_asked_at_its_path_or_its_url_with_its_token() {
    assert_eq!(
        asked(&[("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/id"), ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "tok")]),
        "http://169.254.170.2/v2/id tok"
    );
    assert_eq!(
        asked(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:80/id")]).trim(),
        "http://127.0.0.1:80/id"
    );
    let error = credentials(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.org/id")]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[test]
fn a_web_identity_is_read_from_its_file_and_sent_to_the_region_s_token_service() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "a+token\n").unwrap();
    let asked = asked(&[
        ("AWS_WEB_IDENTITY_TOKEN_FILE", file.to_str().unwrap()),
        ("AWS_ROLE_ARN", "arn:aws:iam::1:role/r"),
        ("AWS_REGION", "eu-west-1"),
    ]);
    assert_eq!(
        asked,
        "https://sts.eu-west-1.amazonaws.com/ Action=AssumeRoleWithWebIdentity Version=2011-06-15 \
         RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr RoleSessionName=datashard WebIdentityToken=a%2Btoken"
    );
}

#[test]
fn the_instance_is_asked_last_and_only_on_aws() {
    assert_eq!(asked(&[]).trim(), "http://169.254.169.254/latest/meta-data/iam/security-credentials/role");
    assert!(credentials(&[("AWS_EC2_METADATA_DISABLED", "true")]).unwrap().is_anonymous());
    assert!(credentials(&[("AWS_ENDPOINT_URL", "https://example.org")]).unwrap().is_anonymous());
    assert!(!credentials(&[("AWS_ENDPOINT_URL", "https://s3.eu-west-1.amazonaws.com")]).unwrap().is_anonymous());
}

#[test]
fn another_bucket_is_at_the_same_place_without_the_prefix() {
    let variables = [("DATASHARD_S3_BUCKET", "b"), ("DATASHARD_S3_PREFIX", "p"), ("AWS_ENDPOINT_URL", "http://h:1")];
    let lookup = lookup(&variables);
    let config = Settings::new(&lookup).config_of("other");
    assert_eq!((config.bucket.as_str(), config.prefix.as_str()), ("other", ""));
    assert_eq!(config.endpoint.as_deref(), Some("http://h:1"));
}
