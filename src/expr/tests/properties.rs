//! Properties over random tables, values and predicates.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StructArray, new_null_array};
use arrow_schema::{DataType, Field};
use bytes::Bytes;
use proptest::prelude::*;

use super::passes;
use crate::expr::*;
use crate::parquet::*;
use crate::spec::{NestedField, PrimitiveType, Schema, Type, Value, primitive_to_arrow};

const COLUMNS: [(&str, PrimitiveType); 11] = [
    ("i", PrimitiveType::Int),
    ("l", PrimitiveType::Long),
    ("f", PrimitiveType::Float),
    ("d", PrimitiveType::Double),
    ("m", PrimitiveType::Decimal { precision: 9, scale: 2 }),
    ("w", PrimitiveType::Decimal { precision: 38, scale: 0 }),
    ("t", PrimitiveType::Timestamptz),
    ("s", PrimitiveType::String),
    ("u", PrimitiveType::Uuid),
    ("b", PrimitiveType::Binary),
    ("o", PrimitiveType::Boolean),
];

/// The columns, and a struct with a double and a string, which may be null itself.
fn schema() -> Schema {
    let fields = COLUMNS.map(|(name, primitive)| NestedField::optional(name, primitive));
    let inner = [("d", PrimitiveType::Double), ("s", PrimitiveType::String)];
    let inner = Type::structure(inner.map(|(name, primitive)| NestedField::optional(name, primitive)));
    let row = NestedField::required("row", PrimitiveType::Long);
    Schema::new([row].into_iter().chain(fields).chain([NestedField::optional("p", inner)])).unwrap()
}

fn value(primitive: PrimitiveType) -> BoxedStrategy<Value> {
    let text = || {
        let odd = ["a", "b", "\u{d7ff}", "\u{e000}", "\u{10ffff}", "ä", "\0", "\u{ffff}"];
        let short = prop::collection::vec(prop::sample::select(odd.to_vec()), 0..3).prop_map(|parts| parts.concat());
        let long = prop::collection::vec(prop::sample::select(odd.to_vec()), 14..70).prop_map(|parts| parts.concat());
        prop_oneof![3 => short, 1 => long]
    };
    match primitive {
        PrimitiveType::Int => prop_oneof![-3..3_i32, any::<i32>()].prop_map(Value::Int).boxed(),
        PrimitiveType::Long => prop_oneof![-3..3_i64, any::<i64>()].prop_map(Value::Long).boxed(),
        PrimitiveType::Float => {
            let odd = [0.0, -0.0, f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MIN, f32::MAX, 1.0, -1.0];
            prop_oneof![3 => prop::sample::select(odd.to_vec()), 1 => any::<f32>()].prop_map(Value::Float).boxed()
        }
        PrimitiveType::Double => {
            let odd = [0.0, -0.0, f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MIN, f64::MAX, 1.0, -1.0];
            prop_oneof![3 => prop::sample::select(odd.to_vec()), 1 => any::<f64>()].prop_map(Value::Double).boxed()
        }
        PrimitiveType::Decimal { precision: 9, scale } => prop_oneof![-3..3_i128, -999_999_999..=999_999_999_i128]
            .prop_map(move |unscaled| Value::Decimal { unscaled, scale })
            .boxed(),
        PrimitiveType::Decimal { scale, .. } => {
            let most = 10_i128.pow(38) - 1;
            prop_oneof![-3..3_i128, -most..=most].prop_map(move |unscaled| Value::Decimal { unscaled, scale }).boxed()
        }
        PrimitiveType::Timestamptz => prop_oneof![-3..3_i64, any::<i64>()].prop_map(Value::Timestamptz).boxed(),
        PrimitiveType::String => text().prop_map(Value::String).boxed(),
        PrimitiveType::Uuid => prop_oneof![0..3_u128, any::<u128>()].prop_map(Value::Uuid).boxed(),
        PrimitiveType::Binary => {
            let short = prop::collection::vec(prop::sample::select(vec![0_u8, 1, 127, 128, 255]), 0..3);
            let long = prop::collection::vec(prop::sample::select(vec![255_u8, 255, 254]), 15..70);
            prop_oneof![3 => short, 1 => long].prop_map(Value::Binary).boxed()
        }
        _ => any::<bool>().prop_map(Value::Boolean).boxed(),
    }
}

