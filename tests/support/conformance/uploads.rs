use bytes::Bytes;
use datashard::store::{GetOptions, MIN_PART, PutOptions};

use super::Conformance;

pub async fn an_upload_in_parts_appears_when_it_is_completed(suite: &Conformance) {
    let (small, large) = (suite.key("small"), suite.key("large"));
    let mut upload = suite.store.upload(&small, PutOptions::default()).await.unwrap();
    upload.part(Bytes::from_static(b"one part")).await.unwrap();
    upload.complete().await.unwrap();
    assert_eq!(suite.read(&small).await, "one part");

    let mut upload = suite.store.upload(&large, PutOptions::default()).await.unwrap();
    for (letter, length) in [(1, MIN_PART), (2, MIN_PART + 1), (3, 10)] {
        upload.part(vec![letter; length].into()).await.unwrap();
        assert!(suite.is_missing(&large).await);
    }
    upload.complete().await.unwrap();
    let read = suite.store.get(&large, GetOptions::default()).await.unwrap();
    assert_eq!((read.meta.size, read.bytes.len()), (2 * MIN_PART as u64 + 11, 2 * MIN_PART + 11));
    let seam = MIN_PART as u64;
    let seam = suite.store.get(&large, GetOptions::range(seam - 1..seam + 1)).await.unwrap();
    assert_eq!(*seam.bytes, [1, 2]);
    assert!(read.bytes.ends_with(&[2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3]));
    assert_eq!(suite.list(&suite.key(""), None).await, [large, small]);
}

pub async fn an_aborted_upload_leaves_nothing(suite: &Conformance) {
    let key = suite.key("a");
    let mut upload = suite.store.upload(&key, PutOptions::default()).await.unwrap();
    upload.part(vec![1; MIN_PART].into()).await.unwrap();
    upload.abort().await.unwrap();
    assert!(suite.is_missing(&key).await);
    assert_eq!(suite.list(&suite.key(""), None).await, [""; 0]);
}
