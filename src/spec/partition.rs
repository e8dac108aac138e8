use serde_json::{Map, Value as Json, json};

use crate::error::{Error, Result};
use crate::spec::json::Fields;
use crate::spec::{PrimitiveType, Schema, Transform};

/// How rows are divided into files (spec: Partitioning).
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionSpec {
    /// The id of this spec among those of its table.
    pub spec_id: i32,
    /// The partition fields; none for an unpartitioned table.
    pub fields: Vec<PartitionField>,
}

/// One part of a partition's value.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionField {
    /// The column that it is made from.
    pub source_id: i32,
    /// The id, unique among the table's partition fields.
    pub field_id: i32,
    /// The name.
    pub name: String,
    /// How it is made.
    pub transform: Transform,
    pub(crate) extra: Map<String, Json>,
}

impl PartitionSpec {
    /// The spec of a table that is not partitioned.
    pub fn unpartitioned() -> Self {
        Self { spec_id: 0, fields: Vec::new() }
    }

    /// Whether rows are not divided: no fields, or only void ones.
    pub fn is_unpartitioned(&self) -> bool {
        self.fields.iter().all(|field| field.transform == Transform::Void)
    }

    /// Whether a schema has all columns that values are made from.
    pub(crate) fn has_sources(&self, schema: &Schema) -> bool {
        let mut fields = self.fields.iter().filter(|field| field.transform != Transform::Void);
        fields.all(|field| schema.field_by_id(field.source_id).is_some())
    }

    /// The type of a field's values; `None` if its column is gone or its transform is unknown.
    pub fn result_type(&self, field: &PartitionField, schema: &Schema) -> Option<PrimitiveType> {
        let source = schema.field_by_id(field.source_id)?.field_type.as_primitive()?;
        field.transform.result_type(source)
    }

    pub(crate) fn from_json(value: Json, path: String) -> Result<Self> {
        let mut fields = Fields::new(value, path)?;
        Ok(Self { spec_id: fields.i32("spec-id")?, fields: fields.items("fields", PartitionField::from_json)? })
    }

    /// The fields alone, as manifests and v1 metadata have them; v1 fields may lack ids, which then count from 1000.
    pub(crate) fn fields_from_json(value: Json, path: &str) -> Result<Vec<PartitionField>> {
        let Json::Array(items) = value else {
            return Err(Error::invalid_data(format!("field `{path}` must be an array")));
        };
        let with_ids = items.into_iter().zip(1000_i32..).enumerate().map(|(i, (mut item, id))| {
            if let Json::Object(map) = &mut item {
                map.entry("field-id").or_insert(id.into());
            }
            PartitionField::from_json(item, format!("{path}[{i}]"))
        });
        with_ids.collect()
    }

    pub(crate) fn to_json(&self) -> Json {
        json!({ "spec-id": self.spec_id, "fields": self.fields_to_json() })
    }

    pub(crate) fn fields_to_json(&self) -> Json {
        self.fields.iter().map(PartitionField::to_json).collect()
    }
}

impl PartitionField {
    /// The columns that it is made from: one, or several of a transform that is not known.
    pub(crate) fn sources(&self) -> Vec<i32> {
        sources(self.source_id, &self.extra)
    }

    fn from_json(value: Json, path: String) -> Result<Self> {
        let mut fields = Fields::new(value, path)?;
        let (source_id, transform) = source_and_transform(&mut fields)?;
        Ok(Self {
            source_id,
            field_id: fields.i32("field-id")?,
            name: fields.string("name")?,
            transform,
            extra: fields.rest(),
        })
    }

    fn to_json(&self) -> Json {
        let mut map = self.extra.clone();
        if self.source_id != 0 {
            map.insert("source-id".into(), self.source_id.into());
        }
        map.insert("field-id".into(), self.field_id.into());
        map.insert("name".into(), self.name.clone().into());
        map.insert("transform".into(), self.transform.to_string().into());
        Json::Object(map)
    }
}

/// What a partition or sort field is made from, and how.
pub(super) fn source_and_transform(fields: &mut Fields) -> Result<(i32, Transform)> {
    let name = fields.name("transform");
    // Where several columns make one value (v3) there is none: readable, as a transform that is not known.
    let source_id = fields.optional_i32("source-id")?.unwrap_or_default();
    let transform = fields.string("transform")?;
    let transform = match source_id {
        0 => Transform::Unknown(transform),
        _ => transform.parse().map_err(|error: Error| error.context(format!("field `{name}`")))?,
    };
    Ok((source_id, transform))
}

/// The columns that a partition or sort field is made from, if several in a field of its JSON.
pub(super) fn sources(source_id: i32, extra: &Map<String, Json>) -> Vec<i32> {
    let several = extra.get("source-ids").and_then(Json::as_array).into_iter().flatten();
    let several = several.filter_map(|id| i32::try_from(id.as_i64()?).ok());
    several.chain((source_id != 0).then_some(source_id)).collect()
}
