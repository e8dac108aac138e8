//! Parquet data files, without I/O: Iceberg schemas as Arrow's and back, batches to bytes, bytes to batches.

mod bloom;
#[cfg(test)]
mod bloom_tests;
mod conform;
mod constant;
mod decode;
mod decode_options;
#[cfg(test)]
mod decode_tests;
mod defaults;
mod describe;
mod dictionaries;
mod encode;
mod fill;
mod footer;
mod foreign;
mod gather;
mod late;
#[cfg(test)]
mod late_tests;
mod levels;
mod metrics;
mod misfit;
mod named;
#[cfg(test)]
mod named_tests;
mod options;
mod page_headers;
mod pages;
mod parts;
#[cfg(test)]
mod parts_tests;
mod physical;
mod pieces;
#[cfg(test)]
mod pieces_tests;
mod project;
mod projection;
mod refine;
mod row_group;
mod stats;
#[cfg(test)]
mod tests;
mod thrift;
mod unshred;
#[cfg(test)]
mod unshred_tests;
mod values;
mod variant_groups;
#[cfg(test)]
mod variant_tests;
mod whole;
#[cfg(test)]
mod whole_tests;

pub use conform::conform;
#[cfg(test)]
pub(crate) use constant::constant_array;
pub use decode::FileDecoder;
pub(crate) use decode::Shares;
pub use decode_options::{DecodeOptions, DecodeReport, Step};
pub use encode::FileEncoder;
pub use footer::{FIRST_READ, FileMetadata, FooterDecoder, FooterStep};
pub(crate) use foreign::{ForeignFile, Span};
pub(crate) use gather::{gather, gather_among, gather_rows, unpack};
pub(crate) use misfit::{Fit, Misfit};
pub use options::{EncodeOptions, MetricsMode};
pub(crate) use project::{by_id, id_of, project};
pub(crate) use projection::Fill;
pub use projection::Projection;
pub(crate) use refine::{Refine, keep};
pub(crate) use values::array_of;
