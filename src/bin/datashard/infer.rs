//! What columns files have that do not say it.

use arrow_schema::SchemaRef;
use datashard::Result;
use datashard::runtime::Timestamp;
use datashard::spec::{ListType, MapType, NestedField, PrimitiveType, Schema, StructType, Type};
use serde_json::Value as Json;

use crate::exit::invalid;

/// Columns and what is known of their types, in the order in which they were met.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Columns(Vec<(String, Guess)>);

/// What fits all values so far.
#[derive(Clone, Debug, PartialEq)]
enum Guess {
    /// Nothing but null.
    Null,
    Boolean,
    Long,
    Double,
    Date,
    Timestamp,
    Timestamptz,
    Text,
    List(Box<Guess>),
    Struct(Columns),
    /// What a file says.
    Known(Type, bool),
}

impl Columns {
    /// Columns that are there, whatever is in them.
    pub(crate) fn add_names(&mut self, names: &[String]) {
        names.iter().for_each(|name| self.change(name, |known| known));
    }

    /// A value of a column as text; `None` is null.
    pub(crate) fn add_text(&mut self, name: &str, text: Option<&str>) {
        let guess = text.map_or(Guess::Null, of_number_or_text);
        // Whatever it is, it is written as text.
        self.change(name, |known| known.and(guess).unwrap_or(Guess::Text));
    }

    /// A record.
    pub(crate) fn add_json(&mut self, record: &Json) -> Result<()> {
        let Json::Object(map) = record else { return Err(invalid("this is no object")) };
        for (name, value) in map {
            if !self.merge(name, of_json(value)?) {
                let message =
                    format!("column `{name}`: no type is that of all values up to this one; --schema says one");
                return Err(invalid(message));
            }
        }
        Ok(())
    }

    /// The columns that a file says.
    pub(crate) fn add_schema(&mut self, schema: &SchemaRef) -> Result<()> {
        for field in Schema::try_from(&**schema)?.fields() {
            let own = Guess::Known(field.field_type.clone(), field.required);
            if !self.merge(&field.name, own) {
                return Err(invalid(format!("column `{}` has another type in another file", field.name)));
            }
        }
        Ok(())
    }

    /// The columns as a table may have them.
    pub(crate) fn fields(&self) -> Result<Vec<NestedField>> {
        let field = |(name, guess): &(String, Guess)| {
            let required = matches!(guess, Guess::Known(_, true));
            let field_type = guess.field_type().map_err(|error| error.context(format!("column `{name}`")))?;
            Ok(NestedField::new(name, field_type, required))
        };
        self.0.iter().map(field).collect()
    }

    /// Whether there is a type for both.
    fn merge(&mut self, name: &str, guess: Guess) -> bool {
        let mut fits = true;
        self.change(name, |known| {
            known.and(guess).unwrap_or_else(|| {
                fits = false;
                Guess::Null
            })
        });
        fits
    }

    fn change(&mut self, name: &str, change: impl FnOnce(Guess) -> Guess) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, guess)) => *guess = change(std::mem::replace(guess, Guess::Null)),
            None => self.0.push((name.to_owned(), change(Guess::Null))),
        }
    }
}

impl Guess {
    /// What fits the values of both.
    fn and(self, other: Self) -> Option<Self> {
        Some(match (self, other) {
            (Self::Null, any) | (any, Self::Null) => any,
            (a, b) if a == b => a,
            (Self::Known(a, r), Self::Known(b, s)) if a == b => Self::Known(a, r && s),
            (Self::Long, Self::Double) | (Self::Double, Self::Long) => Self::Double,
            (a, b) if a.is_text() && b.is_text() => Self::Text,
            (Self::List(a), Self::List(b)) => Self::List(Box::new(a.and(*b)?)),
            (Self::Struct(mut a), Self::Struct(b)) => {
                for (name, guess) in b.0 {
                    if !a.merge(&name, guess) {
                        return None;
                    }
                }
                Self::Struct(a)
            }
            _ => return None,
        })
    }

    fn is_text(&self) -> bool {
        matches!(self, Self::Text | Self::Date | Self::Timestamp | Self::Timestamptz)
    }

    fn field_type(&self) -> Result<Type> {
        Ok(match self {
            Self::Null | Self::Text => PrimitiveType::String.into(),
            Self::Boolean => PrimitiveType::Boolean.into(),
            Self::Long => PrimitiveType::Long.into(),
            Self::Double => PrimitiveType::Double.into(),
            Self::Date => PrimitiveType::Date.into(),
            Self::Timestamp => PrimitiveType::Timestamp.into(),
            Self::Timestamptz => PrimitiveType::Timestamptz.into(),
            Self::List(element) => Type::list(element.field_type()?),
            Self::Struct(columns) if columns.0.is_empty() => {
                return Err(invalid("what is in its objects is not known; --schema says it"));
            }
            Self::Struct(columns) => Type::structure(columns.fields()?),
            Self::Known(known, _) => known.clone(),
        })
    }
}

