use serde_json::json;

use super::SchemaUpdate;
use crate::ErrorKind;
use crate::spec::{NestedField, PartitionSpec, PrimitiveType, Schema, SortOrder, TableMetadata, Transform, Type};

mod promotions;
mod properties;

/// id 1, name 2, address 3 (city 7), tags 4 (element 8), people 5 (element 9 with age 10), prices 6 (key 11, value 12 with
/// amount 13).
fn schema() -> Schema {
    Schema::new([
        NestedField::required("id", PrimitiveType::Long),
        NestedField::optional("name", PrimitiveType::String),
        NestedField::optional("address", Type::structure([NestedField::optional("city", PrimitiveType::String)])),
        NestedField::optional("tags", Type::list(PrimitiveType::String)),
        NestedField::optional(
            "people",
            Type::list(Type::structure([NestedField::optional("age", PrimitiveType::Int)])),
        ),
        NestedField::optional(
            "prices",
            Type::map(PrimitiveType::String, Type::structure([NestedField::optional("amount", PrimitiveType::Float)])),
        ),
    ])
    .unwrap()
}

fn table_of(format_version: i32, schema: Schema) -> TableMetadata {
    crate::spec::tests::new_table(format_version, schema, PartitionSpec::unpartitioned())
}

fn table() -> TableMetadata {
    table_of(3, schema())
}

fn partitioned(mut table: TableMetadata, source: &str, name: &str, transform: Transform) -> TableMetadata {
    let source_id = table.current_schema().unwrap().field_by_name(source).unwrap().id;
    let json = json!({"spec-id": 1, "fields": [
        {"source-id": source_id, "field-id": 1000, "name": name, "transform": transform.to_string()}]});
    table.partition_specs.push(PartitionSpec::from_json(json, String::new()).unwrap().into());
    table.default_spec_id = 1;
    table
}

fn new() -> SchemaUpdate {
    SchemaUpdate::new()
}

fn names(schema: &Schema) -> Vec<String> {
    schema.walk().into_iter().map(|(name, _)| name).collect()
}

fn top(schema: &Schema) -> String {
    schema.fields().iter().map(|field| field.name.as_str()).collect::<Vec<_>>().join(" ")
}

fn refused(update: SchemaUpdate, table: &TableMetadata) -> String {
    let error = update.apply(table).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    error.to_string()
}

#[test]
fn columns_are_added_at_every_depth_with_ids_that_no_column_had() {
    let update = new()
        .add("zip", PrimitiveType::Int)
        .add("address.zip", PrimitiveType::String)
        .add("people.name", PrimitiveType::String)
        .add("people.element.email", PrimitiveType::String)
        .add("prices.currency", PrimitiveType::String)
        .add("prices.value.rate", Type::structure([NestedField::optional("of", Type::list(PrimitiveType::Int))]));
    let schema = update.apply(&table()).unwrap();
    let id = |name: &str| schema.field_by_name(name).unwrap_or_else(|| panic!("{name}")).id;
    assert_eq!(id("zip"), 14);
    assert_eq!(id("address.zip"), 15);
    assert_eq!((id("people.element.name"), id("people.element.email")), (16, 17));
    assert_eq!((id("prices.value.currency"), id("prices.value.rate")), (18, 19));
    assert_eq!((id("prices.value.rate.of"), id("prices.value.rate.of.element")), (20, 21));
    assert_eq!(top(&schema), "id name address tags people prices zip");
}

#[test]
fn a_column_that_is_dropped_and_added_again_is_another_column() {
    let mut table = table();
    table.set_schema(new().drop_column("prices").apply(&table).unwrap()).unwrap();
    table.set_schema(new().add("prices", PrimitiveType::Int).apply(&table).unwrap()).unwrap();
    assert_eq!(table.current_schema().unwrap().field_by_name("prices").unwrap().id, 14);
    assert_eq!((table.last_column_id, table.current_schema_id, table.schemas.len()), (14, 2, 3));
    // Also within one update.
    let schema = new().drop_column("name").add("name", PrimitiveType::String).apply(&table).unwrap();
    assert_eq!(schema.field_by_name("name").unwrap().id, 15);
}

