use std::sync::Arc;

use arrow_array::RecordBatch;
use futures::TryStreamExt;

use crate::catalog::TableHandle;
use crate::error::Result;
use crate::expr::Predicate;
use crate::runtime::BoxStream;
use crate::spec::{RefUpdate, SchemaUpdate};
use crate::transaction::add_files::AddFiles;
use crate::transaction::append::prepare;
use crate::transaction::isolation::Guard;
use crate::transaction::merge::{Clauses, MergeRows};
use crate::transaction::metadata_change::MetadataChange;
use crate::transaction::overwrite_partitions::OverwritePartitions;
use crate::transaction::refs::{CherryPick, UpdateRefs};
use crate::transaction::steps::{AppendNewRows, AppendRows, ReplaceRows, UpsertRows};
use crate::transaction::work::{AppendedRows, Payload, Step};

/// Rows on their way into a table.
pub(crate) type Rows<'a> = BoxStream<'a, Result<RecordBatch>>;

/// A change, as a caller asks for it.
pub(crate) enum Change<'a> {
    Metadata(MetadataChange),
    Append(Rows<'a>),
    /// Removes the rows that satisfy a condition, and puts others in their place.
    Replace(Predicate, Option<Rows<'a>>),
    /// Puts rows in the place of those with the same values in these columns.
    Upsert(Rows<'a>, Vec<String>),
    /// Appends the rows whose values in these columns the table does not have.
    AppendNew(Rows<'a>, Vec<String>),
    /// Merges rows by their values in these columns.
    Merge(Rows<'a>, Vec<String>, Clauses),
    /// Puts rows in the place of all of the partitions that they are in.
    OverwritePartitions(Rows<'a>),
    /// Appends these files.
    AddFiles(Vec<String>),
    Refs(RefUpdate),
    /// Appends what this snapshot has appended.
    CherryPick(i64),
}

/// A change of the columns, and rows that have the new ones, as one commit.
pub(crate) fn evolving(update: SchemaUpdate, rows: AppendedRows) -> Payload {
    Payload::Steps(vec![Box::new(MetadataChange::Schema(update)), Box::new(AppendRows::new(rows))])
}

/// Makes the changes ready to be committed: conditions and metadata are checked against the version that is known, and
/// rows against its schema with the changes before them; what is large is written.
pub(crate) async fn prepare_changes(
    table: &Arc<TableHandle>,
    changes: Vec<Change<'_>>,
    guard: &Guard,
) -> Result<Payload> {
    let mut metadata = (*table.head().metadata).clone();
    let mut steps: Vec<Box<dyn Step>> = Vec::with_capacity(changes.len());
    for change in changes {
        steps.push(match change {
            Change::Metadata(change) => {
                change.apply(&mut metadata)?;
                Box::new(change)
            }
            Change::Append(rows) => Box::new(AppendRows::new(prepare(table, &metadata, rows).await?)),
            Change::Replace(filter, rows) => {
                let rows = match rows {
                    Some(rows) => Some(prepare(table, &metadata, rows).await?),
                    None => None,
                };
                Box::new(ReplaceRows::new(filter, guard.clone(), rows))
            }
            Change::Upsert(rows, on) => Box::new(UpsertRows::new(rows.try_collect().await?, on, guard.clone())),
            Change::AppendNew(rows, on) => Box::new(AppendNewRows::new(rows.try_collect().await?, on)),
            Change::Merge(rows, on, clauses) => {
                Box::new(MergeRows::new(rows.try_collect().await?, on, clauses, guard.clone()))
            }
            Change::OverwritePartitions(rows) => {
                Box::new(OverwritePartitions::new(prepare(table, &metadata, rows).await?, guard.clone()))
            }
            Change::AddFiles(paths) => Box::new(AddFiles::prepare(table, &metadata, paths).await?),
            Change::Refs(update) => Box::new(UpdateRefs::new(update, guard.clone())),
            Change::CherryPick(snapshot_id) => Box::new(CherryPick::new(snapshot_id)),
        });
    }
    Ok(Payload::Steps(steps))
}
