use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use futures::executor::block_on;

use super::*;
use crate::spec::{NestedField, PrimitiveType, Schema};
use crate::store::{CountingStore, GetOptions, MemoryStore, ObjectStore, PutOptions};
use crate::{ErrorKind, Warehouse};

fn rows() -> [RecordBatch; 1] {
    let array: ArrayRef = Arc::new(Int64Array::from_iter_values([1]));
    [RecordBatch::try_from_iter([("id", array)]).unwrap()]
}

/// A table with versions 1 to `versions`.
async fn table(store: &MemoryStore, versions: u64) -> Warehouse {
    let warehouse = Warehouse::new(store.clone());
    let schema = Schema::new([NestedField::required("id", PrimitiveType::Long)]).unwrap();
    let table = warehouse.create("t").schema(schema).await.unwrap();
    for _ in 1..versions {
        table.append(rows()).await.unwrap();
    }
    warehouse
}

async fn set_hint(store: &MemoryStore, text: &'static str) {
    let _ = store.put("t/metadata/version-hint.text", text.into(), PutOptions::default()).await.unwrap();
}

#[test]
fn the_hint_is_written_as_bare_digits_since_duckdb_reads_it_verbatim() {
    block_on(async {
        let store = MemoryStore::new();
        table(&store, 12).await;
        let hint = store.get("t/metadata/version-hint.text", GetOptions::default()).await.unwrap().bytes;
        assert_eq!(hint, "12");
    });
}

#[test]
fn a_hint_behind_ahead_garbled_or_missing_never_hides_the_newest_version() {
    block_on(async {
        let store = MemoryStore::new();
        let warehouse = table(&store, 12).await;
        for hint in ["12", "11", "1", "v9", "12\n", "99", "", "nonsense", "-1", "99999999999999999999", "\u{0}"] {
            set_hint(&store, hint).await;
            assert_eq!(warehouse.open("t").await.unwrap().version(), 12, "hint {hint:?}");
        }
        store.delete("t/metadata/version-hint.text").await.unwrap();
        assert_eq!(warehouse.open("t").await.unwrap().version(), 12);
    });
}

#[test]
fn a_writer_heals_a_hint_that_is_behind() {
    block_on(async {
        let store = MemoryStore::new();
        let warehouse = table(&store, 5).await;
        set_hint(&store, "1").await;
        warehouse.open("t").await.unwrap().append(rows()).await.unwrap();
        let hint = store.get("t/metadata/version-hint.text", GetOptions::default()).await.unwrap().bytes;
        assert_eq!(hint, "6");
    });
}

#[test]
fn a_hint_far_behind_costs_a_listing_and_not_a_request_for_each_version() {
    block_on(async {
        let store = MemoryStore::new();
        table(&store, 200).await;
        set_hint(&store, "1").await;
        let counting = CountingStore::new(Arc::new(store.clone()));
        assert_eq!(Warehouse::new(counting.clone()).open("t").await.unwrap().version(), 200);
        assert!(counting.take().requests() < 20);
    });
}

#[test]
fn a_handle_far_behind_asks_the_hint_and_reads_no_version_between() {
    block_on(async {
        let memory = MemoryStore::new();
        table(&memory, 1).await;
        let store = CountingStore::new(Arc::new(memory));
        let warehouse = Warehouse::new(store.clone());
        let [writer, behind] = [warehouse.open("t").await.unwrap(), warehouse.open("t").await.unwrap()];
        for _ in 0..50 {
            writer.append(rows()).await.unwrap();
        }
        store.take();
        assert_eq!(behind.refresh().await.unwrap(), 51);
        let counts = store.take();
        assert_eq!(
            (counts.gets, counts.requests()),
            (5, 5),
            "two versions, the hint, its version, and none after that"
        );
    });
}

#[test]
fn opening_a_table_that_is_not_there_writes_nothing_and_says_so() {
    block_on(async {
        let store = CountingStore::new(Arc::new(MemoryStore::new()));
        let error = Warehouse::new(store.clone()).open("nope").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(store.take().puts, 0);
    });
}

#[test]
fn truncated_or_foreign_metadata_is_a_clean_error_that_names_the_file() {
    block_on(async {
        let store = MemoryStore::new();
        let warehouse = table(&store, 2).await;
        let key = "t/metadata/v2.metadata.json";
        let whole = store.get(key, GetOptions::default()).await.unwrap().bytes;
        for cut in [0, 1, 100, whole.len() - 1] {
            let _ = store.put(key, whole.slice(..cut), PutOptions::default()).await.unwrap();
            let error = warehouse.open("t").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData);
            assert!(error.to_string().contains("v2.metadata.json"), "{error}");
        }
    });
}

