use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use datashard::store::{MIN_PART, ObjectStore, PutOptions};
use s3s::dto::{CompletedPart, ETag};
use s3s::{S3Result, s3_error};

use super::failure::failure;

/// Multipart uploads on their way, in memory.
#[derive(Default)]
pub(super) struct Uploads {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    by_id: HashMap<String, Upload>,
    count: u64,
}

#[derive(Clone)]
struct Upload {
    key: String,
    parts: BTreeMap<i32, (Bytes, ETag)>,
}

impl Uploads {
    pub(super) fn create(&self, key: &str) -> String {
        let mut state = self.state();
        let id = state.number();
        state.by_id.insert(id.clone(), Upload { key: key.to_owned(), parts: BTreeMap::new() });
        id
    }

    pub(super) fn part(&self, id: &str, key: &str, number: i32, body: Bytes) -> S3Result<ETag> {
        if !(1..=10_000).contains(&number) {
            return Err(s3_error!(InvalidArgument, "Part numbers are 1 to 10000"));
        }
        let mut state = self.state();
        let tag = ETag::Strong(state.number());
        state.find(id, key)?.parts.insert(number, (body, tag.clone()));
        Ok(tag)
    }

    pub(super) async fn complete(
        &self,
        store: &dyn ObjectStore,
        id: &str,
        key: &str,
        chosen: Vec<CompletedPart>,
    ) -> S3Result<()> {
        let parts = self.state().find(id, key)?.chosen(chosen)?;
        let mut upload = store.upload(key, PutOptions::default()).await.map_err(failure)?;
        for part in parts {
            upload.part(part).await.map_err(failure)?;
        }
        upload.complete().await.map_err(failure)?;
        self.state().by_id.remove(id);
        Ok(())
    }

    pub(super) fn abort(&self, id: &str, key: &str) -> S3Result<()> {
        let mut state = self.state();
        state.find(id, key)?;
        state.by_id.remove(id);
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn number(&mut self) -> String {
        self.count += 1;
        // Differs from those of another run of the server, too.
        let run = std::hash::BuildHasher::hash_one(self.by_id.hasher(), self.count);
        format!("{run:016x}{:016x}", self.count)
    }

    fn find(&mut self, id: &str, key: &str) -> S3Result<&mut Upload> {
        let upload = self.by_id.get_mut(id).filter(|upload| upload.key == key);
        upload.ok_or_else(|| s3_error!(NoSuchUpload, "There is no such upload of this key"))
    }
}

impl Upload {
    fn chosen(&self, chosen: Vec<CompletedPart>) -> S3Result<Vec<Bytes>> {
        if chosen.is_empty() {
            return Err(s3_error!(MalformedXML, "An upload has at least one part"));
        }
        if !chosen.is_sorted_by(|one, next| one.part_number < next.part_number) {
            return Err(s3_error!(InvalidPartOrder, "Parts come in ascending order"));
        }
        let count = chosen.len();
        let mut parts = Vec::with_capacity(count);
        for (i, part) in chosen.into_iter().enumerate() {
            match part.part_number.and_then(|number| self.parts.get(&number)) {
                Some((bytes, _)) if i + 1 < count && bytes.len() < MIN_PART => {
                    return Err(s3_error!(EntityTooSmall, "A part that is not the last has less than 5 MiB"));
                }
                Some((bytes, tag)) if part.e_tag.is_none_or(|wanted| wanted == *tag) => parts.push(bytes.clone()),
                _ => return Err(s3_error!(InvalidPart, "A part is missing or has another tag")),
            }
        }
        Ok(parts)
    }
}
