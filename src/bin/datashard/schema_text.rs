//! Columns as short text: `id:long!, at:timestamptz, tags:list<string>, who:struct<name:string!>`. An exclamation mark
//! means that null is not allowed.

use std::iter::Peekable;
use std::str::CharIndices;

use datashard::Result;
use datashard::spec::{ListType, MapType, NestedField, PrimitiveType, Schema, StructType, Type};

use crate::exit::invalid;

/// As deep as types may nest.
const DEPTH: usize = 32;

/// Reads columns: with commas or ends of lines between them.
pub(crate) fn parse(text: &str) -> Result<Schema> {
    let mut parser = Parser { text, rest: text.char_indices().peekable() };
    let fields = parser.fields(None, 0)?;
    if fields.is_empty() {
        return Err(invalid("the schema has no columns: `id:long!, at:timestamptz` has two"));
    }
    Schema::new(fields)
}

/// Writes columns, with this between them.
pub(crate) fn format(schema: &Schema, between: &str) -> String {
    fields(schema.fields(), between)
}

fn fields(fields: &[NestedField], between: &str) -> String {
    let field = |field: &NestedField| format!("{}:{}", name(&field.name), spelled(field));
    fields.iter().map(field).collect::<Vec<_>>().join(between)
}

fn spelled(field: &NestedField) -> String {
    type_text(&field.field_type) + if field.required { "!" } else { "" }
}

fn type_text(field_type: &Type) -> String {
    match field_type {
        Type::Struct(of) => format!("struct<{}>", fields(&of.fields, ", ")),
        Type::List(of) => format!("list<{}>", spelled(&of.element)),
        // A key is always there.
        Type::Map(of) => format!("map<{}, {}>", type_text(&of.key.field_type), spelled(&of.value)),
        other => other.to_string(),
    }
}

fn name(name: &str) -> String {
    let is_plain = !name.is_empty() && name.chars().all(is_plain);
    if is_plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '$' | '@' | '/')
}

struct Parser<'a> {
    text: &'a str,
    rest: Peekable<CharIndices<'a>>,
}

impl Parser<'_> {
    fn fields(&mut self, end: Option<char>, depth: usize) -> Result<Vec<NestedField>> {
        let mut fields = Vec::new();
        loop {
            while self.take(|c| c.is_whitespace() || c == ',').is_some() {}
            if self.peek() == end {
                return Ok(fields);
            }
            let name = self.name()?;
            self.skip();
            self.expect(':')?;
            let (field_type, required) = self.field_type(depth)?;
            fields.push(NestedField::new(name, field_type, required));
            while self.take(|c| c == ' ' || c == '\t').is_some() {}
            if self.peek() != end && !matches!(self.peek(), Some(',' | '\n' | '\r')) {
                return Err(self.wrong("a comma is wanted"));
            }
        }
    }

    /// A type, and whether null is not allowed.
    fn field_type(&mut self, depth: usize) -> Result<(Type, bool)> {
        if depth > DEPTH {
            return Err(self.wrong("types nest too deeply"));
        }
        self.skip();
        let word = self.word();
        let field_type = match (word.as_str(), self.peek()) {
            ("list", Some('<')) => {
                self.expect('<')?;
                let (element, required) = self.field_type(depth + 1)?;
                self.close()?;
                Type::List(ListType { element: Box::new(NestedField::new("element", element, required)) })
            }
            ("map", Some('<')) => {
                self.expect('<')?;
                let (key, _) = self.field_type(depth + 1)?;
                self.skip();
                self.expect(',')?;
                let (value, required) = self.field_type(depth + 1)?;
                self.close()?;
                let key = Box::new(NestedField::required("key", key));
                Type::Map(MapType { key, value: Box::new(NestedField::new("value", value, required)) })
            }
            ("struct", Some('<')) => {
                self.expect('<')?;
                let fields = self.fields(Some('>'), depth + 1)?;
                self.close()?;
                Type::Struct(StructType { fields })
            }
            ("variant", _) => Type::Variant,
            ("unknown", _) => Type::Unknown,
            (_, open) => {
                let mut text = word.clone();
                if let Some(close) =
                    open.and_then(|open| [('(', ')'), ('[', ']')].into_iter().find(|(o, _)| *o == open))
                {
                    while let Some(c) = self.take(|_| true) {
                        text.push(c);
                        if c == close.1 {
                            break;
                        }
                    }
                }
                let known: PrimitiveType = text.parse().map_err(|_| self.wrong(&format!("`{text}` is no type")))?;
                known.into()
            }
        };
        Ok((field_type, self.take(|c| c == '!').is_some()))
    }

    fn name(&mut self) -> Result<String> {
        if self.take(|c| c == '"').is_none() {
            let name = self.word();
            return if name.is_empty() { Err(self.wrong("a column's name is wanted")) } else { Ok(name) };
        }
        let mut name = String::new();
        loop {
            match self.take(|_| true) {
                None => return Err(self.wrong("a quote is not closed")),
                Some('"') if self.take(|c| c == '"').is_none() => return Ok(name),
                Some(c) => name.push(c),
            }
        }
    }

    fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(c) = self.take(is_plain) {
            word.push(c);
        }
        word
    }

    fn close(&mut self) -> Result<()> {
        self.skip();
        self.expect('>')
    }

    fn expect(&mut self, wanted: char) -> Result<()> {
        match self.take(|c| c == wanted) {
            Some(_) => Ok(()),
            None => Err(self.wrong(&format!("`{wanted}` is wanted"))),
        }
    }

    fn skip(&mut self) {
        while self.take(char::is_whitespace).is_some() {}
    }

    fn peek(&mut self) -> Option<char> {
        self.rest.peek().map(|(_, c)| *c)
    }

    fn take(&mut self, is_it: impl FnOnce(char) -> bool) -> Option<char> {
        self.rest.next_if(|(_, c)| is_it(*c)).map(|(_, c)| c)
    }

    fn wrong(&mut self, what: &str) -> datashard::Error {
        let at = self.rest.peek().map_or(self.text.len(), |(at, _)| *at);
        let before = self.text.get(..at).unwrap_or_default();
        invalid(format!("the schema is malformed behind `{}`: {what}", before.trim()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_come_back_as_they_were_written() {
        let text = "id:long!, at:timestamptz, level:string, price:decimal(9, 2), key:fixed[16]!, tags:list<string!>, \
                    counts:map<string, long!>!, who:struct<name:string!, \"odd \"\"name\"\", too\":int>, x.y:variant";
        let schema = parse(text).unwrap();
        assert_eq!(format(&schema, ", "), text);
        assert_eq!(parse(&format(&schema, "\n")).unwrap(), schema);
        let loose = parse("  id : long! ,\n  tags:list< string >,\n").unwrap();
        assert_eq!(format(&loose, ", "), "id:long!, tags:list<string>");
    }

    #[test]
    fn what_is_no_schema_is_refused_and_shown_where() {
        for (text, wanted) in [
            ("", "no columns"),
            ("id", "behind `id`: `:` is wanted"),
            ("id:long x:int", "behind `id:long`: a comma is wanted"),
            ("id:lnog", "`lnog` is no type"),
            ("id:decimal(50, 2)", "`decimal(50, 2)` is no type"),
            ("a:list<int", "`>` is wanted"),
            ("a:struct<b:int", "comma is wanted"),
            ("\"a:int", "a quote is not closed"),
            ("a:int, a:int", "two columns"),
            (":int", "a column's name is wanted"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(wanted), "{text}: {error}");
        }
        assert!(parse(&format!("a:{}int{}", "list<".repeat(99), ">".repeat(99))).is_err());
    }
}
