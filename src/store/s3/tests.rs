mod clock;
mod lists;
mod puts;
mod reads;
mod uploads;

use std::sync::Arc;
use std::time::Duration;

use crate::fetch::RetryPolicy;
use crate::s3::{CredentialProvider, Credentials};
use crate::store::fakes::{FakeClock, Script, Step, noon};
use crate::store::{ReadSigning, S3Config, S3Store};

fn config() -> S3Config {
    S3Config {
        endpoint: Some("http://store.test".into()),
        retry: RetryPolicy { max_tries: 3, deadline: Duration::from_secs(30), ..RetryPolicy::default() },
        read_signing: ReadSigning::Header,
        ..S3Config::new("bucket")
    }
}

fn store_of(config: S3Config, credentials: Arc<dyn CredentialProvider>, script: &Arc<Script>) -> S3Store {
    S3Store::new(config, credentials, script.clone(), FakeClock::at(noon())).unwrap()
}

/// A store whose server gives these answers.
fn scripted(steps: impl IntoIterator<Item = Step>) -> (S3Store, Arc<Script>) {
    let script = Script::new(steps);
    (store_of(config(), Arc::new(Credentials::new("key", "secret")), &script), script)
}