#[test]
fn changes_of_a_column_that_was_added_before_work_under_the_name_that_it_has_then() {
    let schema = new()
        .add("a", PrimitiveType::Int)
        .rename_column("a", "b")
        .update_type("b", PrimitiveType::Long)
        .move_before("b", "name")
        .set_doc("b", Some("a number"))
        .add("c", Type::structure([NestedField::optional("x", PrimitiveType::Int)]))
        .add("c.y", PrimitiveType::Int)
        .move_first("c.y")
        .drop_column("c.x")
        .apply(&table())
        .unwrap();
    assert_eq!(top(&schema), "id b name address tags people prices c");
    let b = schema.field_by_name("b").unwrap();
    assert_eq!((b.id, &b.field_type, b.doc.as_deref()), (14, &PrimitiveType::Long.into(), Some("a number")));
    assert_eq!(names(&schema).last().unwrap(), "c.y");
}

#[test]
fn columns_move_among_those_of_their_struct() {
    let table = table();
    let moved = |update: SchemaUpdate| top(&update.apply(&table).unwrap());
    assert_eq!(moved(new().move_first("prices")), "prices id name address tags people");
    assert_eq!(moved(new().move_after("id", "tags")), "name address tags id people prices");
    assert_eq!(moved(new().move_before("people", "name")), "id people name address tags prices");
    assert_eq!(moved(new().move_after("id", "prices")), "name address tags people prices id");
    assert!(refused(new().move_after("id", "address.city"), &table).contains("within their struct"));
    assert!(refused(new().move_after("id", "id"), &table).contains("beside itself"));
    assert!(refused(new().move_first("tags.element"), &table).contains("list's elements"));
}

#[test]
fn a_change_that_cannot_be_made_names_the_column_and_the_reason() {
    let table = table();
    let int = PrimitiveType::Int;
    for (update, message) in [
        (new().add("name", int), "column `name`: there is a column `name` already"),
        (new().add("address.city", int), "column `address.city`: there is a column `city` already"),
        (new().add("", int), "column ``: a name is not empty"),
        (new().add("adress.zip", int), "the table has no column `adress`; did you mean `address`?"),
        (new().add("name.first", int), "column `name.first`: only structs have fields"),
        (new().add("tags.first", int), "column `tags.first`: only structs have fields"),
        (new().rename_column("id", "name"), "column `id`: there is a column `name` already"),
        (new().rename_column("id", ""), "column `id`: a name is not empty"),
        (new().rename_column("prices.value", "v"), "column `prices.value`: all that changes"),
        (new().drop_column("tags.element"), "column `tags.element`: all that changes"),
        (new().drop_column("address.city"), "column `address`: a struct has at least one field"),
        (new().set_doc("tags.element", Some("x")), "column `tags.element`: all that changes"),
        (new().drop_column("prices.key"), "column `prices.key`: the keys of a map never change"),
        (new().make_optional("prices.key"), "column `prices.key`: the keys of a map never change"),
        (new().update_type("id", int), "column `id`: its type long cannot become int"),
        (new().update_type("address", int), "column `address`: its type struct cannot become int"),
        (new().drop_column("gone"), "the table has no column `gone`"),
        (new().set_identifier_fields(["gone"]), "the table has no column `gone`"),
        (new().set_identifier_fields(["name"]), "column `name` cannot identify rows: it may be null"),
        (new().set_identifier_fields(["address"]), "column `address` cannot identify rows: it is no single value"),
        (new().add("a", Type::structure([])), "column `a`: a struct has at least one field"),
        (
            new().add_field("", NestedField::optional("address.city", int)),
            "column `address.city`: two columns would have this full name",
        ),
        (
            new().add_field("", NestedField::required("a", Type::Unknown)),
            "column `a`: all values of the type unknown are null",
        ),
    ] {
        let error = refused(update, &table);
        assert!(error.starts_with(message), "{error}, not {message}");
    }
    let all = ["id", "name", "address", "tags", "people", "prices"];
    let update = all.into_iter().fold(new(), |update, column| update.drop_column(column));
    assert!(refused(update, &table).contains("at least one column"));
}

