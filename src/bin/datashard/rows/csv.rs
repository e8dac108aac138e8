use std::io::Write;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::cell::text;
use crate::exit::{Done, Failure};
use crate::rows::RowWriter;

/// Comma-separated values with a header (RFC 4180, but for the ends of lines).
pub(super) struct Csv<W> {
    schema: SchemaRef,
    out: W,
}

impl<W: Write> Csv<W> {
    pub(super) fn new(schema: SchemaRef, mut out: W) -> Result<Self, Failure> {
        let names: Vec<_> = schema.fields().iter().map(|field| quoted(field.name())).collect();
        writeln!(out, "{}", names.join(","))?;
        Ok(Self { schema, out })
    }
}

impl<W: Write> RowWriter for Csv<W> {
    fn write(&mut self, batch: &RecordBatch) -> Done {
        for row in 0..batch.num_rows() {
            for (at, (field, column)) in self.schema.fields().iter().zip(batch.columns()).enumerate() {
                if at > 0 {
                    self.out.write_all(b",")?;
                }
                if let Some(text) = text(field, &**column, row)? {
                    self.out.write_all(quoted(&text).as_bytes())?;
                }
            }
            self.out.write_all(b"\n")?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Done {
        Ok(self.out.flush()?)
    }
}

/// Empty text is told from null by its quotes.
fn quoted(text: &str) -> String {
    match text.is_empty() || text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}
