use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use datashard::store::{self, GetOptions, ObjectMeta, ObjectStore, Precondition, PutOptions, PutOutcome};
use futures::StreamExt;
use s3s::dto::*;
use s3s::{S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};

use super::failure::failure;
use super::listing::{Page, encode};
use super::multipart::Uploads;

/// The operations of S3 on one bucket.
pub(super) struct Bucket {
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) name: String,
    pub(super) uploads: Uploads,
}

impl Bucket {
    pub(super) fn new(store: Arc<dyn ObjectStore>, name: String) -> Self {
        Self { store, name, uploads: Uploads::default() }
    }

    fn check(&self, bucket: &str) -> S3Result<()> {
        if bucket == self.name {
            return Ok(());
        }
        Err(s3_error!(NoSuchBucket, "The only bucket here is {}", self.name))
    }

    async fn find(
        &self,
        key: &str,
        if_match: Option<ETagCondition>,
        if_none: Option<ETagCondition>,
    ) -> S3Result<ObjectMeta> {
        let meta = self.store.head(key).await.map_err(failure)?;
        let tag = etag(&meta);
        let is = |condition: ETagCondition| match condition {
            ETagCondition::Any => true,
            ETagCondition::ETag(wanted) => tag.as_ref().is_some_and(|tag| tag.weak_cmp(&wanted)),
        };
        if if_match.is_some_and(|wanted| !is(wanted)) {
            return Err(s3_error!(PreconditionFailed, "The content has another tag"));
        }
        if if_none.is_some_and(is) {
            let mut error = S3Error::new(S3ErrorCode::NotModified);
            let tag = tag.and_then(|tag| tag.to_http_header().ok());
            error.set_headers(tag.map(|tag| (hyper::header::ETAG, tag)).into_iter().collect());
            return Err(error);
        }
        Ok(meta)
    }
}

#[async_trait::async_trait]
impl S3 for Bucket {
    async fn head_bucket(&self, request: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        self.check(&request.input.bucket)?;
        Ok(S3Response::new(HeadBucketOutput::default()))
    }

    async fn get_bucket_location(
        &self,
        request: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        self.check(&request.input.bucket)?;
        Ok(S3Response::new(GetBucketLocationOutput::default()))
    }

    async fn list_buckets(&self, _: S3Request<ListBucketsInput>) -> S3Result<S3Response<ListBucketsOutput>> {
        let creation_date = Some(Timestamp::from(SystemTime::UNIX_EPOCH));
        let bucket = s3s::dto::Bucket { name: Some(self.name.clone()), creation_date, ..Default::default() };
        Ok(S3Response::new(ListBucketsOutput { buckets: Some(vec![bucket]), ..Default::default() }))
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let GetObjectInput { bucket, key, range, if_match, if_none_match, .. } = request.input;
        self.check(&bucket)?;
        let found = self.find(&key, if_match.clone(), if_none_match).await?;
        let bounds = match range {
            Some(range) => Some(range.check(found.size).map_err(|_| {
                let mut error = s3_error!(InvalidRange, "The object has {} bytes", found.size);
                let size = format!("bytes */{}", found.size).parse().ok();
                error.set_headers(size.map(|size| (hyper::header::CONTENT_RANGE, size)).into_iter().collect());
                error
            })?),
            None => None,
        };
        let options = GetOptions { range: bounds.clone(), ..GetOptions::default() };
        let read = self.store.get(&key, options).await.map_err(failure)?;
        if if_match.is_some() && read.meta.etag != found.etag {
            return Err(s3_error!(PreconditionFailed, "The content has another tag"));
        }
        let length = read.bytes.len() as u64;
        Ok(S3Response::new(GetObjectOutput {
            accept_ranges: Some("bytes".into()),
            content_length: Some(read.bytes.len() as i64),
            content_range: bounds
                .map(|range| format!("bytes {}-{}/{}", range.start, (range.start + length).max(1) - 1, read.meta.size)),
            content_type: Some("application/octet-stream".into()),
            e_tag: etag(&read.meta),
            last_modified: Some(time(&read.meta)),
            body: Some(StreamingBlob::from(s3s::Body::from(read.bytes))),
            ..Default::default()
        }))
    }

