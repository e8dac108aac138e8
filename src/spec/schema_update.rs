use serde_json::Value as Json;

use crate::spec::{NestedField, Schema, Type};

mod apply;
mod columns;
mod edit;
mod finish;
#[cfg(test)]
mod tests;
mod union;

/// Changes of a table's columns (spec: Schema Evolution), made in this order. None of them touches a file.
///
/// Columns are named in full, as [`Schema::field_by_name`] has it: `id`, `address.city`, `tags.element`, `m.value.x`. Each
/// change sees those before it: a column that was renamed has its new name, and one that was added is there.
///
/// The changes are made to the schema that is current when they are committed. Where one of them cannot be made, also
/// because another writer dropped the column meanwhile, none is: the error, of kind
/// [`InvalidInput`](crate::ErrorKind::InvalidInput), names the column and the reason.
///
/// No change makes an optional column required: rows that are there may have no value.
#[derive(Clone, Debug, Default)]
#[must_use = "it changes nothing by itself"]
pub struct SchemaUpdate {
    changes: Vec<Change>,
}

#[derive(Clone, Debug)]
enum Change {
    /// To the struct of this name, or to the table's columns if it is empty.
    Add(String, NestedField),
    Column(String, Edit),
    Identifier(Vec<String>),
    Union(Schema),
}

#[derive(Clone, Debug)]
enum Edit {
    Drop,
    Rename(String),
    Move(Place),
    Type(Type),
    Optional,
    Doc(Option<String>),
    Default(Json),
}

#[derive(Clone, Debug)]
enum Place {
    First,
    Before(String),
    After(String),
}

impl SchemaUpdate {
    /// No changes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether there are no changes.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Adds a column that may be null, behind the others: `.add("address.zip", PrimitiveType::String)`. What is before the
    /// last dot is a struct, a list of structs or a map to structs.
    pub fn add(self, path: impl Into<String>, field_type: impl Into<Type>) -> Self {
        let path = path.into();
        let (parent, name) = path.rsplit_once('.').unwrap_or(("", &path));
        self.add_field(parent, NestedField::optional(name, field_type))
    }

    /// Adds a field behind the others of a struct, a list of structs or a map to structs, or a column behind the others of
    /// the table if `parent` is empty. Ids are assigned by the table.
    ///
    /// A required field needs an initial default, which is what the rows that are there have. Defaults need version 3 of
    /// the format. Without a default for writers they have the initial one.
    pub fn add_field(self, parent: impl Into<String>, field: NestedField) -> Self {
        self.with(Change::Add(parent.into(), field))
    }

    /// Drops a column with all that is in it. A column of the same name that is added later is another one: it does not
    /// have these values.
    ///
    /// Not for a column that the table is partitioned or sorted by, or that identifies its rows.
    pub fn drop_column(self, path: impl Into<String>) -> Self {
        self.edit(path, Edit::Drop)
    }

    /// Gives a column another name; `name` is without what it is in.
    pub fn rename_column(self, path: impl Into<String>, name: impl Into<String>) -> Self {
        self.edit(path, Edit::Rename(name.into()))
    }

    /// Puts a column before all others of the table or of its struct.
    pub fn move_first(self, path: impl Into<String>) -> Self {
        self.edit(path, Edit::Move(Place::First))
    }

    /// Puts a column before another, named in full, of the table or of the same struct.
    pub fn move_before(self, path: impl Into<String>, other: impl Into<String>) -> Self {
        self.edit(path, Edit::Move(Place::Before(other.into())))
    }

    /// Puts a column behind another, named in full, of the table or of the same struct.
    pub fn move_after(self, path: impl Into<String>, other: impl Into<String>) -> Self {
        self.edit(path, Edit::Move(Place::After(other.into())))
    }

    /// Gives a column a wider type: long for int, double for float, a decimal of more digits; in version 3 also a
    /// timestamp for a date, and any type for unknown.
    pub fn update_type(self, path: impl Into<String>, field_type: impl Into<Type>) -> Self {
        self.edit(path, Edit::Type(field_type.into()))
    }

    /// Lets a column be null. Not for one that identifies rows.
    pub fn make_optional(self, path: impl Into<String>) -> Self {
        self.edit(path, Edit::Optional)
    }

    /// Gives a column a comment for people, or takes it away.
    pub fn set_doc(self, path: impl Into<String>, doc: Option<&str>) -> Self {
        self.edit(path, Edit::Doc(doc.map(str::to_owned)))
    }

    /// Sets what writers write that have no value for the column, as JSON (spec: JSON single-value serialization); null for
    /// none. Rows that are there stay as they are. Needs version 3 of the format.
    pub fn set_default(self, path: impl Into<String>, value: impl Into<Json>) -> Self {
        self.edit(path, Edit::Default(value.into()))
    }

    /// Sets the columns that together identify a row (spec: Identifier Field IDs): required, of single values and not of
    /// floating point, and not inside of a list, a map or an optional struct.
    pub fn set_identifier_fields<P: Into<String>>(self, paths: impl IntoIterator<Item = P>) -> Self {
        self.with(Change::Identifier(paths.into_iter().map(Into::into).collect()))
    }

    /// Makes room for rows of another schema, whose columns are found by their names: adds those that are missing, at any
    /// depth, widens types that are narrower, and lets be null what may be null there. Columns that the other has not, or
    /// narrower, stay as they are, and so do those that identify rows.
    pub fn union_by_name(self, schema: Schema) -> Self {
        self.with(Change::Union(schema))
    }

    fn edit(self, path: impl Into<String>, edit: Edit) -> Self {
        self.with(Change::Column(path.into(), edit))
    }

    fn with(mut self, change: Change) -> Self {
        self.changes.push(change);
        self
    }
}
