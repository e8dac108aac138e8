use super::apply::Work;
use crate::error::{Error, Result};
use crate::spec::{PrimitiveType, Schema, Type};

impl Work<'_> {
    /// The schema, if a table can have it. What was amiss before the changes may stay so.
    pub(super) fn finish(self, base: &Schema) -> Result<Schema> {
        let before = base.walk();
        let after = self.schema.walk();
        for (at, (name, field)) in after.iter().enumerate() {
            let wrong = |what: &str| Err(Error::invalid_input(format!("column `{name}`: {what}")));
            if matches!(&field.field_type, Type::Struct(structure) if structure.fields.is_empty())
                && base.field_by_id(field.id).is_none_or(|old| old.field_type != field.field_type)
            {
                return wrong("a struct has at least one field");
            }
            if before.iter().any(|(old, same)| old == name && same.id == field.id) {
                continue;
            }
            if after.iter().enumerate().any(|(other, (same, _))| other != at && same == name) {
                return wrong("two columns would have this full name");
            }
            // Other engines refuse to open such a table, of however old a spec the field is.
            let mut fields = self.metadata.partition_specs.iter().flat_map(|spec| &spec.fields);
            if fields.any(|partition| partition.name == *name && partition.source_id != field.id) {
                return wrong("a partition field that is made from another column has this name");
            }
        }
        if self.schema.fields().is_empty() && !base.fields().is_empty() {
            return Err(Error::invalid_input("a table has at least one column"));
        }
        self.schema.validate().map_err(|error| Error::invalid_input(error.message()))?;
        self.schema.check_identifiers()?;
        Ok(self.schema)
    }
}

impl Schema {
    fn check_identifiers(&self) -> Result<()> {
        for id in &self.identifier_field_ids {
            let (Some(field), Some(name)) = (self.field_by_id(*id), self.name_of(*id)) else {
                return Err(Error::invalid_input(format!("no column has the id {id} of an identifier field")));
            };
            let wrong = |what: &str| Err(Error::invalid_input(format!("column `{name}` cannot identify rows: {what}")));
            match &field.field_type {
                Type::Primitive(PrimitiveType::Float | PrimitiveType::Double) => {
                    return wrong("it is of floating-point numbers");
                }
                Type::Primitive(_) => {}
                _ => return wrong("it is no single value"),
            }
            if !field.required {
                return wrong("it may be null");
            }
            for (outer, around) in self.walk().into_iter().filter(|(_, outer)| outer.field_type.holds(*id)) {
                if !matches!(around.field_type, Type::Struct(_)) {
                    return wrong("a row has any number of its values");
                }
                if !around.required {
                    return wrong(&format!("`{outer}` may be null"));
                }
            }
        }
        Ok(())
    }
}
