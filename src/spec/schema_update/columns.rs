//! Finding fields at any depth in order to change them.

use crate::error::{Error, Result};
use crate::spec::{NestedField, Schema, Type};

impl Schema {
    /// Changes a field, if it is there.
    pub(super) fn change(&mut self, id: i32, edit: &mut dyn FnMut(&mut NestedField)) {
        if let Some(field) = self.field_mut(id) {
            edit(field);
        }
    }

    fn field_mut(&mut self, id: i32) -> Option<&mut NestedField> {
        let mut open: Vec<&mut NestedField> = self.structure.fields.iter_mut().collect();
        while let Some(field) = open.pop() {
            if field.id == id {
                return Some(field);
            }
            open.extend(field.field_type.children_mut());
        }
        None
    }

    /// The fields among which this one is, and where. Fails for the element of a list, and the value of a map.
    pub(super) fn home(&mut self, id: i32) -> Result<(&mut Vec<NestedField>, usize)> {
        let mut open = vec![&mut self.structure.fields];
        while let Some(fields) = open.pop() {
            if let Some(at) = fields.iter().position(|field| field.id == id) {
                return Ok((fields, at));
            }
            fields.iter_mut().for_each(|field| structs(&mut field.field_type, &mut open));
        }
        Err(Error::invalid_input("all that changes of a list's elements and a map's values is their type"))
    }

    /// The fields of a struct, of a list's structs or of a map's.
    pub(super) fn fields_of(&mut self, id: i32) -> Option<&mut Vec<NestedField>> {
        let inner = match &mut self.field_mut(id)?.field_type {
            Type::List(list) => &mut list.element.field_type,
            Type::Map(map) => &mut map.value.field_type,
            other => other,
        };
        if let Type::Struct(structure) = inner { Some(&mut structure.fields) } else { None }
    }
}

fn structs<'a>(field_type: &'a mut Type, into: &mut Vec<&'a mut Vec<NestedField>>) {
    match field_type {
        Type::Struct(structure) => into.push(&mut structure.fields),
        other => other.children_mut().into_iter().for_each(|child| structs(&mut child.field_type, into)),
    }
}

impl NestedField {
    /// Whether this is the field with this id, or has it inside.
    pub(super) fn reaches(&self, id: i32) -> bool {
        self.id == id || self.field_type.holds(id)
    }
}

impl Type {
    /// How many fields are inside.
    pub(super) fn count(&self) -> usize {
        self.children().into_iter().map(|child| 1 + child.field_type.count()).sum()
    }
}
