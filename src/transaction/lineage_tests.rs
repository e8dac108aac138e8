//! Row ids of tables of format version 3 under any changes by two writers who do not look what the other did before.

use std::collections::{BTreeMap, BTreeSet};

use futures::TryStreamExt;
use futures::executor::block_on;
use proptest::prelude::*;

use super::version_3_tests::{Row, named, open, read, table};
use crate::inspect::{Checked, Depth};
use crate::store::MemoryStore;
use crate::{Merge, Table, TransactionReceipt};

#[derive(Clone, Debug)]
enum Op {
    /// Ids that are not there, so many.
    Append(i64),
    Delete(i64, i64),
    Overwrite(i64, i64),
    Upsert(Vec<i64>),
    /// Updates those, and inserts none.
    Update(Vec<i64>),
    Upgrade,
    /// Two deletes and an append as one transaction.
    Several(i64, i64),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => (1..6_i64).prop_map(Op::Append),
        3 => (0..30_i64, 1..12_i64).prop_map(|(from, count)| Op::Delete(from, count)),
        1 => (0..30_i64, 1..12_i64).prop_map(|(from, count)| Op::Overwrite(from, count)),
        3 => prop::collection::btree_set(0..30_i64, 1..6).prop_map(|ids| Op::Upsert(ids.into_iter().collect())),
        2 => prop::collection::btree_set(0..30_i64, 1..6).prop_map(|ids| Op::Update(ids.into_iter().collect())),
        1 => Just(Op::Upgrade),
        1 => (0..30_i64, 0..30_i64).prop_map(|(a, b)| Op::Several(a, b)),
    ]
}

/// What the table should hold but for the ids, and whose rows are those of before.
struct Model {
    names: BTreeMap<i64, String>,
    next: i64,
}

impl Model {
    /// Makes the change to the model and to the table. Returns the ids of rows that were appended and that were updated.
    async fn run(&mut self, table: &Table, op: &Op, name: &str, mode: &str) -> (BTreeSet<i64>, BTreeSet<i64>) {
        let (mut new, mut updated) = (BTreeSet::new(), BTreeSet::new());
        let fresh = |next: &mut i64, count: i64| {
            *next += count;
            *next - count..*next
        };
        let change = table.transaction().set_property("write.delete.mode", mode).set_property("write.merge.mode", mode);
        let before = self.names.len() as u64;
        let receipt: TransactionReceipt = match op {
            Op::Append(count) => {
                new.extend(fresh(&mut self.next, *count));
                change.append(named(new.clone(), name)).await.unwrap()
            }
            Op::Delete(from, count) => {
                self.names.retain(|id, _| !(*from..from + count).contains(id));
                change.delete(format!("id >= {from} and id < {}", from + count)).await.unwrap()
            }
            Op::Overwrite(from, count) => {
                self.names.retain(|id, _| !(*from..from + count).contains(id));
                new.extend(fresh(&mut self.next, 2));
                let filter = format!("id >= {from} and id < {}", from + count);
                change.overwrite(filter, named(new.clone(), name)).await.unwrap()
            }
            Op::Upsert(ids) => {
                let (old, others) = ids.iter().partition(|id| self.names.contains_key(id));
                (updated, new) = (old, others);
                self.next = self.next.max(ids.last().unwrap() + 1);
                change.upsert(named(ids.clone(), name), ["id"]).await.unwrap()
            }
            Op::Update(ids) => {
                updated = ids.iter().copied().filter(|id| self.names.contains_key(id)).collect();
                change.merge(Merge::new(named(ids.clone(), name), ["id"]).when_matched_update()).await.unwrap()
            }
            Op::Upgrade => change.upgrade(3).await.unwrap(),
            Op::Several(a, b) => {
                self.names.retain(|id, _| id != a && id != b);
                new.extend(fresh(&mut self.next, 2));
                let change = change.delete(format!("id = {a}")).append(named(new.clone(), name));
                new.remove(b);
                change.delete(format!("id = {b}")).await.unwrap()
            }
        };
        if let Op::Delete(..) = op {
            assert_eq!(receipt.deleted, before - self.names.len() as u64);
        }
        self.names.extend(new.iter().chain(&updated).map(|id| (*id, name.to_owned())));
        (new, updated)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_keep_their_ids_whatever_is_changed_around_them(
        ops in prop::collection::vec((op(), any::<bool>(), any::<bool>()), 1..14),
        version in 2..4_i32,
    ) {
        block_on(async {
            let store = MemoryStore::new();
            let tables = [table(&store, version, "copy-on-write").await, open(&store).await];
            let reader = open(&store).await;
            let mut model = Model { names: BTreeMap::new(), next: 0 };
            let mut before: BTreeMap<i64, Row> = BTreeMap::new();
            for (step, (op, merge_on_read, who)) in ops.iter().enumerate() {
                let mode = if *merge_on_read { "merge-on-read" } else { "copy-on-write" };
                let next_row_id = reader.metadata().next_row_id.unwrap_or(0);
                let name = format!("step {step}");
                let (new, updated) = model.run(&tables[usize::from(*who)], op, &name, mode).await;
                let rows = read(&reader).await;
                let names: BTreeMap<_, _> = rows.iter().map(|row| (row.0, row.1.clone())).collect();
                prop_assert_eq!((&names, rows.len()), (&model.names, model.names.len()));
                let given: Vec<i64> = rows.iter().filter_map(|row| row.2).collect();
                let distinct: BTreeSet<i64> = given.iter().copied().collect();
                prop_assert_eq!(distinct.len(), given.len(), "two rows have the same id");
                let end = reader.metadata().next_row_id.unwrap_or(0);
                prop_assert!(distinct.last().is_none_or(|last| *last < end));
                let now = reader.metadata().last_sequence_number;
                for row in &rows {
                    let (id, _, row_id, sequence_number) = row;
                    prop_assert_eq!(row_id.is_some(), sequence_number.is_some());
                    if new.contains(id) {
                        prop_assert!(row_id.is_none_or(|own| own >= next_row_id), "{:?} has an old id", row);
                    } else if let Some((.., Some(old), since)) = before.get(id) {
                        prop_assert_eq!(*row_id, Some(*old));
                        prop_assert!(updated.contains(id) || sequence_number == since, "{:?} was not updated", row);
                    }
                    if updated.contains(id) || new.contains(id) {
                        prop_assert!(sequence_number.is_none_or(|own| own <= now && own > now - 3), "{:?}", row);
                    }
                }
                before = rows.into_iter().map(|row| (row.0, row)).collect();
            }
            let checked: Vec<Checked> = open(&store).await.inspect().verify(Depth::Rows).try_collect().await.unwrap();
            let wrong: Vec<_> = checked.iter().filter(|file| !file.problems.is_empty()).collect();
            prop_assert!(wrong.is_empty(), "{:?}", wrong);
            Ok(())
        })?;
    }
}
