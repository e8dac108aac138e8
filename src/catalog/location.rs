use crate::error::{Error, Result};

/// Where a table is: the URI that its metadata says, and the key prefix in the store under which it was found. The two
/// differ for a table that was copied or is reached by another address; its URIs are mapped.
///
/// Paths in metadata are followed only below the table: one from a stranger must not make us sign requests elsewhere.
#[derive(Clone, Debug)]
pub(crate) struct Location {
    recorded: String,
    actual: String,
    key: String,
}

impl Location {
    /// `recorded` is the metadata's `location`, `root` the store's URI, `key` the table's prefix in it.
    pub(crate) fn new(recorded: &str, root: &str, key: &str) -> Self {
        let actual = uri(root, key);
        Self { recorded: recorded.trim_end_matches('/').to_owned(), actual, key: key.to_owned() }
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
        if self.key.is_empty() { relative.to_owned() } else { format!("{}/{relative}", self.key) }
    }

    /// The key of a URI that metadata names.
    ///
    /// Fails with [`InvalidData`](crate::ErrorKind::InvalidData) for one outside the table.
    pub(crate) fn resolve(&self, uri: &str) -> Result<String> {
        let plain = normal(uri);
        let relative = [&self.recorded, &self.actual].into_iter().find_map(|base| {
            let rest = plain.strip_prefix(normal(base).as_str())?;
            rest.strip_prefix('/')
        });
        let clean = |relative: &str| {
            let hidden = |segment: &str| segment.is_empty() || segment == "." || segment == "..";
            !relative.split('/').any(hidden)
        };
        match relative {
            Some(relative) if clean(relative) => Ok(self.key(relative)),
            _ => Err(Error::invalid_data(format!(
                "the path `{uri}` lies outside the table's location `{}` and is not followed",
                self.recorded
            ))),
        }
    }
}

/// A key as a URI.
pub(crate) fn uri(root: &str, key: &str) -> String {
    if key.is_empty() { root.to_owned() } else { format!("{root}/{key}") }
}

/// One spelling for what means the same: `s3a://` and `s3n://` are `s3://`, `file:/x` and `file:///x` are one.
fn normal(uri: &str) -> String {
    for alias in ["s3a://", "s3n://"] {
        if let Some(rest) = uri.strip_prefix(alias) {
            return format!("s3://{rest}");
        }
    }
    match uri.strip_prefix("file:") {
        Some(rest) => format!("file:///{}", rest.trim_start_matches('/')),
        None => uri.to_owned(),
    }
}
