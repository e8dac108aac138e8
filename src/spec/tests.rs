use serde_json::json;

use super::*;
use crate::ErrorKind;

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
