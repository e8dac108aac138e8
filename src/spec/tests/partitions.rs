//! How tables are divided, and how that changes.

use proptest::prelude::*;

use super::new_table;
use crate::ErrorKind;
use crate::spec::*;

fn schema() -> Schema {
    Schema::new([
        NestedField::required("id", PrimitiveType::Long),
        NestedField::optional("ts", PrimitiveType::Timestamptz),
        NestedField::optional("name", PrimitiveType::String),
        NestedField::optional("flag", PrimitiveType::Boolean),
        NestedField::optional("day", PrimitiveType::Date),
        NestedField::optional("at", Type::structure([NestedField::optional("city", PrimitiveType::String)])),
        NestedField::optional("tags", Type::list(PrimitiveType::String)),
        NestedField::optional("id_null", PrimitiveType::Int),
    ])
    .unwrap()
}

fn table(version: i32, terms: impl IntoIterator<Item = PartitionTerm>) -> TableMetadata {
    new_table(version, schema(), PartitionSpec::new(&schema(), terms).unwrap())
}

fn shown(spec: &PartitionSpec) -> String {
    let fields = spec.fields.iter();
    let fields =
        fields.map(|field| format!("{} {}={}({})", field.field_id, field.name, field.transform, field.source_id));
    fields.collect::<Vec<_>>().join(", ")
}

fn new() -> PartitionUpdate {
    PartitionUpdate::new()
}

/// Makes the changes.
fn update(table: &mut TableMetadata, update: PartitionUpdate) -> String {
    let before = table.clone();
    table.set_partition_spec(update.apply(table).unwrap()).unwrap();
    validate::step(&before, table).unwrap();
    shown(table.partition_spec(table.default_spec_id).unwrap())
}

fn refused(error: crate::Error) -> String {
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    error.to_string()
}

#[test]
fn terms_have_the_names_that_other_writers_give_them() {
    let terms = [identity("at.city"), bucket(16, "id"), truncate(4, "name"), day("ts"), void("flag"), year("day")];
    let spec = PartitionSpec::new(&schema(), terms).unwrap();
    assert_eq!(
        shown(&spec),
        "1000 at.city=identity(9), 1001 id_bucket=bucket[16](1), 1002 name_trunc=truncate[4](3), \
         1003 ts_day=day(2), 1004 flag_null=void(4), 1005 day_year=year(5)"
    );
    let named = PartitionSpec::new(&schema(), [hour("ts").named("h")]).unwrap();
    assert_eq!(shown(&named), "1000 h=hour(2)");
    let plain = PartitionSpec::new(&schema(), ["name", "flag"]).unwrap();
    assert_eq!(shown(&plain), "1000 name=identity(3), 1001 flag=identity(4)");
    let table = table(2, [month("ts")]);
    assert_eq!((table.last_partition_id, table.default_spec_id), (1000, 0));
    assert_eq!(new_table(2, schema(), PartitionSpec::unpartitioned()).last_partition_id, 999);
}

#[test]
fn terms_that_divide_nothing_are_refused() {
    for (terms, message) in [
        (vec![identity("nam")], "the table has no column `nam`; did you mean `name`"),
        (vec![bucket(4, "flag")], "column `flag`: bucket[4] is not for values of type boolean"),
        (vec![bucket(0, "id")], "column `id`: bucket[0] is not for"),
        (vec![truncate(0x8000_0000, "id")], "column `id`: truncate[2147483648] is not for"),
        (vec![truncate(4, "ts")], "column `ts`: truncate[4] is not for values of type timestamptz"),
        (vec![hour("day")], "column `day`: hour is not for values of type date"),
        (vec![year("id")], "column `id`: year is not for values of type long"),
        (vec![identity("at")], "column `at`: identity is for single values, and its type is struct"),
        (vec![identity("tags.element")], "column `tags.element`: identity is for single values, and a row has"),
        (vec![bucket(4, "id"), bucket(4, "id").named("b")], "redundant beside the partition field `id_bucket`"),
        (vec![day("ts"), hour("ts")], "column `ts`: hour is redundant beside the partition field `ts_day`"),
        (vec![bucket(4, "id"), bucket(8, "id")], "partition field `id_bucket`: another has this name"),
        (vec![bucket(4, "id").named("name")], "partition field `name`: a column has this name"),
        (vec![bucket(4, "id").named("id")], "partition field `id`: a column has this name"),
        (vec![identity("id").named("name")], "partition field `name`: a column has this name"),
        (vec![identity("id").named("at.city")], "partition field `at.city`: a column has this name"),
        (vec![void("id")], "partition field `id_null`: a column has this name"),
        (vec![identity("id").named("")], "a name is not empty"),
    ] {
        let error = refused(PartitionSpec::new(&schema(), terms).unwrap_err());
        assert!(error.contains(message), "{error}, not {message}");
    }
    PartitionSpec::new(&schema(), [bucket(4, "id"), bucket(8, "id").named("finer")]).unwrap();
}

