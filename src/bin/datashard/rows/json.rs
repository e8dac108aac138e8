use std::io::Write;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::cell::object;
use crate::exit::Done;
use crate::rows::RowWriter;

/// An object a line.
pub(super) struct JsonLines<W> {
    schema: SchemaRef,
    out: W,
    line: Vec<u8>,
}

impl<W: Write> JsonLines<W> {
    pub(super) fn new(schema: SchemaRef, out: W) -> Self {
        Self { schema, out, line: Vec::new() }
    }
}

impl<W: Write> RowWriter for JsonLines<W> {
    fn write(&mut self, batch: &RecordBatch) -> Done {
        for row in 0..batch.num_rows() {
            self.line.clear();
            let fields = self.schema.fields().iter().map(|field| &**field);
            object(fields.zip(batch.columns().iter().map(|column| &**column)), row, &mut self.line)?;
            self.line.push(b'\n');
            self.out.write_all(&self.line)?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Done {
        Ok(self.out.flush()?)
    }
}
