use std::collections::BTreeMap;
use std::io::BufRead;
use std::sync::Arc;

use datashard::Result;
use datashard::spec::{NestedField, PrimitiveType, Schema, Type};
use serde_json::{Map, Number, Value as Json};

use crate::exit::{failed, invalid};
use crate::input::records::Reader;

/// Reads comma-separated values with a header (RFC 4180, with any end of lines). Text between quotes is told from text
/// without: nothing at all is null.
pub(super) struct CsvReader<R> {
    reader: R,
    delimiter: u8,
    names: Vec<String>,
    cells: Vec<Cell>,
    text: Vec<u8>,
    /// Lines read, and the line that the record begins on.
    lines: u64,
    line: u64,
    bytes: u64,
}

/// A value as the file has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) quoted: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Begin,
    Plain,
    Quoted,
    /// Behind a quote that ends the value, unless another one follows.
    Closed,
}

impl<R: BufRead> CsvReader<R> {
    /// Reads the header.
    pub(super) fn new(reader: R, delimiter: u8) -> Result<Self> {
        let (names, cells, text) = (Vec::new(), Vec::new(), Vec::new());
        let mut reader = Self { reader, delimiter, names, cells, text, lines: 0, line: 0, bytes: 0 };
        if !reader.read()? {
            return Err(invalid("there is no header, which names the columns"));
        }
        for cell in std::mem::take(&mut reader.cells) {
            if reader.names.contains(&cell.text) {
                return Err(invalid(format!("line 1: two columns are named `{}`", cell.text)));
            }
            reader.names.push(cell.text);
        }
        if let Some(first) = reader.names.first_mut() {
            *first = first.trim_start_matches('\u{feff}').to_owned();
        }
        Ok(reader)
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The values of the record, with their columns' names; `None` is null.
    pub(super) fn cells(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.names.iter().zip(&self.cells).map(|(name, cell)| {
            let is_null = cell.text.is_empty() && !cell.quoted;
            (name.as_str(), (!is_null).then_some(cell.text.as_str()))
        })
    }

    /// Reads the next record; `false` at the end. Blank lines are none, unless there is one column alone.
    pub(super) fn next(&mut self) -> Result<bool> {
        loop {
            if !self.read()? {
                return Ok(false);
            }
            let is_blank = matches!(self.cells.as_slice(), [only] if only.text.is_empty() && !only.quoted);
            if is_blank && self.names.len() > 1 {
                continue;
            }
            if self.cells.len() != self.names.len() {
                let (values, columns) = (self.cells.len(), self.names.len());
                return Err(invalid(format!("line {}: {values} values, where the header has {columns}", self.line)));
            }
            return Ok(true);
        }
    }

    fn read(&mut self) -> Result<bool> {
        self.cells.clear();
        self.line = self.lines + 1;
        let (mut state, mut value, mut quoted) = (State::Begin, Vec::new(), false);
        loop {
            self.text.clear();
            let read = self.reader.read_until(b'\n', &mut self.text).map_err(|error| failed("reading", error))?;
            self.bytes += read as u64;
            if read == 0 {
                return match state {
                    State::Quoted => Err(invalid(format!("line {}: a quote is not closed", self.line))),
                    State::Begin if self.cells.is_empty() => Ok(false),
                    _ => self.end(&mut value, &mut quoted).map(|()| true),
                };
            }
            self.lines += 1;
            for at in 0..self.text.len() {
                let Some(byte) = self.text.get(at).copied() else { break };
                let ends = byte == b'\n' || (byte == b'\r' && self.text.get(at + 1) == Some(&b'\n'));
                state = match state {
                    State::Quoted if byte == b'"' => State::Closed,
                    State::Quoted => {
                        value.push(byte);
                        State::Quoted
                    }
                    State::Closed if byte == b'"' => {
                        value.push(byte);
                        State::Quoted
                    }
                    _ if ends => return self.end(&mut value, &mut quoted).map(|()| true),
                    _ if byte == self.delimiter => {
                        self.end(&mut value, &mut quoted)?;
                        State::Begin
                    }
                    State::Closed => {
                        return Err(invalid(format!("line {}: text behind a closing quote", self.lines)));
                    }
                    State::Begin if byte == b'"' => {
                        quoted = true;
                        State::Quoted
                    }
                    State::Begin | State::Plain => {
                        value.push(byte);
                        State::Plain
                    }
                };
            }
            // A delimiter at the very end has an empty value behind it.
            if state == State::Begin {
                state = State::Plain;
            }
        }
    }

    fn end(&mut self, value: &mut Vec<u8>, quoted: &mut bool) -> Result<()> {
        let text = String::from_utf8(std::mem::take(value));
        let text = text.map_err(|_| invalid(format!("line {}: this is no UTF-8", self.lines)))?;
        self.cells.push(Cell { text, quoted: std::mem::take(quoted) });
        Ok(())
    }

    /// For rows of these columns.
    pub(super) fn of(self, schema: &Arc<Schema>) -> TypedCsv<R> {
        let types = schema.fields().iter().map(|field: &NestedField| (field.name.clone(), field.field_type.clone()));
        TypedCsv { types: types.collect(), reader: self }
    }
}

/// Reads values for columns of known types.
pub(super) struct TypedCsv<R> {
    reader: CsvReader<R>,
    types: BTreeMap<String, Type>,
}

impl<R: BufRead + Send> Reader for TypedCsv<R> {
    fn record(&mut self) -> Result<Option<Json>> {
        if !self.reader.next()? {
            return Ok(None);
        }
        let mut record = Map::new();
        for (name, cell) in self.reader.names.iter().zip(&self.reader.cells) {
            record.insert(name.clone(), json(self.types.get(name), cell));
        }
        Ok(Some(Json::Object(record)))
    }

    fn line(&self) -> u64 {
        self.reader.line
    }

    fn bytes(&self) -> u64 {
        self.reader.bytes
    }
}

/// What a value's text means in a column of a type. What means nothing there stays text, which does not fit.
pub(super) fn json(field_type: Option<&Type>, cell: &Cell) -> Json {
    let text = || Json::String(cell.text.clone());
    let primitive = match field_type {
        Some(Type::Primitive(primitive)) => Some(*primitive),
        _ => None,
    };
    if cell.text.is_empty() {
        return match primitive {
            Some(PrimitiveType::String | PrimitiveType::Binary | PrimitiveType::Fixed(_)) if cell.quoted => text(),
            _ => Json::Null,
        };
    }
    match (field_type, primitive) {
        (_, Some(PrimitiveType::Boolean)) => match cell.text.to_ascii_lowercase().as_str() {
            "true" => Json::Bool(true),
            "false" => Json::Bool(false),
            _ => text(),
        },
        (_, Some(PrimitiveType::Int | PrimitiveType::Long)) => {
            cell.text.parse::<i64>().map_or_else(|_| text(), Json::from)
        }
        (_, Some(PrimitiveType::Float | PrimitiveType::Double)) => {
            // Whole numbers as such: not all of them are the floating-point number that is nearest. -0 is one of those.
            match cell.text.parse::<i64>() {
                Ok(whole) if whole != 0 => Json::from(whole),
                _ => cell.text.parse().ok().and_then(Number::from_f64).map_or_else(text, Json::Number),
            }
        }
        (_, Some(_)) | (None, _) => text(),
        (Some(_), None) => serde_json::from_str(&cell.text).unwrap_or_else(|_| text()),
    }
}
