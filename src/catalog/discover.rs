//! Finding a table's newest version. The version hint is where to begin, and never the truth.

use futures::TryStreamExt;
use futures::future::try_join;

use crate::ErrorKind;
use crate::catalog::Head;
use crate::catalog::head::Spelling;
use crate::catalog::store_catalog::{HINT, StoreCatalog, key};
use crate::error::{Error, Result, ResultExt};
use crate::runtime::Timestamp;
use crate::store::GetOptions;

/// What is in `version-hint.text`: the number of a version, or, of some writers, the name of a file.
enum Hint {
    Version(u64),
    Name(String),
}

impl Hint {
    fn parse(text: &str) -> Option<Self> {
        let name = text.strip_suffix(".metadata.json").unwrap_or(text);
        if let Ok(version) = name.strip_prefix('v').unwrap_or(name).parse() {
            return Some(Self::Version(version));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let is_name = (1..=200).contains(&name.len()) && name.chars().all(plain) && !name.starts_with('.');
        is_name.then(|| Self::Name(format!("{name}.metadata.json")))
    }
}

/// After so many versions found one by one, a listing is cheaper.
const PROBES: usize = 8;
/// After so many the hint is asked.
const ASK_AFTER: usize = 2;

impl StoreCatalog {
    /// The newest version, knowing nothing. Three requests in two rounds if the hint is right.
    pub(super) async fn discover(&self, table: &str) -> Result<Head> {
        let (hint, written_at) = match self.hint(table).await? {
            Some((hint, written_at)) => (Some(hint), written_at),
            None => (None, None),
        };
        if let Some(Hint::Name(name)) = &hint
            && let Some(head) = self.read_file(table, name, 0, Spelling::Named).await?
        {
            return Ok(head);
        }
        if let Some(Hint::Version(hint)) = hint {
            let (this, next) = try_join(
                self.read_version(table, hint, Spelling::Plain),
                self.read_version(table, hint.saturating_add(1), Spelling::Plain),
            )
            .await?;
            match (this, next) {
                (Some(this), None) if this.was_there(written_at) => return Ok(this),
                (Some(_), Some(next)) => return self.follow(table, next).await,
                // The hint is ahead, or its version was cleaned away, or the files are spelled otherwise.
                _ => {}
            }
        }
        self.newest_listed(table).await
    }

    /// The newest version from a known one on, by looking for the next until there is none.
    pub(super) async fn follow(&self, table: &str, known: Head) -> Result<Head> {
        let mut newest = known;
        for probe in 1..=PROBES {
            let confirmed_at = self.runtime.now();
            match self.read_version(table, newest.version.saturating_add(1), newest.spelling).await? {
                None => return Ok(Head { confirmed_at, ..newest }),
                Some(next) => newest = next,
            }
            // Other writers are busy: the hint may be far ahead.
            if probe == ASK_AFTER
                && let Ok(Some((Hint::Version(hint), written_at))) = self.hint(table).await
                && hint > newest.version
                && let Some(ahead) = self.read_version(table, hint, newest.spelling).await?
                && ahead.was_there(written_at)
            {
                newest = ahead;
            }
        }
        self.newest_listed(table).await
    }

    /// What the hint says; `None` if there is no hint, or none that can be understood.
    async fn hint(&self, table: &str) -> Result<Option<(Hint, Option<Timestamp>)>> {
        let options = GetOptions { fresh: true, limit: Some(4096), ..GetOptions::default() };
        let result = match self.store.get(&key(table, HINT), options).await {
            Ok(result) => result,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidData) => return Ok(None),
            Err(error) => return Err(error.context(format!("opening the table `{table}`"))),
        };
        let text = String::from_utf8_lossy(&result.bytes);
        let first = text.lines().next().unwrap_or_default().trim();
        Ok(Hint::parse(first).map(|hint| (hint, result.meta.last_modified)))
    }

    /// The newest version by listing, and by looking beyond what the listing showed.
    pub(super) async fn newest_listed(&self, table: &str) -> Result<Head> {
        let prefix = key(table, "");
        loop {
            let mut newest: Option<(u64, Spelling)> = None;
            let mut foreign = None;
            let mut listing = self.store.list(&prefix, None);
            while let Some(object) = listing.try_next().await.context(|| format!("opening the table `{table}`"))? {
                let name = object.key.strip_prefix(&prefix).unwrap_or_default();
                match Spelling::parse(name) {
                    Some((version, spelling)) if newest.is_none_or(|(seen, _)| version > seen) => {
                        newest = Some((version, spelling));
                    }
                    Some((version, spelling))
                        if newest.is_some_and(|(seen, own)| version == seen && spelling != own) =>
                    {
                        let message = format!("the table `{table}` has two metadata files for version {version}");
                        return Err(Error::invalid_data(message));
                    }
                    None if name.ends_with(".metadata.json") => foreign = Some(name.to_owned()),
                    _ => {}
                }
            }
            let Some((version, spelling)) = newest else {
                return Err(match foreign {
                    Some(name) => Error::unsupported(format!(
                        "the table `{table}` has no `v<N>.metadata.json`: `{name}` belongs to a catalog, which alone knows its newest version: open it by its metadata file"
                    )),
                    None => Error::not_found(format!("there is no table `{table}` in {}", self.store.root())),
                });
            };
            // Gone since the listing: cleaned away, so newer ones are there.
            if let Some(head) = self.read_version(table, version, spelling).await? {
                return Box::pin(self.follow(table, head)).await;
            }
        }
    }
}
