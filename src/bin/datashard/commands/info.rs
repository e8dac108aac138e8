use std::fmt::Write;

use clap::Args;
use serde_json::{Value as Json, json};

use crate::address::Address;
use crate::exit::Done;
use crate::output::Output;
use crate::{schema_text, term_text};

/// Shows what a table is: columns, partitions, order, properties, branches and tags, and how large it is.
#[derive(Debug, Args)]
pub(crate) struct Info {
    /// s3://bucket/path, a folder, or a metadata file.
    table: Address,
}

impl Info {
    pub(crate) async fn run(self, output: &Output) -> Done {
        let table = self.table.open(output).await?;
        let metadata = table.metadata();
        let schema = metadata.current_schema()?;
        let partitions = term_text::partition_text(metadata.partition_spec(metadata.default_spec_id)?, schema);
        let order = term_text::order_text(metadata.sort_order()?, schema);
        let totals = metadata.current_snapshot().and_then(|snapshot| snapshot.summary.totals());
        let refs = metadata
            .refs
            .iter()
            .map(|(name, to)| (name.clone(), json!({"type": to.kind.name(), "snapshot_id": to.snapshot_id})));
        let refs: serde_json::Map<String, Json> = refs.collect();
        let json = json!({
            "location": table.location(), "version": table.version(), "uuid": metadata.table_uuid,
            "format_version": metadata.format_version, "updated": metadata.last_updated.to_string(),
            "schema": schema_text::format(schema, ", "), "partition_by": partitions, "sort_by": order,
            "properties": metadata.properties, "refs": refs, "snapshots": metadata.snapshots.len(),
            "snapshot_id": metadata.current_snapshot_id, "rows": totals.map(|totals| totals.records),
            "data_files": totals.map(|totals| totals.data_files), "delete_files": totals.map(|totals| totals.delete_files),
            "bytes": totals.map(|totals| totals.files_size),
        });
        let mut text = String::new();
        for (name, value) in json.as_object().into_iter().flatten() {
            let value = match value {
                Json::Null => continue,
                Json::String(value) if value.is_empty() => continue,
                Json::String(value) => value.clone(),
                Json::Object(map) => {
                    let pairs = map.iter().map(|(name, value)| match value {
                        Json::String(value) => format!("{name}={value}"),
                        other => format!("{name}={other}"),
                    });
                    pairs.collect::<Vec<_>>().join("\n                ")
                }
                other => other.to_string(),
            };
            // Writing into text cannot fail.
            let _ = writeln!(text, "{name:14}  {value}");
        }
        output.answer(text.trim_end(), &json)
    }
}
