use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use futures::{StreamExt, TryStreamExt};

use crate::error::{Error, Result};
use crate::parquet::conform;
use crate::read::{Files, PositionDeletes};
use crate::scan::ScanTask;
use crate::spec::metadata_columns::with_lineage;
use crate::spec::{Positions, Schema};
use crate::transaction::draft::{Draft, Removed};
use crate::transaction::manifest::NewManifest;
use crate::transaction::victims::{Doomed, Victim};
use crate::write::{PreparedFile, write_batches, write_deletion_vectors, write_position_deletes};

/// How rows are removed from files of which some are left (`write.delete.mode` and its like).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// The file is written anew without them.
    CopyOnWrite,
    /// Their positions are written down beside the file: from format version 3 on in deletion vectors.
    MergeOnRead,
}

impl Mode {
    /// Of a table's property.
    pub(super) fn of(draft: &Draft, property: &str) -> Result<Self> {
        match draft.metadata.property(property).map(str::to_ascii_lowercase).as_deref() {
            None | Some("copy-on-write") => Ok(Self::CopyOnWrite),
            Some("merge-on-read") => Ok(Self::MergeOnRead),
            Some(other) => Err(Error::invalid_data(format!(
                "property `{property}`: `{other}` is neither copy-on-write nor merge-on-read"
            ))),
        }
    }
}

/// What it takes to remove rows: files that go, and files that come, with the manifests that list them.
#[derive(Debug, Default)]
pub(super) struct Removal {
    pub(super) removed: Removed,
    pub(super) files: Vec<PreparedFile>,
    pub(super) manifests: Vec<NewManifest>,
    /// How many rows are removed.
    pub(super) rows: u64,
    /// Of what it was prepared, and for which version of the format.
    of: Option<(Mode, i32, Vec<Victim>)>,
}

impl Removal {
    /// Prepares the removal of these rows. What was written before is used again if it is of the same rows.
    pub(super) async fn prepare(&mut self, draft: &Draft, victims: &[Victim], mode: Mode) -> Result<()> {
        let version = draft.metadata.format_version;
        let is_same = self.of.as_ref().is_some_and(|(of, of_version, before)| {
            (*of, *of_version) == (mode, version)
                && before.len() == victims.len()
                && before.iter().zip(victims).all(|(a, b)| a.is_same(b))
        });
        self.removed = Removed::default();
        for Victim { task, rows, .. } in victims {
            if *rows == Doomed::All || mode == Mode::CopyOnWrite {
                self.removed.insert(&task.manifest, &task.data_file);
            }
            // What deletes rows of this file alone goes with it, or is in its new deletion vector.
            for listed in task.deletes.alone_of(&task.data_file.file_path).filter(|_| version > 2) {
                self.removed.insert(&listed.manifest, &listed.file);
            }
        }
        if is_same {
            return Ok(());
        }
        self.of = None;
        self.rows = count(draft, victims).await?;
        let schema = draft.metadata.current_schema()?.clone();
        let some = victims.iter().filter_map(|victim| match &victim.rows {
            Doomed::All => None,
            Doomed::Some(positions) => Some((&victim.task, positions)),
        });
        self.files = match mode {
            Mode::CopyOnWrite => {
                let tasks = some.map(|(task, positions)| {
                    let mut task = task.clone();
                    let path = task.data_file.file_path.clone();
                    task.deletes.positions.push(Arc::new(PositionDeletes::known(path, positions.clone())));
                    task
                });
                rewrite(draft, &schema, tasks.collect()).await?
            }
            Mode::MergeOnRead if version > 2 => vectors(draft, some.collect()).await?,
            Mode::MergeOnRead => {
                let mut groups: BTreeMap<(i32, Vec<_>), Vec<_>> = BTreeMap::new();
                for (task, positions) in some {
                    let values = task.data_file.partition.iter().map(|value| value.as_ref().map(|v| v.to_bytes()));
                    groups.entry((task.partition_spec.spec_id, values.collect())).or_default().push((task, positions));
                }
                let mut files = Vec::new();
                for group in groups.into_values() {
                    files.push(position_deletes(draft, group)?);
                }
                files
            }
        };
        self.manifests = NewManifest::all_adding(draft.table(), &draft.metadata, &schema, &self.files)?;
        self.of = Some((mode, version, victims.to_vec()));
        Ok(())
    }
}

