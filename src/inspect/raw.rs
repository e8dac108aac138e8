use serde_json::Value as Json;

use crate::avro::describe;
use crate::error::{Error, Result, ResultExt};
use crate::parquet::FIRST_READ;
use crate::read::{Files, footer_of};
use crate::spec::Schema;

/// Manifests that are larger are not shown: as JSON they are many times as large.
const MOST: u64 = 16 << 20;

/// The footer of a Parquet file.
pub(super) async fn footer(files: &Files, path: &str, schema: &Schema) -> Result<Json> {
    let read = async {
        let size = files.size(path).await?;
        Ok(footer_of(files, path, size, FIRST_READ).await?.describe(schema))
    };
    read.await.context(|| format!("reading {path}"))
}

/// The entries of a manifest or a manifest list.
pub(super) async fn avro(files: &Files, path: &str) -> Result<Json> {
    let read = async {
        let size = files.size(path).await?;
        if size > MOST {
            return Err(Error::unsupported(format!("showing an Avro file of {size} bytes")));
        }
        let whole = 0..size;
        let bytes = files.get(path, std::slice::from_ref(&whole)).await?;
        describe(bytes.first().map(|bytes| &**bytes).unwrap_or_default())
    };
    read.await.context(|| format!("reading {path}"))
}
