use std::sync::Arc;

use bytes::Bytes;
use futures::executor::block_on;

use super::*;

#[test]
fn counting_store_counts_calls_and_bytes_and_starts_again_after_take() {
    let store = CountingStore::new(Arc::new(MemoryStore::new()));
    block_on(async {
        let _ = store.put("a/b", Bytes::from_static(b"hello"), PutOptions::default()).await.unwrap();
        let _ = store.get("a/b", GetOptions::range(1..3)).await.unwrap();
    });
    let counts = store.take();
    assert_eq!((counts.requests(), counts.bytes_written, counts.bytes_read), (2, 5, 2));
    assert_eq!(store.take(), Counts::default());
}
