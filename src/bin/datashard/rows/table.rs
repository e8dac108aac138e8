use std::io::Write;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::cell::text;
use crate::exit::Done;
use crate::rows::RowWriter;

/// So many rows say how wide columns are. Those of later rows that are wider stand out.
const MEASURED: usize = 1_000;

/// Columns for people.
pub(super) struct Table<W> {
    schema: SchemaRef,
    out: W,
    held: Vec<Vec<String>>,
    widths: Option<Vec<usize>>,
}

impl<W: Write> Table<W> {
    pub(super) fn new(schema: SchemaRef, out: W) -> Self {
        Self { schema, out, held: Vec::new(), widths: None }
    }

    /// Writes the head and what is held.
    fn begin(&mut self) -> Result<Vec<usize>, std::io::Error> {
        let names: Vec<_> = self.schema.fields().iter().map(|field| shown(field.name())).collect();
        let width = |at: usize, name: &String| {
            let cells = self.held.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count());
            cells.chain([name.chars().count()]).max().unwrap_or(0)
        };
        let widths: Vec<_> = names.iter().enumerate().map(|(at, name)| width(at, name)).collect();
        self.line(&names, &widths)?;
        let rule: Vec<_> = widths.iter().map(|width| "-".repeat(*width)).collect();
        self.line(&rule, &widths)?;
        for row in std::mem::take(&mut self.held) {
            self.line(&row, &widths)?;
        }
        Ok(widths)
    }

    fn line(&mut self, cells: &[String], widths: &[usize]) -> Result<(), std::io::Error> {
        let mut line = String::new();
        for ((cell, width), field) in cells.iter().zip(widths).zip(self.schema.fields()) {
            let space = " ".repeat(width.saturating_sub(cell.chars().count()));
            match field.data_type().is_numeric() {
                true => line.extend([&space, cell.as_str(), "  "]),
                false => line.extend([cell.as_str(), &space, "  "]),
            }
        }
        writeln!(self.out, "{}", line.trim_end())
    }
}

impl<W: Write> RowWriter for Table<W> {
    fn write(&mut self, batch: &RecordBatch) -> Done {
        for row in 0..batch.num_rows() {
            let mut cells = Vec::with_capacity(batch.num_columns());
            for (field, column) in self.schema.fields().iter().zip(batch.columns()) {
                cells.push(text(field, &**column, row)?.map_or("null".to_owned(), |text| shown(&text)));
            }
            match &self.widths {
                Some(widths) => {
                    let widths = widths.clone();
                    self.line(&cells, &widths)?;
                }
                None => self.held.push(cells),
            }
            if self.held.len() >= MEASURED {
                self.widths = Some(self.begin()?);
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Done {
        if self.widths.is_none() {
            self.begin()?;
        }
        Ok(self.out.flush()?)
    }
}

/// Without what would move a terminal's cursor.
fn shown(text: &str) -> String {
    let escape = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    match text.chars().any(char::is_control) {
        true => text.chars().map(escape).collect(),
        false => text.to_owned(),
    }
}