fn column(primitive: PrimitiveType, rows: usize) -> BoxedStrategy<Vec<Option<Value>>> {
    let one = prop::option::weighted(0.8, value(primitive));
    // Columns of few values make pages of one value, of nulls and of NaNs.
    let few = prop::collection::vec(one.clone(), 1..3)
        .prop_flat_map(move |pool| prop::collection::vec(prop::sample::select(pool), rows));
    prop_oneof![prop::collection::vec(one, rows), few].boxed()
}

#[derive(Debug, Clone)]
struct Rows {
    columns: Vec<Vec<Option<Value>>>,
    structs: Vec<bool>,
}

fn rows() -> impl Strategy<Value = Rows> {
    (1_usize..60).prop_flat_map(|rows| {
        let types = COLUMNS.iter().map(|(_, primitive)| *primitive);
        let types = types.chain([PrimitiveType::Double, PrimitiveType::String]);
        let columns: Vec<_> = types.map(|primitive| column(primitive, rows)).collect();
        (columns, prop::collection::vec(prop::bool::weighted(0.8), rows))
            .prop_map(|(columns, structs)| Rows { columns, structs })
    })
}

fn predicate() -> impl Strategy<Value = Predicate> {
    let names = COLUMNS.iter().map(|(name, primitive)| (*name, *primitive));
    let names: Vec<_> = names.chain([("p.d", PrimitiveType::Double), ("p.s", PrimitiveType::String)]).collect();
    let leaf = prop::sample::select(names).prop_flat_map(|(name, primitive)| {
        let op = prop::sample::select(vec![
            CompareOp::Eq,
            CompareOp::Ne,
            CompareOp::Lt,
            CompareOp::Le,
            CompareOp::Gt,
            CompareOp::Ge,
        ]);
        let compare = (op, value(primitive)).prop_map(move |(op, value)| Predicate::Compare {
            column: name.to_owned(),
            op,
            literal: value.into(),
        });
        let set = (prop::collection::vec(value(primitive), 0..12), any::<bool>()).prop_map(move |(values, negated)| {
            let literals = values.into_iter().map(Literal::from).collect();
            Predicate::In { column: name.to_owned(), literals, negated }
        });
        let null = any::<bool>().prop_map(move |negated| Predicate::IsNull { column: name.to_owned(), negated });
        match primitive {
            PrimitiveType::Float | PrimitiveType::Double => {
                let nan = any::<bool>().prop_map(move |negated| Predicate::IsNan { column: name.to_owned(), negated });
                prop_oneof![4 => compare, 1 => set, 1 => null, 1 => nan].boxed()
            }
            PrimitiveType::String => {
                let starts = (value(primitive), any::<bool>()).prop_map(move |(value, negated)| {
                    let Value::String(prefix) = value else { unreachable!() };
                    Predicate::StartsWith { column: name.to_owned(), prefix, negated }
                });
                prop_oneof![3 => compare, 1 => set, 1 => null, 2 => starts].boxed()
            }
            _ => prop_oneof![4 => compare, 1 => set, 1 => null].boxed(),
        }
    });
    leaf.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a.and(b)),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a.or(b)),
            inner.prop_map(Predicate::not),
        ]
    })
}

fn array(primitive: PrimitiveType, values: &[Option<Value>]) -> ArrayRef {
    let data_type = primitive_to_arrow(primitive).unwrap();
    let one = |value: &Option<Value>| match value {
        Some(value) => constant_array(primitive, value, 1).unwrap(),
        None => new_null_array(&data_type, 1),
    };
    let parts: Vec<ArrayRef> = values.iter().map(one).collect();
    arrow_select::concat::concat(&parts.iter().map(|part| part.as_ref()).collect::<Vec<_>>()).unwrap()
}

fn batch(schema: &Schema, rows: &Rows) -> RecordBatch {
    let count = rows.structs.len();
    let mut columns: Vec<(String, ArrayRef, bool)> =
        vec![("row".into(), Arc::new(Int64Array::from_iter_values(0..count as i64)), false)];
    for ((name, primitive), values) in COLUMNS.iter().zip(&rows.columns) {
        columns.push(((*name).to_owned(), array(*primitive, values), true));
    }
    let (d, s) = (array(PrimitiveType::Double, &rows.columns[11]), array(PrimitiveType::String, &rows.columns[12]));
    let fields = vec![Field::new("d", DataType::Float64, true), Field::new("s", DataType::Utf8, true)];
    let p = StructArray::new(fields.into(), vec![d, s], Some(rows.structs.clone().into()));
    columns.push(("p".into(), Arc::new(p), true));
    conform(schema, &RecordBatch::try_from_iter_with_nullable(columns).unwrap()).unwrap()
}

