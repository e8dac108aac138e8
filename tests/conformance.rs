//! Every store of the crate against the one suite.
#![cfg(all(feature = "native", not(target_family = "wasm")))]

mod support;

use std::sync::Arc;

use datashard::native::FolderStore;
use datashard::store::{CountingStore, MemoryStore};
use futures::executor::block_on;
use support::Conformance;

#[test]
fn a_memory_store_conforms() {
    block_on(Conformance::new(Arc::new(MemoryStore::new()), "suite").run());
}

#[test]
fn a_decorated_store_conforms() {
    block_on(Conformance::new(Arc::new(CountingStore::new(Arc::new(MemoryStore::new()))), "suite").run());
}

#[test]
fn a_folder_store_conforms_with_a_rival_over_the_same_folder() {
    let folder = tempfile::tempdir().unwrap();
    let [store, rival] = [(); 2].map(|()| Arc::new(FolderStore::open(folder.path()).unwrap()));
    block_on(Conformance::new(store, "the suite").rival(rival).races(16, 60).run());
}
