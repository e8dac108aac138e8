use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use arrow_array::RecordBatch;
use futures::stream::{self, Stream, StreamExt, TryStreamExt};
use js_sys::{Function, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::error::{Error, Result};
use crate::spec::Schema;
use crate::wasm::error::message_of;
use crate::wasm::records::records;
use crate::write::{ipc_to_batches, records_to_batch};

/// What a function of JavaScript's threw, on its way around an [`Error`].
#[derive(Clone, Default)]
pub(super) struct Thrown(Rc<RefCell<Option<JsValue>>>);

impl Thrown {
    pub(super) fn take(&self) -> Option<JsValue> {
        self.0.take()
    }

    fn keep(&self, thrown: JsValue) -> Error {
        let error = Error::invalid_input(format!("the rows cannot be had: {}", message_of(&thrown)));
        self.0.replace(Some(thrown));
        error
    }
}

/// The rows that a function brings, call by call, until it brings nothing.
pub(super) fn pieces(next: Function, schema: Arc<Schema>, thrown: Thrown) -> impl Stream<Item = Result<RecordBatch>> {
    let pieces = stream::try_unfold((next, thrown), |(next, thrown)| async move {
        let promise = next.call0(&JsValue::UNDEFINED).map_err(|error| thrown.keep(error))?;
        let piece = JsFuture::from(Promise::resolve(&promise)).await.map_err(|error| thrown.keep(error))?;
        Ok((!piece.is_undefined()).then_some((piece, (next, thrown))))
    });
    let batches = pieces.map(move |piece| {
        let piece = piece?;
        let batches = match piece.dyn_ref::<Uint8Array>() {
            Some(ipc) => ipc_to_batches(ipc.to_vec())?,
            None => vec![records_to_batch(&schema, &records(&piece, &schema)?)?],
        };
        Ok(stream::iter(batches).map(Ok))
    });
    batches.try_flatten()
}