#[test]
fn a_spec_that_follows_on_another_keeps_the_ids_of_its_fields() {
    let mut table = table(2, [day("ts"), bucket(16, "id")]);
    let spec = update(&mut table, new().remove("ts_day").add(hour("ts")).add(truncate(2, "name")));
    assert_eq!(spec, "1001 id_bucket=bucket[16](1), 1002 ts_hour=hour(2), 1003 name_trunc_2=truncate[2](3)");
    assert_eq!((table.default_spec_id, table.last_partition_id), (1, 1003));
    // What was a field before has its id again, and the name that it had.
    let spec = update(&mut table, new().remove("ts_hour").remove("name_trunc_2").add(day("ts")));
    assert_eq!(spec, "1001 id_bucket=bucket[16](1), 1000 ts_day=day(2)");
    let spec = update(&mut table, new().remove("ts_day").add(hour("ts").named("h")));
    assert_eq!(spec, "1001 id_bucket=bucket[16](1), 1002 h=hour(2)");
    assert_eq!((table.default_spec_id, table.last_partition_id), (3, 1003));
    // A spec that the table had is the same spec.
    let spec = update(&mut table, new().remove("id_bucket").remove("h").add(day("ts")).add(bucket(16, "id")));
    assert_eq!(spec, "1000 ts_day=day(2), 1001 id_bucket=bucket[16](1)");
    assert_eq!((table.default_spec_id, table.partition_specs.len()), (0, 4));
    let read = TableMetadata::from_json_bytes(&table.to_json_bytes()).unwrap();
    assert_eq!(read, table);
}

#[test]
fn in_version_1_a_field_that_is_removed_becomes_void() {
    let mut table = table(1, [day("ts"), bucket(16, "id")]);
    let spec = update(&mut table, new().remove("ts_day").add(hour("ts")));
    assert_eq!(spec, "1000 ts_day=void(2), 1001 id_bucket=bucket[16](1), 1002 ts_hour=hour(2)");
    assert!(refused(new().remove("ts_day").apply(&table).unwrap_err()).contains("there is `id_bucket`, `ts_hour`"));
    // Its name is free for another.
    let spec = update(&mut table, new().add(day("day").named("ts_day")));
    let rest = "1001 id_bucket=bucket[16](1), 1002 ts_hour=hour(2)";
    assert_eq!(spec, format!("1000 ts_day_1000=void(2), {rest}, 1003 ts_day=day(5)"));
    // Removed and added in one update it is what it was.
    let spec = update(&mut table, new().remove("ts_hour").add(hour("ts")));
    assert_eq!(spec, format!("1000 ts_day_1000=void(2), {rest}, 1003 ts_day=day(5)"));
    // Once more of version 2, the void field is the one that it was.
    table.upgrade(2).unwrap();
    let spec = update(&mut table, new().remove("ts_day").remove("ts_hour").add(day("ts")));
    assert_eq!(spec, "1000 ts_day=day(2), 1001 id_bucket=bucket[16](1)");
}

