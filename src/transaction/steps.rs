//! The changes that a transaction is made of.

use std::collections::HashSet;
use std::sync::Arc;

use arrow_array::RecordBatch;
use futures::TryStreamExt;

use crate::error::Result;
use crate::expr::Predicate;
use crate::parquet::conform;
use crate::runtime::BoxFuture;
use crate::spec::{Operation, Schema};
use crate::transaction::append::Appends;
use crate::transaction::draft::{Changes, Draft};
use crate::transaction::isolation::Guard;
use crate::transaction::keyed::{Keyed, Stays};
use crate::transaction::metadata_change::MetadataChange;
use crate::transaction::remove::{Mode, Removal};
use crate::transaction::row_ids;
use crate::transaction::victims::{Finder, RowIds};
use crate::transaction::work::{AppendedRows, Content, Effect, Step};
use crate::write::PreparedFile;

/// Decides how rows are removed where some of a file are left.
pub(super) const DELETE_MODE: &str = "write.delete.mode";
/// The same for rows that are replaced by others with the same key.
pub(super) const MERGE_MODE: &str = "write.merge.mode";

impl Step for MetadataChange {
    fn apply<'a>(&'a mut self, draft: &'a mut Draft) -> BoxFuture<'a, Result<Effect>> {
        Box::pin(async move {
            MetadataChange::apply(self, draft.change())?;
            Ok(Effect::default())
        })
    }
}

/// Appends rows.
#[derive(Debug)]
pub(super) struct AppendRows {
    rows: AppendedRows,
    pub(super) appends: Appends,
}

impl AppendRows {
    pub(super) fn new(rows: AppendedRows) -> Self {
        Self { rows, appends: Appends::default() }
    }

    /// Prepares the files for the draft's schema.
    pub(super) async fn prepare(&mut self, draft: &Draft) -> Result<()> {
        let schema = draft.metadata.current_schema()?;
        if !self.rows.schema.same_fields(schema)
            && let Content::Batches(batches) = &mut self.rows.content
        {
            // Another writer has changed the schema: what is not written yet is fitted to the new one.
            let fitted = batches.iter().map(|batch| conform(schema, batch)).collect::<Result<Vec<_>>>()?;
            *batches = fitted;
            self.rows.schema = Arc::<Schema>::clone(schema);
            self.appends = Appends::default();
        }
        self.appends.prepare(draft, &[&self.rows]).await
    }
}

impl Step for AppendRows {
    fn apply<'a>(&'a mut self, draft: &'a mut Draft) -> BoxFuture<'a, Result<Effect>> {
        Box::pin(async move {
            self.prepare(draft).await?;
            self.appends.add_snapshot(draft).await?;
            Ok(Effect { rows: self.rows.rows, deleted: 0 })
        })
    }
}

/// Removes the rows that satisfy a condition, and puts others in their place, if there are any.
#[derive(Debug)]
pub(super) struct ReplaceRows {
    filter: Predicate,
    guard: Guard,
    finder: Finder,
    removal: Removal,
    rows: Option<AppendRows>,
}

impl ReplaceRows {
    pub(super) fn new(filter: Predicate, guard: Guard, rows: Option<AppendedRows>) -> Self {
        let (finder, removal) = (Finder::default(), Removal::default());
        Self { filter, guard, finder, removal, rows: rows.map(AppendRows::new) }
    }
}

impl Step for ReplaceRows {
    fn apply<'a>(&'a mut self, draft: &'a mut Draft) -> BoxFuture<'a, Result<Effect>> {
        Box::pin(async move {
            let victims = self.finder.find(draft, &self.filter, None, &self.guard).await?;
            self.removal.prepare(draft, &victims, Mode::of(draft, DELETE_MODE)?).await?;
            if let Some(rows) = &mut self.rows {
                rows.prepare(draft).await?;
            }
            replace(draft, &self.removal, self.rows.as_ref()).await
        })
    }
}

