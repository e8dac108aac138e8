use serde_json::Value as Json;

use super::apply::{Work, check_name};
use super::{Edit, Place};
use crate::error::{Error, Result};
use crate::spec::default_value::given_default;
use crate::spec::{NestedField, PartitionField, Transform, Type, default_json, default_value, promoted};

impl Work<'_> {
    /// Changes a column.
    pub(super) fn edit(&mut self, id: i32, edit: &Edit) -> Result<()> {
        self.refuse_in_key(id)?;
        match edit {
            Edit::Drop => self.drop(id),
            Edit::Rename(name) => {
                let (siblings, at) = self.schema.home(id)?;
                if siblings.get(at).is_some_and(|field| field.name != *name) {
                    check_name(siblings, name)?;
                }
                self.schema.change(id, &mut |field| field.name.clone_from(name));
                Ok(())
            }
            Edit::Move(place) => self.relocate(id, place),
            Edit::Type(to) => self.widen(id, to),
            Edit::Optional => {
                let field = self.schema.field_by_id(id);
                let identifies =
                    |field: &NestedField| self.schema.identifier_field_ids().iter().any(|id| field.reaches(*id));
                if field.is_some_and(|field| field.required && identifies(field)) {
                    return Err(Error::invalid_input("it identifies rows, which null does not"));
                }
                self.schema.change(id, &mut |field| field.required = false);
                Ok(())
            }
            Edit::Doc(doc) => {
                self.schema.home(id)?;
                self.schema.change(id, &mut |field| field.doc.clone_from(doc));
                Ok(())
            }
            Edit::Default(json) => {
                self.schema.home(id)?;
                self.needs_version(3, "a default value")?;
                let Some(field) = self.schema.field_by_id(id) else { return Ok(()) };
                let default = given_default(&field.field_type, json)?;
                self.schema.change(id, &mut |field| field.write_default.clone_from(&default));
                Ok(())
            }
        }
    }

    fn drop(&mut self, id: i32) -> Result<()> {
        let Some(column) = self.schema.field_by_id(id) else { return Ok(()) };
        let spec = self.metadata.partition_spec(self.metadata.default_spec_id)?;
        let is_source = |field: &&PartitionField| {
            field.transform != Transform::Void && field.sources().into_iter().any(|source| column.reaches(source))
        };
        if let Some(field) = spec.fields.iter().find(is_source) {
            let message = format!("the table is partitioned by it: remove the partition field `{}` first", field.name);
            return Err(Error::invalid_input(message));
        }
        if self.metadata.sort_sources().into_iter().any(|source| column.reaches(source)) {
            return Err(Error::invalid_input("the table is sorted by it: change the sort order first"));
        }
        if self.schema.identifier_field_ids().iter().any(|own| column.reaches(*own)) {
            return Err(Error::invalid_input("it identifies rows: set other identifier fields first"));
        }
        let (siblings, at) = self.schema.home(id)?;
        siblings.remove(at);
        Ok(())
    }

    fn relocate(&mut self, id: i32, place: &Place) -> Result<()> {
        let other = match place {
            Place::First => None,
            Place::Before(path) | Place::After(path) => Some(self.schema.column(path)?.id),
        };
        let (siblings, at) = self.schema.home(id)?;
        let to = match other {
            None => 0,
            Some(other) if other == id => return Err(Error::invalid_input("no column is beside itself")),
            Some(other) => siblings
                .iter()
                .filter(|field| field.id != id)
                .position(|field| field.id == other)
                .ok_or_else(|| Error::invalid_input("columns move within their struct only"))?,
        };
        let field = siblings.remove(at);
        siblings.insert(to + usize::from(matches!(place, Place::After(_))), field);
        Ok(())
    }

    fn widen(&mut self, id: i32, to: &Type) -> Result<()> {
        let Some(field) = self.schema.field_by_id(id).cloned() else { return Ok(()) };
        let from = &field.field_type;
        if from == to {
            return Ok(());
        }
        if !from.may_become(to, self.metadata.format_version) {
            let hint = match from.children().is_empty() {
                true if from.may_become(to, 3) => " before format version 3",
                true => "",
                false => "; what is inside changes by its own name",
            };
            return Err(Error::invalid_input(format!("its type {from} cannot become {to}{hint}")));
        }
        let fields = self.metadata.partition_specs.iter().flat_map(|spec| &spec.fields);
        for partition in fields.filter(|partition| partition.sources().contains(&id)) {
            if !partition.transform.outlasts_promotion(from) {
                return Err(Error::invalid_input(format!(
                    "its type {from} cannot become {to}: values of the partition field `{}` would change",
                    partition.name
                )));
            }
        }
        let mut new = NestedField::optional("", to.clone()).id(id);
        self.check_new(&mut new, false)?;
        self.number(&mut new)?;
        new.initial_default = field.initial_default.as_ref().map(|json| promote(json, from, to)).transpose()?;
        new.write_default = field.write_default.as_ref().map(|json| promote(json, from, to)).transpose()?;
        self.schema.change(id, &mut |field| {
            field.field_type.clone_from(&new.field_type);
            field.initial_default.clone_from(&new.initial_default);
            field.write_default.clone_from(&new.write_default);
        });
        Ok(())
    }
}

/// The default of a column that has another type now: rows that have it keep their value.
fn promote(json: &Json, from: &Type, to: &Type) -> Result<Json> {
    let (Type::Primitive(from), Type::Primitive(to)) = (from, to) else { return Ok(json.clone()) };
    let value = promoted(&default_value(*from, json)?, *to);
    let value = value.ok_or_else(|| Error::invalid_input(format!("its default {json} is no value of type {to}")))?;
    Ok(default_json(&value))
}
