//! What partitions rule out, against brute force.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::passes;
use crate::expr::*;
use crate::spec::*;

const DECIMAL: PrimitiveType = PrimitiveType::Decimal { precision: 9, scale: 2 };
const WIDE: PrimitiveType = PrimitiveType::Decimal { precision: 38, scale: 2 };

/// The type that a column was written with and the one that it has now.
const TYPES: [(PrimitiveType, PrimitiveType); 20] = [
    (PrimitiveType::Boolean, PrimitiveType::Boolean),
    (PrimitiveType::Int, PrimitiveType::Int),
    (PrimitiveType::Int, PrimitiveType::Long),
    (PrimitiveType::Long, PrimitiveType::Long),
    (PrimitiveType::Float, PrimitiveType::Float),
    (PrimitiveType::Float, PrimitiveType::Double),
    (PrimitiveType::Double, PrimitiveType::Double),
    (DECIMAL, DECIMAL),
    (DECIMAL, WIDE),
    (WIDE, WIDE),
    (PrimitiveType::Date, PrimitiveType::Date),
    (PrimitiveType::Time, PrimitiveType::Time),
    (PrimitiveType::Timestamp, PrimitiveType::Timestamp),
    (PrimitiveType::Timestamptz, PrimitiveType::Timestamptz),
    (PrimitiveType::TimestampNs, PrimitiveType::TimestampNs),
    (PrimitiveType::TimestamptzNs, PrimitiveType::TimestamptzNs),
    (PrimitiveType::String, PrimitiveType::String),
    (PrimitiveType::Uuid, PrimitiveType::Uuid),
    (PrimitiveType::Fixed(2), PrimitiveType::Fixed(2)),
    (PrimitiveType::Binary, PrimitiveType::Binary),
];

fn value(primitive: PrimitiveType) -> BoxedStrategy<Value> {
    use PrimitiveType::*;
    let int = || {
        let odd = vec![i32::MIN, i32::MIN + 1, i32::MIN + 3, i32::MAX, i32::MAX - 2, -11, -10, -9, -1, 0, 1, 9, 10];
        prop_oneof![4 => prop::sample::select(odd), 4 => -40..40_i32, 1 => any::<i32>()]
    };
    let long = || {
        let far = i64::from(i32::MAX);
        let odd =
            vec![i64::MIN, i64::MIN + 1, i64::MAX, i64::MAX - 2, far, far + 1, -far - 1, -far - 2, -10, -1, 0, 10];
        prop_oneof![3 => prop::sample::select(odd), 4 => -40..40_i64, 1 => any::<i64>()]
    };
    // At and around the borders of hours, days, months and years, before and after 1970, and at the ends of time.
    let time = |unit: i64| {
        let hours = vec![-8760, -745, -744, -25, -24, -23, -2, -1, 0, 1, 2, 23, 24, 25, 743, 744, 8759, 8760, 17_520];
        let hour = 3_600 * unit;
        let near = (prop::sample::select(hours), -1..2_i64).prop_map(move |(h, plus)| h * hour + plus);
        let ends = prop::sample::select(vec![i64::MIN, i64::MIN + hour, i64::MAX, i64::MAX - hour]);
        prop_oneof![5 => near, 1 => ends, 1 => any::<i64>()]
    };
    match primitive {
        Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
        Int => int().prop_map(Value::Int).boxed(),
        Long => long().prop_map(Value::Long).boxed(),
        Float => {
            let odd = vec![0.0, -0.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MIN, f32::MAX, 1.5, -1.5, 0.1];
            prop::sample::select(odd).prop_map(Value::Float).boxed()
        }
        Double => {
            let odd = vec![0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MIN, f64::MAX, 1.5, -1.5, 0.1];
            prop::sample::select(odd).prop_map(Value::Double).boxed()
        }
        Decimal { precision, scale } => {
            let most = 10_i128.pow(precision.into()) - 1;
            let odd = prop::sample::select(vec![-most, most, most - 3, 0]);
            prop_oneof![1 => odd, 4 => -40..40_i128]
                .prop_map(move |unscaled| Value::Decimal { unscaled, scale })
                .boxed()
        }
        Date => {
            let odd = vec![i32::MIN, i32::MAX, -366, -365, -32, -31, -30, -2, -1, 0, 1, 30, 31, 59, 364, 365, 19_782];
            prop_oneof![4 => prop::sample::select(odd), 1 => any::<i32>()].prop_map(Value::Date).boxed()
        }
        Time => (0..86_400_000_000_i64).prop_map(Value::Time).boxed(),
        Timestamp => time(1_000_000).prop_map(Value::Timestamp).boxed(),
        Timestamptz => time(1_000_000).prop_map(Value::Timestamptz).boxed(),
        TimestampNs => time(1_000_000_000).prop_map(Value::TimestampNs).boxed(),
        TimestamptzNs => time(1_000_000_000).prop_map(Value::TimestamptzNs).boxed(),
        String => {
            let odd = vec!["a", "b", "\u{d7ff}", "\u{e000}", "\u{10ffff}", "ä", "\0", "\u{ffff}"];
            prop::collection::vec(prop::sample::select(odd), 0..4)
                .prop_map(|parts| Value::String(parts.concat()))
                .boxed()
        }
        Uuid => prop_oneof![0..3_u128, any::<u128>()].prop_map(Value::Uuid).boxed(),
        Fixed(_) => any::<[u8; 2]>().prop_map(|bytes| Value::Fixed(bytes.to_vec())).boxed(),
        Binary => {
            let odd = prop::sample::select(vec![0_u8, 1, 127, 128, 255, 255]);
            prop::collection::vec(odd, 0..4).prop_map(Value::Binary).boxed()
        }
    }
}

