use std::fs;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::TryStreamExt;
use futures::executor::block_on;

use super::*;
use crate::ErrorKind;
use crate::error::{Error, Result};
use crate::store::{GetOptions, ObjectStore, PutOptions, PutOutcome};

fn store() -> (tempfile::TempDir, FolderStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderStore::open(folder.path().join("below/store")).unwrap();
    (folder, store)
}

fn put(store: &FolderStore, key: &str) -> Result<()> {
    block_on(store.put(key, Bytes::from_static(b"content"), PutOptions::if_absent())).map(|outcome| {
        assert!(matches!(outcome, PutOutcome::Done(Some(_))), "{outcome:?}");
    })
}

fn keys(store: &FolderStore) -> Vec<String> {
    block_on(store.list("", None).map_ok(|meta| meta.key).try_collect()).unwrap()
}

fn refused<T: std::fmt::Debug>(result: Result<T>) -> (ErrorKind, String) {
    let error: Error = result.unwrap_err();
    (error.kind(), error.to_string())
}

#[test]
fn an_object_is_the_file_at_its_location() {
    let (_folder, store) = store();
    let key = "t/data/ts=2026-01-01T00%3A00/ä ß+&#?'~\\.parquet";
    put(&store, key).unwrap();
    let location = format!("{}/{key}", store.root());
    assert_eq!(fs::read(location.strip_prefix("file://").unwrap()).unwrap(), b"content");
    assert_eq!(keys(&store), [key]);
}

#[test]
fn keys_that_are_no_file_names_are_refused() {
    let (folder, store) = store();
    fs::write(folder.path().join("below/secret"), "secret").unwrap();
    let long = "a".repeat(256);
    for key in ["", "/a", "a//b", "a/", ".", "../secret", "a/../../secret", "a\0", ".datashard-tmp/lock", &long] {
        assert_eq!(refused(put(&store, key)).0, ErrorKind::InvalidInput, "{key:?}");
        assert_eq!(refused(block_on(store.get(key, GetOptions::default()))).0, ErrorKind::InvalidInput, "{key:?}");
    }
    assert_eq!(keys(&store), [""; 0]);
    put(&store, &"ü".repeat(127)).unwrap();
}

#[test]
fn an_object_beside_a_folder_of_its_name_is_an_error_that_names_both() {
    let (_folder, store) = store();
    put(&store, "a").unwrap();
    put(&store, "b/c").unwrap();
    for options in [PutOptions::default(), PutOptions::if_absent()] {
        let (kind, message) = refused(block_on(store.put("a/b", Bytes::new(), options.clone())));
        assert_eq!(kind, ErrorKind::InvalidInput);
        assert!(message.contains("/a/b ") && message.contains("/a:"), "{message}");
        let (kind, message) = refused(block_on(store.put("b", Bytes::new(), options)));
        assert_eq!(kind, ErrorKind::InvalidInput);
        assert!(message.contains("/b ") && message.contains("/b/:"), "{message}");
    }
    assert_eq!(refused(block_on(store.head("a/b"))).0, ErrorKind::NotFound);
    assert_eq!(refused(block_on(store.head("b"))).0, ErrorKind::NotFound);
    block_on(store.delete("b")).unwrap();
    block_on(store.delete("a/b")).unwrap();
    assert_eq!(keys(&store), ["a", "b/c"]);
}

#[test]
fn folders_left_empty_do_not_stand_in_the_way_of_an_object() {
    let (_folder, store) = store();
    for key in ["a", "b"] {
        fs::create_dir_all(store.path().join(key).join("x/y")).unwrap();
    }
    put(&store, "a").unwrap();
    let _ = block_on(store.put("b", Bytes::new(), PutOptions::default())).unwrap();
    assert_eq!(keys(&store), ["a", "b"]);
}

#[test]
fn deleting_the_last_object_removes_its_folders_but_not_the_store() {
    let (_folder, store) = store();
    put(&store, "a/b/c").unwrap();
    put(&store, "a/d").unwrap();
    block_on(store.delete("a/b/c")).unwrap();
    assert!(!store.path().join("a/b").exists());
    let failed = block_on(store.delete_many(vec!["a/d".into(), "not/there".into(), "a/..".into()])).unwrap();
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert!(!store.path().join("a").exists());
    assert!(store.path().exists());
}

