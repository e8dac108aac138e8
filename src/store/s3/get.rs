use bytes::Bytes;
use http::HeaderMap;

use crate::error::{Error, Result};
use crate::s3::request::{get_object, head_object};
use crate::s3::response::object_head;
use crate::store::s3::client::{Client, fresh};
use crate::store::s3::read::Plan;
use crate::store::{ETag, GetOptions, GetResult, ObjectMeta};

/// What a read takes into memory if it does not say otherwise.
const DEFAULT_LIMIT: u64 = 1 << 30;

impl Client {
    pub(super) async fn get(&self, key: &str, options: GetOptions) -> Result<GetResult> {
        let limit = options.limit.unwrap_or(DEFAULT_LIMIT);
        if let Some(range) = &options.range {
            if range.start > range.end {
                return Err(Error::invalid_input(format!("the range {range:?} ends before it begins")));
            }
            if range.is_empty() {
                return self.get_nothing(key, range.start).await;
            }
        }
        let mut request = get_object(&self.at, &self.key(key), options.range.as_ref())?;
        if options.fresh {
            request = fresh(request);
        }
        let limit = match &options.range {
            Some(range) if options.limit.is_none() => range.end - range.start,
            _ => limit,
        };
        let answer = self.send(&request, &Plan { range: options.range.clone(), limit }).await?;
        let (head, bytes) = answer.into_parts();
        let said = object_head(&head.headers);
        let size = match (said.content_range, &options.range) {
            (Some(range), _) => range.size,
            (None, _) if head.status.as_u16() == 206 => None,
            (None, None) => Some(bytes.len() as u64),
            (None, Some(_)) => said.content_length,
        };
        let meta = match size {
            Some(size) => meta(key, size, &head.headers),
            // The bucket's CORS rule hides it.
            None => self.head(key).await?,
        };
        if let Some(range) = options.range {
            if range.start >= meta.size {
                return Err(beyond(key, meta.size, range.start));
            }
            if bytes.len() as u64 != range.end.min(meta.size) - range.start {
                return Err(Error::unavailable("the store answered with less than was asked for"));
            }
        }
        Ok(GetResult { bytes, meta })
    }

    pub(super) async fn head(&self, key: &str) -> Result<ObjectMeta> {
        let request = fresh(head_object(&self.at, &self.key(key))?);
        let answer = self.send(&request, &Plan::nothing()).await?;
        let size = object_head(answer.headers()).content_length;
        let size = size.ok_or_else(|| Error::invalid_data("the store did not tell the object's size"))?;
        Ok(meta(key, size, answer.headers()))
    }

    /// HTTP cannot say an empty range.
    async fn get_nothing(&self, key: &str, start: u64) -> Result<GetResult> {
        let meta = self.head(key).await?;
        if start >= meta.size {
            return Err(beyond(key, meta.size, start));
        }
        Ok(GetResult { bytes: Bytes::new(), meta })
    }
}

fn beyond(key: &str, size: u64, start: u64) -> Error {
    Error::invalid_input(format!("{key} has {size} bytes, so none from {start}"))
}

fn meta(key: &str, size: u64, headers: &HeaderMap) -> ObjectMeta {
    let said = object_head(headers);
    ObjectMeta { key: key.to_owned(), size, etag: said.etag.map(ETag::new), last_modified: said.last_modified }
}
