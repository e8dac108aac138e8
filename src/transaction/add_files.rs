use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::Value as Json;

use crate::catalog::{TableHandle, is_uri};
use crate::error::{Error, ErrorKind, Result, ResultExt};
use crate::parquet::{EncodeOptions, FIRST_READ, ForeignFile, Span};
use crate::read::{Files, footer_of};
use crate::runtime::BoxFuture;
use crate::spec::{
    NestedField, Operation, PartitionField, PartitionSpec, PrimitiveType, Schema, TableMetadata, Transform, Value,
    default_value, mapping_of, properties,
};
use crate::transaction::append::refuse_unwritable;
use crate::transaction::draft::{Changes, Draft, Removed};
use crate::transaction::manifest::NewManifest;
use crate::transaction::work::{Effect, Step};
use crate::write::PreparedFile;

/// How many footers are read at a time.
const CONCURRENCY: usize = 16;

/// Appends files that are in the store already.
#[derive(Debug)]
pub(super) struct AddFiles {
    schema: Arc<Schema>,
    files: Vec<PreparedFile>,
    /// Their keys in the store.
    keys: BTreeSet<String>,
    /// Whether some have columns that are known by their names alone.
    needs_mapping: bool,
    manifests: Option<Vec<NewManifest>>,
}

impl AddFiles {
    /// Reads the footers of these files, and checks that they fit the table.
    pub(super) async fn prepare(
        table: &Arc<TableHandle>,
        metadata: &TableMetadata,
        paths: Vec<String>,
    ) -> Result<Self> {
        refuse_unwritable(table, metadata)?;
        let mut keys = BTreeSet::new();
        let mut uris = Vec::with_capacity(paths.len());
        for path in paths {
            let uri = if is_uri(&path) { path } else { table.location.uri(&path) };
            let key = table.location.resolve(&uri).map_err(|error| Error::invalid_input(error.message().to_owned()))?;
            if !keys.insert(key) {
                return Err(Error::invalid_input(format!("the file {uri} is named twice")));
            }
            uris.push(uri);
        }
        let files = Files::new(table.clone());
        let reading: Vec<_> = uris.iter().map(|uri| of_file(&files, metadata, uri)).collect();
        let read: Vec<(PreparedFile, bool)> = stream::iter(reading).buffered(CONCURRENCY).try_collect().await?;
        let needs_mapping = read.iter().any(|(_, needs_mapping)| *needs_mapping);
        let files = read.into_iter().map(|(file, _)| file).collect();
        let schema = metadata.current_schema()?.clone();
        Ok(Self { schema, files, keys, needs_mapping, manifests: None })
    }

    /// Fails with [`AlreadyExists`](ErrorKind::AlreadyExists) if one of the files is in the table.
    async fn check_new(&self, draft: &Draft) -> Result<()> {
        let plan = draft.scan().select(Vec::<String>::new()).plan().await?;
        let there = plan.tasks.iter().find(|task| {
            draft.table().location.resolve(&task.data_file.file_path).is_ok_and(|key| self.keys.contains(&key))
        });
        match there {
            Some(task) => {
                let message = format!("the file {} is in the table already", task.data_file.file_path);
                Err(Error::new(ErrorKind::AlreadyExists, message))
            }
            None => Ok(()),
        }
    }
}

impl Step for AddFiles {
    fn apply<'a>(&'a mut self, draft: &'a mut Draft) -> BoxFuture<'a, Result<Effect>> {
        Box::pin(async move {
            if self.files.is_empty() {
                return Ok(Effect::default());
            }
            // What is known by its name may have another since.
            if !draft.metadata.current_schema()?.same_fields(&self.schema) {
                return Err(Error::conflict(
                    "another writer has changed the columns that the files were checked against",
                ));
            }
            self.check_new(draft).await?;
            if self.needs_mapping && draft.metadata.property(properties::NAME_MAPPING).is_none() {
                let mapping = mapping_of(&self.schema.fields().iter().collect::<Vec<_>>());
                draft.change().properties.insert(properties::NAME_MAPPING.to_owned(), mapping.to_string());
            }
            if self.manifests.is_none() {
                let all = NewManifest::all_adding(draft.table(), &draft.metadata, &self.schema, &self.files)?;
                self.manifests = Some(all);
            }
            let changes = Changes {
                operation: Operation::Append,
                added: self.files.iter().collect(),
                manifests: self.manifests.iter().flatten().collect(),
                removed: &Removed::default(),
                notes: Vec::new(),
            };
            draft.add_snapshot(changes).await?;
            Ok(Effect { rows: self.files.iter().map(|file| file.data_file.metrics.record_count).sum(), deleted: 0 })
        })
    }
}

