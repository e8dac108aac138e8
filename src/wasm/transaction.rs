//! Transactions, as the facade collects them.

use std::sync::Arc;

use js_sys::{Array, BigInt};
use wasm_bindgen::prelude::*;

use crate::error::{Error, Result};
use crate::spec::{NestedField, NewRef, RefKind, RefUpdate, Schema, SchemaUpdate, TableMetadata};
use crate::transaction::{Isolation, MetadataChange, TransactionReceipt};
use crate::wasm::abort::{Signal, abortable};
use crate::wasm::object::{count, object};
use crate::wasm::options::Options;
use crate::wasm::pieces::{Thrown, pieces};
use crate::wasm::schema_from::schema_from;
use crate::wasm::table::JsTable;
use crate::{Merge, Transaction};

#[wasm_bindgen(js_class = Table)]
impl JsTable {
    /// Makes changes that take effect together, or not at all: each an object with a `kind`, and what it needs.
    #[wasm_bindgen(js_name = commitChanges, unchecked_return_type = "TransactionReceipt")]
    pub async fn commit_changes(
        &self,
        changes: Array,
        #[wasm_bindgen(unchecked_optional_param_type = "TransactionOptions")] options: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "AbortSignal")] signal: Option<Signal>,
    ) -> Result<JsValue, JsValue> {
        let thrown = Thrown::default();
        let mut transaction = self.0.transaction();
        // Rows are those of the columns that the changes before them make.
        let mut metadata = (*self.0.metadata()).clone();
        for change in changes.iter() {
            transaction = with(transaction, change, &mut metadata, &thrown)?;
        }
        let options = Options::new(options, "transaction", &["isolation", "decidedOn", "branch", "idempotencyKey"])?;
        match options.string("isolation")?.as_deref() {
            None | Some("serializable") => {}
            Some("snapshot") => transaction = transaction.isolation(Isolation::Snapshot),
            Some(_) => return Err(Error::invalid_input("isolation is `serializable` or `snapshot`").into()),
        }
        if let Some(snapshot_id) = options.id("decidedOn")? {
            transaction = transaction.decided_on(snapshot_id);
        }
        if let Some(branch) = options.string("branch")? {
            transaction = transaction.to_branch(branch);
        }
        if let Some(key) = options.string("idempotencyKey")? {
            transaction = transaction.idempotency_key(key);
        }
        let done = abortable(signal, Box::pin(async { receipt(transaction.await?) })).await;
        // What the caller's rows threw, as it was.
        thrown.take().map_or(done, Err)
    }
}

fn with<'a>(
    transaction: Transaction<'a>,
    change: JsValue,
    metadata: &mut TableMetadata,
    thrown: &Thrown,
) -> Result<Transaction<'a>> {
    let known = &[
        "kind",
        "filter",
        "rows",
        "name",
        "value",
        "parent",
        "field",
        "to",
        "before",
        "after",
        "on",
        "snapshotId",
        "maxRefAgeMs",
        "minSnapshotsToKeep",
        "maxSnapshotAgeMs",
        "columns",
        "clauses",
        "lastWins",
        "files",
    ];
    let change = Options::new(change, "change", known)?;
    let rows_of = |schema: Arc<Schema>| {
        let missing = || Error::invalid_input("the change needs `rows`");
        Ok::<_, Error>(pieces(change.function("rows")?.ok_or_else(missing)?, schema, thrown.clone()))
    };
    let rows = |metadata: &TableMetadata| rows_of(metadata.current_schema()?.clone());
    let mut of_metadata = |made: MetadataChange| {
        made.apply(metadata)?;
        Ok::<_, Error>(made)
    };
    let kind = change.required_string("kind")?;
    if let Some(update) = schema_update(&kind, &change)? {
        return Ok(transaction.metadata(of_metadata(MetadataChange::Schema(update))?));
    }
    if let Some(update) = ref_update(&kind, &change)? {
        return Ok(transaction.refs(update));
    }
    Ok(match kind.as_str() {
        "append" => transaction.append_stream(rows(metadata)?),
        "delete" => transaction.delete(change.required_string("filter")?),
        "overwrite" => transaction.overwrite_stream(change.required_string("filter")?, rows(metadata)?),
        "upsert" => transaction.upsert_stream(rows(metadata)?, change.strings("on")?.unwrap_or_default()),
        "appendNew" => transaction.append_new_stream(rows(metadata)?, change.strings("on")?.unwrap_or_default()),
        "merge" => {
            let rows = rows_of(source_schema(metadata.current_schema()?, change.get("columns"))?);
            transaction.merge(clauses(Merge::of_stream(rows?, change.strings("on")?.unwrap_or_default()), &change)?)
        }
        "addFiles" => transaction.add_files(change.strings("files")?.unwrap_or_default()),
        "overwritePartitions" => transaction.overwrite_partitions_stream(rows(metadata)?),
        "setProperty" => {
            let (name, value) = (change.required_string("name")?, change.required_string("value")?);
            transaction.metadata(of_metadata(MetadataChange::SetProperty(name, value))?)
        }
        "removeProperty" => {
            let made = MetadataChange::RemoveProperty(change.required_string("name")?);
            transaction.metadata(of_metadata(made)?)
        }
        "cherryPick" => transaction.cherry_pick(change.required_id("snapshotId")?),
        other => return Err(Error::invalid_input(format!("there is no change `{other}`"))),
    })
}

