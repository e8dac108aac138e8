use crate::error::{Error, Result};
use crate::spec::{PartitionField, PartitionSpec, PartitionTerm, Schema, TableMetadata, Transform};

/// The id of the first partition field of a table.
const FIRST_ID: i32 = 1000;

impl PartitionSpec {
    /// How a new table of these columns is divided, for creating it.
    ///
    /// Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput) on a column that is not there or not of a type that the
    /// transform is for, a term that is there twice, more than one of year, month, day and hour of a column, and a name
    /// that is taken, also by a column.
    pub fn new<T: Into<PartitionTerm>>(schema: &Schema, terms: impl IntoIterator<Item = T>) -> Result<Self> {
        let mut fields = Vec::new();
        for (term, field_id) in terms.into_iter().zip(FIRST_ID..) {
            let term = term.into();
            let source_id = term.source(schema)?;
            check_new(&fields, true, source_id, &term)?;
            let name = term.name().map_or_else(|| term.default_name(false), str::to_owned);
            check_name(&fields, schema, &name, source_id, term.transform())?;
            let transform = term.transform().clone();
            fields.push(PartitionField { source_id, field_id, name, transform, extra: Default::default() });
        }
        Ok(Self { spec_id: 0, fields })
    }
}

/// Changes of how a table is divided (spec: Partition Evolution), made in this order. Files stay as they are; what is
/// written from then on is divided the new way.
///
/// As with [`SchemaUpdate`](crate::spec::SchemaUpdate) they are made to the spec that is current when they are committed,
/// all or none.
#[derive(Clone, Debug, Default)]
#[must_use = "it changes nothing by itself"]
pub struct PartitionUpdate {
    changes: Vec<Change>,
}

#[derive(Clone, Debug)]
enum Change {
    Add(PartitionTerm),
    Remove(String),
    Rename(String, String),
}

impl PartitionUpdate {
    /// No changes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether there are no changes.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Divides the rows also by this.
    #[expect(clippy::should_implement_trait, reason = "it is the word for it, as of columns")]
    pub fn add(self, term: impl Into<PartitionTerm>) -> Self {
        self.with(Change::Add(term.into()))
    }

    /// Divides the rows no longer by the partition field of this name.
    pub fn remove(self, name: impl Into<String>) -> Self {
        self.with(Change::Remove(name.into()))
    }

    /// Gives a partition field another name.
    pub fn rename(self, name: impl Into<String>, to: impl Into<String>) -> Self {
        self.with(Change::Rename(name.into(), to.into()))
    }

    fn with(mut self, change: Change) -> Self {
        self.changes.push(change);
        self
    }

    /// The table's default spec with the changes, under the id of the default one.
    pub(crate) fn apply(&self, metadata: &TableMetadata) -> Result<PartitionSpec> {
        let base = metadata.partition_spec(metadata.default_spec_id)?;
        let highest = metadata.partition_specs.iter().flat_map(|spec| &spec.fields).map(|field| field.field_id).max();
        let last_id = metadata.last_partition_id.max(highest.unwrap_or(FIRST_ID - 1)).max(FIRST_ID - 1);
        let mut work = Work { metadata, fields: base.fields.clone(), last_id, added: Vec::new() };
        for change in &self.changes {
            match change {
                Change::Add(term) => work.add(term)?,
                Change::Remove(name) => {
                    let at = work.find(name)?;
                    if metadata.format_version > 1 {
                        work.fields.remove(at);
                    } else if let Some(field) = work.fields.get_mut(at) {
                        field.transform = Transform::Void;
                    }
                }
                Change::Rename(name, to) => {
                    let at = work.find(name)?;
                    if name != to {
                        work.rename(at, to)?;
                    }
                }
            }
        }
        if let Some(field) = work.fields.iter().find(|field| matches!(field.transform, Transform::Unknown(_))) {
            let (name, transform) = (&field.name, &field.transform);
            let message = format!("partition field `{name}`: {transform} is not known: remove it first");
            return Err(Error::invalid_input(message));
        }
        Ok(PartitionSpec { spec_id: base.spec_id, fields: work.fields })
    }
}

/// A spec between two changes.
struct Work<'a> {
    metadata: &'a TableMetadata,
    fields: Vec<PartitionField>,
    last_id: i32,
    /// Ids of fields that the base does not have.
    added: Vec<i32>,
}

