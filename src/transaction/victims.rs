use std::collections::{BTreeMap, BTreeSet};

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, RecordBatch};
use futures::TryStreamExt;

use crate::error::{Error, Result};
use crate::expr::Predicate;
use crate::scan::{ScanPlan, ScanTask};
use crate::spec::Positions;
use crate::spec::metadata_columns::ROW_ID_COLUMN;
use crate::transaction::draft::Draft;
use crate::transaction::isolation::{Guard, Isolation};
use crate::transaction::keyed::KeySet;

/// A data file that rows are removed from.
#[derive(Clone, Debug)]
pub(super) struct Victim {
    pub(super) task: ScanTask,
    pub(super) rows: Doomed,
}

impl Victim {
    /// Whether the same rows are removed and the same are left: others may have deleted some meanwhile.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.rows == other.rows && self.task.is_same(&other.task)
    }
}

/// Which of the rows that are left in a file are removed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Doomed {
    All,
    /// Those at these positions, at least one.
    Some(Positions),
}

/// Finds the rows that satisfy a condition, and remembers what it found in each file for when it is asked again, of a later
/// version.
#[derive(Debug, Default)]
pub(super) struct Finder {
    /// Every file that may have held such rows, with the deletes that applied, and what was found.
    known: BTreeMap<String, Known>,
    is_begun: bool,
}

#[derive(Debug)]
struct Known {
    task: ScanTask,
    doomed: Option<Doomed>,
    ids: RowIds,
}

/// The ids of rows by their keys (v3). Of several rows with the same key, the least.
pub(super) type RowIds = BTreeMap<Vec<u8>, i64>;

impl Finder {
    /// The files of the draft's current snapshot that have rows which satisfy the condition, in the order of the manifests.
    ///
    /// Under snapshot isolation, asked again, only of files that were there the first time: fails with
    /// [`Conflict`](crate::ErrorKind::Conflict) if another writer has removed one of them.
    ///
    /// Where there are `keys`, the rows must have one of them, too. From format version 3 on their ids are noted.
    pub(super) async fn find(
        &mut self,
        draft: &Draft,
        filter: &Predicate,
        keys: Option<&KeySet>,
        guard: &Guard,
    ) -> Result<Vec<Victim>> {
        let has_ids = draft.metadata.format_version > 2;
        let keys = keys.filter(|keys| has_ids || !keys.is_exact);
        let of_keys = keys.into_iter().flat_map(|keys| keys.columns.iter().map(String::as_str));
        let row_id = keys.and(has_ids.then_some(ROW_ID_COLUMN));
        let columns = ["_file", "_pos"].into_iter().chain(row_id).chain(of_keys);
        let mut plan = draft.scan().select(columns).filter(filter.clone()).plan().await?;
        guard.check(draft, filter).await?;
        let mut tasks = std::mem::take(&mut plan.tasks);
        if self.is_begun && guard.isolation == Isolation::Snapshot {
            tasks.retain(|task| self.known.contains_key(&task.data_file.file_path));
            let there: BTreeSet<&str> = tasks.iter().map(|task| task.data_file.file_path.as_str()).collect();
            let found = self.known.iter().filter(|(_, known)| known.doomed.is_some());
            if let Some((gone, _)) = found.into_iter().find(|(path, _)| !there.contains(path.as_str())) {
                return Err(Error::conflict(format!("another writer has removed or rewritten {gone}")));
            }
        }
        for task in &tasks {
            match self.known.get(&task.data_file.file_path) {
                Some(known) if known.task.is_same(task) => {}
                _ => plan.tasks.push(task.clone()),
            }
        }
        self.look(plan, keys).await?;
        self.is_begun = true;
        let victims = tasks.into_iter().filter_map(|task| {
            let known = self.known.get(&task.data_file.file_path)?;
            Some(Victim { rows: known.doomed.clone()?, task })
        });
        Ok(victims.collect())
    }

    /// The ids of the rows that were found.
    pub(super) fn row_ids(&self, victims: &[Victim]) -> RowIds {
        let mut all = RowIds::new();
        for victim in victims {
            let known = self.known.get(&victim.task.data_file.file_path);
            known.into_iter().flat_map(|known| &known.ids).for_each(|(key, id)| note_id(&mut all, key, *id));
        }
        all
    }

