use std::collections::HashMap;
use std::sync::Arc;

use ::arrow_schema::extension::EXTENSION_TYPE_NAME_KEY;
use ::arrow_schema::{DataType, Field, Fields, Schema as ArrowSchema};
use arrow_array::cast::AsArray;
use arrow_array::*;
use arrow_buffer::{NullBuffer, OffsetBuffer};
use bytes::Bytes;
use serde_json::{Value as Json, json};

use super::decode_tests::read;
use super::*;
use crate::spec::{NestedField, PrimitiveType, Schema, StructType, Type, variant_to_json};
use crate::{ErrorKind, expr};

/// A column and its name.
type Part = (Field, ArrayRef);

fn part(name: &str, column: ArrayRef, nullable: bool) -> Part {
    (Field::new(name, column.data_type().clone(), nullable), column)
}

fn group(name: &str, parts: Vec<Part>, nulls: Option<Vec<bool>>) -> Part {
    let (fields, columns): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
    let nullable = nulls.is_some();
    let group = StructArray::try_new(fields.into(), columns, nulls.map(NullBuffer::from)).unwrap();
    part(name, Arc::new(group), nullable)
}

fn values<const N: usize>(values: [Option<&[u8]>; N]) -> Part {
    part("value", Arc::new(BinaryArray::from_iter(values)), true)
}

fn typed(column: impl Array + 'static) -> Part {
    part("typed_value", Arc::new(column), true)
}

/// Metadata of these names, as sorted as they are.
fn metadata(names: &[&str]) -> Vec<u8> {
    let mut end = 0;
    let ends = names.iter().map(|name| {
        end += name.len() as u8;
        end
    });
    let sorted = if names.is_sorted() { 0x11 } else { 0x01 };
    [vec![sorted, names.len() as u8, 0], ends.collect(), names.concat().into_bytes()].concat()
}

fn schema() -> Schema {
    let fields =
        vec![NestedField::optional("v", Type::Variant).id(1), NestedField::required("id", PrimitiveType::Int).id(2)];
    Schema::with_ids(0, StructType { fields }).unwrap()
}

/// A file of variants with these parts, beside numbers from 0.
fn file(names: &[&str], parts: Vec<Part>, nulls: Option<Vec<bool>>) -> Bytes {
    let with_id = |field: Field, id: &str| {
        let mut metadata = field.metadata().clone();
        metadata.insert("PARQUET:field_id".to_owned(), id.to_owned());
        field.with_metadata(metadata)
    };
    let rows = parts[0].1.len();
    let metadata = BinaryArray::from_iter_values(vec![metadata(names); rows]);
    let parts = [vec![part("metadata", Arc::new(metadata), false)], parts].concat();
    let (field, variants) = group("v", parts, Some(nulls.unwrap_or_else(|| vec![true; rows])));
    let ids: ArrayRef = Arc::new(Int32Array::from_iter_values(0..rows as i32));
    let fields = vec![with_id(field, "1"), with_id(Field::new("id", DataType::Int32, false), "2")];
    let schema = Arc::new(ArrowSchema::new(fields));
    let batch = RecordBatch::try_new(schema.clone(), vec![variants, ids]).unwrap();
    let mut writer = ::parquet::arrow::ArrowWriter::try_new(Vec::new(), schema, None).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap().into()
}

fn variants(file: &Bytes) -> crate::Result<Vec<Option<[Vec<u8>; 2]>>> {
    let all = Projection::all(&schema()).unwrap();
    let (batch, ..) = read(file, &all, None, DecodeOptions::default(), FIRST_READ)?;
    let variants = batch.column(0).as_struct();
    let row = |row| {
        let parts = [0, 1].map(|part| variants.column(part).as_binary::<i32>().value(row).to_vec());
        variants.is_valid(row).then_some(parts)
    };
    Ok((0..variants.len()).map(row).collect())
}

fn jsons(file: &Bytes) -> Vec<Json> {
    let variants = variants(file).unwrap();
    let json = |variant: Option<[Vec<u8>; 2]>| {
        variant.map_or(json!("no variant"), |[metadata, value]| variant_to_json(&metadata, &value).unwrap())
    };
    variants.into_iter().map(json).collect()
}

