use std::sync::Arc;

use js_sys::{Object, Reflect};
use wasm_bindgen::prelude::*;

use crate::Warehouse;
use crate::error::{Error, Result};
use crate::store::{MemoryStore, S3Config, S3Store};
use crate::wasm::abort::{Signal, abortable};
use crate::wasm::credentials::provider;
use crate::wasm::options::Options;
use crate::wasm::schema::schema_from;
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
pub struct JsWarehouse(Warehouse);

#[wasm_bindgen(js_class = Warehouse)]
impl JsWarehouse {
    /// The tables of a bucket: of AWS, or with `endpoint` of anything that speaks S3. Without keys, requests are
    /// unsigned. Sends nothing yet.
    pub fn s3(#[wasm_bindgen(unchecked_param_type = "S3Options")] options: JsValue) -> Result<Self, JsValue> {
        Ok(Self(Warehouse::new(store(&Options::new(options, "Warehouse.s3", S3)?)?)))
    }

    /// Tables in memory, which end with this object and what was opened from it.
    pub fn memory() -> Self {
        Self(Warehouse::new(MemoryStore::with_clock(Arc::new(JsRuntime))))
    }

    /// Creates a table. `schema` is Iceberg's JSON of a schema; ids may be left out.
    #[wasm_bindgen(unchecked_return_type = "Table")]
    pub async fn create(
        &self,
        name: String,
        #[wasm_bindgen(unchecked_param_type = "TableSchema")] schema: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "CreateOptions")] options: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "AbortSignal")] signal: Option<Signal>,
    ) -> Result<JsValue, JsValue> {
        let options = Options::new(options, "create", &["properties", "orOpen"])?;
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
        if options.bool("orOpen")? == Some(true) {
            creating = creating.or_open();
        }
        abortable(signal, Box::pin(async { Ok(JsTable::new(creating.await?).into()) })).await
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