/// Removes rows and appends others, as one snapshot, if there are any.
pub(super) async fn replace(draft: &mut Draft, removal: &Removal, rows: Option<&AppendRows>) -> Result<Effect> {
    let effect = Effect { rows: rows.map_or(0, |rows| rows.rows.rows), deleted: removal.rows };
    if effect == Effect::default() {
        return Ok(effect);
    }
    let new = || rows.iter().flat_map(|rows| rows.appends.files());
    // Where only files of deletes are added, rows are only removed.
    let only_removes = new().chain(&removal.files).all(PreparedFile::is_of_deletes);
    let operation = match () {
        // A file that had no rows left is removed, too.
        _ if removal.removed.is_empty() && removal.files.is_empty() => Operation::Append,
        _ if only_removes => Operation::Delete,
        _ => Operation::Overwrite,
    };
    let changes = Changes {
        operation,
        added: new().chain(&removal.files).collect(),
        manifests: rows.iter().flat_map(|rows| rows.appends.manifests()).chain(&removal.manifests).collect(),
        removed: &removal.removed,
        notes: Vec::new(),
    };
    draft.add_snapshot(changes).await?;
    Ok(effect)
}

/// Appends rows in the place of those with the same keys.
#[derive(Debug)]
pub(super) struct UpsertRows {
    batches: Vec<RecordBatch>,
    on: Vec<String>,
    guard: Guard,
    /// For a schema: the keys, and the rows, with the ids that they keep.
    keyed: Option<(Arc<Schema>, Keyed, AppendRows, RowIds)>,
    finder: Finder,
    removal: Removal,
}

impl UpsertRows {
    pub(super) fn new(batches: Vec<RecordBatch>, on: Vec<String>, guard: Guard) -> Self {
        let (finder, removal) = (Finder::default(), Removal::default());
        Self { batches, on, guard, keyed: None, finder, removal }
    }
}

impl Step for UpsertRows {
    fn apply<'a>(&'a mut self, draft: &'a mut Draft) -> BoxFuture<'a, Result<Effect>> {
        Box::pin(async move {
            let schema = draft.metadata.current_schema()?;
            if self.keyed.as_ref().is_none_or(|(of, ..)| !of.same_fields(schema)) {
                let keyed = Keyed::new(schema, &self.batches, &self.on, Stays::Last)?;
                let rows = AppendRows::new(AppendedRows::of(schema.clone(), keyed.batches.clone()));
                let of_schema = (schema.clone(), keyed, rows, RowIds::new());
                (self.keyed, self.finder) = (Some(of_schema), Finder::default());
            }
            let Some((schema, keyed, rows, kept)) = &mut self.keyed else { return Ok(Effect::default()) };
            let keys = &keyed.keys;
            let victims = self.finder.find(draft, &keys.filter, Some(keys), &self.guard).await?;
            let ids = self.finder.row_ids(&victims);
            if ids != *kept {
                *rows = AppendRows::new(row_ids::keep(&draft.metadata, schema, keyed, &ids)?);
                *kept = ids;
            }
            self.removal.prepare(draft, &victims, Mode::of(draft, MERGE_MODE)?).await?;
            rows.prepare(draft).await?;
            replace(draft, &self.removal, Some(rows)).await
        })
    }
}

/// Appends the rows whose keys the table does not have.
#[derive(Debug)]
pub(super) struct AppendNewRows {
    batches: Vec<RecordBatch>,
    on: Vec<String>,
    /// What is new, and was prepared.
    rows: Option<(Vec<RecordBatch>, AppendRows)>,
}

impl AppendNewRows {
    pub(super) fn new(batches: Vec<RecordBatch>, on: Vec<String>) -> Self {
        Self { batches, on, rows: None }
    }
}

impl Step for AppendNewRows {
    fn apply<'a>(&'a mut self, draft: &'a mut Draft) -> BoxFuture<'a, Result<Effect>> {
        Box::pin(async move {
            let schema = draft.metadata.current_schema()?.clone();
            let mut keyed = Keyed::new(&schema, &self.batches, &self.on, Stays::First)?;
            let scan = draft.scan().select(keyed.keys.columns.iter().map(String::as_str));
            let mut there = HashSet::new();
            let mut batches = scan.filter(keyed.keys.filter.clone()).stream().await?;
            while let Some(batch) = batches.try_next().await? {
                there.extend(keyed.keys.of(&batch)?.into_iter().filter(|key| keyed.keys.contains(key)));
            }
            keyed.without(&there)?;
            if self.rows.as_ref().is_none_or(|(same, _)| *same != keyed.batches) {
                let rows = AppendRows::new(AppendedRows::of(schema, keyed.batches.clone()));
                self.rows = Some((keyed.batches, rows));
            }
            let Some((_, rows)) = &mut self.rows else { return Ok(Effect::default()) };
            rows.prepare(draft).await?;
            replace(draft, &Removal::default(), Some(rows)).await
        })
    }
}
