use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow_schema::{DataType, Field, Fields};
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;
use serde_json::{Value as Json, json};

use crate::error::{Error, Result, ResultExt};
use crate::spec::json::Fields as JsonFields;
use crate::spec::properties::NAME_MAPPING;
use crate::spec::{NestedField, Schema, TableMetadata, ordered};

/// Which columns the names in files mean that have no field ids (spec: Name Mapping Serialization).
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct NameMapping {
    by_name: BTreeMap<String, Arc<Mapped>>,
}

/// What a name means, and what the names inside of it do: `element` for lists, `key` and `value` for maps.
#[derive(Clone, Debug, PartialEq)]
struct Mapped {
    id: Option<i32>,
    inside: NameMapping,
}

impl TableMetadata {
    /// The table's name mapping, if it has one.
    pub(crate) fn name_mapping(&self) -> Result<Option<NameMapping>> {
        let Some(text) = self.property(NAME_MAPPING) else { return Ok(None) };
        NameMapping::parse(text).map(Some).context(|| format!("property `{NAME_MAPPING}`"))
    }
}

impl NameMapping {
    /// From its JSON. Fails with [`InvalidData`](crate::ErrorKind::InvalidData) also where a name or an id is said twice.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let json =
            serde_json::from_str(text).map_err(|error| Error::invalid_data("not valid JSON").caused_by(error))?;
        let Json::Array(fields) = json else { return Err(Error::invalid_data("it must be an array")) };
        Self::from_json(fields, "", &mut BTreeSet::new())
    }

    fn from_json(fields: Vec<Json>, path: &str, ids: &mut BTreeSet<i32>) -> Result<Self> {
        let mut mapping = Self::default();
        for (i, field) in fields.into_iter().enumerate() {
            let path = format!("{path}[{i}]");
            let mut field = JsonFields::new(field, path.clone())?;
            let id = field.optional_i32("field-id")?;
            if let Some(id) = id.filter(|id| !ids.insert(*id)) {
                return Err(Error::invalid_data(format!("field `{path}`: the id {id} is there twice")));
            }
            let names = field.items("names", |name, path| match name {
                Json::String(name) => Ok(name),
                _ => Err(Error::invalid_data(format!("field `{path}` must be a string"))),
            })?;
            let inside = field.optional_array("fields")?.unwrap_or_default();
            let mapped = Arc::new(Mapped { id, inside: Self::from_json(inside, &field.name("fields"), ids)? });
            for name in names {
                if mapping.by_name.insert(name.clone(), mapped.clone()).is_some() {
                    return Err(Error::invalid_data(format!("field `{path}`: the name `{name}` is there twice")));
                }
            }
        }
        Ok(mapping)
    }

    /// The one by which these columns have the names that they have now.
    pub(crate) fn of(schema: &Schema) -> Result<Self> {
        match mapping_of(&schema.fields().iter().collect::<Vec<_>>()) {
            Json::Array(fields) => Self::from_json(fields, "", &mut BTreeSet::new()),
            _ => Ok(Self::default()),
        }
    }

    /// The full name of the first of a file's columns, at whatever depth, that is not mapped.
    pub(crate) fn unknown(&self, fields: &Fields) -> Option<String> {
        let of = |field: &Field, name: &str| match self.by_name.get(name) {
            None => Some(name.to_owned()),
            Some(mapped) => mapped.inside.unknown_inside(field.data_type()).map(|inner| format!("{name}.{inner}")),
        };
        fields.iter().find_map(|field| of(field, field.name()))
    }

    fn unknown_inside(&self, data_type: &DataType) -> Option<String> {
        let part = |field: &Field, name: &str| {
            self.by_name.get(name)?.inside.unknown_inside(field.data_type()).map(|inner| format!("{name}.{inner}"))
        };
        match data_type {
            DataType::Struct(children) => self.unknown(children),
            DataType::List(element) => part(element, "element"),
            DataType::Map(entries, _) => match entries.data_type() {
                DataType::Struct(pair) => pair.iter().zip(["key", "value"]).find_map(|(field, name)| part(field, name)),
                _ => None,
            },
            _ => None,
        }
    }

    /// The same without these fields: their values are said elsewhere.
    pub(crate) fn without(&self, is_said: &dyn Fn(i32) -> bool) -> Self {
        let mapped = self.by_name.iter().map(|(name, mapped)| {
            let id = mapped.id.filter(|id| !is_said(*id));
            (name.clone(), Arc::new(Mapped { id, inside: mapped.inside.without(is_said) }))
        });
        Self { by_name: ordered(mapped) }
    }

    /// The same columns of a file with the ids that their names mean. What is not mapped has none.
    ///
    /// Fails with [`InvalidData`](crate::ErrorKind::InvalidData) if two columns would be the same.
    pub(crate) fn assign(&self, fields: &Fields) -> Result<Fields> {
        let mut seen = BTreeMap::new();
        let fields = fields.iter().map(|field| {
            let mapped = self.by_name.get(field.name());
            if let Some(id) = mapped.and_then(|mapped| mapped.id)
                && let Some(other) = seen.insert(id, field.name())
            {
                let (name, id) = (field.name(), id);
                return Err(Error::invalid_data(format!(
                    "its columns `{other}` and `{name}` are both the field {id} by the table's name mapping"
                )));
            }
            assign_one(field, mapped).map(Arc::new)
        });
        Ok(fields.collect::<Result<Vec<_>>>()?.into())
    }
}

