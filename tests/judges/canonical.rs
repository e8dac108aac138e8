//! Batches in the canonical form that `read_table.py` describes.

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, TimeUnit};
use serde_json::{Map, Value as Json, json};

pub fn rows(batches: &[RecordBatch]) -> Vec<Json> {
    let row = |batch: &RecordBatch, row: usize| {
        let schema = batch.schema();
        let named = schema.fields().iter().zip(batch.columns());
        Json::Object(named.map(|(field, column)| (field.name().clone(), value(column, row))).collect::<Map<_, _>>())
    };
    batches.iter().flat_map(|batch| (0..batch.num_rows()).map(|i| row(batch, i)).collect::<Vec<_>>()).collect()
}

/// Lines in an order that does not depend on the reader's.
pub fn sorted(rows: &[Json]) -> Vec<String> {
    let mut lines: Vec<String> = rows.iter().map(Json::to_string).collect();
    lines.sort_unstable();
    lines
}

/// Asserts that the same rows are there, each as often.
#[track_caller]
pub fn assert_same(what: &str, found: &[Json], expected: &[Json]) {
    let (found, expected) = (sorted(found), sorted(expected));
    if let Some(i) = (0..found.len().max(expected.len())).find(|&i| found.get(i) != expected.get(i)) {
        let (rows, wanted) = (found.len(), expected.len());
        panic!("{what}: {rows} rows, expected {wanted}; first\n{:?}\nexpected\n{:?}", found.get(i), expected.get(i));
    }
}

fn hex(bytes: &[u8]) -> Json {
    json!({ "$hex": bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>() })
}

fn float(value: f64) -> Json {
    json!({ "$f": if value.is_nan() { "nan".into() } else { format!("{:016x}", value.to_bits()) } })
}

fn value(array: &dyn Array, row: usize) -> Json {
    if array.is_null(row) {
        return Json::Null;
    }
    match array.data_type() {
        DataType::Boolean => array.as_boolean().value(row).into(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).into(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).into(),
        DataType::Float32 => float(array.as_primitive::<Float32Type>().value(row).into()),
        DataType::Float64 => float(array.as_primitive::<Float64Type>().value(row)),
        DataType::Decimal128(..) => json!({ "$dec": array.as_primitive::<Decimal128Type>().value_as_string(row) }),
        DataType::Date32 => json!({ "$date": array.as_primitive::<Date32Type>().value(row) }),
        DataType::Time64(TimeUnit::Microsecond) => {
            json!({ "$time": array.as_primitive::<Time64MicrosecondType>().value(row) })
        }
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            let micros = array.as_primitive::<TimestampMicrosecondType>().value(row);
            if zone.is_some() { json!({ "$tstz": micros }) } else { json!({ "$ts": micros }) }
        }
        DataType::Utf8 => array.as_string::<i32>().value(row).into(),
        DataType::Binary => hex(array.as_binary::<i32>().value(row)),
        DataType::FixedSizeBinary(_) => hex(array.as_fixed_size_binary().value(row)),
        DataType::Struct(fields) => {
            let columns = fields.iter().zip(array.as_struct().columns());
            Json::Object(columns.map(|(field, column)| (field.name().clone(), value(column, row))).collect())
        }
        DataType::List(_) => {
            let elements = array.as_list::<i32>().value(row);
            (0..elements.len()).map(|i| value(&elements, i)).collect()
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(row);
            let (keys, values) = (entries.column(0), entries.column(1));
            let mut pairs: Vec<_> = (0..entries.len()).map(|i| json!([value(keys, i), value(values, i)])).collect();
            pairs.sort_by_key(|pair| pair[0].to_string());
            json!({ "$map": pairs })
        }
        other => panic!("no canonical form of {other}"),
    }
}
