use std::mem;

use arrow_array::RecordBatch;

use crate::error::{Error, Result, ResultExt};
use crate::expr::BoundPredicate;
use crate::parquet::{
    DecodeOptions, DecodeReport, FIRST_READ, FileDecoder, FileMetadata, FooterDecoder, FooterStep, Projection, Step,
};
use crate::read::files::Files;
use crate::spec::DataFile;

#[cfg(test)]
mod tests;

/// The rows of one file, whether of data or of deletes: columns by field id, filtered.
#[derive(Debug)]
pub(crate) struct Rows {
    files: Files,
    path: String,
    decoder: FileDecoder,
    /// How much of the decoder's report is in the files'.
    seen: DecodeReport,
}

impl Rows {
    pub(crate) async fn open(
        files: &Files,
        file: &DataFile,
        projection: &Projection,
        filter: Option<&BoundPredicate>,
        options: DecodeOptions,
    ) -> Result<Self> {
        check_format(file)?;
        let path = file.file_path.clone();
        let footer = footer(files, file).await.context(|| format!("reading {path}"))?;
        let decoder = footer
            .known_by(|| files.name_mapping(projection))
            .and_then(|footer| FileDecoder::new(footer, projection, filter, options))
            .context(|| format!("reading {path}"))?;
        Ok(Self { files: files.clone(), path, decoder, seen: DecodeReport::default() })
    }

    /// The next rows, at least one; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<RecordBatch>> {
        let Self { files, path, decoder, seen } = self;
        loop {
            let step = decoder.step().context(|| format!("reading {path}"))?;
            let now = decoder.report();
            let before = mem::replace(seen, now);
            files.note(|report| {
                report.row_groups += now.row_groups - before.row_groups;
                report.row_groups_skipped += now.row_groups_skipped - before.row_groups_skipped;
                report.row_groups_skipped_by_bloom_filter +=
                    now.row_groups_skipped_by_bloom_filter - before.row_groups_skipped_by_bloom_filter;
                report.rows_skipped_by_pages += now.rows_skipped_by_pages - before.rows_skipped_by_pages;
            });
            match step {
                Step::Batch(batch) => return Ok(Some(batch)),
                Step::Done => return Ok(None),
                Step::Needs(ranges) => {
                    let bytes = files.get(path, &ranges).await.context(|| format!("reading {path}"))?;
                    decoder.push(ranges, bytes).context(|| format!("reading {path}"))?;
                }
            }
        }
    }
}

/// Fails on a file that this crate cannot read, by name.
pub(crate) fn check_format(file: &DataFile) -> Result<()> {
    if file.file_format != "PARQUET" {
        let message = format!("files of the format {} ({})", file.file_format, file.file_path);
        return Err(Error::unsupported(message));
    }
    if file.key_metadata.is_some() {
        return Err(Error::unsupported(format!("the encrypted file {}", file.file_path)));
    }
    Ok(())
}

async fn footer(files: &Files, file: &DataFile) -> Result<FileMetadata> {
    let mut footer = FooterDecoder::new(file.file_size_in_bytes, FIRST_READ)?;
    loop {
        match footer.step()? {
            FooterStep::Done(metadata) => return Ok(metadata),
            FooterStep::Needs(ranges) => {
                let bytes = files.get(&file.file_path, &ranges).await?;
                footer.push(ranges, bytes)?;
            }
        }
    }
}
