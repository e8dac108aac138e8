use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamDecoder;
use arrow_ipc::root_as_message;
use arrow_schema::ArrowError;

use super::check::{check_message, check_schema};
use crate::error::{Error, Result};

/// The batches of an Arrow IPC stream, such as JavaScript and Python write: `table.append(ipc_to_batches(bytes)?)`.
///
/// Nothing about the bytes is trusted. Memory is bounded by their length. Fails with
/// [`InvalidInput`](crate::ErrorKind::InvalidInput) if they are malformed, and with
/// [`Unsupported`](crate::ErrorKind::Unsupported) for types that no column takes, and for compressed buffers.
pub fn ipc_to_batches(bytes: Vec<u8>) -> Result<Vec<RecordBatch>> {
    let malformed = |error: ArrowError| malformed("it does not say what it should").caused_by(error);
    let mut rest = Buffer::from_vec(bytes);
    let mut decoder = StreamDecoder::new();
    let mut batches = Vec::new();
    while let Some(message) = next_message(&mut rest, &decoder)? {
        let known = decoder.schema().is_some();
        // The decoder does nothing about a message without a body until more bytes come.
        for mut part in [message, Buffer::from_vec(CONTINUATION.to_vec())] {
            while !part.is_empty() {
                batches.extend(decoder.decode(&mut part).map_err(malformed)?);
            }
        }
        if let (false, Some(schema)) = (known, decoder.schema()) {
            check_schema(&schema)?;
        }
    }
    match decoder.schema() {
        Some(_) => Ok(batches),
        None => Err(self::malformed("it has no schema")),
    }
}

const CONTINUATION: [u8; 4] = [0xff; 4];

/// The next message with its body, checked, without the mark in front of it; `None` at the end.
fn next_message(rest: &mut Buffer, decoder: &StreamDecoder) -> Result<Option<Buffer>> {
    if rest.starts_with(&CONTINUATION) {
        rest.advance(CONTINUATION.len());
    } else if rest.is_empty() {
        return Ok(None);
    }
    let cut = || malformed("it is cut off");
    let size = rest.first_chunk::<4>().map(|size| u32::from_le_bytes(*size)).ok_or_else(cut)?;
    if size == 0 {
        return Ok(None);
    }
    let head = usize::try_from(size).ok().and_then(|size| size.checked_add(4)).ok_or_else(cut)?;
    let metadata = rest.get(4..head).ok_or_else(cut)?;
    let message = root_as_message(metadata)
        .map_err(|error| malformed("a message is damaged").caused_by(ArrowError::ParseError(error.to_string())))?;
    let end = usize::try_from(message.bodyLength()).ok().and_then(|body| head.checked_add(body)).ok_or_else(cut)?;
    if rest.len() < end {
        return Err(cut());
    }
    check_message(&message, decoder.schema().as_deref())?;
    let whole = rest.slice_with_length(0, end);
    rest.advance(end);
    Ok(Some(whole))
}

pub(super) fn malformed(why: &str) -> Error {
    Error::invalid_input(format!("this is no Arrow IPC stream: {why}"))
}
