use std::collections::{BTreeMap, BTreeSet};

use crate::error::{Error, Result};
use crate::spec::human::human;
use crate::spec::metadata_columns::{PARTITION, PARTITION_FIELDS};
use crate::spec::{
    NestedField, PartitionField, PartitionSpec, PrimitiveType, TableMetadata, Transform, Type, Value, promoted,
};

/// The fields of all partition specs of a table, in the order of their ids: what a partition of any spec has a value or
/// null for.
#[derive(Debug)]
pub(crate) struct PartitionColumns(BTreeMap<i32, PartitionColumn>);

#[derive(Debug)]
struct PartitionColumn {
    /// By the newest spec that has it.
    name: String,
    source_id: i32,
    transform: Transform,
    /// `None` where it is not known or not the same in all specs: values are text.
    primitive: Option<PrimitiveType>,
}

impl PartitionColumns {
    pub(crate) fn of(metadata: &TableMetadata) -> Self {
        let (mut all, mut names): (BTreeMap<i32, PartitionColumn>, BTreeSet<String>) = Default::default();
        let mut ids: Vec<i32> = metadata.partition_specs.iter().map(|spec| spec.spec_id).collect();
        ids.sort_unstable();
        let newest_first = ids.iter().rev().filter_map(|id| metadata.partition_spec(*id).ok());
        for field in newest_first.flat_map(|spec| &spec.fields) {
            let primitive = primitive(field, metadata);
            let known = all.get_mut(&field.field_id).map(|known| {
                if known.transform == Transform::Void && field.transform != Transform::Void {
                    // Where v1 tables drop a field, its transform becomes void.
                    let (source_id, transform) = (field.source_id, field.transform.clone());
                    *known = PartitionColumn { name: std::mem::take(&mut known.name), source_id, transform, primitive };
                } else if field.transform != Transform::Void
                    && (known.source_id, &known.transform) != (field.source_id, &field.transform)
                {
                    known.primitive = None;
                }
            });
            if known.is_none() {
                let mut name = field.name.clone();
                while name.is_empty() || !names.insert(name.clone()) {
                    name = format!("{name}_{}", field.field_id);
                }
                let (source_id, transform) = (field.source_id, field.transform.clone());
                all.insert(field.field_id, PartitionColumn { name, source_id, transform, primitive });
            }
        }
        Self(all)
    }

    /// The column `partition`; none for a table that was never partitioned.
    pub(crate) fn field(&self) -> Option<NestedField> {
        (!self.0.is_empty()).then(|| NestedField::required("partition", Type::structure(self.fields())))
    }

    /// The metadata column `_partition`: the same, and for a table that was never partitioned a column without a type, as
    /// many who read Arrow know no structs without fields.
    pub(crate) fn metadata_column(&self) -> NestedField {
        let fields = PARTITION_FIELDS.zip(self.fields()).map(|(id, field)| field.id(id));
        let field_type = if self.0.is_empty() { Type::Unknown } else { Type::structure(fields) };
        NestedField::optional("_partition", field_type).id(PARTITION)
    }

    fn fields(&self) -> impl Iterator<Item = NestedField> {
        self.0.values().map(|column| {
            NestedField::optional(column.name.as_str(), column.primitive.unwrap_or(PrimitiveType::String))
        })
    }

    /// The values of a partition of this spec.
    pub(crate) fn values(&self, spec: &PartitionSpec, values: &[Option<Value>]) -> Result<Vec<Option<Value>>> {
        let value = |(id, column): (&i32, &PartitionColumn)| {
            let Some(at) = spec.fields.iter().position(|field| field.field_id == *id) else { return Ok(None) };
            let (Some(field), Some(Some(value))) = (spec.fields.get(at), values.get(at)) else { return Ok(None) };
            match column.primitive {
                None => Ok(Some(Value::String(human(&field.transform, value)))),
                Some(primitive) => fit(value, primitive).map(Some).ok_or_else(|| {
                    Error::invalid_data(format!(
                        "partition field `{}`: {value:?} is not of type {primitive}",
                        column.name
                    ))
                }),
            }
        };
        self.0.iter().map(value).collect()
    }

    /// The same for partitions that are the same. Those of specs with other fields are not, even if all values are null.
    pub(crate) fn key(&self, spec: &PartitionSpec, values: &[Option<Value>]) -> Vec<u8> {
        let mut key = Vec::new();
        for (id, value) in self.0.keys().zip(values) {
            let here = spec.fields.iter().any(|field| field.field_id == *id);
            let bytes = value.as_ref().map(Value::to_bytes);
            key.extend([u8::from(here), u8::from(bytes.is_some())]);
            let bytes = bytes.unwrap_or_default();
            key.extend_from_slice(&bytes.len().to_le_bytes());
            key.extend_from_slice(&bytes);
        }
        key
    }
}

/// The type of a field's values, by the newest schema that has its column.
fn primitive(field: &PartitionField, metadata: &TableMetadata) -> Option<PrimitiveType> {
    let newest_first = metadata.current_schema().into_iter().chain(metadata.schemas.iter().rev());
    let source = newest_first.filter_map(|schema| schema.field_by_id(field.source_id)).next()?;
    field.transform.result_type(source.field_type.as_primitive()?)
}

/// A value in the type that its field has now. Where a manifest's schema lacks the column, the value has the type that
/// Avro tells.
fn fit(value: &Value, primitive: PrimitiveType) -> Option<Value> {
    promoted(value, primitive).or_else(|| match (value, primitive) {
        (Value::Int(days), PrimitiveType::Date) => Some(Value::Date(*days)),
        (Value::Date(days), PrimitiveType::Int) => Some(Value::Int(*days)),
        (Value::Timestamp(micros), PrimitiveType::Timestamptz) => Some(Value::Timestamptz(*micros)),
        (Value::TimestampNs(nanos), PrimitiveType::TimestamptzNs) => Some(Value::TimestamptzNs(*nanos)),
        (
            Value::Binary(bytes),
            PrimitiveType::Fixed(_) | PrimitiveType::Uuid | PrimitiveType::Decimal { .. } | PrimitiveType::String,
        ) => Value::from_bytes(primitive, bytes).ok(),
        _ => None,
    })
}
