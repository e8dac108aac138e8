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
fn wider_gaps_are_read_to_save_requests_but_not_many_of_them() {
    const GAP: u64 = 500_000;
    let apart = |count: u64| (0..count).map(|i| i * (GAP + 10)..i * (GAP + 10) + 10).collect::<Vec<_>>();
    assert_eq!(coalesce::merge(&apart(2)).first(), Some(&(0..GAP + 20)));
    let merged = coalesce::merge(&apart(1000));
    let read: u64 = merged.iter().map(|range| range.end - range.start).sum();
    assert!(merged.len() < 1000 && read < 10 * 1000 + (4 << 20) + 1, "{} requests, {read} bytes", merged.len());
    // The narrowest first: of all of them only so much is read in vain.
    let merged = coalesce::merge(&[
        0..10,
        1_000_000..1_000_010,
        1_900_000..1_900_010,
        2_900_000..2_900_010,
        3_900_000..3_900_010,
        4_900_000..4_900_010,
    ]);
    assert_eq!(merged, [0..3_900_010, 4_900_000..4_900_010]);
    // Of what is large anyway, an eighth more.
    let merged = coalesce::merge(&[0..10 << 20, 11 << 20..12 << 20, 13 << 20..14 << 20]);
    assert_eq!(merged.first(), Some(&(0..14 << 20)));
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
