//! The schema of an Avro data file: how its values are laid out, and the Arrow types that they become.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_schema::{DataType, Field, Fields, TimeUnit};
use parquet::arrow::PARQUET_FIELD_ID_META_KEY;
use serde_json::{Map, Value as Json};

use crate::error::{Error, Result, ResultExt};

/// How values of one place in a schema are laid out.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) kind: Kind,
    /// In a union: the number of the branch that is null, and of the one that is not.
    pub(super) union: Option<(Option<i64>, i64)>,
}

#[derive(Debug)]
pub(super) enum Kind {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    /// Bytes or text with their number ahead.
    Bytes,
    Fixed(usize),
    /// A UUID as text.
    UuidText,
    /// Of as many bytes as the first says, if it does, and below the second.
    Decimal(Option<usize>, i128),
    Struct(Vec<Shape>),
    List(Box<Shape>),
    /// Of text keys, as Avro has them.
    Map(Box<Shape>),
    /// Records of a key and a value in an array, as Iceberg has maps of other keys.
    Pairs(Box<[Shape; 2]>),
}

/// How deep types may nest.
const DEEPEST: usize = 64;
/// How many types a schema may have once its names are followed.
const MOST: usize = 100_000;

/// The columns of a file, from its schema. Their Arrow fields have the ids that the schema says.
pub(super) fn columns(schema: &Json) -> Result<(Vec<Shape>, Fields)> {
    let mut reader = SchemaReader { named: HashMap::new(), left: MOST };
    let (shape, data_type) = reader.read(schema, "", 0)?;
    match (shape, data_type) {
        (Shape { kind: Kind::Struct(shapes), union: None }, DataType::Struct(fields)) => Ok((shapes, fields)),
        _ => Err(Error::invalid_data("the Avro schema of a data file must be a record")),
    }
}

struct SchemaReader<'a> {
    named: HashMap<String, &'a Json>,
    /// How many more types there may be: a short schema of records that name each other could mean any number.
    left: usize,
}

type Typed = (Shape, DataType);

impl<'a> SchemaReader<'a> {
    fn read(&mut self, schema: &'a Json, namespace: &str, depth: usize) -> Result<Typed> {
        self.left = self.left.checked_sub(1).ok_or_else(|| Error::invalid_data("the Avro schema is too large"))?;
        if depth > DEEPEST {
            return Err(Error::invalid_data(format!("the Avro schema nests deeper than {DEEPEST} levels")));
        }
        match schema {
            Json::String(name) => match primitive(name) {
                Some(typed) => Ok(typed),
                None => {
                    let full = full_name(name, namespace);
                    let known = self.named.get(&full).or_else(|| self.named.get(name)).copied();
                    let known = known.ok_or_else(|| unsupported(name))?;
                    self.read(known, namespace, depth + 1)
                }
            },
            Json::Array(branches) => self.union(branches, namespace, depth),
            Json::Object(object) => self.object(schema, object, namespace, depth),
            _ => Err(Error::invalid_data("the Avro schema is malformed")),
        }
    }

    fn union(&mut self, branches: &'a [Json], namespace: &str, depth: usize) -> Result<Typed> {
        let is_null = |branch: &Json| branch == "null" || branch.get("type").is_some_and(|name| name == "null");
        let (null, value) = match branches {
            [only] => (None, (0, only)),
            [first, second] if is_null(first) => (Some(0), (1, second)),
            [first, second] if is_null(second) => (Some(1), (0, first)),
            _ => return Err(Error::unsupported("an Avro union of other than null and one type")),
        };
        let (shape, data_type) = self.read(value.1, namespace, depth + 1)?;
        match shape.union {
            None => Ok((Shape { union: Some((null, value.0)), ..shape }, data_type)),
            Some(_) => Err(Error::invalid_data("the Avro schema has a union in a union")),
        }
    }

    fn object(&mut self, schema: &'a Json, object: &'a Map<String, Json>, space: &str, depth: usize) -> Result<Typed> {
        let kind = object.get("type").ok_or_else(malformed)?;
        let Some(name) = kind.as_str() else { return self.read(kind, space, depth + 1) };
        let text = |key: &str| object.get(key).and_then(Json::as_str);
        let inside = |key: &str| object.get(key).ok_or_else(malformed);
        if let ("record" | "error" | "fixed" | "enum", Some(own)) = (name, text("name")) {
            let full = full_name(own, text("namespace").unwrap_or(space));
            self.named.insert(full, schema);
        }
        Ok(match name {
            "record" | "error" => {
                let space = text("namespace").or_else(|| Some(text("name")?.rsplit_once('.')?.0)).unwrap_or(space);
                let (mut shapes, mut arrow) = (Vec::new(), Vec::new());
                for field in inside("fields")?.as_array().ok_or_else(malformed)? {
                    let name = field.get("name").and_then(Json::as_str).ok_or_else(malformed)?;
                    let field_type = field.get("type").ok_or_else(malformed)?;
                    let typed = self.read(field_type, space, depth + 1).context(|| format!("column `{name}`"))?;
                    // What was always null is not in the file, whatever the column became later.
                    let id = field.get("field-id").filter(|_| depth == 0 || !matches!(typed.0.kind, Kind::Null));
                    arrow.push(named(name, typed.1, id));
                    shapes.push(typed.0);
                }
                (plain(Kind::Struct(shapes)), DataType::Struct(arrow.into()))
            }
            "array" => {
                let (items, data_type) = self.read(inside("items")?, space, depth + 1)?;
                if text("logicalType") == Some("map") {
                    return pairs(items, data_type);
                }
                let element = named("element", data_type, object.get("element-id"));
                (plain(Kind::List(items.into())), DataType::List(Arc::new(element)))
            }
            "map" => {
                let (values, data_type) = self.read(inside("values")?, space, depth + 1)?;
                let key = named("key", DataType::Utf8, object.get("key-id"));
                let value = named("value", data_type, object.get("value-id"));
                (plain(Kind::Map(values.into())), map_of(key, value))
            }
            "fixed" => {
                let size = object.get("size").and_then(Json::as_u64).and_then(|size| i32::try_from(size).ok());
                let size = size.ok_or_else(malformed)?;
                let width = usize::try_from(size).map_err(|_| malformed())?;
                match text("logicalType") {
                    Some("decimal") => decimal(object, Some(width))?,
                    _ => (plain(Kind::Fixed(width)), DataType::FixedSizeBinary(size)),
                }
            }
            "bytes" if text("logicalType") == Some("decimal") => decimal(object, None)?,
            "string" if text("logicalType") == Some("uuid") => (plain(Kind::UuidText), DataType::FixedSizeBinary(16)),
            "int" | "long" => {
                let (shape, data_type) = primitive(name).ok_or_else(malformed)?;
                (shape, moment(object).unwrap_or(data_type))
            }
            other => return self.read(kind, space, depth + 1).context(|| format!("the type `{other}`")),
        })
    }
}

