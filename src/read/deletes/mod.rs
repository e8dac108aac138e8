//! Deletes that are kept beside the data: positions of rows in files, and values whose rows are gone.

mod equality;
mod keys;
mod positions;

pub(crate) use equality::EqualityDeletes;
pub(crate) use positions::{PositionDeletes, Source};
