use datashard::store::Precondition;

use super::{Conformance, is_done};

pub async fn odd_keys_are_kept_exactly(suite: &Conformance) {
    let mut names: Vec<String> = [
        "plain",
        "with space",
        "two  spaces",
        "plus+sign",
        "a+b c%20d",
        "per%cent",
        "%41",
        "%2F",
        "%",
        "%zz",
        "question?mark",
        "am&per&amp;sand",
        "ha#sh",
        "til~de",
        "quo'te",
        "double\"quote",
        "(paren)",
        "[bracket]{brace}",
        "st*r",
        "excl!am",
        "comma,semi;colon:",
        "dollar$at@",
        "pi|pe",
        "less<more>",
        "car^et`tick",
        "a=b/c=d",
        "-_.",
        ".hidden",
        "...",
        "a..b",
        "ümläut",
        "e\u{301}",
        "日本語/ключ",
        "😀",
    ]
    .map(String::from)
    .into();
    names.push(format!("{}/{}/{}", "a".repeat(255), "ü".repeat(100), "b".repeat(150)));
    let mut keys: Vec<_> = names.iter().map(|name| suite.key(name)).collect();
    for key in &keys {
        assert!(is_done(&suite.put_if(key, key.clone(), Precondition::IfAbsent).await), "{key}");
    }
    for key in &keys {
        assert_eq!(suite.read(key).await, key.as_bytes(), "{key}");
        assert_eq!(suite.store.head(key).await.unwrap().size, key.len() as u64, "{key}");
        assert_eq!(suite.list(key, None).await.first(), Some(key), "as a prefix");
    }
    keys.sort();
    assert_eq!(suite.list(&suite.key(""), None).await, keys);
    for (i, key) in keys.iter().enumerate() {
        assert_eq!(suite.list(&suite.key(""), Some(key)).await, keys[i + 1..], "after {key}");
    }
    let deleted = keys.split_off(keys.len() / 2);
    assert_eq!(suite.store.delete_many(deleted).await.unwrap().len(), 0);
    for key in &keys {
        suite.store.delete(key).await.unwrap();
    }
    assert_eq!(suite.list(&suite.key(""), None).await, [""; 0]);
}
