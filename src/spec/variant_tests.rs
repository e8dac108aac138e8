use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::variant_bytes::first_value;
use super::{variant_from_json, variant_to_json};
use crate::ErrorKind;

/// Metadata of these names.
fn metadata(names: &[&str]) -> Vec<u8> {
    let mut bytes = vec![1, names.len() as u8, 0];
    let mut end = 0;
    for name in names {
        end += name.len() as u8;
        bytes.push(end);
    }
    [bytes, names.concat().into_bytes()].concat()
}

fn primitive(kind: u8, content: &[u8]) -> Vec<u8> {
    [&[kind << 2], content].concat()
}

fn json_of(value: &[u8]) -> Json {
    variant_to_json(&metadata(&[]), value).unwrap()
}

#[test]
fn every_primitive_has_its_json() {
    let text = |text: &str| [&(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat();
    for (kind, content, expected) in [
        (0, vec![], json!(null)),
        (1, vec![], json!(true)),
        (2, vec![], json!(false)),
        (3, vec![0x80], json!(-128)),
        (4, (-2_i16).to_le_bytes().to_vec(), json!(-2)),
        (5, i32::MAX.to_le_bytes().to_vec(), json!(i32::MAX)),
        (6, i64::MIN.to_le_bytes().to_vec(), json!(i64::MIN)),
        (7, 1e200_f64.to_le_bytes().to_vec(), json!(1e200)),
        (7, f64::NAN.to_le_bytes().to_vec(), json!("NaN")),
        (7, f64::NEG_INFINITY.to_le_bytes().to_vec(), json!("-Infinity")),
        (8, [&[2][..], &(-1234_i32).to_le_bytes()].concat(), json!("-12.34")),
        (9, [&[3][..], &(-7_i64).to_le_bytes()].concat(), json!("-0.007")),
        (10, [&[0][..], &i128::MAX.to_le_bytes()].concat(), json!(i128::MAX.to_string())),
        (11, 20_000_i32.to_le_bytes().to_vec(), json!("2024-10-04")),
        (12, 1_500_000_i64.to_le_bytes().to_vec(), json!("1970-01-01T00:00:01.5Z")),
        (13, (-1_i64).to_le_bytes().to_vec(), json!("1969-12-31T23:59:59.999999")),
        (14, 0.1_f32.to_le_bytes().to_vec(), json!(0.1)),
        (15, [&3_u32.to_le_bytes()[..], &[0, 255, 1]].concat(), json!("AP8B")),
        (16, text("a \u{10ffff}"), json!("a \u{10ffff}")),
        (17, 34_200_000_001_i64.to_le_bytes().to_vec(), json!("09:30:00.000001")),
        (18, 1_i64.to_le_bytes().to_vec(), json!("1970-01-01T00:00:00.000000001Z")),
        (19, 0_i64.to_le_bytes().to_vec(), json!("1970-01-01T00:00:00")),
        (
            20,
            0xf79c_3e09_677c_4bbd_a479_3f34_9cb7_85e7_u128.to_be_bytes().to_vec(),
            json!("f79c3e09-677c-4bbd-a479-3f349cb785e7"),
        ),
    ] {
        assert_eq!(json_of(&primitive(kind, &content)), expected, "type {kind}");
        for cut in 0..content.len() {
            let error = variant_to_json(&metadata(&[]), &primitive(kind, &content[..cut])).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData, "type {kind}");
        }
    }
    assert_eq!(json_of(&[2 << 2 | 1, b'h', b'i']), json!("hi"));
    for days in [i32::MIN, i32::MAX] {
        assert!(json_of(&primitive(11, &days.to_le_bytes())).is_string());
    }
    for micros in [i64::MIN, i64::MAX] {
        assert!(json_of(&primitive(12, &micros.to_le_bytes())).is_string());
    }
}

#[test]
fn objects_and_arrays_nest() {
    // {"b": [1, "x"], "a": null}: the fields by name, their values in any order.
    let array = [0x03, 2, 0, 2, 4, 12, 1, 5, b'x'];
    let object = [&[0x02, 2, 0, 1, 9, 0, 10][..], &array, &[0]].concat();
    assert_eq!(variant_to_json(&metadata(&["a", "b"]), &object).unwrap(), json!({"b": [1, "x"], "a": null}));
    assert_eq!(json_of(&[0x03, 0, 0]), json!([]));
    assert_eq!(json_of(&[0x02, 0, 0]), json!({}));
    // With numbers of four bytes.
    let large = [&[0x03 | 7 << 2][..], &[1, 0, 0, 0], &[0; 4], &[2, 0, 0, 0], &[12, 7]].concat();
    assert_eq!(json_of(&large), json!([7]));
}

#[test]
fn what_is_no_variant_is_an_error_and_costs_no_more_than_it_is_long() {
    let names = metadata(&["a", "b"]);
    for (metadata, value) in [
        (&[][..], &[0][..]),
        (&[2, 0, 0], &[0]),
        (&[0xc1, 255, 255, 255, 255], &[0]),
        (&names, &[]),
        (&names, &[21 << 2]),
        (&names, &[0x02, 1, 2, 0, 1, 0]),
        (&names, &[0x02, 2, 0, 0, 0, 1, 2, 0, 0]),
        (&names, &[0x03, 1, 9, 9, 0]),
        (&names, &[0x03 | 7 << 2, 255, 255, 255, 255]),
        (&names, &[1 << 2 | 1, 0xff]),
        (&names, &[8 << 2, 39, 0, 0, 0, 0]),
        (&names, &[16 << 2, 255, 255, 255, 255]),
        (&names, &[17 << 2, 255, 255, 255, 255, 255, 255, 255, 255]),
    ] {
        let error = variant_to_json(metadata, value).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{value:?}");
    }
    // Each array holds the next one twice: 2^60 values.
    let laughs: Vec<u8> = (0..60).flat_map(|_| [0x03, 2, 0, 0, 0]).chain([0]).collect();
    assert!(variant_to_json(&names, &laughs).is_err());
    let deep: Vec<u8> = (0..100_000).flat_map(|_| [0x03, 1, 0, 1]).chain([0]).collect();
    assert!(variant_to_json(&names, &deep).is_err());
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        (-300..300_i64).prop_map(Json::from),
        any::<f64>().prop_filter("JSON has finite numbers", |value| value.is_finite()).prop_map(Json::from),
        "[a-zü ]{0,80}".prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            prop::collection::btree_map("[a-zA-Zß]{0,5}", inner, 0..6)
                .prop_map(|fields| Json::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn json_becomes_a_variant_and_json_again(json in any_json()) {
        let (metadata, value) = variant_from_json(&json).unwrap();
        prop_assert_eq!(variant_to_json(&metadata, &value).unwrap(), json);
        prop_assert_eq!(first_value(&value).unwrap().len(), value.len());
    }
}

#[test]
fn what_a_variant_has_room_for_is_as_the_encoding_says() {
    let encoded = |json: Json| variant_from_json(&json).unwrap();
    assert_eq!(encoded(json!(null)), (vec![0x11, 0, 0], vec![0]));
    assert_eq!(encoded(json!(-3)).1, [3 << 2, 0xfd]);
    assert_eq!(encoded(json!(300)).1, [4 << 2, 44, 1]);
    assert_eq!(encoded(json!(u64::MAX)).1[..2], [10 << 2, 0]);
    assert_eq!(encoded(json!("é")).1, [2 << 2 | 1, 0xc3, 0xa9]);
    // Names are sorted, and so are fields.
    let (metadata, value) = encoded(json!({"b": true, "a": [1]}));
    assert_eq!(metadata, [0x11, 2, 0, 1, 2, b'a', b'b']);
    assert_eq!(value, [2, 2, 0, 1, 0, 6, 7, 3, 1, 0, 2, 12, 1, 4]);
    let many: serde_json::Map<String, Json> = (0..300).map(|n| (format!("{n:03}"), json!(n))).collect();
    let many = Json::Object(many);
    let (metadata, value) = encoded(many.clone());
    assert_eq!(variant_to_json(&metadata, &value).unwrap(), many);
    let deep = |levels| (0..levels).fold(json!(1), |inner, _| json!([inner]));
    let (metadata, value) = encoded(deep(100));
    assert_eq!(variant_to_json(&metadata, &value).unwrap(), deep(100));
    assert!(variant_from_json(&deep(101)).is_none());
}
