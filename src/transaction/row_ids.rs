use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch};

use crate::error::{Error, Result};
use crate::spec::metadata_columns::{LAST_UPDATED_SEQUENCE_NUMBER, with_lineage};
use crate::spec::{ManifestContent, ManifestFile, Schema, StructType, TableMetadata, to_arrow};
use crate::transaction::keyed::Keyed;
use crate::transaction::victims::RowIds;
use crate::transaction::work::AppendedRows;

/// Gives the manifests of a new snapshot's list the ids of their rows, those that have none yet (spec: First Row ID
/// Assignment), in the order of the list. Returns the ids that were used up, and `None` for a table before version 3.
///
/// They depend on the version that the snapshot is committed on: it is called again for each.
pub(super) fn assign(metadata: &TableMetadata, list: &mut [ManifestFile]) -> Result<Option<Range<i64>>> {
    if metadata.format_version < 3 {
        return Ok(None);
    }
    let first = metadata.next_row_id.ok_or_else(|| Error::invalid_data("field `next-row-id` is missing"))?;
    let mut next = first;
    for file in list.iter_mut().filter(|file| file.content == ManifestContent::Data && file.first_row_id.is_none()) {
        // Files that were there before get ids as new ones do, also those that keep the ones that they have.
        let rows = file.added_rows_count.zip(file.existing_rows_count);
        let rows = rows.and_then(|(added, existing)| i64::try_from(added.checked_add(existing)?).ok());
        let uncounted =
            || Error::unsupported(format!("row ids after {}, which does not count rows", file.manifest_path));
        file.first_row_id = Some(next);
        next = next
            .checked_add(rows.ok_or_else(uncounted)?)
            .ok_or_else(|| Error::invalid_data("the table has no row ids left"))?;
    }
    Ok(Some(first..next))
}

/// The columns of rows that may keep the ids of others: from version 3 on those of the schema, and the ids behind them. All
/// that is written so is changed by the commit, and says nothing of when it was before (spec: Row Lineage).
pub(super) fn with_ids(metadata: &TableMetadata, schema: &Arc<Schema>) -> Result<Arc<Schema>> {
    if metadata.format_version < 3 {
        return Ok(schema.clone());
    }
    let mut fields = with_lineage(schema)?.fields().to_vec();
    fields.retain(|field| field.id != LAST_UPDATED_SEQUENCE_NUMBER);
    Schema::with_ids(schema.schema_id(), StructType { fields }).map(Arc::new)
}

/// Rows that have the ids of those in whose place they are put; others get new ones.
pub(super) fn keep(
    metadata: &TableMetadata,
    schema: &Arc<Schema>,
    keyed: &Keyed,
    ids: &RowIds,
) -> Result<AppendedRows> {
    let Keyed { batches, keys } = keyed;
    if ids.is_empty() {
        return Ok(AppendedRows::of(schema.clone(), batches.clone()));
    }
    let with_ids = with_ids(metadata, schema)?;
    let arrow_schema = Arc::new(to_arrow(&with_ids)?);
    let batches = batches.iter().map(|batch| {
        let own: Int64Array = keys.of(batch)?.iter().map(|key| ids.get(key).copied()).collect();
        let columns = batch.columns().iter().cloned().chain([Arc::new(own) as ArrayRef]).collect();
        let wrong = |error| Error::invalid_input("the rows do not fit the table's schema").caused_by(error);
        RecordBatch::try_new(arrow_schema.clone(), columns).map_err(wrong)
    });
    let rows = AppendedRows::of(schema.clone(), batches.collect::<Result<_>>()?);
    Ok(AppendedRows { with_ids: Some(with_ids), ..rows })
}
