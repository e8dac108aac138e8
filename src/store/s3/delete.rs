use std::collections::BTreeSet;

use crate::error::{Error, ErrorKind, Result};
use crate::s3::request::{self, MAX_DELETE};
use crate::s3::{response, xml};
use crate::spec::ordered;
use crate::store::s3::client::Client;
use crate::store::s3::read::Plan;

/// A thousand errors with keys of a thousand bytes.
const MAX_ANSWER: u64 = 8 << 20;

impl Client {
    pub(super) async fn delete(&self, key: &str) -> Result<()> {
        let request = request::delete_object(&self.at, &self.key(key))?;
        match self.try_send(&request, &Plan::nothing()).await? {
            Err(error) if error.status() != 404 || error.code() == "NoSuchBucket" => Err(error.into_error()),
            _ => Ok(()),
        }
    }

    pub(super) async fn delete_many(&self, keys: Vec<String>) -> Vec<(String, Error)> {
        let (batched, single): (Vec<_>, Vec<_>) = keys.into_iter().partition(|key| xml::is_expressible(key));
        let mut failed = Vec::new();
        for batch in batched.chunks(MAX_DELETE) {
            match self.delete_batch(batch).await {
                Ok(errors) => failed.extend(errors),
                Err(error) if error.kind() == ErrorKind::Unsupported => self.delete_each(batch, &mut failed).await,
                Err(error) => failed.extend(batch.iter().map(|key| (key.clone(), error.clone()))),
            }
        }
        self.delete_each(&single, &mut failed).await;
        failed
    }

    async fn delete_each(&self, keys: &[String], failed: &mut Vec<(String, Error)>) {
        for key in keys {
            if let Err(error) = self.delete(key).await {
                failed.push((key.clone(), error));
            }
        }
    }

    /// Repeats those that failed in passing.
    async fn delete_batch(&self, keys: &[String]) -> Result<Vec<(String, Error)>> {
        let mut pending: BTreeSet<String> = ordered(keys.iter().map(|key| self.key(key)));
        let mut failed = Vec::new();
        let mut tries = self.tries();
        loop {
            let request = request::delete_objects(&self.at, pending.iter().map(String::as_str))?;
            let answer = self.send(&request, &Plan::whole(MAX_ANSWER)).await?;
            let errors = response::delete_objects(answer.body())?;
            let (transient, lasting): (Vec<_>, Vec<_>) = errors
                .into_iter()
                .filter(|(key, _)| pending.contains(key))
                .partition(|(_, error)| error.is_transient());
            failed.extend(lasting);
            if transient.is_empty() || !tries.again(None).await {
                failed.extend(transient);
                break;
            }
            pending = ordered(transient.into_iter().map(|(key, _)| key));
        }
        let relative = |key: String| key.strip_prefix(&self.prefix).unwrap_or(&key).to_owned();
        Ok(failed.into_iter().map(|(key, error)| (relative(key), error.into_error())).collect())
    }
}
