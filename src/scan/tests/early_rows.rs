//! Rows come before all manifests are read.

use futures::future::join;
use futures::{FutureExt, TryStreamExt};

use super::*;
use crate::scan::fakes::{Made, partition_field};
use crate::scan::{ScanBuilder, ScanReport};
use crate::spec::Transform;
use crate::store::faulty::{FaultyStore, TestRuntime};

/// Files of ten rows each, with a manifest each.
fn many(files: i64) -> Made {
    let mut made = Made::new(schema(), vec![vec![]]);
    for file in 0..files {
        made.data(1, 0, vec![], &batch(file * 10..file * 10 + 10));
    }
    made
}

/// In one thread, so that what happens is the same each time.
fn open(made: &Made) -> (FaultyStore, Table) {
    made.table(None);
    let store = FaultyStore::over(made.store.clone());
    let warehouse = Warehouse::with_runtime(store.clone(), TestRuntime::new(1));
    let table = block_on(warehouse.open("t")).unwrap();
    store.take_read();
    (store, table)
}

/// Manifest lists, manifests and data files that were read.
fn read(store: &FaultyStore) -> (usize, usize, usize) {
    let keys = store.take_read();
    let count = |part: &str| keys.iter().filter(|key| key.contains(part)).count();
    (count("metadata/list"), count("metadata/m"), count("/data/"))
}

fn in_order(batches: &[RecordBatch]) -> Vec<i64> {
    batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec()).collect()
}

fn first_rows(scan: ScanBuilder) -> Vec<i64> {
    let mut stream = block_on(scan.stream()).unwrap();
    in_order(&[block_on(stream.next()).unwrap().unwrap()])
}

#[test]
fn the_first_rows_take_a_few_of_many_manifests() {
    for (scan, most) in [(None, 4 + 2), (Some("id >= 0"), 8 + 4)] {
        let (store, table) = open(&many(30));
        let scan = scan.into_iter().fold(table.scan(), ScanBuilder::filter).concurrency(2);
        assert_eq!(first_rows(scan.clone().ordered()), (0..10).collect::<Vec<_>>());
        let (lists, manifests, files) = read(&store);
        assert_eq!(lists, 1);
        assert!((1..=most).contains(&manifests), "{manifests} manifests");
        assert!((1..=2).contains(&files), "{files} files");
        assert_eq!(first_rows(scan).len(), 10);
        let (lists, manifests, files) = read(&store);
        assert_eq!(lists, 0);
        assert!(manifests <= most && files <= 4, "{manifests} manifests, {files} files");
    }
}

#[test]
fn the_first_rows_in_order_wait_for_no_manifest_but_the_first_and_others_for_any() {
    let made = many(30);
    let (store, table) = open(&made);
    store.withhold(Some("metadata/m1"));
    assert_eq!(first_rows(table.scan().ordered()), (0..10).collect::<Vec<_>>());
    let (_, table) = open(&made);
    let mut stream = block_on(table.scan().ordered().stream()).unwrap();
    let expected: Vec<i64> = (0..300).collect();
    assert_eq!(in_order(&block_on((&mut stream).try_collect::<Vec<_>>()).unwrap()), expected);
}

#[test]
fn no_more_manifests_are_read_than_rows_are_asked_for() {
    let (store, table) = open(&many(60));
    let mut stream = block_on(table.scan().ordered().concurrency(3).stream()).unwrap();
    let (mut manifests, mut reports) = (0, Vec::new());
    for taken in 1..=60 {
        block_on(stream.next()).unwrap().unwrap();
        manifests += read(&store).1;
        assert!(manifests <= taken + 3 + 6, "{manifests} manifests for {taken} files");
        reports.push(stream.report());
    }
    assert_eq!(manifests, 60);
    assert!(reports.iter().zip(1..).all(|(report, taken)| (taken..=taken + 9).contains(&report.files)));
    assert_eq!(reports.first().map(|report| (report.manifests, report.rows)), Some((60, 10)));
    assert_eq!(reports.last().map(|report| (report.files, report.files_skipped, report.rows)), Some((60, 0, 600)));
}

#[test]
fn with_a_limit_planning_ends_where_it_is_reached() {
    for ordered in [false, true] {
        let (store, table) = open(&many(30));
        let scan = table.scan().limit(25);
        let scan = if ordered { scan.ordered() } else { scan };
        let mut stream = block_on(scan.stream()).unwrap();
        let batches: Vec<_> = block_on((&mut stream).try_collect()).unwrap();
        assert_eq!(in_order(&batches), (0..25).collect::<Vec<_>>());
        let (_, manifests, files) = read(&store);
        assert!((3..=6).contains(&manifests), "{manifests} manifests");
        assert_eq!(files, 3);
        let report = stream.report();
        assert_eq!((report.files - report.files_skipped, report.manifests), (3, 30));
        assert!(report.files <= manifests as u64);
        assert_eq!((report.manifests_skipped, report.files_skipped_by_metrics), (0, 0));
    }
}

