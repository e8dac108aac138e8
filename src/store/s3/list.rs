use std::collections::VecDeque;

use futures::stream;

use crate::error::{Error, Result};
use crate::runtime::BoxStream;
use crate::s3::request;
use crate::s3::response::{self, ListPage, ListedObject};
use crate::store::s3::client::{Client, fresh};
use crate::store::s3::read::Plan;
use crate::store::{ETag, ObjectMeta};

/// A thousand keys of a thousand bytes, all escaped, with what is said of them.
const MAX_PAGE: u64 = 16 << 20;

struct Listing<'a> {
    client: &'a Client,
    prefix: String,
    after: Option<String>,
    ready: VecDeque<ObjectMeta>,
    next: Next,
}

/// Where the next page begins.
#[derive(Clone, PartialEq, Eq)]
enum Next {
    First,
    Token(String),
    /// Behind this key, where a server says that there is more but gives no token.
    After(String),
    None,
}

/// The part of a key that every store can begin a listing after without losing keys behind it. Stores that keep folders
/// compare names of folders without the slash behind them, so `a/b` comes before `a-` there, and a folder that is named
/// as the marker, or as the beginning of one of its segments, is skipped. What is listed too much is filtered out.
fn safe_marker(key: &str) -> Option<&str> {
    let doubtful = key.find(|c| c < '/').unwrap_or(key.len());
    let folder = key.get(..doubtful)?.rfind('/')?;
    key.get(..=folder)
}

impl Client {
    pub(super) fn list<'a>(&'a self, prefix: &str, start_after: Option<&str>) -> BoxStream<'a, Result<ObjectMeta>> {
        let listing = Listing {
            client: self,
            prefix: self.key(prefix),
            after: start_after.map(|key| self.key(key)),
            ready: VecDeque::new(),
            next: Next::First,
        };
        Box::pin(stream::try_unfold(listing, |mut listing| async move {
            loop {
                if let Some(object) = listing.ready.pop_front() {
                    return Ok(Some((object, listing)));
                }
                if listing.next == Next::None {
                    return Ok(None);
                }
                listing.turn_page().await?;
            }
        }))
    }
}

impl Listing<'_> {
    async fn turn_page(&mut self) -> Result<()> {
        let (after, token) = match &self.next {
            Next::Token(token) => (None, Some(token.as_str())),
            Next::After(key) => (Some(key.as_str()), None),
            Next::First | Next::None => (self.after.as_deref().and_then(safe_marker), None),
        };
        let request = fresh(request::list_objects(&self.client.at, &self.prefix, after, token)?);
        let answer = self.client.send(&request, &Plan::whole(MAX_PAGE)).await?;
        let ListPage { objects, truncated, next_token } = response::list_objects(answer.body())?;
        let next = match next_token {
            _ if !truncated => Next::None,
            Some(token) => Next::Token(token),
            None => Next::After(objects.iter().map(|object| object.key.clone()).max().unwrap_or_default()),
        };
        if next == self.next && next != Next::None {
            return Err(Error::invalid_data("the store's listing does not get on"));
        }
        self.next = next;
        let wanted = |object: &ListedObject| {
            object.key.starts_with(&self.prefix) && self.after.as_ref().is_none_or(|after| object.key > *after)
        };
        let root = self.client.prefix.as_str();
        self.ready.extend(objects.into_iter().filter(wanted).map(|object| ObjectMeta {
            key: object.key.strip_prefix(root).unwrap_or(&object.key).to_owned(),
            size: object.size,
            etag: object.etag.map(ETag::new),
            last_modified: object.last_modified,
        }));
        Ok(())
    }
}
