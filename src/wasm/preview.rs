use futures::stream;
use js_sys::Uint8Array;
use std::sync::Arc;
use wasm_bindgen::prelude::*;

use crate::error::ResultExt;
use crate::parquet::conform;
use crate::spec::to_arrow;
use crate::wasm::abort::{Signal, abortable};
use crate::wasm::ipc;
use crate::wasm::plan::JsScanPlan;
use crate::wasm::records::records;
use crate::wasm::table::JsTable;
use crate::write::{ipc_to_batches, parquet_to_batches, records_to_batch};

const PARQUET: &[u8] = b"PAR1";

#[wasm_bindgen(js_class = ScanPlan)]
impl JsScanPlan {
    /// Reads the files of the plan, as one Parquet file.
    pub async fn parquet(&self) -> Result<Vec<u8>, JsValue> {
        Ok(self.plan().to_parquet().await?)
    }
}

#[wasm_bindgen(js_class = Table)]
impl JsTable {
    /// Rows, an Arrow IPC stream or a Parquet file as an append would store them: as an Arrow IPC stream. Writes nothing.
    pub async fn preview(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Row[] | Uint8Array")] rows: JsValue,
    ) -> Result<Vec<u8>, JsValue> {
        let schema = self.0.schema()?;
        let batches = match rows.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec) {
            Some(file) if file.starts_with(PARQUET) => parquet_to_batches(&schema, file.into())?,
            Some(ipc) => ipc_to_batches(ipc)?,
            None => vec![records_to_batch(&schema, &records(&rows, &schema)?)?],
        };
        let mut before = 0_usize;
        let fitted = batches.iter().map(|batch| {
            let first = before;
            before = before.saturating_add(batch.num_rows());
            conform(&schema, batch).context(|| format!("of the rows from {first} on"))
        });
        Ok(ipc::write(Arc::new(to_arrow(&schema)?), Box::pin(stream::iter(fitted))).await?)
    }

    /// The footer of a Parquet file of the table, as JSON.
    #[wasm_bindgen(js_name = parquetFooter, unchecked_return_type = "string")]
    pub async fn parquet_footer(&self, path: String, signal: Option<Signal>) -> Result<JsValue, JsValue> {
        let work = async { Ok(self.0.inspect().parquet_footer(&path).await?.to_string().into()) };
        abortable(signal, Box::pin(work)).await
    }

    /// A manifest or a manifest list of the table, as JSON.
    #[wasm_bindgen(js_name = manifestJson, unchecked_return_type = "string")]
    pub async fn manifest_json(&self, path: String, signal: Option<Signal>) -> Result<JsValue, JsValue> {
        let work = async { Ok(self.0.inspect().manifest_json(&path).await?.to_string().into()) };
        abortable(signal, Box::pin(work)).await
    }
}
