use std::sync::Arc;

use bytes::Bytes;

use crate::error::{Error, ErrorKind, Result, ResultExt};
use crate::runtime::BoxFuture;
use crate::s3::{request, response};
use crate::store::s3::client::Client;
use crate::store::s3::put::DEFAULT_TYPE;
use crate::store::s3::read::Plan;
use crate::store::{PutOptions, Upload};

/// S3's limit.
const MAX_PARTS: u16 = 10_000;
const MAX_ANSWER: u64 = 64 << 10;

#[derive(Debug)]
pub(super) struct S3Upload {
    client: Arc<Client>,
    key: String,
    /// For messages.
    uri: String,
    id: String,
    parts: Vec<(u16, String)>,
    size: u64,
}

impl S3Upload {
    pub(super) async fn begin(client: Arc<Client>, key: &str, uri: String, options: PutOptions) -> Result<Self> {
        let content_type = options.content_type.unwrap_or(DEFAULT_TYPE);
        let request = request::create_multipart_upload(&client.at, &client.key(key), content_type)?;
        let begun = client.send(&request, &Plan::whole(MAX_ANSWER)).await;
        let id = begun.and_then(|answer| response::create_multipart_upload(answer.body()));
        let id = id.context(|| format!("storing {uri}"))?;
        Ok(Self { client, key: key.to_owned(), uri, id, parts: Vec::new(), size: 0 })
    }

    async fn send_part(&mut self, bytes: Bytes) -> Result<()> {
        let number = self.parts.last().map_or(1, |(number, _)| number.saturating_add(1));
        if number > MAX_PARTS {
            return Err(Error::invalid_input(format!("an object has at most {MAX_PARTS} parts")));
        }
        let size = bytes.len() as u64;
        let client = &self.client;
        let request = request::upload_part(&client.at, &client.key(&self.key), &self.id, number, bytes)?;
        let answer = client.send(&request, &Plan::nothing()).await?;
        let tag = response::object_head(answer.headers()).etag.ok_or_else(|| {
            Error::unsupported(
                "the store names no ETag of a part: in browsers, the bucket's CORS rule must expose ETag",
            )
        })?;
        self.parts.push((number, tag));
        self.size += size;
        Ok(())
    }

    async fn finish(&self) -> Result<()> {
        let client = &self.client;
        let request = request::complete_multipart_upload(&client.at, &client.key(&self.key), &self.id, &self.parts)?;
        let mut tries = client.tries();
        loop {
            // Only an answer that was read to its end says that the object is there.
            let error = match client.send(&request, &Plan::whole(MAX_ANSWER)).await {
                Ok(answer) => match response::complete_multipart_upload(answer.body()) {
                    Ok(()) => return Ok(()),
                    Err(error) if error.is_transient() => error.into_error(),
                    Err(error) => return self.settle(error.into_error()).await,
                },
                Err(error) => return self.settle(error).await,
            };
            if !tries.again(None).await {
                return self.settle(error).await;
            }
        }
    }

    /// An upload that an earlier try completed is unknown to the next. Names are new, so an object of the right size under
    /// this one is this one.
    async fn settle(&self, error: Error) -> Result<()> {
        if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Unavailable) {
            return Err(error);
        }
        match self.client.head(&self.key).await {
            Ok(meta) if meta.size == self.size => Ok(()),
            _ => Err(error),
        }
    }
}

impl Upload for S3Upload {
    fn part(&mut self, bytes: Bytes) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let sent = self.send_part(bytes).await;
            sent.context(|| format!("storing {}", self.uri))
        })
    }

    fn complete(mut self: Box<Self>) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            if self.parts.is_empty() {
                // An object needs a part, be it empty.
                self.part(Bytes::new()).await?;
            }
            self.finish().await.context(|| format!("storing {}", self.uri))
        })
    }

    fn abort(self: Box<Self>) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            let client = &self.client;
            let request = request::abort_multipart_upload(&client.at, &client.key(&self.key), &self.id)?;
            match client.send(&request, &Plan::nothing()).await {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    Err(error.context(format!("giving up {}", self.uri)))
                }
                _ => Ok(()),
            }
        })
    }
}
