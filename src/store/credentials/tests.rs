use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::executor::block_on;
use futures::future::join;

use super::*;
use crate::error::{Error, ErrorKind, Result};
use crate::fetch::FetchErrorKind::{NotSent, OutcomeUnknown};
use crate::runtime::{BoxFuture, Runtime};
use crate::s3::{CredentialProvider, Credentials};
use crate::store::fakes::{FakeClock, Script, Step, answer, lost, noon};

const MINUTE: Duration = Duration::from_secs(60);

fn json(key: &str, expiration: &str) -> Step {
    answer(
        200,
        format!(
            r#"{{"Code": "Success", "AccessKeyId": "{key}", "SecretAccessKey": "hidden", "Token": "hidden too",
                "Expiration": "{expiration}", "RoleArn": "arn", "Type": "AWS-HMAC"}}"#
        ),
    )
}

fn container(script: &Arc<Script>, clock: &Arc<FakeClock>) -> ContainerCredentials {
    let token = Some(SecretFn::fixed("bearer\n"));
    ContainerCredentials::new("/v2/credentials/id", token, script.clone(), clock.clone()).unwrap()
}

fn key(provider: &dyn CredentialProvider) -> String {
    block_on(provider.credentials()).unwrap().access_key().to_owned()
}

#[test]
fn a_container_s_credentials_are_renewed_five_minutes_ahead_and_kept_while_renewal_fails() {
    let (clock, script) = (
        FakeClock::at(noon()),
        Script::new([json("first", "2026-11-01T13:00:00Z"), answer(404, ""), json("second", "2026-11-01T19:00:00Z")]),
    );
    let cached = CachedCredentials::new(Arc::new(container(&script, &clock)), clock.clone());
    assert_eq!(key(&cached), "first");
    clock.advance(54 * MINUTE);
    assert_eq!((key(&cached), script.sent().len()), ("first".into(), 1));
    clock.advance(2 * MINUTE);
    assert_eq!((key(&cached), script.sent().len()), ("first".into(), 2), "the renewal failed");
    assert_eq!((key(&cached), script.sent().len()), ("first".into(), 2), "and is not tried at every request");
    clock.advance(MINUTE);
    assert_eq!((key(&cached), script.sent().len()), ("second".into(), 3));
    let sent = &script.sent()[0];
    assert_eq!(sent.uri.to_string(), "http://169.254.170.2/v2/credentials/id");
    assert_eq!(sent.header("authorization"), "bearer");
}

