use datashard::store::{ETag, Precondition};

use super::{Conformance, is_done, is_refused};

pub async fn create_succeeds_once(suite: &Conformance) {
    let key = suite.key("a");
    assert!(is_done(&suite.put_if(&key, "first", Precondition::IfAbsent).await));
    for body in ["second", "first", ""] {
        assert!(is_refused(&suite.put_if(&key, body, Precondition::IfAbsent).await));
    }
    assert_eq!(suite.read(&key).await, "first");
}

pub async fn create_after_delete_succeeds(suite: &Conformance) {
    let key = suite.key("a/b");
    suite.put(&key, "first").await;
    suite.store.delete(&key).await.unwrap();
    assert!(is_done(&suite.put_if(&key, "second", Precondition::IfAbsent).await));
    assert_eq!(suite.read(&key).await, "second");
}

pub async fn of_racing_creates_exactly_one_wins(suite: &Conformance) {
    for round in 0..suite.rounds {
        let racers = 2 + round % (suite.racers - 1);
        suite.race(&suite.key(format!("round {round}/object")), racers, &Precondition::IfAbsent).await;
    }
}

pub async fn overwrite_if_match_needs_the_present_tag(suite: &Conformance) {
    if !suite.if_match {
        return;
    }
    let key = suite.key("a");
    let wrong = Precondition::IfMatch(ETag::new("\"00000000000000000000000000000000\""));
    assert!(is_refused(&suite.put_if(&key, "first", wrong.clone()).await), "nothing there");
    assert!(suite.is_missing(&key).await);
    suite.put(&key, "first").await;
    let tag = suite.store.head(&key).await.unwrap().etag.expect("If-Match needs tags");
    assert!(is_refused(&suite.put_if(&key, "second", wrong).await), "another tag");
    assert!(is_done(&suite.put_if(&key, "second", Precondition::IfMatch(tag.clone())).await));
    assert!(is_refused(&suite.put_if(&key, "third", Precondition::IfMatch(tag)).await), "the tag before");
    assert_eq!(suite.read(&key).await, "second");
}

pub async fn of_racing_overwrites_if_match_exactly_one_wins(suite: &Conformance) {
    if !suite.if_match {
        return;
    }
    let key = suite.key("a");
    suite.put(&key, "before all").await;
    for round in 0..suite.rounds {
        let tag = suite.store.head(&key).await.unwrap().etag.expect("If-Match needs tags");
        let racers = 2 + round % (suite.racers - 1);
        suite.race(&key, racers, &Precondition::IfMatch(tag)).await;
        // So that no two rounds end with the same content, whose tag may be the same.
        suite.put(&key, format!("after round {round}")).await;
    }
}
