use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value as Json, json};

use crate::error::{Error, Result};
use crate::spec::json::Fields;

/// A type of a column or of a nested field (spec: Schemas and Data Types).
#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    /// A single value.
    Primitive(PrimitiveType),
    /// Named fields.
    Struct(StructType),
    /// Any number of elements.
    List(ListType),
    /// Keys and their values.
    Map(MapType),
    /// A value of any kind, as JSON has them and more (v3). In Arrow a struct of two binaries, `metadata` and `value`.
    Variant,
    /// Nothing but null, until the column has another type (v3).
    Unknown,
}

/// A type of a single value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PrimitiveType {
    /// True or false.
    Boolean,
    /// 32-bit signed integer.
    Int,
    /// 64-bit signed integer.
    Long,
    /// 32-bit IEEE 754 number.
    Float,
    /// 64-bit IEEE 754 number.
    Double,
    /// Exact decimal number: 1 to 38 digits, `scale` of them after the point.
    Decimal {
        /// Digits in all.
        precision: u8,
        /// Digits after the point.
        scale: u8,
    },
    /// Calendar date.
    Date,
    /// Time of day in microseconds.
    Time,
    /// Date and time in microseconds, without a time zone.
    Timestamp,
    /// Point in time in microseconds (UTC).
    Timestamptz,
    /// Date and time in nanoseconds, without a time zone (v3).
    TimestampNs,
    /// Point in time in nanoseconds (UTC) (v3).
    TimestamptzNs,
    /// UTF-8 text.
    String,
    /// UUID.
    Uuid,
    /// Bytes of a fixed number.
    Fixed(u32),
    /// Bytes of any number.
    Binary,
}

/// Named fields, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StructType {
    /// The fields.
    pub fields: Vec<NestedField>,
}

/// A list of elements.
#[derive(Clone, Debug, PartialEq)]
pub struct ListType {
    /// The element's id, type and whether it is required; its name is `element`.
    pub element: Box<NestedField>,
}

/// A map from keys to values.
#[derive(Clone, Debug, PartialEq)]
pub struct MapType {
    /// The key (always required); its name is `key`.
    pub key: Box<NestedField>,
    /// The value; its name is `value`.
    pub value: Box<NestedField>,
}

/// A column, or a field of a struct, list or map. Its identity is its id: names may change.
#[derive(Clone, Debug, PartialEq)]
pub struct NestedField {
    /// The id, unique in the table for ever. 0 until a table assigns one.
    pub id: i32,
    /// The name.
    pub name: String,
    /// Whether null is not allowed.
    pub required: bool,
    /// The type.
    pub field_type: Type,
    /// A comment for people.
    pub doc: Option<String>,
    /// The value of rows written before the field was added, as JSON (v3).
    pub initial_default: Option<Json>,
    /// The value for writers that have none, as JSON (v3).
    pub write_default: Option<Json>,
    /// Fields of the JSON that this version does not know, written back unchanged.
    pub(crate) extra: Map<String, Json>,
}

impl NestedField {
    /// A field without an id: the table assigns one.
    pub fn new(name: impl Into<String>, field_type: impl Into<Type>, required: bool) -> Self {
        Self {
            id: 0,
            name: name.into(),
            required,
            field_type: field_type.into(),
            doc: None,
            initial_default: None,
            write_default: None,
            extra: Map::new(),
        }
    }

    /// A field that may not be null.
    pub fn required(name: impl Into<String>, field_type: impl Into<Type>) -> Self {
        Self::new(name, field_type, true)
    }

    /// A field that may be null.
    pub fn optional(name: impl Into<String>, field_type: impl Into<Type>) -> Self {
        Self::new(name, field_type, false)
    }

    /// The same field with a comment.
    #[must_use]
    pub fn doc(mut self, doc: impl Into<String>) -> Self {
        self.doc = Some(doc.into());
        self
    }

    /// The same field with this id.
    #[must_use]
    pub fn id(mut self, id: i32) -> Self {
        self.id = id;
        self
    }

