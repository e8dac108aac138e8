use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use datashard::native::FolderStore;
use datashard::store::{ObjectStore, S3Store};
use datashard::{Error, ErrorKind, Result, Table, Warehouse};

use crate::exit::{failed, invalid};
use crate::output::Output;

/// Where a table is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Address {
    Bucket { bucket: String, key: String },
    Folder(PathBuf),
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        for scheme in ["s3://", "s3a://", "s3n://"] {
            if let Some(rest) = text.strip_prefix(scheme) {
                let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
                let key = key.trim_end_matches('/');
                if bucket.is_empty() || key.is_empty() {
                    return Err(invalid(format!("`{text}` names no table: s3://bucket/path is wanted")));
                }
                return Ok(Self::Bucket { bucket: bucket.to_owned(), key: key.to_owned() });
            }
        }
        let path = text.strip_prefix("file://").unwrap_or(text);
        if path.is_empty() || path.contains("://") {
            return Err(invalid(format!("`{text}` is no address: s3://bucket/path or a folder is wanted")));
        }
        Ok(Self::Folder(PathBuf::from(path)))
    }
}

impl Address {
    /// Opens the table.
    pub(crate) async fn open(&self, output: &Output) -> Result<Table> {
        let (warehouse, name) = self.existing(output)?;
        // As tables are named by their metadata files where a catalog knows the newest.
        let file = name.rsplit('/').next().unwrap_or_default();
        if file.contains(".metadata.json") { warehouse.open_metadata(&name).await } else { warehouse.open(&name).await }
    }

    /// Where a table may be created, and under which name. Folders on the way to it are made.
    pub(crate) fn create(&self, output: &Output) -> Result<(Warehouse, String)> {
        match self {
            Self::Bucket { .. } => self.existing(output),
            Self::Folder(path) => {
                let absolute = std::path::absolute(path).map_err(|error| failed(&path.to_string_lossy(), error))?;
                split(&absolute, 1, output)
            }
        }
    }

    /// Where the table is, and its name there. Nothing is made of a folder that is missing.
    pub(crate) fn existing(&self, output: &Output) -> Result<(Warehouse, String)> {
        match self {
            Self::Bucket { bucket, key } => {
                let warehouse = Warehouse::new(S3Store::from_env_of(bucket)?);
                Ok((output.allow(warehouse), key.clone()))
            }
            Self::Folder(path) => {
                let found = std::fs::canonicalize(path).map_err(|error| {
                    let missing = error.kind() == std::io::ErrorKind::NotFound;
                    match missing {
                        true => Error::new(ErrorKind::NotFound, format!("there is no table {}", path.display())),
                        false => failed(&path.to_string_lossy(), error),
                    }
                })?;
                // Of a metadata file's table all is below the folder in which `metadata` is.
                let in_metadata = found.parent().is_some_and(|folder| folder.ends_with("metadata"));
                let depth = if found.is_file() && in_metadata { 3 } else { 1 };
                split(&found, depth, output)
            }
        }
    }
}

impl Address {
    /// Where something is that is no table of this crate's: its store, and its key there.
    pub(crate) fn store(&self) -> Result<(Arc<dyn ObjectStore>, String)> {
        match self {
            Self::Bucket { bucket, key } => Ok((Arc::new(S3Store::from_env_of(bucket)?), key.clone())),
            Self::Folder(path) => {
                let found = std::fs::canonicalize(path).map_err(|error| failed(&path.to_string_lossy(), error))?;
                let (root, name) = parts(&found, 1)?;
                Ok((Arc::new(FolderStore::open(root)?), name))
            }
        }
    }
}

/// A path as a store, and a name of so many parts in it.
fn split(path: &Path, depth: usize, output: &Output) -> Result<(Warehouse, String)> {
    let (root, name) = parts(path, depth)?;
    Ok((output.allow(Warehouse::new(FolderStore::open(root)?)), name))
}

/// A path as that of a folder, and a name of so many parts in it.
fn parts(path: &Path, depth: usize) -> Result<(&Path, String)> {
    let root = path.ancestors().nth(depth);
    let name = root.and_then(|root| path.strip_prefix(root).ok());
    let (Some(root), Some(name)) = (root, name) else {
        return Err(invalid(format!("{} cannot be a table", path.display())));
    };
    let parts: Option<Vec<&str>> = name.iter().map(|part| part.to_str()).collect();
    let name = parts.ok_or_else(|| invalid(format!("the path {} is not Unicode", path.display())))?.join("/");
    Ok((root, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_buckets_or_folders() {
        let bucket = Address::Bucket { bucket: "b".into(), key: "db/t".into() };
        for text in ["s3://b/db/t", "s3a://b/db/t/"] {
            assert_eq!(text.parse::<Address>().unwrap(), bucket);
        }
        assert_eq!("./x/y".parse::<Address>().unwrap(), Address::Folder("./x/y".into()));
        assert_eq!("file:///x/y".parse::<Address>().unwrap(), Address::Folder("/x/y".into()));
        for wrong in ["", "s3://", "s3://b", "s3://b/", "https://example.org/t"] {
            assert_eq!(wrong.parse::<Address>().unwrap_err().kind(), ErrorKind::InvalidInput, "{wrong}");
        }
    }
}
