//! What is written for others to read.

use std::sync::Arc;

use arrow_array::builder::{Int32Builder, ListBuilder, MapBuilder, MapFieldNames, StringBuilder};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, FixedSizeBinaryArray, Float32Array,
    Float64Array, Int32Array, Int64Array, ListArray, MapArray, RecordBatch, StringArray, StructArray,
    Time64MicrosecondArray, TimestampMicrosecondArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType, Field, Fields};
use datashard::spec::{NestedField, PrimitiveType, Schema, Type};

const DAY: i64 = 86_400_000_000;
/// 0001-01-01T00:00:00 and 9999-12-31T23:59:59.999999: what every engine can show.
const FIRST_MICROSECOND: i64 = -62_135_596_800_000_000;
const LAST_MICROSECOND: i64 = 253_402_300_799_999_999;

/// A column of every primitive type of format version 2.
pub fn primitive_schema() -> Schema {
    use PrimitiveType::*;
    let columns = [
        ("b", Boolean),
        ("i", Int),
        ("l", Long),
        ("f", Float),
        ("d", Double),
        ("dec9", Decimal { precision: 9, scale: 2 }),
        ("dec18", Decimal { precision: 18, scale: 6 }),
        ("dec38", Decimal { precision: 38, scale: 10 }),
        ("day", Date),
        ("t", Time),
        ("ts", Timestamp),
        ("tstz", Timestamptz),
        ("s", String),
        ("u", Uuid),
        ("fx", Fixed(7)),
        ("bin", Binary),
    ];
    let columns = columns.map(|(name, primitive)| NestedField::optional(name, primitive));
    Schema::new([NestedField::required("id", Long)].into_iter().chain(columns)).unwrap()
}

/// Three appends: both ends of every type, nulls only, and what lies between.
pub fn primitives() -> [RecordBatch; 3] {
    let ends = 10_i128.pow(38) - 1;
    let long = "🦀 straße — ".repeat(400);
    let last = "\u{10ffff}".repeat(20);
    let extremes = Primitives {
        b: vec![Some(true), Some(false), None, Some(true)],
        i: vec![Some(i32::MIN), Some(i32::MAX), None, Some(0)],
        l: vec![Some(i64::MIN), Some(i64::MAX), None, Some(0)],
        f: vec![Some(f32::NAN), Some(f32::INFINITY), Some(f32::NEG_INFINITY), Some(-0.0)],
        d: vec![Some(f64::NAN), Some(f64::INFINITY), Some(f64::NEG_INFINITY), Some(-0.0)],
        dec9: vec![Some(999_999_999), Some(-999_999_999), None, Some(0)],
        dec18: vec![Some(10_i128.pow(18) - 1), Some(1 - 10_i128.pow(18)), None, Some(-1)],
        dec38: vec![Some(ends), Some(-ends), None, Some(-5_000_000_000)],
        day: vec![Some(-719_162), Some(2_932_896), None, Some(-1)],
        t: vec![Some(0), Some(DAY - 1), None, Some(1)],
        ts: vec![Some(FIRST_MICROSECOND), Some(LAST_MICROSECOND), None, Some(-1)],
        s: vec![Some(""), Some(&long), None, Some(&last)],
        u: vec![Some([0; 16]), Some([255; 16]), None, Some([7; 16])],
        fx: vec![Some([0; 7]), Some([255; 7]), None, Some([128; 7])],
        bin: vec![Some(b""), Some(&[255; 40]), None, Some(&[0, 1, 127, 128])],
    };
    let nothing = Primitives {
        b: vec![None; 2],
        i: vec![None; 2],
        l: vec![None; 2],
        f: vec![None; 2],
        d: vec![None; 2],
        dec9: vec![None; 2],
        dec18: vec![None; 2],
        dec38: vec![None; 2],
        day: vec![None; 2],
        t: vec![None; 2],
        ts: vec![None; 2],
        s: vec![None; 2],
        u: vec![None; 2],
        fx: vec![None; 2],
        bin: vec![None; 2],
    };
    let between = Primitives {
        b: vec![Some(false), Some(false), None],
        i: vec![Some(-7), Some(42), Some(1)],
        l: vec![Some(-7), Some(1 << 53), Some((1 << 53) + 1)],
        f: vec![Some(f32::MIN), Some(f32::MIN_POSITIVE), Some(0.1)],
        d: vec![Some(f64::MAX), Some(5e-324), Some(0.1)],
        dec9: vec![Some(-1), Some(1), Some(12_345_678)],
        dec18: vec![Some(-128), Some(255), Some(123_456_789_012)],
        dec38: vec![Some(-256), Some(1 << 100), Some(127)],
        day: vec![Some(-25_567), Some(0), Some(20_000)],
        t: vec![Some(43_200_000_000), Some(1_000), Some(59_999_999)],
        ts: vec![Some(-2_208_988_800_000_001), Some(0), Some(1_700_000_000_123_456)],
        s: vec![Some("it's \"quoted\"\n\ttext"), Some("zzz"), Some("Ä")],
        u: vec![Some([1; 16]), Some([0x80; 16]), Some([0x7f; 16])],
        fx: vec![Some(*b"abcdefg"), Some([1, 0, 0, 0, 0, 0, 0]), Some([9; 7])],
        bin: vec![Some(b"\0"), Some(b"plain"), Some(&[200; 17])],
    };
    [extremes.batch(0), nothing.batch(100), between.batch(200)]
}

