use serde_json::json;

use crate::catalog::TableHandle;
use crate::error::{Error, Result};
use crate::read::DELETION_VECTOR;
use crate::spec::metadata_columns::POS;
use crate::spec::{DataContent, DataFile, Metrics, Positions};
use crate::write::PreparedFile;
use crate::write::partition::Partition;

const MAGIC: &[u8; 4] = b"PFA1";

/// Deletion vectors of data files, each with the id of its partition spec, in one Puffin file (Puffin spec:
/// `deletion-vector-v1`).
pub(crate) fn write_deletion_vectors(
    table: &TableHandle,
    vectors: &[(i32, &DataFile, Positions)],
) -> Result<Vec<PreparedFile>> {
    let mut bytes = MAGIC.to_vec();
    let (mut places, mut blobs) = (Vec::new(), Vec::new());
    for (_, file, positions) in vectors {
        let (at, blob) = (bytes.len(), encode(positions)?);
        bytes.extend_from_slice(&blob);
        places.push((at, blob.len()));
        blobs.push(json!({
            "type": "deletion-vector-v1", "fields": [POS], "snapshot-id": -1, "sequence-number": -1,
            "offset": at, "length": blob.len(),
            "properties": {"referenced-data-file": file.file_path, "cardinality": positions.len().to_string()},
        }));
    }
    let created_by = concat!("datashard version ", env!("CARGO_PKG_VERSION"));
    let footer = json!({"blobs": blobs, "properties": {"created-by": created_by}}).to_string();
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(footer.as_bytes());
    bytes.extend_from_slice(&length(footer.len())?.to_le_bytes());
    // No flags: the footer is not compressed.
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(MAGIC);
    let relative = format!("data/{}-deletes.puffin", table.unique());
    // The first brings the file for all.
    let (size, mut unsent) = (bytes.len() as u64, Some(bytes.into()));
    let files = vectors.iter().zip(places).map(|((spec_id, of, positions), (at, length))| {
        let partition = Partition { spec_id: *spec_id, values: of.partition.clone() };
        let metrics = Metrics { record_count: positions.len(), ..Metrics::default() };
        let mut file = PreparedFile::new(table, &relative, partition, size, metrics, unsent.take());
        file.data_file.content = DataContent::PositionDeletes;
        file.data_file.file_format = "PUFFIN".to_owned();
        file.data_file.sort_order_id = None;
        file.data_file.referenced_data_file = Some(of.file_path.clone());
        file.data_file.content_offset = i64::try_from(at).ok();
        file.data_file.content_size_in_bytes = i64::try_from(length).ok();
        file
    });
    Ok(files.collect())
}

fn encode(positions: &Positions) -> Result<Vec<u8>> {
    let mut vector = DELETION_VECTOR.to_vec();
    positions.write_portable(&mut vector);
    let checksum = crc32fast::hash(&vector).to_be_bytes();
    Ok([&length(vector.len())?.to_be_bytes(), &*vector, &checksum].concat())
}

fn length(bytes: usize) -> Result<u32> {
    let too_many = |_| Error::invalid_input("too many rows of too many files are deleted at once");
    i32::try_from(bytes).map(i32::unsigned_abs).map_err(too_many)
}
