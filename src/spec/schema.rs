use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use crate::error::{Error, Result};
use crate::spec::json::Fields;
use crate::spec::{ListType, MapType, NestedField, StructType, Type};

/// How deep types may nest: far beyond use, and shallow enough for any stack.
const MAX_DEPTH: usize = 64;

/// The columns of a table (spec: Schemas).
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    pub(super) schema_id: i32,
    pub(super) structure: StructType,
    pub(super) identifier_field_ids: Vec<i32>,
    extra: Map<String, Json>,
}

impl Schema {
    /// A schema of these columns, for creating a table. Ids are assigned by the table; those given here are ignored.
    ///
    /// Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput) on an empty or doubled name or nesting beyond 64 levels.
    pub fn new(fields: impl IntoIterator<Item = NestedField>) -> Result<Self> {
        let mut last_id = 0;
        let structure = assign_struct(&fields.into_iter().collect::<Vec<_>>(), &mut last_id, 0)?;
        let schema = Self { schema_id: 0, structure, identifier_field_ids: Vec::new(), extra: Map::new() };
        schema.validate().map_err(|error| Error::invalid_input(error.message()))?;
        Ok(schema)
    }

    pub(crate) fn with_ids(schema_id: i32, structure: StructType) -> Result<Self> {
        let schema = Self { schema_id, structure, identifier_field_ids: Vec::new(), extra: Map::new() };
        schema.validate()?;
        Ok(schema)
    }

    /// The id of this schema among those of its table.
    pub fn schema_id(&self) -> i32 {
        self.schema_id
    }

    /// The columns as a struct.
    pub fn as_struct(&self) -> &StructType {
        &self.structure
    }

    /// The columns.
    pub fn fields(&self) -> &[NestedField] {
        &self.structure.fields
    }

    /// Ids of the columns that together identify a row (spec: Identifier Field IDs).
    pub fn identifier_field_ids(&self) -> &[i32] {
        &self.identifier_field_ids
    }

    /// A field at any depth by its id.
    pub fn field_by_id(&self, id: i32) -> Option<&NestedField> {
        fn find(fields: &[NestedField], id: i32) -> Option<&NestedField> {
            fields.iter().find_map(|field| find_in(field, id))
        }
        fn find_in(field: &NestedField, id: i32) -> Option<&NestedField> {
            if field.id == id {
                return Some(field);
            }
            match &field.field_type {
                Type::Primitive(_) | Type::Variant | Type::Unknown => None,
                Type::Struct(structure) => find(&structure.fields, id),
                Type::List(list) => find_in(&list.element, id),
                Type::Map(map) => find_in(&map.key, id).or_else(|| find_in(&map.value, id)),
            }
        }
        find(&self.structure.fields, id)
    }