#[test]
fn an_error_in_a_late_manifest_comes_after_the_rows_of_files_before_it_and_is_the_last() {
    let (store, table) = open(&many(30));
    store.unreadable(Some("metadata/m17.avro"));
    let mut stream = block_on(table.scan().ordered().stream()).unwrap();
    let mut rows = 0;
    let error = loop {
        match block_on(stream.next()).unwrap() {
            Ok(batch) => rows += batch.num_rows(),
            Err(error) => break error,
        }
    };
    assert_eq!(rows, 170);
    assert!(error.to_string().contains("m17.avro"), "{error}");
    assert!(block_on(stream.next()).is_none());
    assert_eq!(block_on(table.scan().collect()).unwrap_err().kind(), ErrorKind::Unavailable);
    store.unreadable(None);
    assert_eq!(block_on(table.scan().collect()).unwrap().len(), 30);
}

#[test]
fn two_plans_side_by_side_read_each_manifest_once() {
    let (store, table) = open(&many(30));
    let (one, other) = (table.scan().plan(), table.scan().filter("id < 50").plan());
    let (one, other) = block_on(join(one, other));
    assert_eq!((one.unwrap().tasks.len(), other.unwrap().tasks.len()), (30, 5));
    assert_eq!(read(&store), (1, 30, 0));
}

/// However far the one that began to read has come when it is dropped, or is left alone.
#[test]
fn who_waits_for_a_manifest_that_another_began_to_read_gets_it_though_the_other_leaves_or_sleeps() {
    let made = many(12);
    for polls in 1..40 {
        for is_dropped in [true, false] {
            let (store, table) = open(&made);
            let mut first = Box::pin(table.scan().plan());
            let mut second = Box::pin(table.scan().plan());
            for _ in 0..polls {
                let both = async { (futures::poll!(&mut first).is_ready(), futures::poll!(&mut second).is_ready()) };
                if matches!(block_on(both), (true, _) | (_, true)) {
                    break;
                }
            }
            let first = (!is_dropped).then_some(first);
            let mut third = Box::pin(table.scan().plan());
            assert_eq!(block_on(&mut third).unwrap().tasks.len(), 12);
            drop(first);
            let (lists, manifests, _) = read(&store);
            assert_eq!((lists, manifests), (1, 12), "after {polls} polls");
        }
    }
}

#[test]
fn a_read_that_failed_is_told_to_all_who_waited_and_to_nobody_after() {
    let (store, table) = open(&many(5));
    store.unreadable(Some("metadata/m3.avro"));
    let (one, other) = block_on(join(table.scan().plan(), table.scan().plan()));
    for failed in [one.err().unwrap(), other.err().unwrap()] {
        assert!(failed.to_string().contains("m3.avro"), "{failed}");
    }
    store.unreadable(None);
    assert_eq!(block_on(table.scan().plan()).unwrap().tasks.len(), 5);
}

#[test]
fn a_read_ends_when_all_who_wait_for_it_have_left() {
    let (store, table) = open(&many(3));
    store.withhold(Some("metadata/m0.avro"));
    {
        let mut plans = [Box::pin(table.scan().plan()), Box::pin(table.scan().plan())];
        for _ in 0..10 {
            assert!(plans.iter_mut().all(|plan| plan.now_or_never().is_none()));
        }
    }
    store.withhold(None);
    assert_eq!(block_on(table.scan().plan()).unwrap().tasks.len(), 3);
    let keys = store.take_read();
    assert_eq!(keys.iter().filter(|key| key.ends_with("m0.avro")).count(), 2);
}

#[test]
fn deletes_are_known_before_the_first_row_though_their_manifests_are_the_last() {
    let mut made = many(30);
    made.equality(2, 0, vec![], &batch(3..4).project(&[0]).unwrap());
    made.positions(2, 0, vec![], &[("memory://store/t/data/0.parquet", 5), ("memory://store/t/data/29.parquet", 0)]);
    let (store, table) = open(&made);
    assert_eq!(first_rows(table.scan().ordered().concurrency(2)), [0, 1, 2, 4, 6, 7, 8, 9]);
    let keys = store.take_read();
    let manifests: Vec<_> = keys.iter().filter(|key| key.contains("metadata/m")).collect();
    assert!(manifests.iter().take(2).all(|key| key.ends_with("m30.avro") || key.ends_with("m31.avro")));
    assert!(manifests.len() <= 2 + 8, "{keys:?}");
    assert_eq!(keys.iter().filter(|key| key.ends_with("data/30.parquet")).count(), 1);
    assert_eq!(block_on(table.scan().count()).unwrap(), 297);
}

