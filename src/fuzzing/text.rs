use std::sync::{Arc, LazyLock};

use arrow_array::{RecordBatch, new_null_array};
use arrow_select::concat::concat_batches;

use super::allocations::within;
use super::parquet::{rows, schema};
use crate::expr::{Predicate, evaluate};

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
