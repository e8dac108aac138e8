//! A table as the bucket has it, read without the library: what every version contains.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use apache_avro::types::Value as Avro;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value as Json;

use crate::world::{Object, World};

pub const TABLE: &str = "t";
const ROOT: &str = "sim://bucket/";

/// A metadata file.
#[derive(Debug)]
pub struct Version {
    pub json: Json,
    /// The ids in its current snapshot, in order.
    pub rows: Vec<i64>,
    /// The keys of everything that can be reached from it.
    pub files: Vec<String>,
}

thread_local! {
    // What objects say does not change; most runs make the same ones.
    static VERSIONS: RefCell<HashMap<u64, Rc<Version>>> = RefCell::default();
    static PARTS: RefCell<HashMap<u64, Rc<Part>>> = RefCell::default();
}

/// What a list, a manifest or a data file leads to.
#[derive(Debug, Default)]
struct Part {
    rows: Vec<i64>,
    files: Vec<String>,
}

/// All versions that are there, by number.
pub fn versions(world: &World) -> Result<BTreeMap<u64, Rc<Version>>, String> {
    let prefix = format!("{TABLE}/metadata/v");
    let found = world.objects.range(prefix.clone()..).take_while(|(key, _)| key.starts_with(&prefix));
    found
        .filter_map(|(key, object)| number(&prefix, key).map(|number| Ok((number, version(world, key, object)?))))
        .collect()
}

fn number(prefix: &str, key: &str) -> Option<u64> {
    key.strip_prefix(prefix)?.strip_suffix(".metadata.json")?.parse().ok()
}

fn version(world: &World, key: &str, object: &Object) -> Result<Rc<Version>, String> {
    if let Some(known) = VERSIONS.with_borrow(|known| known.get(&object.digest).cloned()) {
        return Ok(known);
    }
    let json: Json = serde_json::from_slice(&object.body).map_err(|error| format!("{key}: {error}"))?;
    let (mut rows, mut files) = (Vec::new(), Vec::new());
    for snapshot in json["snapshots"].as_array().into_iter().flatten() {
        let list = snapshot["manifest-list"].as_str().unwrap_or_default();
        let part = part(world, list).map_err(|error| format!("{key}: {error}"))?;
        files.extend(part.files.iter().cloned());
        if snapshot["snapshot-id"] == json["current-snapshot-id"] {
            rows.clone_from(&part.rows);
        }
    }
    rows.sort_unstable();
    files.sort_unstable();
    files.dedup();
    let version = Rc::new(Version { json, rows, files });
    VERSIONS.with_borrow_mut(|known| known.insert(object.digest, version.clone()));
    Ok(version)
}

/// The rows and the files behind a URI.
fn part(world: &World, uri: &str) -> Result<Rc<Part>, String> {
    let key = uri.strip_prefix(ROOT).ok_or_else(|| format!("`{uri}` lies outside of the bucket"))?;
    let object = world.objects.get(key).ok_or_else(|| format!("{key} is not there"))?;
    if let Some(known) = PARTS.with_borrow(|known| known.get(&object.digest).cloned()) {
        return Ok(known);
    }
    let mut found = Part { rows: Vec::new(), files: vec![key.to_owned()] };
    let bad = |error: &dyn std::fmt::Display| format!("{key}: {error}");
    if key.ends_with(".avro") {
        for record in apache_avro::Reader::new(&object.body[..]).map_err(|error| bad(&error))? {
            let record = record.map_err(|error| bad(&error))?;
            let inner = match field(&record, "manifest_path") {
                Some(Avro::String(path)) => path.clone(),
                _ if field(&record, "status") == Some(&Avro::Int(2)) => continue,
                _ => match field(&record, "data_file").and_then(|file| field(file, "file_path")) {
                    Some(Avro::String(path)) => path.clone(),
                    other => return Err(format!("{key}: no path but {other:?}")),
                },
            };
            let inner = part(world, &inner)?;
            found.rows.extend(&inner.rows);
            found.files.extend(inner.files.iter().cloned());
        }
    } else {
        let reader = ParquetRecordBatchReaderBuilder::try_new(object.body.clone()).map_err(|error| bad(&error))?;
        for batch in reader.build().map_err(|error| bad(&error))? {
            let batch = batch.map_err(|error| bad(&error))?;
            found.rows.extend(batch.column(0).as_primitive::<Int64Type>().values());
        }
    }
    let found = Rc::new(found);
    PARTS.with_borrow_mut(|known| known.insert(object.digest, found.clone()));
    Ok(found)
}

fn field<'a>(record: &'a Avro, name: &str) -> Option<&'a Avro> {
    let Avro::Record(fields) = record else { return None };
    let value = &fields.iter().find(|(own, _)| own == name)?.1;
    Some(if let Avro::Union(_, inner) = value { inner } else { value })
}
