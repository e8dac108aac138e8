//! Writing the files that a commit refers to.

mod data_file;
mod ipc;
mod pieces;
#[cfg(test)]
mod pieces_tests;
mod put_new;
mod records;
mod rolling;

pub(crate) use data_file::PreparedFile;
pub use ipc::ipc_to_batches;
pub(crate) use put_new::put_new;
pub use records::records_to_batch;
pub(crate) use rolling::write_batches;
