//! What processes do. A new operation of the library joins here: a task, and a note of what it was told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use datashard::spec::{NestedField, PrimitiveType, Schema};
use datashard::store::ObjectStore;
use datashard::{ErrorKind, Resolution, Table, Warehouse};
use futures::TryStreamExt;

use crate::engine::Engine;
use crate::history::TABLE;
use crate::ledger::{LedgerRef, Seen};
use crate::process::{lock, request};
use crate::store::SimStore;
use crate::world::Op;

pub fn rows(ids: &[i64]) -> [RecordBatch; 1] {
    let ids: ArrayRef = Arc::new(Int64Array::from(ids.to_vec()));
    [RecordBatch::try_from_iter([("id", ids)]).unwrap()]
}

pub fn schema() -> Schema {
    Schema::new([NestedField::required("id", PrimitiveType::Long)]).unwrap()
}

/// A process that has opened the table, before anything goes wrong.
pub fn opened(engine: &mut Engine, seed: u64, skew: i64) -> Result<(usize, Warehouse, Table), String> {
    let process = engine.process(seed, skew);
    let warehouse = engine.warehouse(process);
    let opening = warehouse.clone();
    let table = engine.alone(process, async move { opening.open(TABLE).await })?;
    Ok((process, warehouse, table.map_err(|error| error.to_string())?))
}

/// Appends one row, and notes what came of it.
pub async fn append(table: Table, row: i64, ledger: LedgerRef) {
    let at = ledger.lock().unwrap().begin(row);
    let result = table.append(rows(&[row])).await;
    ledger.lock().unwrap().end(at, result);
}

/// Appends one row under a key, and once more if that was not heard to be committed.
pub async fn append_once(table: Table, row: i64, key: &'static str, ledger: LedgerRef) {
    for _ in 0..2 {
        let at = ledger.lock().unwrap().begin(row);
        let result = table.append(rows(&[row])).idempotency_key(key).await;
        let is_done = result.is_ok();
        ledger.lock().unwrap().end(at, result);
        if is_done {
            return;
        }
    }
}

/// Scans, and notes what was there.
pub async fn scan(table: Table, ledger: LedgerRef) {
    if table.refresh().await.is_err() {
        return;
    }
    let (version, scan) = (table.version(), table.scan().stream().await);
    let Ok(scan) = scan else { return };
    let Ok(batches) = scan.try_collect::<Vec<_>>().await else { return };
    ledger.lock().unwrap().scans.push(Seen { version, rows: ids(&batches) });
}

fn ids(batches: &[RecordBatch]) -> Vec<i64> {
    let ids = batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().iter().copied());
    let mut ids: Vec<i64> = ids.collect();
    ids.sort_unstable();
    ids
}

/// Settles what is unknown about the appends noted so far.
pub async fn resolve(table: Table, ledger: LedgerRef) -> Result<(), String> {
    let unknown = ledger.lock().unwrap().unknown();
    for (at, token) in unknown {
        match table.resolve(&token).await {
            Ok(Resolution::Committed { version }) => ledger.lock().unwrap().settle(at, Some(version)),
            Ok(Resolution::NotCommitted) => ledger.lock().unwrap().settle(at, None),
            Err(error) => return Err(format!("resolve({token}): {error}")),
        }
    }
    Ok(())
}

/// Appends, and asks at once what became of it when that is not known. Asking may fail too.
pub async fn append_and_resolve(table: Table, row: i64, ledger: LedgerRef) {
    append(table.clone(), row, ledger.clone()).await;
    let _ = resolve(table, ledger).await;
}

/// Opens the table, knowing nothing, and appends.
pub async fn open_and_append(warehouse: Warehouse, row: i64, ledger: LedgerRef) {
    if let Ok(table) = warehouse.open(TABLE).await {
        append(table, row, ledger).await;
    }
}

/// Opens the table, knowing nothing, and scans.
pub async fn open_and_scan(warehouse: Warehouse, ledger: LedgerRef) {
    match warehouse.open(TABLE).await {
        Ok(table) => scan(table, ledger).await,
        Err(error) if error.kind() == ErrorKind::Unavailable || error.kind() == ErrorKind::NotFound => {}
        Err(error) => ledger.lock().unwrap().complaints.push(format!("the table cannot be opened: {error}")),
    }
}

/// Creates the table, and appends to it.
pub async fn create(warehouse: Warehouse, row: i64, ledger: LedgerRef) {
    let created = warehouse.create(TABLE).schema(schema()).property(PLAIN.0, PLAIN.1).await;
    match created {
        Ok(table) => {
            ledger.lock().unwrap().created.push(table.metadata().table_uuid.clone());
            append(table, row, ledger).await;
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => open_and_append(warehouse, row, ledger).await,
        Err(_) => {}
    }
}

/// Small tables encode faster.
pub const PLAIN: (&str, &str) = ("write.parquet.compression-codec", "uncompressed");

/// Drops the table.
pub async fn drop_table(warehouse: Warehouse) {
    let _ = warehouse.drop_table(TABLE).await;
}

/// Lets time pass.
pub async fn wait(store: SimStore, by: Duration) {
    request(store.shared, store.process, Op::Tick { by }).await;
}

/// Sets a process's clock, while it works.
pub async fn step_clock(store: SimStore, by_millis: i64) {
    request(store.shared.clone(), store.process, Op::Tick { by: Duration::ZERO }).await;
    lock(&store.shared).processes[store.process].skew += by_millis;
}

/// Removes old metadata files as R3 says: the oldest first, one by one, while the one after is older than an hour by the
/// bucket's own clock. `careful` is false for a cleaner that does not look at the time.
pub async fn clean(store: SimStore, careful: bool) {
    let prefix = format!("{TABLE}/metadata/v");
    let Ok(found) = store.list(&prefix, None).try_collect::<Vec<_>>().await else { return };
    let number = |key: &str| key.strip_prefix(&prefix)?.strip_suffix(".metadata.json")?.parse::<u64>().ok();
    let files: BTreeMap<u64, _> = found.into_iter().filter_map(|meta| Some((number(&meta.key)?, meta))).collect();
    let files: Vec<_> = files.into_values().collect();
    for pair in files.windows(2) {
        let now = lock(&store.shared).world.now;
        let age = pair[1].last_modified.map_or(Duration::ZERO, |time| now.since(time));
        if (careful && age <= Duration::from_secs(3_600)) || store.delete(&pair[0].key).await.is_err() {
            return;
        }
    }
}

/// Removes everything under a prefix.
pub async fn remove(store: SimStore, prefix: &str) {
    let Ok(found) = store.list(prefix, None).try_collect::<Vec<_>>().await else { return };
    for meta in found {
        let _ = store.delete(&meta.key).await;
    }
}

/// Appends, and removes the data when it does not know what became of it.
pub async fn append_and_tidy(table: Table, store: SimStore, row: i64, ledger: LedgerRef) {
    append(table, row, ledger.clone()).await;
    let is_unknown = !ledger.lock().unwrap().unknown().is_empty();
    if is_unknown {
        remove(store, &format!("{TABLE}/data/")).await;
    }
}
