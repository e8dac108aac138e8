//! Reads a table again and again, and prints what it took: `read METADATA ENDPOINT KEY SECRET QUERY RUNS`, as
//! `tests/bench/readers.rs` calls it.

use std::sync::Arc;
use std::time::Instant;

use futures::TryStreamExt;
use iceberg::TableIdent;
use iceberg::expr::Reference;
use iceberg::io::{FileIO, FileIOBuilder};
use iceberg::spec::Datum;
use iceberg::table::StaticTable;
use iceberg_storage_opendal::OpenDalStorageFactory;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [metadata, endpoint, key, secret, query, runs] = &arguments[..] else { panic!("six arguments") };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (mut rows, mut seconds) = (0, Vec::new());
    for _ in 0..runs.parse().unwrap() {
        let begin = Instant::now();
        let files = FileIOBuilder::new(Arc::new(OpenDalStorageFactory::S3 { customized_credential_load: None }))
            .with_prop("s3.endpoint", endpoint)
            .with_prop("s3.access-key-id", key)
            .with_prop("s3.secret-access-key", secret)
            .with_prop("s3.region", "us-east-1")
            .with_prop("s3.path-style-access", "true")
            .build();
        rows = runtime.block_on(scan(files, metadata, query));
        seconds.push(begin.elapsed().as_secs_f64());
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse::<f64>().ok());
    println!("{}", serde_json::json!({"rows": rows, "seconds": seconds, "megabytes": peak.unwrap_or(0.0) / 1024.0}));
}

async fn scan(files: FileIO, metadata: &str, query: &str) -> usize {
    let table = StaticTable::from_metadata_file(metadata, TableIdent::from_strs(["db", "t"]).unwrap(), files).await.unwrap();
    let scan = table.scan().with_batch_size(Some(65_536));
    let scan = match query.split(':').collect::<Vec<_>>()[..] {
        ["rare"] => {
            scan.with_filter(Reference::new("level").equal_to(Datum::string("fatal"))).select(["id", "message"])
        }
        ["range", low, high] => {
            let (low, high) = (Datum::long(low.parse::<i64>().unwrap()), Datum::long(high.parse::<i64>().unwrap()));
            let id = || Reference::new("id");
            scan.with_filter(id().greater_than_or_equal_to(low).and(id().less_than_or_equal_to(high))).select_all()
        }
        _ => scan.select_all(),
    };
    let scan = scan.with_row_selection_enabled(true).build().unwrap();
    let batches = scan.to_arrow().await.unwrap();
    batches.try_fold(0, |rows, batch| async move { Ok(rows + batch.num_rows()) }).await.unwrap()
}
