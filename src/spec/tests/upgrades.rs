//! Later versions of the format, and what no commit may break.

use std::sync::Arc;

use serde_json::json;

use super::new_table;
use crate::ErrorKind;
use crate::spec::*;

fn table(version: i32) -> TableMetadata {
    let schema = Schema::new([
        NestedField::required("id", PrimitiveType::Int),
        NestedField::optional("name", PrimitiveType::String),
    ]);
    let schema = schema.unwrap();
    let spec = PartitionSpec::new(&schema, [bucket(4, "id")]).unwrap();
    new_table(version, schema, spec)
}

#[test]
fn tables_become_later_versions_and_never_earlier_ones() {
    let mut table = table(1);
    table.upgrade(1).unwrap();
    table.upgrade(2).unwrap();
    assert_eq!((table.format_version, table.next_row_id), (2, None));
    let before = table.clone();
    table.upgrade(3).unwrap();
    assert_eq!((table.format_version, table.next_row_id), (3, Some(0)));
    validate::step(&before, &table).unwrap();
    // Once more it is nothing new.
    table.next_row_id = Some(7);
    table.upgrade(3).unwrap();
    assert_eq!(table.next_row_id, Some(7));
    let error = table.upgrade(2).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(error.to_string(), "format version 2 cannot follow on 3: versions never fall");
    assert!(table.upgrade(4).unwrap_err().to_string().contains("versions 1 to 3 are known"));
    assert_eq!(
        (new_table(3, before.current_schema().unwrap().as_ref().clone(), PartitionSpec::unpartitioned())).next_row_id,
        Some(0)
    );
}

#[test]
fn a_table_of_version_1_that_lacks_what_later_ones_need_stays_as_it_is() {
    let mut inline = table(1);
    let snapshot = json!({"snapshot-id": 5, "timestamp-ms": 1, "manifests": ["s3://b/t/m.avro"]});
    inline.snapshots.push(Arc::new(Snapshot::from_json(snapshot, String::new()).unwrap()));
    let mut nameless = table(1);
    nameless.table_uuid.clear();
    for (mut table, message) in [(inline, "snapshot 5 has no manifest list"), (nameless, "the table has no UUID")] {
        let error = table.upgrade(3).unwrap_err();
        assert_eq!((error.kind(), table.format_version), (ErrorKind::Unsupported, 1));
        assert!(error.to_string().contains(message), "{error}");
    }
}

#[test]
fn types_and_defaults_of_version_3_are_for_its_tables_only() {
    let of = |field: NestedField, version| Schema::new([field]).unwrap().checked(version);
    of(NestedField::required("a", PrimitiveType::Int), 2).unwrap();
    let mut default = NestedField::optional("a", PrimitiveType::Int);
    default.initial_default = Some(json!(1));
    let stamp = NestedField::optional("a", PrimitiveType::TimestampNs);
    for field in [stamp, NestedField::optional("a", Type::list(Type::Variant)), default] {
        let error = of(field.clone(), 2).unwrap_err();
        assert!(error.to_string().starts_with("column `a`: "), "{error}");
        assert!(error.to_string().ends_with("needs format version 3, and the table has 2"), "{error}");
        of(field, 3).unwrap();
    }
    assert!(of(NestedField::required("a", Type::Unknown), 3).is_err());
}

fn schema_of(table: &TableMetadata, fields: Vec<NestedField>) -> Arc<Schema> {
    let id = i32::try_from(table.schemas.len()).unwrap();
    Arc::new(Schema::with_ids(id, StructType { fields }).unwrap())
}

#[test]
fn a_version_that_would_change_what_ids_mean_is_never_committed() {
    let long = NestedField::optional("id", PrimitiveType::Long);
    type Change<'a> = &'a dyn Fn(&mut TableMetadata);
    let breaks: [(&str, Change<'_>); 12] = [
        ("a column's type only widens", &|next| {
            next.schemas.push(schema_of(next, vec![NestedField::optional("id", PrimitiveType::String).id(1)]));
        }),
        ("a column's type only widens", &|next| {
            next.schemas.push(schema_of(next, vec![NestedField::optional("id", Type::Variant).id(1)]));
        }),
        ("last-column-id is that of the last column", &|next| {
            next.schemas.push(schema_of(next, vec![long.clone().id(4)]));
        }),
        ("ids of columns are not used again", &|next| {
            next.schemas.push(schema_of(next, vec![long.clone().id(3)]));
        }),
        ("ids of schemas are unique", &|next| {
            let schema = schema_of(next, vec![long.clone().id(1)]);
            next.schemas.extend([schema.clone(), schema]);
        }),
        ("schemas stay", &|next| {
            next.schemas =
                vec![Arc::new(Schema::with_ids(0, StructType { fields: vec![long.clone().id(1)] }).unwrap())];
        }),
        ("partition specs stay", &|next| next.partition_specs = vec![Arc::new(PartitionSpec::unpartitioned())]),
        ("a partition field's id means the same", &|next| {
            let mut spec = next.partition_specs[0].as_ref().clone();
            spec.spec_id = 1;
            spec.fields[0].transform = Transform::Bucket(5);
            next.partition_specs.push(spec.into());
        }),
        ("last-partition-id is that of the last field", &|next| {
            let mut spec = next.partition_specs[0].as_ref().clone();
            spec.spec_id = 1;
            spec.fields[0].field_id = 1001;
            next.partition_specs.push(spec.into());
        }),
        ("ids and names of partition fields are unique", &|next| {
            let mut spec = next.partition_specs[0].as_ref().clone();
            spec.spec_id = 1;
            spec.fields.push(spec.fields[0].clone());
            next.partition_specs.push(spec.into());
        }),
        ("ids of sort orders are unique", &|next| next.sort_orders.push(next.sort_orders[0].clone())),
        ("next-row-id is there in version 3", &|next| next.format_version = 3),
    ];
    for (message, change) in breaks {
        let mut base = table(2);
        // There was a column with the id 3.
        base.last_column_id = 3;
        let mut next = base.clone();
        validate::step(&base, &next).unwrap();
        change(&mut next);
        let error = validate::step(&base, &next).unwrap_err();
        assert!(error.to_string().ends_with(message), "{error}, not {message}");
    }
}
