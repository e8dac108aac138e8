use arrow_array::RecordBatch;

use crate::error::Result;
use crate::inspect::cell::{Cell, batch};
use crate::spec::human::human;
use crate::spec::{
    FieldSummary, ManifestContent, ManifestFile, NestedField, PartitionField, PartitionSpec, PrimitiveType, Schema,
    TableMetadata, Type, Value,
};

/// The manifests of a snapshot, in the order of its list.
pub(super) fn manifests(metadata: &TableMetadata, list: &[ManifestFile]) -> Result<RecordBatch> {
    let rows = list.iter().map(|manifest| row(manifest, metadata));
    batch(&schema()?, rows.collect::<Result<_>>()?)
}

fn schema() -> Result<Schema> {
    let summary = Type::structure([
        NestedField::required("contains_null", PrimitiveType::Boolean),
        NestedField::optional("contains_nan", PrimitiveType::Boolean),
        NestedField::optional("lower_bound", PrimitiveType::String),
        NestedField::optional("upper_bound", PrimitiveType::String),
    ]);
    let count = |name| NestedField::optional(name, PrimitiveType::Int);
    Schema::new([
        NestedField::required("content", PrimitiveType::Int),
        NestedField::required("path", PrimitiveType::String),
        NestedField::required("length", PrimitiveType::Long),
        NestedField::optional("partition_spec_id", PrimitiveType::Int),
        NestedField::optional("added_snapshot_id", PrimitiveType::Long),
        count("added_data_files_count"),
        count("existing_data_files_count"),
        count("deleted_data_files_count"),
        count("added_delete_files_count"),
        count("existing_delete_files_count"),
        count("deleted_delete_files_count"),
        NestedField::optional("partition_summaries", Type::list(summary)),
    ])
}

fn row(manifest: &ManifestFile, metadata: &TableMetadata) -> Result<Cell> {
    let data = manifest.content == ManifestContent::Data;
    let count = |of_data: bool, count: Option<u32>| match of_data == data {
        true => count.and_then(|count| i32::try_from(count).ok()).into(),
        false => Cell::from(0),
    };
    let (added, existing, deleted) =
        (manifest.added_files_count, manifest.existing_files_count, manifest.deleted_files_count);
    let summaries = manifest.partitions.as_deref().map(|summaries| {
        let spec = metadata.partition_spec(manifest.partition_spec_id).ok();
        let field = |at| spec.and_then(|spec| Some((&**spec, spec.fields.get(at)?)));
        Cell::List(summaries.iter().enumerate().map(|(at, part)| summary(part, field(at), metadata)).collect())
    });
    Ok(Cell::Struct(vec![
        i32::from(!data).into(),
        manifest.manifest_path.as_str().into(),
        Cell::count(manifest.manifest_length),
        manifest.partition_spec_id.into(),
        manifest.added_snapshot_id.into(),
        count(true, added),
        count(true, existing),
        count(true, deleted),
        count(false, added),
        count(false, existing),
        count(false, deleted),
        summaries.unwrap_or(Cell::Null),
    ]))
}

type Field<'a> = (&'a PartitionSpec, &'a PartitionField);

/// Bounds are text. Those that cannot be read count as not known.
fn summary(summary: &FieldSummary, field: Option<Field<'_>>, metadata: &TableMetadata) -> Cell {
    let bound = |bytes: &Option<Vec<u8>>| {
        let (spec, field) = field?;
        let primitive = metadata.schemas.iter().rev().find_map(|schema| spec.result_type(field, schema))?;
        let value = Value::from_bytes(primitive, bytes.as_deref()?).ok()?;
        Some(Cell::from(human(&field.transform, &value).as_str()))
    };
    Cell::Struct(vec![
        summary.contains_null.into(),
        summary.contains_nan.into(),
        bound(&summary.lower_bound).into(),
        bound(&summary.upper_bound).into(),
    ])
}
