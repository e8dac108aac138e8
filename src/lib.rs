//! Safe, concurrent, versioned tables on any S3-compatible bucket, with no server beside the bucket.
//!
//! Tables are Apache Iceberg: DuckDB, PyIceberg, Polars and other engines read what this crate writes. The same core runs
//! natively and on wasm32; its only effects are HTTP ([`fetch::Fetch`]), time and randomness ([`runtime::Runtime`]).
//!
//! Begin with a [`Warehouse`] on a store ([`store::S3Store`], `native::FolderStore`, [`store::MemoryStore`]), create or open
//! a [`Table`], and [`append`](Table::append) to it or [`scan`](Table::scan) it. Errors have one type, [`Error`], with a
//! [`kind`](Error::kind) that says what to do about them.
//!
//! Five seams are traits that a caller may implement: [`fetch::Fetch`], [`runtime::Runtime`], [`store::ObjectStore`],
//! [`catalog::Catalog`] and [`s3::CredentialProvider`]. The feature `native` (on by default) brings adapters for programs
//! with an operating system; without it the crate has no tokio, no file system and no clock of its own.
#![cfg_attr(not(any(test, fuzzing)), forbid(unsafe_code))]
#![deny(unsafe_code)]
// There is one thread on wasm32.
#![cfg_attr(target_family = "wasm", allow(clippy::arc_with_non_send_sync))]
#![warn(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod avro;
pub mod catalog;
mod error;
pub mod expr;
pub mod fetch;
#[cfg(any(all(test, not(target_family = "wasm")), fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
pub mod inspect;
#[cfg(all(feature = "native", not(target_family = "wasm")))]
pub mod native;
pub mod parquet;
mod read;
pub mod runtime;
pub mod s3;
pub mod scan;
pub mod spec;
pub mod store;
mod table;
mod transaction;
mod warehouse;
#[cfg(target_family = "wasm")]
pub mod wasm;
mod write;

pub use error::{Error, ErrorKind, Result};
pub use expr::{Predicate, col};
pub use table::{Append, Merge, Table, TableWriter, Transaction};
pub use transaction::{CommitReceipt, Isolation, Resolution, TransactionReceipt};
pub use warehouse::{CreateTable, Warehouse};
pub use write::{ipc_to_batches, parquet_to_batches, records_to_batch};

/// The README's examples run.
#[cfg(all(doctest, feature = "native"))]
#[doc = include_str!("../README.md")]
struct Readme;
