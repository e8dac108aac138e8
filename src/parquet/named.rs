//! Files without field ids, whose columns are known by their names.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, ListArray, MapArray, RecordBatch, RecordBatchOptions, StructArray};
use arrow_schema::{ArrowError, DataType, Fields, Schema};

use crate::error::{Error, Result};
use crate::parquet::footer::FileMetadata;
use crate::spec::{NameMapping, Schema as TableSchema, has_ids, no_field_ids};

impl FileMetadata {
    /// Gives the columns the ids that the table's name mapping says, unless the file says ids itself.
    ///
    /// Fails with [`InvalidData`](crate::ErrorKind::InvalidData) if two columns would be the same.
    pub(crate) fn known_by(mut self, mapping: impl FnOnce() -> Result<Option<NameMapping>>) -> Result<Self> {
        if !has_ids(self.schema.fields())
            && let Some(mapping) = mapping()?
        {
            self.schema = Arc::new(Schema::new(mapping.assign(self.schema.fields())?));
            self.mapping = Some(Arc::new(mapping));
        }
        Ok(self)
    }

    /// The same file with the ids that the table's columns of these names have, whatever ids it says itself: a file that is
    /// not of the table.
    ///
    /// Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput) on a column that the table does not have.
    pub(crate) fn named_as(mut self, schema: &TableSchema) -> Result<Self> {
        let mapping = NameMapping::of(schema)?;
        if let Some(unknown) = mapping.unknown(self.schema.fields()) {
            return Err(Error::invalid_input(format!("column `{unknown}`: the table has no such column")));
        }
        self.schema = Arc::new(Schema::new(mapping.assign(self.schema.fields())?));
        self.mapping = Some(Arc::new(mapping));
        Ok(self)
    }

    /// Refuses a file none of whose columns is known.
    pub(super) fn check_ids(&self) -> Result<()> {
        if self.schema.fields().is_empty() || has_ids(self.schema.fields()) {
            return Ok(());
        }
        Err(no_field_ids(self.mapping.is_some()))
    }

    /// A batch of the file, or of some of its columns, with the ids.
    pub(super) fn with_ids(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let Some(mapping) = &self.mapping else { return Ok(batch.clone()) };
        let fields = mapping.assign(batch.schema_ref().fields())?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        retyped(&fields, batch.columns())
            .and_then(|columns| RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options))
            .map_err(|error| Error::invalid_data("the columns do not fit their names").caused_by(error))
    }
}

fn retyped(fields: &Fields, columns: &[ArrayRef]) -> Result<Vec<ArrayRef>, ArrowError> {
    fields.iter().zip(columns).map(|(field, column)| retype(column, field.data_type())).collect()
}

/// The same array, of a type that differs in the ids of what is inside.
fn retype(array: &ArrayRef, wanted: &DataType) -> Result<ArrayRef, ArrowError> {
    let nulls = array.nulls().cloned();
    Ok(match wanted {
        DataType::Struct(fields) => {
            let columns = retyped(fields, array.as_struct().columns())?;
            Arc::new(StructArray::try_new_with_length(fields.clone(), columns, nulls, array.len())?)
        }
        DataType::List(element) => {
            let list = array.as_list::<i32>();
            let values = retype(list.values(), element.data_type())?;
            Arc::new(ListArray::try_new(element.clone(), list.offsets().clone(), values, nulls)?)
        }
        DataType::Map(entry, sorted) => {
            let map = array.as_map();
            let DataType::Struct(fields) = entry.data_type() else { return Ok(array.clone()) };
            let columns = retyped(fields, map.entries().columns())?;
            let entries = StructArray::try_new_with_length(fields.clone(), columns, None, map.entries().len())?;
            Arc::new(MapArray::try_new(entry.clone(), map.offsets().clone(), entries, nulls, *sorted)?)
        }
        _ => array.clone(),
    })
}