fn transforms(primitive: PrimitiveType) -> Vec<Transform> {
    use PrimitiveType::*;
    let mut all = vec![Transform::Identity, Transform::Void, Transform::Unknown("zorder".into())];
    if !matches!(primitive, Boolean | Float | Double) {
        all.extend([2, 5].map(Transform::Bucket));
    }
    if matches!(primitive, Int | Long | Decimal { .. } | String | Binary) {
        all.extend([1, 2, 10].map(Transform::Truncate));
    }
    if matches!(primitive, Date | Timestamp | Timestamptz | TimestampNs | TimestamptzNs) {
        all.extend([Transform::Year, Transform::Month, Transform::Day]);
    }
    if matches!(primitive, Timestamp | Timestamptz | TimestampNs | TimestamptzNs) {
        all.push(Transform::Hour);
    }
    all
}

/// The partition value that a writer gives a value: integers that do not fit wrap around, and an old one cuts what is
/// before 1970 towards zero.
fn written(transform: &Transform, value: Option<&Value>, old: bool) -> Option<Value> {
    let value = value?;
    if let (true, Transform::Year | Transform::Month | Transform::Day | Transform::Hour) = (old, transform) {
        let exact = written(transform, Some(value), false)?;
        let begins = written(transform, before(value).as_ref(), false) != Some(exact.clone());
        return Some(match exact {
            Value::Int(n) if n < 0 && !begins => Value::Int(n + 1),
            Value::Date(n) if n < 0 && !begins => Value::Date(n + 1),
            exact => exact,
        });
    }
    transform.apply(value).or_else(|| match (transform, value) {
        (Transform::Truncate(width), Value::Int(n)) => Some(Value::Int(n.wrapping_sub(n.rem_euclid(*width as i32)))),
        (Transform::Truncate(width), Value::Long(n)) => {
            Some(Value::Long(n.wrapping_sub(n.rem_euclid(i64::from(*width)))))
        }
        (Transform::Hour, Value::Timestamp(n) | Value::Timestamptz(n)) => {
            Some(Value::Int(n.div_euclid(3_600_000_000) as i32))
        }
        (Transform::Void | Transform::Unknown(_), _) => None,
        other => panic!("{other:?}"),
    })
}

fn before(value: &Value) -> Option<Value> {
    Some(match value {
        Value::Date(n) => Value::Date(n.checked_sub(1)?),
        Value::Timestamp(n) => Value::Timestamp(n.checked_sub(1)?),
        Value::Timestamptz(n) => Value::Timestamptz(n.checked_sub(1)?),
        Value::TimestampNs(n) => Value::TimestampNs(n.checked_sub(1)?),
        Value::TimestamptzNs(n) => Value::TimestamptzNs(n.checked_sub(1)?),
        _ => return None,
    })
}

struct Random(TestRunner);

impl Random {
    fn of<S: Strategy>(&mut self, strategy: S) -> S::Value {
        strategy.new_tree(&mut self.0).unwrap().current()
    }

