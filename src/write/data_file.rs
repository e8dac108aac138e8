use bytes::Bytes;

use crate::catalog::TableHandle;
use crate::error::Result;
use crate::runtime::BoxFuture;
use crate::spec::{DataContent, DataFile, Metrics, Value};
use crate::write::partition::Partition;
use crate::write::put_new;

/// A data file that is written, or all but written: a small one is sent together with its commit's manifest.
#[derive(Clone, Debug)]
pub(crate) struct PreparedFile {
    pub(crate) data_file: DataFile,
    /// The partition spec of its partition.
    pub(crate) spec_id: i32,
    key: String,
    unsent: Option<Bytes>,
}

impl PreparedFile {
    /// `relative` is the file's path in the table; `unsent` its whole content, if it is not in the store yet.
    pub(super) fn new(
        table: &TableHandle,
        relative: &str,
        Partition { spec_id, values }: Partition,
        size: u64,
        metrics: Metrics,
        unsent: Option<Bytes>,
    ) -> Self {
        let data_file = data_file(&table.location.uri(relative), values, size, metrics);
        Self { data_file, spec_id, key: table.location.key(relative), unsent }
    }

    /// A file of data that another program put into the store.
    pub(crate) fn of_store(
        spec_id: i32,
        uri: &str,
        partition: Vec<Option<Value>>,
        size: u64,
        metrics: Metrics,
    ) -> Self {
        Self::stored(spec_id, data_file(uri, partition, size, metrics))
    }

    /// A file that is in the store.
    pub(crate) fn stored(spec_id: i32, data_file: DataFile) -> Self {
        Self { data_file, spec_id, key: String::new(), unsent: None }
    }

    /// Whether it deletes rows of other files.
    pub(crate) fn is_of_deletes(&self) -> bool {
        self.data_file.content != DataContent::Data
    }

    /// Puts it into the store, unless it is there.
    pub(crate) fn send<'a>(&'a mut self, table: &'a TableHandle) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            if let Some(bytes) = &self.unsent {
                put_new(table, &self.key, bytes.clone()).await?;
                self.unsent = None;
            }
            Ok(())
        })
    }

    /// What is not in the store yet: its key, and its content.
    pub(crate) fn unsent(&self) -> Option<(&str, &Bytes)> {
        Some((&self.key, self.unsent.as_ref()?))
    }
}

fn data_file(uri: &str, partition: Vec<Option<Value>>, file_size_in_bytes: u64, metrics: Metrics) -> DataFile {
    DataFile {
        content: DataContent::Data,
        file_path: uri.to_owned(),
        file_format: "PARQUET".to_owned(),
        partition,
        file_size_in_bytes,
        metrics,
        equality_ids: Vec::new(),
        sort_order_id: Some(0),
        first_row_id: None,
        referenced_data_file: None,
        content_offset: None,
        content_size_in_bytes: None,
        key_metadata: None,
    }
}
