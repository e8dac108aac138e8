use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{Array, ArrayRef};
use serde_json::{Value as Json, json};

use super::records_to_batch;
use crate::ErrorKind;
use crate::spec::{NestedField, PrimitiveType, Schema, Type};

fn one(wanted: impl Into<Type>, value: Json) -> Result<ArrayRef, String> {
    let schema = Schema::new([NestedField::optional("c", wanted)]).unwrap();
    match records_to_batch(&schema, &[json!({}), json!({ "c": value })]) {
        Ok(batch) => {
            assert!(batch.column(0).is_null(0));
            Ok(batch.column(0).slice(1, 1))
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            Err(error.to_string())
        }
    }
}

fn fits(wanted: PrimitiveType, value: Json) -> bool {
    one(wanted, value).is_ok()
}

/// The Python package datashard 0.11.2 stored 1 for `append_records([{"id": 1.5}])` into a long column.
#[test]
fn a_fraction_does_not_enter_a_long() {
    let error = one(PrimitiveType::Long, json!(1.5)).unwrap_err();
    assert_eq!(error, "row 1, column `c`: 1.5 does not fit type long exactly");
    assert!(!fits(PrimitiveType::Long, json!(3.0)) && !fits(PrimitiveType::Long, json!("3")));
    assert!(!fits(PrimitiveType::Long, json!(true)) && !fits(PrimitiveType::Long, json!(u64::MAX)));
    let exact = one(PrimitiveType::Long, json!(9_007_199_254_740_993_i64)).unwrap();
    assert_eq!(exact.as_primitive::<Int64Type>().value(0), 9_007_199_254_740_993);
    assert!(fits(PrimitiveType::Int, json!(i32::MAX)) && !fits(PrimitiveType::Int, json!(i64::from(i32::MAX) + 1)));
}

/// The Python package datashard 0.11.2 shifted times with a zone into naive columns and took naive ones for UTC.
#[test]
fn times_with_and_without_an_offset_are_not_mixed() {
    let error = one(PrimitiveType::Timestamptz, json!("2026-11-01T09:30:00")).unwrap_err();
    assert!(error.ends_with("exactly: a point in time has an offset, Z or +02:00"), "{error}");
    let error = one(PrimitiveType::Timestamp, json!("2026-11-01T09:30:00Z")).unwrap_err();
    assert!(error.ends_with("exactly: a local date and time has no offset"), "{error}");
    let instant = one(PrimitiveType::Timestamptz, json!("1970-01-01T02:00:00.000001+02:00")).unwrap();
    assert_eq!(instant.as_primitive::<TimestampMicrosecondType>().value(0), 1);
    assert!(!fits(PrimitiveType::Timestamp, json!("2026-11-01")) && !fits(PrimitiveType::Timestamp, json!(5)));
    assert!(!fits(PrimitiveType::Timestamp, json!("2026-11-01T00:00:00.1234567")));
    assert!(fits(PrimitiveType::TimestampNs, json!("2026-11-01T00:00:00.1234567")));
    assert!(!fits(PrimitiveType::TimestampNs, json!("9999-11-01T00:00:00")));
}

#[test]
fn floating_point_numbers_keep_their_digits() {
    assert!(fits(PrimitiveType::Double, json!(0.1)) && fits(PrimitiveType::Float, json!(0.1)));
    assert!(!fits(PrimitiveType::Float, json!(0.123456789)) && !fits(PrimitiveType::Float, json!(1e300)));
    assert!(fits(PrimitiveType::Float, json!(0.125)) && fits(PrimitiveType::Float, json!(16_777_216)));
    assert!(!fits(PrimitiveType::Float, json!(16_777_217)));
    assert!(!fits(PrimitiveType::Double, json!(9_007_199_254_740_993_i64)));
    assert!(one(PrimitiveType::Double, json!("NaN")).unwrap().as_primitive::<Float64Type>().value(0).is_nan());
    let infinity = one(PrimitiveType::Float, json!("-Infinity")).unwrap();
    assert_eq!(infinity.as_primitive::<Float32Type>().value(0), f32::NEG_INFINITY);
    assert!(!fits(PrimitiveType::Double, json!("nan")) && !fits(PrimitiveType::Double, json!("1.5")));
}

#[test]
fn decimals_come_from_numbers_and_texts_exactly() {
    let decimal = PrimitiveType::Decimal { precision: 5, scale: 2 };
    for (value, unscaled) in [(json!("14.20"), 1420), (json!(1.1), 110), (json!(-7), -700), (json!("1e1"), 1000)] {
        assert_eq!(one(decimal, value).unwrap().as_primitive::<Decimal128Type>().value(0), unscaled);
    }
    for value in [json!("1.005"), json!(1.005), json!(1000), json!("999.995"), json!("x"), json!(""), json!("1e99999")]
    {
        assert!(!fits(decimal, value.clone()), "{value}");
    }
    assert!(fits(decimal, json!("999.9900")));
}