#[test]
fn the_keys_of_a_map_never_change_inside_either() {
    let key = Type::structure([NestedField::required("k", PrimitiveType::Int)]);
    let table = table_of(3, Schema::new([NestedField::optional("m", Type::map(key, PrimitiveType::Int))]).unwrap());
    for update in [
        new().add("m.key.l", PrimitiveType::Int),
        new().rename_column("m.key.k", "l"),
        new().update_type("m.key.k", PrimitiveType::Long),
    ] {
        assert!(refused(update, &table).contains("the keys of a map never change"));
    }
    let wider = new().update_type("m.value", PrimitiveType::Long).apply(&table).unwrap();
    assert_eq!(wider.field_by_name("m.value").unwrap().field_type, PrimitiveType::Long.into());
}

#[test]
fn what_another_writer_did_first_is_respected_or_an_error() {
    let mut table = table();
    let update = new().rename_column("name", "title").add("zip", PrimitiveType::Int);
    let alone = update.apply(&table).unwrap();
    // Another writer adds a column: the same changes give other ids.
    table.set_schema(new().add("phone", PrimitiveType::String).apply(&table).unwrap()).unwrap();
    let after = update.apply(&table).unwrap();
    assert_eq!(alone.field_by_name("zip").unwrap().id, 14);
    assert_eq!(after.field_by_name("zip").unwrap().id, 15);
    assert_eq!(top(&after), "id title address tags people prices phone zip");
    // Another writer drops the column.
    table.set_schema(new().drop_column("name").apply(&table).unwrap()).unwrap();
    assert_eq!(refused(update, &table), "the table has no column `name`");
    assert_eq!(
        refused(new().add("phone", PrimitiveType::String), &table),
        "column `phone`: there is a column `phone` already"
    );
}

#[test]
fn what_the_table_is_partitioned_or_sorted_by_or_identifies_rows_by_is_not_dropped() {
    let by_city = partitioned(table(), "address.city", "city_bucket", Transform::Bucket(4));
    for column in ["address.city", "address"] {
        let error = refused(new().drop_column(column), &by_city);
        let wanted = format!(
            "column `{column}`: the table is partitioned by it: remove the partition field `city_bucket` first"
        );
        assert_eq!(error, wanted);
    }
    let mut void = partitioned(table(), "address.city", "city", Transform::Void);
    new().drop_column("address").apply(&void).unwrap();
    let mut order = SortOrder::new(void.current_schema().unwrap(), [crate::spec::asc("name")]).unwrap();
    order.order_id = 1;
    void.sort_orders.push(order.into());
    new().drop_column("name").apply(&void).unwrap();
    void.default_sort_order_id = 1;
    assert!(refused(new().drop_column("name"), &void).contains("sorted by it: change the sort order first"));
    let mut identified = table();
    identified.set_schema(new().set_identifier_fields(["id"]).apply(&identified).unwrap()).unwrap();
    assert!(refused(new().drop_column("id"), &identified).contains("set other identifier fields first"));
    assert!(refused(new().make_optional("id"), &identified).contains("it identifies rows"));
    let none: [&str; 0] = [];
    let schema = new().set_identifier_fields(none).drop_column("id").apply(&identified).unwrap();
    assert!(schema.identifier_field_ids().is_empty());
    let renamed = new().rename_column("id", "key").apply(&identified).unwrap();
    assert_eq!(renamed.identifier_field_ids(), [1]);
}

#[test]
fn identifier_fields_are_never_null_wherever_they_are() {
    let inner = || Type::structure([NestedField::required("x", PrimitiveType::Int)]);
    let table = table_of(
        3,
        Schema::new([
            NestedField::required("always", inner()),
            NestedField::optional("sometimes", inner()),
            NestedField::required("float", PrimitiveType::Float),
            NestedField::required("list", Type::list(inner())),
        ])
        .unwrap(),
    );
    let schema = new().set_identifier_fields(["always.x"]).apply(&table).unwrap();
    assert_eq!(schema.identifier_field_ids(), [schema.field_by_name("always.x").unwrap().id]);
    assert!(refused(new().set_identifier_fields(["sometimes.x"]), &table).contains("`sometimes` may be null"));
    assert!(refused(new().set_identifier_fields(["float"]), &table).contains("floating-point"));
    assert!(refused(new().set_identifier_fields(["list.element.x"]), &table).contains("any number of its values"));
    let update = new().set_identifier_fields(["always.x"]).make_optional("always");
    assert!(refused(update, &table).contains("column `always`: it identifies rows"));
}

