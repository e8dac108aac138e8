use super::Conformance;

pub async fn delete_is_idempotent(suite: &Conformance) {
    let key = suite.key("a");
    suite.store.delete(&key).await.unwrap();
    suite.put(&key, "content").await;
    suite.store.delete(&key).await.unwrap();
    assert!(suite.is_missing(&key).await);
    suite.store.delete(&key).await.unwrap();
    let failed = suite.store.delete_many(vec![key, suite.key("never/there")]).await.unwrap();
    assert!(failed.is_empty(), "{failed:?}");
    assert!(suite.store.delete_many(Vec::new()).await.unwrap().is_empty());
}

pub async fn a_listing_has_all_keys_with_the_prefix(suite: &Conformance) {
    let all = ["a/b", "a/b c", "a/ba/x", "a/bb", "a-", "aa", "b/c/d/e", "b/c/f"].map(|name| suite.key(name));
    suite.put_all(&all).await;
    let prefixes =
        ["", "a", "a/", "a/b", "a/b ", "a/ba", "a/ba/", "aa", "aaa", "b/c/", "b/c/d/e", "b/c/d/e/", "c", "b//", "../"];
    for prefix in prefixes.map(|prefix| suite.key(prefix)) {
        let mut expected: Vec<_> = all.iter().filter(|key| key.starts_with(&prefix)).cloned().collect();
        expected.sort();
        assert_eq!(suite.list(&prefix, None).await, expected, "{prefix}");
    }
    let listed = suite.store.list(&all[0], None);
    let sizes: Vec<_> = futures::TryStreamExt::try_collect(listed).await.unwrap();
    let sizes: Vec<_> =
        sizes.into_iter().map(|meta: datashard::store::ObjectMeta| meta.size - meta.key.len() as u64).collect();
    assert_eq!(sizes, [0; 4]);
}

pub async fn a_listing_begins_after_the_key_given(suite: &Conformance) {
    let mut all = ["a", "b-", "b/a", "b/b/c", "b0", "c/d"].map(|name| suite.key(name));
    all.sort();
    suite.put_all(&all).await;
    let mut wrong = Vec::new();
    for after in
        ["", "a", "a!", "b", "b-", "b.", "b/", "b/a", "b/b", "b/b/", "b/b/b", "b/b/c", "b/c", "b0", "c", "c/d", "d"]
    {
        let after = suite.key(after);
        let expected: Vec<_> = all.iter().filter(|key| **key > after).cloned().collect();
        let found = suite.list(&suite.key(""), Some(&after)).await;
        if found != expected {
            wrong.push((after, found));
        }
    }
    assert!(wrong.is_empty(), "{all:?} after {wrong:#?}");
    let before = suite.prefix.get(..1).unwrap_or_default();
    assert_eq!(suite.list(&suite.key(""), Some(before)).await, all, "after a key before the prefix");
    assert_eq!(suite.list(&suite.key("b/"), Some(&suite.key("b/a"))).await, [suite.key("b/b/c")]);
}

pub async fn listings_and_deletions_of_many_objects_are_complete(suite: &Conformance) {
    let keys: Vec<_> = (0..suite.many).map(|i| suite.key(format!("{}/{i:06}", i % 7))).collect();
    suite.put_all(&keys).await;
    let mut sorted = keys.clone();
    sorted.sort();
    assert_eq!(suite.list(&suite.key(""), None).await, sorted);
    let middle = suite.many / 2;
    assert_eq!(suite.list(&suite.key(""), Some(&sorted[middle])).await, sorted[middle + 1..]);
    let failed = suite.store.delete_many(keys).await.unwrap();
    assert!(failed.is_empty(), "{failed:?}");
    assert_eq!(suite.list(&suite.key(""), None).await, [""; 0]);
}
