use std::time::Duration;

use js_sys::{Array, BigInt, Function};
use wasm_bindgen::prelude::*;

use crate::error::Result;
use crate::transaction::{CommitReceipt, Resolution};
use crate::wasm::abort::{Signal, abortable};
use crate::wasm::inspect::inspect;
use crate::wasm::ipc;
use crate::wasm::object::object;
use crate::wasm::options::Options;
use crate::wasm::pieces::{Thrown, pieces};
use crate::wasm::plan::JsScanPlan;
use crate::wasm::records::records;
use crate::wasm::scan::{JsScanStream, configure};
use crate::wasm::schema::schema_to;
use crate::wasm::snapshot::{JsTail, snapshot_to};
use crate::write::ipc_to_batches;
use crate::{Append, Table};

/// A table. It knows one version, the newest that it has seen: it moves on by its own commits and by `refresh()`.
#[derive(Debug)]
#[wasm_bindgen(js_name = Table)]
pub struct JsTable(Table);

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

    /// Appends rows, as one snapshot: all of them, durably, or none.
    #[wasm_bindgen(unchecked_return_type = "CommitReceipt")]
    pub async fn append(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Row[]")] rows: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "AppendOptions")] options: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "AbortSignal")] signal: Option<Signal>,
    ) -> Result<JsValue, JsValue> {
        let rows = records(&rows, &*self.0.schema()?)?;
        append(self.0.append_records(&rows), options, signal).await
    }

    /// Appends the rows of an Arrow IPC stream, as one snapshot. Columns are matched by name.
    #[wasm_bindgen(js_name = appendIpc, unchecked_return_type = "CommitReceipt")]
    pub async fn append_ipc(
        &self,
        stream: Vec<u8>,
        #[wasm_bindgen(unchecked_optional_param_type = "AppendOptions")] options: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "AbortSignal")] signal: Option<Signal>,
    ) -> Result<JsValue, JsValue> {
        append(self.0.append(ipc_to_batches(stream)?), options, signal).await
    }

    /// Appends what a function brings each time it is called, as one snapshot: rows, an Arrow IPC stream, or a promise of
    /// them; at the end, `undefined`. Each is written before the next is asked for.
    #[wasm_bindgen(js_name = appendStream, unchecked_return_type = "CommitReceipt")]
    pub async fn append_stream(
        &self,
        #[wasm_bindgen(unchecked_param_type = "() => Promise<Row[] | Uint8Array | undefined>")] next: Function,
        #[wasm_bindgen(unchecked_optional_param_type = "AppendOptions")] options: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "AbortSignal")] signal: Option<Signal>,
    ) -> Result<JsValue, JsValue> {
        let thrown = Thrown::default();
        let batches = pieces(next, self.0.schema()?, thrown.clone());
        let done = append(self.0.append_stream(batches), options, signal).await;
        // What the function threw, as it was.
        thrown.take().map_or(done, Err)
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

    /// Settles a commit whose outcome was unknown, by the `token` of its error.
    #[wasm_bindgen(unchecked_return_type = "Resolution")]
    pub async fn resolve(&self, token: String, signal: Option<Signal>) -> Result<JsValue, JsValue> {
        let work = async {
            match self.0.resolve(&token).await? {
                Resolution::Committed { version } => {
                    object(&[("committed", true.into()), ("version", JsValue::from_f64(version as f64))])
                }
                Resolution::NotCommitted => object(&[("committed", false.into())]),
            }
        };
        abortable(signal, Box::pin(work)).await
    }
}

async fn append(append: Append<'_>, options: JsValue, signal: Option<Signal>) -> Result<JsValue, JsValue> {
    let append = match Options::new(options, "append", &["idempotencyKey"])?.string("idempotencyKey")? {
        Some(key) => append.idempotency_key(key),
        None => append,
    };
    abortable(signal, Box::pin(async { receipt(append.await?) })).await
}

fn receipt(receipt: CommitReceipt) -> Result<JsValue, JsValue> {
    object(&[
        ("version", JsValue::from_f64(receipt.version as f64)),
        ("snapshotId", BigInt::from(receipt.snapshot_id).into()),
        ("rows", JsValue::from_f64(receipt.rows as f64)),
        ("repeated", receipt.repeated.into()),
        ("group", JsValue::from_f64(receipt.group as f64)),
        ("attempts", receipt.attempts.into()),
        ("conflicts", receipt.conflicts.into()),
    ])
}