#[test]
fn a_column_has_not_the_name_of_a_partition_field_that_is_made_from_another() {
    let mut table = partitioned(table(), "id", "id_bucket", Transform::Bucket(4));
    // Nor of one that the table had.
    table.default_spec_id = 0;
    for update in [new().add("id_bucket", PrimitiveType::Int), new().rename_column("name", "id_bucket")] {
        assert!(refused(update, &table).contains("`id_bucket`: a partition field that is made from another column"));
    }
    new().rename_column("id", "id_bucket").apply(&table).unwrap();
    let identity = partitioned(self::table(), "name", "name", Transform::Identity);
    let renamed = new().rename_column("name", "title");
    renamed.apply(&identity).unwrap();
    assert!(refused(renamed.add("name", PrimitiveType::Int), &identity).contains("a partition field"));
}

#[test]
fn defaults_are_kept_in_the_form_that_all_readers_know() {
    let decimal = PrimitiveType::Decimal { precision: 9, scale: 2 };
    for (field_type, given, kept) in [
        (PrimitiveType::Int, json!(7), json!(7)),
        (PrimitiveType::Float, json!(0.1), json!(0.1)),
        (PrimitiveType::Boolean, json!(true), json!(true)),
        (decimal, json!("1.5"), json!("1.50")),
        (PrimitiveType::Date, json!("2024-02-29"), json!("2024-02-29")),
        (PrimitiveType::Timestamptz, json!("2024-02-29T10:00:00Z"), json!("2024-02-29T10:00:00+00:00")),
        (PrimitiveType::Timestamptz, json!("2024-02-29T10:00:00.5+02:00"), json!("2024-02-29T08:00:00.5+00:00")),
        (PrimitiveType::TimestampNs, json!("2024-02-29T10:00:00.000000001"), json!("2024-02-29T10:00:00.000000001")),
        (PrimitiveType::Binary, json!("00FF"), json!("00ff")),
        (PrimitiveType::Uuid, json!("F79C3E09677C4BBDA4793F349CB785E7"), json!("f79c3e09-677c-4bbd-a479-3f349cb785e7")),
    ] {
        let mut field = NestedField::required("c", field_type);
        field.initial_default = Some(given);
        let schema = new().add_field("", field).apply(&table()).unwrap();
        let column = schema.field_by_name("c").unwrap();
        assert_eq!(
            (&column.initial_default, &column.write_default),
            (&Some(kept.clone()), &Some(kept)),
            "{field_type}"
        );
    }
    let schema = new().set_default("name", "none").apply(&table()).unwrap();
    let name = schema.field_by_name("name").unwrap();
    assert_eq!((&name.initial_default, &name.write_default), (&None, &Some(json!("none"))));
    let mut given = table();
    given.set_schema(schema).unwrap();
    let schema = new().set_default("name", serde_json::Value::Null).apply(&given).unwrap();
    assert_eq!(schema.field_by_name("name").unwrap().write_default, None);
}

#[test]
fn defaults_that_no_reader_knows_are_refused() {
    let with = |field: NestedField, default: serde_json::Value| {
        let mut field = field;
        field.initial_default = Some(default);
        new().add_field("", field)
    };
    let column = |field_type: Type| NestedField::optional("c", field_type);
    let point = || Type::structure([NestedField::required("x", PrimitiveType::Int)]);
    for (update, message) in [
        (with(column(PrimitiveType::Int.into()), json!("7")), "no default value of type int"),
        (with(column(PrimitiveType::Float.into()), json!(1e300)), "no default value of type float"),
        (with(column(Type::Variant), json!(1)), "the default of a variant can only be null"),
        (with(column(Type::list(PrimitiveType::Int)), json!([1])), "the default of a list can only be null"),
        (with(column(point()), json!({"1": 1})), "the default of a struct is {} or null"),
        // A struct in every row that is there, and nothing to put into it.
        (with(column(point()), json!({})), "its field `x`: a new column is optional or has an initial default"),
        (new().add_field("", NestedField::required("c", PrimitiveType::Int)), "optional or has an initial default"),
        (new().set_default("tags.element", "x"), "list's elements"),
        (new().set_default("id", "x"), "no default value of type long"),
    ] {
        let error = refused(update, &table());
        assert!(error.contains(message), "{error}, not {message}");
    }
    // In a struct that is null in all rows that are there, required fields need nothing.
    new().add("c", point()).apply(&table()).unwrap();
    with(column(Type::structure([NestedField::optional("x", PrimitiveType::Int)])), json!({})).apply(&table()).unwrap();
}