fn refused(file: &Bytes, what: &str) {
    let error = variants(file).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
    assert!(error.to_string().contains("column `v`") && error.to_string().contains(what), "{error}");
    // Other columns can be read.
    let ids = Projection::of(&schema(), ["id"]).unwrap();
    assert!(read(file, &ids, None, DecodeOptions::default(), FIRST_READ).is_ok());
}

#[test]
fn each_primitive_type_is_encoded_as_itself() {
    let (days, moment) = (-1, -1_500_000_000_001_i64);
    let decimal = |precision, value: i128| {
        Decimal128Array::from_iter([None, Some(value)]).with_precision_and_scale(precision, 2).unwrap()
    };
    let bytes = |kind: u8, content: &[u8]| [&[kind << 2], content].concat();
    let timestamp = moment.to_le_bytes();
    let long = "x".repeat(64);
    let parts: Vec<(ArrayRef, Vec<u8>)> = vec![
        (Arc::new(BooleanArray::from(vec![None, Some(true)])), vec![1 << 2]),
        (Arc::new(BooleanArray::from(vec![None, Some(false)])), vec![2 << 2]),
        (Arc::new(Int8Array::from(vec![None, Some(-2)])), bytes(3, &[254])),
        (Arc::new(Int16Array::from(vec![None, Some(-2)])), bytes(4, &(-2_i16).to_le_bytes())),
        (Arc::new(Int32Array::from(vec![None, Some(7)])), bytes(5, &7_i32.to_le_bytes())),
        (Arc::new(Int64Array::from(vec![None, Some(i64::MIN)])), bytes(6, &i64::MIN.to_le_bytes())),
        (Arc::new(Float64Array::from(vec![None, Some(-0.1)])), bytes(7, &(-0.1_f64).to_le_bytes())),
        (Arc::new(decimal(9, -123_456_789)), bytes(8, &[&[2][..], &(-123_456_789_i32).to_le_bytes()].concat())),
        (Arc::new(decimal(18, -10_i128.pow(17))), bytes(9, &[&[2][..], &(-10_i64.pow(17)).to_le_bytes()].concat())),
        (Arc::new(decimal(38, -10_i128.pow(37))), bytes(10, &[&[2][..], &(-10_i128.pow(37)).to_le_bytes()].concat())),
        (Arc::new(Date32Array::from(vec![None, Some(days)])), bytes(11, &days.to_le_bytes())),
        (
            Arc::new(TimestampMicrosecondArray::from(vec![None, Some(moment)]).with_timezone("UTC")),
            bytes(12, &timestamp),
        ),
        (Arc::new(TimestampMicrosecondArray::from(vec![None, Some(moment)])), bytes(13, &timestamp)),
        (Arc::new(Float32Array::from(vec![None, Some(0.1)])), bytes(14, &0.1_f32.to_le_bytes())),
        (Arc::new(BinaryArray::from(vec![None, Some(&[0, 255][..])])), bytes(15, &[2, 0, 0, 0, 0, 255])),
        (Arc::new(StringArray::from(vec![None, Some("\u{e9}")])), vec![2 << 2 | 1, 0xc3, 0xa9]),
        (Arc::new(StringArray::from(vec![None, Some(&*long)])), bytes(16, &[&[64, 0, 0, 0], long.as_bytes()].concat())),
        (Arc::new(Time64MicrosecondArray::from(vec![None, Some(1)])), bytes(17, &1_i64.to_le_bytes())),
        (
            Arc::new(TimestampNanosecondArray::from(vec![None, Some(moment)]).with_timezone("UTC")),
            bytes(18, &timestamp),
        ),
        (Arc::new(TimestampNanosecondArray::from(vec![None, Some(moment)])), bytes(19, &timestamp)),
    ];
    for (column, expected) in parts {
        let typed = part("typed_value", column, true);
        let kind = typed.0.data_type().clone();
        let value = values([Some(&[1 << 2 | 1, b'a', 99][..]), None]);
        let found = variants(&file(&[], vec![value, typed.clone()], None)).unwrap();
        let expected = [vec![1 << 2 | 1, b'a'], expected];
        let found: Vec<_> = found.into_iter().map(|variant| variant.unwrap()[1].clone()).collect();
        assert_eq!(found, expected, "{kind}");
        // Without a column for other values, and none at all in one row.
        let found = variants(&file(&[], vec![typed], None)).unwrap();
        assert_eq!(
            (&found[0].as_ref().unwrap()[1], &found[1].as_ref().unwrap()[1]),
            (&vec![0], &expected[1]),
            "{kind}"
        );
    }
}

