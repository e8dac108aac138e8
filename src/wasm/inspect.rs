use wasm_bindgen::prelude::*;

use crate::error::{Error, Result};
use crate::inspect::Inspect;
use crate::wasm::ipc;
use crate::wasm::options::Options;

const TABLES: &str = "`snapshots`, `history`, `refs`, `metadataLog`, `manifests`, `files` and `partitions`";

/// A metadata table as an Arrow IPC stream.
pub(super) async fn inspect(mut inspect: Inspect, table: &str, options: JsValue) -> Result<Vec<u8>> {
    let options = Options::new(options, "inspect", &["snapshotId"])?;
    if let Some(id) = options.id("snapshotId")? {
        inspect = inspect.at_snapshot(id);
    }
    let batch = match table {
        "snapshots" => inspect.snapshots(),
        "history" => inspect.history(),
        "refs" => inspect.refs(),
        "metadataLog" => inspect.metadata_log(),
        "manifests" => inspect.manifests().await,
        "partitions" => inspect.partitions().await,
        "files" => {
            let files = inspect.files().await?;
            return ipc::write(files.schema(), Box::pin(files)).await;
        }
        other => Err(Error::invalid_input(format!("there is no metadata table `{other}`, but {TABLES}"))),
    }?;
    ipc::write_one(&batch.schema(), &batch)
}