#[test]
fn partition_fields_are_renamed_but_not_to_the_name_of_another() {
    let mut table = table(2, [day("ts"), bucket(16, "id")]);
    let spec = update(&mut table, new().rename("ts_day", "d").add(identity("name")).rename("name", "n"));
    assert_eq!(spec, "1000 d=day(2), 1001 id_bucket=bucket[16](1), 1002 n=identity(3)");
    for (update, message) in [
        (new().rename("d", "id_bucket"), "partition field `id_bucket`: another has this name"),
        (new().rename("d", "name"), "partition field `name`: a column has this name"),
        (new().rename("d", ""), "a name is not empty"),
        (new().rename("gone", "x"), "the table has no partition field `gone`; there is `d`, `id_bucket`, `n`"),
        (new().remove("gone"), "the table has no partition field `gone`"),
        (new().add(day("ts")), "column `ts`: day is redundant beside the partition field `d`"),
        (new().add(year("day")).add(month("day")), "month is redundant beside the partition field `day_year`"),
        (new().add(bucket(16, "gone")), "the table has no column `gone`"),
    ] {
        let error = refused(update.apply(&table).unwrap_err());
        assert!(error.contains(message), "{error}, not {message}");
    }
    // Coarser than what is there is no use, but finer is how a table grows.
    new().add(hour("ts")).apply(&table).unwrap();
}

#[test]
fn a_field_that_is_not_known_is_removed_before_the_spec_is_changed() {
    let mut table = table(2, [day("ts")]);
    let mut spec = table.partition_specs[0].as_ref().clone();
    spec.fields[0].transform = Transform::Unknown("zorder".into());
    table.partition_specs = vec![spec.into()];
    let error = refused(new().add(bucket(4, "id")).apply(&table).unwrap_err());
    assert!(error.contains("partition field `ts_day`: zorder is not known: remove it first"), "{error}");
    assert_eq!(shown(&new().remove("ts_day").apply(&table).unwrap()), "");
}

#[derive(Clone, Debug)]
enum Step {
    Add(PartitionTerm),
    Remove(usize),
    Rename(usize, &'static str),
    Upgrade,
}

fn step() -> impl Strategy<Value = Step> {
    let term = prop::sample::select(vec![
        identity("id"),
        bucket(4, "id"),
        bucket(8, "id"),
        bucket(8, "id").named("b"),
        day("ts"),
        hour("ts"),
        year("day"),
        identity("name"),
        truncate(1, "name"),
    ]);
    prop_oneof![
        4 => term.prop_map(Step::Add),
        3 => (0..5_usize).prop_map(Step::Remove),
        1 => (0..5_usize, prop::sample::select(vec!["b", "c", "id"])).prop_map(|(at, name)| Step::Rename(at, name)),
        1 => Just(Step::Upgrade),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_partition_field_s_id_means_the_same_for_ever(
        version in 1..3_i32,
        steps in prop::collection::vec(step(), 1..20),
    ) {
        let mut table = table(version, []);
        for step in steps {
            let fields = &table.partition_spec(table.default_spec_id).unwrap().fields;
            let name = |at: usize| fields.get(at).map_or("gone".to_owned(), |field| field.name.clone());
            let changes = match step {
                Step::Add(term) => new().add(term),
                Step::Remove(at) => new().remove(name(at)),
                Step::Rename(at, to) => new().rename(name(at), to),
                Step::Upgrade => {
                    table.upgrade(2).unwrap();
                    continue;
                }
            };
            let Ok(spec) = changes.apply(&table) else { continue };
            let mut next = table.clone();
            next.set_partition_spec(spec.clone()).unwrap();
            prop_assert_eq!(&next.partition_spec(next.default_spec_id).unwrap().fields, &spec.fields);
            validate::step(&table, &next).unwrap();
            let read = TableMetadata::from_json_bytes(&next.to_json_bytes()).unwrap();
            prop_assert_eq!(&changes.apply(&TableMetadata::from_json_bytes(&table.to_json_bytes()).unwrap()).unwrap(), &spec);
            prop_assert_eq!(&read, &next);
            let mut meanings = std::collections::BTreeMap::new();
            for field in next.partition_specs.iter().flat_map(|spec| &spec.fields).filter(|field| field.transform != Transform::Void) {
                let meaning = (field.source_id, field.transform.clone());
                prop_assert_eq!(meanings.entry(field.field_id).or_insert(meaning.clone()), &meaning);
            }
            table = next;
        }
    }
}
