//! Transactions, as the facade collects them.

use js_sys::{Array, BigInt};
use wasm_bindgen::prelude::*;

use crate::Transaction;
use crate::error::{Error, Result};
use crate::spec::TableMetadata;
use crate::transaction::{Isolation, MetadataChange, TransactionReceipt};
use crate::wasm::abort::{Signal, abortable};
use crate::wasm::object::{count, object};
use crate::wasm::options::Options;
use crate::wasm::pieces::{Thrown, pieces};
use crate::wasm::table::JsTable;

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
        let options = Options::new(options, "transaction", &["isolation", "decidedOn", "idempotencyKey"])?;
        match options.string("isolation")?.as_deref() {
            None | Some("serializable") => {}
            Some("snapshot") => transaction = transaction.isolation(Isolation::Snapshot),
            Some(_) => return Err(Error::invalid_input("isolation is `serializable` or `snapshot`").into()),
        }
        if let Some(snapshot_id) = options.id("decidedOn")? {
            transaction = transaction.decided_on(snapshot_id);
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
    let change = Options::new(change, "change", &["kind", "filter", "rows", "name", "value"])?;
    let rows = |metadata: &TableMetadata| {
        let missing = || Error::invalid_input("the change needs `rows`");
        let next = change.function("rows")?.ok_or_else(missing)?;
        Ok::<_, Error>(pieces(next, metadata.current_schema()?.clone(), thrown.clone()))
    };
    let mut of_metadata = |made: MetadataChange| {
        made.apply(metadata)?;
        Ok::<_, Error>(made)
    };
    Ok(match change.required_string("kind")?.as_str() {
        "append" => transaction.append_stream(rows(metadata)?),
        "delete" => transaction.delete(change.required_string("filter")?),
        "overwrite" => transaction.overwrite_stream(change.required_string("filter")?, rows(metadata)?),
        "setProperty" => {
            let (name, value) = (change.required_string("name")?, change.required_string("value")?);
            transaction.metadata(of_metadata(MetadataChange::SetProperty(name, value))?)
        }
        "removeProperty" => {
            let made = MetadataChange::RemoveProperty(change.required_string("name")?);
            transaction.metadata(of_metadata(made)?)
        }
        other => return Err(Error::invalid_input(format!("there is no change `{other}`"))),
    })
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
