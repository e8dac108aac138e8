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

#[test]
fn ranges_near_each_other_are_read_in_one_request_and_far_ones_in_their_own() {
    let merged = coalesce::merge(&[5_000_000..5_000_010, 0..10, 20..30, 25..40, 100_000..100_001, 3..3]);
    assert_eq!(merged, [0..100_001, 5_000_000..5_000_010]);
}

#[test]
fn get_ranges_returns_each_range_in_the_order_asked_for() {
    let store = MemoryStore::new();
    block_on(async {
        let _ = store.put("k", Bytes::from_static(b"0123456789"), PutOptions::default()).await.unwrap();
        let (parts, requests) = get_ranges(&store, "k", &[7..9, 0..2, 8..8]).await.unwrap();
        assert_eq!(parts, [&b"78"[..], b"01", b""]);
        assert_eq!(requests.len(), 1);
        let beyond = get_ranges(&store, "k", std::slice::from_ref(&(8..20))).await.unwrap_err();
        assert_eq!(beyond.kind(), crate::ErrorKind::InvalidData);
    });
}
