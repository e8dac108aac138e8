//! The schema of an Avro file of metadata, as far as reading its values needs it.

use std::collections::HashMap;
use std::sync::Arc;

use apache_avro::types::Value;
use serde_json::{Map, Value as Json};

use super::shape::full_name;
use crate::error::{Error, Result};

/// How a value is laid out, and what it becomes.
#[derive(Clone, Debug)]
pub(super) enum Schema {
    Null,
    Boolean,
    Int(fn(i32) -> Value),
    Long(fn(i64) -> Value),
    Float,
    Double,
    /// Also of decimals.
    Bytes,
    String,
    UuidText,
    Uuid,
    Fixed(usize),
    Enum(Arc<[String]>),
    Array(Box<Schema>),
    Map(Box<Schema>),
    Union(Vec<Schema>),
    Record(Vec<Field>),
    /// A name of a record, or of nothing. A short schema of such could mean values without end; Iceberg's writers need none.
    Named,
}

#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) id: Option<i32>,
    pub(super) name: String,
    pub(super) schema: Schema,
}

impl Schema {
    /// What a file says of itself. Its depth is bounded where the JSON is parsed.
    pub(super) fn parse(json: &Json) -> Result<Self> {
        Parser { named: HashMap::new() }
            .read(json, "")
            .ok_or_else(|| Error::invalid_data("the Avro schema is malformed"))
    }
}

struct Parser {
    /// Types with names that contain no others.
    named: HashMap<String, Schema>,
}

impl Parser {
    fn read(&mut self, json: &Json, namespace: &str) -> Option<Schema> {
        match json {
            Json::String(name) => Some(primitive(name).unwrap_or_else(|| {
                let known = self.named.get(&full_name(name, namespace)).or_else(|| self.named.get(name));
                known.cloned().unwrap_or(Schema::Named)
            })),
            Json::Array(branches) => {
                branches.iter().map(|branch| self.read(branch, namespace)).collect::<Option<_>>().map(Schema::Union)
            }
            Json::Object(object) => self.object(object, namespace),
            _ => None,
        }
    }

    fn object(&mut self, object: &Map<String, Json>, outer: &str) -> Option<Schema> {
        let text = |key: &str| object.get(key).and_then(Json::as_str);
        let Some(kind) = text("type") else { return self.read(object.get("type")?, outer) };
        let logical = text("logicalType").unwrap_or_default();
        let named = |schema: Schema, parser: &mut Self| {
            let name = full_name(text("name")?, text("namespace").unwrap_or(outer));
            parser.named.insert(name, schema.clone());
            Some(schema)
        };
        match kind {
            "record" | "error" => {
                let inner = text("namespace").or_else(|| Some(text("name")?.rsplit_once('.')?.0)).unwrap_or(outer);
                let fields = object.get("fields")?.as_array()?.iter().map(|field| {
                    let id = field.get("field-id").and_then(Json::as_i64).and_then(|id| i32::try_from(id).ok());
                    let name = field.get("name")?.as_str()?.to_owned();
                    Some(Field { id, name, schema: self.read(field.get("type")?, inner)? })
                });
                fields.collect::<Option<_>>().map(Schema::Record)
            }
            "enum" => {
                let symbols = object.get("symbols")?.as_array()?.iter().map(|symbol| Some(symbol.as_str()?.to_owned()));
                named(Schema::Enum(symbols.collect::<Option<_>>()?), self)
            }
            "fixed" => {
                let size = usize::try_from(object.get("size")?.as_u64()?).ok()?;
                named(if logical == "uuid" && size == 16 { Schema::Uuid } else { Schema::Fixed(size) }, self)
            }
            "array" => Some(Schema::Array(self.read(object.get("items")?, outer)?.into())),
            "map" => Some(Schema::Map(self.read(object.get("values")?, outer)?.into())),
            "int" => Some(Schema::Int(match logical {
                "date" => Value::Date,
                "time-millis" => Value::TimeMillis,
                _ => Value::Int,
            })),
            "long" => Some(Schema::Long(match logical {
                "time-micros" => Value::TimeMicros,
                "timestamp-millis" => Value::TimestampMillis,
                "timestamp-micros" => Value::TimestampMicros,
                "timestamp-nanos" => Value::TimestampNanos,
                "local-timestamp-millis" => Value::LocalTimestampMillis,
                "local-timestamp-micros" => Value::LocalTimestampMicros,
                "local-timestamp-nanos" => Value::LocalTimestampNanos,
                _ => Value::Long,
            })),
            "string" if logical == "uuid" => Some(Schema::UuidText),
            _ => self.read(object.get("type")?, outer),
        }
    }
}

fn primitive(name: &str) -> Option<Schema> {
    Some(match name {
        "null" => Schema::Null,
        "boolean" => Schema::Boolean,
        "int" => Schema::Int(Value::Int),
        "long" => Schema::Long(Value::Long),
        "float" => Schema::Float,
        "double" => Schema::Double,
        "bytes" => Schema::Bytes,
        "string" => Schema::String,
        _ => return None,
    })
}