    /// A predicate on either column. Literals are values of rows most of the time.
    fn predicate(&mut self, types: [PrimitiveType; 2], rows: &[Row], depth: u32) -> Predicate {
        if depth > 0 && self.of(0..2) == 0 {
            let (a, b) = (self.predicate(types, rows, depth - 1), self.predicate(types, rows, depth - 1));
            return match self.of(0..5) {
                0 | 1 => a.and(b),
                2 | 3 => a.or(b),
                _ => a.not(),
            };
        }
        let position = self.of(0..2_usize);
        let (column, primitive) = (["c", "e"][position].to_owned(), types[position]);
        let mut literal = || {
            let row = self.of(0..rows.len());
            match (&rows[row][position], self.of(0..4)) {
                (Some(value), 1..) => value.clone(),
                _ => self.of(value(primitive)),
            }
        };
        use CompareOp::*;
        let (first, more) = (literal(), vec![literal(), literal(), literal()]);
        let literals = |count: usize| more[..count].iter().cloned().map(Literal::from).collect();
        match (self.of(0..12), &first) {
            (0, _) => Predicate::IsNull { column, negated: self.of(any::<bool>()) },
            (1 | 2, Value::Float(_) | Value::Double(_)) => Predicate::IsNan { column, negated: self.of(any::<bool>()) },
            (3 | 4, _) => {
                Predicate::In { column, literals: literals(self.of(1..4_usize)), negated: self.of(0..3) == 0 }
            }
            (5..9, Value::String(text)) => {
                let length = self.of(0..4_usize);
                let prefix = text.chars().take(length).collect();
                Predicate::StartsWith { column, prefix, negated: self.of(0..3) == 0 }
            }
            _ => {
                let op = self.of(prop::sample::select(vec![Eq, Eq, Eq, Ne, Lt, Le, Gt, Ge]));
                Predicate::Compare { column, op, literal: first.into() }
            }
        }
    }
}

/// Of two columns.
type Row = [Option<Value>; 2];

fn satisfied(predicate: &BoundPredicate, row: &Row) -> bool {
    match predicate {
        BoundPredicate::AlwaysTrue => true,
        BoundPredicate::AlwaysFalse => false,
        BoundPredicate::And(parts) => parts.iter().all(|part| satisfied(part, row)),
        BoundPredicate::Or(parts) => parts.iter().any(|part| satisfied(part, row)),
        BoundPredicate::Column(column, test) => passes(row[column.id as usize - 1].as_ref(), test),
    }
}

fn schema(types: [PrimitiveType; 2]) -> Schema {
    let fields = ["c", "e"].into_iter().zip(types).zip(1..);
    let fields = fields.map(|((name, primitive), id)| NestedField::optional(name, primitive).id(id));
    Schema::with_ids(0, StructType { fields: fields.collect() }).unwrap()
}

fn extreme<'a>(values: impl Iterator<Item = &'a Option<Value>>, largest: bool) -> Option<Value> {
    let values = values.flatten().filter(|value| !value.is_nan()).cloned();
    let wanted = if largest { std::cmp::Ordering::Greater } else { std::cmp::Ordering::Less };
    values.reduce(|a, b| if b.compare(&a) == Some(wanted) { b } else { a })
}

fn summary(values: &[Option<Value>], random: &mut Random) -> FieldSummary {
    let bound = |largest| extreme(values.iter(), largest).map(|value| value.to_bytes());
    let mut summary = FieldSummary {
        contains_null: values.contains(&None),
        contains_nan: Some(values.iter().flatten().any(Value::is_nan)),
        lower_bound: bound(false),
        upper_bound: bound(true),
    };
    // Older writers say less.
    match random.of(0..12) {
        0 => summary.contains_nan = None,
        1 => summary.lower_bound = None,
        2 => summary.upper_bound = None,
        _ => {}
    }
    summary
}

fn metrics(rows: &[&Row]) -> Metrics {
    let mut metrics = Metrics { record_count: rows.len() as u64, ..Metrics::default() };
    for (position, id) in [(0, 1), (1, 2)] {
        let values = || rows.iter().map(|row| &row[position]);
        metrics.value_counts.insert(id, rows.len() as u64);
        metrics.null_value_counts.insert(id, values().filter(|value| value.is_none()).count() as u64);
        metrics.nan_value_counts.insert(id, values().flatten().filter(|value| value.is_nan()).count() as u64);
        metrics.lower_bounds.extend(extreme(values(), false).map(|value| (id, value.to_bytes())));
        metrics.upper_bounds.extend(extreme(values(), true).map(|value| (id, value.to_bytes())));
    }
    metrics
}