#[test]
fn a_uuid_is_sixteen_bytes_that_say_so() {
    let bytes = |width: i32| FixedSizeBinaryArray::try_new(width, vec![7_u8; width as usize].into(), None).unwrap();
    let (field, column) = typed(bytes(16));
    refused(&file(&[], vec![(field.clone(), column.clone())], None), "FixedSizeBinary");
    refused(&file(&[], vec![typed(bytes(4))], None), "FixedSizeBinary");
    let uuid = field.with_metadata(HashMap::from([(EXTENSION_TYPE_NAME_KEY.to_owned(), "arrow.uuid".to_owned())]));
    let found = jsons(&file(&[], vec![(uuid, column)], None));
    assert_eq!(found, [json!("07070707-0707-0707-0707-070707070707")]);
}

#[test]
fn types_that_variants_lack_are_refused() {
    for column in [
        Arc::new(UInt32Array::from(vec![1])) as ArrayRef,
        Arc::new(UInt64Array::from(vec![1])),
        Arc::new(Time32MillisecondArray::from(vec![1])),
        Arc::new(TimestampMillisecondArray::from(vec![1])),
        Arc::new(Decimal256Array::from(vec![arrow_buffer::i256::ONE]).with_precision_and_scale(50, 0).unwrap()),
    ] {
        let kind = column.data_type().to_string();
        let kind = kind.split('(').next().unwrap();
        refused(&file(&[], vec![part("typed_value", column.clone(), true)], None), kind);
    }
}

/// `{a, b}` as an object with typed fields: `b` is an int, and `a` has no column for others.
fn objects() -> Vec<Part> {
    let b = group(
        "b",
        vec![
            values([None, None, Some(&[0]), Some(&[1 << 2 | 1, b'x']), None, None]),
            typed(Int32Array::from(vec![Some(1), None, None, None, None, None])),
        ],
        None,
    );
    let a = group("a", vec![typed(StringArray::from(vec![Some("s"), None, None, Some("t"), None, None]))], None);
    // {"aa": true, "z": 7}, where `z` is 3, `aa` 0.
    let rest = [2, 2, 0, 3, 0, 1, 3, 1 << 2, 3 << 2, 7];
    let rest = values([Some(&[2, 0, 0, 0]), Some(&rest), None, Some(&rest), Some(&[3 << 2, 9]), None]);
    let object = group("typed_value", vec![b, a], Some(vec![true, true, true, true, false, false]));
    vec![rest, object]
}

#[test]
fn objects_in_parts_are_whole_and_missing_is_not_null() {
    let names = ["aa", "b", "a", "z"];
    let file = file(&names, objects(), Some(vec![true; 6]));
    let expected = [
        json!({"a": "s", "b": 1}),
        json!({"aa": true, "z": 7}),
        json!({"b": null}),
        json!({"a": "t", "aa": true, "b": "x", "z": 7}),
        json!(9),
        json!(null),
    ];
    assert_eq!(jsons(&file), expected);
    // The fields are in the order of their names, whatever their numbers.
    let found = variants(&file).unwrap();
    assert_eq!(found[3].as_ref().unwrap()[0], metadata(&names));
    let fourth = [2, 4, 2, 0, 1, 3, 0, 2, 3, 5, 7, 1 << 2 | 1, b't', 1 << 2, 1 << 2 | 1, b'x', 3 << 2, 7];
    assert_eq!(found[3].as_ref().unwrap()[1], fourth);
}

