//! A table as the bucket has it, read without the library: what every version contains.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use apache_avro::types::Value as Avro;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, Int64Array};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use roaring::RoaringTreemap;
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
    /// The same with the row's id and when it was updated (format version 3).
    pub lineage: Vec<(i64, Option<i64>, Option<i64>)>,
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
    Files(Vec<File>),
    /// With the row's id and when it was updated, where the file says them.
    Rows(Vec<(i64, Option<i64>, Option<i64>)>),
    /// Positions of deleted rows, with the URI of their file.
    Deletes(Vec<(String, i64)>),
    /// The same by where they begin: deletion vectors.
    Vectors(Vectors),
}

type Vectors = BTreeMap<i64, Vec<(String, i64)>>;

/// What a list says of a manifest, or a manifest of a file.
#[derive(Clone, Debug, Default)]
struct File {
    uri: String,
    sequence_number: Option<i64>,
    first_row_id: Option<i64>,
    records: i64,
    offset: Option<i64>,
}

/// What a snapshot consists of.
#[derive(Debug, Default)]
struct Content {
    data: Vec<(File, Rc<Part>)>,
    deletes: BTreeSet<(String, i64)>,
    /// The data files that have a deletion vector.
    vectors: Vec<String>,
}

impl Content {
    fn lineage(&self) -> Vec<(i64, Option<i64>, Option<i64>)> {
        let mut left = Vec::new();
        for (file, part) in &self.data {
            let Part::Rows(rows) = &**part else { continue };
            for (position, (id, own, updated)) in (0..).zip(rows) {
                if !self.deletes.contains(&(file.uri.clone(), position)) {
                    let row_id = file.first_row_id.map(|first| own.unwrap_or(first + position));
                    let updated = row_id.and(updated.or(file.sequence_number));
                    left.push((*id, row_id, updated));
                }
            }
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
    let (mut lineage, mut records, mut files) = (Vec::new(), 0, Vec::new());
    for snapshot in json["snapshots"].as_array().into_iter().flatten() {
        let uri = snapshot["manifest-list"].as_str().unwrap_or_default().to_owned();
        let mut own = Content::default();
        gather(world, &File { uri, ..File::default() }, &mut files, &mut own)
            .map_err(|error| format!("{key}: {error}"))?;
        if snapshot["snapshot-id"] == json["current-snapshot-id"] {
            (lineage, records) = (own.lineage(), own.records());
        }
        let vectors: BTreeSet<_> = own.vectors.iter().collect();
        if vectors.len() < own.vectors.len() {
            return Err(format!("{key}: a file has two deletion vectors"));
        }
        if let Some(gone) = vectors.into_iter().find(|vector| own.data.iter().all(|(file, _)| file.uri != **vector)) {
            return Err(format!("{key}: there is a deletion vector of {gone}, which is no part of the table"));
        }
    }
    files.sort_unstable();
    files.dedup();
    let rows = lineage.iter().map(|(id, ..)| *id).collect();
    Ok(Version { json, rows, lineage, records, files })
}

/// The rows and the files behind a URI.
fn gather(world: &World, file: &File, files: &mut Vec<String>, content: &mut Content) -> Result<(), String> {
    let uri = &file.uri;
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
        Part::Rows(_) => content.data.push((file.clone(), part.clone())),
        Part::Deletes(deletes) => content.deletes.extend(deletes.iter().cloned()),
        Part::Vectors(vectors) => {
            let vector = file.offset.and_then(|offset| vectors.get(&offset));
            let vector = vector.ok_or_else(|| format!("{key} has no vector at {:?}", file.offset))?;
            content.vectors.extend(vector.first().map(|(data_file, _)| data_file.clone()));
            content.deletes.extend(vector.iter().cloned());
        }
        Part::Files(inner) => {
            let mut next = file.first_row_id;
            for inner in inner {
                let mut inner = inner.clone();
                inner.sequence_number = inner.sequence_number.or(file.sequence_number);
                if let (None, Some(first)) = (inner.first_row_id, next) {
                    inner.first_row_id = Some(first);
                    next = Some(first + inner.records);
                }
                gather(world, &inner, files, content)?;
            }
        }
    }
    Ok(())
}

fn read(key: &str, object: &Object) -> Result<Part, Box<dyn std::error::Error>> {
    if key.ends_with(".avro") {
        let mut files = Vec::new();
        for record in apache_avro::Reader::new(&object.body[..])? {
            let record = record?;
            if let Some(Avro::Int(2)) = field(&record, "status") {
                continue;
            }
            let (file, path) = match field(&record, "data_file") {
                Some(file) => (file, "file_path"),
                None => (&record, "manifest_path"),
            };
            let Some(Avro::String(uri)) = field(file, path) else { return Err("an entry has no path".into()) };
            files.push(File {
                uri: uri.clone(),
                sequence_number: long(&record, "sequence_number"),
                first_row_id: long(file, "first_row_id"),
                records: long(file, "record_count").unwrap_or(0),
                offset: long(file, "content_offset"),
            });
        }
        return Ok(Part::Files(files));
    }
    if key.ends_with(".puffin") {
        return Ok(Part::Vectors(vectors(&object.body)?));
    }
    let (mut rows, mut deletes) = (Vec::new(), Vec::new());
    for batch in ParquetRecordBatchReaderBuilder::try_new(object.body.clone())?.build()? {
        let batch = batch?;
        let Some(paths) = batch.column_by_name("file_path") else {
            let longs = |name: &str| batch.column_by_name(name).map(|column| column.as_primitive::<Int64Type>());
            let (ids, updated) = (longs("_row_id"), longs("_last_updated_sequence_number"));
            let at = |column: Option<&Int64Array>, row| column.filter(|it| it.is_valid(row)).map(|it| it.value(row));
            let own = batch.column(0).as_primitive::<Int64Type>();
            rows.extend((0..batch.num_rows()).map(|row| (own.value(row), at(ids, row), at(updated, row))));
            continue;
        };
        let (paths, positions) = (paths.as_string::<i32>(), batch.column(1).as_primitive::<Int64Type>());
        deletes.extend((0..batch.num_rows()).map(|row| (paths.value(row).to_owned(), positions.value(row))));
    }
    Ok(if deletes.is_empty() { Part::Rows(rows) } else { Part::Deletes(deletes) })
}

/// The deletion vectors of a Puffin file, as its footer lists them.
fn vectors(body: &[u8]) -> Result<Vectors, Box<dyn std::error::Error>> {
    let end = body.len() - 12;
    let size = u32::from_le_bytes(body[end..end + 4].try_into()?) as usize;
    let footer: Json = serde_json::from_slice(&body[end - size..end])?;
    let mut vectors = BTreeMap::new();
    for blob in footer["blobs"].as_array().into_iter().flatten() {
        let number = |name: &str| blob[name].as_u64().unwrap_or_default() as usize;
        let bytes = &body[number("offset")..number("offset") + number("length")];
        let positions = RoaringTreemap::deserialize_from(&bytes[8..bytes.len() - 4])?;
        let data_file = blob["properties"]["referenced-data-file"].as_str().unwrap_or_default();
        let deleted = positions.iter().map(|position| (data_file.to_owned(), position as i64));
        vectors.insert(number("offset") as i64, deleted.collect());
    }
    Ok(vectors)
}

fn long(record: &Avro, name: &str) -> Option<i64> {
    if let Some(Avro::Long(value)) = field(record, name) { Some(*value) } else { None }
}

fn field<'a>(record: &'a Avro, name: &str) -> Option<&'a Avro> {
    let Avro::Record(fields) = record else { return None };
    let value = &fields.iter().find(|(own, _)| own == name)?.1;
    Some(if let Avro::Union(_, inner) = value { inner } else { value })
}
