use std::cmp::Ordering;

use super::*;
use crate::ErrorKind;
use crate::spec::{Metrics, NestedField, PrimitiveType, Schema, Type, Value};

mod partitions;
mod properties;

fn schema() -> Schema {
    Schema::new([
        NestedField::required("id", PrimitiveType::Long),
        NestedField::optional("i", PrimitiveType::Int),
        NestedField::optional("f", PrimitiveType::Float),
        NestedField::optional("d", PrimitiveType::Double),
        NestedField::optional("m", PrimitiveType::Decimal { precision: 9, scale: 2 }),
        NestedField::optional("day", PrimitiveType::Date),
        NestedField::optional("at", PrimitiveType::Time),
        NestedField::optional("ts", PrimitiveType::Timestamp),
        NestedField::optional("tz", PrimitiveType::Timestamptz),
        NestedField::optional("s", PrimitiveType::String),
        NestedField::optional("u", PrimitiveType::Uuid),
        NestedField::optional("b", PrimitiveType::Binary),
        NestedField::optional("ok", PrimitiveType::Boolean),
        NestedField::optional("p", Type::structure([NestedField::optional("x.y", PrimitiveType::Double)])),
        NestedField::optional("tags", Type::list(PrimitiveType::String)),
    ])
    .unwrap()
}

fn bound(text: &str) -> BoundPredicate {
    text.parse::<Predicate>().unwrap().bind(&schema()).unwrap()
}

fn test(text: &str) -> Test {
    match bound(text) {
        BoundPredicate::Column(_, test) => test,
        BoundPredicate::AlwaysFalse => Test::Never,
        other => panic!("{other:?}"),
    }
}

