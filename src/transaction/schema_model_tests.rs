//! Any changes of columns: rows of before are read as a table in memory would have them.

use std::collections::BTreeMap;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use futures::executor::block_on;
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use crate::spec::{NestedField, PrimitiveType, Schema, SchemaUpdate, StructType, Type};
use crate::store::MemoryStore;
use crate::{Table, Warehouse};

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// A column or, in the struct `s`, a field. Columns of one name at different times are different ones.
#[derive(Clone, Debug)]
struct Column {
    number: usize,
    nested: bool,
    name: &'static str,
    is_long: bool,
}

impl Column {
    fn path(&self) -> String {
        if self.nested { format!("s.{}", self.name) } else { self.name.to_owned() }
    }
}

#[derive(Clone, Debug)]
enum Op {
    Add { nested: bool, name: usize, is_long: bool },
    Drop(usize),
    Rename(usize, usize),
    Widen(usize),
    MoveFirst(usize),
    MoveAfter(usize, usize),
    Append(Vec<Option<i32>>),
    Delete(usize),
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let at = || 0..8_usize;
    let op = prop_oneof![
        3 => (any::<bool>(), 0..5_usize, any::<bool>()).prop_map(|(nested, name, is_long)| Op::Add { nested, name, is_long }),
        2 => at().prop_map(Op::Drop),
        3 => (at(), 0..5_usize).prop_map(|(column, name)| Op::Rename(column, name)),
        1 => at().prop_map(Op::Widen),
        1 => at().prop_map(Op::MoveFirst),
        1 => (at(), at()).prop_map(|(column, after)| Op::MoveAfter(column, after)),
        4 => prop::collection::vec(prop::option::of(any::<i32>()), 1..8).prop_map(Op::Append),
        1 => at().prop_map(Op::Delete),
    ];
    prop::collection::vec(op, 1..16)
}

#[derive(Debug, Default)]
struct Model {
    columns: Vec<Column>,
    made: usize,
    /// By key: values by the numbers of columns.
    rows: BTreeMap<i64, BTreeMap<usize, i64>>,
    next_key: i64,
}

impl Model {
    fn at(&self, at: usize) -> Option<usize> {
        (!self.columns.is_empty()).then(|| at % self.columns.len())
    }

    fn has(&self, nested: bool, name: &str) -> bool {
        self.columns.iter().any(|column| column.nested == nested && column.name == name)
    }

    /// Makes a change of columns; `None` if it would be none.
    fn change(&mut self, op: &Op) -> Option<SchemaUpdate> {
        let update = SchemaUpdate::new();
        match *op {
            Op::Add { nested, name, is_long } => {
                let name = NAMES[name];
                if self.has(nested, name) {
                    return None;
                }
                self.made += 1;
                self.columns.push(Column { number: self.made, nested, name, is_long });
                let primitive = if is_long { PrimitiveType::Long } else { PrimitiveType::Int };
                Some(update.add_field(if nested { "s" } else { "" }, NestedField::optional(name, primitive)))
            }
            Op::Drop(at) => {
                let column = self.columns.remove(self.at(at)?);
                Some(update.drop_column(column.path()))
            }
            Op::Rename(at, name) => {
                let (at, name) = (self.at(at)?, NAMES[name]);
                if self.has(self.columns[at].nested, name) {
                    return None;
                }
                let update = update.rename_column(self.columns[at].path(), name);
                self.columns[at].name = name;
                Some(update)
            }
            Op::Widen(at) => {
                let at = self.at(at)?;
                self.columns[at].is_long = true;
                Some(update.update_type(self.columns[at].path(), PrimitiveType::Long))
            }
            Op::MoveFirst(at) => Some(update.move_first(self.columns[self.at(at)?].path())),
            Op::MoveAfter(at, after) => {
                let (at, after) = (&self.columns[self.at(at)?], &self.columns[self.at(after)?]);
                let can = at.nested == after.nested && at.number != after.number;
                can.then(|| update.move_after(at.path(), after.path()))
            }
            Op::Append(_) | Op::Delete(_) => None,
        }
    }