#[test]
fn no_variant_is_not_a_variant_that_is_null_and_filters_know_it() {
    let typed = typed(Int32Array::from(vec![Some(1), None, None, Some(4)]));
    let parts = vec![values([None, None, Some(&[0]), None]), typed];
    let file = file(&[], parts, Some(vec![true, false, true, true]));
    assert_eq!(jsons(&file), [json!(1), json!("no variant"), json!(null), json!(4)]);
    let all = Projection::all(&schema()).unwrap();
    for (filter, expected) in [(expr::col("v").is_null(), vec![1]), (expr::col("v").is_not_null(), vec![0, 2, 3])] {
        let (batch, ..) = read(&file, &all, Some(&filter), DecodeOptions::default(), FIRST_READ).unwrap();
        assert_eq!(batch.column(1).as_primitive::<types::Int32Type>().values(), &expected[..]);
    }
    let (batch, ..) = read(&file, &all, Some(&expr::col("id").ge(3)), DecodeOptions::default(), FIRST_READ).unwrap();
    let last = batch.column(0).as_struct().column(1).as_binary::<i32>().value(0).to_vec();
    assert_eq!(last, [5 << 2, 4, 0, 0, 0]);
}

/// A list of elements with these parts; the first row has two, the second none, the third is no list, the fourth has one.
fn list(parts: Vec<Part>, required: bool) -> Part {
    let (element, elements) = group("element", parts, (!required).then(|| vec![true; 3]));
    let offsets = OffsetBuffer::from_lengths([2, 0, 0, 1]);
    let nulls = NullBuffer::from(vec![true, true, false, true]);
    typed(ListArray::try_new(Arc::new(element), offsets, elements, Some(nulls)).unwrap())
}

#[test]
fn lists_hold_what_their_elements_are() {
    let elements = vec![values([None, Some(&[0]), None]), typed(Int64Array::from(vec![Some(5), None, None]))];
    let parts = vec![values([None, None, Some(&[1 << 2]), None]), list(elements.clone(), true)];
    assert_eq!(jsons(&file(&[], parts, None)), [json!([5, null]), json!([]), json!(true), json!([null])]);
    refused(&file(&[], vec![list(elements, false)], None), "`element` is no required group");
    let object = group("typed_value", vec![group("k", vec![typed(Int32Array::from(vec![1, 2, 3]))], None)], None);
    let parts = vec![list(vec![object.clone()], true)];
    assert_eq!(jsons(&file(&["k"], parts, None))[0], json!([{"k": 1}, {"k": 2}]));
    refused(&file(&["other"], vec![list(vec![object], true)], None), "lacks the field `k`");
}

#[test]
fn long_lists_and_objects_have_wider_numbers() {
    let names: Vec<String> = (0..300).map(|number| format!("{number:03}")).collect();
    let fields = names.iter().map(|name| group(name, vec![typed(StringArray::from(vec!["x".repeat(300)]))], None));
    let object = group("typed_value", fields.collect(), None);
    let elements = group("element", vec![typed(Int32Array::from_iter_values(0..300))], None);
    let lengths = OffsetBuffer::from_lengths([300]);
    let list = typed(ListArray::try_new(Arc::new(elements.0), lengths, elements.1, None).unwrap());
    assert_eq!(jsons(&file(&[], vec![list], None))[0], (0..300).collect::<Json>());
    // Two bytes for numbers of names and three for offsets.
    let wide = |number: usize| (number as u16).to_le_bytes();
    let ends = (0..=300).flat_map(|number| wide(number * 3));
    let metadata = [vec![0x51], wide(300).to_vec(), ends.collect(), names.concat().into_bytes()].concat();
    let fields = Fields::from(vec![Field::new("metadata", DataType::Binary, false), object.0]);
    let metadata: ArrayRef = Arc::new(BinaryArray::from_iter_values([&metadata]));
    let variants: ArrayRef = Arc::new(StructArray::try_new(fields, vec![metadata.clone(), object.1], None).unwrap());
    let [_, value] = super::unshred::unshred(&variants).unwrap();
    let json = variant_to_json(metadata.as_binary::<i32>().value(0), value.as_binary::<i32>().value(0)).unwrap();
    assert_eq!((json.as_object().unwrap().len(), json["299"].as_str().unwrap().len()), (300, 300));
}