fn satisfied(schema: &Schema, predicate: &BoundPredicate, rows: &Rows, row: usize) -> bool {
    match predicate {
        BoundPredicate::AlwaysTrue => true,
        BoundPredicate::AlwaysFalse => false,
        BoundPredicate::And(parts) => parts.iter().all(|part| satisfied(schema, part, rows, row)),
        BoundPredicate::Or(parts) => parts.iter().any(|part| satisfied(schema, part, rows, row)),
        BoundPredicate::Column(column, test) => {
            let name = schema.name_of(column.id).unwrap();
            let position = match name.as_str() {
                "p.d" => 11,
                "p.s" => 12,
                other => COLUMNS.iter().position(|(name, _)| *name == other).unwrap(),
            };
            let value = rows.columns[position][row].as_ref().filter(|_| position < 11 || rows.structs[row]);
            passes(value, test)
        }
    }
}

fn read(file: &Bytes, projection: &Projection, predicate: &BoundPredicate) -> Vec<i64> {
    let fetch = |ranges: &[Range<u64>]| -> Vec<Bytes> {
        ranges.iter().map(|range| file.slice(range.start as usize..range.end as usize)).collect()
    };
    let mut footer = FooterDecoder::new(file.len() as u64, 8).unwrap();
    let metadata = loop {
        match footer.step().unwrap() {
            FooterStep::Needs(ranges) => footer.push(ranges.clone(), fetch(&ranges)).unwrap(),
            FooterStep::Done(metadata) => break metadata,
        }
    };
    let mut decoder = FileDecoder::new(metadata, projection, Some(predicate), DecodeOptions::default()).unwrap();
    let mut rows = Vec::new();
    loop {
        match decoder.step().unwrap() {
            Step::Needs(ranges) => decoder.push(ranges.clone(), fetch(&ranges)).unwrap(),
            Step::Batch(batch) => rows.extend(batch.column(0).as_primitive::<Int64Type>().values()),
            Step::Done => return rows,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pruning_never_loses_a_row_and_filters_are_exact(
        rows in rows(),
        predicates in prop::collection::vec(predicate(), 8),
    ) {
        let schema = schema();
        let batch = batch(&schema, &rows);
        let settings = [("write.parquet.row-group-limit", "16"), ("write.parquet.page-row-limit", "4")];
        let settings: BTreeMap<_, _> = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let mut encoder = FileEncoder::new(&schema, &EncodeOptions::from_properties(&settings).unwrap()).unwrap();
        encoder.write(&batch).unwrap();
        let (file, metrics, _) = encoder.finish().unwrap();
        let projection = Projection::of(&schema, ["row"]).unwrap();
        for predicate in predicates {
            let bound = predicate.bind(&schema).unwrap();
            let expected: Vec<bool> = (0..batch.num_rows()).map(|row| satisfied(&schema, &bound, &rows, row)).collect();
            let evaluated: Vec<bool> = evaluate(&bound, &batch).unwrap().values().iter().collect();
            prop_assert_eq!(&evaluated, &expected, "{}", predicate);
            let stats = FileStats::new(&metrics, &schema);
            if expected.contains(&true) {
                prop_assert!(might_match(&bound, &stats), "{} pruned the file", predicate);
            }
            if must_match(&bound, &stats) {
                prop_assert!(!expected.contains(&false), "{} does not match all", predicate);
            }
            let found: Vec<i64> = (0_i64..).zip(&expected).filter(|(_, passed)| **passed).map(|(row, _)| row).collect();
            prop_assert_eq!(read(&file, &projection, &bound), found, "{}", predicate);
        }
    }

    #[test]
    fn whole_numbers_and_decimals_keep_their_meaning_in_every_column(
        unscaled in prop_oneof![-1_000..1_000_i128, any::<i64>().prop_map(i128::from), any::<i128>()],
        scale in 0_u8..5,
        held in prop_oneof![-20..20_i64, any::<i64>()],
        op in 0..6_usize,
    ) {
        let op = [CompareOp::Eq, CompareOp::Ne, CompareOp::Lt, CompareOp::Le, CompareOp::Gt, CompareOp::Ge][op];
        let literal = Literal::Decimal { unscaled, scale };
        let predicate = Predicate::Compare { column: "l".into(), op, literal };
        // held * 10^scale against unscaled: at most 64 + 14 bits.
        let order = (i128::from(held) * 10_i128.pow(scale.into())).cmp(&unscaled);
        let expected = match op {
            CompareOp::Eq => order.is_eq(),
            CompareOp::Ne => order.is_ne(),
            CompareOp::Lt => order.is_lt(),
            CompareOp::Le => order.is_le(),
            CompareOp::Gt => order.is_gt(),
            CompareOp::Ge => order.is_ge(),
        };
        let found = match predicate.bind(&schema()).unwrap() {
            BoundPredicate::Column(_, test) => passes(Some(&Value::Long(held)), &test),
            BoundPredicate::AlwaysFalse => false,
            other => panic!("{other:?}"),
        };
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn whole_numbers_keep_their_meaning_in_columns_of_doubles(integer in prop_oneof![any::<i64>().prop_map(i128::from), -(10_i128.pow(37))..10_i128.pow(37)], steps in -2..3_i32, op in 2..6_usize) {
        let op = [CompareOp::Eq, CompareOp::Ne, CompareOp::Lt, CompareOp::Le, CompareOp::Gt, CompareOp::Ge][op];
        let mut held = integer as f64;
        for _ in 0..steps.unsigned_abs() {
            held = if steps < 0 { held.next_down() } else { held.next_up() };
        }
        let order = (held as i128).cmp(&integer);
        let expected = match op {
            CompareOp::Lt => order.is_lt(),
            CompareOp::Le => order.is_le(),
            CompareOp::Gt => order.is_gt(),
            _ => order.is_ge(),
        };
        let predicate = Predicate::Compare { column: "d".into(), op, literal: integer.into() };
        let BoundPredicate::Column(_, test) = predicate.bind(&schema()).unwrap() else { panic!() };
        prop_assert_eq!(passes(Some(&Value::Double(held)), &test), expected);
    }

    #[test]
    fn filters_are_read_back_as_they_are_written(predicate in written()) {
        let text = predicate.to_string();
        let back: Predicate = text.parse().map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
        prop_assert_eq!(back.to_string(), text.clone());
        prop_assert_eq!(without_nan(back), without_nan(predicate), "{}", text);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "[a-z0-9 ()'\"=<>!.,xXnot%_\\-+äE]{0,40}") {
        let _ = text.parse::<Predicate>();
    }
}

/// NaN is not equal to itself.
fn without_nan(predicate: Predicate) -> String {
    format!("{predicate:?}").replace("-NaN", "NaN")
}

fn written() -> impl Strategy<Value = Predicate> {
    let name = prop_oneof![
        Just("a".to_owned()),
        Just("a.b_1".to_owned()),
        Just("not".to_owned()),
        Just("x y".to_owned()),
        Just("say \"hi\".b".to_owned()),
        Just("1a".to_owned()),
        "\\PC{1,8}",
    ];
    let literal = prop_oneof![
        any::<bool>().prop_map(Literal::Boolean),
        (i128::MIN + 1..=i128::MAX).prop_map(Literal::Integer),
        any::<f64>().prop_map(Literal::Float),
        prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0]).prop_map(Literal::Float),
        (any::<i64>(), 0_u8..40).prop_map(|(unscaled, scale)| Literal::Decimal { unscaled: unscaled.into(), scale }),
        "\\PC{0,8}".prop_map(Literal::String),
        prop::collection::vec(any::<u8>(), 0..5).prop_map(Literal::Bytes),
    ];
    let op = prop::sample::select(vec![CompareOp::Eq, CompareOp::Ne, CompareOp::Lt, CompareOp::Le, CompareOp::Gt]);
    let leaf = prop_oneof![
        Just(Predicate::AlwaysTrue),
        Just(Predicate::AlwaysFalse),
        (name.clone(), op, literal.clone()).prop_map(|(column, op, literal)| Predicate::Compare {
            column,
            op,
            literal
        }),
        (name.clone(), prop::collection::vec(literal, 0..3), any::<bool>())
            .prop_map(|(column, literals, negated)| Predicate::In { column, literals, negated }),
        (name.clone(), any::<bool>()).prop_map(|(column, negated)| Predicate::IsNull { column, negated }),
        (name.clone(), any::<bool>()).prop_map(|(column, negated)| Predicate::IsNan { column, negated }),
        (name, "\\PC{0,8}", any::<bool>()).prop_map(|(column, prefix, negated)| Predicate::StartsWith {
            column,
            prefix,
            negated
        }),
    ];
    leaf.prop_recursive(4, 20, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a.and(b)),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a.or(b)),
            inner.prop_map(Predicate::not),
        ]
    })
}