    /// A row with these values, one for each column, over and over.
    fn append(&mut self, values: &[Option<i32>]) -> Json {
        self.next_key += 1;
        let (mut row, mut record, mut inner) = (BTreeMap::new(), Map::new(), Map::new());
        record.insert("k".to_owned(), json!(self.next_key));
        for (column, value) in self.columns.iter().zip(values.iter().cycle()) {
            if let Some(value) = value {
                row.insert(column.number, i64::from(*value));
            }
            let into = if column.nested { &mut inner } else { &mut record };
            into.insert(column.name.to_owned(), json!(value));
        }
        inner.insert("z".to_owned(), json!(self.next_key));
        record.insert("s".to_owned(), Json::Object(inner));
        self.rows.insert(self.next_key, row);
        Json::Object(record)
    }

    fn check(&self, read: &BTreeMap<i64, BTreeMap<String, i64>>) {
        let expected = self.rows.iter().map(|(key, row)| {
            let values = self.columns.iter().filter_map(|column| Some((column.path(), *row.get(&column.number)?)));
            (*key, values.chain([("s.z".to_owned(), *key)]).collect())
        });
        assert_eq!(*read, expected.collect::<BTreeMap<i64, BTreeMap<String, i64>>>());
    }
}

/// The values that are not null, by column.
async fn read(table: &Table) -> BTreeMap<i64, BTreeMap<String, i64>> {
    fn value(array: &ArrayRef, row: usize) -> Option<i64> {
        array.is_valid(row).then(|| match array.data_type() {
            DataType::Int32 => array.as_primitive::<Int32Type>().value(row).into(),
            _ => array.as_primitive::<Int64Type>().value(row),
        })
    }
    let mut rows = BTreeMap::new();
    for batch in table.scan().collect().await.unwrap() {
        let structure = batch.column_by_name("s").unwrap().as_struct();
        for row in 0..batch.num_rows() {
            let plain = batch.schema_ref().fields().iter().zip(batch.columns());
            let plain = plain.filter(|(field, _)| !["k", "s"].contains(&field.name().as_str()));
            let plain = plain.map(|(field, array)| (field.name().clone(), array));
            let inner = structure.fields().iter().zip(structure.columns());
            let inner = inner.map(|(field, array)| (format!("s.{}", field.name()), array));
            let values = plain.chain(inner).filter_map(|(name, array)| Some((name, value(array, row)?)));
            rows.insert(value(batch.column_by_name("k").unwrap(), row).unwrap(), values.collect());
        }
    }
    rows
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_of_before_have_the_columns_of_now_whatever_was_done_to_them(ops in ops(), version in 2..=3) {
        block_on(async {
            let inner = StructType { fields: vec![NestedField::optional("z", PrimitiveType::Long)] };
            let schema = Schema::new([
                NestedField::required("k", PrimitiveType::Long),
                NestedField::optional("s", Type::Struct(inner)),
            ]);
            let create = Warehouse::new(MemoryStore::new()).create("t").schema(schema.unwrap());
            let table = create.format_version(version).await.unwrap();
            let mut model = Model::default();
            for op in &ops {
                match op {
                    Op::Append(values) => {
                        // In one file, so that some of it may be deleted.
                        let records: Vec<Json> = (0..values.len().min(3)).map(|n| model.append(&values[n..])).collect();
                        table.append_records(&records).await.unwrap();
                    }
                    // What is left of a file is written anew, with the columns of now.
                    Op::Delete(at) => {
                        let key = model.rows.keys().nth(*at % model.rows.len().max(1)).copied();
                        if let Some(key) = key {
                            model.rows.remove(&key);
                            table.delete(format!("k = {key}")).await.unwrap();
                        }
                    }
                    change => {
                        if let Some(update) = model.change(change) {
                            table.update_schema(update).await.unwrap();
                        }
                    }
                }
                model.check(&read(&table).await);
            }
        });
    }
}
