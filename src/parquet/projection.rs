use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow_schema::SchemaRef;

use crate::error::{Error, Result};
use crate::spec::{ListType, MapType, NestedField, Schema, StructType, Type, Value, ordered, to_arrow};

/// Which columns of a table are read, and so the schema of the batches that come out. Cheap to clone, as each file has its own.
#[derive(Clone, Debug)]
pub struct Projection {
    table: Arc<Schema>,
    output: Arc<Schema>,
    arrow_schema: SchemaRef,
    fills: Arc<BTreeMap<i32, Fill>>,
    tested: Option<Arc<Tested>>,
}

/// What a filter makes of a projection: the same for each file of a scan.
#[derive(Debug)]
struct Tested {
    ids: BTreeSet<i32>,
    /// The columns with those that the filter looks at, and those alone.
    wide: (Arc<Schema>, SchemaRef),
    narrow: (Arc<Schema>, SchemaRef),
}

/// What a column holds where a file does not say.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fill {
    /// This in every row; `None` is null.
    Constant(Option<Value>),
    /// The row's position in the file, counted from this number.
    Position(i64),
    /// A struct of what its fields hold where a file does not say.
    Fields,
}

impl Projection {
    /// All columns.
    pub fn all(table: &Schema) -> Result<Self> {
        Self::make(Arc::new(table.clone()), table.clone())
    }

    /// These columns, in this order. `a.b` is the field `b` of the struct `a` without its other fields.
    ///
    /// Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput) on a column that the table does not have.
    pub fn of<N: AsRef<str>>(table: &Schema, columns: impl IntoIterator<Item = N>) -> Result<Self> {
        let mut wanted = BTreeSet::new();
        let mut order: Vec<i32> = Vec::new();
        for name in columns {
            let name = name.as_ref();
            let field = table.column(name)?;
            wanted.insert(field.id);
            let top = table.fields().iter().find(|top| top.id == field.id || top.field_type.holds(field.id));
            if let Some(top) = top
                && !order.contains(&top.id)
            {
                order.push(top.id);
            }
        }
        let tops = order.iter().filter_map(|id| table.fields().iter().find(|top| top.id == *id));
        let fields = tops.filter_map(|top| prune(top, &wanted)).collect();
        Self::make(Arc::new(table.clone()), Schema::with_ids(table.schema_id(), StructType { fields })?)
    }

    /// These fields, wherever they are, each in the structs around it.
    pub(crate) fn of_ids(table: &Schema, ids: &[i32]) -> Result<Self> {
        let wanted = ordered(ids.iter().copied());
        let fields = table.fields().iter().filter_map(|top| prune(top, &wanted)).collect();
        Self::make(Arc::new(table.clone()), Schema::with_ids(table.schema_id(), StructType { fields })?)
    }

    /// The same with values for columns that a file may lack although its rows have them: identity partition columns.
    /// They are used only where the file has no such column.
    #[must_use]
    pub fn constants(self, constants: impl IntoIterator<Item = (i32, Option<Value>)>) -> Self {
        self.fills(constants.into_iter().map(|(id, value)| (id, Fill::Constant(value))))
    }

    /// The same with what columns hold that a file does not say.
    #[must_use]
    pub(crate) fn fills(mut self, fills: impl IntoIterator<Item = (i32, Fill)>) -> Self {
        let own = Arc::make_mut(&mut self.fills);
        for (id, fill) in fills {
            own.insert(id, fill);
        }
        self
    }

    /// The same, for files whose rows are tested by a filter that looks at these fields.
    pub(crate) fn tested_by(mut self, ids: BTreeSet<i32>) -> Result<Self> {
        let wide = self.and_also(&ids)?;
        let narrow = wide.only(&ids)?;
        let of = |projection: Self| (projection.output, projection.arrow_schema);
        self.tested = Some(Arc::new(Tested { ids, wide: of(wide), narrow: of(narrow) }));
        Ok(self)
    }

    /// With these columns, which are known to be those asked for.
    fn known(&self, (output, arrow_schema): &(Arc<Schema>, SchemaRef)) -> Self {
        Self { output: output.clone(), arrow_schema: arrow_schema.clone(), ..self.clone() }
    }

