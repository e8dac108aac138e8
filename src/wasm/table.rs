use std::time::Duration;

use js_sys::Array;
use wasm_bindgen::prelude::*;

use crate::Table;
use crate::error::Result;
use crate::wasm::abort::{Signal, abortable};
use crate::wasm::inspect::inspect;
use crate::wasm::ipc;
use crate::wasm::plan::JsScanPlan;
use crate::wasm::scan::{JsScanStream, configure};
use crate::wasm::schema::schema_to;
use crate::wasm::snapshot::{JsTail, snapshot_to};

/// A table. It knows one version, the newest that it has seen: it moves on by its own commits and by `refresh()`.
#[derive(Debug)]
#[wasm_bindgen(js_name = Table)]
pub struct JsTable(pub(super) Table);

impl JsTable {
    pub(super) fn new(table: Table) -> Self {
        Self(table)
    }
}

#[wasm_bindgen(js_class = Table)]
impl JsTable {
    /// The table's path in its store.
    pub fn name(&self) -> String {
        self.0.name().to_owned()
    }

    /// The table's URI, for other engines.
    pub fn location(&self) -> String {
        self.0.location().to_owned()
    }

    /// The number of the version that is known.
    pub fn version(&self) -> f64 {
        self.0.version() as f64
    }

    /// The current columns, as Iceberg's JSON of a schema.
    #[wasm_bindgen(unchecked_return_type = "TableSchema")]
    pub fn schema(&self) -> Result<JsValue, JsValue> {
        schema_to(&*self.0.schema()?)
    }

    /// The snapshots that can still be read, oldest first.
    #[wasm_bindgen(unchecked_return_type = "Snapshot[]")]
    pub fn snapshots(&self) -> Result<JsValue, JsValue> {
        let all = Array::new();
        for snapshot in self.0.snapshots() {
            all.push(&snapshot_to(&snapshot)?);
        }
        Ok(all.into())
    }

    /// The table's metadata of the version that is known, as the JSON that is written. A text, since ids are beyond what
    /// numbers of JavaScript hold.
    #[wasm_bindgen(js_name = metadataJson)]
    pub fn metadata_json(&self) -> String {
        String::from_utf8(self.0.metadata().to_json_bytes()).unwrap_or_default()
    }

    /// Looks for newer versions, and returns the newest's number.
    #[wasm_bindgen(unchecked_return_type = "number")]
    pub async fn refresh(&self, signal: Option<Signal>) -> Result<JsValue, JsValue> {
        abortable(signal, Box::pin(async { Ok(JsValue::from_f64(self.0.refresh().await? as f64)) })).await
    }

    /// Reads rows, as an Arrow IPC stream.
    #[wasm_bindgen(unchecked_return_type = "Uint8Array")]
    pub async fn scan(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "ScanOptions")] options: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "AbortSignal")] signal: Option<Signal>,
    ) -> Result<JsValue, JsValue> {
        let scan = configure(self.0.scan(), options)?;
        let work = async {
            let rows = scan.stream().await?;
            Ok(ipc::write(rows.schema(), Box::pin(rows)).await?.into())
        };
        abortable(signal, Box::pin(work)).await
    }

    /// Reads rows batch by batch, in bounded memory.
    #[wasm_bindgen(unchecked_return_type = "ScanStream")]
    pub async fn stream(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "ScanOptions")] options: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "AbortSignal")] signal: Option<Signal>,
    ) -> Result<JsValue, JsValue> {
        let scan = configure(self.0.scan(), options)?;
        abortable(signal, Box::pin(async { Ok(JsScanStream::new(scan.stream().await?).into()) })).await
    }

    /// Which files a scan reads, without reading them.
    #[wasm_bindgen(unchecked_return_type = "ScanPlan")]
    pub async fn plan(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "ScanOptions")] options: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "AbortSignal")] signal: Option<Signal>,
    ) -> Result<JsValue, JsValue> {
        let scan = configure(self.0.scan(), options)?;
        abortable(signal, Box::pin(async { Ok(JsScanPlan::new(scan.plan().await?).into()) })).await
    }

    /// What the table is made of, as an Arrow IPC stream with the columns of Iceberg's metadata tables.
    #[wasm_bindgen(unchecked_return_type = "Uint8Array")]
    pub async fn inspect(
        &self,
        #[wasm_bindgen(unchecked_param_type = "MetadataTable")] table: String,
        #[wasm_bindgen(unchecked_optional_param_type = "InspectOptions")] options: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "AbortSignal")] signal: Option<Signal>,
    ) -> Result<JsValue, JsValue> {
        let work = async { Ok(inspect(self.0.inspect(), &table, options).await?.into()) };
        abortable(signal, Box::pin(work)).await
    }

    /// New snapshots as they are committed, the oldest first: those after the newest that the table knows now. Looks for
    /// them each time so many milliseconds have passed.
    pub fn tail(&self, interval: f64) -> JsTail {
        let interval = Duration::try_from_secs_f64(interval.max(1.0) / 1_000.0).unwrap_or(Duration::MAX);
        JsTail::new(self.0.tail(interval))
    }

    /// Counts rows. Without a filter, from metadata alone.
    #[wasm_bindgen(unchecked_return_type = "number")]
    pub async fn count(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "ScanOptions")] options: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "AbortSignal")] signal: Option<Signal>,
    ) -> Result<JsValue, JsValue> {
        let scan = configure(self.0.scan(), options)?;
        abortable(signal, Box::pin(async { Ok(JsValue::from_f64(scan.count().await? as f64)) })).await
    }
}
