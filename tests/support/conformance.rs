//! The contract of [`ObjectStore`] as one suite that every store passes.

mod conditions;
mod keys;
mod listing;
mod reads;
mod uploads;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::Bytes;
use datashard::ErrorKind;
use datashard::store::{ETag, GetOptions, ObjectStore, Precondition, PutOptions, PutOutcome};
use futures::future::join_all;
use futures::{FutureExt, StreamExt, TryStreamExt};

/// The suite with what a store needs to be asked differently. It spawns nothing, so any executor can run it.
#[derive(Clone, Debug)]
pub struct Conformance {
    store: Arc<dyn ObjectStore>,
    rivals: Vec<Arc<dyn ObjectStore>>,
    prefix: String,
    racers: usize,
    rounds: usize,
    many: usize,
    if_match: bool,
    /// Where the running rule has its keys.
    base: String,
}

impl Conformance {
    /// The whole suite on this store, below a prefix (without a slash at its end) that is otherwise empty.
    pub fn new(store: Arc<dyn ObjectStore>, prefix: &str) -> Self {
        let rivals = vec![store.clone()];
        let prefix = prefix.to_owned();
        let base = String::new();
        Self { store, rivals, prefix, racers: 16, rounds: 20, many: 1001, if_match: true, base }
    }

    /// Another client of the same objects, which takes part in the races.
    pub fn rival(mut self, rival: Arc<dyn ObjectStore>) -> Self {
        self.rivals.push(rival);
        self
    }

    /// The most writers on one key (16 if not set), and how many times each race is run (20).
    pub fn races(mut self, racers: usize, rounds: usize) -> Self {
        (self.racers, self.rounds) = (racers, rounds);
        self
    }

    /// How many objects are listed and deleted at once: 1001 if not set, one more than a page of S3.
    pub fn many(mut self, many: usize) -> Self {
        self.many = many;
        self
    }

    /// For a store that cannot do `If-Match`, which commits do not need.
    pub fn without_if_match(mut self) -> Self {
        self.if_match = false;
        self
    }

    /// Runs every rule, removes the objects, and panics with the names of the rules that failed, if any.
    pub async fn run(self) {
        let mut failed = Vec::new();
        macro_rules! rules {
            ($($module:ident: $($rule:ident)*;)*) => {
                $($({
                    let rule = Self { base: format!("{}/{}", self.prefix, stringify!($rule)), ..self.clone() };
                    if AssertUnwindSafe($module::$rule(&rule)).catch_unwind().await.is_err() {
                        failed.push(stringify!($rule));
                    }
                })*)*
            };
        }
        rules! {
            reads:
                a_put_object_is_read_back
                an_overwritten_object_has_the_new_content_and_another_tag
                ranges_are_exact_and_shortened_at_the_end
                an_empty_object_can_be_stored_and_read
                what_is_missing_is_not_found
                an_object_larger_than_the_limit_is_refused
                nobody_reads_a_part_of_an_object_being_overwritten;
            conditions:
                create_succeeds_once
                create_after_delete_succeeds
                of_racing_creates_exactly_one_wins
                overwrite_if_match_needs_the_present_tag
                of_racing_overwrites_if_match_exactly_one_wins;
            keys:
                odd_keys_are_kept_exactly;
            listing:
                delete_is_idempotent
                a_listing_has_all_keys_with_the_prefix
                a_listing_begins_after_the_key_given
                listings_and_deletions_of_many_objects_are_complete;
            uploads:
                an_upload_in_parts_appears_when_it_is_completed
                an_aborted_upload_leaves_nothing;
        }
        let mut left = Self { base: self.prefix.clone(), ..self.clone() };
        left.base.push('/');
        left.clear().await;
        assert!(failed.is_empty(), "{} breaks the rules {failed:#?}", self.store.root());
    }

    fn key(&self, name: impl std::fmt::Display) -> String {
        format!("{}/{name}", self.base)
    }

    /// Writer `i` of a race.
    fn racer(&self, i: usize) -> &dyn ObjectStore {
        &*self.rivals[i % self.rivals.len()]
    }

    async fn put(&self, key: &str, body: impl Into<Bytes>) -> Option<ETag> {
        match self.store.put(key, body.into(), PutOptions::default()).await.unwrap() {
            PutOutcome::Done(tag) => tag,
            outcome => panic!("{outcome:?} of an unconditional put"),
        }
    }

    async fn put_if(&self, key: &str, body: impl Into<Bytes>, precondition: Precondition) -> PutOutcome {
        let options = PutOptions { precondition, ..PutOptions::default() };
        self.store.put(key, body.into(), options).await.unwrap()
    }

    async fn read(&self, key: &str) -> Bytes {
        self.store.get(key, GetOptions::fresh()).await.unwrap().bytes
    }

    async fn is_missing(&self, key: &str) -> bool {
        match self.store.get(key, GetOptions::fresh()).await {
            Ok(_) => false,
            Err(error) if error.kind() == ErrorKind::NotFound => true,
            Err(error) => panic!("{error}"),
        }
    }

    async fn put_all(&self, keys: &[String]) {
        let puts = futures::stream::iter(keys).map(|key| self.put(key, key.clone()));
        puts.buffer_unordered(16).for_each(|_| async {}).await;
    }

    /// The keys listed, sorted, as every user of a listing must.
    async fn list(&self, prefix: &str, start_after: Option<&str>) -> Vec<String> {
        let mut keys: Vec<_> =
            self.store.list(prefix, start_after).map_ok(|meta| meta.key).try_collect().await.unwrap();
        keys.sort();
        keys
    }

    async fn clear(&self) {
        let keys = self.list(&self.base, None).await;
        let failed = self.store.delete_many(keys).await.unwrap();
        assert!(failed.is_empty(), "{failed:?}");
    }

    /// One race of `racers` conditional puts on one key. An outcome may be unknown, but what is read afterwards is the
    /// content of the winner, or of one that does not know, and nobody else's.
    async fn race(&self, key: &str, racers: usize, precondition: &Precondition) {
        let bodies: Vec<_> = (0..racers).map(|i| Bytes::from(format!("{i} of {racers}, ").repeat(i + 1))).collect();
        let outcomes = join_all(bodies.iter().enumerate().map(|(i, body)| {
            let options = PutOptions { precondition: precondition.clone(), ..PutOptions::default() };
            self.racer(i).put(key, body.clone(), options)
        }))
        .await;
        let outcomes: Vec<_> = outcomes.into_iter().map(Result::unwrap).collect();
        let read = self.read(key).await;
        let winners = outcomes.iter().filter(|outcome| matches!(outcome, PutOutcome::Done(_))).count();
        assert!(winners <= 1, "{winners} of {racers} writers were told that they won {key}");
        let owner = bodies.iter().zip(&outcomes).find(|(body, _)| **body == read);
        match owner {
            Some((_, PutOutcome::Done(_))) => {}
            Some((_, PutOutcome::Unknown(_))) if winners == 0 => {}
            _ => panic!("{key} has the content {read:?} after {outcomes:?}"),
        }
    }
}

fn is_done(outcome: &PutOutcome) -> bool {
    matches!(outcome, PutOutcome::Done(_))
}

fn is_refused(outcome: &PutOutcome) -> bool {
    matches!(outcome, PutOutcome::PreconditionFailed)
}