fn malformed() -> Error {
    Error::invalid_data("the Avro schema is malformed")
}

fn unsupported(name: &str) -> Error {
    Error::unsupported(format!("the Avro type `{}`", name.chars().take(80).collect::<String>()))
}

fn plain(kind: Kind) -> Shape {
    Shape { kind, union: None }
}

fn primitive(name: &str) -> Option<Typed> {
    let (kind, data_type) = match name {
        "null" => (Kind::Null, DataType::Null),
        "boolean" => (Kind::Boolean, DataType::Boolean),
        "int" => (Kind::Int, DataType::Int32),
        "long" => (Kind::Long, DataType::Int64),
        "float" => (Kind::Float, DataType::Float32),
        "double" => (Kind::Double, DataType::Float64),
        "bytes" => (Kind::Bytes, DataType::Binary),
        "string" => (Kind::Bytes, DataType::Utf8),
        _ => return None,
    };
    Some((plain(kind), data_type))
}

/// Dates and times. Whether a point in time is in UTC is the table's to say where the file does not.
fn moment(object: &Map<String, Json>) -> Option<DataType> {
    let (kind, logical) = (object.get("type")?.as_str()?, object.get("logicalType")?.as_str()?);
    let utc = object.get("adjust-to-utc").and_then(Json::as_bool).unwrap_or(false).then(|| "UTC".into());
    Some(match (kind, logical) {
        ("int", "date") => DataType::Date32,
        ("int", "time-millis") => DataType::Time32(TimeUnit::Millisecond),
        ("long", "time-micros") => DataType::Time64(TimeUnit::Microsecond),
        ("long", "timestamp-millis") => DataType::Timestamp(TimeUnit::Millisecond, utc),
        ("long", "timestamp-micros") => DataType::Timestamp(TimeUnit::Microsecond, utc),
        ("long", "timestamp-nanos") => DataType::Timestamp(TimeUnit::Nanosecond, utc),
        ("long", "local-timestamp-millis") => DataType::Timestamp(TimeUnit::Millisecond, None),
        ("long", "local-timestamp-micros") => DataType::Timestamp(TimeUnit::Microsecond, None),
        ("long", "local-timestamp-nanos") => DataType::Timestamp(TimeUnit::Nanosecond, None),
        _ => return None,
    })
}

fn decimal(object: &Map<String, Json>, width: Option<usize>) -> Result<Typed> {
    let number = |key: &str| object.get(key).and_then(Json::as_u64).and_then(|number| u8::try_from(number).ok());
    let (precision, scale) = (number("precision").unwrap_or(0), number("scale").unwrap_or(0));
    let below = 10_i128.checked_pow(precision.into()).filter(|_| precision > 0 && scale <= precision);
    let (Some(below), Ok(digits)) = (below, i8::try_from(scale)) else {
        return Err(Error::unsupported(format!("an Avro decimal of {precision} digits, {scale} after the point")));
    };
    Ok((plain(Kind::Decimal(width, below)), DataType::Decimal128(precision, digits)))
}

/// The name of a type with its namespace.
fn full_name(name: &str, namespace: &str) -> String {
    if name.contains('.') || namespace.is_empty() { name.to_owned() } else { format!("{namespace}.{name}") }
}

fn named(name: &str, data_type: DataType, id: Option<&Json>) -> Field {
    let mut field = Field::new(name, data_type, true);
    if let Some(id) = id.and_then(Json::as_i64) {
        field.metadata_mut().insert(PARQUET_FIELD_ID_META_KEY.to_owned(), id.to_string());
    }
    field
}

fn map_of(key: Field, value: Field) -> DataType {
    let pair = DataType::Struct(vec![key.with_nullable(false), value].into());
    DataType::Map(Arc::new(Field::new("key_value", pair, false)), false)
}

fn pairs(items: Shape, data_type: DataType) -> Result<Typed> {
    let wrong = || Error::invalid_data("an Avro map in an array must be of records of `key` and `value`");
    let (Kind::Struct(shapes), None, DataType::Struct(fields)) = (items.kind, items.union, data_type) else {
        return Err(wrong());
    };
    match (<[Shape; 2]>::try_from(shapes), fields.as_ref()) {
        (Ok(shapes), [key, value]) if key.name() == "key" && value.name() == "value" => {
            let [key, value] = [key, value].map(|field| field.as_ref().clone());
            Ok((plain(Kind::Pairs(shapes.into())), map_of(key, value)))
        }
        _ => Err(wrong()),
    }
}