/// Tables with everything that planning knows of, read in every way: manifest by manifest, and from a whole plan.
#[test]
fn a_scan_that_plans_as_it_goes_has_the_rows_and_the_report_of_one_that_plans_first() {
    let mut partitioned = Made::new(schema(), vec![vec![], vec![partition_field(1, Transform::Truncate(100))]]);
    for file in 0..20 {
        let (spec, partition) =
            if file < 7 { (0, vec![]) } else { (1, vec![Some(crate::spec::Value::Long(file * 30 / 100 * 100))]) };
        // Rows of one partition alone.
        let ids = file * 30..(file * 30 + 30).min((file * 30 / 100 + 1) * 100);
        let path = partitioned.data(file, spec, partition.clone(), &batch(ids.clone()));
        if file % 3 == 0 {
            partitioned.positions(file + 1, spec, partition.clone(), &[(&path, 1), (&path, 4)]);
        }
        if file % 4 == 0 {
            partitioned.equality(file + 2, spec, partition, &batch(ids.start..ids.start + 2).project(&[0]).unwrap());
        }
    }
    // Deletes by a column that the table has no more.
    let mut dropped = many(9);
    let names: ArrayRef = Arc::new(StringArray::from(vec!["n7", "n44"]));
    dropped.equality(5, 0, vec![], &RecordBatch::try_from_iter([("name", names)]).unwrap());
    let now =
        Schema::with_ids(1, crate::spec::StructType { fields: schema().fields().iter().take(2).cloned().collect() });
    let tables = [
        many(0).table(None),
        many(1).table(None),
        many(25).table(None),
        partitioned.table(None),
        dropped.table(Some(now.unwrap())),
    ];
    for (number, table) in tables.into_iter().enumerate() {
        for filter in [None, Some("id >= 45 and id < 333"), Some("id < 0"), Some("x is null and id > 130")] {
            for (concurrency, limit) in [(1, None), (2, None), (32, None), (2, Some(37)), (1, Some(0)), (3, Some(9999))]
            {
                for ordered in [false, true] {
                    let which = format!("table {number}, {filter:?}, {concurrency}, {limit:?}, {ordered}");
                    let mut scan = table.scan().select(["id", "_file", "_pos"]).concurrency(concurrency).batch_rows(7);
                    scan = filter.into_iter().fold(scan, ScanBuilder::filter);
                    scan = limit.into_iter().fold(scan, ScanBuilder::limit);
                    scan = if ordered { scan.ordered() } else { scan };
                    let (early, early_report) = all(block_on(scan.clone().stream()).unwrap());
                    let (late, late_report) = all(block_on(scan.plan()).unwrap().stream().unwrap());
                    if limit.is_none() {
                        let requests = |report: ScanReport| ScanReport { requests: 0, bytes: 0, ..report };
                        assert_eq!(requests(early_report), requests(late_report), "{which}");
                    }
                    let (mut early, mut late) = (in_order(&early), in_order(&late));
                    if limit.is_some() && !ordered {
                        assert_eq!(early.len(), late.len(), "{which}");
                        continue;
                    }
                    if !ordered {
                        early.sort_unstable();
                        late.sort_unstable();
                    }
                    assert_eq!(early, late, "{which}");
                }
            }
        }
    }
}

fn all(mut stream: crate::scan::ScanStream) -> (Vec<RecordBatch>, ScanReport) {
    let batches = block_on((&mut stream).try_collect()).unwrap();
    (batches, stream.report())
}

#[test]
fn a_whole_scan_takes_no_more_requests_or_bytes_than_one_that_plans_first() {
    let mut made = many(40);
    for file in 0..5 {
        made.positions(2, 0, vec![], &[(&format!("memory://store/t/data/{}.parquet", file * 7), 3)]);
    }
    for filter in [None, Some("id >= 100 and id < 180")] {
        let reports = [true, false].map(|early| {
            let table = made.table(None);
            let scan = filter.into_iter().fold(table.scan(), ScanBuilder::filter);
            let stream = match early {
                true => block_on(scan.stream()).unwrap(),
                false => block_on(scan.plan()).unwrap().stream().unwrap(),
            };
            all(stream).1
        });
        assert_eq!(reports[0], reports[1]);
    }
}
