//! A caller's batch made exactly a table's: the same values or an error that names the row, the column and the value.

mod batch;
mod primitive;
#[cfg(test)]
mod tests;

pub use batch::conform;