/// The rows that are left of files, in new files. They keep their ids, and when they were last changed (spec: Row Lineage).
async fn rewrite(draft: &Draft, schema: &Arc<Schema>, tasks: Vec<ScanTask>) -> Result<Vec<PreparedFile>> {
    if tasks.is_empty() {
        return Ok(Vec::new());
    }
    let schema = match draft.metadata.format_version {
        ..3 => schema.clone(),
        _ => Arc::new(with_lineage(schema)?),
    };
    let columns = schema.fields().iter().map(|field| field.name.as_str());
    let plan = draft.scan().ordered().select(columns).plan_of(tasks)?;
    let rows = plan.stream()?.map(|batch| conform(&schema, &batch?));
    write_batches(draft.table(), &draft.metadata, &schema, Box::pin(rows)).await
}

/// A deletion vector for each file, with what was deleted of it before.
async fn vectors(draft: &Draft, victims: Vec<(&ScanTask, &Positions)>) -> Result<Vec<PreparedFile>> {
    let files = Files::new(draft.table().clone());
    let mut vectors = Vec::with_capacity(victims.len());
    for (task, positions) in victims {
        let mut all = positions.clone();
        for deletes in &task.deletes.positions {
            all.extend(&*deletes.of(&files, &task.data_file.file_path).await?);
        }
        vectors.push((task.partition_spec.spec_id, &task.data_file, all));
    }
    if vectors.is_empty() { Ok(Vec::new()) } else { write_deletion_vectors(draft.table(), &vectors) }
}

/// A position delete file for data files of one partition.
fn position_deletes(draft: &Draft, mut group: Vec<(&ScanTask, &Positions)>) -> Result<PreparedFile> {
    group.sort_by(|(a, _), (b, _)| a.data_file.file_path.cmp(&b.data_file.file_path));
    let first = group.first().map(|(task, _)| *task);
    let task = first.ok_or_else(|| Error::invalid_input("there are no rows to delete"))?;
    let batches = group.iter().flat_map(|(task, positions)| {
        let path = task.data_file.file_path.as_str();
        positions.chunks(65_536).map(move |chunk| {
            let paths: ArrayRef = Arc::new(StringArray::from_iter_values(std::iter::repeat_n(path, chunk.len())));
            let positions: ArrayRef = Arc::new(Int64Array::from(chunk));
            RecordBatch::try_from_iter([("file_path", paths), ("pos", positions)])
        })
    });
    let only = if group.len() == 1 { Some(task.data_file.file_path.clone()) } else { None };
    write_position_deletes(
        draft.table(),
        &draft.metadata,
        &task.partition_spec,
        &task.data_file.partition,
        batches,
        only,
    )
}

/// How many rows are removed.
async fn count(draft: &Draft, victims: &[Victim]) -> Result<u64> {
    let (mut rows, mut unknown) = (0_u64, Vec::new());
    for victim in victims {
        match (&victim.rows, victim.task.exact_rows()) {
            (Doomed::Some(positions), _) => rows = rows.saturating_add(positions.len()),
            (Doomed::All, Some(all)) => rows = rows.saturating_add(all),
            // Of files with deletes of their own metadata does not tell how many rows are left.
            (Doomed::All, None) => unknown.push(victim.task.clone()),
        }
    }
    if unknown.is_empty() {
        return Ok(rows);
    }
    let left = draft.scan().select(Vec::<String>::new()).plan_of(unknown)?.stream()?;
    left.try_fold(rows, |rows, batch| async move { Ok(rows.saturating_add(batch.num_rows() as u64)) }).await
}