    async fn head_object(&self, request: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        let HeadObjectInput { bucket, key, if_match, if_none_match, .. } = request.input;
        self.check(&bucket)?;
        let meta = self.find(&key, if_match, if_none_match).await?;
        Ok(S3Response::new(HeadObjectOutput {
            accept_ranges: Some("bytes".into()),
            content_length: i64::try_from(meta.size).ok(),
            content_type: Some("application/octet-stream".into()),
            e_tag: etag(&meta),
            last_modified: Some(time(&meta)),
            ..Default::default()
        }))
    }

    async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let PutObjectInput { bucket, key, body, content_length, if_match, if_none_match, .. } = request.input;
        self.check(&bucket)?;
        let conditional = if_match.is_some();
        let precondition = match (if_match, if_none_match) {
            (None, None) => Precondition::None,
            (None, Some(ETagCondition::Any)) => Precondition::IfAbsent,
            (Some(ETagCondition::ETag(ETag::Strong(tag))), None) => {
                Precondition::IfMatch(store::ETag::new(format!("\"{tag}\"")))
            }
            _ => return Err(s3_error!(NotImplemented, "Only If-None-Match: * or If-Match with one tag can be met")),
        };
        let body = collect(body, content_length).await?;
        let options = PutOptions { precondition, ..PutOptions::default() };
        match self.store.put(&key, body, options).await.map_err(failure)? {
            PutOutcome::Done(tag) => {
                let e_tag = tag.as_ref().and_then(parse_etag);
                Ok(S3Response::new(PutObjectOutput { e_tag, ..Default::default() }))
            }
            PutOutcome::PreconditionFailed => {
                // As AWS answers If-Match on a key that is not there.
                if conditional {
                    self.store.head(&key).await.map_err(failure)?;
                }
                Err(s3_error!(PreconditionFailed, "At least one of the conditions did not hold"))
            }
            PutOutcome::Unknown(error) => Err(s3_error!(InternalError, "{}", error)),
        }
    }

    async fn delete_object(&self, request: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        self.check(&request.input.bucket)?;
        self.store.delete(&request.input.key).await.map_err(failure)?;
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        self.check(&request.input.bucket)?;
        let Delete { objects, quiet } = request.input.delete;
        if objects.len() > 1000 {
            return Err(s3_error!(MalformedXML, "More than 1000 keys"));
        }
        let keys: Vec<_> = objects.into_iter().map(|object| object.key).collect();
        let failed = self.store.delete_many(keys.clone()).await.map_err(failure)?;
        let deleted =
            keys.into_iter().filter(|key| quiet != Some(true) && failed.iter().all(|(other, _)| other != key));
        let deleted: Vec<_> = deleted.map(|key| DeletedObject { key: Some(key), ..Default::default() }).collect();
        let errors: Vec<_> = failed
            .into_iter()
            .map(|(key, error)| {
                let error = failure(error);
                let (code, message) = (Some(error.code().as_str().into()), error.message().map(String::from));
                s3s::dto::Error { code, key: Some(key), message, version_id: None }
            })
            .collect();
        Ok(S3Response::new(DeleteObjectsOutput { deleted: Some(deleted), errors: Some(errors), ..Default::default() }))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        self.check(&input.bucket)?;
        let after = input.continuation_token.as_ref().or(input.start_after.as_ref());
        let page = Page::read(self, &input.prefix, &input.delimiter, after, input.max_keys).await?;
        let url = input.encoding_type.is_some();
        let page = if url { page.encoded() } else { page };
        let encoded = |text: Option<String>| text.map(|text| if url { encode(&text) } else { text });
        Ok(S3Response::new(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: Some(encoded(input.prefix).unwrap_or_default()),
            delimiter: encoded(input.delimiter),
            start_after: encoded(input.start_after),
            max_keys: Some(page.max_keys),
            key_count: i32::try_from(page.objects.len() + page.prefixes.len()).ok(),
            is_truncated: Some(page.next.is_some()),
            continuation_token: input.continuation_token,
            next_continuation_token: page.next,
            contents: Some(page.objects),
            common_prefixes: Some(page.prefixes),
            encoding_type: input.encoding_type,
            ..Default::default()
        }))
    }

    async fn list_objects(&self, request: S3Request<ListObjectsInput>) -> S3Result<S3Response<ListObjectsOutput>> {
        let input = request.input;
        self.check(&input.bucket)?;
        let page = Page::read(self, &input.prefix, &input.delimiter, input.marker.as_ref(), input.max_keys).await?;
        let url = input.encoding_type.is_some();
        let page = if url { page.encoded() } else { page };
        let encoded = |text: Option<String>| text.map(|text| if url { encode(&text) } else { text });
        Ok(S3Response::new(ListObjectsOutput {
            name: Some(input.bucket),
            prefix: Some(encoded(input.prefix).unwrap_or_default()),
            delimiter: encoded(input.delimiter),
            marker: Some(encoded(input.marker).unwrap_or_default()),
            max_keys: Some(page.max_keys),
            is_truncated: Some(page.next.is_some()),
            next_marker: encoded(page.next),
            contents: Some(page.objects),
            common_prefixes: Some(page.prefixes),
            encoding_type: input.encoding_type,
            ..Default::default()
        }))
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
        let CreateMultipartUploadInput { bucket, key, .. } = request.input;
        self.check(&bucket)?;
        let upload_id = Some(self.uploads.create(&key));
        let output =
            CreateMultipartUploadOutput { bucket: Some(bucket), key: Some(key), upload_id, ..Default::default() };
        Ok(S3Response::new(output))
    }

    async fn upload_part(&self, request: S3Request<UploadPartInput>) -> S3Result<S3Response<UploadPartOutput>> {
        let UploadPartInput { bucket, key, body, content_length, part_number, upload_id, .. } = request.input;
        self.check(&bucket)?;
        let body = collect(body, content_length).await?;
        let e_tag = Some(self.uploads.part(&upload_id, &key, part_number, body)?);
        Ok(S3Response::new(UploadPartOutput { e_tag, ..Default::default() }))
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        let CompleteMultipartUploadInput { bucket, key, multipart_upload, upload_id, if_match, if_none_match, .. } =
            request.input;
        self.check(&bucket)?;
        if if_match.is_some() || if_none_match.is_some() {
            return Err(s3_error!(NotImplemented, "Conditions on completing an upload cannot be met"));
        }
        let chosen = multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
        self.uploads.complete(&*self.store, &upload_id, &key, chosen).await?;
        let e_tag = etag(&self.store.head(&key).await.map_err(failure)?);
        let output =
            CompleteMultipartUploadOutput { bucket: Some(bucket), key: Some(key), e_tag, ..Default::default() };
        Ok(S3Response::new(output))
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
        self.check(&request.input.bucket)?;
        self.uploads.abort(&request.input.upload_id, &request.input.key)?;
        Ok(S3Response::new(AbortMultipartUploadOutput::default()))
    }
}

