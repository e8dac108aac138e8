//! A table as the bucket has it, read without the library: what every version contains.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use apache_avro::types::Value as Avro;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value as Json;

use crate::world::{Object, World};

pub const TABLE: &str = "t";
const ROOT: &str = "s3://bucket/";

/// A metadata file.
#[derive(Debug)]
pub struct Version {
    pub json: Rc<Json>,
    /// The ids in its current snapshot, in order.
    pub rows: Vec<i64>,
    /// How many rows its data files have, deleted ones too.
    pub records: usize,
    /// The keys of everything that can be reached from it.
    pub files: Vec<String>,
}

thread_local! {
    // What an object says by itself does not change, and most runs make the same ones.
    static JSON: RefCell<HashMap<u64, Rc<Json>>> = RefCell::default();
    static PARTS: RefCell<HashMap<u64, Rc<Part>>> = RefCell::default();
}

/// What a list, a manifest or a data file says.
#[derive(Debug)]
enum Part {
    Files(Vec<String>),
    Rows(Vec<i64>),
    /// Positions of deleted rows, with the URI of their file.
    Deletes(Vec<(String, i64)>),
}

/// What a snapshot consists of.
#[derive(Debug, Default)]
struct Content {
    data: Vec<(String, Rc<Part>)>,
    deletes: BTreeSet<(String, i64)>,
}

impl Content {
    fn rows(&self) -> Vec<i64> {
        let mut left = Vec::new();
        for (uri, part) in &self.data {
            let Part::Rows(rows) = &**part else { continue };
            let is_left = |position: &i64| !self.deletes.contains(&(uri.clone(), *position));
            left.extend((0..).zip(rows).filter(|(position, _)| is_left(position)).map(|(_, row)| *row));
        }
        left.sort_unstable();
        left
    }

    fn records(&self) -> usize {
        self.data.iter().map(|(_, part)| if let Part::Rows(rows) = &**part { rows.len() } else { 0 }).sum()
    }
}

/// All versions that are there, by number.
pub fn versions(world: &World) -> Result<BTreeMap<u64, Version>, String> {
    let prefix = format!("{TABLE}/metadata/v");
    let found = world.objects.range(prefix.clone()..).take_while(|(key, _)| key.starts_with(&prefix));
    found
        .filter_map(|(key, object)| number(&prefix, key).map(|number| Ok((number, version(world, key, object)?))))
        .collect()
}

fn number(prefix: &str, key: &str) -> Option<u64> {
    key.strip_prefix(prefix)?.strip_suffix(".metadata.json")?.parse().ok()
}

fn version(world: &World, key: &str, object: &Object) -> Result<Version, String> {
    let known = JSON.with_borrow(|known| known.get(&object.digest).cloned());
    let json = match known {
        Some(json) => json,
        None => {
            let json: Json = serde_json::from_slice(&object.body).map_err(|error| format!("{key}: {error}"))?;
            let json = Rc::new(json);
            JSON.with_borrow_mut(|known| known.insert(object.digest, json.clone()));
            json
        }
    };
    let (mut rows, mut records, mut files) = (Vec::new(), 0, Vec::new());
    for snapshot in json["snapshots"].as_array().into_iter().flatten() {
        let list = snapshot["manifest-list"].as_str().unwrap_or_default();
        let mut own = Content::default();
        gather(world, list, &mut files, &mut own).map_err(|error| format!("{key}: {error}"))?;
        if snapshot["snapshot-id"] == json["current-snapshot-id"] {
            (rows, records) = (own.rows(), own.records());
        }
    }
    files.sort_unstable();
    files.dedup();
    Ok(Version { json, rows, records, files })
}

/// The rows and the files behind a URI.
fn gather(world: &World, uri: &str, files: &mut Vec<String>, content: &mut Content) -> Result<(), String> {
    let key = uri.strip_prefix(ROOT).ok_or_else(|| format!("`{uri}` lies outside of the bucket"))?;
    let object = world.objects.get(key).ok_or_else(|| format!("{key} is not there"))?;
    files.push(key.to_owned());
    let known = PARTS.with_borrow(|known| known.get(&object.digest).cloned());
    let part = match known {
        Some(part) => part,
        None => {
            let part = Rc::new(read(key, object).map_err(|error| format!("{key}: {error}"))?);
            PARTS.with_borrow_mut(|known| known.insert(object.digest, part.clone()));
            part
        }
    };
    match &*part {
        Part::Rows(_) => content.data.push((uri.to_owned(), part.clone())),
        Part::Deletes(deletes) => content.deletes.extend(deletes.iter().cloned()),
        Part::Files(inner) => inner.iter().try_for_each(|uri| gather(world, uri, files, content))?,
    }
    Ok(())
}

fn read(key: &str, object: &Object) -> Result<Part, Box<dyn std::error::Error>> {
    if key.ends_with(".avro") {
        let mut files = Vec::new();
        for record in apache_avro::Reader::new(&object.body[..])? {
            let record = record?;
            match (field(&record, "manifest_path"), field(&record, "data_file"), field(&record, "status")) {
                (_, _, Some(Avro::Int(2))) => {}
                (Some(Avro::String(path)), _, _) => files.push(path.clone()),
                (_, Some(file), _) => match field(file, "file_path") {
                    Some(Avro::String(path)) => files.push(path.clone()),
                    other => return Err(format!("no path but {other:?}").into()),
                },
                _ => return Err("neither a manifest nor a data file".into()),
            }
        }
        return Ok(Part::Files(files));
    }
    let (mut rows, mut deletes) = (Vec::new(), Vec::new());
    for batch in ParquetRecordBatchReaderBuilder::try_new(object.body.clone())?.build()? {
        let batch = batch?;
        let Some(paths) = batch.column_by_name("file_path") else {
            rows.extend(batch.column(0).as_primitive::<Int64Type>().values());
            continue;
        };
        let (paths, positions) = (paths.as_string::<i32>(), batch.column(1).as_primitive::<Int64Type>());
        deletes.extend((0..batch.num_rows()).map(|row| (paths.value(row).to_owned(), positions.value(row))));
    }
    Ok(if deletes.is_empty() { Part::Rows(rows) } else { Part::Deletes(deletes) })
}

fn field<'a>(record: &'a Avro, name: &str) -> Option<&'a Avro> {
    let Avro::Record(fields) = record else { return None };
    let value = &fields.iter().find(|(own, _)| own == name)?.1;
    Some(if let Avro::Union(_, inner) = value { inner } else { value })
}
