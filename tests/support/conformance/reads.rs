use bytes::Bytes;
use datashard::ErrorKind;
use datashard::store::{GetOptions, PutOptions};
use futures::future::{join, join_all};

use super::Conformance;

pub async fn a_put_object_is_read_back(suite: &Conformance) {
    let key = suite.key("a");
    let tag = suite.put(&key, "content").await;
    let read = suite.store.get(&key, GetOptions::default()).await.unwrap();
    assert_eq!(read.bytes, "content");
    let head = suite.store.head(&key).await.unwrap();
    assert_eq!((&read.meta.key, read.meta.size), (&key, 7));
    assert_eq!((&head.key, head.size), (&key, 7));
    assert_eq!(head.etag, read.meta.etag);
    assert!(tag.is_none() || tag == head.etag, "{tag:?} was told, but it is {:?}", head.etag);
}

pub async fn an_overwritten_object_has_the_new_content_and_another_tag(suite: &Conformance) {
    let key = suite.key("a");
    suite.put(&key, "one").await;
    let before = suite.store.head(&key).await.unwrap().etag;
    suite.put(&key, "two").await;
    assert_eq!(suite.read(&key).await, "two");
    let after = suite.store.head(&key).await.unwrap().etag;
    assert!(before.is_none() || before != after, "{before:?}");
}

pub async fn ranges_are_exact_and_shortened_at_the_end(suite: &Conformance) {
    let key = suite.key("a");
    let content: Bytes = (0..=255).cycle().take(10_000).collect::<Vec<u8>>().into();
    suite.put(&key, content.clone()).await;
    for (start, end) in
        [(0, 1), (0, 10_000), (1, 300), (9_999, 10_000), (9_990, 10_001), (0, 1 << 40), (5_000, 1 << 40)]
    {
        let read = suite.store.get(&key, GetOptions::range(start..end)).await.unwrap();
        let end = end.min(10_000) as usize;
        assert_eq!(read.bytes, content.slice(start as usize..end), "{start}..{end}");
        assert_eq!(read.meta.size, 10_000, "the whole object's size for {start}..{end}");
    }
    for start in [10_000, 20_000] {
        let error = suite.store.get(&key, GetOptions::range(start..30_000)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    }
}

pub async fn an_empty_object_can_be_stored_and_read(suite: &Conformance) {
    let key = suite.key("a");
    suite.put(&key, "").await;
    assert_eq!(suite.read(&key).await, "");
    assert_eq!(suite.store.head(&key).await.unwrap().size, 0);
}

pub async fn what_is_missing_is_not_found(suite: &Conformance) {
    suite.put(&suite.key("here"), "content").await;
    for key in [suite.key("missing"), suite.key("missing/below/it"), suite.key("her")] {
        assert_eq!(suite.store.head(&key).await.unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(suite.store.get(&key, GetOptions::default()).await.unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(suite.store.get(&key, GetOptions::range(0..10)).await.unwrap_err().kind(), ErrorKind::NotFound);
    }
}

pub async fn an_object_larger_than_the_limit_is_refused(suite: &Conformance) {
    let key = suite.key("a");
    suite.put(&key, vec![7; 1000]).await;
    let limited = |limit| GetOptions { limit: Some(limit), ..GetOptions::default() };
    assert_eq!(suite.store.get(&key, limited(1000)).await.unwrap().bytes.len(), 1000);
    let error = suite.store.get(&key, limited(999)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
}

pub async fn nobody_reads_a_part_of_an_object_being_overwritten(suite: &Conformance) {
    let key = suite.key("a");
    let whole = |letter: u8| Bytes::from(vec![letter; 200_000 + 1000 * usize::from(letter)]);
    suite.put(&key, whole(0)).await;
    let writes = join_all((1..=4).map(|letter| {
        let key = &key;
        async move {
            for _ in 0..5 {
                let outcome = suite.racer(letter.into()).put(key, whole(letter), PutOptions::default()).await;
                assert!(super::is_done(&outcome.unwrap()));
            }
        }
    }));
    let reads = join_all((0..4).map(|reader| {
        let key = &key;
        async move {
            for _ in 0..20 {
                let read = suite.racer(reader).get(key, GetOptions::fresh()).await.unwrap();
                assert_eq!(read.meta.size, read.bytes.len() as u64);
                assert!(read.bytes == whole(read.bytes[0]), "a mixture of {} bytes", read.bytes.len());
            }
        }
    }));
    join(writes, reads).await;
}
