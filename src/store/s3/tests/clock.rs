use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::executor::block_on;

use super::{config, scripted, store_of};
use crate::ErrorKind;
use crate::error::Result;
use crate::runtime::BoxFuture;
use crate::s3::{CredentialProvider, Credentials};
use crate::store::fakes::{NOON, Script, Step, answer, failure};
use crate::store::{GetOptions, ObjectStore, PutOptions, PutOutcome};

const ONE: &str = "Sun, 01 Nov 2026 13:00:00 GMT";
const HOUR: i64 = 3_600_000;

fn create(store: &dyn ObjectStore) -> Result<PutOutcome> {
    block_on(store.put("a", Bytes::new(), PutOptions::if_absent()))
}

fn skewed() -> Step {
    answer(
        403,
        "<Error><Code>RequestTimeTooSkewed</Code><RequestTime>20261101T120000Z</RequestTime>\
         <ServerTime>2026-11-01T13:00:00Z</ServerTime></Error>",
    )
}

#[test]
fn a_wrong_clock_is_corrected_by_the_server_s_and_the_put_signed_again() {
    for step in [skewed(), failure(403, "RequestTimeTooSkewed").header("date", ONE)] {
        let (store, script) = scripted([step, answer(200, ""), answer(200, "")]);
        assert!(matches!(create(&store), Ok(PutOutcome::Done(_))));
        assert_eq!(store.clock_offset_millis(), HOUR);
        assert!(matches!(create(&store), Ok(PutOutcome::Done(_))));
        let times: Vec<_> = script.sent().iter().map(|sent| sent.header("x-amz-date").to_owned()).collect();
        assert_eq!(times, ["20261101T120000Z", "20261101T130000Z", "20261101T130000Z"]);
    }
}

#[test]
fn a_signed_url_that_is_refused_by_a_store_with_another_time_is_signed_again() {
    let (store, script) = scripted([failure(403, "AccessDenied").header("date", ONE), answer(200, "content")]);
    assert!(block_on(store.get("a", GetOptions::default())).is_ok());
    assert_eq!(script.sent().len(), 2);
}

#[test]
fn a_clock_that_stays_wrong_is_an_error_after_one_correction() {
    let later =
        answer(403, "<Error><Code>RequestTimeTooSkewed</Code><ServerTime>2026-11-01T19:00:00Z</ServerTime></Error>");
    let (store, script) = scripted([skewed(), later]);
    assert_eq!(create(&store).unwrap_err().kind(), ErrorKind::PermissionDenied);
    assert_eq!(script.sent().len(), 2);
}

#[test]
fn the_clock_is_learnt_from_ordinary_answers_unless_they_can_come_from_a_cache() {
    let (store, _) = scripted([answer(200, "").header("date", ONE)]);
    block_on(store.get("a", GetOptions::default())).unwrap();
    assert_eq!(store.clock_offset_millis(), 0, "a cached answer has the date of the first one");

    let (store, _) = scripted([answer(200, "").header("date", ONE)]);
    block_on(store.get("a", GetOptions::fresh())).unwrap();
    assert_eq!(store.clock_offset_millis(), HOUR);

    let (store, _) =
        scripted([answer(200, "").header("date", NOON), answer(200, "").header("date", ONE).header("age", "9")]);
    let _ = create(&store).unwrap();
    let _ = create(&store).unwrap();
    assert_eq!(store.clock_offset_millis(), 0);
}

/// Hands out these in turn, the last one for ever; each refusal brings the next.
#[derive(Debug)]
struct Rotating(Mutex<VecDeque<Credentials>>);

impl Rotating {
    fn new(names: &[&str]) -> Arc<Self> {
        Arc::new(Self(Mutex::new(names.iter().map(|name| Credentials::new(*name, "s").session_token("t")).collect())))
    }
}

impl CredentialProvider for Rotating {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials>> {
        let present = self.0.lock().unwrap().front().cloned().unwrap();
        Box::pin(async move { Ok(present) })
    }

    fn reject(&self, _refused: &Credentials) {
        let mut left = self.0.lock().unwrap();
        if left.len() > 1 {
            left.pop_front();
        }
    }
}

#[test]
fn expired_credentials_are_asked_for_again_once() {
    let script = Script::new([failure(400, "ExpiredToken"), answer(200, "")]);
    let store = store_of(config(), Rotating::new(&["old", "new"]), &script);
    assert!(matches!(create(&store), Ok(PutOutcome::Done(_))));
    assert!(script.sent()[1].header("authorization").contains("Credential=new/"));

    let script = Script::new([failure(400, "ExpiredToken"), failure(400, "ExpiredToken")]);
    let store = store_of(config(), Rotating::new(&["old", "new", "newer"]), &script);
    let error = create(&store).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(error.to_string().contains("expired"), "{error}");

    let script = Script::new([failure(403, "InvalidAccessKeyId")]);
    let store = store_of(config(), Rotating::new(&["only"]), &script);
    assert!(create(&store).unwrap_err().to_string().contains("does not know this access key"));
}

#[test]
fn secrets_are_not_shown() {
    let script = Script::new([failure(403, "SignatureDoesNotMatch")]);
    let credentials = Credentials::new("AKIAIOSFODNN7EXAMPLE", "very-secret").session_token("token-secret");
    let store = store_of(config(), Arc::new(credentials), &script);
    let error = create(&store).unwrap_err();
    for shown in
        [format!("{store:?}"), error.to_string(), format!("{error:?}"), format!("{:?}", script.sent()[0].headers)]
    {
        assert!(!shown.contains("very-secret") && !shown.contains("token-secret"), "{shown}");
        assert!(!shown.contains("Signature="), "{shown}");
    }
}
