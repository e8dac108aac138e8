//! What JavaScript writes with.

use js_sys::{BigInt, Function, Object, Reflect};
use wasm_bindgen::prelude::*;

use crate::Append;
use crate::error::{Error, Result};
use crate::spec::PartitionTerm;
use crate::transaction::{CommitReceipt, Resolution};
use crate::wasm::abort::{Signal, abortable};
use crate::wasm::object::object;
use crate::wasm::options::Options;
use crate::wasm::pieces::{Thrown, pieces};
use crate::wasm::records::records;
use crate::wasm::schema_from::schema_from;
use crate::wasm::table::JsTable;
use crate::wasm::warehouse::JsWarehouse;
use crate::write::ipc_to_batches;

#[wasm_bindgen(js_class = Warehouse)]
impl JsWarehouse {
    /// Creates a table. `schema` is Iceberg's JSON of a schema; ids may be left out.
    #[wasm_bindgen(unchecked_return_type = "Table")]
    pub async fn create(
        &self,
        name: String,
        #[wasm_bindgen(unchecked_param_type = "TableSchema")] schema: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "CreateOptions")] options: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "AbortSignal")] signal: Option<Signal>,
    ) -> Result<JsValue, JsValue> {
        let options = Options::new(options, "create", &["properties", "orOpen", "partitionBy", "sortBy"])?;
        let mut creating = self.0.create(name).schema(schema_from(&schema)?);
        if let Some(properties) = options.get("properties") {
            let properties = Object::from(properties);
            for name in Object::keys(&properties).iter() {
                let value = Reflect::get(&properties, &name).ok().and_then(|value| value.as_string());
                let name = name.as_string().unwrap_or_default();
                let wrong = || Error::invalid_input(format!("the property `{name}` must be a string"));
                let value = value.ok_or_else(wrong)?;
                creating = creating.property(name, value);
            }
        }
        if let Some(terms) = options.strings("partitionBy")? {
            let terms = terms.iter().map(|term| term.parse::<PartitionTerm>()).collect::<Result<Vec<_>>>()?;
            creating = creating.partition_by(terms);
        }
        if let Some(terms) = options.strings("sortBy")? {
            creating = creating.sort_by(terms.iter().map(|term| term.parse()).collect::<Result<Vec<_>>>()?);
        }
        if options.bool("orOpen")? == Some(true) {
            creating = creating.or_open();
        }
        abortable(signal, Box::pin(async { Ok(JsTable::new(creating.await?).into()) })).await
    }

    /// Drops a table. Its files stay.
    #[wasm_bindgen(js_name = dropTable, unchecked_return_type = "undefined")]
    pub async fn drop_table(&self, name: String, signal: Option<Signal>) -> Result<JsValue, JsValue> {
        let work = async {
            self.0.drop_table(name).await?;
            Ok(JsValue::UNDEFINED)
        };
        abortable(signal, Box::pin(work)).await
    }
}

#[wasm_bindgen(js_class = Table)]
impl JsTable {
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
    let options = Options::new(options, "append", &["branch", "idempotencyKey"])?;
    let mut append = append;
    if let Some(branch) = options.string("branch")? {
        append = append.to_branch(branch);
    }
    if let Some(key) = options.string("idempotencyKey")? {
        append = append.idempotency_key(key);
    }
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
