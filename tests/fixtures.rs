//! Tables that other engines wrote, read right row for row, or refused by name; never wrong rows.
#![cfg(all(feature = "native", not(target_family = "wasm")))]

#[path = "fixtures/changed.rs"]
mod changed;
#[path = "fixtures/changes.rs"]
mod changes;
#[path = "fixtures/duckdb.rs"]
mod duckdb;
#[path = "fixtures/encodings.rs"]
mod encodings;
#[path = "fixtures/filtered.rs"]
mod filtered;
#[path = "fixtures/inspect.rs"]
mod inspect;
#[path = "fixtures/metadata.rs"]
mod metadata;
#[path = "fixtures/partition.rs"]
mod partition;
#[path = "fixtures/shredded.rs"]
mod shredded;
#[path = "fixtures/spark.rs"]
mod spark;
mod support;

use std::path::PathBuf;

/// The fixtures of other projects lie beside this one where it is developed; elsewhere there is nothing to test.
fn of_others() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/fixtures");
    folder.canonicalize().ok()
}
