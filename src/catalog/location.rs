use crate::error::{Error, Result};

/// Where a table is: the URI that its metadata says, and the key prefix in the store under which it was found. The two
/// differ for a table that was copied or is reached by another address; its URIs are mapped.
///
/// Paths in metadata are followed only below the table and where the caller allows it: one from a stranger must not make us
/// sign requests elsewhere.
#[derive(Clone, Debug)]
pub(crate) struct Location {
    recorded: String,
    actual: String,
    key: String,
    /// Where files of the table may lie: by what URIs begin with, and the key that this is. The table itself comes first.
    places: Vec<(String, String)>,
}

/// A location beside their own where the files of tables may be: as metadata says it, and as the store has it.
#[derive(Clone, Debug)]
pub(crate) struct Allowed {
    pub(crate) recorded: String,
    pub(crate) actual: String,
}

impl Location {
    /// `recorded` is the metadata's `location`, `root` the store's URI, `key` the table's prefix in it.
    ///
    /// Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput) if an allowed location is not in the store.
    pub(crate) fn new(recorded: &str, root: &str, key: &str, allowed: &[Allowed]) -> Result<Self> {
        let (recorded, actual) = (recorded.trim_end_matches('/').to_owned(), uri(root, key));
        let mut places = vec![(normal(&recorded), key.to_owned()), (normal(&actual), key.to_owned())];
        for Allowed { recorded, actual } in allowed {
            places.push((normal(recorded.trim_end_matches('/')), key_of(root, actual)?));
        }
        Ok(Self { recorded, actual, key: key.to_owned(), places })
    }

    /// Whether the table lies where its metadata says. If not, it can be read but not be written to.
    pub(crate) fn is_original(&self) -> bool {
        normal(&self.recorded) == normal(&self.actual)
    }

    /// The table's URI as its metadata says.
    pub(crate) fn recorded(&self) -> &str {
        &self.recorded
    }

    /// The URI under which the table was found.
    pub(crate) fn actual(&self) -> &str {
        &self.actual
    }

    /// The URI, for metadata, of a file of the table: `data/x.parquet`.
    pub(crate) fn uri(&self, relative: &str) -> String {
        format!("{}/{relative}", self.recorded)
    }

    /// The key in the store of a file of the table.
    pub(crate) fn key(&self, relative: &str) -> String {
        below(&self.key, relative)
    }

    /// The key of a URI that metadata names.
    ///
    /// Fails with [`InvalidData`](crate::ErrorKind::InvalidData) for one outside the table that was not allowed.
    pub(crate) fn resolve(&self, uri: &str) -> Result<String> {
        let plain = normal(uri);
        let mut found = self.places.iter().filter_map(|(place, key)| {
            let relative = plain.strip_prefix(place.as_str())?.strip_prefix('/')?;
            relative.split('/').all(is_name).then(|| below(key, relative))
        });
        found.next().ok_or_else(|| {
            Error::invalid_data(format!(
                "the path `{uri}` lies outside the table's location `{}`, and is not followed unless the warehouse allows it",
                self.recorded
            ))
        })
    }
}

/// A key as a URI.
pub(crate) fn uri(root: &str, key: &str) -> String {
    if key.is_empty() { root.to_owned() } else { format!("{root}/{key}") }
}

/// The key of a URI in the store; the root's is empty.
///
/// Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput) on one that is not in the store.
pub(crate) fn key_of(root: &str, uri: &str) -> Result<String> {
    let plain = normal(uri.trim_end_matches('/'));
    let key = plain.strip_prefix(normal(root).as_str()).and_then(|rest| match rest {
        "" => Some(rest),
        _ => rest.strip_prefix('/').filter(|key| key.split('/').all(is_name)),
    });
    let outside = || Error::invalid_input(format!("the location `{uri}` is not in the store {root}"));
    key.map(ToOwned::to_owned).ok_or_else(outside)
}

/// Whether it is a URI or an absolute path, not a relative one.
pub(crate) fn is_uri(text: &str) -> bool {
    text.contains("://") || text.starts_with("file:") || text.starts_with('/')
}

fn below(key: &str, relative: &str) -> String {
    if key.is_empty() { relative.to_owned() } else { format!("{key}/{relative}") }
}

/// Whether a part of a path means nothing but itself.
fn is_name(segment: &str) -> bool {
    !matches!(segment, "" | "." | "..")
}

/// One spelling for what means the same: `s3a://` and `s3n://` are `s3://`; `/x`, `file:/x` and `file:///x` are one, and
/// there empty parts mean nothing.
fn normal(uri: &str) -> String {
    for alias in ["s3a://", "s3n://"] {
        if let Some(rest) = uri.strip_prefix(alias) {
            return format!("s3://{rest}");
        }
    }
    match uri.strip_prefix("file:").or_else(|| uri.starts_with('/').then_some(uri)) {
        Some(path) => {
            let mut plain = "file://".to_owned();
            for name in path.split('/').filter(|name| !name.is_empty()) {
                plain.push('/');
                plain.push_str(name);
            }
            plain
        }
        None => uri.to_owned(),
    }
}