#[test]
fn partitions_and_their_summaries_never_rule_out_a_row_that_matches() {
    let mut random = Random(TestRunner::deterministic());
    // Transforms that ruled out files, and manifests.
    let mut pruned: [BTreeMap<String, u32>; 2] = Default::default();
    let (mut by_both, mut whole) = (0, 0);
    for case in 0..4_000 {
        let (then, now) = TYPES[case % TYPES.len()];
        let transforms = transforms(then);
        let field = |name: &str, source_id, transform| {
            let json =
                serde_json::json!({"name": name, "source-id": source_id, "field-id": 1000, "transform": transform});
            json
        };
        let first = transforms[case / TYPES.len() % transforms.len()].clone();
        let mut fields = vec![field("p", 1, first.to_string())];
        if random.of(0..3) == 0 {
            let second = random.of(prop::sample::select(transforms));
            fields.push(field("q", 1, second.to_string()));
        }
        if random.of(0..3) == 0 {
            fields.insert(0, field("r", 2, "bucket[3]".to_owned()));
        }
        let fields = PartitionSpec::fields_from_json(fields.into(), "fields").unwrap();
        let spec = PartitionSpec { spec_id: 0, fields };
        let old = random.of(0..3) == 0;
        let count = random.of(1..16_usize);
        let pool: Vec<Value> = (0..random.of(1..8)).map(|_| random.of(value(then))).collect();
        let mut written_rows: Vec<Row> = Vec::new();
        for _ in 0..count {
            let c = random.of(prop::option::weighted(0.85, prop::sample::select(pool.clone())));
            let e = random.of(prop::option::weighted(0.9, value(PrimitiveType::Long)));
            written_rows.push([c, e]);
        }
        // The values in the types of now.
        let rows: Vec<Row> = written_rows
            .iter()
            .map(|[c, e]| [c.as_ref().map(|value| promoted(value, now).unwrap()), e.clone()])
            .collect();
        let mut files: BTreeMap<String, (Vec<Option<Value>>, Vec<&Row>)> = BTreeMap::new();
        for (before, row) in written_rows.iter().zip(&rows) {
            let tuple: Vec<Option<Value>> = spec
                .fields
                .iter()
                .map(|field| written(&field.transform, before[field.source_id as usize - 1].as_ref(), old))
                .collect();
            files.entry(format!("{tuple:?}")).or_insert_with(|| (tuple, Vec::new())).1.push(row);
        }
        let summaries: Vec<FieldSummary> = (0..spec.fields.len())
            .map(|field| {
                let values: Vec<Option<Value>> = files.values().map(|(tuple, _)| tuple[field].clone()).collect();
                summary(&values, &mut random)
            })
            .collect();
        let (schema, types) = (schema([now, PrimitiveType::Long]), [now, PrimitiveType::Long]);
        for _ in 0..6 {
            let predicate = random.predicate(types, &rows, 2);
            let bound = predicate.bind(&schema).unwrap();
            let story = |what: &str| format!("{what}: {predicate} by {:?} of {rows:?}", spec.fields);
            let some = rows.iter().any(|row| satisfied(&bound, row));
            let names = || spec.fields.iter().map(|field| field.transform.to_string());
            if !might_match(&bound, &PartitionStats::of_manifest(&spec, &summaries, &schema)) {
                assert!(!some, "{}", story("manifest"));
                names().for_each(|name| *pruned[1].entry(name).or_default() += 1);
            }
            for (tuple, rows) in files.values() {
                let stats = PartitionStats::of_file(&spec, tuple, &schema, rows.len() as u64);
                let matching = rows.iter().filter(|row| satisfied(&bound, row)).count();
                let metrics = metrics(rows);
                let metrics = FileStats::new(&metrics, &schema);
                let by_partition = !might_match(&bound, &stats);
                let by_all = !might_match(&bound, &Both(&stats, &metrics));
                assert!(matching == 0 || !by_partition, "{} in {tuple:?}", story("partition"));
                assert!(matching == 0 || !by_all, "{} in {tuple:?}", story("file"));
                assert!(by_all || !by_partition, "{} in {tuple:?}", story("more is less"));
                if must_match(&bound, &stats) || must_match(&bound, &Both(&stats, &metrics)) {
                    assert_eq!(matching, rows.len(), "{} in {tuple:?}", story("all"));
                    whole += 1;
                }
                if by_partition && bound != BoundPredicate::AlwaysFalse {
                    names().for_each(|name| *pruned[0].entry(name).or_default() += 1);
                } else if by_all && might_match(&bound, &metrics) {
                    by_both += 1;
                }
            }
        }
    }
    for (level, pruned) in ["files", "manifests"].into_iter().zip(&pruned) {
        for name in ["identity", "bucket[2]", "truncate[10]", "year", "month", "day", "hour"] {
            let times = pruned.get(name).copied().unwrap_or(0);
            assert!(times >= 20, "{name} ruled out {times} {level}");
        }
    }
    assert!(by_both > 10 && whole > 100, "{by_both}, {whole}");
}
