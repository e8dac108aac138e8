//! Deletes that are kept beside the data: positions of rows in files, and values whose rows are gone.

mod equality;
mod keys;
mod positions;

pub(crate) use equality::EqualityDeletes;
pub(crate) use keys::Keys;
pub(crate) use positions::{Listed, PositionDeletes, Source};

/// How many bytes of a delete file, or of those of one group, are fetched at a time, beside the budget: files whose rows wait for deletes hold that.
const DELETES: u64 = 16 << 20;
