use std::collections::BTreeSet;
use std::sync::Arc;

use parquet::basic::LogicalType;
use parquet::errors::Result;
use parquet::schema::types::{Type as ParquetType, TypePtr};

use crate::spec::{Schema, Type, ordered};

/// A file's schema in which the groups of variants say that they are (Parquet: VARIANT), which the Parquet crate does only
/// with a feature that brings its own encoding of them.
pub(super) fn mark_variants(root: TypePtr, schema: &Schema) -> Result<TypePtr> {
    let walked = schema.walk().into_iter();
    let variants: BTreeSet<i32> =
        ordered(walked.filter(|(_, field)| field.field_type == Type::Variant).map(|(_, field)| field.id));
    if variants.is_empty() { Ok(root) } else { mark(&root, &variants) }
}

fn mark(node: &TypePtr, variants: &BTreeSet<i32>) -> Result<TypePtr> {
    if node.is_primitive() {
        return Ok(node.clone());
    }
    let info = node.get_basic_info();
    let id = info.has_id().then(|| info.id());
    let is_variant = id.is_some_and(|id| variants.contains(&id));
    let logical = if is_variant { Some(LogicalType::variant(Some(1))) } else { info.logical_type_ref().cloned() };
    let fields = node.get_fields().iter().map(|field| mark(field, variants)).collect::<Result<_>>()?;
    let mut group = ParquetType::group_type_builder(node.name())
        .with_converted_type(info.converted_type())
        .with_logical_type(logical)
        .with_fields(fields)
        .with_id(id);
    if info.has_repetition() {
        group = group.with_repetition(info.repetition());
    }
    Ok(Arc::new(group.build()?))
}
