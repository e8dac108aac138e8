use std::cmp::Ordering;
use std::sync::Arc;

use crate::error::Result;
use crate::inspect::verify::{Checked, Verified, problem};
use crate::parquet::FIRST_READ;
use crate::read::footer_of;
use crate::spec::{DataFile, Metrics, PartitionSpec, PrimitiveType, Schema, Value};

/// Footers may hold text and bytes cut to this many: what a longer bound really is they do not say.
const CUT: usize = 32;

/// A file as a manifest lists it.
pub(super) struct Listed {
    pub(super) data_file: DataFile,
    pub(super) spec: Arc<PartitionSpec>,
    /// The newest snapshot that has it.
    pub(super) snapshot_id: i64,
}

impl Verified {
    /// Whether a file is there, and is what its manifest says.
    pub(super) async fn file(&self, listed: &Listed) -> Result<Checked> {
        let DataFile { file_path, file_format, file_size_in_bytes, metrics, .. } = &listed.data_file;
        let mut checked = Checked { path: file_path.clone(), problems: Vec::new() };
        let problems = &mut checked.problems;
        let said = listed.spec.fields.len();
        if listed.data_file.partition.len() != said {
            let values = listed.data_file.partition.len();
            problems.push(format!("its partition has {values} values, and its partition spec {said} fields"));
        }
        let size = match self.files.size(file_path).await {
            Ok(size) => size,
            Err(error) => {
                problems.push(problem(error)?);
                return Ok(checked);
            }
        };
        if size != *file_size_in_bytes {
            problems.push(format!("it has {size} bytes, and its manifest says {file_size_in_bytes}"));
        }
        let (offset, length) = (listed.data_file.content_offset, listed.data_file.content_size_in_bytes);
        if let (Some(offset), Some(length)) = (offset, length)
            && u64::try_from(offset.saturating_add(length)).is_ok_and(|end| end > size)
        {
            problems.push(format!("a deletion vector of {length} bytes from {offset} on is beyond its end"));
        }
        if file_format == "PARQUET" && listed.data_file.key_metadata.is_none() {
            match footer_of(&self.files, file_path, size, FIRST_READ).await {
                Ok(footer) => {
                    let schema = self.metadata.current_schema()?;
                    compare(metrics, &footer.metrics(schema), schema, problems);
                }
                Err(error) => problems.push(problem(error)?),
            }
        }
        Ok(checked)
    }
}

/// Whether what is said of a file is so by its footer.
fn compare(said: &Metrics, found: &Metrics, schema: &Schema, problems: &mut Vec<String>) {
    if said.record_count != found.record_count {
        problems.push(format!("it has {} rows, and its manifest says {}", found.record_count, said.record_count));
    }
    for (id, values) in &found.value_counts {
        let Some(field) = schema.field_by_id(*id) else { continue };
        let Some(primitive) = field.field_type.as_primitive() else { continue };
        let name = schema.name_of(*id).unwrap_or_default();
        let mut differ = |what: &str, said: Option<&u64>, found: Option<&u64>| {
            if let (Some(said), Some(found)) = (said, found)
                && said != found
            {
                problems.push(format!("column `{name}` has {found} {what}, and its manifest says {said}"));
            }
        };
        differ("values", said.value_counts.get(id), Some(values));
        differ("nulls", said.null_value_counts.get(id), found.null_value_counts.get(id));
        let bounds = [
            ("lower", said.lower_bounds.get(id), found.lower_bounds.get(id), Ordering::Less),
            ("upper", said.upper_bounds.get(id), found.upper_bounds.get(id), Ordering::Greater),
        ];
        for (what, said, found, wrong) in bounds {
            if let (Some(said), Some(found)) = (said.map(Vec::as_slice), found.map(Vec::as_slice))
                && is_beyond(primitive, said, found, wrong)
            {
                problems.push(format!("column `{name}` has values beyond the {what} bound that its manifest says"));
            }
        }
    }
}

fn is_beyond(primitive: PrimitiveType, said: &[u8], found: &[u8], wrong: Ordering) -> bool {
    let value = |bytes: &[u8]| Value::from_bytes(primitive, bytes).ok();
    let is_text = matches!(primitive, PrimitiveType::String | PrimitiveType::Binary | PrimitiveType::Fixed(_));
    let (Some(said), Some(is)) = (value(said), value(found)) else { return false };
    !(is_text && found.len() >= CUT) && is.compare(&said) == Some(wrong)
}
