use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::extension::EXTENSION_TYPE_NAME_KEY;
use arrow_schema::{DataType, Field, Schema as ArrowSchema, TimeUnit};
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;

use crate::error::{Error, Result, ResultExt};
use crate::spec::{ListType, MapType, NestedField, PrimitiveType, Schema, StructType, Type};

const UUID_EXTENSION: &str = "arrow.uuid";
const VARIANT_EXTENSION: &str = "arrow.parquet.variant";
const UTC: &str = "UTC";
/// How deep the types of an Arrow schema may nest.
const MAX_DEPTH: usize = 64;

/// The Arrow schema of a table's batches. Every field, nested ones too, carries its id as `PARQUET:field_id`.
///
/// Fails with [`InvalidInput`](crate::ErrorKind::InvalidInput) on a `fixed` longer than Arrow knows.
pub fn to_arrow(schema: &Schema) -> Result<ArrowSchema> {
    let fields = schema.fields().iter().map(field_to_arrow).collect::<Result<Vec<_>>>()?;
    Ok(ArrowSchema::new(fields))
}

/// One field as Arrow's.
pub(crate) fn field_to_arrow(field: &NestedField) -> Result<Field> {
    named(field, &field.name)
}

fn named(field: &NestedField, name: &str) -> Result<Field> {
    let data_type = type_to_arrow(&field.field_type).context(|| format!("column `{}`", field.name))?;
    let mut metadata = HashMap::from([(PARQUET_FIELD_ID_META_KEY.to_owned(), field.id.to_string())]);
    if field.field_type.as_primitive() == Some(PrimitiveType::Uuid) {
        // Parquet's logical type UUID is written for this extension only.
        metadata.insert(EXTENSION_TYPE_NAME_KEY.to_owned(), UUID_EXTENSION.to_owned());
    }
    if field.field_type == Type::Variant {
        metadata.insert(EXTENSION_TYPE_NAME_KEY.to_owned(), VARIANT_EXTENSION.to_owned());
    }
    Ok(Field::new(name, data_type, !field.required).with_metadata(metadata))
}

fn type_to_arrow(field_type: &Type) -> Result<DataType> {
    Ok(match field_type {
        Type::Primitive(primitive) => primitive_to_arrow(*primitive)?,
        Type::Variant => {
            let part = |name: &str| Field::new(name, DataType::Binary, false);
            DataType::Struct(vec![part("metadata"), part("value")].into())
        }
        Type::Unknown => DataType::Null,
        Type::Struct(structure) => {
            DataType::Struct(structure.fields.iter().map(field_to_arrow).collect::<Result<Vec<_>>>()?.into())
        }
        Type::List(list) => DataType::List(Arc::new(named(&list.element, "element")?)),
        Type::Map(map) => {
            let key = named(&map.key, "key")?.with_nullable(false);
            let entries = DataType::Struct(vec![key, named(&map.value, "value")?].into());
            DataType::Map(Arc::new(Field::new("key_value", entries, false)), false)
        }
    })
}

/// The Arrow type of a primitive type.
pub(crate) fn primitive_to_arrow(primitive: PrimitiveType) -> Result<DataType> {
    let utc = || Some(UTC.into());
    Ok(match primitive {
        PrimitiveType::Boolean => DataType::Boolean,
        PrimitiveType::Int => DataType::Int32,
        PrimitiveType::Long => DataType::Int64,
        PrimitiveType::Float => DataType::Float32,
        PrimitiveType::Double => DataType::Float64,
        PrimitiveType::Decimal { precision, scale } => {
            let scale = i8::try_from(scale).map_err(|_| Error::invalid_input("a decimal's scale is beyond 38"))?;
            DataType::Decimal128(precision, scale)
        }
        PrimitiveType::Date => DataType::Date32,
        PrimitiveType::Time => DataType::Time64(TimeUnit::Microsecond),
        PrimitiveType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
        PrimitiveType::Timestamptz => DataType::Timestamp(TimeUnit::Microsecond, utc()),
        PrimitiveType::TimestampNs => DataType::Timestamp(TimeUnit::Nanosecond, None),
        PrimitiveType::TimestamptzNs => DataType::Timestamp(TimeUnit::Nanosecond, utc()),
        PrimitiveType::String => DataType::Utf8,
        PrimitiveType::Uuid => DataType::FixedSizeBinary(16),
        PrimitiveType::Fixed(length) => DataType::FixedSizeBinary(
            i32::try_from(length).map_err(|_| Error::invalid_input(format!("fixed[{length}] is too long")))?,
        ),
        PrimitiveType::Binary => DataType::Binary,
    })
}