#[test]
fn folders_that_vanish_under_concurrent_writers_are_created_again() {
    let (_folder, store) = store();
    let writers = (0..8).map(|writer| {
        let store = &store;
        async move {
            for round in 0..50 {
                let key = format!("a/b/{writer}");
                let options = if round % 2 == 0 { PutOptions::if_absent() } else { PutOptions::default() };
                let outcome = store.put(&key, Bytes::new(), options).await.unwrap();
                assert!(matches!(outcome, PutOutcome::Done(_)), "{outcome:?}");
                store.delete(&key).await.unwrap();
            }
        }
    });
    block_on(futures::future::join_all(writers));
    assert_eq!(keys(&store), [""; 0]);
    assert!(!store.path().join("a").exists());
}

#[cfg(unix)]
#[test]
fn symbolic_links_are_neither_followed_nor_listed() {
    let (folder, store) = store();
    fs::create_dir(folder.path().join("outside")).unwrap();
    fs::write(folder.path().join("outside/secret"), "secret").unwrap();
    std::os::unix::fs::symlink(folder.path().join("outside"), store.path().join("folder")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("outside/secret"), store.path().join("file")).unwrap();
    assert_eq!(refused(put(&store, "folder/new")).0, ErrorKind::InvalidInput);
    assert_eq!(refused(block_on(store.delete("folder/secret"))).0, ErrorKind::InvalidInput);
    assert_eq!(refused(block_on(store.get("folder/secret", GetOptions::default()))).0, ErrorKind::InvalidInput);
    assert_eq!(refused(block_on(store.get("file", GetOptions::default()))).0, ErrorKind::NotFound);
    assert_eq!(keys(&store), [""; 0]);
    let _ = block_on(store.put("file", Bytes::new(), PutOptions::default())).unwrap();
    assert_eq!(fs::read(folder.path().join("outside/secret")).unwrap(), b"secret");
}

#[test]
fn files_being_written_are_hidden_and_those_left_behind_are_removed_after_a_day() {
    let (_folder, store) = store();
    put(&store, "a").unwrap();
    let reserved = store.path().join(".datashard-tmp");
    for (name, hours) in [("fresh", 23), ("old", 25), ("lock", 25)] {
        let file = fs::File::create(reserved.join(name)).unwrap();
        let written = fs::metadata(store.path().join("a")).unwrap().modified().unwrap();
        file.set_modified(written - Duration::from_secs(hours * 3600)).unwrap();
    }
    let inner = FolderStore::open(store.path().join("inner")).unwrap();
    put(&inner, "b").unwrap();
    put(&FolderStore::open(store.path()).unwrap(), "c").unwrap();
    assert_eq!(keys(&store), ["a", "c", "inner/b"]);
    let mut left: Vec<_> = fs::read_dir(reserved).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["fresh", "lock"]);
}

#[test]
fn contents_of_one_length_have_different_tags_when_file_numbers_and_times_repeat() {
    let (_folder, store) = store();
    let mut tags = std::collections::HashSet::new();
    for round in 0..200_u8 {
        let outcome = block_on(store.put("a", Bytes::from(vec![round]), PutOptions::default())).unwrap();
        let PutOutcome::Done(Some(tag)) = outcome else { panic!("{outcome:?}") };
        assert_eq!(block_on(store.head("a")).unwrap().etag.as_ref(), Some(&tag));
        assert!(tags.insert(tag));
    }
}

#[test]
fn a_change_in_place_by_another_program_changes_the_tag() {
    let (_folder, store) = store();
    put(&store, "a").unwrap();
    let before = block_on(store.head("a")).unwrap();
    let file = fs::File::options().write(true).open(store.path().join("a")).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123)).unwrap();
    let after = block_on(store.head("a")).unwrap();
    assert_ne!(before.etag, after.etag);
    assert_eq!(after.last_modified.unwrap().as_millis(), 1_700_000_000_123);
}

#[test]
fn a_path_that_is_a_file_is_refused() {
    let folder = tempfile::NamedTempFile::new().unwrap();
    assert_eq!(refused(FolderStore::open(folder.path())).0, ErrorKind::InvalidInput);
}

#[test]
fn a_root_that_is_gone_is_not_created_again() {
    let (_folder, store) = store();
    fs::remove_dir(store.path()).unwrap();
    assert!(put(&store, "a").is_err());
    assert!(block_on(store.list("", None).try_collect::<Vec<_>>()).is_err());
    assert!(!store.path().exists());
}