    /// The table's schema.
    pub fn table_schema(&self) -> &Schema {
        &self.table
    }

    /// The columns read, with the table's field ids.
    pub fn schema(&self) -> &Schema {
        &self.output
    }

    /// The schema of the batches.
    pub fn arrow_schema(&self) -> &SchemaRef {
        &self.arrow_schema
    }

    /// What a column holds where the file does not say.
    pub(crate) fn fill(&self, id: i32) -> Option<&Fill> {
        self.fills.get(&id)
    }

    /// The same columns and also these fields, for a filter to look at.
    pub(crate) fn and_also(&self, ids: &BTreeSet<i32>) -> Result<Self> {
        if ids.is_empty() {
            return Ok(self.clone());
        }
        if let Some(tested) = self.tested.as_ref().filter(|tested| tested.ids == *ids) {
            return Ok(self.known(&tested.wide));
        }
        let have: BTreeSet<i32> = ordered(self.output.walk().into_iter().map(|(_, field)| field.id));
        if ids.is_subset(&have) {
            return Ok(self.clone());
        }
        let leaves = self.output.walk().into_iter().filter(|(_, field)| field.field_type.children().is_empty());
        let wanted = ordered(leaves.map(|(_, field)| field.id).chain(ids.iter().copied()));
        let whole = |top: &&NestedField| have.contains(&top.id);
        let (kept, added): (Vec<_>, Vec<_>) = self.table.fields().iter().partition(whole);
        let fields = kept.into_iter().chain(added).filter_map(|top| prune(top, &wanted)).collect();
        let output = Schema::with_ids(self.table.schema_id(), StructType { fields })?;
        Ok(Self { fills: self.fills.clone(), ..Self::make(self.table.clone(), output)? })
    }

    /// Of the same columns only these fields.
    pub(crate) fn only(&self, ids: &BTreeSet<i32>) -> Result<Self> {
        let is_wide = |tested: &&Arc<Tested>| tested.ids == *ids && Arc::ptr_eq(&tested.wide.0, &self.output);
        if let Some(tested) = self.tested.as_ref().filter(is_wide) {
            return Ok(self.known(&tested.narrow));
        }
        let fields = self.output.fields().iter().filter_map(|top| prune(top, ids)).collect();
        let output = Schema::with_ids(self.table.schema_id(), StructType { fields })?;
        Ok(Self { fills: self.fills.clone(), ..Self::make(self.table.clone(), output)? })
    }

    fn make(table: Arc<Schema>, output: Schema) -> Result<Self> {
        let arrow_schema = Arc::new(to_arrow(&output)?);
        Ok(Self { table, output: Arc::new(output), arrow_schema, fills: Arc::default(), tested: None })
    }
}

/// The field with what was asked for: all of it if it is named itself, else what is named inside.
fn prune(field: &NestedField, wanted: &BTreeSet<i32>) -> Option<NestedField> {
    if wanted.contains(&field.id) {
        return Some(field.clone());
    }
    let field_type = match &field.field_type {
        Type::Primitive(_) | Type::Variant | Type::Unknown => return None,
        Type::Struct(structure) => {
            let fields: Vec<_> = structure.fields.iter().filter_map(|child| prune(child, wanted)).collect();
            if fields.is_empty() {
                return None;
            }
            Type::Struct(StructType { fields })
        }
        Type::List(list) => Type::List(ListType { element: Box::new(prune(&list.element, wanted)?) }),
        Type::Map(map) => {
            // A map has its keys whole, and some value.
            let value = match prune(&map.value, wanted) {
                Some(value) => value,
                None if wanted.iter().any(|id| map.key.id == *id || map.key.field_type.holds(*id)) => {
                    map.value.as_ref().clone()
                }
                None => return None,
            };
            Type::Map(MapType { key: map.key.clone(), value: Box::new(value) })
        }
    };
    Some(NestedField { field_type, ..field.clone() })
}

/// An error about a file that does not fit the table.
pub(crate) fn misfit(name: &str, what: impl std::fmt::Display) -> Error {
    Error::invalid_data(format!("column `{name}` of the data file {what}"))
}