    /// Finds what rows of the plan's files satisfy its filter: by metadata where that tells, or else by reading.
    async fn look(&mut self, mut plan: ScanPlan, keys: Option<&KeySet>) -> Result<()> {
        let tasks = std::mem::take(&mut plan.tasks);
        for task in &tasks {
            if keys.is_some() || !plan.is_covered(task) {
                plan.tasks.push(task.clone());
            }
        }
        let read: BTreeSet<String> = plan.tasks.iter().map(|task| task.data_file.file_path.clone()).collect();
        let (mut found, mut ids) = (BTreeMap::<String, Positions>::new(), BTreeMap::<String, RowIds>::new());
        let mut batches = plan.stream()?;
        while let Some(batch) = batches.try_next().await? {
            let own = keys.map(|keys| Ok((keys, keys.of(&batch)?))).transpose()?;
            let is_meant = |row: usize| match &own {
                Some((keys, own)) => own.get(row).is_some_and(|key| keys.contains(key)),
                None => true,
            };
            note(&batch, is_meant, &mut found)?;
            if let Some((_, own)) = &own {
                note_ids(&batch, own, is_meant, &mut ids);
            }
        }
        for task in tasks {
            let path = task.data_file.file_path.clone();
            let ids = ids.remove(&path).unwrap_or_default();
            let doomed = match found.remove(&path) {
                None => (!read.contains(&path)).then_some(Doomed::All),
                Some(positions) if task.exact_rows() == Some(positions.len()) => Some(Doomed::All),
                Some(positions) => Some(Doomed::Some(positions)),
            };
            self.known.insert(path, Known { task, doomed, ids });
        }
        Ok(())
    }
}

fn note_id(ids: &mut RowIds, key: &[u8], id: i64) {
    match ids.get_mut(key) {
        Some(least) => *least = id.min(*least),
        None => drop(ids.insert(key.to_vec(), id)),
    }
}

/// Takes note of the ids of those rows of a batch that are meant, by their file and key.
fn note_ids(
    batch: &RecordBatch,
    keys: &[Vec<u8>],
    is_meant: impl Fn(usize) -> bool,
    found: &mut BTreeMap<String, RowIds>,
) {
    let files = batch.column_by_name("_file").and_then(|files| files.as_string_opt::<i32>());
    let ids = batch.column_by_name(ROW_ID_COLUMN).and_then(|ids| ids.as_primitive_opt::<Int64Type>());
    let (Some(files), Some(ids)) = (files, ids) else { return };
    for (row, key) in keys.iter().enumerate().filter(|(row, _)| ids.is_valid(*row) && is_meant(*row)) {
        note_id(found.entry(files.value(row).to_owned()).or_default(), key, ids.value(row));
    }
}

/// Takes note of those rows of a batch that are meant, by `_file` and `_pos`.
pub(super) fn note(
    batch: &RecordBatch,
    is_meant: impl Fn(usize) -> bool,
    found: &mut BTreeMap<String, Positions>,
) -> Result<()> {
    let wrong = || Error::invalid_data("rows have no file or position");
    let (files, positions) = (batch.column_by_name("_file"), batch.column_by_name("_pos"));
    let files = files.and_then(|files| files.as_string_opt::<i32>()).ok_or_else(wrong)?;
    let positions = positions.and_then(|at| at.as_primitive_opt::<Int64Type>()).ok_or_else(wrong)?;
    let mut row = 0;
    // A batch's rows are mostly of one file.
    while row < batch.num_rows() {
        let file = files.value(row);
        let mut of_file = Positions::new();
        while row < batch.num_rows() && files.value(row) == file {
            if is_meant(row) {
                of_file.insert(u64::try_from(positions.value(row)).map_err(|_| wrong())?);
            }
            row += 1;
        }
        if !of_file.is_empty() {
            found.entry(file.to_owned()).or_default().extend(&of_file);
        }
    }
    Ok(())
}

/// The files that a change was made of at first. Under snapshot isolation it is made of those again, and of no others.
#[derive(Debug, Default)]
pub(super) struct Looked {
    at: Option<BTreeSet<String>>,
    /// Those of which rows were removed.
    victims: BTreeSet<String>,
}

impl Looked {
    /// Leaves out what others have added meanwhile, where isolation asks for that. Fails with
    /// [`Conflict`](crate::ErrorKind::Conflict) if another writer has removed a file that rows were to be removed from.
    pub(super) fn again(&mut self, tasks: &mut Vec<ScanTask>, guard: &Guard) -> Result<()> {
        let path = |task: &ScanTask| task.data_file.file_path.clone();
        match &self.at {
            Some(at) if guard.isolation == Isolation::Snapshot => {
                tasks.retain(|task| at.contains(&task.data_file.file_path));
                let there: BTreeSet<String> = tasks.iter().map(path).collect();
                match self.victims.difference(&there).next() {
                    Some(gone) => Err(Error::conflict(format!("another writer has removed or rewritten {gone}"))),
                    None => Ok(()),
                }
            }
            _ => {
                self.at = Some(tasks.iter().map(path).collect());
                Ok(())
            }
        }
    }

    /// The files that have these rows.
    pub(super) fn victims(&mut self, tasks: Vec<ScanTask>, mut rows: BTreeMap<String, Positions>) -> Vec<Victim> {
        let victims = tasks.into_iter().filter_map(|task| {
            let positions = rows.remove(&task.data_file.file_path)?;
            let all = task.exact_rows() == Some(positions.len());
            Some(Victim { task, rows: if all { Doomed::All } else { Doomed::Some(positions) } })
        });
        let victims: Vec<Victim> = victims.collect();
        self.found(&victims);
        victims
    }

    /// Remembers which files rows are removed from.
    pub(super) fn found(&mut self, victims: &[Victim]) {
        self.victims = victims.iter().map(|victim| victim.task.data_file.file_path.clone()).collect();
    }
}
