use bytes::Bytes;

use crate::catalog::TableHandle;
use crate::error::Result;
use crate::runtime::BoxFuture;
use crate::spec::{DataContent, DataFile, Metrics};
use crate::write::put_new;

/// A data file that is written, or all but written: a small one is sent together with its commit's manifest.
#[derive(Clone, Debug)]
pub(crate) struct PreparedFile {
    pub(crate) data_file: DataFile,
    key: String,
    unsent: Option<Bytes>,
}

impl PreparedFile {
    /// `relative` is the file's path in the table; `unsent` its whole content, if it is not in the store yet.
    pub(super) fn new(table: &TableHandle, relative: &str, size: u64, metrics: Metrics, unsent: Option<Bytes>) -> Self {
        let data_file = DataFile {
            content: DataContent::Data,
            file_path: table.location.uri(relative),
            file_format: "PARQUET".to_owned(),
            partition: Vec::new(),
            file_size_in_bytes: size,
            metrics,
            equality_ids: Vec::new(),
            sort_order_id: Some(0),
            first_row_id: None,
            referenced_data_file: None,
            content_offset: None,
            content_size_in_bytes: None,
            key_metadata: None,
        };
        Self { data_file, key: table.location.key(relative), unsent }
    }

    /// Sends what is not in the store yet. May be repeated.
    pub(crate) fn send<'a>(&'a self, table: &'a TableHandle) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            match &self.unsent {
                None => Ok(()),
                Some(bytes) => put_new(table, &self.key, bytes.clone()).await,
            }
        })
    }
}