    /// A field at any depth by its full name, parts joined by dots: `id`, `address.city`, `tags.element`, `m.value.x`.
    /// A column whose own name contains dots is found by that name. Names are case-sensitive.
    pub fn field_by_name(&self, name: &str) -> Option<&NestedField> {
        fn find<'a>(children: Vec<&'a NestedField>, name: &str) -> Option<&'a NestedField> {
            for child in children {
                let Some(rest) = name.strip_prefix(child.name.as_str()) else { continue };
                if rest.is_empty() {
                    return Some(child);
                }
                if let Some(rest) = rest.strip_prefix('.')
                    && let Some(found) = find(child.field_type.children(), rest)
                {
                    return Some(found);
                }
            }
            None
        }
        find(self.structure.fields.iter().collect(), name)
    }

    /// The full name of a field at any depth (`address.city`).
    pub fn name_of(&self, id: i32) -> Option<String> {
        self.walk().into_iter().find(|(_, field)| field.id == id).map(|(name, _)| name)
    }

    /// Every field at any depth with its full name, parents before their children.
    pub fn walk(&self) -> Vec<(String, &NestedField)> {
        fn visit<'a>(prefix: &str, children: Vec<&'a NestedField>, into: &mut Vec<(String, &'a NestedField)>) {
            for child in children {
                let name = if prefix.is_empty() { child.name.clone() } else { format!("{prefix}.{}", child.name) };
                into.push((name.clone(), child));
                visit(&name, child.field_type.children(), into);
            }
        }
        let mut all = Vec::new();
        visit("", self.structure.fields.iter().collect(), &mut all);
        all
    }

    /// The highest field id in use; 0 without fields.
    pub fn highest_field_id(&self) -> i32 {
        self.walk().iter().map(|(_, field)| field.id).max().unwrap_or(0)
    }

    /// Whether two schemas have the same fields (ids, names, types, nullability), whatever their own ids.
    pub fn same_fields(&self, other: &Self) -> bool {
        self.structure == other.structure && self.identifier_field_ids == other.identifier_field_ids
    }

    pub(crate) fn from_json(value: Json, path: String) -> Result<Self> {
        let mut fields = Fields::new(value, path)?;
        let kind = fields.string("type")?;
        if kind != "struct" {
            return Err(Error::invalid_data(format!("field `{}` must be `struct`, not `{kind}`", fields.name("type"))));
        }
        let ids = fields.items("identifier-field-ids", |id, path| {
            let narrow = id.as_i64().and_then(|wide| i32::try_from(wide).ok());
            narrow.ok_or_else(|| Error::invalid_data(format!("field `{path}` must be an integer of 32 bits")))
        })?;
        let context = fields.name("fields");
        let schema = Self {
            schema_id: fields.optional_i32("schema-id")?.unwrap_or(0),
            structure: StructType { fields: fields.items("fields", NestedField::from_json)? },
            identifier_field_ids: ids,
            extra: fields.rest(),
        };
        schema.validate().map_err(|error| error.context(format!("field `{context}`")))?;
        Ok(schema)
    }

    /// Iceberg's JSON of it (spec: Appendix C), which `Schema::try_from` reads.
    pub fn to_json(&self) -> Json {
        let Json::Object(mut map) = self.structure.to_json() else { return Json::Null };
        map.insert("schema-id".into(), self.schema_id.into());
        if !self.identifier_field_ids.is_empty() {
            map.insert("identifier-field-ids".into(), self.identifier_field_ids.clone().into());
        }
        map.extend(self.extra.clone());
        Json::Object(map)
    }

    pub(super) fn validate(&self) -> Result<()> {
        let mut ids = BTreeSet::new();
        check_depth(&self.structure.fields.iter().collect::<Vec<_>>(), 0)?;
        for (name, field) in self.walk() {
            if field.id <= 0 {
                return Err(Error::invalid_data(format!(
                    "column `{name}` has the id {}, which is not positive",
                    field.id
                )));
            }
            if !ids.insert(field.id) {
                return Err(Error::invalid_data(format!("column `{name}` has the id {} of another", field.id)));
            }
            if let Type::Struct(structure) = &field.field_type {
                check_names(structure)?;
            }
        }
        check_names(&self.structure)
    }
}

fn check_depth(fields: &[&NestedField], depth: usize) -> Result<()> {
    if depth >= MAX_DEPTH {
        return Err(Error::invalid_data(format!("types nest deeper than {MAX_DEPTH} levels")));
    }
    fields.iter().try_for_each(|field| check_depth(&field.field_type.children(), depth + 1))
}

fn check_names(structure: &StructType) -> Result<()> {
    let mut names = BTreeSet::new();
    for field in &structure.fields {
        if field.name.is_empty() {
            return Err(Error::invalid_data("a column has an empty name"));
        }
        if !names.insert(field.name.as_str()) {
            return Err(Error::invalid_data(format!("two columns are named `{}`", field.name)));
        }
    }
    Ok(())
}

/// Numbers a level's fields before those nested in them, as other writers do.
fn assign_struct(fields: &[NestedField], last_id: &mut i32, depth: usize) -> Result<StructType> {
    if depth >= MAX_DEPTH {
        return Err(Error::invalid_input(format!("types nest deeper than {MAX_DEPTH} levels")));
    }
    let mut fields = fields.to_vec();
    for field in &mut fields {
        *last_id += 1;
        field.id = *last_id;
    }
    for field in &mut fields {
        field.field_type = assign_type(&field.field_type, last_id, depth + 1)?;
    }
    Ok(StructType { fields })
}

pub(super) fn assign_type(field_type: &Type, last_id: &mut i32, depth: usize) -> Result<Type> {
    // All that a list or map says of what is in it is the type, and whether it is required.
    let one = |name: &str, field: &NestedField, last_id: &mut i32| {
        *last_id += 1;
        Box::new(NestedField::new(name, field.field_type.clone(), field.required || name == "key").id(*last_id))
    };
    if depth >= MAX_DEPTH {
        return Err(Error::invalid_input(format!("types nest deeper than {MAX_DEPTH} levels")));
    }
    Ok(match field_type {
        Type::Primitive(_) | Type::Variant | Type::Unknown => field_type.clone(),
        Type::Struct(structure) => Type::Struct(assign_struct(&structure.fields, last_id, depth)?),
        Type::List(list) => {
            let mut element = one("element", &list.element, last_id);
            element.field_type = assign_type(&element.field_type, last_id, depth + 1)?;
            Type::List(ListType { element })
        }
        Type::Map(map) => {
            let (mut key, mut value) = (one("key", &map.key, last_id), one("value", &map.value, last_id));
            key.field_type = assign_type(&key.field_type, last_id, depth + 1)?;
            value.field_type = assign_type(&value.field_type, last_id, depth + 1)?;
            Type::Map(MapType { key, value })
        }
    })
}
