use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use crate::catalog::TableHandle;
use crate::error::Result;
use crate::parquet::Projection;
use crate::read::report::ReadReport;
use crate::spec::NameMapping;
use crate::store::get_ranges;

/// The files of a table, and what reading them took.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    handle: Arc<TableHandle>,
    report: Arc<Mutex<ReadReport>>,
}

impl Files {
    pub(crate) fn new(handle: Arc<TableHandle>) -> Self {
        Self { handle, report: Arc::default() }
    }

    /// What the columns of a file without field ids are by their names. Those that the projection fills come from where
    /// it says, which is before names (spec: Column Projection).
    pub(crate) fn name_mapping(&self, projection: &Projection) -> Result<Option<NameMapping>> {
        let mapping = self.handle.head().metadata.name_mapping()?;
        Ok(mapping.map(|mapping| mapping.without(&|id| projection.fill(id).is_some())))
    }

    /// Parts of a file, in few requests.
    pub(crate) async fn get(&self, path: &str, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let key = self.handle.location.resolve(path)?;
        let (bytes, requests) = get_ranges(&*self.handle.store, &key, ranges).await?;
        self.note(|report| {
            report.requests += requests.len() as u64;
            report.bytes += requests.iter().map(|range| range.end - range.start).sum::<u64>();
        });
        Ok(bytes)
    }

    /// How large a file is, as the store says.
    pub(crate) async fn size(&self, path: &str) -> Result<u64> {
        let key = self.handle.location.resolve(path)?;
        let size = self.handle.store.head(&key).await?.size;
        self.note(|report| report.requests += 1);
        Ok(size)
    }

    pub(crate) fn note(&self, add: impl FnOnce(&mut ReadReport)) {
        add(&mut self.report.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) fn report(&self) -> ReadReport {
        *self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
