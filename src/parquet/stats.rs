use arrow_schema::{DataType, Field};
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::schema::types::ColumnDescPtr;

use crate::expr::ColumnStats;
use crate::parquet::footer::FileMetadata;
use crate::parquet::physical::{self, Physical};
use crate::parquet::project::{id_of, leaf_of};
use crate::parquet::projection::{Fill, Projection};
use crate::spec::{PrimitiveType, Value, default_value};

/// The statistics of a row group, by the table's field ids and types.
pub(crate) struct GroupStats<'a> {
    file: &'a FileMetadata,
    projection: &'a Projection,
    group: &'a RowGroupMetaData,
}

/// What a row group says about a field.
enum Found<'a> {
    /// It has this column of it.
    Chunk(&'a ColumnChunkMetaData, PrimitiveType),
    /// It is older than the field: all rows have this value.
    Constant(Value),
    /// It is older than the field: all rows are null.
    Null,
    Unknown,
}

impl<'a> GroupStats<'a> {
    pub(crate) fn new(file: &'a FileMetadata, projection: &'a Projection, group: &'a RowGroupMetaData) -> Self {
        Self { file, projection, group }
    }

    fn find(&self, id: i32) -> Found<'a> {
        let Some(field) = self.projection.table_schema().field_by_id(id) else { return Found::Unknown };
        let Some(primitive) = field.field_type.as_primitive() else { return Found::Unknown };
        let schema = self.file.arrow_schema();
        if let Some(chunk) = leaf_of(schema, id).and_then(|leaf| self.group.columns().get(leaf)) {
            return Found::Chunk(chunk, primitive);
        }
        if schema.fields().iter().any(|field| contains(field, id)) {
            return Found::Unknown;
        }
        match (self.projection.fill(id), &field.initial_default) {
            (Some(Fill::Constant(Some(value))), _) => Found::Constant(value.clone()),
            (Some(Fill::Constant(None)), _) | (None, None) => Found::Null,
            (Some(Fill::Position(_) | Fill::Fields), _) => Found::Unknown,
            (None, Some(json)) => default_value(primitive, json).map_or(Found::Unknown, Found::Constant),
        }
    }

    fn bounds(&self, id: i32) -> (Option<Value>, Option<Value>) {
        match self.find(id) {
            Found::Chunk(chunk, primitive) => {
                let Some(statistics) = chunk.statistics() else { return (None, None) };
                let (min, max) = physical::bounds(statistics);
                let value = |physical: Option<Physical<'_>>| physical?.value(primitive, chunk.column_descr());
                (value(min), value(max))
            }
            Found::Constant(value) if !value.is_nan() => (Some(value.clone()), Some(value)),
            _ => (None, None),
        }
    }
}

fn contains(field: &Field, id: i32) -> bool {
    let inner = |field: &Field| contains(field, id);
    id_of(field) == Some(id)
        || match field.data_type() {
            DataType::Struct(children) => children.iter().any(|child| inner(child)),
            DataType::List(child) | DataType::Map(child, _) => inner(child),
            _ => false,
        }
}

impl ColumnStats for GroupStats<'_> {
    fn record_count(&self) -> Option<u64> {
        u64::try_from(self.group.num_rows()).ok()
    }

    fn value_count(&self, id: i32) -> Option<u64> {
        match self.find(id) {
            Found::Chunk(chunk, _) => u64::try_from(chunk.num_values()).ok(),
            _ => self.record_count(),
        }
    }

    fn null_count(&self, id: i32) -> Option<u64> {
        match self.find(id) {
            Found::Chunk(chunk, _) => chunk.statistics()?.null_count_opt(),
            Found::Null => self.record_count(),
            // A field with a default is null where the struct around it is.
            Found::Constant(_) | Found::Unknown => None,
        }
    }

    fn nan_count(&self, id: i32) -> Option<u64> {
        match self.find(id) {
            Found::Chunk(chunk, _) => chunk.statistics()?.nan_count_opt(),
            Found::Null => Some(0),
            Found::Constant(_) | Found::Unknown => None,
        }
    }

    fn lower(&self, id: i32) -> Option<Value> {
        self.bounds(id).0
    }

    fn upper(&self, id: i32) -> Option<Value> {
        self.bounds(id).1
    }
}

