use std::io::BufRead;

use datashard::Result;
use serde_json::Value as Json;

use crate::exit::{failed, invalid};
use crate::input::records::Reader;

/// Reads JSON lines.
pub(super) struct JsonReader<R> {
    reader: R,
    text: Vec<u8>,
    line: u64,
    bytes: u64,
}

impl<R: BufRead> JsonReader<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, text: Vec::new(), line: 0, bytes: 0 }
    }

    /// The line that was read last, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// The next line that is not blank.
    pub(super) fn next(&mut self) -> Result<Option<Json>> {
        loop {
            self.text.clear();
            let read = self.reader.read_until(b'\n', &mut self.text).map_err(|error| failed("reading", error))?;
            if read == 0 {
                return Ok(None);
            }
            self.line += 1;
            self.bytes += read as u64;
            if self.text.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let malformed = |error: serde_json::Error| {
                invalid(format!("line {}: this is no JSON, which is wanted an object a line", self.line))
                    .caused_by(error)
            };
            return serde_json::from_slice(&self.text).map(Some).map_err(malformed);
        }
    }
}

impl<R: BufRead + Send> Reader for JsonReader<R> {
    fn record(&mut self) -> Result<Option<Json>> {
        self.next()
    }

    fn line(&self) -> u64 {
        self.line
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }
}
