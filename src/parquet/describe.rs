use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use serde_json::{Value as Json, json};

use crate::parquet::footer::FileMetadata;
use crate::parquet::physical::{Physical, bounds};
use crate::spec::human::text;
use crate::spec::{Schema, Value};

impl FileMetadata {
    /// What the footer says, for people: columns, row groups, and of each column in them its codec, encodings, sizes and
    /// statistics. Bounds of columns that the schema knows are values of its types; bytes are in Base64.
    pub fn describe(&self, schema: &Schema) -> Json {
        let parquet = self.parquet();
        let file = parquet.file_metadata();
        let columns = file.schema_descr().columns().iter().map(|column| {
            let info = column.self_type().get_basic_info();
            json!({
                "name": column.path().string(),
                "field-id": info.has_id().then(|| info.id()),
                "type": column.physical_type().to_string(),
                "logical-type": column.logical_type_ref().map(|logical| format!("{logical:?}")),
                "repetition": format!("{:?}", info.repetition()),
            })
        });
        let properties = file.key_value_metadata().into_iter().flatten();
        let properties = properties.map(|pair| (pair.key.clone(), pair.value.clone().unwrap_or_default().into()));
        let groups = parquet.row_groups().iter().map(|group| row_group(group, schema));
        json!({
            "file-size": self.file_size(),
            "rows": self.record_count(),
            "created-by": file.created_by(),
            "format-version": file.version(),
            "properties": Json::Object(properties.collect()),
            "columns": columns.collect::<Vec<_>>(),
            "row-groups": groups.collect::<Vec<_>>(),
        })
    }
}

fn row_group(group: &RowGroupMetaData, schema: &Schema) -> Json {
    json!({
        "rows": group.num_rows(),
        "compressed-size": group.compressed_size(),
        "uncompressed-size": group.total_byte_size(),
        "columns": group.columns().iter().map(|chunk| column(chunk, schema)).collect::<Vec<_>>(),
    })
}

fn column(chunk: &ColumnChunkMetaData, schema: &Schema) -> Json {
    let statistics = chunk.statistics();
    let (min, max) = statistics.map_or((None, None), bounds);
    let value = |physical: Option<Physical<'_>>| physical.and_then(|physical| bound(physical, chunk, schema));
    json!({
        "name": chunk.column_path().string(),
        "codec": chunk.compression_codec().to_string(),
        "encodings": chunk.encodings().map(|encoding| encoding.to_string()).collect::<Vec<_>>(),
        "values": chunk.num_values(),
        "nulls": statistics.and_then(|statistics| statistics.null_count_opt()),
        "min": value(min),
        "max": value(max),
        "compressed-size": chunk.compressed_size(),
        "uncompressed-size": chunk.uncompressed_size(),
        "dictionary": chunk.dictionary_page_offset().is_some(),
        "page-index": chunk.offset_index_offset().is_some(),
        "bloom-filter": chunk.bloom_filter_offset().is_some(),
    })
}

/// As the table's type has it, or else as it is stored.
fn bound(physical: Physical<'_>, chunk: &ColumnChunkMetaData, schema: &Schema) -> Option<String> {
    let descriptor = chunk.column_descr();
    let info = descriptor.self_type().get_basic_info();
    let field = if info.has_id() { schema.field_by_id(info.id()) } else { None };
    let known = field.and_then(|field| physical.value(field.field_type.as_primitive()?, descriptor));
    let stored = match physical {
        Physical::Boolean(value) => Value::Boolean(value),
        Physical::Int32(value) => Value::Int(value),
        Physical::Int64(value) => Value::Long(value),
        Physical::Float(value) => Value::Float(value),
        Physical::Double(value) => Value::Double(value),
        Physical::Bytes(bytes) => Value::Binary(bytes.to_vec()),
    };
    Some(text(&known.unwrap_or(stored)))
}
