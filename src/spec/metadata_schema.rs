//! Table metadata with another schema.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::spec::name_mapping::renamed_mapping;
use crate::spec::properties::NAME_MAPPING;
use crate::spec::{Schema, TableMetadata};

impl TableMetadata {
    /// Makes this the current schema: one that the table has already if its fields are the same, else a new one, whatever its
    /// id says. The name mapping and the settings of columns follow the columns.
    pub(crate) fn set_schema(&mut self, mut schema: Schema) -> Result<()> {
        let before = self.current_schema()?.clone();
        let known = self.schemas.iter().find(|known| known.same_fields(&schema)).map(|known| known.schema_id());
        self.last_column_id = self.last_column_id.max(schema.highest_field_id());
        self.current_schema_id = match known {
            Some(id) => id,
            None => {
                let highest = self.schemas.iter().map(|schema| schema.schema_id()).max().unwrap_or(-1);
                let next = highest.checked_add(1);
                schema.schema_id = next.ok_or_else(|| Error::invalid_data("the table has no schema ids left"))?;
                self.schemas.push(Arc::new(schema));
                highest + 1
            }
        };
        let after = self.current_schema()?.clone();
        // A mapping that means nothing to anyone stays as it is.
        if let Some(mapping) = self.property(NAME_MAPPING).and_then(|text| renamed_mapping(text, &before, &after)) {
            self.properties.insert(NAME_MAPPING.to_owned(), mapping);
        }
        self.rename_settings(&before, &after);
        Ok(())
    }

    /// Settings of single columns, `write.*.column.<name>`, go with the column when it is renamed or dropped.
    fn rename_settings(&mut self, before: &Schema, after: &Schema) {
        let of_column = |name: &&String| name.starts_with("write.") && name.contains(COLUMN);
        let names: Vec<String> = self.properties.keys().filter(of_column).cloned().collect();
        let mut moved = Vec::new();
        for name in names {
            let Some((setting, column)) = name.split_once(COLUMN) else { continue };
            let Some(field) = before.field_by_name(column) else { continue };
            let now = after.name_of(field.id);
            if now.as_deref() == Some(column) {
                continue;
            }
            let value = self.properties.remove(&name);
            moved.extend(now.zip(value).map(|(now, value)| (format!("{setting}{COLUMN}{now}"), value)));
        }
        self.properties.extend(moved);
    }
}

const COLUMN: &str = ".column.";