#[test]
fn what_needs_version_3_is_refused_before_it() {
    let table = table_of(2, schema());
    let mut default = NestedField::optional("c", PrimitiveType::Int);
    default.initial_default = Some(json!(1));
    let nested = Type::structure([NestedField::optional("v", Type::Variant)]);
    for (update, message) in [
        (new().add("c", Type::Variant), "column `c`: the type variant needs format version 3, and the table has 2"),
        (new().add("c", Type::Unknown), "the type unknown needs format version 3"),
        (new().add("c", PrimitiveType::TimestampNs), "the type timestamp_ns needs format version 3"),
        (new().add("c", nested), "its field `v`: the type variant needs format version 3"),
        (new().add_field("", default), "a default value needs format version 3"),
        (new().set_default("name", "x"), "column `name`: a default value needs format version 3"),
        (new().add_field("", NestedField::required("c", PrimitiveType::Int)), "a new column is optional: rows"),
    ] {
        let error = refused(update, &table);
        assert!(error.contains(message), "{error}, not {message}");
    }
}

#[test]
fn a_schema_that_the_table_had_becomes_current_again() {
    let mut table = table();
    let first = table.current_schema().unwrap().as_ref().clone();
    table.set_schema(new().rename_column("name", "title").apply(&table).unwrap()).unwrap();
    assert_eq!((table.current_schema_id, table.schemas.len()), (1, 2));
    table.set_schema(new().rename_column("title", "name").apply(&table).unwrap()).unwrap();
    assert_eq!((table.current_schema_id, table.schemas.len()), (0, 2));
    table.set_schema(first).unwrap();
    assert_eq!((table.current_schema_id, table.schemas.len(), table.last_column_id), (0, 2, 13));
}

#[test]
fn settings_of_columns_follow_them() {
    let mut table = table();
    let set = |table: &mut TableMetadata, name: &str| table.properties.insert(name.to_owned(), "x".to_owned());
    for name in [
        "write.metadata.metrics.column.address.city",
        "write.parquet.bloom-filter-enabled.column.name",
        "write.parquet.bloom-filter-enabled.column.tags",
        "write.metadata.metrics.column.gone",
        "other.column.name",
    ] {
        set(&mut table, name);
    }
    let update = new().rename_column("address", "home").rename_column("name", "title").drop_column("tags");
    table.set_schema(update.apply(&table).unwrap()).unwrap();
    let settings: Vec<_> = table.properties.keys().map(String::as_str).collect();
    let expected = [
        "other.column.name",
        "write.metadata.metrics.column.gone",
        "write.metadata.metrics.column.home.city",
        "write.parquet.bloom-filter-enabled.column.title",
    ];
    assert_eq!(settings, expected);
}

#[test]
fn the_name_mapping_learns_new_names_and_keeps_the_old() {
    let mut table = table();
    let fields: Vec<_> = table.current_schema().unwrap().fields().iter().collect();
    let mapping = crate::spec::name_mapping::mapping_of(&fields).to_string();
    table.properties.insert("schema.name-mapping.default".into(), mapping);
    let update = new()
        .rename_column("name", "title")
        .rename_column("address.city", "town")
        .add("people.name", PrimitiveType::String)
        .drop_column("tags")
        .add("tags", Type::map(PrimitiveType::String, PrimitiveType::Int));
    table.set_schema(update.apply(&table).unwrap()).unwrap();
    let mapping: serde_json::Value =
        serde_json::from_str(table.property("schema.name-mapping.default").unwrap()).unwrap();
    let expected = json!([
        {"field-id": 1, "names": ["id"]},
        {"field-id": 2, "names": ["name", "title"]},
        {"field-id": 3, "names": ["address"], "fields": [{"field-id": 7, "names": ["city", "town"]}]},
        {"field-id": 4, "names": [], "fields": [{"field-id": 8, "names": ["element"]}]},
        {"field-id": 5, "names": ["people"], "fields": [{"field-id": 9, "names": ["element"], "fields": [
            {"field-id": 10, "names": ["age"]}, {"field-id": 14, "names": ["name"]}]}]},
        {"field-id": 6, "names": ["prices"], "fields": [{"field-id": 11, "names": ["key"]},
            {"field-id": 12, "names": ["value"], "fields": [{"field-id": 13, "names": ["amount"]}]}]},
        {"field-id": 15, "names": ["tags"], "fields": [{"field-id": 16, "names": ["key"]}, {"field-id": 17, "names": ["value"]}]},
    ]);
    assert_eq!(mapping, expected);
    assert!(table.name_mapping().unwrap().is_some());
}