    pub(crate) fn from_json(value: Json, path: String) -> Result<Self> {
        let mut fields = Fields::new(value, path)?;
        let type_path = fields.name("type");
        Ok(Self {
            id: fields.i32("id")?,
            name: fields.string("name")?,
            required: fields.optional_bool("required")?.unwrap_or(false),
            field_type: Type::from_json(fields.required("type")?, type_path)?,
            doc: fields.optional_string("doc")?,
            initial_default: fields.optional("initial-default"),
            write_default: fields.optional("write-default"),
            extra: fields.rest(),
        })
    }

    pub(crate) fn to_json(&self) -> Json {
        let mut map = self.extra.clone();
        map.insert("id".into(), self.id.into());
        map.insert("name".into(), self.name.clone().into());
        map.insert("required".into(), self.required.into());
        map.insert("type".into(), self.field_type.to_json());
        let optional = [
            ("doc", self.doc.clone().map(Json::from)),
            ("initial-default", self.initial_default.clone()),
            ("write-default", self.write_default.clone()),
        ];
        map.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        Json::Object(map)
    }
}

impl Type {
    /// The primitive type, if it is one.
    pub fn as_primitive(&self) -> Option<PrimitiveType> {
        match self {
            Self::Primitive(primitive) => Some(*primitive),
            _ => None,
        }
    }

    /// A struct of these fields.
    pub fn structure(fields: impl IntoIterator<Item = NestedField>) -> Self {
        Self::Struct(StructType { fields: fields.into_iter().collect() })
    }

    /// A list whose elements may be null.
    pub fn list(element: impl Into<Type>) -> Self {
        Self::List(ListType { element: Box::new(NestedField::optional("element", element)) })
    }

    /// A map whose values may be null.
    pub fn map(key: impl Into<Type>, value: impl Into<Type>) -> Self {
        Self::Map(MapType {
            key: Box::new(NestedField::required("key", key)),
            value: Box::new(NestedField::optional("value", value)),
        })
    }

    /// The fields directly inside: of the struct, the list (one) or the map (key and value).
    pub fn children(&self) -> Vec<&NestedField> {
        match self {
            Self::Primitive(_) | Self::Variant | Self::Unknown => Vec::new(),
            Self::Struct(structure) => structure.fields.iter().collect(),
            Self::List(list) => vec![&list.element],
            Self::Map(map) => vec![&map.key, &map.value],
        }
    }

    pub(crate) fn children_mut(&mut self) -> Vec<&mut NestedField> {
        match self {
            Self::Primitive(_) | Self::Variant | Self::Unknown => Vec::new(),
            Self::Struct(structure) => structure.fields.iter_mut().collect(),
            Self::List(list) => vec![&mut list.element],
            Self::Map(map) => vec![&mut map.key, &mut map.value],
        }
    }

    /// Whether the field with this id is inside, at any depth.
    pub(crate) fn holds(&self, id: i32) -> bool {
        self.children().into_iter().any(|child| child.id == id || child.field_type.holds(id))
    }

    pub(crate) fn from_json(value: Json, path: String) -> Result<Self> {
        if let Json::String(name) = &value {
            match name.as_str() {
                "variant" => return Ok(Self::Variant),
                "unknown" => return Ok(Self::Unknown),
                _ => {}
            }
            return name.parse().map(Self::Primitive).map_err(|error: Error| error.context(format!("field `{path}`")));
        }
        let mut fields = Fields::new(value, path)?;
        let child = |fields: &mut Fields, name: &str, required: Option<&str>| -> Result<Box<NestedField>> {
            let id = fields.i32(&format!("{name}-id"))?;
            let required = match required {
                Some(flag) => fields.optional_bool(flag)?.unwrap_or(false),
                None => true,
            };
            let path = fields.name(name);
            let field_type = Self::from_json(fields.required(name)?, path)?;
            Ok(Box::new(NestedField::new(name, field_type, required).id(id)))
        };
        match fields.string("type")?.as_str() {
            "struct" => Ok(Self::Struct(StructType { fields: fields.items("fields", NestedField::from_json)? })),
            "list" => Ok(Self::List(ListType { element: child(&mut fields, "element", Some("element-required"))? })),
            "map" => Ok(Self::Map(MapType {
                key: child(&mut fields, "key", None)?,
                value: child(&mut fields, "value", Some("value-required"))?,
            })),
            other => Err(Error::unsupported(format!("field `{}`: the type `{other}`", fields.name("type")))),
        }
    }