/// The pages of one column in a row group.
pub(crate) struct PageColumn<'a> {
    pub(crate) id: i32,
    pub(crate) primitive: PrimitiveType,
    pub(crate) column: ColumnDescPtr,
    pub(crate) index: &'a ColumnIndexMetaData,
    /// The first row of every page, and the number of rows of the group.
    pub(crate) starts: Vec<usize>,
}

impl PageColumn<'_> {
    fn page_of(&self, row: usize) -> usize {
        self.starts.partition_point(|start| *start <= row).saturating_sub(1)
    }

    fn rows_of(&self, page: usize) -> Option<u64> {
        let (start, end) = (self.starts.get(page)?, self.starts.get(page + 1)?);
        u64::try_from(end.checked_sub(*start)?).ok()
    }

    fn bound(&self, page: usize, upper: bool) -> Option<Value> {
        macro_rules! of {
            ($typed:expr, $make:expr) => {
                (if upper { $typed.max_value(page) } else { $typed.min_value(page) }).map($make)
            };
        }
        let physical = match self.index {
            ColumnIndexMetaData::BOOLEAN(typed) => of!(typed, |value| Physical::Boolean(*value)),
            ColumnIndexMetaData::INT32(typed) => of!(typed, |value| Physical::Int32(*value)),
            ColumnIndexMetaData::INT64(typed) => of!(typed, |value| Physical::Int64(*value)),
            ColumnIndexMetaData::FLOAT(typed) => of!(typed, |value| Physical::Float(*value)),
            ColumnIndexMetaData::DOUBLE(typed) => of!(typed, |value| Physical::Double(*value)),
            ColumnIndexMetaData::BYTE_ARRAY(typed) | ColumnIndexMetaData::FIXED_LEN_BYTE_ARRAY(typed) => {
                of!(typed, Physical::Bytes)
            }
            ColumnIndexMetaData::INT96(_) => None,
        };
        physical?.value(self.primitive, &self.column)
    }
}

/// The statistics of rows of a group that lie in one page of every column: those of these pages, and for columns without
/// a page index those of the group.
pub(crate) struct PageStats<'a> {
    pub(crate) group: &'a GroupStats<'a>,
    pub(crate) pages: &'a [PageColumn<'a>],
    pub(crate) row: usize,
}

impl PageStats<'_> {
    fn page(&self, id: i32) -> Option<(&PageColumn<'_>, usize)> {
        let column = self.pages.iter().find(|column| column.id == id)?;
        Some((column, column.page_of(self.row)))
    }
}

impl ColumnStats for PageStats<'_> {
    fn record_count(&self) -> Option<u64> {
        None
    }

    fn value_count(&self, id: i32) -> Option<u64> {
        match self.page(id) {
            Some((column, page)) => column.rows_of(page),
            None => self.group.value_count(id),
        }
    }

    fn null_count(&self, id: i32) -> Option<u64> {
        match self.page(id) {
            Some((column, page)) if column.index.is_null_page(page) => column.rows_of(page),
            Some((column, page)) => column.index.null_count(page).and_then(|count| u64::try_from(count).ok()),
            None => self.group.null_count(id),
        }
    }

    fn nan_count(&self, id: i32) -> Option<u64> {
        match self.page(id) {
            Some((column, page)) if column.index.is_null_page(page) => Some(0),
            Some((column, page)) => column.index.nan_count(page).and_then(|count| u64::try_from(count).ok()),
            None => self.group.nan_count(id),
        }
    }

    fn lower(&self, id: i32) -> Option<Value> {
        match self.page(id) {
            Some((column, page)) => column.bound(page, false),
            None => self.group.lower(id),
        }
    }

    fn upper(&self, id: i32) -> Option<Value> {
        match self.page(id) {
            Some((column, page)) => column.bound(page, true),
            None => self.group.upper(id),
        }
    }
}