/// The JSON of a name mapping that knows a schema's columns by their names.
pub(crate) fn mapping_of(fields: &[&NestedField]) -> Json {
    let one = |field: &&NestedField| {
        let mut json = json!({"field-id": field.id, "names": [field.name]});
        let inside = field.field_type.children();
        if let (Json::Object(map), false) = (&mut json, inside.is_empty()) {
            map.insert("fields".into(), mapping_of(&inside));
        }
        json
    };
    fields.iter().map(one).collect()
}

/// A name mapping as it is after a change of the schema: columns that were renamed have one more name, new ones the name that
/// they have, which means no other column any more. `None` if the text is no mapping.
pub(crate) fn renamed_mapping(text: &str, before: &Schema, after: &Schema) -> Option<String> {
    let Ok(Json::Array(mut fields)) = serde_json::from_str(text) else { return None };
    NameMapping::parse(text).ok()?;
    let top: Vec<_> = after.fields().iter().collect();
    rename_level(&mut fields, &top, before, after);
    Some(Json::Array(fields).to_string())
}

/// `columns` are those that stand here by the schema.
fn rename_level(fields: &mut Vec<Json>, columns: &[&NestedField], before: &Schema, after: &Schema) {
    let id_of = |field: &Json| field.get("field-id").and_then(Json::as_i64);
    for field in fields.iter_mut() {
        let column = id_of(field).and_then(|id| after.field_by_id(id.try_into().ok()?));
        let inside = column.map(|column| column.field_type.children()).unwrap_or_default();
        let Json::Object(map) = field else { continue };
        if let Some(Json::Array(nested)) = map.get_mut("fields") {
            rename_level(nested, &inside, before, after);
        } else {
            let new: Vec<_> = inside.into_iter().filter(|child| before.field_by_id(child.id).is_none()).collect();
            if !new.is_empty() {
                map.insert("fields".into(), mapping_of(&new));
            }
        }
    }
    for column in columns {
        let old = before.field_by_id(column.id);
        let own = Some(i64::from(column.id));
        let is_mapped = fields.iter().any(|field| id_of(field) == own);
        if old.is_some_and(|old| old.name == column.name || !is_mapped) {
            continue;
        }
        for field in fields.iter_mut() {
            let is_own = id_of(field) == own;
            let Some(Json::Array(names)) = field.get_mut("names") else { continue };
            names.retain(|name| name.as_str() != Some(&column.name));
            if is_own {
                names.push(column.name.clone().into());
            }
        }
        if let (false, Json::Array(new)) = (is_mapped, mapping_of(&[column])) {
            fields.extend(new);
        }
    }
}

fn assign_one(field: &Field, mapped: Option<&Arc<Mapped>>) -> Result<Field> {
    // What is inside of a column that is not mapped is not read.
    let Some(mapped) = mapped else { return Ok(field.clone()) };
    let inside = |name: &str| mapped.inside.by_name.get(name);
    let data_type = match field.data_type() {
        DataType::Struct(children) => DataType::Struct(mapped.inside.assign(children)?),
        DataType::List(element) => DataType::List(Arc::new(assign_one(element, inside("element"))?)),
        DataType::Map(entries, sorted) => match entries.data_type() {
            // By their place: files name them as they like.
            DataType::Struct(pair) => {
                let pair = pair.iter().zip(["key", "value"]).map(|(field, name)| assign_one(field, inside(name)));
                let pair = DataType::Struct(pair.collect::<Result<Vec<_>>>()?.into());
                DataType::Map(Arc::new(entries.as_ref().clone().with_data_type(pair)), *sorted)
            }
            other => other.clone(),
        },
        other => other.clone(),
    };
    let mut field = field.clone().with_data_type(data_type);
    if let Some(id) = mapped.id {
        field.metadata_mut().insert(PARQUET_FIELD_ID_META_KEY.to_owned(), id.to_string());
    }
    Ok(field)
}

/// Whether any of these columns of a file, at any depth, has a field id.
pub(crate) fn has_ids(fields: &Fields) -> bool {
    fields.iter().any(|field| {
        field.metadata().contains_key(PARQUET_FIELD_ID_META_KEY)
            || match field.data_type() {
                DataType::Struct(children) => has_ids(children),
                DataType::List(child) | DataType::Map(child, _) => has_ids(&vec![child.clone()].into()),
                _ => false,
            }
    })
}

/// The error about a file whose columns cannot be told.
pub(crate) fn no_field_ids(mapped: bool) -> Error {
    Error::unsupported(match mapped {
        true => "the data file has no field ids, and the table's name mapping knows none of its columns",
        false => {
            "the data file has no field ids, and the table has no name mapping (the property `schema.name-mapping.default`)"
        }
    })
}
