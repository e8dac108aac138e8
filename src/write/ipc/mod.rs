//! Arrow IPC streams as batches: whatever the bytes are, they bring batches or an error.

mod check;
mod read;
#[cfg(test)]
mod tests;

pub use read::ipc_to_batches;
