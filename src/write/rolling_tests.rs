use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, RecordBatch};
use futures::executor::block_on;

use crate::Warehouse;
use crate::error::{ErrorKind, Result};
use crate::spec::{NestedField, PrimitiveType, Schema};
use crate::store::faulty::{FaultyStore, Parts};
use crate::transaction::CommitReceipt;

const MB: usize = 1 << 20;

/// Three row groups of 9 MB, the last of which is ended with the file: 27 MB.
fn append(store: &FaultyStore) -> (Result<CommitReceipt>, Parts) {
    let mut random = 1_u64;
    let mut text = move || -> Vec<u8> {
        let mut next = || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 56) as u8
        };
        (0..4096).map(|_| next()).collect()
    };
    let batches: Vec<_> = (0..27)
        .map(|_| {
            let noise: ArrayRef = Arc::new(BinaryArray::from_iter_values((0..256).map(|_| text())));
            RecordBatch::try_from_iter([("noise", noise)]).unwrap()
        })
        .collect();
    let done = block_on(async {
        let schema = Schema::new([NestedField::required("noise", PrimitiveType::Binary)]).unwrap();
        let create = Warehouse::new(store.clone()).create("t").schema(schema).or_open();
        let create = create.property("write.parquet.row-group-size-bytes", (9 * MB).to_string());
        create.await.unwrap().append(batches).await
    });
    (done, store.take_parts())
}

/// The last part was as large as whatever was left, up to a row group. R2 wants all parts to be of one size but a smaller last.
#[test]
fn no_part_is_larger_than_those_before_it() {
    let (done, parts) = append(&FaultyStore::default());
    assert_eq!(done.unwrap().rows, 27 * 256);
    let (last, others) = parts.sizes.split_last().unwrap();
    assert!(others == [8 * MB; 3] && *last < 8 * MB, "{:?}", parts.sizes);
    assert_eq!(parts.aborted, 0);
}

/// Parts that had been sent stayed on the bucket, where they cost money, if the file could not be ended.
#[test]
fn what_was_sent_of_a_file_is_given_up_wherever_it_fails() {
    for sent in 0..4 {
        let store = FaultyStore::default();
        store.refuse_part(sent);
        let (done, parts) = append(&store);
        assert_eq!(done.unwrap_err().kind(), ErrorKind::PermissionDenied);
        assert_eq!((parts.sizes.len(), parts.aborted), (sent, 1));
    }
}
