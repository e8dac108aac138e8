use futures::TryStreamExt;

use crate::error::Result;
use crate::parquet::{EncodeOptions, FileEncoder, Projection};
use crate::scan::ScanPlan;

impl ScanPlan {
    /// Reads the files of the plan into one Parquet file, written as the table's properties say. All of it is held in memory.
    ///
    /// Fails as [`stream`](Self::stream) does, and with [`InvalidInput`](crate::ErrorKind::InvalidInput) on columns that
    /// Parquet cannot hold.
    pub async fn to_parquet(self) -> Result<Vec<u8>> {
        let projection = Projection::of(&self.scan.schema, &self.scan.columns)?;
        let options = EncodeOptions::from_properties(&self.scan.metadata.properties)?;
        let mut file = FileEncoder::new(projection.schema(), &options)?;
        let mut rows = self.stream()?;
        while let Some(batch) = rows.try_next().await? {
            file.write(&batch)?;
        }
        let (bytes, ..) = file.finish()?;
        Ok(bytes.into())
    }
}
