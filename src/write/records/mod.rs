//! JSON records as batches: the same values or an error that names the row, the field and the value.

mod batch;
mod cell;
#[cfg(test)]
mod tests;

pub use batch::records_to_batch;
