use js_sys::{Date, Object, Reflect};
use wasm_bindgen::prelude::*;

use crate::error::Result;
use crate::runtime::BoxStream;
use crate::spec::Snapshot;
use crate::wasm::object::object;
use crate::wasm::pull::Pull;

pub(super) fn snapshot_to(snapshot: &Snapshot) -> Result<JsValue, JsValue> {
    let summary = Object::new();
    for (name, value) in &snapshot.summary.properties {
        Reflect::set(&summary, &name.into(), &value.into())?;
    }
    object(&[
        ("snapshotId", snapshot.snapshot_id.into()),
        ("parentSnapshotId", snapshot.parent_snapshot_id.map_or(JsValue::UNDEFINED, JsValue::from)),
        ("sequenceNumber", JsValue::from_f64(snapshot.sequence_number as f64)),
        ("timestamp", Date::new(&JsValue::from_f64(snapshot.timestamp.as_millis() as f64)).into()),
        ("operation", snapshot.summary.operation.name().map_or(JsValue::UNDEFINED, JsValue::from)),
        ("summary", summary.into()),
    ])
}

type Snapshots = BoxStream<'static, Result<std::sync::Arc<Snapshot>>>;

/// New snapshots as they are committed. Freeing it, or `return()`, stops its requests.
#[wasm_bindgen(js_name = Tail)]
pub struct JsTail(Pull<Snapshots>);

impl JsTail {
    pub(super) fn new(snapshots: Snapshots) -> Self {
        Self(Pull::new(snapshots))
    }
}

#[wasm_bindgen(js_class = Tail)]
impl JsTail {
    /// The next snapshot, when there is one; `undefined` after `return()`. One call at a time. After an error it goes on.
    #[wasm_bindgen(unchecked_return_type = "Snapshot | undefined")]
    pub async fn next(&self) -> Result<JsValue, JsValue> {
        self.0.next().await?.map_or(Ok(JsValue::UNDEFINED), |snapshot| snapshot_to(&snapshot))
    }

    /// Stops looking. A call of `next()` that waits gets `undefined`.
    #[wasm_bindgen(js_name = return)]
    pub fn stop(&self) {
        self.0.stop();
    }
}
