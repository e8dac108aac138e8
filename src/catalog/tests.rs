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
        let gz = gzip::compress(&v1).unwrap();
        let _ = store.put("t/metadata/v1.gz.metadata.json", gz.into(), PutOptions::default()).await.unwrap();
        store.delete("t/metadata/v1.metadata.json").await.unwrap();
        warehouse.open("t").await.unwrap().append(rows()).await.unwrap();
        assert!(store.head("t/metadata/v2.gz.metadata.json").await.is_ok());
        assert_eq!(warehouse.open("t").await.unwrap().version(), 2);
    });
}

#[test]
fn paths_are_followed_below_the_table_alone() {
    let location = Location::new("s3a://bucket/wh/t", "s3://bucket", "wh/t");
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