#[test]
fn gzipped_metadata_is_read_and_written_on_in_its_own_spelling() {
    block_on(async {
        let store = MemoryStore::new();
        let warehouse = table(&store, 1).await;
        let v1 = store.get("t/metadata/v1.metadata.json", GetOptions::default()).await.unwrap().bytes;
        let gz = compression::compress(&v1).unwrap();
        let _ = store.put("t/metadata/v1.gz.metadata.json", gz.into(), PutOptions::default()).await.unwrap();
        store.delete("t/metadata/v1.metadata.json").await.unwrap();
        warehouse.open("t").await.unwrap().append(rows()).await.unwrap();
        assert!(store.head("t/metadata/v2.gz.metadata.json").await.is_ok());
        assert_eq!(warehouse.open("t").await.unwrap().version(), 2);
    });
}

#[test]
fn paths_are_followed_below_the_table_alone() {
    let location = Location::new("s3a://bucket/wh/t", "s3://bucket", "wh/t", &[]).unwrap();
    assert!(location.is_original());
    assert_eq!(location.resolve("s3://bucket/wh/t/data/a b.parquet").unwrap(), "wh/t/data/a b.parquet");
    assert_eq!(location.resolve("s3n://bucket/wh/t/data/x").unwrap(), "wh/t/data/x");
    for outside in [
        "s3://bucket/wh/t2/data/x",
        "s3://bucket/wh/t/../t2/x",
        "s3://other/wh/t/data/x",
        "https://evil/wh/t/x",
        "s3://bucket/wh/t",
        "s3://bucket/wh/t//x",
        "data/x",
    ] {
        let error = location.resolve(outside).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert!(error.to_string().contains(outside), "{error}");
    }
}

#[test]
fn a_copied_table_is_read_where_it_lies_and_not_written_to() {
    block_on(async {
        let (old, new) = (MemoryStore::new(), MemoryStore::new());
        table(&old, 3).await;
        let mut listing = old.list("t/", None);
        while let Some(object) = futures::StreamExt::next(&mut listing).await {
            let key = object.unwrap().key;
            let bytes = old.get(&key, GetOptions::default()).await.unwrap().bytes;
            let _ = new.put(&key.replacen("t/", "copy/of/t/", 1), bytes, PutOptions::default()).await.unwrap();
        }
        let copy = Warehouse::new(new).open("copy/of/t").await.unwrap();
        assert_eq!(copy.scan().collect().await.unwrap().len(), 2);
        let error = copy.append(rows()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("read-only"), "{error}");
    });
}

/// DuckDB's `COPY ... (FORMAT iceberg)` names the metadata file by a UUID, and so does its hint.
#[test]
fn a_table_whose_hint_names_a_file_is_read_and_not_written_to() {
    block_on(async {
        let store = MemoryStore::new();
        let warehouse = table(&store, 2).await;
        let v2 = store.get("t/metadata/v2.metadata.json", GetOptions::default()).await.unwrap().bytes;
        for version in [1, 2] {
            store.delete(&format!("t/metadata/v{version}.metadata.json")).await.unwrap();
        }
        let name = "00001-2d907d9d-0f96-4bf3-9548-edfd9194704c";
        let key = format!("t/metadata/{name}.metadata.json");
        let _ = store.put(&key, v2, PutOptions::default()).await.unwrap();
        assert_eq!(warehouse.open("t").await.unwrap_err().kind(), ErrorKind::Unsupported);
        for hint in
            ["00001-2d907d9d-0f96-4bf3-9548-edfd9194704c", "00001-2d907d9d-0f96-4bf3-9548-edfd9194704c.metadata.json\n"]
        {
            set_hint(&store, hint).await;
            let table = warehouse.open("t").await.unwrap();
            assert_eq!(table.scan().count().await.unwrap(), 1);
            table.refresh().await.unwrap();
            assert_eq!(table.append(rows()).await.unwrap_err().kind(), ErrorKind::Unsupported);
            assert_eq!(warehouse.drop_table("t").await.unwrap_err().kind(), ErrorKind::Unsupported);
        }
    });
}

/// 100 kB of compressed zeros became 100 MB, and many times that as JSON.
#[test]
fn compressed_metadata_of_next_to_nothing_is_refused() {
    let bomb = compress(&vec![b' '; 20 << 20]).unwrap();
    assert!(bomb.len() < 40_000);
    assert_eq!(decompress(bomb.into(), u64::MAX).unwrap_err().kind(), ErrorKind::InvalidData);
    let plain = vec![b' '; 15 << 20];
    assert_eq!(decompress(compress(&plain).unwrap().into(), u64::MAX).unwrap(), plain);
}