    pub(crate) fn to_json(&self) -> Json {
        match self {
            Self::Primitive(primitive) => primitive.to_string().into(),
            Self::Variant => "variant".into(),
            Self::Unknown => "unknown".into(),
            Self::Struct(structure) => structure.to_json(),
            Self::List(list) => json!({
                "type": "list", "element-id": list.element.id, "element-required": list.element.required,
                "element": list.element.field_type.to_json(),
            }),
            Self::Map(map) => json!({
                "type": "map", "key-id": map.key.id, "key": map.key.field_type.to_json(),
                "value-id": map.value.id, "value-required": map.value.required, "value": map.value.field_type.to_json(),
            }),
        }
    }
}

impl StructType {
    /// The field of that name, in this struct itself.
    pub fn field(&self, name: &str) -> Option<&NestedField> {
        self.fields.iter().find(|field| field.name == name)
    }

    pub(crate) fn to_json(&self) -> Json {
        json!({ "type": "struct", "fields": self.fields.iter().map(NestedField::to_json).collect::<Vec<_>>() })
    }
}

impl From<PrimitiveType> for Type {
    fn from(primitive: PrimitiveType) -> Self {
        Self::Primitive(primitive)
    }
}

/// Nested types by their kind alone: `struct`.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Primitive(primitive) => primitive.fmt(f),
            Self::Struct(_) => f.write_str("struct"),
            Self::List(_) => f.write_str("list"),
            Self::Map(_) => f.write_str("map"),
            Self::Variant => f.write_str("variant"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

impl fmt::Display for PrimitiveType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean => f.write_str("boolean"),
            Self::Int => f.write_str("int"),
            Self::Long => f.write_str("long"),
            Self::Float => f.write_str("float"),
            Self::Double => f.write_str("double"),
            Self::Decimal { precision, scale } => write!(f, "decimal({precision}, {scale})"),
            Self::Date => f.write_str("date"),
            Self::Time => f.write_str("time"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Timestamptz => f.write_str("timestamptz"),
            Self::TimestampNs => f.write_str("timestamp_ns"),
            Self::TimestamptzNs => f.write_str("timestamptz_ns"),
            Self::String => f.write_str("string"),
            Self::Uuid => f.write_str("uuid"),
            Self::Fixed(length) => write!(f, "fixed[{length}]"),
            Self::Binary => f.write_str("binary"),
        }
    }
}

impl FromStr for PrimitiveType {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let simple = match text {
            "boolean" => Self::Boolean,
            "int" => Self::Int,
            "long" => Self::Long,
            "float" => Self::Float,
            "double" => Self::Double,
            "date" => Self::Date,
            "time" => Self::Time,
            "timestamp" => Self::Timestamp,
            "timestamptz" => Self::Timestamptz,
            "timestamp_ns" => Self::TimestampNs,
            "timestamptz_ns" => Self::TimestamptzNs,
            "string" => Self::String,
            "uuid" => Self::Uuid,
            "binary" => Self::Binary,
            _ => return parameterised(text),
        };
        Ok(simple)
    }
}

fn parameterised(text: &str) -> Result<PrimitiveType> {
    if let Some(inner) = text.strip_prefix("decimal(").and_then(|rest| rest.strip_suffix(')')) {
        if let Some((precision, scale)) = inner.split_once(',')
            && let (Ok(precision), Ok(scale)) = (precision.trim().parse(), scale.trim().parse())
            && (1..=38).contains(&precision)
            && scale <= precision
        {
            return Ok(PrimitiveType::Decimal { precision, scale });
        }
    } else if let Some(inner) = text.strip_prefix("fixed[").and_then(|rest| rest.strip_suffix(']')) {
        if let Ok(length @ 0..=0x7fff_ffff) = inner.trim().parse() {
            return Ok(PrimitiveType::Fixed(length));
        }
    } else {
        return Err(Error::unsupported(format!("the type `{text}`")));
    }
    Err(Error::invalid_data(format!("`{text}` is not a valid type")))
}