/// The columns of a source: those of the table, or some of them by name, and others as fields.
fn source_schema(table: &Arc<Schema>, columns: Option<JsValue>) -> Result<Arc<Schema>> {
    let Some(columns) = columns else { return Ok(table.clone()) };
    let wrong = || Error::invalid_input("`columns` must be an array of names of columns, and of fields");
    let columns = columns.dyn_into::<Array>().map_err(|_| wrong())?;
    let mut fields = Vec::new();
    for column in columns.iter() {
        match column.as_string() {
            Some(name) => fields.push(table.column(&name)?.clone()),
            None => fields.push(field_from(&column)?),
        }
    }
    Schema::new(fields).map(Arc::new)
}

/// What a merge does, clause by clause.
fn clauses<'a>(mut merge: Merge<'a>, change: &Options) -> Result<Merge<'a>> {
    let wrong = || {
        Error::invalid_input(
            "a clause is {when: 'matched', then: 'update' or 'delete'}, or {when: 'not matched', then: 'insert'}",
        )
    };
    let clauses = change.get("clauses").and_then(|clauses| clauses.dyn_into::<Array>().ok()).ok_or_else(wrong)?;
    for clause in clauses.iter() {
        let clause = Options::new(clause, "clause", &["when", "then", "if"])?;
        let (when, then) = (clause.required_string("when")?, clause.required_string("then")?);
        merge = match (&*when, &*then, clause.string("if")?) {
            ("matched", "update", None) => merge.when_matched_update(),
            ("matched", "update", Some(condition)) => merge.when_matched_update_if(condition),
            ("matched", "delete", None) => merge.when_matched_delete(),
            ("matched", "delete", Some(condition)) => merge.when_matched_delete_if(condition),
            ("not matched", "insert", None) => merge.when_not_matched_insert(),
            ("not matched", "insert", Some(condition)) => merge.when_not_matched_insert_if(condition),
            _ => return Err(wrong()),
        };
    }
    Ok(if change.bool("lastWins")?.unwrap_or(false) { merge.last_wins() } else { merge })
}

fn field_from(field: &JsValue) -> Result<NestedField> {
    let schema = schema_from(&object(&[("fields", Array::of1(field).into())]).unwrap_or_default())?;
    let field = schema.fields().first().cloned();
    field.ok_or_else(|| Error::invalid_input("the change needs `field`"))
}

/// A change of branches and tags, if that is what it is.
fn ref_update(kind: &str, change: &Options) -> Result<Option<RefUpdate>> {
    let name = || change.required_string("name");
    Ok(Some(match kind {
        "createBranch" | "createTag" => {
            let of = if kind == "createTag" { RefKind::Tag } else { RefKind::Branch };
            let mut new = NewRef::new(name()?, of);
            new.at = change.id("snapshotId")?;
            new.target.max_ref_age_ms = change.id("maxRefAgeMs")?;
            let least = change.count("minSnapshotsToKeep")?;
            new.target.min_snapshots_to_keep = least.map(|least| i32::try_from(least).unwrap_or(i32::MAX));
            new.target.max_snapshot_age_ms = change.id("maxSnapshotAgeMs")?;
            RefUpdate::Create(new)
        }
        "dropBranch" => RefUpdate::Drop(name()?, RefKind::Branch),
        "dropTag" => RefUpdate::Drop(name()?, RefKind::Tag),
        "fastForward" => RefUpdate::FastForward { branch: name()?, to: change.required_string("to")? },
        "rollbackTo" => RefUpdate::RollBack(change.required_id("snapshotId")?),
        _ => return Ok(None),
    }))
}

/// A change of columns, if that is what it is.
fn schema_update(kind: &str, change: &Options) -> Result<Option<SchemaUpdate>> {
    let (update, name) = (SchemaUpdate::new(), || change.required_string("name"));
    let field = || field_from(&change.get("field").unwrap_or_default());
    Ok(Some(match kind {
        "addColumn" => update.add_field(change.string("parent")?.unwrap_or_default(), field()?),
        "dropColumn" => update.drop_column(name()?),
        "renameColumn" => update.rename_column(name()?, change.required_string("to")?),
        "updateType" => update.update_type(name()?, field()?.field_type),
        "makeOptional" => update.make_optional(name()?),
        "setDoc" => update.set_doc(name()?, change.string("value")?.as_deref()),
        "moveColumn" => match (change.string("before")?, change.string("after")?) {
            (Some(before), _) => update.move_before(name()?, before),
            (None, Some(after)) => update.move_after(name()?, after),
            (None, None) => update.move_first(name()?),
        },
        _ => return Ok(None),
    }))
}

fn receipt(receipt: TransactionReceipt) -> Result<JsValue, JsValue> {
    let ids: Array = receipt.snapshot_ids.into_iter().map(|id| JsValue::from(BigInt::from(id))).collect();
    object(&[
        ("version", count(receipt.version)),
        ("snapshotIds", ids.into()),
        ("rows", count(receipt.rows)),
        ("deleted", count(receipt.deleted)),
        ("repeated", receipt.repeated.into()),
        ("attempts", receipt.attempts.into()),
        ("conflicts", receipt.conflicts.into()),
    ])
}