/// Fixtures of DuckDB's and Hadoop's file systems: relative paths, plain ones, and `file:` in every spelling.
#[test]
fn paths_are_followed_in_whatever_spelling_their_writer_had() {
    for (recorded, uri) in [
        ("data/persistent/t", "data/persistent/t/data/x"),
        ("file://data/persistent/t", "file://data/persistent/t/data/x"),
        ("/var/wh/t", "file:/var/wh/t/data/x"),
        ("file:/var/wh/t", "/var//wh///t//data/x"),
        ("file:///var/wh/t/", "file:/var/wh/t/data/x"),
        ("s3n://b/wh/t", "s3a://b/wh/t/data/x"),
        ("hdfs://nn:8020/wh/t", "hdfs://nn:8020/wh/t/data/x"),
        ("s3://elsewhere/t", "memory://store/a/t/data/x"),
    ] {
        let location = Location::new(recorded, "memory://store", "a/t", &[]).unwrap();
        assert_eq!(location.resolve(uri).unwrap(), "a/t/data/x", "{uri}");
        assert!(!location.is_original());
        for outside in
            [uri.replacen("/t/", "/u/", 1), uri.replacen("/data/x", "/../x", 1), uri.replacen("t/", "t2/", 5)]
        {
            let error = location.resolve(&outside).expect_err(&outside);
            assert_eq!(error.kind(), ErrorKind::InvalidData, "{outside}");
        }
    }
}

async fn copy(from: &MemoryStore, to: &MemoryStore, rename: impl Fn(&str) -> String) {
    let mut listing = from.list("", None);
    while let Some(object) = futures::StreamExt::next(&mut listing).await {
        let key = object.unwrap().key;
        let bytes = from.get(&key, GetOptions::default()).await.unwrap().bytes;
        let _ = to.put(&rename(&key), bytes, PutOptions::default()).await.unwrap();
    }
}

#[test]
fn files_outside_of_a_table_are_read_where_the_caller_allows_it_and_nowhere_else() {
    block_on(async {
        let (old, new) = (MemoryStore::new(), MemoryStore::new());
        table(&old, 2).await;
        // The data lies elsewhere than the metadata says that the table is.
        copy(&old, &new, |key| key.replacen("t/data", "imported/t/data", 1).replacen("t/meta", "w/t/meta", 1)).await;
        let metadata = new.get("w/t/metadata/v2.metadata.json", GetOptions::default()).await.unwrap().bytes;
        let text = String::from_utf8(metadata.to_vec()).unwrap();
        let warehouse = Warehouse::new(new.clone()).prefix("w");
        let error = warehouse.open("t").await.unwrap().scan().collect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "its own folder stands for the old one: {error}");

        let moved = text.replacen(r#""location":"memory://store/t""#, r#""location":"memory://store/w/t""#, 1);
        let moved = moved.replace("memory://store/t/metadata", "memory://store/w/t/metadata");
        let _ = new.put("w/t/metadata/v2.metadata.json", moved.into(), PutOptions::default()).await.unwrap();
        let rows_of = async |warehouse: &Warehouse| warehouse.open("t").await?.scan().collect().await;
        let error = rows_of(&warehouse).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert!(error.to_string().contains("the path `memory://store/t/metadata/"), "{error}");

        let allowed = warehouse.clone().allow_moved("memory://store/t/metadata/", "memory://store/w/t/metadata");
        let error = rows_of(&allowed).await.unwrap_err();
        assert!(error.to_string().contains("the path `memory://store/t/data/"), "{error}");
        let allowed = allowed.allow_moved("memory://store/t", "memory://store/imported/t/");
        assert_eq!(rows_of(&allowed).await.unwrap().len(), 1);

        let elsewhere = warehouse.allow("s3://other/t");
        let error = rows_of(&elsewhere).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("s3://other/t"), "{error}");
    });
}

#[test]
fn what_is_allowed_is_a_place_and_not_the_beginning_of_a_name() {
    let allow = |place: &str| Allowed { recorded: place.to_owned(), actual: place.to_owned() };
    let location = Location::new("s3://b/t", "s3://b", "t", &[allow("s3a://b/imported")]).unwrap();
    assert_eq!(location.resolve("s3://b/imported/x").unwrap(), "imported/x");
    for outside in ["s3://b/imported2/x", "s3://b/imported", "s3://b/imported/../t2/x", "s3://b/x", "s3://c/imported/x"]
    {
        assert!(location.resolve(outside).is_err(), "{outside}");
    }
    let whole = Location::new("s3://b/t", "s3://b", "t", &[allow("s3://b/")]).unwrap();
    assert_eq!(whole.resolve("s3://b/anywhere/x").unwrap(), "anywhere/x");
    for not_there in ["s3://c", "s3://bb", "s3://b/../c", "imported", ""] {
        assert!(Location::new("s3://b/t", "s3://b", "t", &[allow(not_there)]).is_err(), "{not_there}");
    }
}