/// For creating a table of an Arrow schema: ids are assigned afresh, whatever the fields' metadata says.
///
/// Narrow and unsigned integers become the next wider signed type, timestamps of seconds and milliseconds become
/// microseconds; large, view and dictionary types become plain ones. Fails with
/// [`InvalidInput`](crate::ErrorKind::InvalidInput) on types that no Iceberg type holds exactly (64-bit unsigned
/// integers, times of day in nanoseconds, durations, intervals, unions).
impl TryFrom<&ArrowSchema> for Schema {
    type Error = Error;

    fn try_from(schema: &ArrowSchema) -> Result<Self> {
        let fields = schema.fields().iter().map(|field| from_field(field, field.name(), 0));
        Schema::new(fields.collect::<Result<Vec<_>>>()?)
    }
}

fn from_field(field: &Field, name: &str, depth: usize) -> Result<NestedField> {
    let uuid = field.metadata().get(EXTENSION_TYPE_NAME_KEY).is_some_and(|name| name == UUID_EXTENSION);
    let field_type = match field.data_type() {
        DataType::FixedSizeBinary(16) if uuid => PrimitiveType::Uuid.into(),
        other => from_type(other, depth).context(|| format!("column `{}`", field.name()))?,
    };
    Ok(NestedField::new(name, field_type, !field.is_nullable()))
}

fn from_type(data_type: &DataType, depth: usize) -> Result<Type> {
    if depth >= MAX_DEPTH {
        return Err(Error::invalid_input(format!("types nest deeper than {MAX_DEPTH} levels")));
    }
    let child = |field: &Field, name: &str| from_field(field, name, depth + 1);
    let no_type = || Error::invalid_input(format!("no Iceberg type holds Arrow's {data_type} exactly"));
    Ok(match data_type {
        DataType::Boolean => PrimitiveType::Boolean.into(),
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::UInt8 | DataType::UInt16 => {
            PrimitiveType::Int.into()
        }
        DataType::Int64 | DataType::UInt32 => PrimitiveType::Long.into(),
        DataType::Float16 | DataType::Float32 => PrimitiveType::Float.into(),
        DataType::Float64 => PrimitiveType::Double.into(),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => match u8::try_from(*scale) {
            Ok(scale) if (1..=38).contains(precision) && scale <= *precision => {
                PrimitiveType::Decimal { precision: *precision, scale }.into()
            }
            _ => return Err(no_type()),
        },
        DataType::Date32 | DataType::Date64 => PrimitiveType::Date.into(),
        DataType::Time32(_) | DataType::Time64(TimeUnit::Microsecond) => PrimitiveType::Time.into(),
        DataType::Timestamp(TimeUnit::Nanosecond, None) => PrimitiveType::TimestampNs.into(),
        DataType::Timestamp(TimeUnit::Nanosecond, Some(_)) => PrimitiveType::TimestamptzNs.into(),
        DataType::Timestamp(_, None) => PrimitiveType::Timestamp.into(),
        DataType::Timestamp(_, Some(_)) => PrimitiveType::Timestamptz.into(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => PrimitiveType::String.into(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => PrimitiveType::Binary.into(),
        DataType::FixedSizeBinary(length) => {
            PrimitiveType::Fixed(u32::try_from(*length).map_err(|_| no_type())?).into()
        }
        DataType::Dictionary(_, values) => from_type(values, depth + 1)?,
        DataType::Struct(fields) => {
            let fields = fields.iter().map(|field| child(field, field.name()));
            Type::Struct(StructType { fields: fields.collect::<Result<Vec<_>>>()? })
        }
        DataType::List(element) | DataType::LargeList(element) | DataType::FixedSizeList(element, _) => {
            Type::List(ListType { element: Box::new(child(element, "element")?) })
        }
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) => match fields.as_ref() {
                [key, value] => {
                    let mut key = child(key, "key")?;
                    key.required = true;
                    Type::Map(MapType { key: Box::new(key), value: Box::new(child(value, "value")?) })
                }
                _ => return Err(no_type()),
            },
            _ => return Err(no_type()),
        },
        _ => return Err(no_type()),
    })
}
