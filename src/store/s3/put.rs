use bytes::Bytes;

use crate::error::{Error, Result};
use crate::fetch::{ConditionalAnswer, FetchErrorKind};
use crate::s3::request::{Condition, put_object};
use crate::s3::response::object_head;
use crate::store::s3::client::{Client, Sent, lost};
use crate::store::s3::read::Plan;
use crate::store::{ETag, Precondition, PutOptions, PutOutcome};

pub(super) const DEFAULT_TYPE: &str = "application/octet-stream";

impl Client {
    pub(super) async fn put(&self, key: &str, body: Bytes, options: PutOptions) -> Result<PutOutcome> {
        let condition = match &options.precondition {
            Precondition::None => Condition::Always,
            Precondition::IfAbsent => Condition::IfAbsent,
            Precondition::IfMatch(tag) => Condition::IfMatch(tag.as_str()),
        };
        let content_type = options.content_type.unwrap_or(DEFAULT_TYPE);
        let request = put_object(&self.at, &self.key(key), body, content_type, condition)?;
        if options.best_effort && condition == Condition::Always {
            return match self.send_once(&request).await? {
                Sent::Answered(answer) => Ok(PutOutcome::Done(object_head(answer.headers()).etag.map(ETag::new))),
                Sent::Failed(failure) => Err(failure.error.into_error()),
                Sent::Lost(error) => Err(lost(error)),
            };
        }
        if condition == Condition::Always {
            let answer = self.send(&request, &Plan::nothing()).await?;
            return Ok(PutOutcome::Done(object_head(answer.headers()).etag.map(ETag::new)));
        }
        let if_match = matches!(condition, Condition::IfMatch(_));
        let mut tries = self.tries();
        loop {
            let error = match self.send_once(&request).await? {
                Sent::Answered(answer) => {
                    return Ok(match ConditionalAnswer::of(answer.status(), if_match) {
                        ConditionalAnswer::Done => PutOutcome::Done(object_head(answer.headers()).etag.map(ETag::new)),
                        _ => PutOutcome::Unknown(Error::unavailable(format!(
                            "the store answered a put with status {}",
                            answer.status()
                        ))),
                    });
                }
                Sent::Failed(failure) => {
                    let no_bucket = failure.error.code() == "NoSuchBucket";
                    return match ConditionalAnswer::of(failure.head.status, if_match && !no_bucket) {
                        ConditionalAnswer::PreconditionFailed => Ok(PutOutcome::PreconditionFailed),
                        ConditionalAnswer::Refused if !failure.error.is_transient() => Err(failure.error.into_error()),
                        _ => Ok(PutOutcome::Unknown(failure.error.into_error())),
                    };
                }
                // Nothing was sent, so sending it is not sending it again.
                Sent::Lost(error) if error.kind() == FetchErrorKind::NotSent => lost(error),
                Sent::Lost(error) => return Ok(PutOutcome::Unknown(lost(error))),
            };
            if !tries.again(None).await {
                return Err(error);
            }
        }
    }
}
