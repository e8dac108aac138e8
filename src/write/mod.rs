//! Writing the files that a commit refers to.

mod data_file;
mod deletion_vectors;
mod ipc;
mod parquet_file;
#[cfg(test)]
mod parquet_file_tests;
mod partition;
mod position_deletes;
mod put_new;
mod records;
mod rolling;
#[cfg(test)]
mod rolling_tests;
mod sort;

pub(crate) use data_file::PreparedFile;
pub(crate) use deletion_vectors::write_deletion_vectors;
pub use ipc::ipc_to_batches;
pub use parquet_file::parquet_to_batches;
pub(crate) use partition::Partitioner;
pub(crate) use position_deletes::write_position_deletes;
pub(crate) use put_new::{put_new, send_all};
pub use records::records_to_batch;
pub(crate) use rolling::write_batches;
