//! Columns that every table has beside its own (spec: Reserved Field IDs, Row Lineage).

use std::ops::Range;

use crate::error::{Error, Result};
use crate::spec::{NestedField, PrimitiveType, Schema, StructType};

/// The path of the data file.
pub(crate) const FILE: i32 = i32::MAX - 1;
/// The position of the row in its file, from 0.
pub(crate) const POS: i32 = i32::MAX - 2;
/// The partition spec of the data file.
pub(crate) const SPEC_ID: i32 = i32::MAX - 4;
/// The partition of the data file.
pub(crate) const PARTITION: i32 = i32::MAX - 5;
/// The fields of the partition: their own ids may be those of columns.
pub(crate) const PARTITION_FIELDS: Range<i32> = 0x7000_0000..i32::MAX - 200;
/// The path in a position delete file.
pub(crate) const DELETE_FILE_PATH: i32 = i32::MAX - 101;
/// The position in a position delete file.
pub(crate) const DELETE_POS: i32 = i32::MAX - 102;
/// The row's id, which stays with it when it is rewritten (v3).
pub(crate) const ROW_ID: i32 = i32::MAX - 107;
pub(crate) const ROW_ID_COLUMN: &str = "_row_id";
/// The sequence number of the commit that last changed the row (v3).
pub(crate) const LAST_UPDATED_SEQUENCE_NUMBER: i32 = i32::MAX - 108;
/// What became of the row: `insert` or `delete` (scans of changes).
pub(crate) const CHANGE_TYPE: i32 = i32::MAX - 104;
/// The order of the commit among those that are looked at, from 0.
pub(crate) const CHANGE_ORDINAL: i32 = i32::MAX - 105;
/// The snapshot that changed the row.
pub(crate) const COMMIT_SNAPSHOT_ID: i32 = i32::MAX - 106;

/// Of scans of changes, beside the others.
pub(crate) const OF_CHANGES: [(&str, i32, PrimitiveType); 3] = [
    ("_change_type", CHANGE_TYPE, PrimitiveType::String),
    ("_change_ordinal", CHANGE_ORDINAL, PrimitiveType::Int),
    ("_commit_snapshot_id", COMMIT_SNAPSHOT_ID, PrimitiveType::Long),
];
const COLUMNS: [(&str, i32, PrimitiveType); 5] = [
    ("_file", FILE, PrimitiveType::String),
    ("_pos", POS, PrimitiveType::Long),
    ("_spec_id", SPEC_ID, PrimitiveType::Int),
    (ROW_ID_COLUMN, ROW_ID, PrimitiveType::Long),
    ("_last_updated_sequence_number", LAST_UPDATED_SEQUENCE_NUMBER, PrimitiveType::Long),
];

/// Whether a column is one of these. What files and manifests say of them is not all: rows have values where a file has
/// nulls.
pub(crate) fn is_metadata_column(id: i32) -> bool {
    id == PARTITION || PARTITION_FIELDS.contains(&id) || COLUMNS.iter().chain(&OF_CHANGES).any(|(_, own, _)| *own == id)
}

/// Whether files may have the column, with nulls where it is inherited.
pub(crate) fn is_inherited(id: i32) -> bool {
    matches!(id, ROW_ID | LAST_UPDATED_SEQUENCE_NUMBER)
}

/// The schema, and behind its columns the metadata columns, but for those whose name a column of the table has. That of the
/// partition depends on the table.
pub(crate) fn with_metadata_columns(
    schema: &Schema,
    partition: Option<NestedField>,
    of_changes: bool,
) -> Result<Schema> {
    let mut fields = schema.fields().to_vec();
    let of_changes = OF_CHANGES.iter().filter(|_| of_changes);
    let columns = COLUMNS.iter().chain(of_changes).copied();
    let columns = columns.map(|(name, id, primitive)| NestedField::optional(name, primitive).id(id));
    let partition = partition.filter(|_| schema.highest_field_id() < PARTITION_FIELDS.start);
    for column in columns.chain(partition) {
        if !fields.iter().any(|field| field.name == column.name || field.id == column.id) {
            fields.push(column);
        }
    }
    Schema::with_ids(schema.schema_id(), StructType { fields })
}

/// The schema, and behind its columns those in which files keep what rows had before they were written there (spec: Row
/// Lineage).
///
/// Fails with [`Unsupported`](crate::ErrorKind::Unsupported) if a column of the table has the name of one.
pub(crate) fn with_lineage(schema: &Schema) -> Result<Schema> {
    let mut fields = schema.fields().to_vec();
    for (name, id, primitive) in COLUMNS.into_iter().filter(|(_, id, _)| is_inherited(*id)) {
        if fields.iter().any(|field| field.name == name) {
            return Err(Error::unsupported(format!("rewriting rows of a table that has a column `{name}` of its own")));
        }
        fields.push(NestedField::optional(name, primitive).id(id));
    }
    Schema::with_ids(schema.schema_id(), StructType { fields })
}

/// The columns of position delete files (spec: Position Delete Files).
pub(crate) fn position_delete_schema() -> Result<Schema> {
    let path = NestedField::required("file_path", PrimitiveType::String).id(DELETE_FILE_PATH);
    let position = NestedField::required("pos", PrimitiveType::Long).id(DELETE_POS);
    Schema::with_ids(0, StructType { fields: vec![path, position] })
}
