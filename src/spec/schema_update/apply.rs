use super::{Change, SchemaUpdate};
use crate::error::{Error, Result};
use crate::spec::default_value::given_default;
use crate::spec::schema::assign_type;
use crate::spec::{NestedField, Schema, TableMetadata, Type};

/// Higher ids are those of metadata columns (spec: Reserved Field IDs).
const LAST_ID: i32 = i32::MAX - 200;

impl SchemaUpdate {
    /// The table's current schema with the changes, under the id of the current one.
    pub(crate) fn apply(&self, metadata: &TableMetadata) -> Result<Schema> {
        let base = metadata.current_schema()?;
        let highest = metadata.schemas.iter().map(|schema| schema.highest_field_id()).max().unwrap_or(0);
        let last_id = metadata.last_column_id.max(highest);
        let mut work = Work { metadata, schema: base.as_ref().clone(), last_id };
        for change in &self.changes {
            match change {
                Change::Add(parent, field) => {
                    let parent = if parent.is_empty() { None } else { Some(work.schema.column(parent)?.id) };
                    work.add(parent, field)?;
                }
                Change::Column(path, edit) => {
                    let id = work.schema.column(path)?.id;
                    work.edit(id, edit).map_err(|error| error.context(format!("column `{path}`")))?;
                }
                Change::Identifier(paths) => {
                    let ids = paths.iter().map(|path| Ok(work.schema.column(path)?.id));
                    work.schema.identifier_field_ids = ids.collect::<Result<_>>()?;
                }
                Change::Union(other) => work.union(None, other.fields())?,
            }
        }
        work.finish(base)
    }
}

/// A schema between two changes.
pub(super) struct Work<'a> {
    pub(super) metadata: &'a TableMetadata,
    pub(super) schema: Schema,
    last_id: i32,
}

impl Work<'_> {
    /// Adds a field to a struct, or a column to the table.
    pub(super) fn add(&mut self, parent: Option<i32>, field: &NestedField) -> Result<()> {
        let parent_name = parent.and_then(|id| self.schema.name_of(id));
        let name = parent_name.map_or_else(|| field.name.clone(), |parent| format!("{parent}.{}", field.name));
        self.add_checked(parent, field.clone()).map_err(|error| error.context(format!("column `{name}`")))
    }

    fn add_checked(&mut self, parent: Option<i32>, mut field: NestedField) -> Result<()> {
        self.check_new(&mut field, true)?;
        field.id = 0;
        self.number(&mut field)?;
        let siblings = match parent {
            None => &mut self.schema.structure.fields,
            Some(id) => {
                self.refuse_in_key(id)?;
                self.schema.fields_of(id).ok_or_else(|| Error::invalid_input("only structs have fields"))?
            }
        };
        check_name(siblings, &field.name)?;
        siblings.push(field);
        Ok(())
    }

    /// Gives all in a field ids that no column ever had, and the field itself if it has none.
    pub(super) fn number(&mut self, field: &mut NestedField) -> Result<()> {
        let own = usize::from(field.id == 0);
        let count = i32::try_from(field.field_type.count() + own).ok();
        if count.and_then(|count| self.last_id.checked_add(count)).is_none_or(|last| last > LAST_ID) {
            return Err(Error::invalid_input("the table has no field ids left"));
        }
        if field.id == 0 {
            self.last_id += 1;
            field.id = self.last_id;
        }
        field.field_type = assign_type(&field.field_type, &mut self.last_id, 0)?;
        Ok(())
    }

    /// Whether a field can be added as it is. Makes its defaults what is kept of them.
    pub(super) fn check_new(&self, field: &mut NestedField, needs_default: bool) -> Result<()> {
        check_new(self.metadata.format_version, field, needs_default)
    }

    pub(super) fn needs_version(&self, version: i32, what: &str) -> Result<()> {
        needs_version(self.metadata.format_version, version, what)
    }

    pub(super) fn refuse_in_key(&self, id: i32) -> Result<()> {
        let walked = self.schema.walk();
        let is_key = |field: &NestedField| matches!(&field.field_type, Type::Map(map) if map.key.reaches(id));
        match walked.iter().any(|(_, field)| is_key(field)) {
            true => Err(Error::invalid_input("the keys of a map never change")),
            false => Ok(()),
        }
    }
}

pub(super) fn check_name(siblings: &[NestedField], name: &str) -> Result<()> {
    if name.is_empty() {
        return Err(Error::invalid_input("a name is not empty"));
    }
    match siblings.iter().any(|field| field.name == name) {
        true => Err(Error::invalid_input(format!("there is a column `{name}` already"))),
        false => Ok(()),
    }
}

fn check_new(format_version: i32, field: &mut NestedField, needs_default: bool) -> Result<()> {
    needs_version(format_version, field.field_type.format_version(), &format!("the type {}", field.field_type))?;
    for default in [&mut field.initial_default, &mut field.write_default] {
        if let Some(json) = default.take() {
            *default = given_default(&field.field_type, &json)?;
        }
    }
    if field.write_default.is_none() {
        field.write_default.clone_from(&field.initial_default);
    }
    if field.write_default.is_some() {
        needs_version(format_version, 3, "a default value")?;
    }
    if field.required && field.field_type == Type::Unknown {
        return Err(Error::invalid_input("all values of the type unknown are null"));
    }
    if field.required && field.initial_default.is_none() && needs_default {
        return Err(Error::invalid_input(match format_version {
            ..3 => "a new column is optional: rows that are there have no value",
            _ => "a new column is optional or has an initial default: rows that are there have no value",
        }));
    }
    let is_struct = matches!(field.field_type, Type::Struct(_));
    // Rows that are there need values in the struct only if they have one.
    let needs_default = is_struct && field.initial_default.is_some();
    for child in field.field_type.children_mut() {
        if !is_struct && (child.initial_default.is_some() || child.write_default.is_some()) {
            return Err(Error::invalid_input("only columns and the fields of structs have defaults"));
        }
        let name = child.name.clone();
        check_new(format_version, child, needs_default)
            .map_err(|error| error.context(format!("its field `{name}`")))?;
    }
    Ok(())
}

fn needs_version(have: i32, version: i32, what: &str) -> Result<()> {
    if have >= version {
        return Ok(());
    }
    Err(Error::invalid_input(format!("{what} needs format version {version}, and the table has {have}")))
}

impl Schema {
    /// The columns of a new table, with their defaults as they are kept. Fails with
    /// [`InvalidInput`](crate::ErrorKind::InvalidInput) on what a table of this version of the format cannot have.
    pub(crate) fn checked(mut self, format_version: i32) -> Result<Self> {
        for field in &mut self.structure.fields {
            let name = field.name.clone();
            check_new(format_version, field, false).map_err(|error| error.context(format!("column `{name}`")))?;
        }
        Ok(self)
    }
}
