//! Tables that other engines wrote: read right, row for row by count and sum at every snapshot, or refused by name; never
//! wrong rows.
#![cfg(all(feature = "native", not(target_family = "wasm")))]

use std::fs;
use std::path::PathBuf;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_schema::DataType;
use datashard::native::FolderStore;
use datashard::spec::TableMetadata;
use datashard::{ErrorKind, Table, Warehouse};
use futures::executor::block_on;
use serde_json::Value;

/// The fixtures lie beside the project where it is developed; elsewhere there is nothing to test.
fn fixtures() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/fixtures");
    folder.canonicalize().ok()
}

fn sum_of_ids(table: &Table, snapshot: i64) -> datashard::Result<(u64, i64)> {
    let batches = block_on(table.scan().select(["id"]).at_snapshot(snapshot).collect())?;
    let (mut rows, mut sum) = (0, 0);
    for batch in batches {
        rows += batch.num_rows() as u64;
        let ids = batch.column(0);
        sum += match ids.data_type() {
            DataType::Int32 => ids.as_primitive::<Int32Type>().iter().flatten().map(i64::from).sum::<i64>(),
            _ => ids.as_primitive::<Int64Type>().iter().flatten().sum::<i64>(),
        };
        assert_eq!(ids.null_count(), 0);
    }
    Ok((rows, sum))
}

#[test]
fn spark_s_tables_are_read_right_at_every_snapshot_or_refused_for_their_deletes() {
    let Some(folder) = fixtures() else { return };
    let golden = fs::read_to_string(folder.join("spark/golden/SNAPSHOTS.json")).unwrap();
    let golden: serde_json::Map<String, Value> = serde_json::from_str(&golden).unwrap();
    let warehouse = Warehouse::new(FolderStore::open(folder.join("spark")).unwrap());
    let (mut read, mut refused) = (0, 0);
    for (name, expected) in &golden {
        let table = block_on(warehouse.open(format!("wh/db/{name}"))).unwrap();
        for snapshot in expected["snapshots"].as_array().unwrap() {
            let id = snapshot["snapshot_id"].as_i64().unwrap();
            if table.metadata().snapshot(id).is_none() {
                panic!("{name} has no snapshot {id}");
            }
            match sum_of_ids(&table, id) {
                Ok(found) => {
                    let rows = (snapshot["rows"].as_u64().unwrap(), snapshot["sum_id"].as_i64().unwrap());
                    assert_eq!(found, rows, "{name} at {id}");
                    read += 1;
                }
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Unsupported, "{name} at {id}: {error}");
                    assert!(error.to_string().contains("delete files"), "{name} at {id}: {error}");
                    refused += 1;
                }
            }
        }
    }
    println!("{read} snapshots read, {refused} refused");
    assert!(read >= 35, "{read} read, {refused} refused");
}

#[test]
fn metadata_of_other_projects_is_read_or_refused_as_they_do() {
    let Some(folder) = fixtures() else { return };
    let mut folders = vec![folder];
    let (mut read, mut refused) = (0, 0);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let of_a_table = name.ends_with(".metadata.json") && !name.contains(".gz.") && !name.contains(".zstd.");
            let sample = name.starts_with("TableMetadata") && name.ends_with(".json") && !name.contains(".zstd.");
            if !of_a_table && !sample {
                continue;
            }
            match TableMetadata::from_json_bytes(&fs::read(&path).unwrap()) {
                Ok(metadata) => {
                    read += 1;
                    let again = TableMetadata::from_json_bytes(&metadata.to_json_bytes()).unwrap();
                    assert_eq!(again, metadata, "{} does not round trip", path.display());
                    let invalid = ["Missing", "NotFound", "NoValid", "Unsupported", "Invalid"];
                    let known_good = ["WithoutCurrentId", "WithoutDefaultId"];
                    let bad =
                        invalid.iter().any(|word| name.contains(word)) && !known_good.iter().any(|w| name.contains(w));
                    assert!(!bad, "{} was accepted", path.display());
                }
                Err(error) => {
                    refused += 1;
                    println!("{}: {error}", path.display());
                    assert!(matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::Unsupported), "{error}");
                }
            }
        }
    }
    println!("{read} read, {refused} refused");
    assert!(read > 50);
}
