//! The changes that a transaction is made of.

use std::sync::Arc;

use crate::error::Result;
use crate::expr::Predicate;
use crate::parquet::conform;
use crate::runtime::BoxFuture;
use crate::spec::{Operation, Schema};
use crate::transaction::append::Appends;
use crate::transaction::draft::{Changes, Draft};
use crate::transaction::isolation::Guard;
use crate::transaction::metadata_change::MetadataChange;
use crate::transaction::remove::{Mode, Removal};
use crate::transaction::victims::Finder;
use crate::transaction::work::{AppendedRows, Content, Effect, Step};
use crate::write::PreparedFile;

/// Decides how rows are removed where some of a file are left.
const DELETE_MODE: &str = "write.delete.mode";

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
    appends: Appends,
}

impl AppendRows {
    pub(super) fn new(rows: AppendedRows) -> Self {
        Self { rows, appends: Appends::default() }
    }

    /// Prepares the files for the draft's schema.
    async fn prepare(&mut self, draft: &Draft) -> Result<()> {
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
            let victims = self.finder.find(draft, &self.filter, &self.guard).await?;
            self.removal.prepare(draft, &victims, Mode::of(draft, DELETE_MODE)?).await?;
            let mut effect = Effect { rows: 0, deleted: self.removal.rows };
            let (mut added, mut manifests) = (Vec::new(), Vec::new());
            if let Some(rows) = &mut self.rows {
                rows.prepare(draft).await?;
                effect.rows = rows.rows.rows;
                added.extend(rows.appends.files());
                manifests.extend(rows.appends.manifests());
            }
            if effect == Effect::default() {
                return Ok(effect);
            }
            // Where only files of deletes are added, rows are only removed.
            let only_removes = self.removal.files.iter().chain(added.iter().copied()).all(PreparedFile::is_of_deletes);
            added.extend(&self.removal.files);
            manifests.extend(&self.removal.manifests);
            draft
                .add_snapshot(Changes {
                    operation: if only_removes { Operation::Delete } else { Operation::Overwrite },
                    added,
                    manifests,
                    removed: &self.removal.removed,
                    properties: Vec::new(),
                })
                .await?;
            Ok(effect)
        })
    }
}
