use bytes::Bytes;

use super::allocations::within;
use super::parquet::schema;
use crate::avro::{
    AvroRows, AvroStep, decode_manifest, decode_manifest_list, encode_manifest, encode_manifest_list, read_container,
};
use crate::parquet::{Projection, project};
use crate::spec::NameMapping;

/// More of a file is not looked at.
const STEPS: usize = 50;

pub fn avro_container(bytes: &[u8]) {
    let _ = within(bytes, 2000, 4 << 20, || read_container(bytes)?.decode(|_, _| Ok(())));
}

/// The rows of a data file, as columns of a table's and by their names.
pub fn avro_rows(bytes: &[u8]) {
    let file = Bytes::copy_from_slice(bytes);
    let mapping = r#"[{"field-id": 1, "names": ["l"]}, {"field-id": 4, "names": ["s", "a"]}]"#;
    for batch_rows in [1, 1000] {
        let _ = within(bytes, 2000, 256 << 20, || -> crate::error::Result<()> {
            let mapping = NameMapping::parse(mapping)?;
            let mut rows = AvroRows::new(file.len() as u64, &schema(), Some(mapping), batch_rows);
            let projection = Projection::all(&schema())?;
            for _ in 0..STEPS {
                match rows.step()? {
                    AvroStep::Needs(range) => rows.push(file.slice(range.start as usize..range.end as usize)),
                    AvroStep::Batch(batch) => {
                        batch
                            .columns()
                            .iter()
                            .for_each(|column| column.to_data().validate_full().expect("sound arrays"));
                        let _ = project(&batch, &projection, None);
                    }
                    AvroStep::Done => break,
                }
            }
            Ok(())
        });
    }
}

/// What was read can be written, and is the same when it is read again.
pub fn manifest(bytes: &[u8]) {
    if let Ok(manifest) = within(bytes, 2000, 4 << 20, || decode_manifest(bytes))
        && let Ok(written) = encode_manifest(&manifest, 2, 1)
    {
        let again = decode_manifest(&written).expect("what we wrote");
        assert_eq!(format!("{manifest:?}"), format!("{again:?}"));
    }
}

pub fn manifest_list(bytes: &[u8]) {
    if let Ok(list) = within(bytes, 2000, 4 << 20, || decode_manifest_list(bytes))
        && let Ok(written) = encode_manifest_list(&list, 1, None, 1, None, 1)
    {
        assert_eq!(decode_manifest_list(&written).expect("what we wrote").len(), list.len());
    }
}
