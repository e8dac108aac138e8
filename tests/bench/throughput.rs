//! `cargo bench --bench throughput`: append and scan beside raw Parquet encode and decode of the same rows, in one run.
//!
//! A million rows of (i64, f64, string, string) on the in-memory store. Each pair is timed in turn, and the ratio is the
//! median over the pairs, so that a machine whose speed drifts does not change it.
#![allow(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::sync::Arc;
use std::time::Instant;

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use bytes::Bytes;
use datashard::spec::{NestedField, PrimitiveType, Schema, to_arrow};
use datashard::store::{CountingStore, MemoryStore};
use datashard::{Table, Warehouse};
use futures::StreamExt;
use futures::executor::block_on;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

const ROWS: usize = 1_000_000;
const BATCH: usize = 65_536;
const PAIRS: usize = 7;

fn main() {
    let schema = Schema::new([
        NestedField::required("id", PrimitiveType::Long),
        NestedField::optional("value", PrimitiveType::Double),
        NestedField::optional("level", PrimitiveType::String),
        NestedField::optional("message", PrimitiveType::String),
    ])
    .unwrap();
    let batches = batches(&schema);
    let mut encode = Vec::new();
    let mut decode = Vec::new();
    println!("{ROWS} rows of (i64, f64, string, string), in memory, {PAIRS} pairs");
    for _ in 0..PAIRS {
        let (file, raw_encode) = timed(|| raw_encode(&batches));
        let store = CountingStore::new(Arc::new(MemoryStore::new()));
        let table = block_on(Warehouse::new(store.clone()).create("t").schema(schema.clone()).into_future()).unwrap();
        store.take();
        let ((), append) = timed(|| {
            block_on(table.append(batches.iter().cloned())).unwrap();
        });
        let written = store.take();
        let (raw_rows, raw_decode) = timed(|| raw_decode(&file));
        let (rows, scan) = timed(|| scan(&table));
        let read = store.take();
        assert_eq!((raw_rows, rows), (ROWS, ROWS));
        encode.push((raw_encode, append));
        decode.push((raw_decode, scan));
        if encode.len() == PAIRS {
            println!(
                "append: {} requests, {} bytes; the raw file has {}",
                written.requests(),
                written.bytes_written,
                file.len()
            );
            println!("scan:   {} requests, {} bytes", read.requests(), read.bytes_read);
        }
    }
    print("append", "raw encode", &encode);
    print("scan", "raw decode", &decode);
}

fn batches(schema: &Schema) -> Vec<RecordBatch> {
    let schema = Arc::new(to_arrow(schema).unwrap());
    let make = |start: usize| {
        let ids = start..(start + BATCH).min(ROWS);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from_iter_values(ids.clone().map(|i| i as i64))),
            Arc::new(Float64Array::from_iter_values(ids.clone().map(|i| (i as f64 * 0.37).sin()))),
            Arc::new(StringArray::from_iter_values(ids.clone().map(|i| ["debug", "info", "warn", "error"][i % 4]))),
            Arc::new(StringArray::from_iter_values(
                ids.map(|i| format!("request {} took {} ms", i * 7919 % 100_003, i % 977)),
            )),
        ];
        RecordBatch::try_new(schema.clone(), columns).unwrap()
    };
    (0..ROWS).step_by(BATCH).map(make).collect()
}

fn raw_encode(batches: &[RecordBatch]) -> Bytes {
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batches[0].schema(), Some(properties)).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.into_inner().unwrap().into()
}

fn raw_decode(file: &Bytes) -> usize {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file.clone()).unwrap().with_batch_size(8192).build().unwrap();
    reader.map(|batch| batch.unwrap().num_rows()).sum()
}

fn scan(table: &Table) -> usize {
    // Batch by batch, as the raw decoder is read.
    block_on(async {
        let batches = table.scan().stream().await.unwrap();
        batches.fold(0, |rows, batch| async move { rows + batch.unwrap().num_rows() }).await
    })
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed().as_secs_f64())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn print(ours: &str, raw: &str, pairs: &[(f64, f64)]) {
    let million = ROWS as f64 / 1e6;
    let (raw_time, our_time) =
        (median(pairs.iter().map(|p| p.0).collect()), median(pairs.iter().map(|p| p.1).collect()));
    let ratio = median(pairs.iter().map(|p| p.1 / p.0).collect());
    println!(
        "{ours}: {:.2} million rows a second; {raw}: {:.2}; time as a ratio: {ratio:.2}",
        million / our_time,
        million / raw_time
    );
}
