use std::ops::Range;

use bytes::Bytes;
use parquet::file::metadata::ParquetMetaData;

/// Dictionaries of a row group that is read in parts: each part needs them, and they are fetched with the first.
#[derive(Debug, Default)]
pub(super) struct Dictionaries {
    kept: Vec<(Range<u64>, Bytes)>,
    bytes: u64,
}

impl Dictionaries {
    pub(super) fn get(&self, range: &Range<u64>) -> Option<Bytes> {
        self.kept.iter().find(|(kept, _)| kept == range).map(|(_, bytes)| bytes.clone())
    }

    /// Keeps of what was fetched the dictionaries of a row group, so many bytes of them at most.
    pub(super) fn keep(&mut self, file: &ParquetMetaData, group: usize, most: u64, range: &Range<u64>, bytes: &Bytes) {
        let columns = file.row_groups().get(group).map(|group| group.columns()).unwrap_or_default();
        let is_dictionary = columns.iter().any(|column| {
            let ends_at_data = u64::try_from(column.data_page_offset()).is_ok_and(|data| data == range.end);
            ends_at_data && column.byte_range().0 == range.start
        });
        let all = self.bytes.saturating_add(bytes.len() as u64);
        if is_dictionary && all <= most && self.get(range).is_none() {
            // Of its own, not a part of all that was fetched.
            self.kept.push((range.clone(), Bytes::copy_from_slice(bytes)));
            self.bytes = all;
        }
    }
}