struct Primitives<'a> {
    b: Vec<Option<bool>>,
    i: Vec<Option<i32>>,
    l: Vec<Option<i64>>,
    f: Vec<Option<f32>>,
    d: Vec<Option<f64>>,
    dec9: Vec<Option<i128>>,
    dec18: Vec<Option<i128>>,
    dec38: Vec<Option<i128>>,
    day: Vec<Option<i32>>,
    t: Vec<Option<i64>>,
    ts: Vec<Option<i64>>,
    s: Vec<Option<&'a str>>,
    u: Vec<Option<[u8; 16]>>,
    fx: Vec<Option<[u8; 7]>>,
    bin: Vec<Option<&'a [u8]>>,
}

impl Primitives<'_> {
    fn batch(self, first_id: i64) -> RecordBatch {
        let decimals = |values: Vec<Option<i128>>, precision, scale| -> ArrayRef {
            Arc::new(Decimal128Array::from(values).with_precision_and_scale(precision, scale).unwrap())
        };
        let fixed = |values: Vec<Option<Vec<u8>>>, size| -> ArrayRef {
            Arc::new(FixedSizeBinaryArray::try_from_sparse_iter_with_size(values.into_iter(), size).unwrap())
        };
        let bytes = |value: &[u8]| value.to_vec();
        let ids = Int64Array::from_iter_values((first_id..).take(self.b.len()));
        let columns: [(&str, ArrayRef); 17] = [
            ("id", Arc::new(ids)),
            ("b", Arc::new(BooleanArray::from(self.b))),
            ("i", Arc::new(Int32Array::from(self.i))),
            ("l", Arc::new(Int64Array::from(self.l))),
            ("f", Arc::new(Float32Array::from(self.f))),
            ("d", Arc::new(Float64Array::from(self.d))),
            ("dec9", decimals(self.dec9, 9, 2)),
            ("dec18", decimals(self.dec18, 18, 6)),
            ("dec38", decimals(self.dec38, 38, 10)),
            ("day", Arc::new(Date32Array::from(self.day))),
            ("t", Arc::new(Time64MicrosecondArray::from(self.t))),
            ("ts", Arc::new(TimestampMicrosecondArray::from(self.ts.clone()))),
            ("tstz", Arc::new(TimestampMicrosecondArray::from(self.ts).with_timezone("UTC"))),
            ("s", Arc::new(StringArray::from(self.s))),
            ("u", fixed(self.u.iter().map(|value| value.as_ref().map(|v| bytes(v))).collect(), 16)),
            ("fx", fixed(self.fx.iter().map(|value| value.as_ref().map(|v| bytes(v))).collect(), 7)),
            ("bin", Arc::new(BinaryArray::from(self.bin))),
        ];
        let columns = columns.into_iter().map(|(name, column)| (name, column, name != "id"));
        RecordBatch::try_from_iter_with_nullable(columns).unwrap()
    }
}

/// Structs, lists and maps, and each inside of another.
pub fn nested_schema() -> Schema {
    use PrimitiveType::*;
    let point = Type::structure([
        NestedField::optional("x", Int),
        NestedField::optional("name", String),
        NestedField::optional("inner", Type::structure([NestedField::optional("flag", Boolean)])),
    ]);
    Schema::new([
        NestedField::required("id", Long),
        NestedField::optional("point", point),
        NestedField::optional("tags", Type::list(String)),
        NestedField::optional("matrix", Type::list(Type::list(Int))),
        NestedField::optional("points", Type::list(Type::structure([NestedField::optional("x", Int)]))),
        NestedField::optional("counts", Type::map(String, Int)),
        NestedField::optional("deep", Type::map(String, Type::list(Int))),
        NestedField::optional("owner", Type::structure([NestedField::optional("keys", Type::list(String))])),
    ])
    .unwrap()
}

