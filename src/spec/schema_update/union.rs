use super::Edit;
use super::apply::Work;
use crate::error::{Error, Result};
use crate::spec::{NestedField, PrimitiveType, Type};

impl Work<'_> {
    /// Makes room for these fields in a struct, or among the table's columns.
    pub(super) fn union(&mut self, parent: Option<i32>, others: &[NestedField]) -> Result<()> {
        for other in others {
            let siblings = match parent {
                None => Some(&mut self.schema.structure.fields),
                Some(id) => self.schema.fields_of(id),
            };
            match siblings.and_then(|fields| fields.iter().find(|field| field.name == other.name).cloned()) {
                Some(own) => self.merge(&own, other)?,
                None => self.add(parent, &NestedField { required: false, ..other.clone() })?,
            }
        }
        Ok(())
    }

    fn merge(&mut self, own: &NestedField, other: &NestedField) -> Result<()> {
        let name = self.schema.name_of(own.id).unwrap_or_default();
        let context = |error: Error| error.context(format!("column `{name}`"));
        let identifies = self.schema.identifier_field_ids().iter().any(|id| own.reaches(*id));
        if own.required && !other.required && !identifies {
            self.edit(own.id, &Edit::Optional).map_err(context)?;
        }
        match (&own.field_type, &other.field_type) {
            (Type::Struct(_), Type::Struct(structure)) => self.union(Some(own.id), &structure.fields),
            (Type::List(list), Type::List(of)) => self.merge(&list.element, &of.element),
            (Type::Map(map), Type::Map(of)) => {
                if !same(&map.key.field_type, &of.key.field_type) {
                    return Err(context(Error::invalid_input("the keys of a map never change")));
                }
                self.merge(&map.value, &of.value)
            }
            (from, to) if from.may_become(to, self.metadata.format_version) => {
                self.edit(own.id, &Edit::Type(to.clone())).map_err(context)
            }
            (from, to) if holds_some(from, to) => Ok(()),
            (from, to) => Err(context(Error::invalid_input(format!("its type {from} cannot become {to}")))),
        }
    }
}

/// Whether a column of one type can hold values of the other: all of them, or those that fit.
fn holds_some(own: &Type, other: &Type) -> bool {
    use PrimitiveType::{Binary, Decimal, Fixed, Int, Long, Timestamp, TimestampNs, Timestamptz, TimestamptzNs, Uuid};
    let kind = |field_type: &Type| match field_type {
        Type::Primitive(Int | Long | Decimal { .. }) => 1,
        Type::Primitive(Timestamp | TimestampNs) => 2,
        Type::Primitive(Timestamptz | TimestamptzNs) => 3,
        Type::Primitive(Uuid | Fixed(_) | Binary) => 4,
        _ => 0,
    };
    own == other || other.may_become(own, 3) || (kind(own) > 0 && kind(own) == kind(other))
}

/// Whether two types are the same but for ids and comments.
fn same(a: &Type, b: &Type) -> bool {
    let (own, other) = (a.children(), b.children());
    if own.is_empty() && other.is_empty() {
        return a == b;
    }
    std::mem::discriminant(a) == std::mem::discriminant(b)
        && own.len() == other.len()
        && own.iter().zip(other).all(|(a, b)| a.name == b.name && same(&a.field_type, &b.field_type))
}