fn error(text: &str) -> String {
    let error = text.parse::<Predicate>().and_then(|predicate| predicate.bind(&schema())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    error.to_string()
}

#[test]
fn a_filter_is_read_as_it_is_meant() {
    let read = |text: &str| text.parse::<Predicate>().unwrap();
    assert_eq!(
        read("ts >= '2026-11-01' AND level In ('warn','it''s')"),
        col("ts").ge("2026-11-01").and(col("level").is_in(["warn", "it's"]))
    );
    assert_eq!(read("a = 1 or b = 2 and not c = 3"), col("a").eq(1).or(col("b").eq(2).and(col("c").eq(3).not())));
    assert_eq!(read("(a = 1 or b = 2) and c <> 3"), col("a").eq(1).or(col("b").eq(2)).and(col("c").ne(3)));
    assert_eq!(read("\"a \"\"b\"\"\".c is not null"), col("a \"b\".c").is_not_null());
    assert_eq!(
        read("x not between -1 and 1.50"),
        col("x").between(-1, Literal::Decimal { unscaled: 150, scale: 2 }).not()
    );
    assert_eq!(read("s like 'ab%' and s not like 'x%'"), col("s").starts_with("ab").and(col("s").not_starts_with("x")));
    assert_eq!(read("starts_with(s, 'ab')"), read("s starts_with 'ab'"));
    assert_eq!(read("x > 1e3"), col("x").gt(1000.0));
    assert_eq!(read("x is nan or x is not nan"), col("x").is_nan().or(col("x").is_not_nan()));
    assert_eq!(read("b == x'0aFF'"), col("b").eq(vec![10_u8, 255]));
    assert_eq!(read("ok = true and true"), col("ok").eq(true).and(Predicate::AlwaysTrue));
    assert_eq!(read("x in ()"), col("x").is_in(Vec::<i32>::new()));
}

#[test]
fn errors_in_a_filter_tell_the_position() {
    assert_eq!(error("id > 5 and"), "the filter cannot be read at character 11: a column was expected, not the end");
    assert!(error("id > 'abc").contains("character 6: the ' is never closed"));
    assert!(error("id = null").contains("write `is null`"));
    assert!(error("id = 1 id = 2").contains("character 8"));
    assert!(error("s like '%abc'").contains("beginnings only"));
    assert!(error("id ; 5").contains("`;` is unexpected"));
    assert!(error(&"(".repeat(100_000)).contains("nests deeper"));
    assert!(error(&"not ".repeat(100_000)).contains("nests deeper"));
    assert!(error(&vec!["id = 1"; 100_000].join(" or ")).contains("more than 2000 conditions"));
    assert!(error("id = 99999999999999999999999999999999999999999").contains("too many digits"));
}

/// Written out, each `not` became two levels of nesting and each `between` two conditions in parentheses, so that a filter
/// close to the limits could be written, but not read again.
#[test]
fn filters_at_the_limits_are_read_back_as_they_are_written() {
    let within = ["(".repeat(97), "l not between 1 and 2".into(), ")".repeat(97)].concat();
    for text in ["not ".repeat(99) + "l = 1", vec!["l between 1 and 2"; 1000].join(" and "), within] {
        let filter: Predicate = text.parse().unwrap();
        assert_eq!(filter.to_string().parse::<Predicate>().unwrap(), filter);
    }
    for (text, limit) in [
        ("not ".repeat(100) + "l = 1", "100 levels"),
        ("not ".repeat(98) + "l not between 1 and 2", "100 levels"),
        (vec!["l between 1 and 2"; 1001].join(" and "), "2000 conditions"),
    ] {
        assert!(error(&text).contains(limit), "{}", error(&text));
    }
}

#[test]
fn unknown_columns_are_errors_with_the_closest_names() {
    assert_eq!(error("dya > '2026-01-01'"), "the table has no column `dya`; did you mean `day`?");
    assert_eq!(error("zzzzzzzz = 1"), "the table has no column `zzzzzzzz`");
    assert!(error("tags = 'x'").contains("can be tested for null only"));
    assert!(error("tags.element = 'x'").contains("inside of a list or map"));
    assert!(matches!(bound("tags is null"), BoundPredicate::Column(..)));
    assert!(matches!(bound("p.\"x.y\" = 1"), BoundPredicate::Column(..)));
}

#[test]
fn literals_that_a_column_cannot_hold_keep_their_meaning() {
    use CompareOp::*;
    let long = |op, value| Test::Compare(op, Value::Long(value));
    assert_eq!(test("id > 1.5"), long(Gt, 1));
    assert_eq!(test("id >= 1.5"), long(Gt, 1));
    assert_eq!(test("id < -1.5"), long(Le, -2));
    assert_eq!(test("id = 1.5"), Test::Never);
    assert_eq!(test("id != 1.5"), Test::NotNull);
    assert_eq!(test("id = 2.0"), long(Eq, 2));
    assert_eq!(test("id = 2e0"), long(Eq, 2));
    assert_eq!(test("i < 3000000000"), Test::NotNull);
    assert_eq!(test("i > 3000000000"), Test::Never);
    assert_eq!(test("i >= -3000000000"), Test::NotNull);
    assert_eq!(test("i = -3000000000"), Test::Never);
    assert_eq!(test("i > 2147483647.5"), Test::Never);
    assert_eq!(test("i in (1, 1, 2.5, 3000000000)"), Test::Compare(Eq, Value::Int(1)));
    assert_eq!(test("i not in (2.5)"), Test::NotNull);
    assert_eq!(test("i in (3, 1, 2, 1)"), Test::In([1, 2, 3].map(Value::Int).to_vec()));
    assert_eq!(test("m > 1.005"), Test::Compare(Gt, Value::Decimal { unscaled: 100, scale: 2 }));
    assert_eq!(test("m = '1.50'"), Test::Compare(Eq, Value::Decimal { unscaled: 150, scale: 2 }));
    assert_eq!(test("m = 0.1e0"), Test::Compare(Eq, Value::Decimal { unscaled: 10, scale: 2 }));
    assert_eq!(test("m < 1e300"), Test::NotNull);
    assert_eq!(test("f = 0.1"), Test::Compare(Eq, Value::Float(0.1)));
    assert_eq!(test("f > 1e300"), Test::Compare(Gt, Value::Float(f32::MAX)));
    assert_eq!(test("f < 1e300"), Test::Compare(Le, Value::Float(f32::MAX)));
    assert_eq!(test("f > -1e300"), Test::Compare(Gt, Value::Float(f32::NEG_INFINITY)));
    assert_eq!(test("d > 9007199254740993"), Test::Compare(Gt, Value::Double(9007199254740992.0)));
    assert_eq!(test("d <= 9007199254740993"), Test::Compare(Le, Value::Double(9007199254740992.0)));
    assert_eq!(test("d = 9007199254740993"), Test::Never);
    assert_eq!(test("d >= 9007199254740995"), Test::Compare(Gt, Value::Double(9007199254740994.0)));
    assert_eq!(test("d = nan"), Test::Never);
    assert_eq!(test("d != nan"), Test::NotNull);
    assert_eq!(test("d in (nan, 1)"), Test::Compare(Eq, Value::Double(1.0)));
    assert_eq!(test("d > infinity"), Test::Compare(Gt, Value::Double(f64::INFINITY)));
}

#[test]
fn text_becomes_dates_times_timestamps_and_uuids() {
    use CompareOp::*;
    assert_eq!(test("day = '1970-01-02'"), Test::Compare(Eq, Value::Date(1)));
    assert_eq!(test("at < '00:00:01.5'"), Test::Compare(Lt, Value::Time(1_500_000)));
    assert_eq!(test("ts = '1970-01-01T00:00:01'"), Test::Compare(Eq, Value::Timestamp(1_000_000)));
    assert_eq!(test("ts = '1970-01-02'"), Test::Compare(Eq, Value::Timestamp(86_400_000_000)));
    assert_eq!(test("ts > '1970-01-01 00:00:00.0000015'"), Test::Compare(Gt, Value::Timestamp(1)));
    assert_eq!(test("ts = '1970-01-01 00:00:00.0000015'"), Test::Never);
    assert_eq!(test("tz = '1970-01-01T02:00:00+02:00'"), Test::Compare(Eq, Value::Timestamptz(0)));
    assert_eq!(test("tz = '1970-01-01T00:00:00'"), Test::Compare(Eq, Value::Timestamptz(0)));
    let uuid = 0xf79c_3e09_677c_4bbd_a479_3f34_9cb7_85e7;
    assert_eq!(test("u = 'f79c3e09-677c-4bbd-a479-3f349cb785e7'"), Test::Compare(Eq, Value::Uuid(uuid)));
    assert_eq!(
        error("ts = '1970-01-01T00:00:00Z'"),
        "column `ts` is of type timestamp, which '1970-01-01T00:00:00Z' cannot be compared with"
    );
    assert!(error("day = '1970-02-30'").contains("cannot be compared"));
    assert!(error("day = 5").contains("cannot be compared"));
    assert!(error("id = '5'").contains("cannot be compared"));
    assert!(error("s = 5").contains("cannot be compared"));
    assert!(error("s is nan").contains("has no NaN"));
    assert!(error("id starts_with 'a'").contains("not text"));
    let typed = col("ts").lt(Value::Timestamp(i64::MIN)).bind(&schema()).unwrap();
    assert!(matches!(typed, BoundPredicate::Column(_, Test::Compare(Lt, Value::Timestamp(i64::MIN)))));
    let typed = col("day").eq(Value::Date(i32::MAX)).bind(&schema()).unwrap();
    assert!(matches!(typed, BoundPredicate::Column(_, Test::Compare(Eq, Value::Date(i32::MAX)))));
}

#[test]
fn negations_end_at_the_columns() {
    assert_eq!(bound("not (id < 5 or s is null)"), bound("id >= 5 and s is not null"));
    assert_eq!(bound("not (id in (1, 2) and s like 'a%')"), bound("id not in (1, 2) or s not like 'a%'"));
    assert_eq!(bound("not (id between 1 and 2)"), bound("id < 1 or id > 2"));
    assert_eq!(bound("not not id = 1"), bound("id = 1"));
    assert_eq!(bound("id = 1 and false"), BoundPredicate::AlwaysFalse);
    assert_eq!(bound("id = 1 or not false"), BoundPredicate::AlwaysTrue);
}

/// The Python package datashard 0.11.2 lost the second row of [1.0, NaN] for `x != 1.0`: it pruned the file as if NaN did not
/// exist, because both of its bounds were 1.0.
#[test]
fn a_file_with_nan_is_not_pruned_by_bounds_that_pass_over_it() {
    let schema = schema();
    let d = schema.field_by_name("d").unwrap().id;
    let one = 1.0_f64.to_le_bytes().to_vec();
    let metrics = |nans: Option<u64>| Metrics {
        record_count: 2,
        value_counts: [(d, 2)].into(),
        null_value_counts: [(d, 0)].into(),
        nan_value_counts: nans.map(|nans| (d, nans)).into_iter().collect(),
        lower_bounds: [(d, one.clone())].into(),
        upper_bounds: [(d, one.clone())].into(),
        ..Metrics::default()
    };
    let might = |text: &str, nans| might_match(&bound(text), &FileStats::new(&metrics(nans), &schema));
    let must = |text: &str, nans| must_match(&bound(text), &FileStats::new(&metrics(nans), &schema));
    assert!(might("d != 1.0", Some(1)) && might("d != 1.0", None) && !might("d != 1.0", Some(0)));
    assert!(might("d is nan", Some(1)) && might("d is nan", None) && !might("d is nan", Some(0)));
    assert!(!might("d > 1.0", Some(1)) && might("d >= 1.0", Some(1)) && !might("d = 1.0", Some(2)));
    assert!(must("d = 1.0", Some(0)) && !must("d = 1.0", None) && !must("d = 1.0", Some(1)));
    assert!(must("d is not null", Some(1)) && !must("d is not nan", Some(1)));
}

#[test]
fn a_file_of_which_nothing_is_known_is_read() {
    let schema = schema();
    let metrics = Metrics { record_count: 3, ..Metrics::default() };
    for text in ["id = 1", "id is null", "s starts_with 'a'", "d is nan", "s not in ('a', 'b')", "d != 1"] {
        assert!(might_match(&bound(text), &FileStats::new(&metrics, &schema)), "{text}");
        assert!(!must_match(&bound(text), &FileStats::new(&metrics, &schema)), "{text}");
    }
    let empty = Metrics::default();
    assert!(!might_match(&bound("true"), &FileStats::new(&empty, &schema)));
}

/// Java orders UUIDs as pairs of signed numbers, and takes bounds by that.
#[test]
fn bounds_of_uuids_in_the_order_of_signed_numbers_rule_nothing_out() {
    let schema = schema();
    let u = schema.field_by_name("u").unwrap().id;
    let (high, low) = (0xf79c_3e09_677c_4bbd_a479_3f34_9cb7_85e7_u128, 0x179c_3e09_677c_4bbd_a479_3f34_9cb7_85e7_u128);
    let metrics = |lower: Option<u128>, upper: Option<u128>| Metrics {
        record_count: 2,
        lower_bounds: lower.map(|uuid| (u, uuid.to_be_bytes().to_vec())).into_iter().collect(),
        upper_bounds: upper.map(|uuid| (u, uuid.to_be_bytes().to_vec())).into_iter().collect(),
        ..Metrics::default()
    };
    let filter = bound("u = '00000000-0000-0000-0000-000000000001'");
    let might = |metrics: Metrics| might_match(&filter, &FileStats::new(&metrics, &schema));
    assert!(
        might(metrics(Some(high), Some(low))) && might(metrics(Some(high), None)) && might(metrics(Some(low), None))
    );
    assert!(!might(metrics(Some(low), Some(high))) && !might(metrics(Some(low), Some(low))));
}

#[test]
fn values_that_a_writer_did_not_count_are_not_taken_for_nulls() {
    let schema = schema();
    let i = schema.field_by_name("i").unwrap().id;
    let metrics = Metrics {
        record_count: 2,
        value_counts: [(i, 0)].into(),
        null_value_counts: [(i, 0)].into(),
        ..Metrics::default()
    };
    for text in ["i = 1", "i is not null", "i != 1", "i not in (1, 2)"] {
        assert!(might_match(&bound(text), &FileStats::new(&metrics, &schema)), "{text}");
    }
}

#[test]
fn cut_bounds_prune_beginnings_of_text_soundly() {
    let schema = schema();
    let s = schema.field_by_name("s").unwrap().id;
    let metrics = Metrics {
        record_count: 9,
        value_counts: [(s, 9)].into(),
        null_value_counts: [(s, 0)].into(),
        lower_bounds: [(s, b"abc".to_vec())].into(),
        upper_bounds: [(s, b"abd".to_vec())].into(),
        ..Metrics::default()
    };
    let might = |text: &str| might_match(&bound(text), &FileStats::new(&metrics, &schema));
    assert!(might("s starts_with 'abcx'") && might("s starts_with 'ab'") && !might("s starts_with 'b'"));
    assert!(!might("s starts_with 'abb'") && !might("s not starts_with 'ab'") && might("s not starts_with 'abc'"));
    assert!(must_match(&bound("s starts_with 'ab'"), &FileStats::new(&metrics, &schema)));
    assert!(!must_match(&bound("s starts_with 'abc'"), &FileStats::new(&metrics, &schema)));
}

#[test]
fn dates_and_times_are_read_strictly() {
    use crate::spec::time_text::*;
    for (text, days) in [("1970-01-01", 0), ("2026-11-21", 20_778), ("1969-12-31", -1), ("0001-01-01", -719_162)] {
        assert_eq!(parse_date(text), Some(days), "{text}");
        assert_eq!(format_date(days), text);
    }
    assert_eq!(parse_date("2024-02-29"), Some(19_782));
    for text in
        ["2023-02-29", "1970-1-1", "70-01-01", "1970-13-01", "12026-01-01", "1970-01-01x", "", "-", "1970-00-10"]
    {
        assert_eq!(parse_date(text), None, "{text}");
    }
    for days in [i32::MIN, -800_000, 0, 11_016, i32::MAX] {
        assert_eq!(parse_date(&format_date(days)), Some(days));
    }
    assert_eq!(parse_time("23:59:59.999999999"), Some(86_399_999_999_999));
    for text in ["24:00:00", "1:00", "10:60", "10:00:60", "10:00:00.", "10:00:00.1234567890", "10", "10:00.5"] {
        assert_eq!(parse_time(text), None, "{text}");
    }
    let time = |text| parse_date_time(text).map(|time| (time.nanos, time.has_offset));
    assert_eq!(time("1970-01-01T00:00:00-01:30"), Some((5_400_000_000_000, true)));
    assert_eq!(time("1970-01-01t00:00+0130"), Some((-5_400_000_000_000, true)));
    assert_eq!(time("1970-01-01 00:00:01"), Some((1_000_000_000, false)));
    for text in ["1970-01-01T", "1970-01-01T00:00:00+25:00", "1970-01-01T00:00:00 Z", "ä", "1970-01-01Tä"] {
        assert_eq!(time(text), None, "{text}");
    }
    assert_eq!(format_date_time(-1_500_000_000), "1969-12-31T23:59:58.5");
}

/// Whether a value satisfies a test, said as simply as can be.
fn passes(value: Option<&Value>, test: &Test) -> bool {
    let Some(value) = value else { return *test == Test::IsNull };
    let order = |other: &Value| value.compare(other);
    let begins = |prefix: &str| matches!(value, Value::String(text) if text.starts_with(prefix));
    match test {
        Test::Never | Test::IsNull => false,
        Test::NotNull => true,
        Test::IsNan => value.is_nan(),
        Test::NotNan => !value.is_nan(),
        Test::Compare(CompareOp::Eq, other) => order(other) == Some(Ordering::Equal),
        Test::Compare(CompareOp::Ne, other) => order(other) != Some(Ordering::Equal),
        Test::Compare(CompareOp::Lt, other) => order(other) == Some(Ordering::Less),
        Test::Compare(CompareOp::Le, other) => matches!(order(other), Some(Ordering::Less | Ordering::Equal)),
        Test::Compare(CompareOp::Gt, other) => order(other) == Some(Ordering::Greater),
        Test::Compare(CompareOp::Ge, other) => matches!(order(other), Some(Ordering::Greater | Ordering::Equal)),
        Test::In(set) => set.iter().any(|other| order(other) == Some(Ordering::Equal)),
        Test::NotIn(set) => set.iter().all(|other| order(other) != Some(Ordering::Equal)),
        Test::StartsWith(prefix) => begins(prefix),
        Test::NotStartsWith(prefix) => !begins(prefix),
    }
}