#[test]
fn credentials_that_ended_are_not_handed_out_when_renewal_fails() {
    let clock = FakeClock::at(noon());
    let script = Script::new([json("first", "2026-11-01T13:00:00Z"), answer(403, "the service's own secret")]);
    let cached = CachedCredentials::new(Arc::new(container(&script, &clock)), clock.clone());
    assert_eq!(key(&cached), "first");
    clock.advance(60 * MINUTE);
    let error = block_on(cached.credentials()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[test]
fn an_instance_is_asked_for_a_token_then_its_role_then_the_keys() {
    let clock = FakeClock::at(noon());
    let script = Script::new([
        lost(OutcomeUnknown),
        answer(200, "session"),
        answer(200, "my-role\n"),
        json("key", "2026-11-01T18:00:00Z"),
    ]);
    let provider = InstanceCredentials::new(None, script.clone(), clock);
    let credentials = block_on(provider.credentials()).unwrap();
    assert_eq!(credentials.expiry().unwrap().to_string(), "2026-11-01T18:00:00.000Z");
    let sent = script.sent();
    assert_eq!((sent[1].method.as_str(), sent[1].uri.path()), ("PUT", "/latest/api/token"));
    assert_eq!(sent[3].uri.to_string(), "http://169.254.169.254/latest/meta-data/iam/security-credentials/my-role");
    assert!(sent[2..].iter().all(|sent| sent.header("x-aws-ec2-metadata-token") == "session"));
    assert!(!format!("{:?} {credentials:?}", sent).contains("session\""), "the token is sensitive");
}

#[test]
fn where_there_is_no_instance_the_error_says_that_credentials_are_missing() {
    let script = Script::new([lost(NotSent), lost(NotSent), lost(NotSent)]);
    let provider = InstanceCredentials::new(None, script, FakeClock::at(noon()));
    let error = block_on(provider.credentials()).unwrap_err();
    assert!(error.to_string().starts_with("no credentials are set"), "{error}");
}

#[test]
fn a_web_identity_is_exchanged_for_keys_with_a_token_read_anew_each_time() {
    let clock = FakeClock::at(noon());
    let sts = |key: &str| {
        answer(
            200,
            format!(
                "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
                 <AssumeRoleWithWebIdentityResult><Credentials><SessionToken>t</SessionToken>\
                 <SecretAccessKey>s</SecretAccessKey><Expiration>2026-11-01T12:15:00Z</Expiration>\
                 <AccessKeyId>{key}</AccessKeyId></Credentials></AssumeRoleWithWebIdentityResult>\
                 </AssumeRoleWithWebIdentityResponse>"
            ),
        )
    };
    let script = Script::new([sts("first"), answer(503, ""), sts("second")]);
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    let token = SecretFn::new(move || {
        let n = counter.fetch_add(1, Ordering::Relaxed);
        async move { Ok(format!("token-{n}")) }
    });
    let provider =
        WebIdentityCredentials::new("https://sts.test", "arn:role", "me", token, script.clone(), clock.clone());
    let cached = CachedCredentials::new(Arc::new(provider), clock.clone());
    assert_eq!(key(&cached), "first");
    clock.advance(11 * MINUTE);
    assert_eq!(key(&cached), "second");
    let bodies: Vec<_> = script.sent().iter().map(|sent| String::from_utf8(sent.body.to_vec()).unwrap()).collect();
    assert!(bodies[0].ends_with("&WebIdentityToken=token-0") && bodies[2].ends_with("&WebIdentityToken=token-1"));
}

#[test]
fn a_refused_web_identity_is_an_error_without_the_token() {
    let script = Script::new([answer(
        400,
        "<ErrorResponse><Error><Code>ExpiredTokenException</Code><Message>Token eyJ is expired</Message></Error></ErrorResponse>",
    )]);
    let clock = FakeClock::at(noon());
    let provider = WebIdentityCredentials::new("https://sts.test", "arn", "me", SecretFn::fixed("eyJ"), script, clock);
    let error = block_on(provider.credentials()).unwrap_err();
    assert_eq!(error.to_string(), "the security token service gave no credentials (400 ExpiredTokenException)");
}

#[test]
fn malformed_answers_are_errors_that_show_nothing_of_them() {
    let answers = [
        answer(200, "<html>hidden</html>"),
        answer(200, r#"{"AccessKeyId": "hidden"}"#),
        answer(200, r#"{"AccessKeyId": "", "SecretAccessKey": "hidden"}"#),
        answer(200, r#"{"Code": "AssumeRoleUnauthorizedAccess", "Message": "hidden"}"#),
        json("hidden", "soon"),
    ];
    for step in answers {
        let script = Script::new([step]);
        let error = block_on(container(&script, &FakeClock::at(noon())).credentials()).unwrap_err();
        assert!(!error.to_string().contains("hidden"), "{error}");
    }
}

/// Counts how often it is asked, and lets others run before it answers.
#[derive(Debug, Default)]
struct Slow(AtomicUsize);

impl CredentialProvider for Slow {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials>> {
        Box::pin(async {
            let n = self.0.fetch_add(1, Ordering::Relaxed);
            let mut yielded = false;
            futures::future::poll_fn(|context| {
                context.waker().wake_by_ref();
                if std::mem::replace(&mut yielded, true) {
                    std::task::Poll::Ready(())
                } else {
                    std::task::Poll::Pending
                }
            })
            .await;
            if n == 9 { Err(Error::unavailable("enough")) } else { Ok(Credentials::new(format!("key{n}"), "s")) }
        })
    }
}

#[test]
fn one_renewal_serves_all_who_wait_and_a_refusal_brings_another() {
    let clock = FakeClock::at(noon());
    let slow = Arc::new(Slow::default());
    let cached = CachedCredentials::new(slow.clone(), clock);
    let (first, second) = block_on(join(cached.credentials(), cached.credentials()));
    let first = first.unwrap();
    assert_eq!((&first, slow.0.load(Ordering::Relaxed)), (&second.unwrap(), 1));
    cached.reject(&first);
    assert_eq!(key(&cached), "key1");
    cached.reject(&first);
    assert_eq!(key(&cached), "key1", "a late refusal of old credentials does not touch the new ones");
}

#[test]
fn a_callback_is_a_provider() {
    let provider = CredentialsFn::new(|| async { Ok(Credentials::new("from the program", "s")) });
    assert_eq!(key(&provider), "from the program");
    assert!(FakeClock::at(noon()).now() == noon());
}

#[test]
fn debug_shows_no_secret() {
    let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "hidden").session_token("hidden too");
    let clock = FakeClock::at(noon());
    let cached = CachedCredentials::new(Arc::new(credentials), clock.clone());
    assert_eq!(key(&cached), "AKIAIOSFODNN7EXAMPLE");
    let shown = format!("{cached:?} {:?}", container(&Script::new([]), &clock));
    assert!(
        !shown.contains("hidden") && !shown.contains("bearer") && !shown.contains("AKIAIOSFODNN7EXAMPLE"),
        "{shown}"
    );
}
