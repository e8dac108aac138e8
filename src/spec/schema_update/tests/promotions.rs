//! Which types may follow on which.

use serde_json::json;

use super::{new, partitioned, refused, table_of};
use crate::spec::{NestedField, PrimitiveType, Schema, TableMetadata, Transform, Type};

fn decimal(precision: u8, scale: u8) -> Type {
    PrimitiveType::Decimal { precision, scale }.into()
}

fn types() -> Vec<Type> {
    let primitives = [
        "boolean",
        "int",
        "long",
        "float",
        "double",
        "date",
        "time",
        "timestamp",
        "timestamptz",
        "timestamp_ns",
        "timestamptz_ns",
        "string",
        "uuid",
        "fixed[4]",
        "fixed[8]",
        "binary",
    ];
    let mut all: Vec<Type> = primitives.map(|name| name.parse::<PrimitiveType>().unwrap().into()).into();
    all.extend([decimal(9, 2), decimal(12, 2), decimal(12, 3), Type::Variant, Type::Unknown]);
    all.push(Type::list(PrimitiveType::Int));
    all.push(Type::structure([NestedField::optional("x", PrimitiveType::Int)]));
    all
}

fn of(version: i32, field_type: &Type) -> TableMetadata {
    table_of(version, Schema::new([NestedField::optional("c", field_type.clone())]).unwrap())
}

#[test]
fn types_become_wider_ones_and_no_others() {
    let allowed = |version: i32, from: &Type, to: &Type| {
        let pair = (from.to_string(), to.to_string());
        let pair = (pair.0.as_str(), pair.1.as_str());
        let always = [("int", "long"), ("float", "double"), ("decimal(9, 2)", "decimal(12, 2)")];
        let in_v3 = [("date", "timestamp"), ("date", "timestamp_ns")];
        always.contains(&pair) || (version == 3 && (in_v3.contains(&pair) || *from == Type::Unknown))
    };
    for version in [1, 2, 3] {
        for from in types() {
            for to in types() {
                if from == to && !from.children().is_empty() {
                    continue;
                }
                let table = of(version, &from);
                match new().update_type("c", to.clone()).apply(&table) {
                    Ok(schema) => {
                        assert!(from == to || allowed(version, &from, &to), "{from} became {to} in {version}");
                        let field = schema.field_by_name("c").unwrap();
                        assert_eq!((field.id, field.field_type.to_string()), (1, to.to_string()));
                        let inside = field.field_type.children().first().map(|child| child.id);
                        assert!(from == to || inside.is_none_or(|id| id == 2));
                    }
                    Err(error) => {
                        assert!(from != to && !allowed(version, &from, &to), "{from} to {to} in {version}: {error}");
                        assert!(error.to_string().starts_with("column `c`: its type"), "{error}");
                    }
                }
            }
        }
    }
    let date = of(2, &PrimitiveType::Date.into());
    let error = refused(new().update_type("c", PrimitiveType::Timestamp), &date);
    assert_eq!(error, "column `c`: its type date cannot become timestamp before format version 3");
}

#[test]
fn a_column_keeps_its_type_where_partition_values_would_change() {
    let (date, timestamp) = (Type::from(PrimitiveType::Date), Type::from(PrimitiveType::Timestamp));
    let other = || Transform::Unknown("zorder".into());
    let keeps = [Transform::Year, Transform::Month, Transform::Day, Transform::Void];
    let changes = [Transform::Identity, Transform::Bucket(4), other()];
    for (transform, fine) in keeps.map(|keep| (keep, true)).into_iter().chain(changes.map(|change| (change, false))) {
        let mut table = partitioned(of(3, &date), "c", "p", transform.clone());
        // Files of a spec that is no longer the default have partition values too.
        for default in [1, 0] {
            table.default_spec_id = default;
            let result = new().update_type("c", timestamp.clone()).apply(&table);
            assert_eq!(result.is_ok(), fine, "{transform}");
        }
        if !fine {
            let error = refused(new().update_type("c", timestamp.clone()), &table);
            assert!(error.contains("values of the partition field `p` would change"), "{error}");
        }
    }
    for transform in [Transform::Identity, Transform::Bucket(4), Transform::Truncate(4)] {
        let table = partitioned(of(2, &PrimitiveType::Int.into()), "c", "p", transform);
        new().update_type("c", PrimitiveType::Long).apply(&table).unwrap();
    }
    let unknown = partitioned(of(2, &PrimitiveType::Int.into()), "c", "p", other());
    refused(new().update_type("c", PrimitiveType::Long), &unknown);
}

#[test]
fn defaults_keep_their_value_in_the_wider_type() {
    for (from, to, before, after) in [
        (PrimitiveType::Int, PrimitiveType::Long, json!(7), json!(7)),
        (PrimitiveType::Float, PrimitiveType::Double, json!(0.1), json!(f64::from(0.1_f32))),
        (PrimitiveType::Date, PrimitiveType::Timestamp, json!("2024-02-29"), json!("2024-02-29T00:00:00")),
    ] {
        let mut field = NestedField::optional("c", from);
        field.initial_default = Some(before);
        let schema = new().add_field("", field).update_type("c", to).apply(&table_of(3, super::schema())).unwrap();
        let column = schema.field_by_name("c").unwrap();
        assert_eq!((&column.initial_default, &column.write_default), (&Some(after.clone()), &Some(after)));
    }
    let mut field = NestedField::optional("c", PrimitiveType::Date);
    field.initial_default = Some(json!("9999-12-31"));
    let update = new().add_field("", field).update_type("c", PrimitiveType::TimestampNs);
    assert!(refused(update, &table_of(3, super::schema())).contains("is no value of type timestamp_ns"));
}

#[test]
fn a_type_that_is_new_inside_of_unknown_has_ids_and_names() {
    let mut table = of(3, &Type::Unknown);
    let text = json!([{"field-id": 1, "names": ["c"]}]).to_string();
    table.properties.extend([("schema.name-mapping.default".to_owned(), text)]);
    let structure = Type::structure([NestedField::required("x", Type::list(PrimitiveType::Int))]);
    table.set_schema(new().update_type("c", structure).apply(&table).unwrap()).unwrap();
    let schema = table.current_schema().unwrap();
    let ids: Vec<_> = schema.walk().into_iter().map(|(name, field)| (name, field.id)).collect();
    let expected = [("c", 1), ("c.x", 2), ("c.x.element", 3)].map(|(name, id)| (name.to_owned(), id));
    assert_eq!((ids, table.last_column_id), (expected.to_vec(), 3));
    let mapping = table.property("schema.name-mapping.default").unwrap();
    assert!(
        mapping.contains(r#"{"field-id":2,"fields":[{"field-id":3,"names":["element"]}],"names":["x"]}"#),
        "{mapping}"
    );
}
