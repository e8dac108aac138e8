use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::ErrorKind;

mod partitions;
mod sorting;
mod upgrades;

/// A table of these columns as it is when it was created.
pub(super) fn new_table(format_version: i32, schema: Schema, partition_spec: PartitionSpec) -> TableMetadata {
    let new = NewTable {
        format_version,
        table_uuid: "f79c3e09-677c-4bbd-a479-3f349cb785e7".into(),
        location: "s3://b/t".into(),
        schema,
        partition_spec,
        sort_order: SortOrder::unsorted(),
        properties: Default::default(),
    };
    TableMetadata::create(new, crate::runtime::Timestamp::from_millis(1))
}

#[test]
fn types_round_trip_through_text() {
    for text in ["boolean", "int", "long", "decimal(38, 10)", "fixed[16]", "timestamptz", "timestamp_ns", "uuid"] {
        assert_eq!(text.parse::<PrimitiveType>().unwrap().to_string(), text);
    }
    assert_eq!("decimal(9,2)".parse::<PrimitiveType>().unwrap(), PrimitiveType::Decimal { precision: 9, scale: 2 });
    assert_eq!("decimal(39, 2)".parse::<PrimitiveType>().unwrap_err().kind(), ErrorKind::InvalidData);
    assert_eq!("geometry".parse::<PrimitiveType>().unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn points_in_time_are_read_from_text_and_times_without_an_offset_are_none() {
    use crate::runtime::Timestamp;
    let wanted = Timestamp::from_civil(2026, 11, 1, 9, 30, 0);
    for text in ["2026-11-01T09:30:00Z", "2026-11-01 10:30+01:00", "2026-11-01T09:30:00.0009Z"] {
        assert_eq!(text.parse::<Timestamp>().unwrap(), wanted, "{text}");
    }
    assert_eq!(wanted.to_string().parse::<Timestamp>().unwrap(), wanted);
    assert_eq!("2026-11-01".parse::<Timestamp>().unwrap(), Timestamp::from_civil(2026, 11, 1, 0, 0, 0));
    for text in ["2026-11-01T09:30:00", "2026-13-01", "yesterday", "1793525400000"] {
        assert_eq!(text.parse::<Timestamp>().unwrap_err().kind(), ErrorKind::InvalidInput, "{text}");
    }
}

#[test]
fn a_new_schema_numbers_each_level_before_what_is_nested_in_it() {
    let schema = Schema::new([
        NestedField::required("id", PrimitiveType::Long),
        NestedField::optional("tags", Type::list(PrimitiveType::String)),
        NestedField::optional(
            "m",
            Type::map(PrimitiveType::String, Type::structure([NestedField::optional("x", PrimitiveType::Int)])),
        ),
    ])
    .unwrap();
    let ids: Vec<_> = schema.walk().into_iter().map(|(name, field)| (name, field.id)).collect();
    let expected =
        [("id", 1), ("tags", 2), ("tags.element", 4), ("m", 3), ("m.key", 5), ("m.value", 6), ("m.value.x", 7)];
    assert_eq!(ids, expected.map(|(name, id)| (name.to_owned(), id)));
    assert_eq!(schema.field_by_name("m.value.x").unwrap().id, 7);
}

#[test]
fn a_schema_keeps_fields_of_its_json_that_it_does_not_know() {
    let json = json!({
        "type": "struct", "schema-id": 3, "identifier-field-ids": [1], "new-in-v9": true,
        "fields": [{"id": 1, "name": "a", "required": true, "type": "long", "doc": "d", "later": [1]}],
    });
    assert_eq!(Schema::from_json(json.clone(), "schemas[0]".into()).unwrap().to_json(), json);
}

#[test]
fn a_malformed_schema_is_an_error_that_names_the_field() {
    let json =
        json!({"type": "struct", "fields": [{"id": 1, "name": "a", "required": true, "type": {"type": "list"}}]});
    let error = Schema::from_json(json, "schemas[0]".into()).unwrap_err();
    assert_eq!(error.to_string(), "field `schemas[0].fields[0].type.element-id` is missing");
}

#[test]
fn doubled_and_empty_column_names_are_refused() {
    let field = || NestedField::optional("a", PrimitiveType::Int);
    assert_eq!(Schema::new([field(), field()]).unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(
        Schema::new([NestedField::optional("", PrimitiveType::Int)]).unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
}

#[test]
fn decimals_take_as_few_bytes_as_hold_them() {
    for (unscaled, bytes) in [
        (0, vec![0]),
        (127, vec![127]),
        (128, vec![0, 128]),
        (-1, vec![255]),
        (-128, vec![128]),
        (-129, vec![255, 127]),
    ] {
        let value = Value::Decimal { unscaled, scale: 2 };
        assert_eq!(value.to_bytes(), bytes);
        let decimal = PrimitiveType::Decimal { precision: 9, scale: 2 };
        assert_eq!(Value::from_bytes(decimal, &bytes).unwrap(), value);
    }
}

#[test]
fn bounds_written_before_a_promotion_are_widened() {
    assert_eq!(Value::from_bytes(PrimitiveType::Long, &7_i32.to_le_bytes()).unwrap(), Value::Long(7));
    assert_eq!(Value::from_bytes(PrimitiveType::Double, &1.5_f32.to_le_bytes()).unwrap(), Value::Double(1.5));
    assert_eq!(Value::from_bytes(PrimitiveType::Int, &[1, 2]).unwrap_err().kind(), ErrorKind::InvalidData);
}

/// Runs of positions, near the borders of the set's containers too.
fn runs_of_positions() -> Vec<u64> {
    let high = 1_u64 << 32;
    let runs: [std::ops::Range<u64>; 8] = [
        0..3,
        7..8,
        65_530..65_540,
        131_071..131_072,
        200_000..270_000,
        high - 2..high + 2,
        high + 70_000..high + 70_003,
        5..6,
    ];
    runs.into_iter().flatten().collect()
}

#[test]
fn gaps_and_counts_are_those_of_a_plain_list() {
    let all: Positions = runs_of_positions().into_iter().collect();
    let high = 1_u64 << 32;
    let mut ends = vec![0, 1, 3, 4, 8, 9, 65_531, 65_536, 65_540, 131_071, 131_072, 250_000, 280_000];
    ends.extend([high - 3, high - 2, high, high + 1, high + 2, high + 3, high + 69_999, high + 70_004]);
    for (i, start) in ends.iter().enumerate() {
        for end in ends.iter().skip(i) {
            let inside: Vec<u64> = runs_of_positions().into_iter().filter(|at| (start..end).contains(&at)).collect();
            let gaps = all.gaps_in(*start..*end);
            assert_eq!(
                all.count_in(*start..*end),
                inside.iter().collect::<std::collections::BTreeSet<_>>().len() as u64
            );
            let covered: u64 = gaps.iter().map(|gap| gap.end - gap.start).sum();
            assert_eq!(covered + all.count_in(*start..*end), end - start, "{start}..{end}");
            assert!(gaps.iter().all(|gap| gap.start < gap.end && !inside.iter().any(|at| gap.contains(at))));
            assert!(gaps.is_sorted_by(|a, b| a.end < b.start));
        }
    }
}

/// The values of the specification (Appendix B), of which buckets are made.
#[test]
fn hashes_are_those_of_the_specification() {
    use super::murmur3::murmur3;
    let uuid = 0xf79c_3e09_677c_4bbd_a479_3f34_9cb7_85e7_u128;
    let text = time_text::parse_date_time("2017-11-16T22:31:08").unwrap();
    let micros = i64::try_from(text.nanos / 1_000).unwrap();
    let cases = [
        (Value::Int(34), 2_017_239_379),
        (Value::Long(34), 2_017_239_379),
        (Value::Decimal { unscaled: 1420, scale: 2 }, -500_754_589),
        (Value::Date(time_text::parse_date("2017-11-16").unwrap()), -653_330_422),
        (Value::Time(81_068_000_000), -662_762_989),
        (Value::Timestamp(micros), -2_047_944_441),
        (Value::Timestamptz(micros), -2_047_944_441),
        (Value::TimestampNs(micros * 1_000), -2_047_944_441),
        (Value::TimestamptzNs(micros * 1_000), -2_047_944_441),
        (Value::String("iceberg".into()), 1_210_000_089),
        (Value::Uuid(uuid), 1_488_055_340),
        (Value::Fixed(vec![0, 1, 2, 3]), -188_683_207),
        (Value::Binary(vec![0, 1, 2, 3]), -188_683_207),
    ];
    for (value, hash) in cases {
        // As many buckets as there can be: the hash without its sign.
        let bucket = Transform::Bucket(0x7fff_ffff).apply(&value);
        assert_eq!(bucket, Some(Value::Int((hash & 0x7fff_ffff) % 0x7fff_ffff)), "{value:?}");
    }
    assert_eq!(murmur3(b""), 0);
    assert_eq!(Transform::Bucket(4).apply(&Value::Double(1.0)), None);
}

#[test]
fn transforms_round_down_before_1970_and_below_zero() {
    let micros = |text: &str| {
        let nanos = time_text::parse_date_time(text).unwrap().nanos;
        Value::Timestamptz(i64::try_from(nanos / 1_000).unwrap())
    };
    let cases = [
        (Transform::Year, micros("1969-12-31T23:59:59.999999Z"), Value::Int(-1)),
        (Transform::Year, micros("1969-01-01T00:00:00Z"), Value::Int(-1)),
        (Transform::Year, micros("1968-12-31T23:00:00Z"), Value::Int(-2)),
        (Transform::Month, micros("1969-11-30T00:00:00Z"), Value::Int(-2)),
        (Transform::Month, micros("2017-12-01T10:12:55.038194Z"), Value::Int(575)),
        (Transform::Day, micros("1969-12-31T23:00:00Z"), Value::Date(-1)),
        (Transform::Day, micros("2017-12-01T10:12:55.038194Z"), Value::Date(17_501)),
        (Transform::Hour, micros("1969-12-31T23:59:59Z"), Value::Int(-1)),
        (Transform::Hour, micros("2017-12-01T10:12:55.038194Z"), Value::Int(420_034)),
        (Transform::Day, Value::Date(-1), Value::Date(-1)),
        (Transform::Month, Value::Date(-1), Value::Int(-1)),
        (Transform::Truncate(10), Value::Int(-1), Value::Int(-10)),
        (Transform::Truncate(10), Value::Long(11), Value::Long(10)),
        (
            Transform::Truncate(50),
            Value::Decimal { unscaled: -1065, scale: 2 },
            Value::Decimal { unscaled: -1100, scale: 2 },
        ),
        (Transform::Truncate(3), Value::String("äb\u{10ffff}c".into()), Value::String("äb\u{10ffff}".into())),
        (Transform::Truncate(3), Value::Binary(vec![1, 2, 3, 4]), Value::Binary(vec![1, 2, 3])),
    ];
    for (transform, value, expected) in cases {
        assert_eq!(transform.apply(&value), Some(expected), "{transform} of {value:?}");
    }
    // What does not fit is nothing, not another number.
    assert_eq!(Transform::Truncate(10).apply(&Value::Int(i32::MIN)), None);
    assert_eq!(Transform::Hour.apply(&Value::Timestamp(i64::MAX)), None);
    assert_eq!(Transform::Hour.apply(&Value::Date(0)), None);
    assert_eq!(Transform::Void.apply(&Value::Int(1)), None);
}

#[test]
fn a_name_mapping_gives_ids_at_every_depth_and_by_every_alias() {
    use ::arrow_schema::{DataType, Field, Fields};
    let mapping = NameMapping::parse(
        r#"[{"field-id": 1, "names": ["id", "record_id"]},
            {"field-id": 2, "names": ["data.x"], "fields": [{"field-id": 3, "names": ["element"], "fields": [
                {"field-id": 4, "names": ["a"]}, {"names": ["b"]}]}]},
            {"field-id": 5, "names": ["m"], "fields": [{"field-id": 6, "names": ["key"]},
                {"field-id": 7, "names": ["value"], "fields": [{"field-id": 8, "names": ["a"]}]}]},
            {"names": ["known but not read"]}]"#,
    )
    .unwrap();
    let leaf = |name: &str| Field::new(name, DataType::Int32, true);
    let inside = || DataType::Struct(vec![leaf("a"), leaf("b")].into());
    let map = Field::new("entries", DataType::Struct(vec![leaf("k"), Field::new("v", inside(), true)].into()), false);
    let file: Fields = vec![
        leaf("record_id"),
        Field::new("data.x", DataType::List(Arc::new(Field::new("array", inside(), true))), true),
        Field::new("m", DataType::Map(Arc::new(map), false), true),
        leaf("known but not read"),
        leaf("ID"),
    ]
    .into();
    assert!(!has_ids(&file));
    let shown = |fields: &Fields| format!("{fields:?}").matches("PARQUET:field_id").count();
    let named = mapping.assign(&file).unwrap();
    assert!(has_ids(&named));
    let id = |field: &Field| field.metadata().get("PARQUET:field_id").cloned().unwrap_or_default();
    let ids: Vec<_> = named.iter().map(|field| id(field)).collect();
    assert_eq!(ids, ["1", "2", "5", "", ""]);
    let DataType::List(element) = named[1].data_type() else { panic!() };
    assert_eq!(id(element), "3");
    let DataType::Struct(children) = element.data_type() else { panic!() };
    assert_eq!((id(&children[0]), id(&children[1])), ("4".into(), String::new()));
    assert_eq!(shown(&named), 8);
    assert_eq!(shown(&mapping.without(&|id| id == 2 || id == 8).assign(&file).unwrap()), 6);

    let error = mapping.assign(&vec![leaf("id"), leaf("record_id")].into()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert!(error.to_string().contains("`id` and `record_id`"), "{error}");
}

#[test]
fn a_name_mapping_that_says_two_things_is_refused() {
    let deep = format!("{}{}", r#"[{"names":["a"],"fields":"#.repeat(500), "]".repeat(500));
    for (text, message) in [
        ("", "JSON"),
        ("{}", "must be an array"),
        ("[1]", "field `[0]`"),
        (r#"[{"names": "id"}]"#, "field `[0].names`"),
        (r#"[{"names": ["a", 7]}]"#, "field `[0].names[1]`"),
        (r#"[{"field-id": "1", "names": []}]"#, "field `[0].field-id`"),
        (r#"[{"names": ["a"]}, {"names": ["b", "a"]}]"#, "the name `a` is there twice"),
        (r#"[{"field-id": 1, "names": []}, {"names": [], "fields": [{"field-id": 1}]}]"#, "the id 1 is there twice"),
        (&deep, "JSON"),
    ] {
        let error = NameMapping::parse(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{text}");
        assert!(error.to_string().contains(message), "{text}: {error}");
    }
}

/// serde_json reads doubles quickly by default, and some of them off by one in the last place.
#[test]
fn default_values_are_read_to_the_last_digit() {
    for i in 1..3_000_u64 {
        let bits = i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 2;
        let value = f64::from_bits(bits);
        let json: serde_json::Value = serde_json::from_str(&format!("{value:e}")).unwrap();
        assert_eq!(default_value(PrimitiveType::Double, &json).unwrap(), Value::Double(value), "{value:e}");
    }
}
