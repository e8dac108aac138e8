use crate::error::{Error, Result};
use crate::spec::{PartitionUpdate, SchemaUpdate, SortOrder, SortTerm, TableMetadata, properties};

/// A change of a table's metadata, which is made again on whatever version it is committed on.
#[derive(Clone, Debug)]
pub(crate) enum MetadataChange {
    /// The property `format-version` is no property, as other engines have it, but an upgrade.
    SetProperty(String, String),
    RemoveProperty(String),
    Schema(SchemaUpdate),
    Partition(PartitionUpdate),
    /// Unsorted where there are no terms.
    Sort(Vec<SortTerm>),
}

impl MetadataChange {
    pub(crate) fn apply(&self, metadata: &mut TableMetadata) -> Result<()> {
        match self {
            Self::SetProperty(name, value) if name == properties::FORMAT_VERSION => {
                metadata.upgrade(properties::format_version(value)?)?;
            }
            Self::SetProperty(name, value) => {
                refuse_reserved(name)?;
                metadata.properties.insert(name.clone(), value.clone());
            }
            Self::RemoveProperty(name) => {
                refuse_reserved(name)?;
                metadata.properties.remove(name);
            }
            Self::Schema(update) => {
                let schema = update.apply(metadata)?;
                metadata.set_schema(schema)?;
            }
            Self::Partition(update) => {
                let spec = update.apply(metadata)?;
                metadata.set_partition_spec(spec)?;
            }
            Self::Sort(terms) => {
                let order = SortOrder::new(metadata.current_schema()?, terms.iter().cloned())?;
                metadata.set_sort_order(order)?;
            }
        }
        Ok(())
    }
}

/// What commits rely on is not for callers to set, nor what would make the table's files be elsewhere.
fn refuse_reserved(name: &str) -> Result<()> {
    let own = [
        properties::COMMIT_ID,
        properties::PARENT_COMMIT_ID,
        properties::DROPPED,
        properties::PROVED,
        properties::CREATED_BY,
        properties::PYTHON_COMPACTION_THRESHOLD,
        properties::METADATA_PATH,
        properties::DATA_PATH,
        properties::FORMAT_VERSION,
    ];
    if own.contains(&name) || name.is_empty() {
        return Err(Error::invalid_input(format!("the property `{name}` cannot be set")));
    }
    Ok(())
}
