//! Object storage: the [`ObjectStore`] seam and what implements or decorates it.

mod counting;
mod memory;
mod object_store;
#[cfg(test)]
mod tests;

pub use counting::{CountingStore, Counts};
pub use memory::MemoryStore;
pub use object_store::{
    ETag, GetOptions, GetResult, MIN_PART, ObjectMeta, ObjectStore, Precondition, PutOptions, PutOutcome, Upload,
};