#[test]
fn parts_that_contradict_each_other_are_refused() {
    let both = vec![values([Some(&[0])]), typed(Int32Array::from(vec![1]))];
    refused(&file(&[], both, None), "both a value and a typed value");
    let object = || group("typed_value", vec![group("a", vec![typed(Int32Array::from(vec![None]))], None)], None);
    for (value, what) in [
        (&[0][..], "no object"),
        (&[3, 0, 0], "no object"),
        (&[], "no object"),
        // The field `a`, although it is not in the typed value; a field twice; fields out of order.
        (&[2, 1, 0, 0, 1, 0], "field `a`"),
        (&[2, 2, 1, 1, 0, 1, 2, 0, 0], "malformed"),
        (&[2, 2, 2, 1, 0, 1, 2, 0, 0], "malformed"),
        // Fields that overlap, that have no name, that are cut off.
        (&[2, 2, 1, 2, 0, 0, 9, 17, 97, 97, 97, 97], "malformed"),
        (&[2, 1, 9, 0, 1, 0], "malformed"),
        (&[2, 1, 1, 0, 1], "malformed"),
        (&[2, 200, 1, 0, 1], "no object"),
    ] {
        refused(&file(&["a", "b", "c"], vec![values([Some(value)]), object()], None), what);
    }
    for value in [&[][..], &[21 << 2], &[16 << 2, 255, 255, 255, 255], &[3, 1, 0, 9, 0]] {
        let parts = vec![values([Some(value)]), typed(Int32Array::from(vec![None]))];
        refused(&file(&[], parts, None), "malformed");
    }
    let twice = || group("a", vec![typed(Int32Array::from(vec![1]))], None);
    let twice = group("typed_value", vec![twice(), twice()], None);
    refused(&file(&["a"], vec![twice], None), "two fields `a`");
    let optional = group("a", vec![typed(Int32Array::from(vec![1]))], Some(vec![true]));
    refused(&file(&["a"], vec![group("typed_value", vec![optional], None)], None), "no required group");
    let text = part("value", Arc::new(StringArray::from(vec!["x"])), true);
    refused(&file(&[], vec![text, typed(Int32Array::from(vec![1]))], None), "`value` is stored as Utf8");
    let more = part("third", Arc::new(Int32Array::from(vec![1])), true);
    refused(&file(&[], vec![typed(Int32Array::from(vec![1])), more], None), "a part `third`");
}

#[test]
fn damaged_bytes_are_an_error_or_another_variant() {
    let names = metadata(&["aa", "b", "a", "z"]);
    let rest = [2, 2, 0, 3, 0, 1, 3, 1 << 2, 3 << 2, 7];
    let b = group("b", vec![typed(Int32Array::from(vec![1]))], None);
    let a = group("a", vec![values([Some(&[1 << 2 | 1, b'x'])])], None);
    let object = group("typed_value", vec![b, a], None);
    let put_together = |metadata: &[u8], rest: &[u8]| {
        let metadata = part("metadata", Arc::new(BinaryArray::from_iter_values([metadata])), false);
        let (_, variants) = group("v", vec![metadata, values([Some(rest)]), object.clone()], None);
        let parts = super::unshred::unshred(&variants).ok()?;
        let [metadata, value] = parts.map(|part| part.as_binary::<i32>().value(0).to_vec());
        Some(variant_to_json(&metadata, &value))
    };
    assert_eq!(put_together(&names, &rest).unwrap().unwrap(), json!({"a": "x", "aa": true, "b": 1, "z": 7}));
    let (mut whole, mut broken) = (0, 0);
    let mut count = |found: Option<_>| if found.is_some() { whole += 1 } else { broken += 1 };
    for byte in 0..=255 {
        for place in 0..names.len() {
            let mut names = names.clone();
            names[place] = byte;
            count(put_together(&names, &rest));
        }
        for place in 0..rest.len() {
            let mut rest = rest;
            rest[place] = byte;
            count(put_together(&names, &rest));
        }
    }
    assert!(whole > 500 && broken > 2000, "{whole}, {broken}");
}
