//! Names of table properties, and reading them with their defaults.

use std::str::FromStr;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::spec::TableMetadata;

/// Written anew by every commit of ours: how a writer recognises its own commit.
pub(crate) const COMMIT_ID: &str = "datashard.commit-id";
/// In summaries of snapshots: the digests of the keys of the appends that it holds.
pub(crate) const IDEMPOTENCY_KEYS: &str = "datashard.idempotency-keys";
/// On a table that was dropped: its last version, kept so that no version number is used twice.
pub(crate) const DROPPED: &str = "datashard.dropped";
/// The [`COMMIT_ID`] of the version before, where that was ours: tells which versions follow on which.
pub(crate) const PARENT_COMMIT_ID: &str = "datashard.parent-commit-id";
/// Set by our commits, before which the store was proved to honour conditional writes.
pub(crate) const PROVED: &str = "datashard.conditional-writes";
/// Set by us at creation: which version of this crate it was.
pub(crate) const CREATED_BY: &str = "datashard.created-by";
/// The Python package datashard merges manifests at this number of them, and forgets the sequence numbers that ours let be
/// inherited: other engines then refuse the table. At 0 it never does.
pub(crate) const PYTHON_COMPACTION_THRESHOLD: &str = "datashard.manifest.compaction-threshold";
/// How long one commit is tried, in milliseconds.
pub(crate) const COMMIT_TOTAL_TIMEOUT: &str = "commit.retry.total-timeout-ms";
/// How often one commit is tried again.
pub(crate) const COMMIT_NUM_RETRIES: &str = "commit.retry.num-retries";
/// The least and greatest wait between two tries, in milliseconds.
pub(crate) const COMMIT_MIN_WAIT: &str = "commit.retry.min-wait-ms";
pub(crate) const COMMIT_MAX_WAIT: &str = "commit.retry.max-wait-ms";
/// How many earlier metadata files the metadata log names.
pub(crate) const PREVIOUS_VERSIONS_MAX: &str = "write.metadata.previous-versions-max";
/// The size of data files to aim for, in bytes.
pub(crate) const TARGET_FILE_SIZE: &str = "write.target-file-size-bytes";
/// The most rows that a data file has.
pub(crate) const MAX_ROWS_PER_FILE: &str = "datashard.write.max-rows-per-file";
/// Which columns the names in files without field ids mean, as JSON.
pub(crate) const NAME_MAPPING: &str = "schema.name-mapping.default";
/// Never a property of a table: setting it upgrades the table's format, as other engines have it.
pub(crate) const FORMAT_VERSION: &str = "format-version";
/// Java's names for places outside the table that file-system tables cannot have.
pub(crate) const METADATA_PATH: &str = "write.metadata.path";
pub(crate) const DATA_PATH: &str = "write.data.path";

/// Whether a property is the library's own note, which nobody else sets: all of `datashard.` but what says how to write.
pub(crate) fn is_own(name: &str) -> bool {
    name.starts_with("datashard.") && name != MAX_ROWS_PER_FILE
}

/// The version of the format that a value of [`FORMAT_VERSION`] means.
pub(crate) fn format_version(text: &str) -> Result<i32> {
    let wrong = |_| Error::invalid_input(format!("property `{FORMAT_VERSION}`: `{text}` is no version"));
    text.trim().parse().map_err(wrong)
}

impl TableMetadata {
    /// A property as a number; the default if it is not set.
    ///
    /// Fails with [`InvalidData`](crate::ErrorKind::InvalidData) if it is set to something else.
    pub(crate) fn number<T: FromStr>(&self, name: &str, default: T) -> Result<T> {
        match self.property(name) {
            None => Ok(default),
            Some(text) => text
                .trim()
                .parse()
                .map_err(|_| Error::invalid_data(format!("property `{name}` is no number: `{text}`"))),
        }
    }

    pub(crate) fn millis(&self, name: &str, default: Duration) -> Result<Duration> {
        let default = u64::try_from(default.as_millis()).unwrap_or(u64::MAX);
        Ok(Duration::from_millis(self.number(name, default)?))
    }
}
