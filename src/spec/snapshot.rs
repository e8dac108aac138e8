use serde_json::{Map, Value as Json};

use crate::error::{Error, Result};
use crate::runtime::Timestamp;
use crate::spec::json::Fields;
use crate::spec::{Operation, Summary, ordered};

/// The state of a table at one time (spec: Snapshots).
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The id, positive and unique in the table.
    pub snapshot_id: i64,
    /// The snapshot that this one was made from.
    pub parent_snapshot_id: Option<i64>,
    /// The order of changes; 0 in v1 tables.
    pub sequence_number: i64,
    /// When it was made. Later snapshots of a history are never earlier.
    pub timestamp: Timestamp,
    /// Where its files are listed.
    pub manifests: ManifestSource,
    /// What was done, and counts.
    pub summary: Summary,
    /// The table's schema when it was made.
    pub schema_id: Option<i32>,
    /// The first row id assigned by it (v3).
    pub first_row_id: Option<i64>,
    /// How many row ids were assigned by it (v3).
    pub added_rows: Option<i64>,
    pub(crate) extra: Map<String, Json>,
}

/// Where a snapshot's manifests are listed.
#[derive(Clone, Debug, PartialEq)]
pub enum ManifestSource {
    /// In a manifest list, at this URI.
    List(String),
    /// In the metadata itself, as URIs of manifests (v1).
    Inline(Vec<String>),
}

impl Snapshot {
    pub(crate) fn from_json(value: Json, path: String) -> Result<Self> {
        let mut fields = Fields::new(value, path)?;
        let manifests = match fields.optional_string("manifest-list")? {
            Some(uri) => {
                fields.optional("manifests");
                ManifestSource::List(uri)
            }
            None if fields.peek("manifests").is_some() => {
                ManifestSource::Inline(fields.items("manifests", |item, path| match item {
                    Json::String(uri) => Ok(uri),
                    _ => Err(Error::invalid_data(format!("field `{path}` must be a string"))),
                })?)
            }
            None => return Err(Error::invalid_data(format!("field `{}` is missing", fields.name("manifest-list")))),
        };
        let mut properties = fields.string_map("summary")?;
        let operation = properties.remove("operation").map_or(Operation::Unknown, |name| Operation::from_name(&name));
        Ok(Self {
            snapshot_id: fields.i64("snapshot-id")?,
            parent_snapshot_id: fields.optional_i64("parent-snapshot-id")?,
            sequence_number: fields.optional_i64("sequence-number")?.unwrap_or(0),
            timestamp: Timestamp::from_millis(fields.i64("timestamp-ms")?),
            manifests,
            summary: Summary { operation, properties },
            schema_id: fields.optional_i32("schema-id")?,
            first_row_id: fields.optional_i64("first-row-id")?,
            added_rows: fields.optional_i64("added-rows")?,
            extra: fields.rest(),
        })
    }

    pub(crate) fn to_json(&self) -> Json {
        let mut map = self.extra.clone();
        let mut summary: Map<String, Json> =
            ordered(self.summary.properties.iter().map(|(key, value)| (key.clone(), value.clone().into())));
        if let Some(name) = self.summary.operation.name() {
            summary.insert("operation".to_owned(), name.into());
        }
        let fields = [
            ("snapshot-id", Some(self.snapshot_id.into())),
            ("parent-snapshot-id", self.parent_snapshot_id.map(Json::from)),
            ("sequence-number", Some(self.sequence_number.into())),
            ("timestamp-ms", Some(self.timestamp.as_millis().into())),
            ("summary", (!summary.is_empty()).then(|| summary.into())),
            ("schema-id", self.schema_id.map(Json::from)),
            ("first-row-id", self.first_row_id.map(Json::from)),
            ("added-rows", self.added_rows.map(Json::from)),
            match &self.manifests {
                ManifestSource::List(uri) => ("manifest-list", Some(uri.clone().into())),
                ManifestSource::Inline(uris) => ("manifests", Some(uris.clone().into())),
            },
        ];
        map.extend(fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        Json::Object(map)
    }
}