#[test]
fn a_table_is_opened_by_a_metadata_file_of_any_name_and_compression_and_is_read_only() {
    block_on(async {
        let store = MemoryStore::new();
        let warehouse = table(&store, 3).await;
        let v2 = store.get("t/metadata/v2.metadata.json", GetOptions::default()).await.unwrap().bytes;
        let file = "00001-2d907d9d-0f96-4bf3-9548-edfd9194704c";
        let zstd = zstd::encode_all(v2.as_ref(), 1).unwrap();
        for (name, bytes) in [
            (format!("{file}.metadata.json"), v2.to_vec()),
            (format!("{file}.gz.metadata.json"), compress(&v2).unwrap()),
            (format!("{file}.zstd.metadata.json"), zstd),
            ("what ever".to_owned(), v2.to_vec()),
        ] {
            let key = format!("t/metadata/{name}");
            let _ = store.put(&key, bytes.into(), PutOptions::default()).await.unwrap();
            for path in [key.clone(), format!("memory://store/{key}")] {
                let old = warehouse.open_metadata(&path).await.unwrap();
                assert_eq!((old.name(), old.version(), old.scan().count().await.unwrap()), ("t", 0, 1));
                let snapshot = old.snapshots()[0].snapshot_id;
                assert_eq!(old.scan().at_snapshot(snapshot).collect().await.unwrap()[0].num_rows(), 1);
                assert_eq!(old.refresh().await.unwrap(), 0, "it stays what it is");
                for error in [old.append(rows()).await.unwrap_err(), old.resolve("3/id").await.unwrap_err()] {
                    assert_eq!(error.kind(), ErrorKind::Unsupported);
                    assert!(error.to_string().contains(&name) && error.to_string().contains("read-only"), "{error}");
                }
            }
        }
        let old = warehouse.open_metadata("t/metadata/v2.metadata.json").await.unwrap();
        assert_eq!((old.refresh().await.unwrap(), old.scan().count().await.unwrap()), (2, 1));
        assert_eq!(old.append(rows()).await.unwrap_err().kind(), ErrorKind::Unsupported);
        assert_eq!(warehouse.open("t").await.unwrap().version(), 3, "nothing was written");
    });
}

#[test]
fn a_metadata_file_that_is_no_such_file_is_refused_by_name() {
    block_on(async {
        let store = MemoryStore::new();
        let warehouse = table(&store, 2).await;
        let v2 = store.get("t/metadata/v2.metadata.json", GetOptions::default()).await.unwrap().bytes;
        let hostile = zstd::encode_all(vec![b' '; 20 << 20].as_slice(), 1).unwrap();
        let cut = zstd::encode_all(v2.as_ref(), 1).unwrap()[..40].to_vec();
        for (key, bytes) in [
            ("t/metadata/bomb.json", hostile),
            ("t/metadata/cut.json", cut),
            ("t/metadata/not.json", b"Obj\x01".to_vec()),
            ("odd/v2.metadata.json", v2.to_vec()),
            ("odd/far.json", String::from_utf8(v2.to_vec()).unwrap().replace("memory://store/t", "s3://far/t").into()),
        ] {
            let _ = store.put(key, bytes.into(), PutOptions::default()).await.unwrap();
        }
        for (path, kind, message) in [
            ("t/metadata/none.json", ErrorKind::NotFound, "t/metadata/none.json"),
            ("t/metadata/../v2.metadata.json", ErrorKind::InvalidInput, "cannot be a path"),
            ("s3://other/t/metadata/v2.metadata.json", ErrorKind::InvalidInput, "not in the store"),
            ("t/metadata/bomb.json", ErrorKind::InvalidData, "bomb.json"),
            ("t/metadata/cut.json", ErrorKind::InvalidData, "not valid zstd"),
            ("t/metadata/not.json", ErrorKind::InvalidData, "not.json"),
            ("odd/far.json", ErrorKind::InvalidInput, "s3://far/t"),
        ] {
            let error = warehouse.open_metadata(path).await.unwrap_err();
            assert_eq!(error.kind(), kind, "{path}: {error}");
            assert!(error.to_string().contains(message), "{path}: {error}");
        }
        let odd = warehouse.open_metadata("odd/v2.metadata.json").await.unwrap();
        assert_eq!((odd.name(), odd.scan().collect().await.unwrap().len()), ("t", 1));
    });
}