/// The whole body; its signed hash is checked on the way, so nothing may be stored before its end.
async fn collect(body: Option<StreamingBlob>, length: Option<i64>) -> S3Result<Bytes> {
    let Some(length) = length.and_then(|length| usize::try_from(length).ok()) else {
        return Err(s3_error!(MissingContentLength, "A body must be announced by its length, also an empty one"));
    };
    let mut bytes = BytesMut::with_capacity(length.min(64 << 20));
    let mut body = body.unwrap_or_else(|| StreamingBlob::from(s3s::Body::empty()));
    while let Some(chunk) = body.next().await {
        let chunk =
            chunk.map_err(|error| s3_error!(IncompleteBody, "The body is not what was announced: {}", error))?;
        bytes.extend_from_slice(&chunk);
    }
    if bytes.len() != length {
        return Err(s3_error!(IncompleteBody, "The body has not the announced length"));
    }
    Ok(bytes.freeze())
}

fn parse_etag(tag: &store::ETag) -> Option<ETag> {
    ETag::parse_http_header(tag.as_str().as_bytes()).ok()
}

pub(super) fn etag(meta: &ObjectMeta) -> Option<ETag> {
    meta.etag.as_ref().and_then(parse_etag)
}

pub(super) fn time(meta: &ObjectMeta) -> Timestamp {
    let millis = meta.last_modified.map_or(0, |time| u64::try_from(time.as_millis()).unwrap_or_default());
    Timestamp::from(SystemTime::UNIX_EPOCH + Duration::from_millis(millis))
}
