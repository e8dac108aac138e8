use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use arrow_array::{RecordBatch, new_null_array};
use arrow_schema::{DataType, Field, Fields};
use arrow_select::concat::concat_batches;

use super::allocations::within;
use super::parquet::{rows, schema};
use crate::expr::{Predicate, evaluate};
use crate::parquet::id_of;
use crate::spec::NameMapping;

/// Some rows, and one of nulls where nulls may be.
static ROWS: LazyLock<RecordBatch> = LazyLock::new(|| {
    let some = rows(5);
    let schema = some.schema();
    let nulls = schema.fields().iter().zip(some.columns()).map(|(field, column)| match field.is_nullable() {
        true => new_null_array(field.data_type(), 1),
        false => column.slice(0, 1),
    });
    let nulls = RecordBatch::try_new(schema.clone(), nulls.collect()).unwrap();
    concat_batches(&schema, [&some, &nulls]).unwrap()
});

/// What was read means the same when it is written and read again, and selects the same rows.
pub fn predicate(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(predicate) = within(bytes, 500, 64 << 10, || text.parse::<Predicate>()) else { return };
    let written = predicate.to_string();
    let again: Predicate = written.parse().unwrap_or_else(|error| panic!("{written}: {error}"));
    assert_eq!(again.to_string(), written);
    let select = |predicate: &Predicate| {
        let bound = within(bytes, 1000, 64 << 10, || predicate.bind(&schema())).ok()?;
        Some(evaluate(&bound, &ROWS).expect("a bound predicate"))
    };
    let (one, two) = (select(&predicate), select(&again));
    assert_eq!(one, two, "{written}");
    if let (Some(chosen), Some(rest)) = (one, select(&predicate.not())) {
        let both = Arc::new(chosen).iter().zip(rest.iter()).any(|(a, b)| a == Some(true) && b == Some(true));
        assert!(!both, "a row satisfies a condition and its negation: {written}");
    }
}

/// Columns of names that are mapped, at any depth, keep their names and types, and no two are the same field.
pub fn name_mapping(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(mapping) = within(bytes, 300, 64 << 10, || NameMapping::parse(text)) else { return };
    let names: BTreeSet<&str> = text.split('"').filter(|name| !name.contains('\\')).collect();
    let leaf = |name: &str| Arc::new(Field::new(name, DataType::Int32, true));
    let columns = names.iter().take(30).enumerate().map(|(i, name)| {
        let inner: Fields = names.iter().take(10).map(|name| leaf(name)).collect();
        let pair = Fields::from(vec![leaf("k"), Arc::new(Field::new("v", DataType::Struct(inner.clone()), true))]);
        let data_type = match i % 4 {
            0 => DataType::Int32,
            1 => DataType::Struct(inner),
            2 => DataType::List(Arc::new(Field::new("item", DataType::Struct(inner), true))),
            _ => DataType::Map(Arc::new(Field::new("entries", DataType::Struct(pair), false)), false),
        };
        Arc::new(Field::new(*name, data_type, true))
    });
    let columns: Fields = columns.collect();
    let Ok(assigned) = within(bytes, 300, 256 << 10, || mapping.assign(&columns)) else { return };
    let ids: Vec<_> = assigned.iter().filter_map(|field| id_of(field)).collect();
    let distinct: BTreeSet<_> = ids.iter().collect();
    assert_eq!(ids.len(), distinct.len(), "two columns are one field: {text}");
    for (before, after) in columns.iter().zip(&assigned) {
        assert_eq!(before.name(), after.name());
        assert!(before.data_type().equals_datatype(after.data_type()), "{text}");
    }
    assert_eq!(assigned, mapping.assign(&assigned).expect("it was assigned before"), "{text}");
}
