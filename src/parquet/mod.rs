//! Parquet data files, without I/O: Iceberg schemas as Arrow's and back, batches to bytes, bytes to batches.

mod arrow_schema;
mod conform;
mod encode;
mod metrics;
mod options;
mod physical;
#[cfg(test)]
mod tests;

pub use arrow_schema::to_arrow;
pub use conform::conform;
pub use encode::FileEncoder;
pub use options::{EncodeOptions, MetricsMode};