/// Two appends: values with nulls and empties at every level, and nulls only.
pub fn nested() -> [RecordBatch; 2] {
    let element = |data_type| Arc::new(Field::new("element", data_type, true));
    // The point: whole, of nulls, with a null inside, null.
    let flag = Fields::from(vec![Field::new("flag", DataType::Boolean, true)]);
    let inner = StructArray::new(
        flag.clone(),
        vec![Arc::new(BooleanArray::from(vec![Some(true), None, Some(false), None]))],
        Some(NullBuffer::from(vec![true, true, false, false])),
    );
    let point = Fields::from(vec![
        Field::new("x", DataType::Int32, true),
        Field::new("name", DataType::Utf8, true),
        Field::new("inner", DataType::Struct(flag), true),
    ]);
    let x: ArrayRef = Arc::new(Int32Array::from(vec![Some(1), None, Some(-3), None]));
    let names: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None, Some(""), None]));
    let points =
        StructArray::new(point, vec![x, names, Arc::new(inner)], Some(NullBuffer::from(vec![true, true, true, false])));

    let mut tags = ListBuilder::new(StringBuilder::new()).with_field(element(DataType::Utf8));
    tags.append_value([Some("x"), None, Some("")]);
    tags.append_value(Vec::<Option<&str>>::new());
    tags.append_null();
    tags.append_value([Some("ü")]);

    let mut matrix = ListBuilder::new(ListBuilder::new(Int32Builder::new()).with_field(element(DataType::Int32)));
    matrix.values().append_value([Some(1), Some(2)]);
    matrix.values().append_value(Vec::new());
    matrix.values().append_null();
    matrix.append(true);
    matrix.append(true);
    matrix.append(false);
    matrix.values().append_value([None]);
    matrix.append(true);
    let matrix = matrix.finish();
    let DataType::List(inner) = matrix.data_type().clone() else { unreachable!() };
    let matrix = ListArray::new(
        element(inner.data_type().clone()),
        matrix.offsets().clone(),
        matrix.values().clone(),
        matrix.nulls().cloned(),
    );

    let one = Fields::from(vec![Field::new("x", DataType::Int32, true)]);
    let elements = StructArray::new(
        one.clone(),
        vec![Arc::new(Int32Array::from(vec![Some(1), None, Some(3)]))],
        Some(NullBuffer::from(vec![true, true, false])),
    );
    let list_of_structs = ListArray::new(
        element(DataType::Struct(one)),
        OffsetBuffer::from_lengths([3, 0, 0, 0]),
        Arc::new(elements),
        Some(NullBuffer::from(vec![true, true, false, true])),
    );

    let mut counts = MapBuilder::new(Some(entries()), StringBuilder::new(), Int32Builder::new());
    for pairs in [Some(vec![("a", Some(1)), ("b", None)]), Some(vec![]), None, Some(vec![("", Some(0))])] {
        for (key, count) in pairs.iter().flatten() {
            counts.keys().append_value(key);
            counts.values().append_option(*count);
        }
        counts.append(pairs.is_some()).unwrap();
    }

    let lists = ListBuilder::new(Int32Builder::new()).with_field(element(DataType::Int32));
    let mut deep = MapBuilder::new(Some(entries()), StringBuilder::new(), lists);
    deep.keys().append_value("full");
    deep.values().append_value([Some(1), None]);
    deep.keys().append_value("empty");
    deep.values().append_value(Vec::new());
    deep.keys().append_value("null");
    deep.values().append_null();
    deep.append(true).unwrap();
    deep.append(true).unwrap();
    deep.append(false).unwrap();
    deep.append(true).unwrap();

    let tags: ArrayRef = Arc::new(tags.finish());
    let keys = Fields::from(vec![Field::new("keys", tags.data_type().clone(), true)]);
    let owner = StructArray::new(keys, vec![tags.clone()], Some(NullBuffer::from(vec![true, true, true, false])));

    let id: ArrayRef = Arc::new(Int64Array::from_iter_values(0..4));
    let counts: MapArray = counts.finish();
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("id", id, false),
        ("point", Arc::new(points), true),
        ("tags", tags, true),
        ("matrix", Arc::new(matrix), true),
        ("points", Arc::new(list_of_structs), true),
        ("counts", Arc::new(counts), true),
        ("deep", Arc::new(deep.finish()), true),
        ("owner", Arc::new(owner), true),
    ])
    .unwrap();
    let schema = batch.schema();
    let columns = schema.fields().iter().enumerate().map(|(i, field)| match i {
        0 => (field.name().clone(), Arc::new(Int64Array::from(vec![10, 11])) as ArrayRef, false),
        _ => (field.name().clone(), arrow_array::new_null_array(field.data_type(), 2), true),
    });
    let nulls = RecordBatch::try_from_iter_with_nullable(columns.collect::<Vec<_>>()).unwrap();
    [batch, nulls]
}

fn entries() -> MapFieldNames {
    MapFieldNames { entry: "key_value".into(), key: "key".into(), value: "value".into() }
}

/// An id, a text and a number.
pub fn simple_schema() -> Schema {
    Schema::new([
        NestedField::required("id", PrimitiveType::Long),
        NestedField::optional("s", PrimitiveType::String),
        NestedField::optional("d", PrimitiveType::Double),
    ])
    .unwrap()
}

/// Rows of [`simple_schema`], of which no two are alike.
pub fn simple(ids: std::ops::Range<i64>) -> RecordBatch {
    let texts =
        ids.clone().map(|id| (id % 5 != 0).then(|| format!("{}-{id}", if id % 2 == 0 { "even" } else { "odd" })));
    let numbers = ids.clone().map(|id| (id % 7 != 0).then_some(id as f64 / 8.0));
    let columns: [(&str, ArrayRef, bool); 3] = [
        ("id", Arc::new(Int64Array::from_iter_values(ids.clone())), false),
        ("s", Arc::new(texts.collect::<StringArray>()), true),
        ("d", Arc::new(numbers.collect::<Float64Array>()), true),
    ];
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}