#[test]
fn dates_times_uuids_and_bytes_are_texts() {
    assert_eq!(one(PrimitiveType::Date, json!("1970-01-02")).unwrap().as_primitive::<Date32Type>().value(0), 1);
    assert!(!fits(PrimitiveType::Date, json!("1970-01-02T00:00:00")) && !fits(PrimitiveType::Date, json!(1)));
    assert!(
        fits(PrimitiveType::Time, json!("09:30:00.123456")) && !fits(PrimitiveType::Time, json!("09:30:00.1234567"))
    );
    assert!(fits(PrimitiveType::Uuid, json!("f79c3e09-677c-4bbd-a479-3f349cb785e7")));
    assert!(!fits(PrimitiveType::Uuid, json!("f79c3e09-677c-4bbd-a479-3f349cb785e")));
    assert_eq!(one(PrimitiveType::Binary, json!("AAH/")).unwrap().as_binary::<i32>().value(0), [0, 1, 255]);
    assert!(fits(PrimitiveType::Fixed(3), json!("AAH/")) && !fits(PrimitiveType::Fixed(4), json!("AAH/")));
    assert!(!fits(PrimitiveType::Binary, json!("not base64!")));
    assert!(!fits(PrimitiveType::String, json!(5)) && !fits(PrimitiveType::Boolean, json!("true")));
}

fn nested() -> Schema {
    let address = Type::structure([
        NestedField::required("city", PrimitiveType::String),
        NestedField::optional("zip", PrimitiveType::Int),
    ]);
    Schema::new([
        NestedField::required("id", PrimitiveType::Long),
        NestedField::optional("address", address.clone()),
        NestedField::optional("past", Type::list(address)),
        NestedField::optional("counts", Type::map(PrimitiveType::String, PrimitiveType::Long)),
        NestedField::optional("by_day", Type::map(PrimitiveType::Date, PrimitiveType::Double)),
    ])
    .unwrap()
}

#[test]
fn nested_values_are_read_and_checked() {
    let records = [
        json!({"id": 1, "address": {"city": "Ulm"}, "past": [{"city": "Bonn", "zip": 5}, null], "counts": {"a": 1}}),
        json!({"id": 2, "address": null, "past": [], "by_day": [["1970-01-02", 1.5], ["1970-01-03", null]]}),
    ];
    let batch = records_to_batch(&nested(), &records).unwrap();
    assert_eq!(batch.schema().as_ref(), &crate::spec::to_arrow(&nested()).unwrap());
    assert_eq!(batch.column(1).as_struct().column(0).as_string::<i32>().value(0), "Ulm");
    assert!(batch.column(1).is_null(1));
    assert_eq!(batch.column(2).as_list::<i32>().value(0).len(), 2);
    assert_eq!(batch.column(4).as_map().value(1).len(), 2);

    let error = |record: Json| {
        let records = [json!({"id": 0, "past": [{"city": "x"}]}), record];
        records_to_batch(&nested(), &records).unwrap_err().to_string()
    };
    assert_eq!(error(json!({})), "row 1, column `id`: null or nothing in a required field");
    assert_eq!(error(json!({"id": null})), "row 1, column `id`: null or nothing in a required field");
    assert_eq!(error(json!({"id": 1, "ID": 1})), "row 1, column `ID`: the table has no such column");
    assert_eq!(error(json!([1])), "row 1: [1] is no object");
    assert_eq!(
        error(json!({"id": 1, "address": {"zip": 1}})),
        "row 1, column `address.city`: null or nothing in a required field"
    );
    assert_eq!(
        error(json!({"id": 1, "past": [{"city": "a"}, {"city": "b", "zip": 1.5}]})),
        "row 1, column `past.element.zip`: 1.5 does not fit type int exactly"
    );
    assert_eq!(
        error(json!({"id": 1, "counts": {"a": "1"}})),
        "row 1, column `counts.value`: \"1\" does not fit type long exactly"
    );
    assert_eq!(
        error(json!({"id": 1, "by_day": [["1970-01-02", 1], ["1970-01-02", 2]]})),
        "row 1, column `by_day`: the key \"1970-01-02\" is there twice"
    );
    assert!(error(json!({"id": 1, "by_day": {"x": 1}})).contains("column `by_day.key`"));
    assert!(error(json!({"id": 1, "past": {"city": "a"}})).contains("is no array"));
}

#[test]
fn fields_left_out_take_the_default_for_writers() {
    let mut level = NestedField::required("level", PrimitiveType::String);
    level.write_default = Some(json!("info"));
    let schema = Schema::new([level]).unwrap();
    let batch = records_to_batch(&schema, &[json!({}), json!({"level": "warn"})]).unwrap();
    assert_eq!(batch.column(0).as_string::<i32>().value(0), "info");
    assert!(records_to_batch(&schema, &[json!({"level": null})]).is_err());
}

#[test]
fn no_records_make_an_empty_batch() {
    assert_eq!(records_to_batch(&nested(), &[]).unwrap().num_rows(), 0);
}
