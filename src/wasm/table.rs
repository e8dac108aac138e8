use js_sys::{Array, BigInt, Date, Object, Reflect};
use wasm_bindgen::prelude::*;

use crate::Table;
use crate::error::Result;
use crate::transaction::{CommitReceipt, Resolution};
use crate::wasm::ipc;
use crate::wasm::records::records;
use crate::wasm::scan::{JsScanStream, configure};
use crate::wasm::schema::schema_to;
use crate::write::ipc_to_batches;

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
            let summary = Object::new();
            for (name, value) in &snapshot.summary.properties {
                Reflect::set(&summary, &name.into(), &value.into())?;
            }
            all.push(&object(&[
                ("snapshotId", snapshot.snapshot_id.into()),
                ("parentSnapshotId", snapshot.parent_snapshot_id.map_or(JsValue::UNDEFINED, JsValue::from)),
                ("sequenceNumber", JsValue::from_f64(snapshot.sequence_number as f64)),
                ("timestamp", Date::new(&JsValue::from_f64(snapshot.timestamp.as_millis() as f64)).into()),
                ("operation", snapshot.summary.operation.name().map_or(JsValue::UNDEFINED, JsValue::from)),
                ("summary", summary.into()),
            ])?);
        }
        Ok(all.into())
    }

    /// Looks for newer versions, and returns the newest's number.
    pub async fn refresh(&self) -> Result<f64, JsValue> {
        Ok(self.0.refresh().await? as f64)
    }

    /// Appends rows, as one snapshot: all of them, durably, or none.
    #[wasm_bindgen(unchecked_return_type = "CommitReceipt")]
    pub async fn append(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Row[]")] rows: JsValue,
    ) -> Result<JsValue, JsValue> {
        let rows = records(&rows, &*self.0.schema()?)?;
        receipt(self.0.append_records(&rows).await?)
    }

    /// Appends the rows of an Arrow IPC stream, as one snapshot. Columns are matched by name.
    #[wasm_bindgen(js_name = appendIpc, unchecked_return_type = "CommitReceipt")]
    pub async fn append_ipc(&self, stream: Vec<u8>) -> Result<JsValue, JsValue> {
        receipt(self.0.append(ipc_to_batches(stream)?).await?)
    }

    /// Reads rows, as an Arrow IPC stream.
    pub async fn scan(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "ScanOptions")] options: JsValue,
    ) -> Result<Vec<u8>, JsValue> {
        let rows = configure(self.0.scan(), options)?.stream().await?;
        Ok(ipc::write(rows).await?)
    }

    /// Reads rows batch by batch, in bounded memory.
    pub async fn stream(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "ScanOptions")] options: JsValue,
    ) -> Result<JsScanStream, JsValue> {
        Ok(JsScanStream::new(configure(self.0.scan(), options)?.stream().await?))
    }

    /// Counts rows. Without a filter, from metadata alone.
    pub async fn count(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "ScanOptions")] options: JsValue,
    ) -> Result<f64, JsValue> {
        Ok(configure(self.0.scan(), options)?.count().await? as f64)
    }

    /// Settles a commit whose outcome was unknown, by the `token` of its error.
    #[wasm_bindgen(unchecked_return_type = "Resolution")]
    pub async fn resolve(&self, token: String) -> Result<JsValue, JsValue> {
        match self.0.resolve(&token).await? {
            Resolution::Committed { version } => {
                object(&[("committed", true.into()), ("version", JsValue::from_f64(version as f64))])
            }
            Resolution::NotCommitted => object(&[("committed", false.into())]),
        }
    }
}

fn receipt(receipt: CommitReceipt) -> Result<JsValue, JsValue> {
    object(&[
        ("version", JsValue::from_f64(receipt.version as f64)),
        ("snapshotId", BigInt::from(receipt.snapshot_id).into()),
        ("rows", JsValue::from_f64(receipt.rows as f64)),
        ("group", JsValue::from_f64(receipt.group as f64)),
        ("attempts", receipt.attempts.into()),
        ("conflicts", receipt.conflicts.into()),
    ])
}

fn object(fields: &[(&str, JsValue)]) -> Result<JsValue, JsValue> {
    let object = Object::new();
    for (name, value) in fields {
        Reflect::set(&object, &(*name).into(), value)?;
    }
    Ok(object.into())
}