/// A file as a manifest has it, and whether its columns are known by their names alone.
fn of_file<'a>(
    files: &'a Files,
    metadata: &'a TableMetadata,
    uri: &'a str,
) -> BoxFuture<'a, Result<(PreparedFile, bool)>> {
    Box::pin(async move { read(files, metadata, uri).await.context(|| format!("the file {uri}")) })
}

async fn read(files: &Files, metadata: &TableMetadata, uri: &str) -> Result<(PreparedFile, bool)> {
    let size = files.size(uri).await?;
    let footer = footer_of(files, uri, size, FIRST_READ).await?.without_tail();
    let schema = metadata.current_schema()?;
    let spec = metadata.partition_spec(metadata.default_spec_id)?;
    let mut said = BTreeMap::new();
    for field in spec.fields.iter().filter(|field| field.transform == Transform::Identity) {
        let value = schema.field_by_id(field.source_id).and_then(|source| in_path(uri, source, field));
        said.extend(value.map(|value| (field.source_id, value)));
    }
    let file = ForeignFile::new(footer, schema, metadata.name_mapping()?, &said)?;
    let partition = partition(&file, spec, schema, uri)?;
    let options = EncodeOptions::from_properties(&metadata.properties)?;
    let prepared = PreparedFile::of_store(spec.spec_id, uri, partition, size, file.metrics(&options));
    Ok((prepared, file.needs_mapping))
}

/// The partition that all rows of a file are in: by its statistics or, for a column that it lacks, by its path.
fn partition(file: &ForeignFile, spec: &PartitionSpec, schema: &Schema, uri: &str) -> Result<Vec<Option<Value>>> {
    let of_field = |field: &PartitionField| {
        let refuse = |what: &str| {
            Err(Error::invalid_input(format!("its partition by `{}` ({}) {what}", field.name, field.transform)))
        };
        if field.transform == Transform::Void {
            return Ok(None);
        }
        let Some(source) = schema.field_by_id(field.source_id) else { return refuse("is of a column that is gone") };
        if !file.has(source.id) {
            let said = in_path(uri, source, field).filter(|_| field.transform == Transform::Identity);
            return said.map_or_else(|| refuse("is of a column that it lacks"), Ok);
        }
        let Some(span) = file.span(source.id) else {
            return refuse("cannot be told: it has no statistics of the column");
        };
        match span {
            Span::Null => Ok(None),
            Span::Values(low, high) if low.to_bytes() == high.to_bytes() => match field.transform.apply(&low) {
                Some(value) => Ok(Some(value)),
                None => refuse("has no value"),
            },
            // What lies between two values has their place, in an order that the transform keeps.
            Span::Values(low, high) if !matches!(field.transform, Transform::Bucket(_) | Transform::Unknown(_)) => {
                let (low, high) = (field.transform.apply(&low), field.transform.apply(&high));
                match (low, high) {
                    (Some(low), Some(high)) if low.to_bytes() == high.to_bytes() => Ok(Some(low)),
                    _ => refuse("is not one: it has rows of several"),
                }
            }
            Span::Values(..) | Span::Mixed => refuse("is not one, as far as its statistics tell"),
        }
    };
    spec.fields.iter().map(of_field).collect()
}

/// What a path says of a partition: a part of it is `name=value`, with what is not safe in paths as `%` and hexadecimal.
fn in_path(uri: &str, source: &NestedField, field: &PartitionField) -> Option<Option<Value>> {
    let text = uri.split('/').rev().skip(1).find_map(|part| {
        let (name, value) = part.split_once('=')?;
        let name = percent_encoding::percent_decode_str(name).decode_utf8().ok()?;
        (*name == source.name || *name == field.name).then_some(value)
    })?;
    if text == "__HIVE_DEFAULT_PARTITION__" {
        return Some(None);
    }
    let text = percent_encoding::percent_decode_str(text).decode_utf8().ok()?;
    let primitive = source.field_type.as_primitive()?;
    let json = match primitive {
        PrimitiveType::Boolean | PrimitiveType::Int | PrimitiveType::Long => serde_json::from_str(&text).ok()?,
        // Equal ones may be spelled in many ways.
        PrimitiveType::Float | PrimitiveType::Double => return None,
        _ => Json::String(text.into_owned()),
    };
    default_value(primitive, &json).ok().map(Some)
}
