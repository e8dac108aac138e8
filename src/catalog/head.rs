use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::runtime::Timestamp;
use crate::spec::{TableMetadata, properties};

/// A table's newest version, as far as is known.
#[derive(Clone, Debug)]
pub struct Head {
    /// The number N of `metadata/v{N}.metadata.json`; versions count up from 1 without gaps. 0 for a table whose files
    /// are named otherwise and whose hint says which is the newest: it can be read alone.
    pub version: u64,
    /// The metadata of that version.
    pub metadata: Arc<TableMetadata>,
    pub(crate) spelling: Spelling,
    /// When it was last seen to be the newest.
    pub(crate) confirmed_at: Timestamp,
    /// When it was stored, by the store's own clock, if it was read.
    pub(crate) stored_at: Option<Timestamp>,
    /// The file's bytes, where they may be needed to prove that the store honours conditions.
    pub(crate) file: Option<Bytes>,
}

/// For how long a head is taken as recent. Metadata files younger than an hour are never cleaned away, so within this
/// time the version after a head is either still there or was never created.
pub(crate) const RECENT: Duration = Duration::from_secs(600);

impl Head {
    /// Whether it was seen as the newest so recently that versions after it cannot have been cleaned away.
    pub(crate) fn is_recent(&self, now: Timestamp) -> bool {
        // A clock that stepped backwards says nothing: look again.
        now >= self.confirmed_at && now.since(self.confirmed_at) < RECENT
    }

    /// Whether it can be what a hint meant that was written then, on the store's clock. A version that is younger was
    /// created again after it had been cleaned away (R3), and is not the newest.
    pub(crate) fn was_there(&self, written_at: Option<Timestamp>) -> bool {
        self.stored_at.zip(written_at).is_none_or(|(stored, hint)| stored <= hint)
    }

    /// Whether the table was dropped (its last version is kept as a tombstone).
    pub(crate) fn is_dropped(&self) -> bool {
        self.metadata.property(properties::DROPPED) == Some("true")
    }

    /// The name of this version's metadata file.
    pub fn file_name(&self) -> String {
        self.spelling.file_name(self.version)
    }
}

/// How a table's metadata files are spelled. One spelling a table, so that a version has one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// `v7.metadata.json`
    Plain,
    /// `v7.gz.metadata.json`
    Gzip,
    /// `v7.metadata.json.gz`, as older writers had it.
    LegacyGzip,
    /// Any other name, without a number.
    Named,
}

impl Spelling {
    pub(crate) fn file_name(self, version: u64) -> String {
        match self {
            Self::Plain => format!("v{version}.metadata.json"),
            Self::Gzip => format!("v{version}.gz.metadata.json"),
            Self::LegacyGzip => format!("v{version}.metadata.json.gz"),
            Self::Named => String::new(),
        }
    }

    /// The version and spelling of a metadata file's name; `None` for any other name.
    pub(crate) fn parse(file_name: &str) -> Option<(u64, Self)> {
        let (digits, rest) = file_name.strip_prefix('v')?.split_once('.')?;
        let spelling = match rest {
            "metadata.json" => Self::Plain,
            "gz.metadata.json" => Self::Gzip,
            "metadata.json.gz" => Self::LegacyGzip,
            _ => return None,
        };
        let canonical = digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
        if canonical { Some((digits.parse().ok()?, spelling)) } else { None }
    }
}
