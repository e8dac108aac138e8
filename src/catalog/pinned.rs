use std::sync::Arc;

use crate::catalog::head::Spelling;
use crate::catalog::{Attempt, Catalog, CommitOutcome, Head, StoreCatalog};
use crate::error::{Error, Result};
use crate::runtime::BoxFuture;
use crate::spec::TableMetadata;

/// One metadata file for ever: a table that was opened by it. Which file is the newest, its own catalog knows.
#[derive(Debug)]
pub(crate) struct Pinned {
    key: String,
}

impl Pinned {
    /// Reads a metadata file of any name, plain or compressed. Fails with [`NotFound`](crate::ErrorKind::NotFound) if it
    /// is not there.
    pub(crate) async fn open(catalog: &StoreCatalog, key: &str) -> Result<(Self, Head)> {
        let name = key.rsplit('/').next().unwrap_or(key);
        let (version, spelling) = Spelling::parse(name).unwrap_or((0, Spelling::Named));
        let head = catalog.read_key(key, version, spelling).await?;
        let missing = || Error::not_found(format!("there is no metadata file {key} in {}", catalog.store.root()));
        Ok((Self { key: key.to_owned() }, Head { file: None, ..head.ok_or_else(missing)? }))
    }

    fn refuse<T>(&self) -> Result<T> {
        Err(Error::unsupported(self.why_not()))
    }

    fn why_not(&self) -> String {
        let key = &self.key;
        format!(
            "it was opened by its metadata file {key}, so it is read-only: its catalog alone knows the newest version"
        )
    }
}

impl Catalog for Pinned {
    fn head<'a>(&'a self, _: &'a str, known: Option<&'a Head>) -> BoxFuture<'a, Result<Head>> {
        Box::pin(async move { known.map_or_else(|| self.refuse(), |known| Ok(known.clone())) })
    }

    fn version<'a>(&'a self, _: &'a str, _: &'a Head, _: u64) -> BoxFuture<'a, Result<Option<Arc<TableMetadata>>>> {
        Box::pin(async move { self.refuse() })
    }

    fn publish<'a>(&'a self, _: &'a str, _: &'a Attempt) -> BoxFuture<'a, Result<CommitOutcome>> {
        Box::pin(async move { self.refuse() })
    }

    fn announce<'a>(&'a self, _: &'a str, _: &'a Head) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }

    fn read_only(&self) -> Option<String> {
        Some(self.why_not())
    }
}