fn of_json(value: &Json) -> Result<Guess> {
    Ok(match value {
        Json::Null => Guess::Null,
        Json::Bool(_) => Guess::Boolean,
        Json::Number(number) if number.is_i64() => Guess::Long,
        Json::Number(_) => Guess::Double,
        Json::String(text) => of_text(text),
        Json::Array(items) => {
            let all = items.iter().map(of_json).collect::<Result<Vec<_>>>()?;
            let element = all.into_iter().try_fold(Guess::Null, Guess::and);
            let element = element.ok_or_else(|| invalid("the values of an array are of several types"))?;
            Guess::List(Box::new(element))
        }
        Json::Object(_) => {
            let mut columns = Columns::default();
            columns.add_json(value)?;
            Guess::Struct(columns)
        }
    })
}

/// Of text that may be anything: digits that begin with zero are no number, but a name.
fn of_number_or_text(text: &str) -> Guess {
    let digits = text.trim_start_matches('-');
    let is_number = digits.starts_with(|c: char| c.is_ascii_digit());
    let padded = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    match text {
        "true" | "false" => Guess::Boolean,
        _ if is_number && !padded && text.parse::<i64>().is_ok() => Guess::Long,
        _ if is_number && !padded && text.parse::<f64>().is_ok_and(f64::is_finite) => Guess::Double,
        _ => of_text(text),
    }
}

/// Dates and times are text.
fn of_text(text: &str) -> Guess {
    let is_date = |text: &str| text.get(4..5) == Some("-") && text.get(7..8) == Some("-");
    if !is_date(text) || text.rsplit_once('.').is_some_and(|(_, rest)| digits(rest) > 6) {
        return Guess::Text;
    }
    match (text.len(), text.parse::<Timestamp>()) {
        (10, Ok(_)) => Guess::Date,
        (11.., Ok(_)) => Guess::Timestamptz,
        (11.., Err(_)) if format!("{text}Z").parse::<Timestamp>().is_ok() => Guess::Timestamp,
        _ => Guess::Text,
    }
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// The same with microseconds for nanoseconds, which need version 3 of the format. A value that is not one of microseconds
/// is refused when it comes.
pub(crate) fn within_v2(schema: &Schema) -> Result<Schema> {
    Schema::new(schema.fields().iter().map(field_within_v2))
}

fn field_within_v2(field: &NestedField) -> NestedField {
    let mut field = field.clone();
    field.field_type = match &field.field_type {
        Type::Primitive(PrimitiveType::TimestampNs) => PrimitiveType::Timestamp.into(),
        Type::Primitive(PrimitiveType::TimestamptzNs) => PrimitiveType::Timestamptz.into(),
        Type::Struct(of) => Type::Struct(StructType { fields: of.fields.iter().map(field_within_v2).collect() }),
        Type::List(of) => Type::List(ListType { element: Box::new(field_within_v2(&of.element)) }),
        Type::Map(of) => {
            Type::Map(MapType { key: Box::new(field_within_v2(&of.key)), value: Box::new(field_within_v2(&of.value)) })
        }
        other => other.clone(),
    };
    field
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema_text;

    fn of_records(records: &[Json]) -> Result<String> {
        let mut columns = Columns::default();
        records.iter().try_for_each(|record| columns.add_json(record))?;
        Ok(schema_text::format(&Schema::new(columns.fields()?)?, ", "))
    }

    #[test]
    fn records_say_their_columns() {
        let records = [
            json!({"id": 1, "x": null, "at": "2026-11-01T09:30:00Z", "tags": [], "who": {"name": "a"}}),
            json!({"id": 2, "x": 1.5, "at": "2026-11-01T09:30:00+02:00", "tags": ["x"], "who": {"age": 7}}),
            json!({"id": 2, "x": 1, "day": "2026-11-01", "local": "2026-11-01T09:30:00", "nanos": "2026-11-01T09:30:00.1234567Z"}),
        ];
        assert_eq!(
            of_records(&records).unwrap(),
            "at:timestamptz, id:long, tags:list<string>, who:struct<name:string, age:long>, x:double, day:date, \
             local:timestamp, nanos:string"
        );
        let error = of_records(&[json!({"x": 1}), json!({"x": "a"})]).unwrap_err();
        assert!(error.to_string().contains("column `x`"), "{error}");
        assert!(of_records(&[json!({"x": {}})]).is_err() && of_records(&[json!([1])]).is_err());
    }

    #[test]
    fn text_says_its_columns_and_what_begins_with_zero_is_no_number() {
        let guess = |texts: &[&str]| {
            let mut columns = Columns::default();
            texts.iter().for_each(|text| columns.add_text("c", (!text.is_empty()).then_some(text)));
            schema_text::format(&Schema::new(columns.fields().unwrap()).unwrap(), ", ")
        };
        for (texts, wanted) in [
            (&["1", "", "-7"][..], "long"),
            (&["1", "2.5", "1e3"], "double"),
            (&["0", "0.5"], "double"),
            (&["007", "8"], "string"),
            (&["9223372036854775808"], "double"),
            (&["true", "false"], "boolean"),
            (&["true", "1"], "string"),
            (&["2026-11-01", ""], "date"),
            (&["2026-11-01", "2026-11-01T00:00:00Z"], "string"),
            (&["2026-11-01 09:30:00.123"], "timestamp"),
            (&["2026-13-01"], "string"),
            (&["", ""], "string"),
        ] {
            assert_eq!(guess(texts), format!("c:{wanted}"), "{texts:?}");
        }
    }
}
