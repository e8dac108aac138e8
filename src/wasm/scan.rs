use arrow_schema::SchemaRef;
use wasm_bindgen::prelude::*;

use crate::error::{Error, Result};
use crate::scan::{ScanBuilder, ScanStream};
use crate::wasm::ipc;
use crate::wasm::options::Options;
use crate::wasm::plan::report;
use crate::wasm::pull::Pull;

const SCAN: &[&str] = &[
    "select",
    "filter",
    "limit",
    "snapshotId",
    "asOf",
    "ref",
    "appendsSince",
    "changesSince",
    "batchRows",
    "concurrency",
    "bufferBytes",
    "ordered",
];

/// A scan by its options.
pub(super) fn configure(mut scan: ScanBuilder, options: JsValue) -> Result<ScanBuilder> {
    let options = Options::new(options, "scan", SCAN)?;
    if let Some(columns) = options.strings("select")? {
        scan = scan.select(columns);
    }
    if let Some(filter) = options.string("filter")? {
        scan = scan.filter(filter);
    }
    if let Some(rows) = options.count("limit")? {
        scan = scan.limit(rows);
    }
    let size = |name| Ok::<_, Error>(options.count(name)?.map(|count| usize::try_from(count).unwrap_or(usize::MAX)));
    if let Some(rows) = size("batchRows")? {
        scan = scan.batch_rows(rows);
    }
    if let Some(files) = size("concurrency")? {
        scan = scan.concurrency(files);
    }
    if let Some(bytes) = options.count("bufferBytes")? {
        scan = scan.buffer_bytes(bytes);
    }
    if options.bool("ordered")? == Some(true) {
        scan = scan.ordered();
    }
    match (options.id_or_null("appendsSince")?, options.id_or_null("changesSince")?) {
        (None, None) => {}
        (Some(id), None) => scan = scan.appends_since(id),
        (None, Some(id)) => scan = scan.changes_since(id),
        _ => return Err(Error::invalid_input("give one of `appendsSince` and `changesSince`")),
    }
    let at = (options.id("snapshotId")?, options.time("asOf")?, options.string("ref")?);
    match at {
        (None, None, None) => Ok(scan),
        (Some(id), None, None) => Ok(scan.at_snapshot(id)),
        (None, Some(time), None) => Ok(scan.as_of(time)),
        (None, None, Some(name)) => Ok(scan.at_ref(name)),
        _ => Err(Error::invalid_input("give one of `snapshotId`, `asOf` and `ref`")),
    }
}

/// The rows of a scan, batch by batch. Freeing it, or `return()`, stops its requests.
#[wasm_bindgen(js_name = ScanStream)]
pub struct JsScanStream {
    rows: Pull<ScanStream>,
    schema: SchemaRef,
}

impl JsScanStream {
    pub(super) fn new(stream: ScanStream) -> Self {
        Self { schema: stream.schema(), rows: Pull::new(stream) }
    }
}

#[wasm_bindgen(js_class = ScanStream)]
impl JsScanStream {
    /// The next batch as an Arrow IPC stream of its own; `undefined` at the end. One call at a time.
    pub async fn next(&self) -> Result<Option<Vec<u8>>, JsValue> {
        let Some(batch) = self.rows.next().await? else { return Ok(None) };
        Ok(Some(ipc::write_one(&self.schema, &batch)?))
    }

    /// What the scan did so far; `undefined` once it has ended.
    #[wasm_bindgen(unchecked_return_type = "ScanReport | undefined")]
    pub fn report(&self) -> Result<JsValue, JsValue> {
        self.rows.ask(ScanStream::report).map_or(Ok(JsValue::UNDEFINED), |done| report(&done))
    }

    /// Stops reading. A call of `next()` that waits gets `undefined`.
    #[wasm_bindgen(js_name = return)]
    pub fn stop(&self) {
        self.rows.stop();
    }
}