#[test]
fn a_name_mapping_that_is_partial_stays_so_and_one_that_is_broken_stays_as_it_is() {
    let update =
        new().rename_column("name", "title").add("zip", PrimitiveType::Int).add("address.zip", PrimitiveType::Int);
    for (before, after) in [
        ("not JSON", "not JSON"),
        ("[]", r#"[{"field-id":14,"names":["zip"]}]"#),
        (
            r#"[{"field-id":3,"names":["address"],"more":1},{"names":["zip","title"]}]"#,
            r#"[{"field-id":3,"fields":[{"field-id":15,"names":["zip"]}],"more":1,"names":["address"]},{"names":["title"]},{"field-id":14,"names":["zip"]}]"#,
        ),
    ] {
        let mut table = table();
        table.properties.insert("schema.name-mapping.default".into(), before.into());
        table.set_schema(update.apply(&table).unwrap()).unwrap();
        assert_eq!(table.property("schema.name-mapping.default"), Some(after));
    }
}

#[test]
fn a_union_makes_room_for_the_rows_of_another_schema() {
    let other = Schema::new([
        NestedField::required("new", PrimitiveType::Int),
        NestedField::optional("id", PrimitiveType::Int),
        NestedField::optional(
            "people",
            Type::list(Type::structure([
                NestedField::optional("age", PrimitiveType::Long),
                NestedField::required("email", PrimitiveType::String),
            ])),
        ),
        NestedField::optional(
            "prices",
            Type::map(
                PrimitiveType::String,
                Type::structure([
                    NestedField::optional("amount", PrimitiveType::Double),
                    NestedField::optional("at", PrimitiveType::Date),
                ]),
            ),
        ),
        NestedField::optional("name", Type::Unknown),
    ])
    .unwrap();
    let table = table();
    let schema = new().union_by_name(other.clone()).apply(&table).unwrap();
    let field = |name: &str| schema.field_by_name(name).unwrap_or_else(|| panic!("{name}"));
    assert_eq!(top(&schema), "id name address tags people prices new");
    assert!(!field("new").required && !field("people.element.email").required);
    assert!(!field("id").required);
    assert_eq!((field("id").id, &field("id").field_type), (1, &PrimitiveType::Long.into()));
    assert_eq!(field("people.element.age").field_type, PrimitiveType::Long.into());
    assert_eq!(field("prices.value.amount").field_type, PrimitiveType::Double.into());
    assert_eq!(field("prices.value.at").id, 16);
    assert_eq!(field("name").field_type, PrimitiveType::String.into());
    // What identifies rows stays required.
    let schema = new().set_identifier_fields(["id"]).union_by_name(other).apply(&table).unwrap();
    assert!(schema.field_by_name("id").unwrap().required);
    // The same twice changes nothing more.
    let mut after = table_of(3, schema.clone());
    after.last_column_id = 16;
    assert!(new().union_by_name(schema.clone()).apply(&after).unwrap().same_fields(&schema));
}

#[test]
fn a_union_with_what_no_column_can_hold_is_refused() {
    let table = table();
    for (name, field_type, message) in [
        ("id", PrimitiveType::String.into(), "column `id`: its type long cannot become string"),
        ("name", Type::list(PrimitiveType::String), "column `name`: its type string cannot become list"),
        ("tags", Type::list(PrimitiveType::Int), "column `tags.element`: its type string cannot become int"),
        (
            "prices",
            Type::map(PrimitiveType::Int, PrimitiveType::Int),
            "column `prices`: the keys of a map never change",
        ),
    ] {
        let other = Schema::new([NestedField::optional(name, field_type)]).unwrap();
        assert_eq!(refused(new().union_by_name(other), &table), message);
    }
    let exact = PrimitiveType::Decimal { precision: 38, scale: 0 };
    let other = Schema::new([NestedField::required("id", exact)]).unwrap();
    assert!(new().union_by_name(other).apply(&table).unwrap().same_fields(&schema()));
}
