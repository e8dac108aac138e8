use futures::TryStreamExt;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::{CommonPrefix, Object};
use s3s::{S3Result, s3_error};

use super::bucket::{Bucket, etag, time};
use super::failure::failure;

/// A page of a listing.
#[derive(Default)]
pub(super) struct Page {
    pub(super) objects: Vec<Object>,
    pub(super) prefixes: Vec<CommonPrefix>,
    pub(super) max_keys: i32,
    /// The key or common prefix after which the next page begins.
    pub(super) next: Option<String>,
}

impl Page {
    /// The store must list in the order of keys.
    pub(super) async fn read(
        bucket: &Bucket,
        prefix: &Option<String>,
        delimiter: &Option<String>,
        after: Option<&String>,
        max_keys: Option<i32>,
    ) -> S3Result<Self> {
        let prefix = prefix.as_deref().unwrap_or_default();
        let delimiter = delimiter.as_deref().filter(|delimiter| !delimiter.is_empty());
        let max_keys = max_keys.unwrap_or(1000).min(1000);
        let room = usize::try_from(max_keys).map_err(|_| s3_error!(InvalidArgument, "max-keys is negative"))?;
        let mut page = Self { max_keys, ..Self::default() };
        let common = |key: &str| {
            let end = key.get(prefix.len()..)?.find(delimiter?)? + prefix.len() + delimiter?.len();
            key.get(..end).map(String::from)
        };
        let mut last = after.cloned().unwrap_or_default();
        'walk: loop {
            // A page that ended with a common prefix goes on behind all keys that have it.
            let from =
                if common(&last).as_ref() == Some(&last) { format!("{last}{}", char::MAX) } else { last.clone() };
            let mut listed = bucket.store.list(prefix, Some(&from));
            while let Some(meta) = listed.try_next().await.map_err(failure)? {
                if page.objects.len() + page.prefixes.len() == room {
                    page.next = (room > 0).then_some(last);
                    return Ok(page);
                }
                if let Some(common) = common(&meta.key) {
                    page.prefixes.push(CommonPrefix { prefix: Some(common.clone()) });
                    last = common;
                    continue 'walk;
                }
                last = meta.key.clone();
                page.objects.push(Object {
                    e_tag: etag(&meta),
                    last_modified: Some(time(&meta)),
                    size: i64::try_from(meta.size).ok(),
                    key: Some(meta.key),
                    ..Default::default()
                });
            }
            return Ok(page);
        }
    }

    /// For `encoding-type=url`.
    pub(super) fn encoded(mut self) -> Self {
        let keys = self.objects.iter_mut().filter_map(|object| object.key.as_mut());
        let prefixes = self.prefixes.iter_mut().filter_map(|common| common.prefix.as_mut());
        keys.chain(prefixes).for_each(|text| *text = encode(text));
        self
    }
}

const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, KEPT).to_string()
}