impl Work<'_> {
    fn add(&mut self, term: &PartitionTerm) -> Result<()> {
        let schema = self.metadata.current_schema()?.clone();
        let (source_id, transform) = (term.source(&schema)?, term.transform());
        let is_new = |field: &&PartitionField| self.added.contains(&field.field_id);
        let added: Vec<_> = self.fields.iter().filter(is_new).cloned().collect();
        check_new(&self.fields, false, source_id, term)?;
        check_new(&added, true, source_id, term)?;
        // What was a field before keeps its id (from version 2 on): its values in older files are of the same column.
        let specs = match self.metadata.format_version {
            ..2 => self.metadata.partition_spec(self.metadata.default_spec_id).into_iter().cloned().collect(),
            _ => self.metadata.partition_specs.clone(),
        };
        let older = specs.iter().rev().flat_map(|spec| &spec.fields);
        let older = older.filter(|field| field.source_id == source_id && field.transform == *transform);
        let older = older.max_by_key(|field| field.field_id);
        let name = term.name().map(str::to_owned).or_else(|| Some(older?.name.clone()));
        let name = name.unwrap_or_else(|| term.default_name(true));
        let id = match older {
            Some(field) => field.field_id,
            None => {
                let next = self.last_id.checked_add(1);
                self.last_id = next.ok_or_else(|| Error::invalid_input("the table has no partition field ids left"))?;
                self.last_id
            }
        };
        self.added.push(id);
        let field = |name: String| PartitionField {
            source_id,
            field_id: id,
            name,
            transform: transform.clone(),
            extra: older.map(|field| field.extra.clone()).unwrap_or_default(),
        };
        // A field that is void now is the one that it was.
        if let Some(at) = self.fields.iter().position(|field| field.field_id == id) {
            let own = self.fields.get(at).is_some_and(|field| field.name == name);
            if !own {
                self.rename(at, &name)?;
            }
            if let Some(old) = self.fields.get_mut(at) {
                *old = field(name);
            }
            return Ok(());
        }
        self.free(&name);
        check_name(&self.fields, &schema, &name, source_id, transform)?;
        self.fields.push(field(name));
        Ok(())
    }

    fn rename(&mut self, at: usize, to: &str) -> Result<()> {
        self.free(to);
        let schema = self.metadata.current_schema()?;
        let Some(field) = self.fields.get(at) else { return Ok(()) };
        check_name(&self.fields, schema, to, field.source_id, &field.transform)?;
        self.fields.iter_mut().skip(at).take(1).for_each(|field| to.clone_into(&mut field.name));
        Ok(())
    }

    /// A field that is void has a name for no one: another may have it.
    fn free(&mut self, name: &str) {
        if let Some(field) = self.fields.iter_mut().find(|field| field.name == name && is_void(field)) {
            field.name = format!("{name}_{}", field.field_id);
        }
    }

    fn find(&self, name: &str) -> Result<usize> {
        // In version 1 that is what fields are that were removed.
        let is_there = |field: &PartitionField| self.metadata.format_version > 1 || !is_void(field);
        let found = self.fields.iter().position(|field| field.name == name && is_there(field));
        found.ok_or_else(|| {
            let names: Vec<_> =
                self.fields.iter().filter(|field| is_there(field)).map(|field| format!("`{}`", field.name)).collect();
            let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            Error::invalid_input(format!("the table has no partition field `{name}`; there is {there}"))
        })
    }
}

fn is_void(field: &PartitionField) -> bool {
    field.transform == Transform::Void
}

/// Whether what a term makes is not there already; with `one_time`, nor another of year, month, day and hour of its column.
fn check_new(fields: &[PartitionField], one_time: bool, source_id: i32, term: &PartitionTerm) -> Result<()> {
    let of_column = || fields.iter().filter(|field| field.source_id == source_id);
    let is_time = |transform: &Transform| {
        matches!(transform, Transform::Year | Transform::Month | Transform::Day | Transform::Hour)
    };
    let same = of_column().find(|field| field.transform == *term.transform());
    let time = of_column().find(|field| one_time && is_time(&field.transform) && is_time(term.transform()));
    match same.or(time) {
        None => Ok(()),
        Some(field) => Err(Error::invalid_input(format!(
            "column `{}`: {} is redundant beside the partition field `{}`",
            term.column(),
            term.transform(),
            field.name
        ))),
    }
}

fn check_name(
    fields: &[PartitionField],
    schema: &Schema,
    name: &str,
    source_id: i32,
    transform: &Transform,
) -> Result<()> {
    let wrong = |what: &str| Err(Error::invalid_input(format!("partition field `{name}`: {what}")));
    if name.is_empty() {
        return wrong("a name is not empty");
    }
    if fields.iter().any(|field| field.name == name) {
        return wrong("another has this name");
    }
    let may_be_named_so = matches!(transform, Transform::Identity | Transform::Void);
    match schema.field_by_name(name) {
        Some(column) if column.id != source_id || !may_be_named_so => wrong("a column has this name"),
        _ => Ok(()),
    }
}

impl TableMetadata {
    /// Makes this the spec that writers use: one that the table has already if its fields are the same, else a new one,
    /// whatever its id says.
    pub(crate) fn set_partition_spec(&mut self, mut spec: PartitionSpec) -> Result<()> {
        let highest = spec.fields.iter().map(|field| field.field_id).max().unwrap_or(self.last_partition_id);
        self.last_partition_id = self.last_partition_id.max(highest);
        let known = self.partition_specs.iter().find(|known| known.fields == spec.fields).map(|known| known.spec_id);
        self.default_spec_id = match known {
            Some(id) => id,
            None => {
                let last = self.partition_specs.iter().map(|spec| spec.spec_id).max().unwrap_or(-1);
                let next = last.checked_add(1);
                spec.spec_id = next.ok_or_else(|| Error::invalid_data("the table has no partition spec ids left"))?;
                self.partition_specs.push(spec.into());
                last + 1
            }
        };
        Ok(())
    }
}
