use std::sync::Arc;

use arrow_array::types::Int8Type;
use arrow_array::{
    ArrayRef, BooleanArray, DictionaryArray, FixedSizeBinaryArray, Int64Array, LargeStringArray, ListArray, NullArray,
    RecordBatch, StringArray, StructArray,
};
use arrow_buffer::OffsetBuffer;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{DataType, Field, Schema};

use super::ipc_to_batches;
use crate::ErrorKind;

fn batch() -> RecordBatch {
    let longs: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(-3)]));
    let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None, Some("longer")]));
    let words: DictionaryArray<Int8Type> = [Some("x"), None, Some("y")].into_iter().collect();
    let element = Arc::new(Field::new("element", DataType::Int64, true));
    let list = ListArray::new(element, OffsetBuffer::from_lengths([1, 0, 2]), longs.clone(), None);
    let inner = StructArray::from(vec![(Arc::new(Field::new("s", DataType::Utf8, true)), texts.clone())]);
    let bytes = FixedSizeBinaryArray::try_from_iter([[1_u8, 2], [3, 4], [5, 6]].into_iter()).unwrap();
    let columns: [(&str, ArrayRef); 9] = [
        ("long", longs),
        ("text", texts),
        ("word", Arc::new(words)),
        ("list", Arc::new(list)),
        ("inner", Arc::new(inner)),
        ("bytes", Arc::new(bytes)),
        ("flag", Arc::new(BooleanArray::from(vec![true, false, true]))),
        ("large", Arc::new(LargeStringArray::from(vec!["p", "q", "r"]))),
        ("nothing", Arc::new(NullArray::new(3))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap()
}

fn stream(batches: &[RecordBatch], schema: &Schema) -> Vec<u8> {
    let mut writer = StreamWriter::try_new(Vec::new(), schema).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.into_inner().unwrap()
}

#[test]
fn batches_come_back() {
    let batch = batch();
    let bytes = stream(&[batch.clone(), batch.slice(0, 0), batch.clone()], &batch.schema());
    let empty = batch.slice(0, 0);
    assert_eq!(ipc_to_batches(bytes.clone()).unwrap(), [batch.clone(), empty, batch.clone()]);
    // Without the mark of the end.
    assert_eq!(ipc_to_batches(bytes[..bytes.len() - 8].to_vec()).unwrap().len(), 3);
    assert!(ipc_to_batches(stream(&[], &batch.schema())).unwrap().is_empty());
}

#[test]
fn damaged_streams_are_errors_or_batches_and_never_a_panic() {
    let batch = batch();
    let bytes = stream(std::slice::from_ref(&batch), &batch.schema());
    for at in 0..bytes.len() {
        let _ = ipc_to_batches(bytes[..at].to_vec());
        for change in [0x01, 0x04, 0x7f, 0x80, 0xff] {
            let mut damaged = bytes.clone();
            damaged[at] ^= change;
            if let Ok(batches) = ipc_to_batches(damaged) {
                batches.iter().for_each(|batch| drop(format!("{:?}", batch.columns())));
            }
        }
    }
}

#[test]
fn what_is_no_stream_is_refused() {
    for bytes in [&b""[..], b"[]", b"ARROW1\0\0", &[0xff; 64], &[0; 64]] {
        assert_eq!(ipc_to_batches(bytes.to_vec()).unwrap_err().kind(), ErrorKind::InvalidInput, "{bytes:?}");
    }
}

#[test]
fn types_that_no_column_takes_are_refused_by_name() {
    for odd in [DataType::Utf8View, DataType::ListView(Arc::new(Field::new("x", DataType::Int8, true)))] {
        let schema = Schema::new(vec![Field::new("odd", odd, true)]);
        let error = ipc_to_batches(stream(&[], &schema)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("`odd`"), "{error}");
    }
}
