//! Properties over random sequences of changes.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{new, schema, table_of};
use crate::spec::{NestedField, PrimitiveType, Schema, SchemaUpdate, TableMetadata, Type};

/// One change, with numbers for the columns that it is about: of those that are there when it is made.
#[derive(Clone, Debug)]
enum Step {
    Add(usize, u8, u8),
    Drop(usize),
    Rename(usize, u8),
    First(usize),
    Before(usize, usize),
    After(usize, usize),
    Widen(usize, u8),
    Optional(usize),
    Doc(usize, u8),
    Identify(usize),
    Union(u8, u8),
}

fn step() -> impl Strategy<Value = Step> {
    let at = || 0..40_usize;
    let few = || 0..6_u8;
    prop_oneof![
        5 => (at(), few(), few()).prop_map(|(at, name, kind)| Step::Add(at, name, kind)),
        3 => at().prop_map(Step::Drop),
        2 => (at(), few()).prop_map(|(at, name)| Step::Rename(at, name)),
        1 => at().prop_map(Step::First),
        1 => (at(), at()).prop_map(|(at, other)| Step::Before(at, other)),
        1 => (at(), at()).prop_map(|(at, other)| Step::After(at, other)),
        2 => (at(), few()).prop_map(|(at, kind)| Step::Widen(at, kind)),
        1 => at().prop_map(Step::Optional),
        1 => (at(), few()).prop_map(|(at, text)| Step::Doc(at, text)),
        1 => at().prop_map(Step::Identify),
        1 => (few(), few()).prop_map(|(name, kind)| Step::Union(name, kind)),
    ]
}

fn kind(number: u8) -> Type {
    let inner = || NestedField::optional("a", PrimitiveType::Int);
    match number {
        0 => PrimitiveType::Int.into(),
        1 => PrimitiveType::Long.into(),
        2 => Type::structure([inner(), NestedField::required("b", PrimitiveType::Date)]),
        3 => Type::list(Type::structure([inner()])),
        4 => Type::map(PrimitiveType::String, Type::structure([inner()])),
        _ => Type::Unknown,
    }
}

fn named(number: u8) -> &'static str {
    ["a", "b", "c", "d.e", "name", "x y"][usize::from(number)]
}

/// The change for a schema as it is.
fn change(step: &Step, schema: &Schema) -> SchemaUpdate {
    let names: Vec<String> = schema.walk().into_iter().map(|(name, _)| name).collect();
    let name = |at: usize| names[at % names.len()].clone();
    match *step {
        Step::Add(at, text, number) => {
            let parent = if at % 3 == 0 { String::new() } else { name(at) };
            new().add_field(parent, NestedField::optional(named(text), kind(number)))
        }
        Step::Drop(at) => new().drop_column(name(at)),
        Step::Rename(at, text) => new().rename_column(name(at), named(text)),
        Step::First(at) => new().move_first(name(at)),
        Step::Before(at, other) => new().move_before(name(at), name(other)),
        Step::After(at, other) => new().move_after(name(at), name(other)),
        Step::Widen(at, number) => new().update_type(name(at), kind(number)),
        Step::Optional(at) => new().make_optional(name(at)),
        Step::Doc(at, text) => new().set_doc(name(at), Some(named(text))),
        Step::Identify(at) => new().set_identifier_fields([name(at)]),
        Step::Union(text, number) => {
            new().union_by_name(Schema::new([NestedField::required(named(text), kind(number))]).unwrap())
        }
    }
}

fn ids(schema: &Schema) -> Vec<i32> {
    schema.walk().into_iter().map(|(_, field)| field.id).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ids_are_unique_and_never_used_again_and_every_name_is_found(steps in prop::collection::vec(step(), 1..24)) {
        let mut table = table_of(3, schema());
        let mut mapping: Vec<&NestedField> = Vec::new();
        let first = schema();
        mapping.extend(first.fields());
        let mapping = crate::spec::name_mapping::mapping_of(&mapping).to_string();
        table.properties.insert("schema.name-mapping.default".into(), mapping);
        // What an id once was, and the ids that were dropped.
        let mut kinds: BTreeMap<i32, bool> = BTreeMap::new();
        let mut gone = Vec::new();
        let mut made = 0;
        for step in steps {
            let before = table.current_schema().unwrap().clone();
            let Ok(after) = change(&step, &before).apply(&table) else { continue };
            made += 1;
            let (old, new) = (ids(&before), ids(&after));
            let mut unique = new.clone();
            unique.sort_unstable();
            unique.dedup();
            prop_assert_eq!(unique.len(), new.len());
            gone.extend(old.iter().filter(|id| !new.contains(id)));
            prop_assert!(!new.iter().any(|id| gone.contains(id)), "{step:?} uses an id again");
            prop_assert!(new.iter().all(|id| old.contains(id) || *id > table.last_column_id));
            for (name, field) in after.walk() {
                prop_assert_eq!(after.field_by_name(&name).map(|found| found.id), Some(field.id), "{}", name);
                let nested = !field.field_type.children().is_empty();
                let was = kinds.entry(field.id).or_insert(nested);
                prop_assert!(*was == nested || before.field_by_id(field.id).is_some_and(|old| old.field_type == Type::Unknown));
                *was = nested;
            }
            let next = {
                let mut next = table.clone();
                next.set_schema(after.clone()).unwrap();
                next
            };
            prop_assert!(next.current_schema().unwrap().same_fields(&after));
            prop_assert!(next.name_mapping().unwrap().is_some());
            // What was written is what is read, and the same changes of it give the same schema.
            let read = TableMetadata::from_json_bytes(&next.to_json_bytes()).unwrap();
            prop_assert_eq!(&read, &next);
            let base = TableMetadata::from_json_bytes(&table.to_json_bytes()).unwrap();
            prop_assert_eq!(&change(&step, &before).apply(&base).unwrap(), &after);
            crate::spec::validate::step(&table, &next).unwrap();
            table = next;
        }
        prop_assume!(made > 0);
    }

    #[test]
    fn changes_in_one_update_are_the_same_as_one_after_the_other(steps in prop::collection::vec(step(), 1..12)) {
        let base = table_of(3, schema());
        let (mut table, mut all) = (base.clone(), new());
        for step in steps {
            let one = change(&step, table.current_schema().unwrap());
            let Ok(after) = one.apply(&table) else { continue };
            table.set_schema(after).unwrap();
            all.changes.extend(one.changes);
        }
        let at_once = all.apply(&base).unwrap();
        // Ids of columns that came and went are the same too.
        prop_assert_eq!(at_once.as_struct(), table.current_schema().unwrap().as_struct());
        prop_assert_eq!(at_once.identifier_field_ids(), table.current_schema().unwrap().identifier_field_ids());
    }
}
