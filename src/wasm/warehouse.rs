use std::sync::Arc;

use wasm_bindgen::prelude::*;

use crate::Warehouse;
use crate::error::Result;
use crate::store::{S3Config, S3Store};
use crate::wasm::abort::{Signal, abortable};
use crate::wasm::credentials::provider;
use crate::wasm::options::Options;
use crate::wasm::table::JsTable;
use crate::wasm::{JsFetch, JsRuntime};

const S3: &[&str] = &[
    "endpoint",
    "region",
    "bucket",
    "prefix",
    "accessKeyId",
    "secretAccessKey",
    "sessionToken",
    "credentials",
    "pathStyle",
    "fetch",
];

/// A place where tables are.
#[derive(Debug)]
#[wasm_bindgen(js_name = Warehouse)]
pub struct JsWarehouse(pub(super) Warehouse);

#[wasm_bindgen(js_class = Warehouse)]
impl JsWarehouse {
    /// The tables of a bucket: of AWS, or with `endpoint` of anything that speaks S3. Without keys, requests are
    /// unsigned. Sends nothing yet.
    pub fn s3(#[wasm_bindgen(unchecked_param_type = "S3Options")] options: JsValue) -> Result<Self, JsValue> {
        Ok(Self(Warehouse::new(store(&Options::new(options, "Warehouse.s3", S3)?)?)))
    }

    /// Opens a table at its newest version. Writes nothing.
    #[wasm_bindgen(unchecked_return_type = "Table")]
    pub async fn open(&self, name: String, signal: Option<Signal>) -> Result<JsValue, JsValue> {
        abortable(signal, Box::pin(async { Ok(JsTable::new(self.0.open(name).await?).into()) })).await
    }

    /// Opens a table by one of its metadata files, of whatever name: its path, or its URI. It is read-only.
    #[wasm_bindgen(js_name = openMetadata, unchecked_return_type = "Table")]
    pub async fn open_metadata(&self, file: String, signal: Option<Signal>) -> Result<JsValue, JsValue> {
        abortable(signal, Box::pin(async { Ok(JsTable::new(self.0.open_metadata(file).await?).into()) })).await
    }

    /// The same warehouse, in which files of tables may lie below this location too, besides their own tables':
    /// `s3://bucket/imported`. With `recorded`, what metadata says is below that is read below `location`.
    pub fn allow(&self, location: String, recorded: Option<String>) -> Self {
        let recorded = recorded.unwrap_or_else(|| location.clone());
        Self(self.0.clone().allow_moved(recorded, location))
    }
}

#[allow(clippy::arc_with_non_send_sync, reason = "JavaScript has one thread, and the seams have one type")]
fn store(options: &Options) -> Result<S3Store> {
    let mut config = S3Config::new(options.required_string("bucket")?);
    config.prefix = options.string("prefix")?.unwrap_or_default();
    config.endpoint = options.string("endpoint")?;
    config.region = options.string("region")?.unwrap_or(config.region);
    config.path_style = options.bool("pathStyle")?;
    let fetch = options.function("fetch")?.map_or_else(JsFetch::global, JsFetch::new);
    S3Store::new(config, provider(options)?, Arc::new(fetch), Arc::new(JsRuntime))
}
